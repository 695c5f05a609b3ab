"""Time drawn on a grid: the one place that turns instants into columns (`.gN` with `.cN .sN`).

Columns are counted from 1, as CSS does. Edges are rounded to the nearest column, so that spans which follow
each other in time also touch on the page.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

# Days between two dates over an axis: steps that are easy to read.
STEPS = (1, 2, 3, 4, 5, 7, 10, 14, 21, 28, 42, 56, 84, 112)


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

    @classmethod
    def fitting(cls, start: datetime, until: datetime, ticks: int = 6, columns: int = 84) -> "Axis":
        """An axis that begins at `start` and shows `until`, its dates whole days apart.

        columns: a multiple of ticks, so that each date stands over the edge of a column.
        """
        days = -((start - until) // timedelta(days=1)) / ticks
        step = next((step for step in STEPS if step >= days), STEPS[-1])
        return cls(start, start + timedelta(days=step * ticks), columns)

    def ticks(self, count: int = 6) -> list[datetime]:
        """`count` instants at even distances, the first at the start."""
        return [self.start + (self.end - self.start) * place / count for place in range(count)]

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

    def mark(self, instant: datetime) -> int:
        """The column behind the edge nearest to an instant on the axis: a mark touches the span that ends there."""
        return min(self._edge(instant), self.columns - 1) + 1

    def _edge(self, instant: datetime) -> int:
        """Columns before the edge nearest to the instant, which lies on the axis."""
        length = self.end - self.start
        return ((instant - self.start) * self.columns * 2 + length) // (length * 2)


class Phase(StrEnum):
    """A phase of an order line and how it is drawn: work thick, waiting thin. Values are CSS classes."""

    CLOSED = "p-off"
    REVIEW = "p-rev"
    SAMPLE = "p-smp"
    WAITING = "p-wait"
    TESTING = "p-test"
    REPORTING = "p-rep"
    ISSUED = "p-end"
    """An instant, not a span."""
    MARGIN = "p-unk"
    """From the likely to the safe date."""
    PLANNED = "p-plan"
    ATTENDED = "p-att"
    """Set-up and clean-down of a bench."""
    KEPT = "p-keep"
    """The bench is kept while nobody works on it."""
    NOW = "now"
    """An instant, not a span."""


INSTANTS = frozenset({Phase.ISSUED, Phase.NOW})


class Stretch(NamedTuple):
    """A phase from one instant to another; ISSUED and NOW are drawn at its start."""

    phase: Phase
    start: datetime
    end: datetime


class Piece(NamedTuple):
    """A stretch on the grid: CSS class, first column, number of columns."""

    css: str
    c: int
    s: int


def draw(axis: Axis, stretches: Iterable[Stretch]) -> list[Piece]:
    """The stretches that meet the axis, in their order: later ones lie above earlier ones."""
    pieces: list[Piece] = []
    for phase, start, end in stretches:
        if phase in INSTANTS and axis.start <= start < axis.end:
            pieces.append(Piece(phase, axis.mark(start), 1))
        elif cells := axis.span(start, end):
            pieces.append(Piece(phase, *cells))
    return pieces
