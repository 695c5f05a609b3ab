"""Rows of the schedule as elements: classes, addresses and texts, ready for the template.

A page has a thousand of them, so texts that many share are made once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import Any, NamedTuple

from flask_babel import gettext

from app.booking.rules import Limits, State
from app.schedule import words
from app.schedule.addresses import Addresses, stamp
from app.schedule.board import Frame, Row
from app.schedule.lanes import Lane, Mark, Window
from app.timeline import Axis
from app.worktime import local_date

# How one's own booking is drawn by its state, and a booking at one's own lab.
LOOKS = {
    State.HELD: "hold",
    State.REQUESTED: "wait",
    State.CONFIRMED: "own",
    State.RUNNING: "own",
    State.COMPLETED: "own",
}
LAB_LOOKS = {
    State.HELD: "kept",
    State.REQUESTED: "ask",
    State.CONFIRMED: "pl",
    State.RUNNING: "own",
    State.COMPLETED: "busy",
}
# px that `.say2` leaves at both sides of its text, beyond what a block does.
PADDING = 12


class Cell(NamedTuple):
    """An element of a lane, a link where it has an address. by: ids of what names it; spoken: its name, where the
    text that fits is not all of it.
    """

    css: str
    href: str = ""
    text: str = ""
    title: str = ""
    by: str = ""
    spoken: str = ""


class Item(NamedTuple):
    """What a phone says below a bench: a button for a free window, a link, or just words."""

    text: str
    href: str = ""
    button: bool = False


class Sentence(NamedTuple):
    """A text and the number by which cells point at it."""

    number: int
    text: str


class Said:
    """Sentences that many cells share, each made once."""

    def __init__(self, make: Callable[[Any], str]) -> None:
        self._make = make
        self._known: dict[Hashable, Sentence] = {}

    def __call__(self, what: Hashable) -> Sentence:
        """The sentence on `what`."""
        known = self._known.get(what)
        if known is None:
            known = self._known[what] = Sentence(len(self._known) + 1, self._make(what))
        return known

    def __iter__(self) -> Iterator[Sentence]:
        return iter(self._known.values())


class Drawing:
    """One page. spelled: whether cells tell their times; width: px of a lane on a desktop, so that only text that
    fits is written.
    """

    def __init__(self, frame: Frame, to: Addresses, limits: Limits, spelled: bool, width: float = 1024) -> None:
        self.frame = frame
        self.to = to
        self.spelled = spelled
        self.width = width
        self.answers = Said(lambda answer: words.why(answer, limits))
        self.opening = Said(words.opening)
        self.hours = Said(words.free)
        self._busy = Said(lambda room: words.fitting(words.busy(), room))
        self._first_free = Said(words.first_free)
        self._busy_word = gettext("占用")
        self._nothing = gettext("当天没有空档。")

    def lanes(self, row: Row, number: int, axis: Axis | None = None) -> list[list[Cell]]:
        """The lanes of a bench, the ground in the first of them. number: of its name, whose id is `r` and this.

        axis: another one than the page's, for a part of it.
        """
        axis = axis or self.frame.axis
        lanes = row.lanes(axis, self.frame.book)
        drawn = [list(self._marks(lane, row, number, self.width / axis.columns)) for lane in lanes]
        drawn[0][:0] = self._ground(row, axis)
        return drawn

    def said(self, row: Row, day: int) -> Iterator[Item]:
        """What a phone says of a day: free windows or why there are none, and then one's own uses."""
        if not row.own_lab:
            form = self.to.form(row.resource.id) if self.frame.book else ""
            windows = row.windows_on(day)
            for window in windows:
                yield Item(words.free_on(window), form and form + stamp(window.starts_at), button=bool(form))
            if not windows:
                answer = row.answer_on(day, self.frame)
                yield Item(self.answers(answer).text if answer else self._nothing)
        for item in row.seen:
            href = self.to.booking(item.booking_id) if item.booking_id else ""
            yield Item(words.listed(item, row.own_lab), href)

    def first_free(self, row: Row) -> str:
        """From which day on a bench can be had."""
        return self._first_free(local_date(row.windows[0].when.start) if row.windows else None).text

    def _ground(self, row: Row, axis: Axis) -> Iterator[Cell]:
        if row.closed and not self.spelled:
            # Nights are too many to mark one by one; they lie under everything else, and answer too.
            said = self.opening(row.resource.shifts)
            yield Cell(f"c1 s{axis.columns}", f"#o{said.number}", by=f"o{said.number}")
        for piece in row.ground(axis, self.frame):
            said = self.answers(piece.answer)
            css, text = "off-t", ""
            if self.spelled:
                css = "off-t say2"
                text = words.fitting((said.text,), piece.cells.s * self.width / axis.columns - PADDING)
            yield Cell(f"{css} c{piece.cells.c} s{piece.cells.s}", f"#w{said.number}", text=text, by=f"w{said.number}")

    def _marks(self, lane: Lane, row: Row, number: int, column: float) -> Iterator[Cell]:
        form = self.to.form(row.resource.id)
        for mark in lane.marks:
            room = mark.cells.s * column
            if mark.window:
                yield self._free(mark, mark.window, form, number, room)
            elif mark.seen:
                yield self._seen(mark, row.own_lab, room)
            else:
                yield self._taken(mark, room)

    def _free(self, mark: Mark, window: Window, form: str, number: int, room: float) -> Cell:
        said = self.hours(words.times(window))
        text = words.fitting(words.of_window(window), room) if self.spelled else ""
        return Cell(
            f"{'ev open' if self.spelled else 'fr'} c{mark.cells.c} s{mark.cells.s}",
            form + stamp(window.starts_at),
            text=text,
            by=f"r{number} d{window.day} h{said.number}",
        )

    def _taken(self, mark: Mark, room: float) -> Cell:
        text = words.fitting((words.busy_hours(mark.when),), room) if self.spelled else ""
        text = text or self._busy(room).text
        hidden = "" if text else self._busy_word
        return Cell(f"ev busy c{mark.cells.c} s{mark.cells.s}", text=text, title=hidden, spoken=hidden)

    def _seen(self, mark: Mark, own_lab: bool, room: float) -> Cell:
        item = mark.seen[0]
        href = self.to.booking(item.booking_id) if item.booking_id else ""
        if len(mark.seen) > 1:
            href = self.to.at(mark.when.start)
        text = words.fitting(words.of_mark(mark, own_lab), room)
        title = words.title(mark, own_lab)
        return Cell(f"ev {look(mark, own_lab)} c{mark.cells.c} s{mark.cells.s}", href, text, title, spoken=title)


def look(mark: Mark, own_lab: bool) -> str:
    """The class that draws what the viewer knows of."""
    item = mark.seen[0]
    if item.state is None:
        return "maint"
    if item.proposed:
        return "kept" if own_lab else "hold"
    return (LAB_LOOKS if own_lab else LOOKS)[item.state]
