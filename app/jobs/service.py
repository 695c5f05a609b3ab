"""Running jobs: claim a slot, work, note the end."""

import traceback
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, or_, select, update
from sqlalchemy.exc import IntegrityError

from app.accounts.policy import Action, Viewer, require
from app.clock import now as clock
from app.database import db, transaction
from app.errors import NotFound
from app.jobs.leader import Leader
from app.jobs.models import JobRun, Outcome
from app.jobs.registry import JOBS, Job, job
from app.jobs.schedule import Schedule
from app.typed import cleaned

MOST_ATTEMPTS = 3
ERROR_LENGTH = 4000
KEPT_SLOTS = 200
KEPT_FAILURES = timedelta(days=90)
# A run that somebody asked for and that has no end after this was cut off.
LONGEST_ASKED = timedelta(hours=1)

log = structlog.stdlib.get_logger("yujian.jobs")


def lead(leader: Leader, now: datetime, leads: bool) -> bool:
    """Take or keep the lead; a new leader first notes what its predecessor left unfinished."""
    if not leader.hold(now):
        return False
    if not leads:
        _note_interrupted(now)
    return True


def run_due(found: Job, leader: Leader, now: datetime) -> JobRun | None:
    """Run the job if its latest slot has not been worked; None when it has, or when another process leads."""
    run = _claim(found, leader, now)
    return _perform(found, run) if run else None


def run_now(viewer: Viewer, name: str, now: datetime) -> JobRun:
    """Run a job at an administrator's wish. Raises Forbidden, NotFound."""
    require(viewer, Action.ADMINISTER)
    found = job(name)
    if found is None:
        raise NotFound()
    return run_once(found, now, viewer.user_id or "")


def run_once(found: Job, now: datetime, asked_by: str) -> JobRun:
    """Run a job outside its schedule, whoever leads."""
    with transaction() as session:
        run = JobRun(name=found.name, holder=asked_by, started_at=now, outcome=Outcome.RUNNING)
        session.add(run)
    return _perform(found, run)


def _claim(found: Job, leader: Leader, now: datetime) -> JobRun | None:
    slot = found.schedule.latest(now)
    last = select(JobRun).where(JobRun.name == found.name, JobRun.slot == slot).order_by(JobRun.attempt.desc())
    if _is_worked(db.session.scalar(last.limit(1))):
        return None
    try:
        with transaction() as session:
            before = session.scalar(last.limit(1))
            if _is_worked(before) or not leader.still_leads(session, now):
                return None
            run = JobRun(
                name=found.name,
                slot=slot,
                attempt=before.attempt + 1 if before else 1,
                holder=leader.name,
                started_at=now,
                outcome=Outcome.RUNNING,
            )
            session.add(run)
    except IntegrityError:
        return None  # another process was faster
    return run


def _is_worked(run: JobRun | None) -> bool:
    """A slot is done with unless nobody took it or its run was cut off; a failure waits for the next slot."""
    return run is not None and (run.outcome is not Outcome.INTERRUPTED or run.attempt >= MOST_ATTEMPTS)


def _perform(found: Job, run: JobRun) -> JobRun:
    """Do the work; whatever goes wrong is noted, and the scheduler goes on."""
    outcome, result, error = Outcome.DONE, "", ""
    try:
        result = str(found.run(run.started_at))
    except Exception as fault:
        db.session.rollback()
        log.exception("job failed", job=found.name)
        outcome = Outcome.FAILED
        error = cleaned("".join(traceback.format_exception(fault)))[-ERROR_LENGTH:]
    ended = {"outcome": outcome, "result": result, "error": error, "finished_at": clock()}
    with transaction() as session:
        # Only an open run: a new leader may have noted it as cut off meanwhile.
        open_run = update(JobRun).where(JobRun.id == run.id, JobRun.outcome == Outcome.RUNNING)
        session.execute(open_run.values(**ended))
        _prune(found.name, found.schedule, run.started_at)
    with transaction() as session:
        return session.get_one(JobRun, run.id, populate_existing=True)


def _note_interrupted(now: datetime) -> None:
    """Runs without an end: those by schedule were the former leader's, those asked for are given an hour."""
    abandoned = or_(JobRun.slot.is_not(None), JobRun.started_at < now - LONGEST_ASKED)
    with transaction() as session:
        session.execute(
            update(JobRun)
            .where(JobRun.outcome == Outcome.RUNNING, abandoned)
            .values(outcome=Outcome.INTERRUPTED, finished_at=now)
        )


def _prune(name: str, schedule: Schedule, now: datetime) -> None:
    """Keep the last runs of each job, and failures for longer."""
    old = JobRun.started_at < now - schedule.period * KEPT_SLOTS
    harmless = or_(JobRun.outcome == Outcome.DONE, JobRun.started_at < now - KEPT_FAILURES)
    db.session.execute(delete(JobRun).where(JobRun.name == name, old, harmless))


def names() -> list[str]:
    """Names of all jobs, in the order they are listed."""
    return [each.name for each in JOBS]
