"""Pure rules: how the open hours of a bench were spent, each hour once."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from app.capacity.utilisation.rules import NO_HOURS, NOTHING, Hours, Loss, Use, hours, total
from app.worktime import Interval, clip, intersect, merge, subtract

# What a cause begins with.
PAUSE, CLOSURE = "pause:", "closure:"
# What else can be said of hours. The first two say each hour once, the others count by themselves.
RUNNING, UNUSED = "running", "unused"
BOOKED, USED = "booked", "used"


class Said(NamedTuple):
    """Something that is said of a time. by: the booking or closure; at: since when, whatever part of it is meant."""

    by: str
    at: datetime
    spans: Sequence[Interval]


@dataclass(frozen=True, slots=True)
class Spent:
    """Place-hours of a span. hours: open, booked, used and lost, each counted by itself, as on the lab's page of
    utilisation. The rest counts every open hour once: running + unused + lost + free = open.

    running: a test really ran. unused: booked, and no test ran. lost: by cause, pauses of runs among them.
    """

    hours: Hours = NO_HOURS
    running: timedelta = NOTHING
    unused: timedelta = NOTHING
    free: timedelta = NOTHING
    lost: Mapping[str, timedelta] = field(default_factory=dict)

    @property
    def lost_all(self) -> timedelta:
        return sum(self.lost.values(), NOTHING)

    @property
    def full_share(self) -> int | None:
        """How much of the time in which a bench was open and not closed was booked, whole per cent; None without."""
        closed = sum((length for cause, length in self.lost.items() if cause.startswith(CLOSURE)), NOTHING)
        left = self.hours.open - closed
        return int(100 * min(self.hours.booked / left, 1) + 0.5) if left else None

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(
            self.hours + other.hours,
            self.running + other.running,
            self.unused + other.unused,
            self.free + other.free,
            added(self.lost, other.lost),
        )


def added(*each: Mapping[str, timedelta]) -> dict[str, timedelta]:
    """Lost time of several by cause."""
    found: dict[str, timedelta] = {}
    for lost in each:
        for cause, length in lost.items():
            found[cause] = found.get(cause, NOTHING) + length
    return dict(sorted(found.items()))


@dataclass(frozen=True, slots=True)
class Share:
    """Open hours of one place that are said of a booking or closure, `by`. at: as in Said.

    what: BOOKED, USED, RUNNING, UNUSED, or a cause.
    """

    what: str
    by: str
    at: datetime
    length: timedelta


def spent(
    span: Interval, windows: Sequence[Interval], places: int, uses: Sequence[Use], losses: Sequence[Loss]
) -> Spent:
    """How a bench spent `span`. windows: its working windows. losses: pauses of runs, `pause:…`, among them."""
    opened = merge(clip(windows, span))
    free, found = NOTHING, dict[str, timedelta]()
    for place in range(1, places + 1):
        left = _Left(opened)
        for what, said in _in_order(place, uses, losses):
            taken = left.take([span for each in said for span in each.spans])
            found[what] = found.get(what, NOTHING) + taken
        free += left.rest
    running, unused = found.pop(RUNNING, NOTHING), found.pop(UNUSED, NOTHING)
    by_itself = [loss for loss in losses if not loss.cause.startswith(PAUSE)]
    lost = {cause: length for cause, length in found.items() if length}
    return Spent(hours(span, windows, places, uses, by_itself), running, unused, free, lost)


def shares(
    span: Interval, windows: Sequence[Interval], places: int, uses: Sequence[Use], losses: Sequence[Loss]
) -> Iterator[Share]:
    """Whose the hours of `spent` are; they add up to its `running`, `unused` and `lost`."""
    opened = merge(clip(windows, span))
    for place in range(1, places + 1):
        left = _Left(opened)
        for what, said in _in_order(place, uses, losses):
            taken = ((each, left.take(each.spans)) for each in said)
            yield from (Share(what, each.by, each.at, length) for each, length in taken if length)


def counted(
    what: str, span: Interval, windows: Sequence[Interval], places: int, uses: Sequence[Use], losses: Sequence[Loss]
) -> Iterator[Share]:
    """Whose the hours are that count by themselves in `spent(…).hours`. what: BOOKED or USED."""
    opened = merge(clip(windows, span))
    for place in range(1, places + 1):
        left = _Left(opened)
        for use in uses:
            when = use.booked if what == BOOKED else use.used
            if use.place == place and when and (length := left.take([when])):
                yield Share(what, use.booking_id, use.booked.start, length)


def _in_order(place: int, uses: Sequence[Use], losses: Sequence[Loss]) -> Iterator[tuple[str, list[Said]]]:
    """All that is said of the hours of a place, by what is said and by whom.

    Where several things are said of one hour, the first of these counts: paused, ran, lost for another cause, booked;
    of several causes the first by name.
    """
    mine = [use for use in uses if use.place == place]
    ran = [use.used for use in mine if use.used]
    here = [loss for loss in losses if loss.place == place]
    for cause, pauses in _by_cause(here, True):
        yield cause, [Said(loss.by, loss.when.start, intersect([loss.when], ran)) for loss in pauses]
    yield RUNNING, [Said(use.booking_id, use.booked.start, [use.used]) for use in mine if use.used]
    for cause, others in _by_cause(here, False):
        yield cause, [Said(loss.by, loss.when.start, [loss.when]) for loss in others]
    yield UNUSED, [Said(use.booking_id, use.booked.start, [use.booked]) for use in mine]


def _by_cause(losses: Iterable[Loss], pauses: bool) -> list[tuple[str, list[Loss]]]:
    found: dict[str, list[Loss]] = defaultdict(list)
    for loss in losses:
        if loss.cause.startswith(PAUSE) is pauses:
            found[loss.cause].append(loss)
    return sorted(found.items())


class _Left:
    """Open time of which nothing has been said yet."""

    def __init__(self, opened: Sequence[Interval]) -> None:
        self._opened = opened
        self._said: list[Interval] = []

    def take(self, spans: Sequence[Interval]) -> timedelta:
        """Take these out; how much of them was still there."""
        if not spans:
            return NOTHING
        there = subtract(intersect(self._opened, spans), self._said)
        self._said = merge([*self._said, *there])
        return total(there)

    @property
    def rest(self) -> timedelta:
        return total(self._opened) - total(self._said)
