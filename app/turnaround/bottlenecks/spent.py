"""Pure rules: how the open hours of a bench were spent, each hour once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from app.capacity.utilisation.rules import NO_HOURS, NOTHING, Hours, Loss, Use, hours, total
from app.worktime import Interval, clip, intersect, merge, subtract

# What a cause begins with.
PAUSE, CLOSURE = "pause:", "closure:"


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


def spent(
    span: Interval, windows: Sequence[Interval], places: int, uses: Sequence[Use], losses: Sequence[Loss]
) -> Spent:
    """How a bench spent `span`. windows: its working windows. losses: pauses of runs, `pause:…`, among them.

    Where several things are said of one hour, the first of these counts: paused, ran, lost for another cause, booked;
    of several causes the first by name.
    """
    opened = merge(clip(windows, span))
    pauses, others = _by_cause(losses, True), _by_cause(losses, False)
    running, unused, free, lost = NOTHING, NOTHING, NOTHING, dict.fromkeys([*pauses, *others], NOTHING)
    for place in range(1, places + 1):
        mine = [use for use in uses if use.place == place]
        ran = [use.used for use in mine if use.used]
        left = _Left(opened)
        for cause, all_of_it in pauses.items():
            paused = [loss.when for loss in all_of_it if loss.place == place]
            lost[cause] += left.take(intersect(paused, ran))
        running += left.take(ran)
        for cause, all_of_it in others.items():
            lost[cause] += left.take([loss.when for loss in all_of_it if loss.place == place])
        unused += left.take([use.booked for use in mine])
        free += left.rest
    by_itself = [loss for each in others.values() for loss in each]
    found = {cause: length for cause, length in lost.items() if length}
    return Spent(hours(span, windows, places, uses, by_itself), running, unused, free, found)


def _by_cause(losses: Iterable[Loss], pauses: bool) -> dict[str, list[Loss]]:
    found: dict[str, list[Loss]] = defaultdict(list)
    for loss in losses:
        if loss.cause.startswith(PAUSE) is pauses:
            found[loss.cause].append(loss)
    return {cause: found[cause] for cause in sorted(found)}


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
