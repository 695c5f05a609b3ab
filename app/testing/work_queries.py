"""What waits, as conditions that both count and list: the number of statements never depends on that of rows."""

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, exists, func, not_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from app.accounts.models import Organisation
from app.accounts.policy import Action, Viewer, visible
from app.booking.models import Booking, MoveProposal
from app.booking.reading import unreported
from app.booking.rules import State
from app.database import db
from app.labs import browse
from app.labs.models import Resource, Test
from app.orders.amending import AMENDABLE
from app.orders.models import AmendmentState, ClockStop, Order, OrderAmendment, OrderLine, OrderState
from app.orders.queries import GROUPS, Group, stands_in
from app.samples.models import Sample
from app.samples.queries import readable
from app.samples.rules import SampleState
from app.testing.models import RunResult
from app.testing.run_rules import Result
from app.worktime import local_date, local_day

Conditions = tuple[ColumnElement[bool], ...]
# Bookings that take their sample to a bench, and have not begun.
COMING = (State.REQUESTED, State.CONFIRMED)


class Work(enum.StrEnum):
    """The lists of a lab, then those of a company."""

    REVIEW = "review"
    RECEIVE = "receive"
    START = "start"
    LATE = "late"
    REPORT = "report"
    MINE = "mine"
    OPEN = "open"


class Kind(enum.StrEnum):
    """What a row of a list waits for."""

    REVIEW = "review"
    RECEIVE = "receive"
    START = "start"
    LATE = "late"
    REPORT = "report"
    OPEN = "open"
    AMENDMENT = "amendment"
    RETURNED = "returned"
    STOPPED = "stopped"
    DEVIATION = "deviation"
    HOLD = "hold"
    PROPOSAL = "proposal"
    DISPATCH = "dispatch"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Asked:
    """The filter of an address; empty texts ask for nothing. bench: a resource or a pool. q: words."""

    lab: str = ""
    bench: str = ""
    domain: str = ""
    q: str = ""

    def __bool__(self) -> bool:
        return any((self.lab, self.bench, self.domain, self.q))


@dataclass(frozen=True, slots=True)
class Question:
    """Who asks for what, when."""

    viewer: Viewer
    asked: Asked
    now: datetime


# Conditions

# Tables under names of their own, for a list may read the same ones beside its conditions.
Line, Use, Answered = aliased(OrderLine), aliased(Booking), aliased(MoveProposal)
Proposed, Stopped, Differing = aliased(OrderAmendment), aliased(ClockStop), aliased(Sample)
Failed, Again = aliased(RunResult), aliased(OrderLine)


def to_review(ask: Question) -> Conditions:
    """Orders that wait for the lab's review or, of direct ones, for its confirmation."""
    waiting = (Order.state == OrderState.SUBMITTED, Order.returned_at.is_(None))
    return (visible(ask.viewer, Action.DECIDE_BOOKING, Order), *waiting, *_of_order(ask))


def to_start(ask: Question) -> Conditions:
    """Confirmed uses of today, and those whose start has passed."""
    today_ends = local_day(local_date(ask.now)).end
    due = (Booking.state == State.CONFIRMED, Booking.starts_at < today_ends)
    return (visible(ask.viewer, Action.RUN_BOOKING, Booking), *due, *_of_booking(ask))


def late(ask: Question) -> Conditions:
    """Uses under way past the end of their run."""
    running = (Booking.state == State.RUNNING, Booking.run_until <= ask.now)
    return (visible(ask.viewer, Action.RUN_BOOKING, Booking), *running, *_of_booking(ask))


def to_report(ask: Question) -> Conditions:
    """Completed uses whose line has no report yet."""
    lines = unreported(ask.viewer, ask.now)
    mine = visible(ask.viewer, Action.ISSUE_REPORT, Booking)
    return (mine, Booking.order_line_id.in_(lines), Booking.state == State.COMPLETED, *_of_booking(ask))


def to_receive(ask: Question) -> Conditions:
    """Samples of open orders that the lab does not have yet."""
    away = Sample.state.in_((SampleState.EXPECTED, SampleState.DISPATCHED))
    lab = visible(ask.viewer, Action.RUN_BOOKING, Sample)
    return (lab, readable(ask.viewer), away, stands_in(Sample.order_id, GROUPS[Group.OPEN]), *_of_sample(ask))


