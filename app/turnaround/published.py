"""What the night published of all companies together: the tables of the usual periods, as coordinators are told them.

Each is used as long as all its months are those that it was made of, so a first reader waits no longer than a second.
Until the next night nothing of it changes, whatever is recorded meanwhile.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import select

from app.database import db
from app.turnaround.figures import Figures
from app.turnaround.models import PublishedPeriod, SummarisedMonth
from app.turnaround.rules import INSIDE, PHASES, GroupBy, Period

TOTAL = "total"


@dataclass(frozen=True)
class Published:
    """Of one period. facts: what stands beside its tables, by name."""

    period: Period
    as_of: datetime
    facts: Mapping[str, Any]

    @property
    def total(self) -> Figures:
        return _opened(self.facts[TOTAL])

    def table(self, group_by: GroupBy) -> list[Figures]:
        """The rows in their order, without names."""
        rows = self._tests if group_by is GroupBy.TEST else self.facts["tables"][group_by.value]
        return [_opened(row) for row in rows]

    @property
    def provinces(self) -> list[Figures]:
        return [_opened(row) for row in self.facts["provinces"]]

    def kinds(self) -> dict[tuple[str, str], tuple[int, Sequence[int]]]:
        """Of each test and lab how many lines, and their seconds by part together. Told to nobody as it is."""
        kept = self._one(PublishedPeriod.kinds)["kinds"]
        return {(test_id, lab_id): (lines, sums) for test_id, lab_id, lines, *sums in kept}

    @cached_property
    def _tests(self) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = self._one(PublishedPeriod.tests)["rows"]
        return found

    def _one(self, column: Any) -> Any:
        row = (PublishedPeriod.first == self.period.first, PublishedPeriod.last == self.period.last)
        return db.session.execute(select(column).where(*row)).scalar_one()


def _opened(row: Mapping[str, Any]) -> Figures:
    """JSON knows neither tuples nor, on PostgreSQL, the order of names."""
    if row["percentiles"] is None:
        return Figures(**row)
    return Figures(
        **dict(row)
        | {name: tuple(row[name]) for name in ("percentiles", "working")}
        | {"phases": {name: row["phases"][name] for name in PHASES}}
        | {"shares": {name: row["shares"][name] for name in INSIDE}}
    )


def row_of(cell: Figures) -> dict[str, Any]:
    """A row as it is kept; its names are looked up when it is read."""
    return asdict(cell) | {"name_zh": "", "name_en": ""}


def published(period: Period) -> Published | None:
    """What is published of whole months; None where the night did not, or has made one of its months anew."""
    row = db.session.execute(
        select(PublishedPeriod.as_of, PublishedPeriod.made, PublishedPeriod.facts).where(
            PublishedPeriod.first == period.first, PublishedPeriod.last == period.last
        )
    ).one_or_none()
    if row is None or set(row.made) != makings(period):
        return None
    return Published(period, row.as_of, row.facts)


def makings(period: Period) -> set[str]:
    """Of which makings its months are now."""
    return set(db.session.scalars(select(SummarisedMonth.made).where(SummarisedMonth.month.in_(period.months()))))
