"""Rows of the schedule as elements: classes, addresses and texts, ready for the template.

A page has a thousand of them. The same row in the same style is drawn once; who looks is part of neither,
only what he may know.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import count
from typing import Any, NamedTuple

from flask import current_app
from flask_babel import gettext
from markupsafe import Markup

from app.booking.rules import Limits, State
from app.schedule import words
from app.schedule.addresses import Addresses, stamp
from app.schedule.closed import Answer
from app.schedule.lanes import Lane, Mark, Seen, Window
from app.schedule.rows import Group, Row
from app.schedule.words import Times
from app.timeline import Axis
from app.worktime import WorkingCalendar, local_date

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


@dataclass(frozen=True, eq=False)
class Style:
    """How a page is drawn. spelled: whether cells tell their times; chosen: index of the day that a phone spells out;
    width: px of a lane on a desktop, so that only text that fits is written; moves, closes: whether the viewer may move
    what is booked at his lab, and close what is free of its benches. Known by identity: `styled` gives the same one
    again.
    """

    to: Addresses
    limits: Limits
    language: str
    spelled: bool
    chosen: int = 0
    width: int = 1024
    moves: bool = False
    closes: bool = False


@lru_cache(maxsize=256)
def styled(to: Addresses, limits: Limits, language: str, **more: Any) -> Style:
    """The style with these facts, named as in `Style`."""
    return Style(to, limits, language, **more)


class Cell(NamedTuple):
    """An element of a lane, a link where it has an address. by: ids of what names it; spoken: its name, where the
    text that fits is not all of it. starts: of a booking that can be moved, its start for an address.
    """

    css: str
    href: str = ""
    text: str = ""
    title: str = ""
    by: str = ""
    spoken: str = ""
    starts: str = ""


class Item(NamedTuple):
    """What a phone says below a bench: a button for a free window, a link, or just words."""

    text: str
    href: str = ""
    button: bool = False


class Sentence(NamedTuple):
    """A text that many cells point at by its id. note: it can be read, too, where a cell was followed to it."""

    id: str
    text: str
    note: bool


class Drawn(NamedTuple):
    """A row, and the sentences that its cells point at, by id."""

    html: Markup
    sentences: Mapping[str, Sentence]


class Table(NamedTuple):
    """All rows of a page, and the sentences that their cells point at: names, and notes that closed cells lead to."""

    rows: Markup
    names: Markup
    notes: Markup


@lru_cache(maxsize=64)
def table(groups: tuple[Group, ...], style: Style) -> Table:
    """The rows of a page under the names of their labs."""
    numbers, html = count(1), list[Markup]()
    sentences: dict[str, Sentence] = {}
    for group in groups:
        html.append(_macro("group")(lab=group.lab, address=style.to.lab(group.lab.lab_id)))
        for row in group.rows:
            found = drawn(row, next(numbers), style)
            html.append(found.html)
            sentences.update(found.sentences)
    names, notes = ([each for each in sentences.values() if each.note is note] for note in (False, True))
    return Table(Markup("").join(html), _macro("names")(names), _macro("notes")(notes))


@lru_cache(maxsize=2048)
def drawn(row: Row, number: int, style: Style) -> Drawn:
    """The row of a bench in the table. number: its place on the page, from 1."""
    pen = Pen(style)
    html = _macro("row")(
        row=row,
        number=number,
        lanes=pen.lanes(row, number, row.frame.axis),
        items=list(pen.said(row)),
        moves=style.moves and row.own_lab,
        first_free="" if row.own_lab else pen.first_free(row),
        address=style.to.resource(row.shown.id),
        now=row.frame.axis.column(row.frame.now) if row.frame.span.contains(row.frame.now) else None,
    )
    return Drawn(html, pen.sentences)


def _macro(name: str) -> Callable[..., Markup]:
    macro: Callable[..., Markup] = getattr(current_app.jinja_env.get_template("schedule/_rows.html").module, name)
    return macro


class Pen:
    """Draws in one style and keeps the sentences that were used."""

    def __init__(self, style: Style) -> None:
        self._style = style
        self.sentences: dict[str, Sentence] = {}

    def lanes(self, row: Row, number: int, axis: Axis) -> list[list[Cell]]:
        """The lanes of a bench, the ground in the first. number: of its name, whose id is `r` and this."""
        column = self._style.width / axis.columns
        closes = self._style.closes and row.own_lab
        cells = [list(self._marks(lane, row, number, column)) for lane in row.lanes(axis, closes)]
        cells[0][:0] = self._ground(row, axis, column)
        return cells

    def said(self, row: Row) -> Iterator[Item]:
        """What a phone says of the chosen day: free windows or why there are none, and then one's own uses."""
        day = self._style.chosen
        if not row.own_lab:
            form = self._style.to.form(row.shown.id) if row.frame.book else ""
            windows = row.windows_on(day)
            for window in windows:
                yield Item(words.free_on(window), form and form + stamp(window.starts_at), button=bool(form))
            if not windows:
                answer = row.answer_on(day)
                yield Item(self._why(answer).text if answer else gettext("当天没有空档。"))
        for item in row.seen:
            href = self._style.to.booking(item.booking_id) if item.booking_id else ""
            yield Item(words.listed(item, row.own_lab), href)

    def first_free(self, row: Row) -> str:
        """From which day on a bench can be had."""
        return words.first_free(local_date(row.windows[0].when.start) if row.windows else None)

    def _ground(self, row: Row, axis: Axis, column: float) -> Iterator[Cell]:
        if row.closed and not self._style.spelled:
            # Nights are too many to mark one by one; they lie under everything else, and answer too.
            on = local_date(row.frame.span.start)
            said = self._keep(_opening(row.shown.bench.calendar, on, self._style.language), note=True)
            yield Cell(f"c1 s{axis.columns}", f"#{said.id}", by=said.id)
        for piece in row.ground(axis):
            said = self._why(piece.answer)
            css, text = "off-t", ""
            if self._style.spelled:
                css = "off-t say2"
                text = words.fitting((said.text,), piece.cells.s * column - PADDING)
            yield Cell(f"{css} c{piece.cells.c} s{piece.cells.s}", f"#{said.id}", text=text, by=said.id)

    def _marks(self, lane: Lane, row: Row, number: int, column: float) -> Iterator[Cell]:
        form = self._style.to.form(row.shown.id)
        for mark in lane.marks:
            room = mark.cells.s * column
            if mark.window and row.own_lab:
                yield self._idle(mark, mark.window, lane.place, row, number)
            elif mark.window:
                yield self._free(mark, mark.window, form, number, room)
            elif mark.seen:
                yield self._seen(mark, row.own_lab, room)
            else:
                yield self._taken(mark, room)

    def _free(self, mark: Mark, window: Window, form: str, number: int, room: float) -> Cell:
        spelled = self._style.spelled
        times = words.times(window)
        said = self._keep(_free(times, self._style.language), note=False, ident=_times_id(times))
        return Cell(
            f"{'ev open' if spelled else 'fr'} c{mark.cells.c} s{mark.cells.s}",
            form + stamp(window.starts_at),
            text=words.fitting(words.of_window(window), room) if spelled else "",
            by=f"r{number} d{window.day} {said.id}",
        )

    def _idle(self, mark: Mark, window: Window, place: int | None, row: Row, number: int) -> Cell:
        times = words.times(window)
        said = self._keep(
            _idle(times, place, self._style.language), note=False, ident=f"i{place or ''}{_times_id(times)}"
        )
        return Cell(
            f"fr idle c{mark.cells.c} s{mark.cells.s}",
            self._style.to.closing(row.shown.lab_id, row.shown.id, place, window.when),
            by=f"r{number} d{window.day} {said.id}",
        )

    def _taken(self, mark: Mark, room: float) -> Cell:
        text = words.fitting((words.busy_hours(mark.when),), room) if self._style.spelled else ""
        text = text or words.fitting(_busy(self._style.language), room)
        hidden = "" if text else _busy(self._style.language)[0]
        return Cell(f"ev busy c{mark.cells.c} s{mark.cells.s}", text=text, title=hidden, spoken=hidden)

    def _seen(self, mark: Mark, own_lab: bool, room: float) -> Cell:
        item = mark.seen[0]
        href = self._style.to.booking(item.booking_id) if item.booking_id else ""
        if len(mark.seen) > 1:
            href = self._style.to.at(mark.when.start)
        text = words.fitting(words.of_mark(mark, own_lab), room)
        title = words.title(mark, own_lab)
        css, starts = f"ev {look(mark, own_lab)} c{mark.cells.c} s{mark.cells.s}", ""
        if own_lab and self._style.moves and len(mark.seen) == 1 and _movable(item):
            css, starts = f"{css} mv", stamp(item.when.start)
        return Cell(css, href, text, title, spoken=title, starts=starts)

    def _why(self, answer: Answer) -> Sentence:
        return self._keep(words.why(answer, self._style.limits), note=True)

    def _keep(self, text: str, note: bool, ident: str = "") -> Sentence:
        ident = ident or f"w{zlib.crc32(text.encode()):x}"
        return self.sentences.setdefault(ident, Sentence(ident, text, note))


def _times_id(times: Times) -> str:
    return f"h{times.start}{times.last_start or times.end}".replace(":", "")


# These few texts stand in most cells of a page.
@lru_cache(maxsize=4096)
def _free(times: Times, _language: str) -> str:
    return words.free(times)


@lru_cache(maxsize=1024)
def _idle(times: Times, place: int | None, _language: str) -> str:
    return words.idle(times, place)


@lru_cache(maxsize=64)
def _opening(calendar: WorkingCalendar, on: date, _language: str) -> str:
    return words.opening(calendar, on)


@lru_cache(maxsize=2)
def _busy(_language: str) -> tuple[str, ...]:
    return words.busy()


def _movable(item: Seen) -> bool:
    """Whether its lab can propose another time."""
    return item.state in (State.REQUESTED, State.CONFIRMED) and not item.proposed


def look(mark: Mark, own_lab: bool) -> str:
    """The class that draws what the viewer knows of."""
    item = mark.seen[0]
    if item.state is None:
        return "maint"
    if item.proposed:
        return "kept" if own_lab else "hold"
    return (LAB_LOOKS if own_lab else LOOKS)[item.state]
