"""Which months of the viewer's own lines the summary knows, and what time has to be read live beside them.

A month is used as long as it has as many issued lines as when it was made: what is recorded later with an earlier
date makes only its own month be read live, until the next night.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true

from app.accounts.policy import Action, Viewer, visible
from app.database import db
from app.orders.models import OrderLine
from app.turnaround.cells import MONTH
from app.turnaround.models import SummarisedLines, SummarisedMonth
from app.turnaround.question import sees_all
from app.turnaround.rules import days_of_month
from app.worktime import Interval


@dataclass(frozen=True, slots=True)
class Covered:
    """months: of each month that can be used from when to when its lines are known, by issue, oldest first."""

    months: Mapping[str, Interval]

    def beside(self, span: Interval | None) -> ColumnElement[bool]:
        """The condition on order_line for lines issued in the span, or ever, that are not in these months."""
        begin, gaps = (span.start if span else None), list[tuple[datetime | None, datetime | None]]()
        for known in self.months.values():
            if span and (known.start >= span.end or known.end <= span.start):
                continue
            if begin is None or begin < known.start:
                gaps.append((begin, known.start))
            begin = known.end
        if span is None or begin is None or begin < span.end:
            gaps.append((begin, span.end if span else None))
        return or_(false(), *(_issued(first, last) for first, last in gaps))


def _issued(first: datetime | None, last: datetime | None) -> ColumnElement[bool]:
    bounds = [OrderLine.issued_at >= first] if first else []
    return and_(OrderLine.issued_at.is_not(None), *bounds, *([OrderLine.issued_at < last] if last else []))


def theirs(viewer: Viewer) -> ColumnElement[bool]:
    """The condition on summarised_lines for the rows that hold the viewer's lines once; for who sees all, of all labs.

    Raises Forbidden.
    """
    if sees_all(viewer):
        return SummarisedLines.lab_id.is_not(None)
    return visible(viewer, Action.SEE_TURNAROUND, SummarisedLines)


def covered(viewer: Viewer, months: Sequence[str] | None = None) -> Covered:
    """What of these months, or of all, can be read from the summary. Two statements, more where one can't be used."""
    of_months = SummarisedMonth.month.in_(months) if months is not None else true()
    query = (
        select(SummarisedMonth.month, SummarisedMonth.as_of, func.coalesce(func.sum(SummarisedLines.issued), 0))
        .outerjoin(SummarisedLines, and_(SummarisedLines.month == SummarisedMonth.month, theirs(viewer)))
        .where(of_months)
        .group_by(SummarisedMonth.month, SummarisedMonth.as_of)
        .order_by(SummarisedMonth.month)
    )
    known, issued = dict[str, Interval](), dict[str, int]()
    for month, as_of, count in db.session.execute(query):
        span = days_of_month(month).span
        known[month], issued[month] = Interval(span.start, min(span.end, as_of)), int(count)
    # What is told of all companies is as of the night anyway.
    if known and not sees_all(viewer) and _count(viewer, known.values()) != sum(issued.values()):
        now = _counts(viewer, known)
        known = {month: span for month, span in known.items() if now.get(month, 0) == issued[month]}
    return Covered(known)


def losses_until() -> datetime | None:
    """What lines lost time to is kept as far as it had ended by then; None without a summary."""
    # A night makes the newest month last, after all in whose lines something has ended since.
    return db.session.scalar(select(SummarisedMonth.as_of).order_by(SummarisedMonth.month.desc()).limit(1))


def _count(viewer: Viewer, spans: Iterable[Interval]) -> int:
    """Lines issued from the first to the last of these."""
    every = list(spans)
    inside = (OrderLine.issued_at >= every[0].start, OrderLine.issued_at < every[-1].end)
    return db.session.scalar(select(func.count()).select_from(OrderLine).where(_visible(viewer), *inside)) or 0


def _counts(viewer: Viewer, known: Mapping[str, Interval]) -> dict[str, int]:
    """Lines issued in each of these months until it was made."""
    query = (
        select(MONTH, func.count())
        .join(SummarisedMonth, SummarisedMonth.month == MONTH)
        .where(_visible(viewer), OrderLine.issued_at < SummarisedMonth.as_of, SummarisedMonth.month.in_(known))
        .group_by(MONTH)
    )
    return {row[0]: row[1] for row in db.session.execute(query)}


def _visible(viewer: Viewer) -> ColumnElement[bool]:
    scope = Action.SEE_ALL_TURNAROUND if sees_all(viewer) else Action.SEE_TURNAROUND
    return visible(viewer, scope, OrderLine)
