"""The day sheet of a bench: code, method and sample of each use on one local day, never a company."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask_babel import gettext

from app.accounts.policy import Action, Viewer, allowed
from app.booking import reading
from app.booking.models import Booking, Closure
from app.errors import NotFound
from app.labs import queries as labs
from app.labs.models import Lab, Resource
from app.language import clock, day, hours, pick
from app.worktime import Interval, local_date, local_day


@dataclass(frozen=True, slots=True)
class Row:
    """A use, or (without a code) a time out of use."""

    starts_at: datetime
    times: str
    title: str
    notes: list[str]
    code: str = ""
    sample: str = ""


@dataclass(frozen=True, slots=True)
class DaySheet:
    """Units of one lab with their rows by start; `count` uses."""

    lab: Lab
    units: list[tuple[Resource, list[Row]]]
    on: date
    count: int


def day_sheet(viewer: Viewer, resource_or_pool: str, on: date) -> DaySheet:
    """The sheet of a bench, or of the units of a pool, for the lab's own people. Raises NotFound for anybody else."""
    units = labs.units_of(resource_or_pool)
    if not units or not allowed(viewer, Action.SEE_DAY_SHEET, units[0]):
        raise NotFound()
    span = local_day(on)
    ids = [unit.id for unit in units]
    bookings = reading.day_of_benches(viewer, ids, span)
    closures = reading.closures_of_benches(viewer, ids, span)
    return DaySheet(units[0].lab, [(unit, _rows(unit, bookings, closures, span)) for unit in units], on, len(bookings))


def _rows(unit: Resource, bookings: Sequence[Booking], closures: Sequence[Closure], span: Interval) -> list[Row]:
    rows = [_use(unit, booking, span) for booking in bookings if booking.resource_id == unit.id]
    rows += [_closure(closure, span) for closure in closures if closure.resource_id == unit.id]
    return sorted(rows, key=lambda row: row.starts_at)


def _use(unit: Resource, booking: Booking, span: Interval) -> Row:
    times = _times(booking.starts_at, booking.ends_at, span)
    if unit.places > 1:
        times = gettext("%(times)s %(place)d 位", times=times, place=booking.place)
    return Row(
        starts_at=booking.starts_at,
        times=times,
        title=gettext("%(method)s %(test)s", method=pick(booking.test.method), test=pick(booking.test)),
        notes=_notes(unit, booking),
        code=booking.code,
        sample=booking.sample,
    )


def _closure(closure: Closure, span: Interval) -> Row:
    whole = _days(closure.starts_at, closure.ends_at)
    return Row(
        starts_at=closure.starts_at,
        times=_times(closure.starts_at, closure.ends_at, span),
        title=gettext("停用：%(kind)s", kind=gettext(closure.kind.label)),
        notes=[text for text in (closure.reason, whole) if text],
    )


def _times(start: datetime, end: datetime, span: Interval) -> str:
    """The hours within the day; midnight at its end is 24:00."""
    if start <= span.start and end >= span.end:
        return gettext("全天")
    return f"{clock(max(start, span.start))}–{'24:00' if end >= span.end else clock(end)}"


def _notes(unit: Resource, booking: Booking) -> list[str]:
    test = booking.test
    notes = []
    if test.setup_minutes:
        notes.append(gettext("准备 %(length)s", length=hours(test.setup_minutes)))
    if test.teardown_minutes:
        notes.append(gettext("清理 %(length)s", length=hours(test.teardown_minutes)))
    if unit.unattended and not test.one_window:
        notes.append(gettext("无人值守"))
    days = _days(booking.starts_at, booking.ends_at)
    return [*notes, days] if days else notes


def _days(start: datetime, end: datetime) -> str:
    """From day to day, empty within one day."""
    first, last = local_date(start), local_date(end - timedelta.resolution)
    if first == last:
        return ""
    return gettext("跨日，%(first)s 至 %(last)s", first=day(first, False), last=day(last, False))
