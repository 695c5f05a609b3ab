"""The waiting list: who wants a time that is taken; and requests that compete with it, decided on one screen.

Nobody is told a place in a queue, nor that anybody else waits.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session, joinedload

from app import turns
from app.accounts.models import Membership, Organisation
from app.accounts.policy import Action, Viewer, require, require_visible
from app.accounts.queries import viewer_of
from app.booking import service, watching
from app.booking.desk_models import WaitlistEntry
from app.booking.models import Booking
from app.booking.rules import HeldBefore, State, TooManyHolds
from app.booking.service import Book
from app.booking.steps import Change
from app.booking.watching import SERVED, asks_for, live
from app.database import db, transaction
from app.errors import N_, Invalid, NotFound, YujianError
from app.events import log
from app.labs.models import Lab, Resource, Test
from app.turns import Counted

MOST_ENTRIES = 50


class CannotHold(YujianError):
    code, status = "wrong_state", 409
    message = N_("这家企业现在不能暂留这个时段，申请没有改动。")


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait for a test between two instants (aware), at a lab or any, on a unit or pool or any."""

    test_id: str
    earliest: datetime
    latest: datetime
    lab_id: str | None = None
    resource: str | None = None


def wait(viewer: Viewer, command: Wait, now: datetime) -> WaitlistEntry:
    """Put down a wish. Raises Forbidden, Invalid."""
    require(viewer, Action.BOOK)
    if command.latest <= max(command.earliest, now):
        raise Invalid(N_("最晚时间要在最早时间之后，而且还没有过去。"), field="latest")
    with transaction() as session:
        if session.get(Test, command.test_id) is None:
            raise Invalid(N_("没有这个检测项目。"), field="test")
        if command.lab_id and session.get(Lab, command.lab_id) is None:
            raise Invalid(N_("没有这个实验室。"), field="lab")
        if command.resource and not _resource_there(session, command.resource):
            raise Invalid(N_("没有这个台架。"), field="resource")
        turns.wait(session, Counted.COMPANY, viewer.organisation_id or "")
        if len(entries(viewer, now)) >= MOST_ENTRIES:
            raise Invalid(N_("贵公司的候补已满 %(most)d 条，请先撤掉一条。"), field="test", most=MOST_ENTRIES)
        entry = WaitlistEntry(
            company_id=viewer.organisation_id,
            membership_id=viewer.membership_id,
            test_id=command.test_id,
            lab_id=command.lab_id,
            resource=command.resource,
            earliest=command.earliest,
            latest=command.latest,
            created_at=now,
            look_at=watching.hears_at(now, now),
        )
        session.add(entry)
        session.flush()
        log.record(session, "waitlist.entered", entry, by=viewer, at=now, for_lab=False, test=entry.test_id)
        return entry


def _resource_there(session: Session, ident: str) -> bool:
    query = select(Resource.id).where(or_(Resource.id == ident, Resource.pool == ident))
    return session.scalar(query.limit(1)) is not None


def entries(viewer: Viewer, now: datetime) -> list[WaitlistEntry]:
    """The company's wishes that still hold, oldest first."""
    if viewer.company_id is None:
        return []
    query = select(WaitlistEntry).where(WaitlistEntry.company_id == viewer.company_id, live(now))
    return list(db.session.scalars(query.order_by(WaitlistEntry.created_at, WaitlistEntry.id)))


def entry(viewer: Viewer, entry_id: str) -> WaitlistEntry:
    """One wish of the company. Raises NotFound."""
    found = db.session.get(WaitlistEntry, entry_id)
    require_visible(viewer, Action.CHANGE_OWN_BOOKING, found)
    assert found is not None
    return found


def leave(viewer: Viewer, entry_id: str, now: datetime) -> None:
    """Take a wish back. Raises NotFound."""
    with transaction() as session:
        found = session.get(WaitlistEntry, entry_id, with_for_update=True)
        require_visible(viewer, Action.CHANGE_OWN_BOOKING, found)
        assert found is not None
        if found.ended_at is None:
            found.ended_at = now
            log.record(session, "waitlist.left", found, by=viewer, at=now, for_lab=False)


@dataclass(frozen=True, slots=True)
class Competing:
    """A request that waits for the lab, and wishes that could have its time."""

    booking: Booking
    company: Organisation
    rivals: list[tuple[WaitlistEntry, Organisation]]


def competing(viewer: Viewer, now: datetime) -> list[Competing]:
    """Requests of the viewer's labs that others would have too, the oldest first. For lab administrators only."""
    requests = (
        select(Booking, Organisation)
        .join(Organisation, Organisation.id == Booking.company_id)
        .where(Booking.lab_id.in_(viewer.lab_ids), Booking.state == State.REQUESTED, Booking.starts_at > now)
        .options(joinedload(Booking.resource), joinedload(Booking.test))
        .order_by(Booking.requested_at, Booking.id)
    )
    pairs = [(booking, company) for booking, company in db.session.execute(requests)]
    tests = {booking.test_id for booking, _ in pairs}
    wishes = (
        select(WaitlistEntry, Organisation)
        .join(Organisation, Organisation.id == WaitlistEntry.company_id)
        .where(WaitlistEntry.test_id.in_(tests), live(now), ~_has_time(now))
        .order_by(WaitlistEntry.created_at, WaitlistEntry.id)
    )
    known = [(wish, company) for wish, company in db.session.execute(wishes)]
    found = [Competing(b, company, [w for w in known if _wants(w[0], b)]) for b, company in pairs]
    return [each for each in found if each.rivals]


def _wants(wish: WaitlistEntry, booking: Booking) -> bool:
    return asks_for(wish, booking) and wish.company_id != booking.company_id


def _has_time(now: datetime) -> ColumnElement[bool]:
    """Whether a lab has given who waits a time that is still held, asked for or agreed."""
    standing = or_(Booking.state.in_((*SERVED, State.REQUESTED)), Booking.hold_expires_at > now)
    return exists().where(Booking.id == WaitlistEntry.booking_id, standing)


def give(viewer: Viewer, change: Change, entry_id: str, now: datetime) -> Booking:
    """Decline a request and hold its time for a company that waits, in one go: it has the lab's proposal time to ask.

    The hold is in the name of who put down the wish, for a company is the one that asks; if it lapses, the company
    waits on. Raises what `decline` and
    `book` raise, NotFound; then nothing is changed.
    """
    with transaction() as session:
        booking = session.get(Booking, change.booking_id)
        require_visible(viewer, Action.DECIDE_BOOKING, booking)
        wanted = select(WaitlistEntry).where(WaitlistEntry.id == entry_id, live(now), ~_has_time(now))
        wish = session.scalar(wanted.with_for_update(of=WaitlistEntry))
        if booking is None or wish is None or not _wants(wish, booking):
            raise NotFound()
        asker = viewer_of(session.get_one(Membership, wish.membership_id))
        command = Book(booking.test_id, booking.resource_id, booking.starts_at, State.HELD)
        service.decline(viewer, change, now)
        try:
            held = service.place(session, replace(asker, scope=viewer.scope), command, now)
        except (TooManyHolds, HeldBefore) as error:
            # How much it holds, and where, is the company's own business.
            raise CannotHold() from error
        wish.booking_id = held.id
        log.record(session, "waitlist.offered", wish, by=viewer, at=now, for_lab=False, booking=held.id)
        return held
