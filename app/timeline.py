"""Time drawn on a grid: the one place that turns instants into columns (`.gN` with `.cN .sN`).

Columns are counted from 1, as CSS does. Edges are rounded to the nearest column, so that spans which follow
each other in time also touch on the page.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple


class Cells(NamedTuple):
    """First column and number of columns: `.c{c} .s{s}`."""

    c: int
    s: int


@dataclass(frozen=True, slots=True)
class Axis:
    """[start, end) as `columns` equal columns. start, end: aware. Raises ValueError for an empty axis."""

    start: datetime
    end: datetime
    columns: int

    def __post_init__(self) -> None:
        if not self.start < self.end or self.columns < 1:
            raise ValueError("an axis runs forward over at least one column")

    @property
    def width(self) -> timedelta:
        """Time in one column."""
        return (self.end - self.start) / self.columns

    def column(self, instant: datetime) -> int:
        """The column that holds the instant, 1 … columns; instants outside are put at the nearer end."""
        inside = (instant - self.start) * self.columns // (self.end - self.start)
        return min(max(inside, 0), self.columns - 1) + 1

    def span(self, start: datetime, end: datetime) -> Cells | None:
        """The columns of [start, end), clipped, at least one; None when it lies outside or is empty."""
        start, end = max(start, self.start), min(end, self.end)
        if not start < end:
            return None
        first = min(self._edge(start), self.columns - 1)
        return Cells(first + 1, max(self._edge(end) - first, 1))

    def _edge(self, instant: datetime) -> int:
        """Columns before the edge nearest to the instant, which lies on the axis."""
        length = self.end - self.start
        return ((instant - self.start) * self.columns * 2 + length) // (length * 2)
