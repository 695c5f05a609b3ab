"""Pure rules of a lab's calendars: shifts as typed, patterns that meet, and what a change no longer covers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from app.errors import N_, YujianError
from app.worktime import Interval, Use, WorkingCalendar, intersect, merge, subtract

MINUTES_A_DAY = 1440
DAYS_A_WEEK = 7

Piece = tuple[int, int, int]
"""A weekday (0 = Monday) with local minutes [opens, closes)."""


class ShiftsOverlap(YujianError):
    field = "shifts"
    message = N_("班次重叠：%(first)s 和 %(second)s。")


class HoursBeyondDay(YujianError):
    field = "closes"
    message = N_("开放时段要在同一天的 00:00 到 24:00 之间，关闭晚于开放；跨夜请分两天填。")


class EndsBeforeBegin(YujianError):
    field = "valid_until"
    message = N_("结束日期要在开始日期当天或之后。")


class PatternsMeet(YujianError):
    """facts: the name of the other pattern."""

    field = "valid_from"
    message = N_("这段日期已有排班“%(name)s”。可以勾选让它到前一天为止，或改日期。")


@dataclass(frozen=True, slots=True)
class Shift:
    """Hours on some weekdays as they are typed; a shift that closes at or before it opens goes on past midnight.

    weekdays: 0 = Monday. opens, closes: local minutes after midnight; closes 0 is the next midnight.
    """

    weekdays: frozenset[int]
    opens: int
    closes: int

    @property
    def label(self) -> str:
        return f"{clock(self.opens)}–{clock(self.closes)}"

    def pieces(self) -> list[Piece]:
        """The shift cut at midnight, as it is stored."""
        found: list[Piece] = []
        for weekday in sorted(self.weekdays):
            if self.opens < self.closes:
                found.append((weekday, self.opens, self.closes))
                continue
            found.append((weekday, self.opens, MINUTES_A_DAY))
            if self.closes:
                found.append(((weekday + 1) % DAYS_A_WEEK, 0, self.closes))
        return found


def clock(minute: int) -> str:
    """A minute of the day, `08:30`; midnight at its end is `24:00`."""
    return f"{minute // 60:02}:{minute % 60:02}"


def pieces_of(shifts: Sequence[Shift]) -> list[list[int]]:
    """All shifts cut at midnight, by weekday and time. Raises ShiftsOverlap, naming the two that meet."""
    named = sorted((piece, shift.label) for shift in shifts for piece in shift.pieces())
    for ((day, _, closes), first), ((other, opens, _), second) in pairwise(named):
        if day == other and opens < closes:
            raise ShiftsOverlap(first=first, second=second)
    return [list(piece) for piece, _ in named]


def as_typed(pieces: Iterable[Sequence[int]]) -> list[Shift]:
    """Stored pieces as shifts again: nights joined over midnight, equal hours of several weekdays together."""
    known = {(day, opens, closes) for day, opens, closes in pieces}
    mornings = {night: morning for night in known if (morning := _morning_after(night, known))}
    by_hours: dict[tuple[int, int], set[int]] = {}
    for piece in known - set(mornings.values()):
        day, opens, closes = piece
        end = mornings[piece][2] if piece in mornings else closes
        by_hours.setdefault((opens, end % MINUTES_A_DAY), set()).add(day)
    return [Shift(frozenset(days), opens, closes) for (opens, closes), days in sorted(by_hours.items())]


def _morning_after(night: Piece, pieces: Iterable[Piece]) -> Piece | None:
    """The piece with which a shift goes on past midnight; none behind one that was open since midnight."""
    day, opens, closes = night
    if closes != MINUTES_A_DAY or not opens:
        return None
    following = (day + 1) % DAYS_A_WEEK
    return next((p for p in pieces if p[0] == following and p[1] == 0 and p[2] < opens), None)


@dataclass(frozen=True, slots=True)
class Validity:
    """First and last local date, both inclusive; None is open."""

    first: date | None
    last: date | None

    def meets(self, other: "Validity") -> bool:
        """Whether a date lies in both."""
        starts_late = self.first is not None and other.last is not None and self.first > other.last
        ends_early = self.last is not None and other.first is not None and self.last < other.first
        return not starts_late and not ends_early


def check_hours(hours: Iterable[tuple[int, int]]) -> None:
    """Hours of one date, in local minutes. Raises HoursBeyondDay."""
    if not all(0 <= opens < closes <= MINUTES_A_DAY for opens, closes in hours):
        raise HoursBeyondDay()


def check_validity(valid: Validity) -> None:
    """Raises EndsBeforeBegin."""
    if valid.first and valid.last and valid.last < valid.first:
        raise EndsBeforeBegin()


def make_room(valid: Validity, name: str, other: Validity, ends_before: bool) -> Validity:
    """The validity of another pattern of the same reach, ended the day before where that was asked.

    Raises PatternsMeet where the two meet and it was not asked, or the other one doesn't begin before.
    """
    if not valid.meets(other):
        return other
    begins_before = valid.first is not None and (other.first is None or other.first < valid.first)
    if not (ends_before and begins_before):
        raise PatternsMeet(name=name)
    assert valid.first is not None
    return Validity(other.first, valid.first - timedelta(days=1))


def attended(use: Use, unattended: bool) -> list[Interval]:
    """The parts of a use that need staff: all of it, or set-up and clean-down where the run goes on by itself."""
    if not unattended:
        return [use.interval]
    ends = [(use.starts_at, use.run_from), (use.run_until, use.ends_at)]
    return [Interval(start, end) for start, end in ends if start < end]


def is_covered(use: Use, unattended: bool, now: WorkingCalendar, then: WorkingCalendar) -> bool:
    """Whether a booked use can stay as it is under another calendar.

    It can where all attended time that the calendar of now works is worked under the other one too: nights that a
    stretched use only waits through don't matter, a shift that is taken away does.
    """
    parts = attended(use, unattended)
    worked = intersect(now.windows(use.interval), parts)
    return not subtract(worked, then.windows(use.interval))


@dataclass(frozen=True, slots=True)
class Difference:
    """Open hours that a change adds and takes away, each sorted and merged."""

    opened: list[Interval]
    closed: list[Interval]


def difference(span: Interval, now: WorkingCalendar, then: WorkingCalendar) -> Difference:
    """How two calendars differ in a span."""
    before, after = merge(now.windows(span)), merge(then.windows(span))
    return Difference(intersect([span], subtract(after, before)), intersect([span], subtract(before, after)))
