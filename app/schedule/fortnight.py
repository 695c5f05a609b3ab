"""Two weeks of one bench, a row for each day over the hours that it works: for the page of the bench."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.accounts.policy import Viewer
from app.booking.rules import Limits
from app.schedule import board, queries
from app.schedule.board import Column
from app.schedule.forms import TWO_WEEKS
from app.schedule.rows import Frame, Row
from app.timeline import Axis
from app.worktime import Interval, subtract

# Twelve labels over the day: an hour each where twelve hours hold all shifts, else two.
TICKS = 12
QUARTERS = 4


@dataclass(frozen=True, slots=True)
class Fortnight:
    """The bench, its days, and the local hours that are drawn: `ticks` of `hours_a_tick` from `opens` on."""

    frame: Frame
    row: Row
    columns: tuple[Column, ...]
    opens: int
    hours_a_tick: int

    @property
    def provisional(self) -> bool:
        """Whether the holidays of a day are not published yet."""
        return any(column.info.provisional for column in self.columns)

    @property
    def ticks(self) -> list[int]:
        """Local hours that are labelled."""
        return [self.opens + n * self.hours_a_tick for n in range(TICKS)]

    def axis(self, column: Column) -> Axis:
        """The hours of a day, a column for each quarter of an hour."""
        start = column.when.start + timedelta(hours=self.opens)
        hours = TICKS * self.hours_a_tick
        return Axis(start, start + timedelta(hours=hours), hours * QUARTERS)


def fortnight(viewer: Viewer, resource_id: str, first: date, now: datetime, limits: Limits) -> Fortnight | None:
    """Two weeks of a bench from `first`; None for an unknown one."""
    frame = board.frame_of(viewer, first, TWO_WEEKS, now, limits)
    found = board.rows(viewer, queries.listed(resource_id), "", now, frame, nights=True)
    if not found:
        return None
    (row,) = found
    opens, hours_a_tick = _hours(subtract([frame.span], [run.when for run in row.closed]), frame)
    return Fortnight(frame, row, board.columns_of(frame), opens, hours_a_tick)


def _hours(worked: list[Interval], frame: Frame) -> tuple[int, int]:
    """The first local hour to draw and the hours of a label."""
    opens, closes = 24.0, 0.0
    for day in frame.days:
        for span in worked:
            if span.overlaps(day):
                opens = min(opens, _hour(max(span.start, day.start), day))
                closes = max(closes, _hour(min(span.end, day.end), day))
    if closes <= opens:
        return 7, 1
    first, last = int(opens), -int(-closes // 1)
    if last - first > TICKS:
        return 0, 2
    return min(max(first - (TICKS - last + first) // 2, 0), 24 - TICKS), 1


def _hour(instant: datetime, day: Interval) -> float:
    return (instant - day.start) / timedelta(hours=1)
