"""Ways to learn from the past how long reports take, each the same for whoever asks. Pure.

`Baseline` is what a spreadsheet would do. `Recent` has to beat it (docs/decisions/0015-forecast.md).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple, Protocol

from app.booking.forecast import ReportingTime
from app.turnaround.forecasting.lines import DAY, Cell, Line, Past, cells, enough
from app.turnaround.forecasting.load import Load
from app.turnaround.forecasting.starts import Slips
from app.turnaround.forecasting.times import LIKELY, SAFE, CalendarTime, WorkingTime

# Two reports of one lab a month apart: the older weighs half.
HALF_LIFE = 30 * DAY
# A cell with so many lines of these three half-lives alone may be told, however little its older lines weigh.
RECENT_DAYS = 90
# So many lines weighs what the wider cell says.
PRIOR = 20.0


class Planned(NamedTuple):
    """A test, and what is known of it without any line. report_days: working days, planning value."""

    id: str
    domain: str
    report_days: int


class Fit(Protocol):
    """What a method has learnt at an origin."""

    def of(self, test: Planned, lab: str) -> ReportingTime | None:
        """From the end of the bench's use to the report; None where nobody may be told of measured lines."""
        ...


class Method(Protocol):
    """name: for people who compare methods."""

    @property
    def name(self) -> str: ...

    def fit(self, past: Past) -> Fit: ...


class Quantiles(NamedTuple):
    """lines: how many equally weighty lines it rests on."""

    lines: float
    likely: float
    safe: float


def quantiles(values: Iterable[tuple[float, float]]) -> Quantiles:
    """Of values with their weights, at least one.

    Interpolated linearly; with equal weights type 7 of Hyndman and Fan, as the figures of turnaround.
    """
    ordered = sorted(values)
    total = sum(weight for _, weight in ordered)
    squares = sum(weight * weight for _, weight in ordered)
    last = max(len(ordered) - 1, 1)
    places, before = [], 0.0
    for number, (_, weight) in enumerate(ordered):
        places.append((before + weight * number / last) / total)
        before += weight
    likely, safe = (_at(share, places, ordered) for share in (LIKELY, SAFE))
    return Quantiles(total * total / squares, likely, safe)


def _at(share: float, places: Sequence[float], ordered: Sequence[tuple[float, float]]) -> float:
    known = zip(places, (value for value, _ in ordered), strict=True)
    for (low, lower), (high, upper) in pairwise(known):
        if share <= high:
            return lower + (upper - lower) * max(share - low, 0.0) / (high - low)
    return ordered[-1][0]


def by_cell(lines: Iterable[Line]) -> dict[Cell, list[Line]]:
    """The lines of each cell; a line counts in four of them."""
    found: dict[Cell, list[Line]] = defaultdict(list)
    for line in lines:
        for cell in line.cells:
            found[cell].append(line)
    return found


@dataclass(frozen=True)
class Baseline:
    """Median and P90 of the calendar days of the last `days`, of the narrowest cell with enough lines."""

    days: float = RECENT_DAYS
    name: str = "baseline"

    def fit(self, past: Past) -> Fit:
        return _PlainFit(by_cell(past.last(self.days)))


@dataclass
class _PlainFit:
    lines: Mapping[Cell, Sequence[Line]]
    known: dict[Cell, CalendarTime | None] = field(default_factory=dict)

    def of(self, test: Planned, lab: str) -> ReportingTime | None:
        found = (self._time(cell) for cell in cells(test.id, test.domain, lab)[:3])
        return next((time for time in found if time), None)

    def _time(self, cell: Cell) -> CalendarTime | None:
        if cell not in self.known:
            lines = self.lines.get(cell, ())
            self.known[cell] = None
            if enough(lines):
                report = quantiles((line.calendar, 1.0) for line in lines)
                whole = quantiles((line.lead + line.calendar, 1.0) for line in lines)
                self.known[cell] = CalendarTime(_days(report), _days(whole), cell[0])
        return self.known[cell]


def _days(found: Quantiles) -> tuple[timedelta, timedelta]:
    return timedelta(days=found.likely), timedelta(days=found.safe)


