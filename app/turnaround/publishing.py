"""Publish, once a night, what coordinators mostly ask for: the usual periods, and those before and a year before.

It is what their pages would reckon from the summary, so it tells no more than they would.
"""

from collections.abc import Iterator
from dataclasses import astuple
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, tuple_
from sqlalchemy.exc import IntegrityError

from app.accounts.models import Role
from app.accounts.policy import Viewer
from app.database import Base, execute, transaction
from app.errors import Invalid
from app.turnaround import causes, cohort, quality, region, rules, summary
from app.turnaround.asking import MONTHS
from app.turnaround.models import PublishedPeriod
from app.turnaround.published import TOTAL, published, row_of
from app.turnaround.queries import Answer, Question
from app.turnaround.rules import GroupBy, Period

# For whose eyes it is: whoever sees all, as statistics.
READER = Viewer(role=Role.COORDINATOR)
_INSERT = insert(Base.metadata.tables[PublishedPeriod.__tablename__])


def publish(now: datetime) -> int:
    """Publish each of the usual periods whose months were made anew; how many. Others are withdrawn."""
    wanted = dict.fromkeys(_periods(now))
    count = sum(_publish(period, now) for period in wanted if published(period) is None)
    with transaction() as session:
        key = tuple_(PublishedPeriod.first, PublishedPeriod.last)
        session.execute(delete(PublishedPeriod).where(key.not_in([(each.first, each.last) for each in wanted])))
    return count


def _periods(now: datetime) -> Iterator[Period]:
    for months in MONTHS:
        period = rules.last_months(months, now)
        yield period.whole_months()
        for other in (period.before, period.year_ago):
            try:
                yield other().whole_months()
            except Invalid:
                continue


def _publish(period: Period, now: datetime) -> bool:
    """One period in one transaction; False where the summary has nothing of it, or another process was at it."""
    kept = summary.kept(period)
    if kept is None:
        return False
    answer = Answer(Question(READER, period), now)
    row = {
        "first": period.first,
        "last": period.last,
        "as_of": kept.as_of,
        "made": sorted(kept.made),
        "facts": _facts(answer, now),
        "tests": {"rows": [row_of(cell) for cell in answer.table(GroupBy.TEST).items]},
        "kinds": {"kinds": [[*kind, lines, *sums] for kind, (lines, sums) in answer.kinds().items()]},
    }
    region.forget()
    try:
        with transaction() as session:
            same = (PublishedPeriod.first == period.first, PublishedPeriod.last == period.last)
            session.execute(delete(PublishedPeriod).where(*same))
            execute(session, _INSERT, row)
    except IntegrityError:
        return False
    return True


def _facts(answer: Answer, now: datetime) -> dict[str, Any]:
    reached = cohort.time_to_report(answer, now)
    groups = [group_by for group_by in GroupBy if group_by is not GroupBy.TEST]
    return {
        TOTAL: row_of(answer.total),
        "tables": {group_by.value: [row_of(cell) for cell in answer.table(group_by).items] for group_by in groups},
        "provinces": [row_of(cell) for cell in answer.provinces()],
        "reached": astuple(reached) if reached else None,
        "causes": [astuple(cause) for cause in causes.pareto(answer.question)],
        "left_out": quality.left_out(answer, now),
    }
