"""The nightly summary with what is published of it, and the daily report of each company and each lab."""

from datetime import datetime

from sqlalchemy import select

from app.database import transaction
from app.turnaround import publishing, reports, summary
from app.turnaround.models import GeneratedReport
from app.worktime import local_date


def summarise(now: datetime) -> int:
    """Make the summary of the months that changed, and publish what is told of it; how many months were made."""
    made = summary.summarise(now)
    publishing.publish(now)
    return made


def write_daily_reports(now: datetime) -> int:
    """Write today's reports that are still missing; returns how many."""
    return sum(_write(company_id, lab_id, now) for company_id, lab_id in reports.missing(now))


def _write(company_id: str | None, lab_id: str | None, now: datetime) -> bool:
    """One report in one short transaction; False when another process wrote it meanwhile."""
    figures = reports.figures_of(reports.reader(company_id, lab_id), now)
    day = local_date(now)
    report = GeneratedReport(
        company_id=company_id,
        lab_id=lab_id,
        day=day,
        lines=figures["total"]["lines"],
        figures=figures,
        created_at=now,
    )
    same = (GeneratedReport.company_id == company_id) if company_id else (GeneratedReport.lab_id == lab_id)
    with transaction() as session:
        if session.scalar(select(GeneratedReport.id).where(GeneratedReport.day == day, same)) is not None:
            return False
        session.add(report)
    return True
