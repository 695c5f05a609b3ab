"""Questions about jobs."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from app.database import db
from app.jobs.models import JobRun, Outcome
from app.jobs.registry import JOBS, Job
from app.jobs.schedule import following

RECENT = timedelta(days=7)
# A minute job that has not run for so long means that nobody schedules.
SILENCE = timedelta(minutes=5)
BAD = (Outcome.FAILED, Outcome.INTERRUPTED)


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job with its last run, its next slot, and its failures of the last seven days."""

    job: Job
    last: JobRun | None
    next_at: datetime
    failures: int


def statuses(now: datetime) -> list[JobStatus]:
    """All jobs in their order; two statements."""
    place = func.row_number().over(partition_by=JobRun.name, order_by=(JobRun.started_at.desc(), JobRun.id))
    ranked = select(JobRun.id, place.label("place")).subquery()
    newest = select(JobRun).join(ranked, ranked.c.id == JobRun.id).where(ranked.c.place == 1)
    last = {run.name: run for run in db.session.scalars(newest)}
    failed = (
        select(JobRun.name, func.count())
        .where(JobRun.outcome.in_(BAD), JobRun.started_at > now - RECENT)
        .group_by(JobRun.name)
    )
    failures = {name: int(count) for name, count in db.session.execute(failed)}
    return [JobStatus(job, last.get(job.name), following(job.schedule, now), failures.get(job.name, 0)) for job in JOBS]


def is_anybody_scheduling(now: datetime) -> bool:
    """Whether a job has been run by schedule within the last minutes."""
    query = select(JobRun.id).where(JobRun.slot.is_not(None), JobRun.started_at > now - SILENCE)
    return db.session.scalar(query.limit(1)) is not None


def recent_failures(limit: int = 20) -> list[JobRun]:
    """The newest runs that failed or were cut off, newest first."""
    query = select(JobRun).where(JobRun.outcome.in_(BAD)).order_by(JobRun.started_at.desc(), JobRun.id)
    return list(db.session.scalars(query.limit(limit)))
