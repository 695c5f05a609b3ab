"""What stands on the pages of a stored booking, put together for the templates."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from flask_babel import gettext, ngettext

from app.accounts.models import Organisation, Role
from app.accounts.policy import Action, Viewer, allowed
from app.booking import approvals, bars, presenting, reading, sentences, story
from app.booking.bars import Bar, Course
from app.booking.describing import may_describe
from app.booking.forecast import Basis, ReportDates
from app.booking.models import Booking
from app.booking.occupancy import footprint_of
from app.booking.presenting import MINUTE, Ended, Offered, Seen
from app.booking.preview import awaited_reports, capable_bench
from app.booking.rules import REVIEW_DAYS, Limits, State
from app.booking.settings import limits_of
from app.events import log
from app.events.models import Event
from app.labs import queries as labs
from app.labs.models import Resource, ResourceKind, Test
from app.labs.queries import bench_of
from app.language import clock, day, hours, moment, span
from app.orders.models import Order, OrderLine
from app.orders.parts import parts
from app.orders.queries import may_read
from app.timeline import Phase
from app.worktime import Use, after_working_days, local_date, midnight

# States whose report is still to come or there.
ON_THE_WAY = frozenset({State.HELD, State.REQUESTED, State.CONFIRMED, State.RUNNING, State.COMPLETED})


@dataclass(frozen=True, slots=True)
class Fact:
    """A phase beside its bar: its shape, name, the fact and a note."""

    css: str
    title: str
    main: str
    small: str = ""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A bar with the same in one sentence, and its phases as facts."""

    bar: Bar
    sentence: str
    facts: list[Fact]


@dataclass(frozen=True, slots=True)
class NewEdition:
    """The standard of a booking is replaced from a local date on; test: of the new edition, None when it is gone."""

    on: date
    test: Test | None


@dataclass(frozen=True, slots=True)
class BookingPage:
    """Everything on `/bookings/<id>`. `until` is None where no report will come; taken: all resources that are, the
    bench first, each with its places in words. own_times: the lab says itself how long the test takes. describes: the
    viewer may say what the sample is.
    """

    seen: Seen
    company: Organisation | None
    next: sentences.Next
    steps: list[Offered]
    may_issue: bool
    report: Any
    until: Drawn | None
    use: Drawn
    evidence: str | None
    history: list[story.Told]
    shows_note: bool
    order: Order | None
    taken: list[tuple[Resource | ResourceKind, str]]
    own_times: bool
    edition: NewEdition | None
    approvals: list[approvals.Shown]
    samples: Sequence[Any]
    run: Any
    describes: bool


def seen_bookings(viewer: Viewer, bookings: Sequence[Booking], now: datetime, limits: Limits) -> list[Seen]:
    """Bookings as rows of a list show them."""
    dates = awaited_reports(bookings, now)
    reports = parts("report", viewer, [booking.order_line for booking in bookings], now)
    return [
        Seen(
            viewer,
            b,
            now,
            limits_for(b, limits),
            dates[b.id],
            **_of_report(reports.get(b.order_line_id)),
        )
        for b in bookings
    ]


def limits_for(booking: Booking, defaults: Limits) -> Limits:
    """The limits that hold on a booking's bench."""
    return limits_of(bench_of(booking.resource, booking.resource.lab), defaults)


def booking_page(viewer: Viewer, booking: Booking, now: datetime, limits: Limits) -> BookingPage:
    """The page of one booking that the viewer may see."""
    dates = awaited_reports([booking], now)[booking.id]
    report = parts("report", viewer, [booking.order_line], now).get(booking.order_line_id)
    events = _events(viewer, booking, now)
    companies = reading.companies(viewer, [booking])
    limit = limits_for(booking, limits)
    seen = Seen(viewer, booking, now, limit, dates, ended=_ended(viewer, events), **_of_report(report))
    capability = labs.capability(booking.resource.pool, booking.test_id)
    return BookingPage(
        seen=seen,
        company=companies.get(booking.company_id),
        next=sentences.next_step(seen),
        steps=presenting.offered(seen),
        may_issue=presenting.may_issue(seen),
        report=report,
        until=until_report(booking, dates, now, _number(report)) if seen.state in ON_THE_WAY else None,
        use=bench_use(_use(booking), capable_bench(booking)),
        evidence=capability.mark if capability else None,
        history=story.told(viewer, events, _names(booking, events, companies)),
        shows_note=viewer.role is not Role.BENCH_CREW,
        order=booking.order_line.order if may_read(viewer, booking.order_line) else None,
        taken=_taken(viewer, booking),
        own_times=bool(capability and capability.run_minutes),
        edition=_edition(seen, events),
        approvals=approvals.shown(viewer, booking, now),
        run=parts("run", viewer, [booking.order_line], now).get(booking.order_line_id),
        samples=parts("samples", viewer, [booking.order_line], now).get(booking.order_line_id, ()),
        describes=bool(allowed(viewer, Action.CHANGE_OWN_BOOKING, booking)) and may_describe(booking, seen.state),
    )


