"""Pure rules: how much of its open hours a bench is booked and used, and what was lost."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from app.worktime import Interval, clip, intersect, merge, midnight

WEEK = timedelta(days=7)
NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True)
class Use:
    """What one use took of a place of a bench. used: when it really ran, None where it did not; for whose line, and by
    which booking.
    """

    place: int
    booked: Interval
    used: Interval | None
    line_id: str = ""
    company_id: str = ""
    booking_id: str = ""


@dataclass(frozen=True, slots=True)
class Loss:
    """Time of a place that was lost, and the cause: a kind of closure, `no_show`. by: the closure, or the booking."""

    place: int
    when: Interval
    cause: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class Hours:
    """Place-hours of a span. open: by the working calendar; booked, used and lost lie inside it."""

    open: timedelta
    booked: timedelta
    used: timedelta
    lost: timedelta

    def share(self, what: timedelta) -> int | None:
        """Whole per cent of the open hours, rounded half up; None where nothing was open."""
        return None if not self.open else int(100 * what / self.open + 0.5)

    @property
    def booked_share(self) -> int | None:
        return self.share(self.booked)

    @property
    def used_share(self) -> int | None:
        return self.share(self.used)

    def __add__(self, other: "Hours") -> "Hours":
        return Hours(self.open + other.open, self.booked + other.booked, self.used + other.used, self.lost + other.lost)


NO_HOURS = Hours(NOTHING, NOTHING, NOTHING, NOTHING)


def total(spans: Iterable[Interval]) -> timedelta:
    """Length of all spans together."""
    return sum((span.duration for span in spans), NOTHING)


def inside(opened: Sequence[Interval], spans: Sequence[Interval]) -> timedelta:
    """How much of the open time lies in these spans."""
    return total(intersect(opened, spans)) if spans else NOTHING


def hours(
    span: Interval, windows: Sequence[Interval], places: int, uses: Sequence[Use], losses: Sequence[Loss]
) -> Hours:
    """The hours of a bench in `span`. windows: its working windows.

    A use outside the open hours (a run through the night) counts for its part inside them, so that no bench is
    used for more than it is open.
    """
    opened = merge(clip(windows, span)) if any(window.overlaps(span) for window in windows) else []
    booked, used, lost = NOTHING, NOTHING, NOTHING
    for place in range(1, places + 1):
        mine = [use for use in uses if use.place == place]
        booked += inside(opened, [use.booked for use in mine])
        used += inside(opened, [use.used for use in mine if use.used])
        lost += inside(opened, [loss.when for loss in losses if loss.place == place])
    return Hours(places * total(opened), booked, used, lost)


def weeks(first: date, count: int) -> list[Interval]:
    """Calendar weeks from the Monday on or before `first`, UTC."""
    monday = first - timedelta(days=first.weekday())
    return [Interval(midnight(monday + n * WEEK), midnight(monday + (n + 1) * WEEK)) for n in range(count)]
