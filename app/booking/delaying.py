"""A use that takes longer than booked: everybody whom it keeps from his bench or his sample is told at once, with
another time to take where there is one.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.accounts.policy import Action, Viewer
from app.booking import anew, moves, occupancy, relocating, rules
from app.booking.models import Booking
from app.booking.moves import Move
from app.booking.occupancy import footprint_of
from app.booking.order_lines import standing
from app.booking.relocating import Hit, Outcome
from app.booking.rules import State
from app.booking.steps import Change, open_booking
from app.database import db, transaction
from app.errors import YujianError
from app.events import log
from app.language import refusal
from app.orders.rules import sample_names
from app.worktime import Interval

# Who still waits for his bench.
WAITING = (State.HELD, State.REQUESTED, State.CONFIRMED)


@dataclass(frozen=True, slots=True)
class Delay(Change):
    """until: when the running use is now expected to end; aware."""

    until: datetime | None = None


def announce_delay(viewer: Viewer, command: Delay, now: datetime) -> list[Outcome]:
    """The run is late: it keeps its bench as long as nobody comes, and each who comes before its new end gets the
    nearest other time proposed. He may take it, choose another or cancel; until he answers nothing of his moves. Where
    no time can be proposed, he is told all the same.

    Raises NotLater, WrongState, Stale, NotFound, Forbidden.
    """
    booking, late = anew.until_done(lambda session: _delay(session, viewer, command, now))
    hits = _following(booking, late, now)
    told = [_told(viewer, hit, late.end, now) for hit in hits]
    known = {hit.booking.id for hit in hits}
    waiting = [each for each in _same_sample(booking, late, now) if each.id not in known]
    return told + [_hold_up(viewer, each, late.end, now) for each in waiting]


def _delay(session: Session, viewer: Viewer, command: Delay, now: datetime) -> tuple[Booking, Interval]:
    """The booking, and the time for which it is late."""
    booking = open_booking(session, viewer, command, Action.RUN_BOOKING)
    if booking.state is not State.RUNNING:
        raise rules.WrongState(state=booking.state, wanted=State.RUNNING)
    booked, until = booking.ends_at, command.until
    if until is None or until <= max(now, booked):
        raise rules.NotLater(until=booked)
    occupancy.extend(session, booking, until)
    booking.touch(now)
    facts: dict[str, Any] = {"booked": booked.isoformat(), "until": until.isoformat(), "reason": command.reason}
    log.record(session, "booking.delayed", booking, by=viewer, at=now, **facts)
    return booking, Interval(booked, until)


def _following(booking: Booking, late: Interval, now: datetime) -> list[Hit]:
    """Bookings that want what the late one still has, each with the nearest other place."""
    found: dict[str, Hit] = {}
    for resource_id, place in footprint_of(booking):
        for hit in relocating.hits(booking.lab_id, resource_id, [place], late, now):
            if hit.booking.id != booking.id and hit.booking.state in WAITING:
                found.setdefault(hit.booking.id, hit)
    return list(found.values())


def _same_sample(booking: Booking, late: Interval, now: datetime) -> list[Booking]:
    """Uses of the order's other lines, on any bench, that want a sample which the late run still has."""
    names = set(sample_names(booking.sample))
    others = standing(db.session(), [line.id for line in booking.order_line.order.lines], now).values()
    return [
        each
        for each in others
        if each.id != booking.id
        and each.state in WAITING
        and names & set(sample_names(each.sample))
        and each.starts_at < late.end
        and late.start < each.ends_at
    ]


def _told(viewer: Viewer, hit: Hit, until: datetime, now: datetime) -> Outcome:
    """Each in its own transaction: what one refuses doesn't stop the others."""
    if hit.slot is None or hit.booking.state is State.HELD:
        return _hold_up(viewer, hit.booking, until, now)
    use, resource = hit.slot.use, hit.slot.bench.resource_id
    try:
        moves.propose_after_delay(
            viewer, Move(hit.booking.id, hit.booking.version, starts_at=use.starts_at, resource=resource), now
        )
    except YujianError:
        # Somebody took that time, or the booking changed, a moment ago.
        db.session.rollback()
        return _hold_up(viewer, hit.booking, until, now)
    return Outcome(hit.booking.id)


def _hold_up(viewer: Viewer, hit: Booking, until: datetime, now: datetime) -> Outcome:
    """Nothing can be proposed: the company is told, and may choose another time or cancel, however late it is."""
    with transaction() as session:
        booking = session.get_one(Booking, hit.id, with_for_update={"of": Booking}, populate_existing=True)
        if booking.state in WAITING:
            booking.delayed_until = until
            booking.touch(now)
            log.record(session, "booking.held_up", booking, by=viewer, at=now, until=until.isoformat())
    return Outcome(hit.id, refusal(rules.NoOtherTime()))