def _taken(viewer: Viewer, booking: Booking) -> list[tuple[Resource | ResourceKind, str]]:
    """What the booking takes: its bench, parts of a whole, what the test needs too. People and instruments have
    names for their lab only.
    """
    places: dict[str, list[int]] = {}
    for resource_id, place in footprint_of(booking):
        places.setdefault(resource_id, []).append(place)
    others = {each.id: each for each in labs.resources(set(places) - {booking.resource_id})}
    found = [others.get(ident, booking.resource) for ident in places]
    own = booking.lab_id in viewer.lab_ids
    return [
        (each.kind if each.beside and not own else each, presenting.places_told(each, places[each.id]))
        for each in found
    ]


def _edition(seen: Seen, events: Iterable[Event]) -> NewEdition | None:
    """What the company was asked about, until it moved the booking or the booking is over."""
    asked = [event for event in events if event.kind in ("booking.edition_asked", "booking.moved")]
    if seen.state not in ON_THE_WAY or not asked or asked[-1].kind != "booking.edition_asked":
        return None
    return NewEdition(date.fromisoformat(asked[-1].data["on"]), labs.test_of(str(asked[-1].data["test"])))


def _number(report: Any) -> str | None:
    return report.number if report else None


def _of_report(report: Any) -> dict[str, Any]:
    """What a row says of its report."""
    if report is None:
        return {}
    return {
        "report_number": report.number,
        "report_issued_at": report.issued_at,
        "report_withdrawn": report.withdrawn,
    }


def _use(booking: Booking) -> Use:
    return Use(booking.starts_at, booking.run_from, booking.run_until, booking.ends_at)


def _events(viewer: Viewer, booking: Booking, now: datetime) -> list[Event]:
    line = booking.order_line
    events = [*log.history(booking.id), *parts("report_events", viewer, [line], now).get(line.id, ())]
    return story.readable(viewer, events)


def _ended(viewer: Viewer, events: Iterable[Event]) -> Ended | None:
    """Who ended the booking without a test, and why."""
    endings = [e for e in events if e.kind in ("booking.declined", "booking.cancelled", "booking.no_show")]
    if not endings:
        return None
    last = endings[-1]
    return Ended(last.actor_role in (Role.LAB_ADMIN, Role.BENCH_CREW), story.reason(viewer, last))


def _names(booking: Booking, events: Iterable[Event], companies: dict[str, Organisation]) -> story.Names:
    resource_ids = {str(event.data["resource"]) for event in events if "resource" in event.data}
    resources = {resource.id: resource for resource in labs.resources(resource_ids)}
    known = {booking.lab_id: booking.resource.lab} | {r.lab_id: r.lab for r in resources.values()}
    return story.Names(resources, known, companies)


def planned_course(booking: Booking, dates: ReportDates, now: datetime) -> Course:
    """The real instants where there are some, and behind them what is to be expected."""
    line = booking.order_line
    submitted = line.submitted_at or now
    review = min(max(after_working_days(submitted, REVIEW_DAYS), now), booking.starts_at)
    ended = line.ended_at or (max(booking.ends_at, now) if booking.state is State.RUNNING else booking.ends_at)
    return Course(
        submitted=submitted,
        accepted=line.accepted_at or max(review, submitted),
        taken=line.taken_at or booking.starts_at,
        ended=ended,
        issued=line.issued_at or dates.expected_at,
        safe=None if line.issued_at else dates.safe_at,
    )


def actual_course(line: OrderLine) -> Course:
    """What has happened so far."""
    return Course(line.submitted_at, line.accepted_at, line.taken_at, line.ended_at, line.issued_at)


def until_report(booking: Booking, dates: ReportDates, now: datetime, number: str | None) -> Drawn:
    """How long until the report, drawn and told."""
    course = planned_course(booking, dates, now)
    assert course.accepted and course.taken and course.ended and course.issued
    sentence = gettext(
        "评审到 %(accepted)s，等待到 %(taken)s，试验到 %(ended)s，报告 %(issued)s",
        accepted=day(course.accepted),
        taken=day(course.taken),
        ended=day(course.ended),
        issued=day(course.issued),
    )
    # Until the bench is taken, what is waited for is the sample.
    waiting = Phase.WAITING if booking.order_line.taken_at else Phase.SAMPLE
    facts = phase_facts(booking, course, dates, number, waiting)
    return Drawn(bars.until_report(course, now, waiting), sentence, facts)


def phase_facts(booking: Booking, course: Course, dates: ReportDates, number: str | None, waiting: Phase) -> list[Fact]:
    """The four phases of a line in words: what has happened, else what is planned. waiting: how its bar draws it."""
    line = booking.order_line
    return [
        _review(line, course),
        _waiting(line, booking, waiting),
        _testing(line, booking),
        _report(line, dates, number),
    ]


