"""How long reports take by experience: what stands behind the report date of every offer."""

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.booking.forecast import ReportingTime
from app.clock import now
from app.turnaround.forecasting.history import YEAR, history, tests
from app.turnaround.forecasting.methods import SHIPPED, Fit, Planned

Times = Mapping[tuple[str, str], ReportingTime]


@dataclass(frozen=True, slots=True)
class Experience:
    """What has been learnt at an instant of all labs, and the tests that there are."""

    fit: Fit
    tests: Mapping[str, Planned]

    def of(self, test_id: str, lab_id: str) -> ReportingTime | None:
        """None where too few lines or companies were measured."""
        test = self.tests.get(test_id)
        return self.fit.of(test, lab_id) if test else None


def experience(at: datetime) -> Experience:
    """What the lines of the last 365 days show. Four statements."""
    known = tests()
    return Experience(SHIPPED.fit(history(at - YEAR, known).past(at.timestamp())), known)


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
        """While one renews it, the others go on with the old one."""
        known = self._known
        if known and time.monotonic() < self._until:
            return known
        if not self._lock.acquire(blocking=known is None or not self._keep) and known:
            return known
        try:
            if self._known is None or time.monotonic() >= self._until:
                self._known = experience(now())
                self._until = time.monotonic() + self._keep
            return self._known
        finally:
            self._lock.release()
