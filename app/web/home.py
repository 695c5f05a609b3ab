"""The home page of each role: what needs me now, what is next, where do I book."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from flask_babel import gettext

from app.accounts.members import offered_roles
from app.accounts.policy import Viewer
from app.booking import bars, reading
from app.booking.models import Booking
from app.booking.pages import planned_course, seen_bookings
from app.booking.presenting import Seen
from app.booking.reading import Waiting
from app.booking.rules import Limits, State
from app.booking.sentences import Next, next_step
from app.labs.models import Resource, Test
from app.language import day as day_text
from app.testing import worklists
from app.testing.work_queries import Work
from app.testing.worklists import Item
from app.timeline import Axis, Phase, Piece, Stretch, draw
from app.web import queries
from app.worktime import DayKind, day, local_date, local_day, midnight

YOUR_TURN, ROWS, BENCHES, AGENDA_DAYS = 6, 6, 12, 7
TICKS, COLUMNS = 6, 84
# How far back the axis of open orders reaches at most.
LOOK_BACK = timedelta(days=21)


@dataclass(frozen=True, slots=True)
class Todo:
    """A booking that waits for the reader, and the sentence that says so."""

    seen: Seen
    next: Next


@dataclass(frozen=True, slots=True)
class OnTheWay:
    """A booking on the way to its report, drawn on the axis that all rows share."""

    seen: Seen
    bar: list[Piece]
    sentence: str


@dataclass(slots=True)
class AgendaDay:
    """A date with what happens on it, or a holiday's dates. kind: of `worktime.day`."""

    first: date
    last: date
    kind: DayKind
    name_zh: str = ""
    name_en: str = ""
    entries: list[Booking] = field(default_factory=list)

    @property
    def is_holiday(self) -> bool:
        return self.kind is DayKind.HOLIDAY


@dataclass(frozen=True, slots=True)
class CompanyHome:
    """others: what waits for the company beside bookings, of orders and samples. invites: nothing is under way yet, and
    the viewer can ask colleagues in.
    """

    recent: list[Test]
    todo: list[Todo]
    others: list[Item]
    work: Mapping[Work, int]
    rows: list[OnTheWay]
    ticks: list[datetime]
    open_orders: int
    agenda: list[AgendaDay]
    invites: bool


@dataclass(frozen=True, slots=True)
class BenchNow:
    """A bench of the lab today: its present or next use, and when the one after begins."""

    resource: Resource
    booking: Booking
    next_start: datetime | None


@dataclass(frozen=True, slots=True)
class ReportDue:
    """A report that is to be issued. days: until the likely date, negative when it is past."""

    seen: Seen
    days: int


@dataclass(frozen=True, slots=True)
class LabHome:
    todo: list[Todo]
    work: Mapping[Work, int]
    waiting: int
    benches: list[BenchNow]
    reports: list[ReportDue]
    agenda: list[AgendaDay]


def company_home(viewer: Viewer, now: datetime, limits: Limits) -> CompanyHome:
    """What a company's people see first."""
    seen = seen_bookings(viewer, queries.open_bookings(viewer), now, limits)
    coming = [one for one in seen if one.state in (State.HELD, State.REQUESTED, State.CONFIRMED, State.RUNNING)]
    on_the_way = [one for one in seen if one.state in queries.ON_THE_WAY]
    axis, rows = _rows(sorted(on_the_way, key=lambda one: one.dates.expected_at)[:ROWS], now)
    work = worklists.counts(viewer, now)
    return CompanyHome(
        recent=queries.recent_tests(viewer),
        todo=_todo(coming),
        others=_others(viewer, now) if work[Work.MINE] else [],
        work=work,
        rows=rows,
        ticks=axis.ticks(TICKS),
        open_orders=len(on_the_way),
        agenda=_agenda([one.booking for one in coming], now),
        invites=not rows and bool(offered_roles(viewer, viewer.organisation_id or "")),
    )


def lab_home(viewer: Viewer, now: datetime, limits: Limits) -> LabHome:
    """What a lab's people see first."""
    waiting = {what: reading.waiting(viewer, what, now) for what in Waiting}
    mine = [*waiting[Waiting.DECIDE], *waiting[Waiting.START], *waiting[Waiting.RUNNING]]
    coming = queries.coming_starts(viewer, now, now + timedelta(days=31))
    return LabHome(
        todo=_todo(seen_bookings(viewer, mine, now, limits)),
        work=worklists.counts(viewer, now),
        waiting=len(waiting[Waiting.DECIDE]),
        benches=_benches(viewer, now, coming),
        reports=_reports(seen_bookings(viewer, waiting[Waiting.REPORT], now, limits), now),
        agenda=_agenda([booking for booking in coming if local_date(booking.starts_at) > local_date(now)], now),
    )


