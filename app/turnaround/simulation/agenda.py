"""The free time of one place on a bench: found, taken, given back. Nothing is ever taken twice."""

from bisect import bisect_left, bisect_right

from app.turnaround.simulation.openings import NEVER, Openings, Task


class Agenda:
    """Gaps of one place between 0 and NEVER, sorted and apart. grain: minutes between starts."""

    __slots__ = ("_ends", "_rooms", "_starts", "grain", "openings")

    def __init__(self, openings: Openings, grain: int) -> None:
        self.openings, self.grain = openings, grain
        self._starts, self._ends, self._rooms = [0], [NEVER], [openings.total]

    def earliest(self, task: Task, at: int, before: int = NEVER) -> tuple[int, int] | None:
        """The first use that starts in [at, before); None when there is none."""
        starts, ends, rooms = self._starts, self._ends, self._rooms
        least, attended, openings = task.least, task.attended, self.openings
        first, last = bisect_right(ends, at), len(starts) if before >= NEVER else bisect_left(starts, before)
        # The rooms are looked at first: most gaps are too small, and this loop is half of a simulated year.
        for index, room in enumerate(rooms[first:last], first):
            if room < attended:
                continue
            begin, end = starts[index], ends[index]
            if end - begin < least:
                continue
            start = openings.next_start(begin if begin > at else at, self.grain)
            if start >= before:
                return None
            # A later start in the same gap would not end earlier.
            if end - start >= least and (done := openings.lay(start, task)) <= end:
                return (start, done) if done < NEVER else None
        return None

    def take(self, start: int, end: int) -> None:
        """Raises ValueError unless all of [start, end) is free."""
        index = bisect_right(self._starts, start) - 1
        if index < 0 or self._ends[index] < end:
            raise ValueError("this time is taken")
        self._replace(index, index + 1, [(self._starts[index], start), (end, self._ends[index])])

    def free(self, start: int, end: int) -> None:
        """Give back what was taken."""
        index = bisect_left(self._starts, start)
        first, last = index, index
        if index > 0 and self._ends[index - 1] == start:
            start, first = self._starts[index - 1], index - 1
        if index < len(self._starts) and self._starts[index] == end:
            end, last = self._ends[index], index + 1
        self._replace(first, last, [(start, end)])

    def block(self, start: int, end: int) -> None:
        """Take whatever of [start, end) is free."""
        first, last = bisect_right(self._ends, start), bisect_left(self._starts, end)
        rest = [(self._starts[each], self._ends[each]) for each in range(first, last)]
        self._replace(first, last, [part for s, e in rest for part in ((s, min(e, start)), (max(s, end), e))])

    def forget(self, until: int) -> None:
        """Drop gaps that ended: nobody starts in the past."""
        past = bisect_right(self._ends, until)
        del self._starts[:past], self._ends[:past], self._rooms[:past]

    def _replace(self, first: int, last: int, gaps: list[tuple[int, int]]) -> None:
        kept = [(start, end) for start, end in gaps if start < end]
        self._starts[first:last] = [start for start, _end in kept]
        self._ends[first:last] = [end for _start, end in kept]
        self._rooms[first:last] = [self.openings.open_minutes(*gap) for gap in kept]