def _review(line: OrderLine, course: Course) -> Fact:
    if line.submitted_at and line.accepted_at:
        took = line.accepted_at - line.submitted_at
        title = gettext("评审 %(length)s", length=presenting.elapsed(took)) if took >= MINUTE else gettext("评审")
        return Fact("p-rev", title, _accepted(line.submitted_at, line.accepted_at))
    assert course.accepted
    return Fact(
        "p-rev",
        gettext("评审"),
        gettext("%(day)s 前", day=day(course.accepted, False)),
        ngettext("实验室，约 %(num)d 个工作日", "实验室，约 %(num)d 个工作日", REVIEW_DAYS),
    )


def _accepted(submitted_at: datetime, accepted_at: datetime) -> str:
    if local_date(submitted_at) == local_date(accepted_at):
        return gettext("%(day)s 提交并确认", day=day(accepted_at, False))
    submitted, accepted = day(submitted_at, False), day(accepted_at, False)
    return gettext("%(submitted)s 提交，%(accepted)s 确认", submitted=submitted, accepted=accepted)


def _waiting(line: OrderLine, booking: Booking, css: Phase) -> Fact:
    if line.accepted_at and line.taken_at:
        length = presenting.elapsed(line.taken_at - line.accepted_at)
        return Fact(css, gettext("等待 %(length)s", length=length), gettext("%(at)s 上台", at=moment(line.taken_at)))
    return Fact(
        css,
        gettext("等待"),
        gettext("样品最迟 %(at)s 送到", at=moment(booking.starts_at)),
        gettext("即上台时间"),
    )


def _testing(line: OrderLine, booking: Booking) -> Fact:
    run = gettext("试验本身 %(span)s", span=span(booking.run_from, booking.run_until))
    if line.taken_at and line.ended_at:
        length = presenting.elapsed(line.ended_at - line.taken_at)
        return Fact(
            "p-test", gettext("试验 %(length)s", length=length), gettext("%(at)s 完成", at=moment(line.ended_at))
        )
    start, end = line.taken_at or booking.starts_at, booking.ends_at
    if local_date(start) == local_date(end):
        return Fact("p-test", gettext("试验"), gettext("占台 %(day)s", day=day(start)), run)
    days = gettext("占台 %(start)s 至 %(end)s", start=day(start, False), end=day(end, False))
    return Fact("p-test", gettext("试验"), days, run)


def _report(line: OrderLine, dates: ReportDates, number: str | None) -> Fact:
    if line.issued_at and line.ended_at:
        length = presenting.elapsed(line.issued_at - line.ended_at)
        issued = gettext("%(day)s 签发", day=day(line.issued_at))
        return Fact("p-rep", gettext("报告 %(length)s", length=length), issued, number or "")
    basis = gettext("按历史") if dates.basis is Basis.HISTORY else gettext("按计划值")
    return Fact("p-rep", gettext("报告"), gettext("%(day)s 前后", day=day(dates.expected_at)), basis)


def bench_use(use: Use, capable: labs.CapableBench) -> Drawn:
    """How the bench is used, drawn and told; parts of no length are left out."""
    need = capable.need
    sentence = gettext(
        "准备 %(start)s，试验 %(run_from)s 至 %(run_until)s，离台 %(end)s",
        start=moment(use.starts_at),
        run_from=moment(use.run_from),
        run_until=moment(use.run_until),
        end=moment(use.ends_at),
    )
    facts = []
    if need.setup:
        facts.append(
            Fact("p-att", gettext("准备 %(length)s", length=hours(need.setup)), span(use.starts_at, use.run_from))
        )
    facts.append(
        Fact(
            "p-test",
            gettext("试验 %(length)s", length=hours(need.run)),
            span(use.run_from, use.run_until),
            _way_of_running(need, use),
        )
    )
    if need.teardown:
        title = gettext("清理 %(length)s", length=hours(need.teardown))
        facts.append(Fact("p-att", title, span(use.run_until, use.ends_at), _kept(need.teardown, use)))
    return Drawn(bars.bench_use(use, capable.bench.calendar, need.unattended), sentence, facts)


def _way_of_running(need: Any, use: Use) -> str:
    if need.unattended:
        return gettext("无人值守，昼夜连续")
    if use.run_until - use.run_from > need.run:
        return gettext("分几班做，其间台架保留")
    return gettext("一班内做完")


def _kept(teardown: timedelta, use: Use) -> str:
    return gettext("其间台架保留") if use.ends_at - use.run_until > teardown else ""


def tick_labels(bar: Bar) -> list[str]:
    """What stands over the axis: dates, or times with the date where it changes."""
    if bar.by_day:
        return [day(tick, False) for tick in bar.ticks]
    first = gettext("%(day)s %(clock)s", day=day(bar.ticks[0], False), clock=clock(bar.ticks[0]))
    return [first, *(_time_label(before, tick) for before, tick in pairwise(bar.ticks))]


def _time_label(before: datetime, tick: datetime) -> str:
    """The time; the date where it is midnight or another day than that of the label before."""
    if midnight(local_date(tick)) == tick:
        return day(tick, False)
    if local_date(before) == local_date(tick):
        return clock(tick)
    return gettext("%(day)s %(clock)s", day=day(tick, False), clock=clock(tick))