def _todo(seen: Iterable[Seen]) -> list[Todo]:
    """What needs the reader, the nearest deadline first."""
    told = [Todo(one, next_step(one)) for one in seen]
    return sorted((one for one in told if one.next.need), key=lambda one: _deadline(one.seen))[:YOUR_TURN]


def _others(viewer: Viewer, now: datetime) -> list[Item]:
    items = worklists.listing(viewer, Work.MINE, worklists.ALL, now).items
    return [item for item in items if item.endpoint != worklists.BOOKING][:YOUR_TURN]


def _deadline(seen: Seen) -> datetime:
    booking = seen.booking
    if seen.state is State.HELD and booking.hold_expires_at:
        return booking.hold_expires_at
    if seen.viewer.is_company and booking.proposal:
        return booking.proposal.expires_at
    # At the desk the request that has waited longest comes first.
    return booking.requested_at or booking.starts_at


def _rows(seen: Sequence[Seen], now: datetime) -> tuple[Axis, list[OnTheWay]]:
    courses = {one.booking.id: planned_course(one.booking, one.dates, now) for one in seen}
    begun = [course.submitted for course in courses.values() if course.submitted]
    first = max(min(begun, default=now), now - LOOK_BACK)
    last = max((one.dates.safe_at for one in seen), default=now + timedelta(days=TICKS))
    axis = Axis.fitting(midnight(local_date(first)), max(last, now) + timedelta(days=1), TICKS, COLUMNS)
    mark = Stretch(Phase.NOW, now, now)
    rows = [
        OnTheWay(one, draw(axis, [*bars.phases(courses[one.booking.id], Phase.WAITING), mark]), _sentence(one))
        for one in seen
    ]
    return axis, rows


def _sentence(seen: Seen) -> str:
    return gettext(
        "上台 %(start)s，报告预计 %(likely)s，稳妥 %(safe)s",
        start=day_text(seen.booking.starts_at),
        likely=day_text(seen.dates.expected_at),
        safe=day_text(seen.dates.safe_at),
    )


def _agenda(bookings: Iterable[Booking], now: datetime) -> list[AgendaDay]:
    """The next dates on which something begins or goes on, and the holidays between them."""
    today = local_date(now)
    days: dict[date, AgendaDay] = {}
    for booking in sorted(bookings, key=lambda one: one.starts_at):
        on = max(local_date(booking.starts_at), today)
        days.setdefault(on, AgendaDay(on, on, day(on).kind)).entries.append(booking)
    shown = [days[on] for on in sorted(days)][:AGENDA_DAYS]
    if shown:
        shown += _holidays(today, shown[-1].first, set(days))
    return sorted(shown, key=lambda one: one.first)


def _holidays(first: date, last: date, taken: set[date]) -> list[AgendaDay]:
    """Runs of public holidays without entries, neighbours together."""
    runs: list[AgendaDay] = []
    on = first
    while on <= last:
        what = day(on)
        if what.kind is DayKind.HOLIDAY and on not in taken:
            if runs and runs[-1].last == on - timedelta(days=1) and runs[-1].name_zh == what.name_zh:
                runs[-1].last = on
            else:
                runs.append(AgendaDay(on, on, what.kind, what.name_zh or "", what.name_en or ""))
        on += timedelta(days=1)
    return runs


def _benches(viewer: Viewer, now: datetime, coming: Sequence[Booking]) -> list[BenchNow]:
    """Benches with a use today: the one that runs or comes next, and the start behind it."""
    resources = {one.id: one for one in queries.resources_of(viewer.lab_ids)}
    today = reading.day_of_benches(viewer, list(resources), local_day(local_date(now)))
    by_bench: dict[str, list[Booking]] = {}
    for booking in today:
        by_bench.setdefault(booking.resource_id, []).append(booking)
    found = []
    for resource_id, uses in by_bench.items():
        present = _present(uses)
        later = (one.starts_at for one in coming if one.resource_id == resource_id and one.id != present.id)
        found.append(BenchNow(resources[resource_id], present, next(later, None)))
    return sorted(found, key=lambda one: (one.booking.state is not State.RUNNING, one.resource.id))[:BENCHES]


def _present(uses: Sequence[Booking]) -> Booking:
    order = {State.RUNNING: 0, State.CONFIRMED: 1, State.COMPLETED: 2}
    return min(uses, key=lambda one: (order.get(one.state, 3), one.starts_at))


def _reports(seen: Iterable[Seen], now: datetime) -> list[ReportDue]:
    today = local_date(now)
    due = [ReportDue(one, (local_date(one.dates.first_expected_at) - today).days) for one in seen]
    return sorted(due, key=lambda one: one.days)[:YOUR_TURN]
