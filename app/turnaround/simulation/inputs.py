"""What a simulated year is made of: measured where order lines tell it, else planning values of ours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.turnaround.simulation.house import DAY, OFFICE_DAY

HOUR = 60


@dataclass(frozen=True, slots=True)
class Spread:
    """A distribution by its quantiles at even distances, the least first and the greatest last; straight between."""

    quantiles: Sequence[float]

    def at(self, share: float) -> float:
        """The value below which `share` of [0, 1) lies."""
        place = share * (len(self.quantiles) - 1)
        index = int(place)
        low = self.quantiles[index]
        return low + (self.quantiles[index + 1] - low) * (place - index)

    @property
    def mean(self) -> float:
        ends = self.quantiles[0] + self.quantiles[-1]
        return (sum(self.quantiles) - ends / 2) / (len(self.quantiles) - 1)


def days(*numbers: float) -> Spread:
    """Quantiles in days, kept in minutes."""
    return Spread(tuple(number * DAY for number in numbers))


def _office_hours() -> tuple[float, ...]:
    return tuple(float(9 <= hour < 17) for hour in range(24))


# Planning values.
REVIEW = days(0.2, 0.6, 0.9, 1.2, 2.0, 5.0)
LEAD = days(1, 3, 5, 7, 14, 21)
TESTING = Spread((0.75, 0.9, 1.0, 1.0, 1.0, 1.0))
REPORTING = Spread((0.5, 0.8, 0.95, 1.05, 1.3, 2.2))
BACK = days(2, 5, 10)
LATE_BY = days(1, 2, 3, 5, 10)
REPAIR = days(0.5, 1, 2, 4, 10)


@dataclass(frozen=True, slots=True)
class Inputs:
    """Demand and its mishaps. Times in minutes, shares of 1; a share is of all lines unless said otherwise.

    months, hours: relative number of requests on a working day of the month, in a local hour.
    tests: relative number of lines by test; tests that are missing are asked for `unknown` times each.
    review: submitted to accepted. lead: submitted until the sample is there. testing: of the booked time, how much is
    used (the rest is freed). reporting: of the planned time for the report. writing: share of that time in which one
    of the lab's writers is busy.
    cancelled: withdrawn between booking and start. no_show: nobody comes; asks again after `back`. late: the sample is
    `late_by` later than the booked start, told a day before.
    nimble: of those with a later time, how many can come at `notice`; `gain`: an offer is for a report sooner by this.
    programmes: share of lines that come as a programme of `programme` lines at once, at one lab and in one domain, of
    which `sharing` tests of one kind of sample follow one another on one sample. transport: until a sample is at
    another lab.
    uneven: how much more or less than its capacity a lab is known (standard deviation of a share).
    breakdowns, maintenance: per place and year; `repair`: how long a breakdown lasts; maintenance takes a day.
    measured: the fields that were measured, on `lines` lines.
    """

    tests: Mapping[str, float] = field(default_factory=dict)
    unknown: float = 1.0
    months: Sequence[float] = (1.0,) * 12
    hours: Sequence[float] = field(default_factory=_office_hours)
    review: Spread = REVIEW
    lead: Spread = LEAD
    testing: Spread = TESTING
    reporting: Spread = REPORTING
    writing: float = 0.2
    cancelled: float = 0.08
    no_show: float = 0.05
    back: Spread = BACK
    late: float = 0.08
    late_by: Spread = LATE_BY
    nimble: float = 0.6
    notice: int = DAY
    gain: int = DAY
    programmes: float = 0.25
    programme: tuple[int, int] = (8, 30)
    sharing: tuple[int, int] = (1, 4)
    transport: int = 2 * DAY
    uneven: float = 0.15
    breakdowns: float = 1.0
    repair: Spread = REPAIR
    maintenance: float = 2.0
    measured: frozenset[str] = frozenset()
    lines: int = 0

    @property
    def slots_a_line(self) -> float:
        """How often a line is booked on average: again after nobody came or the sample was late."""
        return 1 + self.no_show + self.late

    @property
    def out_of_order(self) -> float:
        """Share of the time in which a place is broken or maintained."""
        away = self.breakdowns * self.repair.mean + self.maintenance * OFFICE_DAY
        return away / (365 * DAY)
