"""The year of the demo, replayed through the real services with `now` passed in.

An agenda of (instant, what happens) is worked off in order; every step is what a person would do on a page. It
goes on from whatever the last replay left, and touches only bookings that it made itself.
"""

import heapq
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count

from sqlalchemy import func, select

from app.accounts.models import Membership, Organisation, User
from app.accounts.policy import Viewer
from app.accounts.queries import viewer_of
from app.booking import closures, offers, queries, service
from app.booking.lapsing import lapse_all
from app.booking.models import Booking, ClosureKind
from app.booking.rules import State
from app.booking.service import Book
from app.booking.settings import limits
from app.booking.steps import Change
from app.database import db
from app.demo import behaviour, cast, equipping, showcase
from app.errors import YujianError
from app.labs.models import Capability, Lab, Resource, Test
from app.labs.queries import benches
from app.orders import stops
from app.orders.models import StopCause
from app.testing import run_queries, runs
from app.testing.models import TestReport
from app.testing.run_rules import PauseCause
from app.testing.service import IssueReport, issue_report
from app.worktime import SHANGHAI, Use

POPULAR = 6
# The lab of lab@demo.example is asked most, so that its pages have something to show.
BUSY_LAB, BUSY = "cmvr-new-energy", 8
BREAKDOWN_DAYS_AGO, BREAKDOWN_DAYS = 62, 4
# So long ago that all of the order of `showcase` is over.
SHOWCASE_DAYS_AGO = 56
Step = Callable[[datetime], None]


@dataclass(order=True, slots=True)
class Entry:
    at: datetime
    number: int
    step: Step = field(compare=False)


