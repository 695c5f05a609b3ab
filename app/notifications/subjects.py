"""What events are about: whose it is, where it lies, and the facts that a sentence needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.accounts.members import Seat
from app.accounts.models import JoinRequest, Organisation
from app.accounts.policy import Action
from app.booking.models import Booking
from app.database import db
from app.events.models import Event
from app.labs.models import Lab, Resource, Test
from app.notifications.event_kinds import kind_of
from app.notifications.groups import REPORTERS
from app.notifications.kinds import KINDS, Kind
from app.notifications.rules import TOLD_BY_BOOKING, told_by_order
from app.orders.models import Order, OrderLine, OrderMessage
from app.samples.models import Sample
from app.testing.models import TestReport
from app.testing.rights import who_is_next
from app.worktime import local_date


@dataclass(frozen=True, slots=True)
class Subject:
    """company_id, lab_id: as the policy asks them. owner_id: who ordered it, or asked. page_id: of its page; address:
    further parameters of that page.

    people: users who are meant by name, on the sides of those who work on reports. membership_id: whose alone it is.
    facts: JSON values; names in both languages as [Chinese, English], instants ISO 8601. company: its name, for the
    order desk alone. action: what a receiver must be allowed to do with it, None for a seat (`seat`) or an account.
    """

    page_id: str
    company_id: str | None
    lab_id: str | None
    owner_id: str
    action: Action | None
    facts: Mapping[str, Any]
    company: tuple[str, str] = ("", "")
    seat: Seat | None = None
    people: frozenset[str] = frozenset()
    membership_id: str = ""
    address: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Happening:
    """An event that makes a notice."""

    event: Event
    kind: Kind
    subject: Subject


# Where an event about something else says which booking it concerns.
BY_DATA = {"report": "booking", "waitlist": "booking"}


def happenings(events: Sequence[Event], now: datetime) -> list[Happening]:
    """Events that somebody may be told of, in the order of the log; a few statements for any number of them."""
    kinds = {event.key: kind for event in events if (kind := kind_of(event.kind, event.data)) is not None}
    told = [event for event in events if event.key in kinds]
    loaded = _Loaded(now)
    loaded.load(told)
    found = []
    for event in told:
        subject = loaded.subject(event, kinds[event.key])
        if subject is not None:
            found.append(Happening(event, kinds[event.key], subject))
    return found


def _booking_of(event: Event) -> str:
    name = BY_DATA.get(event.subject_type)
    return str(event.data.get(name)) if name else event.subject_id


@dataclass(slots=True)
class _Loaded:
    """Rows behind a batch of events, by id."""

    now: datetime
    bookings: dict[str, tuple[Booking, Order, Organisation]] = field(default_factory=dict)
    reports: dict[str, TestReport] = field(default_factory=dict)
    orders: dict[str, tuple[Order, Lab, Organisation]] = field(default_factory=dict)
    messages: dict[str, OrderMessage] = field(default_factory=dict)
    seats: dict[str, JoinRequest] = field(default_factory=dict)
    samples: dict[str, tuple[Sample, Lab, Organisation]] = field(default_factory=dict)

    def load(self, events: Sequence[Event]) -> None:
        """Ask for all rows that the events need."""
        by_type: dict[str, list[Event]] = {}
        for event in events:
            kind = "booking" if event.subject_type in BY_DATA else event.subject_type
            by_type.setdefault(kind, []).append(event)
        ids = {kind: {event.subject_id for event in found} for kind, found in by_type.items()}
        if "booking" in by_type:
            self.bookings = bookings_by_id({_booking_of(event) for event in by_type["booking"]})
        if "report" in {event.subject_type for event in events}:
            about = {event.subject_id for event in events if event.subject_type == "report"}
            self.reports = {
                each.id: each for each in db.session.scalars(select(TestReport).where(TestReport.id.in_(about)))
            }
        if "message" in ids:
            query = select(OrderMessage).where(OrderMessage.id.in_(ids["message"]))
            self.messages = {message.id: message for message in db.session.scalars(query)}
        wanted = ids.get("order", set()) | {message.order_id for message in self.messages.values()}
        if wanted:
            self.orders = _orders_by_id(wanted)
        if "sample" in ids:
            self.samples = _samples_by_id(ids["sample"])
        if "join" in ids:
            asked = select(JoinRequest).where(JoinRequest.id.in_(ids["join"]))
            whole = asked.options(joinedload(JoinRequest.user), joinedload(JoinRequest.organisation))
            self.seats = {row.id: row for row in db.session.scalars(whole)}

    def subject(self, event: Event, kind: Kind) -> Subject | None:
        """None where the row is gone, or the event is told by another one."""
        if event.subject_type == "order":
            return self._order(event, kind)
        if event.subject_type == "message":
            return self._message(event)
        if event.subject_type == "join":
            return self._seat(event)
        if event.subject_type == "sample":
            return self._sample(event, kind)
        if event.subject_type == "turnaround":
            return _statistics(event)
        if event.subject_type == "user":
            return _account(event)
        return self._booking(event, kind)

    def _booking(self, event: Event, kind: Kind) -> Subject | None:
        row = self.bookings.get(_booking_of(event))
        if row is None:
            return None
        booking, order, company = row
        line = booking.order_line
        if not order.direct and told_by_order(kind, order.state.value, line.accepted_at is not None):
            return None
        more = {"number": event.data["number"]} if "number" in event.data else {}
        if "to" in event.data:
            more["start"] = event.data["to"]
        if "until" in event.data:
            more["until"] = event.data["until"]
        if kind is Kind.MOVED_AWAY:
            return _left(booking, company, event)
        found = booking_subject(booking, company, **more)
        return self._in_the_lab(found, event, kind) if REPORTERS & KINDS[kind].sentences.keys() else found

    def _in_the_lab(self, subject: Subject, event: Event, kind: Kind) -> Subject | None:
        """A version that is under way, for those whose step is next; None once it has gone further."""
        report = self.reports.get(event.subject_id)
        if report is None or f"report.{report.state.value}" != event.kind:
            return None
        people = who_is_next(db.session(), report, local_date(self.now))
        return replace(subject, page_id=report.id, people=people)

    def _order(self, event: Event, kind: Kind) -> Subject | None:
        row = self.orders.get(event.subject_id)
        if row is None or (row[0].direct and kind in TOLD_BY_BOOKING):
            return None
        return _order_subject(*row, Action.SEE_BOOKING)

    def _message(self, event: Event) -> Subject | None:
        message = self.messages.get(event.subject_id)
        row = self.orders.get(message.order_id) if message and not message.internal else None
        # What was written to a lab is none of the lab's to which the order has gone since.
        if message and row and not message.by_lab and message.lab_id != row[0].lab_id:
            return None
        return _order_subject(*row, Action.SEE_MESSAGE) if row else None

    def _sample(self, event: Event, kind: Kind) -> Subject | None:
        row = self.samples.get(event.subject_id)
        if row is None:
            return None
        sample, lab, company = row
        # Off the bench it is back with those who received it: nothing new to the company. A deviation says more.
        if kind is Kind.SAMPLE_RECEIVED and (sample.received_at != event.at or sample.deviating):
            return None
        return Subject(
            page_id=sample.id,
            company_id=sample.company_id,
            lab_id=sample.lab_id,
            owner_id=sample.created_by_id,
            action=Action.SEE_BOOKING,
            facts={"code": sample.code, "name": sample.name, "lab": lab_names(lab)},
            company=(company.short_zh, company.short_en),
        )

    def _seat(self, event: Event) -> Subject | None:
        row = self.seats.get(event.subject_id)
        if row is None:
            return None
        names = [row.organisation.short_zh, row.organisation.short_en]
        return Subject(
            page_id="",
            company_id=row.organisation_id,
            lab_id=row.lab_ids[0] if row.lab_ids else None,
            owner_id=row.user_id,
            action=None,
            facts={"organisation": names, "person": row.user.name},
            seat=Seat(row.organisation_id, row.role, tuple(row.lab_ids)),
        )


def _statistics(event: Event) -> Subject:
    """A report of figures: nobody's but the member's for whom it was made."""
    facts = {name: event.data[name] for name in ("first", "last")}
    return Subject(
        page_id=event.subject_id,
        company_id=None,
        lab_id=None,
        owner_id="",
        action=Action.RECEIVE_STATISTICS,
        facts={**facts, "page": event.subject_id},
        membership_id=str(event.data["membership"]),
    )


def _account(event: Event) -> Subject:
    """An account: nobody's but its holder's."""
    facts = {"until": event.data["until"]} if "until" in event.data else {}
    return Subject(page_id="", company_id=None, lab_id=None, owner_id=event.subject_id, action=None, facts=facts)


def bookings_by_id(ids: set[str]) -> dict[str, tuple[Booking, Order, Organisation]]:
    """Bookings with all that `booking_subject` reads, by id; one statement."""
    query = (
        select(Booking, Order, Organisation)
        .join(OrderLine, OrderLine.id == Booking.order_line_id)
        .join(Order, Order.id == OrderLine.order_id)
        .join(Organisation, Organisation.id == Booking.company_id)
        .where(Booking.id.in_(ids))
        .options(
            joinedload(Booking.resource).joinedload(Resource.lab),
            joinedload(Booking.test).joinedload(Test.method),
            joinedload(Booking.order_line),
        )
    )
    return {booking.id: (booking, order, company) for booking, order, company in db.session.execute(query)}


def _orders_by_id(ids: set[str]) -> dict[str, tuple[Order, Lab, Organisation]]:
    query = (
        select(Order, Lab, Organisation)
        .join(Lab, Lab.id == Order.lab_id)
        .join(Organisation, Organisation.id == Order.company_id)
        .where(Order.id.in_(ids))
    )
    return {order.id: (order, lab, company) for order, lab, company in db.session.execute(query)}


def _samples_by_id(ids: set[str]) -> dict[str, tuple[Sample, Lab, Organisation]]:
    query = (
        select(Sample, Lab, Organisation)
        .join(Lab, Lab.id == Sample.lab_id)
        .join(Organisation, Organisation.id == Sample.company_id)
        .where(Sample.id.in_(ids))
    )
    return {sample.id: (sample, lab, company) for sample, lab, company in db.session.execute(query)}


def booking_subject(booking: Booking, company: Organisation, **more: Any) -> Subject:
    """A booking as its notices tell it. more: further facts."""
    facts = {
        "code": booking.code,
        "test": test_names(booking.test),
        "lab": lab_names(booking.resource.lab),
        "start": booking.starts_at.isoformat(),
    }
    return Subject(
        page_id=booking.id,
        company_id=booking.company_id,
        lab_id=booking.lab_id,
        owner_id=booking.created_by_id,
        action=Action.SEE_BOOKING,
        facts=facts | more,
        company=(company.short_zh, company.short_en),
    )


def _left(booking: Booking, company: Organisation, event: Event) -> Subject:
    """A booking that is another lab's now, for the lab that had it: where it went is none of its business."""
    facts = {"code": booking.code, "test": test_names(booking.test), "start": event.data["from"]}
    return replace(booking_subject(booking, company), page_id="", lab_id=event.lab_id, facts=facts)


def _order_subject(order: Order, lab: Lab, company: Organisation, action: Action) -> Subject:
    return Subject(
        page_id=order.id,
        company_id=order.company_id,
        lab_id=order.lab_id,
        owner_id=order.created_by_id,
        action=action,
        facts={"code": order.code, "lab": lab_names(lab)},
        company=(company.short_zh, company.short_en),
    )


def test_names(test: Test) -> list[str]:
    """Standard and item, Chinese and English."""
    method = test.method
    return [f"{method.name_zh} {test.name_zh}", f"{method.name_en} {test.name_en or test.name_zh}"]


def lab_names(lab: Lab) -> list[str]:
    """The short Chinese name and the English one, as `lab_name` gives them."""
    return [lab.short_zh or lab.name_zh, lab.name_en or lab.name_zh]