def open_orders(ask: Question) -> Conditions:
    return (
        visible(ask.viewer, Action.SEE_BOOKING, Order),
        Order.state.in_(GROUPS[Group.OPEN]),
        *_of_order(ask),
    )


def returned(ask: Question) -> Conditions:
    """Orders with the lab's questions."""
    own = visible(ask.viewer, Action.CHANGE_OWN_BOOKING, Order)
    return (own, Order.state == OrderState.SUBMITTED, Order.returned_at.is_not(None), *_of_order(ask))


def stopped(ask: Question) -> Conditions:
    """Orders whose clock is stopped for something else than a question or a sample, which are told by themselves."""
    own = visible(ask.viewer, Action.CHANGE_OWN_BOOKING, Order)
    waiting = exists().where(Stopped.order_id == Order.id, Stopped.ended_at.is_(None))
    told = exists().where(Differing.order_id == Order.id, Differing.deviating.is_(True))
    open_ones = (Order.state.in_(GROUPS[Group.OPEN]), Order.returned_at.is_(None))
    return (own, *open_ones, waiting, not_(told), *_of_order(ask))


def to_answer(ask: Question) -> Conditions:
    """Orders of which the other side proposes an amendment."""
    asked = (Proposed.order_id == Order.id, Proposed.state == AmendmentState.PROPOSED)
    waiting = exists().where(*asked, Proposed.by_lab.is_not(ask.viewer.is_lab))
    return (visible(ask.viewer, Action.AMEND, Order), Order.state.in_(AMENDABLE), waiting, *_of_order(ask))


def failed(ask: Question) -> Conditions:
    """Orders with a failed test: its company asks for a retest, or waits for the report of what was done."""
    own = visible(ask.viewer, Action.CHANGE_OWN_BOOKING, Order)
    judged = (Failed.order_line_id == Line.id, Failed.result == Result.FAILED)
    again = exists().where(Again.retest_of_id == Line.id)
    waiting = exists().where(*judged, Line.order_id == Order.id, Line.issued_at.is_(None), not_(again))
    return (own, Order.state.in_(GROUPS[Group.OPEN]), waiting, *_of_order(ask))


def lapsing(ask: Question) -> Conditions:
    """Holds that still stand."""
    own = visible(ask.viewer, Action.CHANGE_OWN_BOOKING, Booking)
    return (own, Booking.state == State.HELD, Booking.hold_expires_at > ask.now, *_of_booking(ask))


def proposed(ask: Question) -> Conditions:
    """Bookings for which the lab proposes another time."""
    own = visible(ask.viewer, Action.CHANGE_OWN_BOOKING, Booking)
    open_ones = exists().where(Answered.booking_id == Booking.id, Answered.expires_at > ask.now)
    return (own, Booking.state.in_(COMING), open_ones, *_of_booking(ask))


def to_dispatch(ask: Question) -> Conditions:
    """Samples of accepted orders that are still at the company."""
    own = visible(ask.viewer, Action.CHANGE_OWN_BOOKING, Sample)
    agreed = stands_in(Sample.order_id, (OrderState.ACCEPTED, OrderState.TESTING))
    return (own, Sample.state == SampleState.EXPECTED, agreed, *_of_sample(ask))


def deviating(ask: Question) -> Conditions:
    """Samples that arrived other than ordered."""
    own = visible(ask.viewer, Action.CHANGE_OWN_BOOKING, Sample)
    return (own, Sample.state.in_(IN_HOUSE), Sample.deviating.is_(True), *_of_sample(ask))


IN_HOUSE = (SampleState.RECEIVED, SampleState.STORED, SampleState.ON_BENCH)

# Filters


def _of_booking(ask: Question) -> Conditions:
    asked, found = ask.asked, []
    if asked.lab:
        found.append(Booking.lab_id == asked.lab)
    if asked.bench:
        found.append(Booking.resource_id.in_(_units(asked.bench)))
    if asked.domain:
        found.append(Booking.test_id.in_(_domain(asked.domain)))
    if asked.q:
        typed = or_(_says(Booking.code, asked.q), _says(Booking.sample, asked.q))
        found.append(or_(typed, Booking.test_id.in_(_tests(asked.q)), *_company(ask, Booking)))
    return tuple(found)


