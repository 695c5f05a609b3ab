"""The list of bookings: what its address asks for, and how the rows are grouped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from flask_babel import gettext

from app.accounts.models import Organisation
from app.accounts.policy import Viewer
from app.booking import reading
from app.booking.pages import seen_bookings
from app.booking.presenting import Seen
from app.booking.reading import Filter, Shown
from app.booking.rules import Limits, State
from app.booking.sentences import Next, next_step
from app.clock import has_calendar
from app.labs.models import Lab
from app.language import local

PAGE = 100


@dataclass(frozen=True, slots=True)
class Line:
    """A booking in the list with its sentence and, where the viewer may know it, its company."""

    seen: Seen
    next: Next
    company: Organisation | None


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows under headings; `after` leads to the following page; `any` tells an empty list from an empty filter."""

    wanted: Filter
    groups: list[tuple[str, list[Line]]]
    labs: list[Lab]
    after: str | None
    any: bool


def asked(args: Mapping[str, str]) -> Filter:
    """The filter of an address; what can't be read asks for nothing."""
    return Filter(
        what=_what(args.get("state", "")),
        lab_id=args.get("lab") or None,
        first=_date(args.get("from", "")),
        last=_date(args.get("to", "")),
    )


def listing(
    viewer: Viewer, wanted: Filter, now: datetime, limits: Limits, after: tuple[datetime, str] | None
) -> Listing:
    """The page of the list behind `after`."""
    found = reading.listed(viewer, wanted, now, after, PAGE + 1)
    shown = found[:PAGE]
    companies = reading.companies(viewer, shown)
    lines = [
        Line(seen, next_step(seen), companies.get(seen.booking.company_id))
        for seen in seen_bookings(viewer, shown, now, limits)
    ]
    booked = reading.booked_labs(viewer)
    return Listing(
        wanted=wanted,
        groups=_by_turn(lines) if wanted.what is Shown.OPEN else _by_month(lines),
        labs=booked,
        after=f"{shown[-1].starts_at.isoformat()}|{shown[-1].id}" if len(found) > PAGE else None,
        any=bool(booked),
    )


def _by_turn(lines: Sequence[Line]) -> list[tuple[str, list[Line]]]:
    """What needs the reader first, then what runs, then what comes."""
    mine = [line for line in lines if line.next.need]
    running = [line for line in lines if not line.next.need and line.seen.state is State.RUNNING]
    coming = [line for line in lines if not line.next.need and line.seen.state is not State.RUNNING]
    groups = [(gettext("轮到您"), mine), (gettext("试验中"), running), (gettext("接下来"), coming)]
    return [(title, rows) for title, rows in groups if rows]


def _by_month(lines: Sequence[Line]) -> list[tuple[str, list[Line]]]:
    def month(line: Line) -> str:
        return f"{local(line.seen.booking.starts_at):%Y-%m}"

    return [(name, list(rows)) for name, rows in groupby(lines, month)]


def _what(text: str) -> Shown | State:
    for kind in (Shown, State):
        if text in set(kind):
            return kind(text)
    return Shown.OPEN


def _date(text: str) -> date | None:
    try:
        on = date.fromisoformat(text)
    except ValueError:
        return None
    return on if has_calendar(on) else None
