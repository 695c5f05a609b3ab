"""Lines as forecasts see them: what was known at an instant, and nothing after it. Pure."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import log

from app.turnaround import rules
from app.turnaround.forecasting.starts import Slips, Start
from app.worktime.workclock import position_of

DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Line:
    """A line whose test has ended. Instants: seconds since 1970. report_days: the test's planning value.

    asked_at: when its date was wanted, its submission. working: working days from end to issue. id: in the database.
    """

    test: str
    domain: str
    lab: str
    company: str
    report_days: int
    asked_at: float
    ended_at: float
    issued_at: float | None
    working: float | None
    id: str = ""

    @property
    def ratio(self) -> float:
        """Working days that the report took as a share of those planned. Issued lines only."""
        assert self.working is not None
        return self.working / self.report_days

    @property
    def lead(self) -> float:
        """Calendar days from submission to the end of the bench's use."""
        return (self.ended_at - self.asked_at) / DAY

    @property
    def calendar(self) -> float:
        """Calendar days that it took. Issued lines only."""
        assert self.issued_at is not None
        return (self.issued_at - self.ended_at) / DAY

    @property
    def cells(self) -> tuple["Cell", "Cell", "Cell", "Cell"]:
        """Where it counts, narrowest first."""
        return cells(self.test, self.domain, self.lab)


# A kind of cell, and what it is of.
Cell = tuple[str, str, str]
EVERYWHERE: Cell = "all", "", ""


def cells(test: str, domain: str, lab: str) -> tuple[Cell, Cell, Cell, Cell]:
    """The test at the lab, its domain there, the lab, all labs."""
    return ("test", test, lab), ("domain", domain, lab), ("lab", "", lab), EVERYWHERE


def line(
    names: tuple[str, str, str, str],
    report_days: int,
    asked_at: datetime,
    ended_at: datetime,
    issued_at: datetime | None,
    ident: str = "",
) -> Line:
    """From aware instants. names: of test, domain, lab, company."""
    ended, issued = ended_at.timestamp(), issued_at.timestamp() if issued_at else None
    working = None if issued is None else position_of(issued) - position_of(ended)
    return Line(*names, max(report_days, 1), asked_at.timestamp(), ended, issued, working, ident)


def enough(lines: Sequence[Line]) -> bool:
    """Whether others may be told of them (ARCHITECTURE 6)."""
    return rules.enough(len(lines), len({each.company for each in lines}))


class Backlog:
    """How many reports each lab had to write at an instant. What happens later doesn't change that."""

    def __init__(self, lines: Iterable[Line]) -> None:
        steps: dict[str, list[tuple[float, int]]] = defaultdict(list)
        for each in lines:
            steps[each.lab].append((each.ended_at, 1))
            if each.issued_at is not None:
                steps[each.lab].append((each.issued_at, -1))
        self._of_lab: Mapping[str, tuple[list[float], list[int]]] = {
            lab: _running(sorted(found)) for lab, found in steps.items()
        }

    def at(self, lab: str, instant: float) -> int:
        """Lines of the lab whose test had ended and whose report was not issued."""
        times, counts = self._of_lab.get(lab, ([], []))
        place = bisect_right(times, instant)
        return counts[place - 1] if place else 0

    def log_at(self, lab: str, instant: float) -> float:
        """Natural logarithm of the backlog and one more."""
        return log(self.at(lab, instant) + 1)


def _running(steps: Sequence[tuple[float, int]]) -> tuple[list[float], list[int]]:
    times, counts, count = [], [], 0
    for instant, change in steps:
        count += change
        times.append(instant)
        counts.append(count)
    return times, counts


class Past:
    """What was known of lines at `origin`: those issued in the year before it, oldest first, backlog, late starts."""

    YEAR = 365 * DAY

    def __init__(self, issued: Sequence[Line], backlog: Backlog, origin: float, slips: Slips) -> None:
        self.issued, self.backlog, self.origin, self.slips = issued, backlog, origin, slips

    def last(self, days: float) -> list[Line]:
        """Those issued in so many days before the origin."""
        return [each for each in self.issued if (each.issued_at or 0) > self.origin - days * DAY]


class History:
    """All lines of a time, from which the past of any instant in it is taken."""

    def __init__(self, lines: Iterable[Line], starts: Iterable[Start] = ()) -> None:
        self.lines, self.starts = list(lines), list(starts)
        self._issued = sorted((each for each in self.lines if each.issued_at is not None), key=_issue)
        self._times = [_issue(each) for each in self._issued]
        self._backlog = Backlog(self.lines)

    def past(self, origin: float) -> Past:
        """What was known at the origin."""
        begin, end = bisect_right(self._times, origin - Past.YEAR), bisect_right(self._times, origin)
        return Past(self._issued[begin:end], self._backlog, origin, Slips.of(self.starts, origin))


def _issue(each: Line) -> float:
    assert each.issued_at is not None
    return each.issued_at
