"""What booking has the scheduler do beside letting holds lapse: the catalogue's cached earliest weeks."""

from datetime import datetime

from sqlalchemy import delete, insert, select

from app.booking import queries, rules
from app.booking.availability import Rows, earliest_slot
from app.booking.settings import limits, limits_of
from app.database import db, transaction
from app.labs.models import EarliestWeek, Test
from app.labs.queries import CapableBench, capable_benches
from app.worktime import LONGEST_USE, Interval, local_date


def refresh_earliest_week(now: datetime) -> int:
    """Fill EarliestWeek for every pool and test that it can run; returns how many. Replaced as a whole.

    The week of the first slot that can be booked now, ISO 8601 in the labs' zone (`2026-W52`); None when there
    is none within the horizon.
    """
    capable = capable_benches(list(db.session.scalars(select(Test.id))))
    bookable = Interval(now, now + LONGEST_USE)
    defaults = limits()
    ids = {ident for item in capable for ident in item.reads}
    taken = queries.taken(ids, Interval(bookable.start, bookable.end + LONGEST_USE), now)
    found: dict[tuple[str, str], tuple[str, datetime | None]] = {}
    for item in capable:
        key = item.bench.pool, item.test_id
        known = found.get(key, (item.bench.lab_id, None))[1]
        start = _earliest(item, taken, rules.bookable_span(now, limits_of(item.bench, defaults)), known)
        found[key] = item.bench.lab_id, start or known
    rows = [
        {"pool": pool, "test_id": test_id, "lab_id": lab_id, "week": _week(start), "as_of": now}
        for (pool, test_id), (lab_id, start) in found.items()
    ]
    with transaction() as session:
        session.execute(delete(EarliestWeek))
        if rows:
            session.execute(insert(EarliestWeek), rows)
    return len(rows)


def _earliest(item: CapableBench, taken: Rows, bookable: Interval, known: datetime | None) -> datetime | None:
    """The first start on this unit, if it comes before the one known from another unit of the pool."""
    last = min(known, bookable.end) if known else bookable.end
    slot = earliest_slot(item, taken, bookable.start, last)
    return slot.use.starts_at if slot and (known is None or slot.use.starts_at < known) else None


def _week(start: datetime | None) -> str | None:
    if start is None:
        return None
    year, week, _day = local_date(start).isocalendar()
    return f"{year}-W{week:02d}"