@dataclass(frozen=True)
class Recent:
    """Working days as a share of those planned: newer lines weigh more, small cells lean on wider ones.

    Quantiles of a cell are drawn towards those of the next wider cell as if that were PRIOR lines more. loaded: a lab
    with more reports to write than of late is expected to take longer.
    """

    loaded: bool = True
    name: str = "recent"

    def fit(self, past: Past) -> Fit:
        return _RecentFit.of_past(past, Load.of(past) if self.loaded else None)


@dataclass
class _RecentFit:
    report: "Ladder"
    lead: "Ladder"
    load: Load | None
    slips: Slips
    as_of: datetime
    known: dict[tuple[Planned, str], WorkingTime | None] = field(default_factory=dict)

    @classmethod
    def of_past(cls, past: Past, load: Load | None) -> "_RecentFit":
        lines = by_cell(past.issued)
        report = Ladder(past.origin, lines, lambda line: line.ratio)
        lead = Ladder(past.origin, lines, lambda line: line.lead)
        return cls(report, lead, load, past.slips, datetime.fromtimestamp(past.origin, UTC))

    def of(self, test: Planned, lab: str) -> ReportingTime | None:
        if (test, lab) not in self.known:
            self.known[test, lab] = self._time(test, lab)
        return self.known[test, lab]

    def _time(self, test: Planned, lab: str) -> WorkingTime | None:
        report, lead = (ladder.of(test.id, test.domain, lab) for ladder in (self.report, self.lead))
        if report is None or lead is None:
            return None
        return WorkingTime(
            likely=report.likely * test.report_days,
            safe=max(report.safe, report.likely) * test.report_days,
            load=self.load.level(lab) if self.load else 0.0,
            as_of=self.as_of,
            lead=(lead.likely, max(lead.safe, lead.likely)),
            learnt_from=self.report.narrowest(test.id, test.domain, lab),
            slips=self.slips,
        )


@dataclass
class Ladder:
    """Quantiles of something measured, for a test at a lab: its own lines, drawn towards those of wider cells."""

    origin: float
    lines: Mapping[Cell, Sequence[Line]]
    value: Callable[[Line], float]
    known: dict[Cell, Quantiles | None] = field(default_factory=dict)

    def of(self, test: str, domain: str, lab: str) -> Quantiles | None:
        """None where the lab itself has too few lines to tell."""
        *narrow, widest = cells(test, domain, lab)
        if not self._quantiles(narrow[-1]):
            return None
        found = self._quantiles(widest)
        for cell in reversed(narrow):
            found = _drawn(self._quantiles(cell), found)
        return found

    def narrowest(self, test: str, domain: str, lab: str) -> str:
        """The kind of the narrowest cell with enough lines of its own."""
        return next(cell[0] for cell in cells(test, domain, lab) if self._quantiles(cell))

    def _quantiles(self, cell: Cell) -> Quantiles | None:
        if cell not in self.known:
            self.known[cell] = self._reckoned(self.lines.get(cell, ()))
        return self.known[cell]

    def _reckoned(self, lines: Sequence[Line]) -> Quantiles | None:
        """Weighted by age where the recent lines alone are enough, else all of the year alike."""
        since = self.origin - RECENT_DAYS * DAY
        if enough([line for line in lines if (line.issued_at or 0) > since]):
            return quantiles((self.value(line), self._weight(line)) for line in lines)
        return quantiles((self.value(line), 1.0) for line in lines) if enough(lines) else None

    def _weight(self, line: Line) -> float:
        assert line.issued_at is not None
        return float(0.5 ** ((self.origin - line.issued_at) / HALF_LIFE))


def _drawn(own: Quantiles | None, wider: Quantiles | None) -> Quantiles | None:
    if own is None or wider is None:
        return own or wider
    share = own.lines / (own.lines + PRIOR)
    return Quantiles(
        own.lines,
        share * own.likely + (1 - share) * wider.likely,
        share * own.safe + (1 - share) * wider.safe,
    )


BASELINE: Method = Baseline()
# What offers and orders are told; measured in docs/decisions/0015-forecast.md.
SHIPPED: Method = Recent()
METHODS: tuple[Method, ...] = (BASELINE, Baseline(365, "year"), Recent(loaded=False, name="recent, no load"), SHIPPED)
