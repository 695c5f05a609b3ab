"""Time of a booking drawn: how long until the report, and how its bench is used. Columns only, no words.

Work is thick, waiting thin (`.p-…` of the style sheet); all bars have six labelled steps of ten or more columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.timeline import Axis, Cells
from app.worktime import Interval, Use, WorkingCalendar, clip, is_working_day, local_date, local_day, midnight

STEPS = 6
COLUMNS = 60
MINUTE_STEPS = (30, 60, 120, 180, 240, 300, 360, 480, 720)
DAY_STEPS = (1, 2, 3, 4, 5, 7, 10, 14, 21, 28, 42, 56, 70)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a bar: its class and its columns."""

    css: str
    cells: Cells


@dataclass(frozen=True, slots=True)
class Bar:
    """Instants at which the labelled steps begin, whether those are whole days, and one row of pieces or more."""

    ticks: list[datetime]
    by_day: bool
    rows: list[list[Piece]]


Stretch = tuple[str, datetime | None, datetime | None]


def day_axis(start: datetime, end: datetime, columns: int = COLUMNS) -> tuple[Axis, list[datetime]]:
    """Whole local days from that of `start` to behind `end`, in six steps."""
    first = midnight(local_date(start))
    days = (end - first) / DAY
    step = next((n for n in DAY_STEPS if n * STEPS > days), int(days // STEPS) + 1)
    ticks = [midnight(local_date(first) + n * step * DAY) for n in range(STEPS + 1)]
    return Axis(ticks[0], ticks[-1], columns), ticks[:-1]


def time_axis(start: datetime, end: datetime, columns: int = COLUMNS) -> tuple[Axis, list[datetime], bool]:
    """From the hour of `start` to behind `end` in six steps of hours, of days where it is long (then True)."""
    first = start.replace(minute=0, second=0, microsecond=0)
    step = next((n for n in MINUTE_STEPS if timedelta(minutes=n * STEPS) > end - first), None)
    if step is None:
        return *day_axis(start, end, columns), True
    ticks = [first + timedelta(minutes=step * n) for n in range(STEPS + 1)]
    return Axis(ticks[0], ticks[-1], columns), ticks[:-1], False


def pieces(axis: Axis, stretches: Sequence[Stretch]) -> list[Piece]:
    """The stretches that are known, have a length and meet the axis."""
    return [
        Piece(css, cells)
        for css, start, end in stretches
        if start is not None and end is not None and start < end and (cells := axis.span(start, end))
    ]


def mark(axis: Axis, css: str, at: datetime | None) -> list[Piece]:
    """One column at an instant on the axis: the end of it all, or now."""
    if at is None or not axis.start <= at <= axis.end:
        return []
    return [Piece(css, Cells(axis.column(at), 1))]


def days_off(axis: Axis) -> list[Piece]:
    """Weekends and holidays on the axis, neighbours together."""
    off: list[Interval] = []
    on = local_date(axis.start)
    while midnight(on) < axis.end:
        if not is_working_day(on):
            whole = local_day(on)
            if off and off[-1].end == whole.start:
                off[-1] = Interval(off[-1].start, whole.end)
            else:
                off.append(whole)
        on += DAY
    return pieces(axis, [("p-off", span.start, span.end) for span in off])


@dataclass(frozen=True, slots=True)
class Course:
    """The instants of a line, real or planned: None is not (yet) known."""

    submitted: datetime | None
    accepted: datetime | None
    taken: datetime | None
    ended: datetime | None
    issued: datetime | None
    safe: datetime | None = None


def until_report(course: Course, now: datetime) -> Bar:
    """From the request to the report, safe date behind it."""
    start = min(at for at in (course.submitted, course.taken, now) if at is not None)
    last = max(at for at in (course.safe, course.issued, course.ended, start + DAY) if at is not None)
    axis, ticks = day_axis(start, last)
    row = days_off(axis) + pieces(axis, _phases(course, "p-smp")) + _end(axis, course)
    return Bar(ticks, True, [row])


def actual_and_plan(actual: Course, plan: Course, now: datetime) -> Bar:
    """What has happened (and what is still to come, outlined) over what was planned, on one axis."""
    known = [at for course in (actual, plan) for at in _instants(course)]
    axis, ticks = day_axis(min([*known, now]), max([*known, now]))
    to_come = _to_come(actual, plan, now)
    done = days_off(axis) + pieces(axis, _phases(_until(actual, now), "p-wait") + to_come)
    done += _end(axis, actual) if actual.issued else []
    done += mark(axis, "now", now) if not actual.issued else []
    planned = days_off(axis) + pieces(axis, _phases(plan, "p-wait")) + _end(axis, plan)
    return Bar(ticks, True, [done, planned])


def bench_use(use: Use, calendar: WorkingCalendar, unattended: bool) -> Bar:
    """Set-up, run and clean-down; where nobody works the bench is kept (thin), unless the run goes on by itself."""
    axis, ticks, by_day = time_axis(use.starts_at, use.ends_at)
    closed = [span.interval for span in calendar.closed_spans(Interval(axis.start, axis.end))]
    stretches: list[Stretch] = [("p-off", span.start, span.end) for span in closed]
    stretches += _attended("p-att", calendar, use.starts_at, use.run_from)
    run: list[Stretch] = [("p-test", use.run_from, use.run_until)]
    stretches += run if unattended else _attended("p-test", calendar, use.run_from, use.run_until)
    stretches += _attended("p-att", calendar, use.run_until, use.ends_at)
    return Bar(ticks, by_day, [pieces(axis, stretches) + mark(axis, "p-end", use.ends_at)])


def _attended(css: str, calendar: WorkingCalendar, start: datetime, end: datetime) -> list[Stretch]:
    """Working stretches thick, the bench kept between them thin."""
    if start >= end:
        return []
    kept: list[Stretch] = [("p-keep", start, end)]
    return kept + [
        (css, span.start, span.end) for span in clip(calendar.windows(Interval(start, end)), Interval(start, end))
    ]


def _phases(course: Course, waiting: str) -> list[Stretch]:
    return [
        ("p-rev", course.submitted, course.accepted),
        (waiting, course.accepted, course.taken),
        ("p-test", course.taken, course.ended),
        ("p-rep", course.ended, course.issued),
        ("p-unk", course.issued, course.safe),
    ]


def _end(axis: Axis, course: Course) -> list[Piece]:
    return mark(axis, "p-end", course.issued)


def _instants(course: Course) -> list[datetime]:
    every = (course.submitted, course.accepted, course.taken, course.ended, course.issued, course.safe)
    return [at for at in every if at is not None]


def _until(course: Course, now: datetime) -> Course:
    """The phase that is running ends now on the bar."""
    done = [course.submitted, course.accepted, course.taken, course.ended, course.issued]
    if None in done:
        done[done.index(None)] = now
    return Course(*done)


def _to_come(actual: Course, plan: Course, now: datetime) -> list[Stretch]:
    """Outlined: the rest of the use and of the report, from now on."""
    if actual.issued or actual.submitted is None:
        return []
    taken, ended = actual.taken or plan.taken, actual.ended or plan.ended
    use: list[Stretch] = [] if actual.ended or taken is None else [("p-plan", max(taken, now), ended)]
    begin = max(ended, now) if ended else None
    return [*use, ("p-plan", begin, plan.issued)]