def _of_order(ask: Question) -> Conditions:
    asked, found = ask.asked, []
    if asked.lab:
        found.append(Order.lab_id == asked.lab)
    if asked.bench:
        booked = select(Line.order_id).join(Use, Use.order_line_id == Line.id)
        found.append(Order.id.in_(booked.where(Use.resource_id.in_(_units(asked.bench)))))
    if asked.domain:
        found.append(_line(Line.test_id.in_(_domain(asked.domain))))
    if asked.q:
        lines = _line(or_(_says(Line.sample, asked.q), Line.test_id.in_(_tests(asked.q))))
        found.append(or_(_says(Order.code, asked.q), lines, *_company(ask, Order)))
    return tuple(found)


def _of_sample(ask: Question) -> Conditions:
    asked, found = ask.asked, []
    orders = select(Order.id)
    if asked.lab:
        found.append(Sample.lab_id == asked.lab)
    if asked.bench or asked.domain:
        narrowed = Question(ask.viewer, Asked(bench=asked.bench, domain=asked.domain), ask.now)
        found.append(Sample.order_id.in_(orders.where(*_of_order(narrowed))))
    if asked.q:
        typed = or_(_says(Sample.code, asked.q), _says(Sample.name, asked.q), *_company(ask, Sample))
        found.append(or_(typed, Sample.order_id.in_(orders.where(_says(Order.code, asked.q)))))
    return tuple(found)


def _line(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(Line.order_id == Order.id, condition)


def _units(bench: str) -> Select[str]:
    return select(Resource.id).where((Resource.id == bench) | (Resource.pool == bench))


def _domain(domain: str) -> Select[str]:
    return select(Test.id).where(Test.domain_id == domain)


def _tests(words: str) -> Select[str]:
    return select(Test.id).where(browse.matching(Test.search_text, words))


def _says(column: InstrumentedAttribute[str], words: str) -> ColumnElement[bool]:
    return column.icontains(words.strip(), autoescape=True)


def _company(ask: Question, model: type[Booking] | type[Order] | type[Sample]) -> Conditions:
    """Rows of companies of this name, for those who may know whose a row is."""
    names = (Organisation.name_zh, Organisation.short_zh, Organisation.name_en)
    called = select(Organisation.id).where(or_(*(_says(name, ask.asked.q) for name in names)))
    return (and_(visible(ask.viewer, Action.SEE_BOOKING_COMPANY, model), model.company_id.in_(called)),)


# Which conditions make a list


@dataclass(frozen=True, slots=True)
class Source:
    """Rows of one table that belong on a list."""

    model: type[Order] | type[Booking] | type[Sample]
    conditions: Callable[[Question], Conditions]


SOURCES: Mapping[Work, Mapping[Kind, Source]] = {
    Work.REVIEW: {Kind.REVIEW: Source(Order, to_review), Kind.AMENDMENT: Source(Order, to_answer)},
    Work.RECEIVE: {Kind.RECEIVE: Source(Sample, to_receive)},
    Work.START: {Kind.START: Source(Booking, to_start)},
    Work.LATE: {Kind.LATE: Source(Booking, late)},
    Work.REPORT: {Kind.REPORT: Source(Booking, to_report)},
    Work.MINE: {
        Kind.AMENDMENT: Source(Order, to_answer),
        Kind.RETURNED: Source(Order, returned),
        Kind.STOPPED: Source(Order, stopped),
        Kind.DEVIATION: Source(Sample, deviating),
        Kind.HOLD: Source(Booking, lapsing),
        Kind.PROPOSAL: Source(Booking, proposed),
        Kind.DISPATCH: Source(Sample, to_dispatch),
        Kind.FAILED: Source(Order, failed),
    },
    Work.OPEN: {Kind.OPEN: Source(Order, open_orders)},
}


def counts(ask: Question, lists: Sequence[Work]) -> dict[Work, int]:
    """How much waits on each of the lists; one statement."""
    counted = [
        select(func.count()).select_from(source.model).where(*source.conditions(ask)).scalar_subquery()
        for what in lists
        for source in SOURCES[what].values()
    ]
    found = iter(db.session.execute(select(*counted)).one())
    return {what: sum(next(found) for _source in SOURCES[what]) for what in lists}