class Replay:
    """One run of the agenda up to `until`."""

    def __init__(self, until: datetime) -> None:
        self.until = until
        self.agenda: list[Entry] = []
        self.numbers = count()
        self.engineers = {company.id: _viewer(cast.replay_account(company).email) for company in cast.COMPANIES}
        self.labs = {
            lab.id: _lab_viewer(lab) for lab in db.session.scalars(select(Lab).where(Lab.retired_at.is_(None)))
        }
        self.tests = _popular_tests(self.labs)
        self.report_days = {test.id: test.report_days for test in db.session.scalars(select(Test))}

    def run(self, first_day: date) -> int:
        """Play from `first_day` up to the instant; returns how many requests came in until then."""
        for booking in self._own_open():
            self._plan_next(booking)
        arrivals = 0
        day = first_day
        while day <= self.until.astimezone(SHANGHAI).date():
            draw = random.Random(f"requests {day}")
            for at in behaviour.requests_on(day, draw):
                self._plan(at, self._arrival(draw.random()))
                arrivals += at <= self.until
                if draw.random() < behaviour.MAINTENANCE_PER_DAY / behaviour.REQUESTS_PER_DAY:
                    self._plan(at, self._maintenance(draw.random()))
            day += timedelta(days=1)
        breakdown = self.until - timedelta(days=BREAKDOWN_DAYS_AGO)
        if first_day < breakdown.astimezone(SHANGHAI).date():
            self._plan(behaviour.in_office(breakdown), self._breakdown)
        began = self.until - timedelta(days=SHOWCASE_DAYS_AGO)
        if BUSY_LAB in self.labs and first_day < began.astimezone(SHANGHAI).date():
            self._go_on(showcase.tell(_showcase_cast(), began))
        self._work_off()
        return arrivals

    def _work_off(self) -> None:
        while self.agenda and self.agenda[0].at <= self.until:
            entry = heapq.heappop(self.agenda)
            # Refused as a person would be (slot gone, too late): he lets it be.
            with suppress(YujianError):
                entry.step(entry.at)
            if entry.number % 200 == 0:
                lapse_all(entry.at)

    def _go_on(self, story: Iterator[datetime]) -> None:
        """What comes next in a story is done at its instant."""
        at = next(story, None)
        if at is not None:
            self._plan(at, lambda _at: self._go_on(story))

    def _plan(self, at: datetime, step: Step) -> None:
        heapq.heappush(self.agenda, Entry(at, next(self.numbers), step))

    def _own_open(self) -> list[Booking]:
        """Bookings of the replay that are not at their end yet."""
        ids = [viewer.user_id for viewer in self.engineers.values()]
        issued = select(TestReport.order_line_id)
        query = select(Booking).where(
            Booking.created_by_id.in_(ids),
            Booking.state.in_((State.HELD, State.REQUESTED, State.CONFIRMED, State.RUNNING))
            | ((Booking.state == State.COMPLETED) & Booking.order_line_id.not_in(issued)),
        )
        return list(db.session.scalars(query))

    def _arrival(self, seed: float) -> Step:
        """A company asks for a test: it looks for the soonest report, at one lab or at all."""

        def step(at: datetime) -> None:
            draw = random.Random(seed)
            company = draw.choices(cast.COMPANIES, [company.weight for company in cast.COMPANIES])[0]
            labs = sorted(self.tests)
            lab_id = draw.choices(labs, [BUSY if lab == BUSY_LAB else 1 for lab in labs])[0]
            preferred = [test for test in self.tests[lab_id] if test[1] in company.domains]
            test_id, _domain = draw.choice(preferred or self.tests[lab_id])
            earliest = at + timedelta(days=draw.choice(behaviour.LEADS))
            question = offers.Question(test_id, earliest, lab_id=lab_id if draw.random() < 0.7 else None)
            found = offers.offers(question, at, limits(), limit=1)
            if found:
                self._book(company, test_id, found[0], draw, at)

        return step

    def _book(
        self, company: cast.Company, test_id: str, offer: offers.Offer, draw: random.Random, at: datetime
    ) -> None:
        held = draw.random() < behaviour.HELD_FIRST
        command = Book(
            test_id=test_id,
            resource=offer.slot.bench.resource_id,
            starts_at=offer.starts_at,
            state=State.HELD if held else State.REQUESTED,
            sample=f"{draw.choice(behaviour.SAMPLES)} {draw.randint(1, 99):02d}",
        )
        self._plan_next(service.book(self.engineers[company.id], command, at))

    def _plan_next(self, booking: Booking) -> None:
        """Put the booking's next step on the agenda, by its state."""
        fate = behaviour.fate(booking.created_at, booking.test_id)
        line = booking.order_line
        if booking.state is State.HELD and not fate.lapses:
            self._plan(booking.created_at + fate.request_after, self._step(booking, "request"))
        elif booking.state is State.REQUESTED and booking.requested_at:
            at = behaviour.decide_at(booking.requested_at, booking.starts_at, fate)
            self._plan(at, self._step(booking, "decline" if fate.declined else "confirm", fate.reason))
        elif booking.state is State.CONFIRMED and booking.confirmed_at:
            self._plan_confirmed(booking, booking.confirmed_at, fate)
        elif booking.state is State.RUNNING and line.taken_at:
            use = Use(booking.starts_at, booking.run_from, booking.run_until, booking.ends_at)
            if fate.pause:
                paused_at, resumed_at = behaviour.pause_at(use, line.taken_at, fate)
                if not run_queries.pauses(booking.id):
                    self._plan(paused_at, self._pause(booking, fate.pause))
                self._plan(resumed_at, lambda when: self._resume(booking, when))
            self._plan(behaviour.end_at(use, line.taken_at, fate), self._step(booking, "complete"))
        elif booking.state is State.COMPLETED and line.ended_at:
            at = behaviour.report_at(line.ended_at, self.report_days[booking.test_id], fate)
            if fate.stop:
                asked_at = behaviour.in_office(line.ended_at + timedelta(hours=1))
                answered_at = behaviour.in_office(asked_at + fate.stopped_for)
                if not stops.stops_of(self.labs[booking.lab_id], line.order_id):
                    self._plan(asked_at, self._stop(booking, fate.stop))
                self._plan(answered_at, lambda when: self._go_on_after(booking, when))
                at = behaviour.in_office(at + (answered_at - asked_at))
            self._plan(at, lambda when: self._issue(booking, when))

    def _plan_confirmed(self, booking: Booking, confirmed_at: datetime, fate: behaviour.Fate) -> None:
        latest = booking.starts_at - limits().cancel_deadline
        if fate.cancelled and latest > confirmed_at:
            self._plan(behaviour.cancel_at(confirmed_at, latest, fate), self._step(booking, "cancel", fate.reason))
        elif fate.no_show:
            self._plan(booking.starts_at + timedelta(hours=4), self._step(booking, "no-show"))
        else:
            self._plan(booking.starts_at + fate.start_after, self._step(booking, "start"))

    def _step(self, booking: Booking, name: str, reason: str = "") -> Step:
        by_company = name in ("request", "cancel")

        def step(at: datetime) -> None:
            viewer = self.engineers[booking.company_id] if by_company else self.labs[booking.lab_id]
            command = Change(booking.id, booking.version, reason if name in ("decline", "cancel") else "")
            self._plan_next(service.STEPS[name](viewer, command, at))

        return step

    def _pause(self, booking: Booking, cause: PauseCause) -> Step:
        def step(at: datetime) -> None:
            runs.pause(self.labs[booking.lab_id], runs.Pause(booking.id, booking.version, cause=cause), at)

        return step

    def _resume(self, booking: Booking, at: datetime) -> None:
        runs.resume(self.labs[booking.lab_id], Change(booking.id, booking.version), at)

    def _stop(self, booking: Booking, cause: StopCause) -> Step:
        """The lab can't write the report before the customer has done his part."""

        def step(at: datetime) -> None:
            order = booking.order_line.order
            stops.stop(self.labs[booking.lab_id], stops.Stop(order.id, order.version, cause), at)

        return step

    def _go_on_after(self, booking: Booking, at: datetime) -> None:
        order = booking.order_line.order
        stops.resume(self.labs[booking.lab_id], stops.Resume(order.id, order.version), at)

    def _issue(self, booking: Booking, at: datetime) -> None:
        number = f"示例-{booking.code[1:]}"
        issue_report(self.labs[booking.lab_id], IssueReport(booking.id, number, at, booking.version), at)

    def _maintenance(self, seed: float) -> Step:
        """A lab plans a day of maintenance for one of its benches, where nothing is booked yet."""

        def step(at: datetime) -> None:
            draw = random.Random(seed)
            lab_id = draw.choice([BUSY_LAB, *sorted(self.tests)])
            bench = draw.choice(benches(lab_id=lab_id))
            starts_at, ends_at = behaviour.maintenance_day(at)
            command = closures.CloseResource(
                bench.resource_id, starts_at, ends_at, ClosureKind.MAINTENANCE, "示例：季度保养"
            )
            closures.close(self.labs[lab_id], command, at)

        return step

    def _breakdown(self, at: datetime) -> None:
        """One bench breaks: what was booked in the next days is cancelled with the reason, then it is closed.

        On a day when no bench fit for that is booked it doesn't happen yet.
        """
        ends = at + timedelta(days=BREAKDOWN_DAYS)
        busiest = db.session.execute(
            select(Booking.resource_id, func.count())
            .where(Booking.state == State.CONFIRMED, Booking.starts_at.between(at, ends))
            .where(
                Booking.resource_id.not_in(
                    select(Booking.resource_id).where(Booking.starts_at < ends, Booking.state == State.RUNNING)
                )
            )
            .group_by(Booking.resource_id)
            .order_by(func.count().desc(), Booking.resource_id)
            .limit(1)
        ).one_or_none()
        if busiest is None:
            self._plan(behaviour.in_office(at + timedelta(days=1)), self._breakdown)
            return
        resource = db.session.get_one(Resource, busiest[0])
        viewer = self.labs[resource.lab_id]
        own = {engineer.user_id for engineer in self.engineers.values()}
        for booking in queries.meeting(resource.id, at, ends):
            if booking.created_by_id in own and booking.state in (State.CONFIRMED, State.HELD):
                service.cancel(viewer, Change(booking.id, booking.version, "设备故障停用"), at)
            elif booking.created_by_id in own and booking.state is State.REQUESTED:
                service.decline(viewer, Change(booking.id, booking.version, "设备故障停用"), at)
        command = closures.CloseResource(resource.id, at, ends, ClosureKind.BREAKDOWN, "示例：主机故障，待备件")
        closures.close(viewer, command, at)


