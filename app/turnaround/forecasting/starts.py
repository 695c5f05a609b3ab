"""How late tests begin whose sample was not there some days before their start. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from app.turnaround import rules

DAY = 86_400.0
YEAR = 365 * DAY
# Looked at so many days before the booked start; further ahead hardly any sample is there.
AHEAD = (1, 3, 7)
# Told in so many equally probable steps.
STEPS = tuple((step + 0.5) / 15 for step in range(15))


@dataclass(frozen=True, slots=True)
class Start:
    """The start of a test as it was booked last, as it was, and when the lab had its samples.

    line_id: of the line. Instants: seconds since 1970; ends_at: as booked. received_at: None while no receipt was
    written, or not for all of them.
    """

    line_id: str
    company: str
    starts_at: float
    ends_at: float
    taken_at: float
    received_at: float | None

    @property
    def slip(self) -> float:
        """Calendar days by which the test began late."""
        return max(self.taken_at - self.starts_at, 0.0) / DAY

    def there(self, days: float) -> bool:
        """Whether the samples were there so many days before the booked start."""
        return self.received_at is not None and self.received_at <= self.starts_at - days * DAY


@dataclass(frozen=True, slots=True)
class Slips:
    """late: by days before the start the equally probable slips, in days, of tests whose sample was not there then."""

    late: Mapping[int, Sequence[float]] = field(default_factory=dict)

    @classmethod
    def of(cls, starts: Iterable[Start], origin: float) -> "Slips":
        """From the tests of all labs that began in the year before the origin."""
        known = [each for each in starts if origin - YEAR < each.taken_at <= origin]
        missing = {days: [each for each in known if not each.there(days)] for days in AHEAD}
        return cls({days: _steps(found) for days, found in missing.items() if _enough(found)})

    def ahead(self, days: float) -> Sequence[float]:
        """Of a test whose sample is not there so many days before its start; empty where none are reckoned with.

        days: below 0 once the start has passed; then what is left of longer slips.
        """
        due = next((known for known in AHEAD if days <= known), None)
        passed = max(-days, 0.0)
        return [slip - passed for slip in self.late.get(due or 0, ()) if slip >= passed]


def _enough(starts: Sequence[Start]) -> bool:
    return rules.enough(len(starts), len({each.company for each in starts}))


def _steps(starts: Sequence[Start]) -> list[float]:
    slips = sorted(each.slip for each in starts)
    return [slips[int(step * len(slips))] for step in STEPS]
