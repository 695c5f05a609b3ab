"""How long reports take by experience: what stands behind the report date of every offer."""

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select

from app.booking.forecast import ReportingTime
from app.clock import now
from app.database import db
from app.labs.models import Test
from app.orders.models import OrderLine
from app.turnaround import rules, sql

MEASURED = timedelta(days=365)
LIKELY, SAFE = 0.5, 0.9
# Dates of reports are read by the day; finer than this would only tell about single lines.
GRAIN = timedelta(hours=1)

Times = Mapping[tuple[str, str], ReportingTime]


@dataclass(frozen=True, slots=True)
class Experience:
    """Reporting times by (test, lab) and by (domain, lab), and the domain of each test."""

    of_tests: Times
    of_domains: Times
    domains: Mapping[str, str]

    def of(self, test_id: str, lab_id: str) -> ReportingTime | None:
        """By the test at the lab, else by its domain there; None when both have too few lines or companies."""
        domain = self.domains.get(test_id, "")
        return self.of_tests.get((test_id, lab_id)) or self.of_domains.get((domain, lab_id))


def experience(at: datetime) -> Experience:
    """What the reports of the last 365 days show: bench free until report issued. Three statements."""
    domains = [(test_id, domain_id) for test_id, domain_id in db.session.execute(select(Test.id, Test.domain_id))]
    return Experience(
        of_tests=_times(OrderLine.test_id.expression, at),
        of_domains=_times(Test.domain_id.expression, at),
        domains=dict(domains),
    )


def _times(key: ColumnElement[str], at: datetime) -> Times:
    """P50 and P90 of each cell that the rule of ARCHITECTURE 6 lets others know of."""
    took = sql.seconds_between(OrderLine.ended_at, OrderLine.issued_at)
    line = (
        select(key.label("key"), OrderLine.lab_id, OrderLine.company_id, took.label("took"))
        .join(Test, Test.id == OrderLine.test_id)
        .where(OrderLine.issued_at > at - MEASURED, OrderLine.issued_at <= at)
        .subquery()
    )
    cell = [line.c.key, line.c.lab_id]
    ranked = select(line, sql.rank(line.c.took, cell).label("place"), sql.size(cell).label("size")).subquery()
    shares = [sql.percentile(share, ranked.c.took, ranked.c.place, ranked.c.size) for share in (LIKELY, SAFE)]
    query = (
        select(ranked.c.key, ranked.c.lab_id, *shares)
        .group_by(ranked.c.key, ranked.c.lab_id)
        .having(
            func.count() >= rules.LEAST_LINES,
            func.count(ranked.c.company_id.distinct()) >= rules.LEAST_COMPANIES,
        )
    )
    rows = db.session.execute(query)
    return {(key, lab_id): ReportingTime(_rounded(likely), _rounded(safe)) for key, lab_id, likely, safe in rows}


def _rounded(seconds: float) -> timedelta:
    return -(-timedelta(seconds=round(seconds)) // GRAIN) * GRAIN


class Forecast:
    """The experience of a process, asked for by every search and renewed after `keep`.

    The same for everybody who asks: it holds nothing of a company, so it can't be told to the wrong one.
    """

    def __init__(self, keep: timedelta) -> None:
        self._keep = keep.total_seconds()
        self._known: Experience | None = None
        self._until = 0.0
        self._lock = threading.Lock()

    def __call__(self, pairs: Iterable[tuple[str, str]]) -> Times:
        """Reporting times by (test, lab); what has too little history is missing."""
        known = self._experience()
        found = {pair: known.of(*pair) for pair in pairs}
        return {pair: took for pair, took in found.items() if took is not None}

    def _experience(self) -> Experience:
        with self._lock:
            if self._known is None or time.monotonic() >= self._until:
                self._known = experience(now())
                self._until = time.monotonic() + self._keep
            return self._known
