"""Daily reports: which there are, and what stands in one."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select

from app.accounts.models import Organisation, Role
from app.accounts.policy import Action, Viewer, require_visible, visible
from app.database import db
from app.errors import Forbidden
from app.labs.models import Lab
from app.orders.models import OrderLine
from app.turnaround import queries, rules
from app.turnaround.models import GeneratedReport
from app.turnaround.presenting import item
from app.turnaround.queries import Question
from app.turnaround.rules import GroupBy
from app.worktime import local_date

MONTHS = 12
# Tests are left out: hundreds of rows a day that the page has anyway.
TABLES = (GroupBy.LAB, GroupBy.DOMAIN, GroupBy.MONTH)
Named = tuple[GeneratedReport, str, str]
Subject = tuple[str | None, str | None]


def figures_of(viewer: Viewer, now: datetime) -> dict[str, Any]:
    """The figures of a company or lab over the twelve months up to yesterday, as they are kept."""
    period = rules.last_months(MONTHS, now - timedelta(days=1))
    found = queries.tables(Question(viewer, period), TABLES, now)
    return {
        "from": period.first.isoformat(),
        "to": period.last.isoformat(),
        "total": item(found[None].total),
        "tables": {table.value: [item(cell) for cell in found[table].items] for table in TABLES},
    }


def missing(now: datetime) -> list[Subject]:
    """Whom today's report is still missing for: companies and labs that have lines. Two statements."""
    today = local_date(now)
    found: list[Subject] = []
    for lines, written in (
        (OrderLine.company_id, GeneratedReport.company_id),
        (OrderLine.lab_id, GeneratedReport.lab_id),
    ):
        done = select(written).where(GeneratedReport.day == today, written.is_not(None))
        query = select(lines).where(OrderLine.submitted_at.is_not(None), lines.not_in(done)).distinct()
        is_company = lines is OrderLine.company_id
        found += [(ident, None) if is_company else (None, ident) for ident in db.session.scalars(query)]
    return found


def reader(company_id: str | None, lab_id: str | None) -> Viewer:
    """For whose eyes the report of a company or a lab is."""
    if lab_id:
        return Viewer(role=Role.LAB_ADMIN, lab_ids=frozenset({lab_id}))
    return Viewer(role=Role.COMPANY_MANAGER, organisation_id=company_id)


def _named() -> Select[GeneratedReport, str, str]:
    return (
        select(
            GeneratedReport,
            func.coalesce(Lab.name_zh, Organisation.name_zh),
            func.coalesce(Lab.name_en, Organisation.name_en),
        )
        .outerjoin(Lab, Lab.id == GeneratedReport.lab_id)
        .outerjoin(Organisation, Organisation.id == GeneratedReport.company_id)
    )


def visible_reports(viewer: Viewer, limit: int = 60) -> Sequence[Named]:
    """The reports of the viewer's company or labs with their names, newest first. Raises Forbidden."""
    if queries.sees_all(viewer):
        raise Forbidden()
    query = _named().where(visible(viewer, Action.SEE_TURNAROUND, GeneratedReport))
    query = query.order_by(GeneratedReport.day.desc(), Lab.name_zh).limit(limit)
    return [(row[0], row[1], row[2]) for row in db.session.execute(query)]


def visible_report(viewer: Viewer, report_id: str) -> Named:
    """One report with its subject's names. Raises NotFound for a missing or a foreign one."""
    row = db.session.execute(_named().where(GeneratedReport.id == report_id)).one_or_none()
    require_visible(viewer, Action.SEE_TURNAROUND, row[0] if row else None)
    assert row is not None
    return row[0], row[1], row[2]
