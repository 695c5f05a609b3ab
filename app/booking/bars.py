"""Time of a booking drawn: how long until the report, and how its bench is used. Columns only, no words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.timeline import Axis, Phase, Piece, Stretch, draw
from app.worktime import Interval, Use, WorkingCalendar, clip, is_working_day, local_date, local_day, midnight

TICKS = 6
COLUMNS = 60
DAY = timedelta(days=1)
# Distances between two times over an axis of hours, in minutes.
MINUTE_STEPS = (30, 60, 120, 180, 240, 300, 360, 480, 720)


@dataclass(frozen=True, slots=True)
class Bar:
    """Instants over the axis, whether those are whole days, and one row of pieces or more."""

    ticks: list[datetime]
    by_day: bool
    rows: list[list[Piece]]


@dataclass(frozen=True, slots=True)
class Course:
    """The instants of a line, real or planned: None is not (yet) known."""

    submitted: datetime | None = None
    accepted: datetime | None = None
    taken: datetime | None = None
    ended: datetime | None = None
    issued: datetime | None = None
    safe: datetime | None = None

    @property
    def instants(self) -> list[datetime]:
        every = (self.submitted, self.accepted, self.taken, self.ended, self.issued, self.safe)
        return [at for at in every if at is not None]

    def until(self, now: datetime) -> "Course":
        """The same with the phase that is running ended at `now`."""
        done = [self.submitted, self.accepted, self.taken, self.ended, self.issued]
        if None in done:
            done[done.index(None)] = now
        return Course(*done)


def until_report(course: Course, now: datetime, waiting: Phase) -> Bar:
    """From the request to the report, the margin to the safe date behind it. waiting: for bench or sample."""
    axis = _days([*course.instants, now])
    return Bar(axis.ticks(TICKS), True, [draw(axis, _days_off(axis) + phases(course, waiting))])


def actual_and_plan(actual: Course, plan: Course, now: datetime) -> Bar:
    """What has happened, and outlined what is still to come, over what was planned; on one axis."""
    axis = _days([*actual.instants, *plan.instants, now])
    off = _days_off(axis)
    done = phases(actual, Phase.WAITING) if actual.issued else _unfinished(actual, plan, now)
    return Bar(axis.ticks(TICKS), True, [draw(axis, off + done), draw(axis, off + phases(plan, Phase.WAITING))])


def bench_use(use: Use, calendar: WorkingCalendar, unattended: bool) -> Bar:
    """Set-up, run and clean-down; where nobody works the bench is kept, unless the run goes on by itself."""
    axis, by_day = _hours(use)
    closed = [span.interval for span in calendar.closed_spans(Interval(axis.start, axis.end))]
    stretches = [Stretch(Phase.CLOSED, span.start, span.end) for span in closed]
    stretches += _worked(Phase.ATTENDED, calendar, use.starts_at, use.run_from)
    run = [Stretch(Phase.TESTING, use.run_from, use.run_until)]
    stretches += run if unattended else _worked(Phase.TESTING, calendar, use.run_from, use.run_until)
    stretches += _worked(Phase.ATTENDED, calendar, use.run_until, use.ends_at)
    stretches.append(Stretch(Phase.ISSUED, use.ends_at, use.ends_at))
    return Bar(axis.ticks(TICKS), by_day, [draw(axis, stretches)])


def _days(instants: Iterable[datetime]) -> Axis:
    """Whole local days with all instants on them, in six even steps."""
    known = list(instants)
    return Axis.fitting(midnight(local_date(min(known))), local_day(local_date(max(known))).end, TICKS, COLUMNS)


def _hours(use: Use) -> tuple[Axis, bool]:
    """From the hour of the start in six even steps of hours; of days (then True) where it is long."""
    start = use.starts_at.replace(minute=0, second=0, microsecond=0)
    step = next((n for n in MINUTE_STEPS if timedelta(minutes=n * TICKS) > use.ends_at - start), None)
    if step is None:
        return _days([use.starts_at, use.ends_at]), True
    return Axis(start, start + timedelta(minutes=step * TICKS), COLUMNS), False


def _days_off(axis: Axis) -> list[Stretch]:
    """Weekends and holidays on the axis, neighbours together."""
    off: list[Stretch] = []
    on = local_date(axis.start)
    while midnight(on) < axis.end:
        if not is_working_day(on):
            day = local_day(on)
            joins = bool(off) and off[-1].end == day.start
            begin = off.pop().start if joins else day.start
            off.append(Stretch(Phase.CLOSED, begin, day.end))
        on += DAY
    return off


def phases(course: Course, waiting: Phase) -> list[Stretch]:
    """The known phases, the report's issue as a mark. waiting: what the bench is waited for with."""
    marks = [Stretch(Phase.ISSUED, course.issued, course.issued)] if course.issued else []
    return [
        *_known(waiting, course.accepted, course.taken),
        *_known(Phase.REPORTING, course.ended, course.issued),
        # After what follows them: a review or a test too short for the axis lies above it, not below.
        *_known(Phase.REVIEW, course.submitted, course.accepted),
        *_known(Phase.TESTING, course.taken, course.ended),
        *_known(Phase.MARGIN, course.issued, course.safe),
        *marks,
    ]


def _unfinished(actual: Course, plan: Course, now: datetime) -> list[Stretch]:
    """The phases so far, the rest of the use and of the report outlined, and now."""
    done = phases(actual.until(now), Phase.WAITING)
    done = [stretch for stretch in done if stretch.phase is not Phase.ISSUED]
    taken, ended = actual.taken or plan.taken, actual.ended or plan.ended
    if ended and not actual.ended:
        done += _known(Phase.PLANNED, max(taken, now) if taken else None, ended)
    done += _known(Phase.PLANNED, max(ended, now) if ended else None, plan.issued)
    return [*done, Stretch(Phase.NOW, now, now)]


def _known(phase: Phase, start: datetime | None, end: datetime | None) -> list[Stretch]:
    return [Stretch(phase, start, end)] if start is not None and end is not None and start < end else []


def _worked(phase: Phase, calendar: WorkingCalendar, start: datetime, end: datetime) -> list[Stretch]:
    """Working stretches thick, the bench kept between them thin."""
    if start >= end:
        return []
    span = Interval(start, end)
    worked = clip(calendar.windows(span), span)
    return [Stretch(Phase.KEPT, start, end), *(Stretch(phase, each.start, each.end) for each in worked)]
