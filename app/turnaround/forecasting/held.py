"""How often the dates held, as they would have been told with the offer: reckoned at night, read by the page.

A line counts in the month in which its test ended, as soon as its safe date and that of the baseline have come, with or
without its report. Its dates are those of the Monday before it was submitted, from what was known then.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from app.database import Base, db, execute, transaction
from app.orders.models import OrderLine
from app.turnaround import sql
from app.turnaround.forecasting.backtest import Moment, Told, all_told, origins
from app.turnaround.forecasting.history import ENDED, YEAR, history, tests
from app.turnaround.forecasting.methods import BASELINE, SHIPPED
from app.turnaround.forecasting.models import ForecastHeld, ForecastLine, ForecastMonth
from app.turnaround.rules import days_of_month, last_months
from app.worktime import SHANGHAI

MONTHS = 24
# Dates are asked for that long before the test at most: the horizon of booking, and a review.
LEAD = timedelta(days=200)
EVERY = 7
_INSERT, _INSERT_LINES = (insert(Base.metadata.tables[each.__tablename__]) for each in (ForecastHeld, ForecastLine))
# A company at a lab.
Pair = tuple[str, str]


@dataclass(slots=True)
class _Month:
    """Counts of a month by company and lab, the lines that count, and how many wait for their dates."""

    of: dict[Pair, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    lines: list[dict[str, object]] = field(default_factory=list)
    open: int = 0


def reckon(now: datetime) -> int:
    """Reckon the months of the last two years up that are new, have open lines or others than before; how many."""
    ended = _ended(now)
    known = {row.month: row for row in db.session.scalars(select(ForecastMonth))}
    due = [month for month, count in ended.items() if _is_due(known.get(month), count)]
    if not due:
        return 0
    found = _months(due, now)
    return sum(_write(month, ended[month], found[month], now) for month in sorted(due))


def _is_due(known: ForecastMonth | None, ended: int) -> bool:
    return known is None or known.open > 0 or known.ended != ended


def _ended(now: datetime) -> dict[str, int]:
    """Lines by the month in which their test ended."""
    month = func.substr(sql.local_date(OrderLine.ended_at), 1, 7)
    span = last_months(MONTHS, now).span
    query = select(month, func.count()).where(*ENDED, OrderLine.ended_at >= span.start, OrderLine.ended_at <= now)
    return {row[0]: row[1] for row in db.session.execute(query.group_by(month))}


def _months(due: Sequence[str], now: datetime) -> Mapping[str, _Month]:
    spans = [days_of_month(month).span for month in due]
    first, last = min(span.start for span in spans), min(max(span.end for span in spans), now)
    past = history(first - LEAD - YEAR, tests())
    months = set(due)
    wanted = [line for line in past.lines if _month(line.ended_at) in months]
    asked = origins(wanted, Moment.ASKED, first.timestamp(), last.timestamp(), EVERY)
    return _counted(
        zip(*(all_told(past, method, asked, Moment.ASKED) for method in (SHIPPED, BASELINE)), strict=True), now
    )


def _counted(dates: Iterable[tuple[Told, Told]], now: datetime) -> Mapping[str, _Month]:
    found: dict[str, _Month] = defaultdict(_Month)
    for ours, base in dates:
        line = ours.line
        month = found[_month(line.ended_at)]
        if max(ours.safe, base.safe) > now.timestamp():
            month.open += 1
            continue
        issued = float("inf") if line.issued_at is None else line.issued_at
        month.of[line.company, line.lab].update(
            lines=1,
            measured=int(ours.measured),
            likely=int(issued <= ours.likely),
            safe=int(issued <= ours.safe),
            base_likely=int(issued <= base.likely),
            base_safe=int(issued <= base.safe),
        )
        month.lines.append(_line(ours, base))
    return found


def _line(ours: Told, base: Told) -> dict[str, object]:
    """A row of its dates but for the month."""
    dates = {"likely_at": ours.likely, "safe_at": ours.safe, "base_likely_at": base.likely, "base_safe_at": base.safe}
    instants = {name: datetime.fromtimestamp(at, UTC) for name, at in dates.items()}
    return {"order_line_id": ours.line.id, "measured": ours.measured, **instants}


def _month(timestamp: float) -> str:
    return f"{datetime.fromtimestamp(timestamp, SHANGHAI):%Y-%m}"


def _write(month: str, ended: int, found: _Month, now: datetime) -> bool:
    """One month in one transaction; False when another process was at it."""
    rows = [
        {"month": month, "company_id": company, "lab_id": lab, **counts} for (company, lab), counts in found.of.items()
    ]
    try:
        with transaction() as session:
            row = session.get(ForecastMonth, month, with_for_update=True, populate_existing=True)
            if row is None:
                session.add(ForecastMonth(month=month, as_of=now, ended=ended, open=found.open))
            else:
                row.as_of, row.ended, row.open = now, ended, found.open
            session.flush()
            session.execute(delete(ForecastHeld).where(ForecastHeld.month == month))
            session.execute(delete(ForecastLine).where(ForecastLine.month == month))
            if rows:
                execute(session, _INSERT, rows)
                execute(session, _INSERT_LINES, [{"month": month, **line} for line in found.lines])
    except IntegrityError:
        return False
    return True