def _viewer(email: str) -> Viewer:
    query = select(Membership).join(Membership.user).where(User.email == email)
    return viewer_of(db.session.scalars(query).one())


def _showcase_cast() -> showcase.Cast:
    engineer, desk, crew = (_viewer(f"{name}@demo.example") for name in ("oem-a", "lab", "crew"))
    return showcase.Cast(engineer, desk, crew, BUSY_LAB)


def equip_busy_lab(now: datetime) -> None:
    """What that lab sets itself, after all that was replayed."""
    if db.session.get(Lab, BUSY_LAB) is not None:
        equipping.equip(_viewer("lab@demo.example"), BUSY_LAB, now)


def _lab_viewer(lab: Lab) -> Viewer:
    return _viewer(cast.operator_account(lab.organisation_id).email)


def _popular_tests(labs: dict[str, Viewer]) -> dict[str, list[tuple[str, str]]]:
    """Per lab a few tests (id, domain) that are asked for most, so that benches are shared and lines comparable."""
    query = (
        select(Resource.lab_id, Test.id, Test.domain_id)
        .join(Capability, Capability.pool == Resource.pool)
        .join(Test, Test.id == Capability.test_id)
        .where(Test.setup_minutes + Test.run_minutes + Test.teardown_minutes <= 6 * 1440)
        .group_by(Resource.lab_id, Test.id, Test.domain_id)
        .order_by(Resource.lab_id, Test.id)
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for lab_id, test_id, domain_id in db.session.execute(query):
        if lab_id in labs:
            found.setdefault(lab_id, []).append((test_id, domain_id))
    return {lab_id: random.Random(lab_id).sample(tests, min(POPULAR, len(tests))) for lab_id, tests in found.items()}


def last_request_day() -> date | None:
    """Local day of the newest replayed request."""
    query = (
        select(func.max(Booking.created_at))
        .join(User, User.id == Booking.created_by_id)
        .join(Organisation, Organisation.id == Booking.company_id)
        .where(Organisation.demo, User.email.like("replay-%"))
    )
    newest = db.session.scalar(query)
    return newest.astimezone(SHANGHAI).date() if newest else None
