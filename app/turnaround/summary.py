"""The nightly summary: what pages need of whole months, kept so that they need not read every line.

Cells of all companies together, and column by column the lines of each company and of each lab. Each month is written
in one transaction with its own instant, so that a job that is killed leaves months of different age and never a wrong
one. Who sees his own lines has what was issued since read live and added (`own.py`). What is told of all companies is
as of the night; until all months were made once it is read live where a line is missing.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from app.database import Base, db, execute, transaction
from app.identifiers import new_id
from app.labs.models import Lab
from app.orders.models import OrderLine
from app.turnaround import losses
from app.turnaround.cells import COUNTABLE, MONTH, Cell, Cells, Way, live_cells
from app.turnaround.models import PublishedPeriod, SummarisedCell, SummarisedLines, SummarisedMonth
from app.turnaround.rules import Period, days_of_month
from app.turnaround.sides import side_rows
from app.turnaround.tally import Tally
from app.worktime import local_date

# What was recorded just now may still be in a transaction that is not finished.
SETTLED = timedelta(minutes=10)
# Months that a night makes again although they are over: reports come in late.
AGAIN = 2


@dataclass(frozen=True, slots=True)
class Summary:
    """What is kept of a period; lines issued since `as_of` are not in it. made: of which makings of which months."""

    months: Sequence[str]
    made: frozenset[str]
    as_of: datetime

    def cells(self) -> Cells:
        return Cells(_labs(self.months), _ways(self.months))


def summarise(now: datetime) -> int:
    """Make the months that are new, that are not over, or whose lines have become more; how many were made."""
    as_of = now - SETTLED
    counts = _counts(as_of)
    known = {row.month: row for row in db.session.scalars(select(SummarisedMonth))}
    recent = {f"{local_date(as_of) - timedelta(days=31 * back):%Y-%m}" for back in range(AGAIN)}
    due = [month for month in counts if month in recent or month not in known or known[month].issued != counts[month]]
    due += losses.months_with_more(as_of) | _without_losses()
    # The newest last: it tells that all others are made (`kept.losses_until`).
    return sum(_write(month, as_of) for month in sorted({*due, *(known.keys() - counts.keys())}))


def _without_losses() -> set[str]:
    """The months that were made before the summary kept what lines lost time to."""
    return set(db.session.scalars(select(SummarisedLines.month).where(SummarisedLines.losses.is_(None)).distinct()))


def _counts(as_of: datetime) -> dict[str, int]:
    query = select(MONTH, func.count()).where(OrderLine.issued_at < as_of).group_by(MONTH)
    return {row[0]: row[1] for row in db.session.execute(query)}


def _write(month: str, as_of: datetime) -> bool:
    """One month in one transaction; False when another process was at it."""
    period = days_of_month(month)
    span = period.span
    inside = (OrderLine.issued_at >= span.start, OrderLine.issued_at < min(span.end, as_of))
    found = live_cells([*inside, *COUNTABLE], period.first.year, period.last.year)
    own = side_rows(month, inside, as_of)
    issued = db.session.scalar(select(func.count()).select_from(OrderLine).where(*inside)) or 0
    try:
        with transaction() as session:
            row = session.get(SummarisedMonth, month, with_for_update=True, populate_existing=True)
            if row is None:
                session.add(SummarisedMonth(month=month, as_of=as_of, issued=issued, made=new_id()))
            else:
                row.as_of, row.issued, row.made = as_of, issued, new_id()
            session.flush()
            cells = [_row(cell) for cell in found.labs] + [_row(way) for way in found.ways]
            for table, rows in ((SummarisedCell, cells), (SummarisedLines, own)):
                session.execute(delete(table).where(table.month == month))
                if rows:
                    execute(session, insert(Base.metadata.tables[table.__tablename__]), rows)
    except IntegrityError:
        return False
    return True


def _row(cell: Cell | Way) -> dict[str, Any]:
    tally = cell.tally
    kept: dict[str, Any] = {"whole": tally.whole, "working": tally.working, "sums": tally.sums}
    kept |= {"companies": dict(tally.companies), "id": new_id(), "month": cell.month, "domain_id": cell.domain_id}
    if isinstance(cell, Cell):
        return kept | dict.fromkeys(("province", "city", "lab_province")) | _named(cell, "lab_id", "test_id")
    return kept | dict.fromkeys(("lab_id", "test_id")) | _named(cell, "province", "city", "lab_province")


def _named(cell: Cell | Way, *names: str) -> dict[str, Any]:
    return {name: getattr(cell, name) for name in names}


def kept(period: Period) -> Summary | None:
    """What the summary has of the period; None where it can't be used. Two statements."""
    months = period.months()
    known = list(db.session.scalars(select(SummarisedMonth).where(SummarisedMonth.month.in_(months))))
    span = period.span
    as_of = max((row.as_of for row in known), default=span.start)
    whole = period.first.day == 1 and (as_of <= span.end or period == period.whole_months())
    inside = (OrderLine.issued_at >= span.start, OrderLine.issued_at < min(span.end, as_of))
    issued = select(func.count()).select_from(OrderLine).where(*inside)
    if not known or not whole:
        return None
    if not _complete() and db.session.scalar(issued) != sum(row.issued for row in known):
        return None
    return Summary(months, frozenset(row.made for row in known), as_of)


def _complete() -> bool:
    """Whether all months were made once: from then on each is as of its night, whatever is recorded meanwhile.

    If a late report made a part of what is told be read live, the difference to the rest would tell its line.
    """
    return db.session.scalar(select(PublishedPeriod.as_of).limit(1)) is not None


_TALLY = (SummarisedCell.whole, SummarisedCell.working, SummarisedCell.sums, SummarisedCell.companies)


def _labs(months: Sequence[str]) -> list[Cell]:
    where = (SummarisedCell.lab_id, Lab.level, SummarisedCell.test_id, SummarisedCell.domain_id)
    query = (
        select(SummarisedCell.month, *where, *_TALLY)
        .join(Lab, Lab.id == SummarisedCell.lab_id)
        .where(SummarisedCell.month.in_(months))
    )
    return [
        Cell(month, lab_id, level, test_id, domain_id, _tally(*tally))
        for month, lab_id, level, test_id, domain_id, *tally in db.session.execute(query)
    ]


def _ways(months: Sequence[str]) -> list[Way]:
    way = (SummarisedCell.province, SummarisedCell.city, SummarisedCell.lab_province)
    query = select(SummarisedCell.month, SummarisedCell.domain_id, *way, *_TALLY)
    query = query.where(SummarisedCell.month.in_(months), SummarisedCell.lab_id.is_(None))
    return [
        Way(month, domain_id, province, city, lab_province, _tally(*tally))
        for month, domain_id, province, city, lab_province, *tally in db.session.execute(query)
    ]


def _tally(whole: list[int], working: list[int], sums: list[int], companies: dict[str, int]) -> Tally:
    return Tally(whole, working, sums, Counter(companies))
