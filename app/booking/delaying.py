"""A use that takes longer than booked: whoever comes next on the bench is told at once, with another time to take."""

from dataclasses import dataclass
from datetime import datetime

from app.accounts.policy import Action, Viewer
from app.booking import moves, occupancy, relocating, rules
from app.booking.models import Booking
from app.booking.moves import Move
from app.booking.occupancy import footprint_of
from app.booking.relocating import Hit, Outcome
from app.booking.rules import State
from app.booking.steps import Change, open_booking
from app.database import transaction
from app.errors import YujianError
from app.events import log
from app.language import refusal
from app.worktime import Interval


@dataclass(frozen=True, slots=True)
class Delay(Change):
    """until: when the running use is now expected to end; aware."""

    until: datetime | None = None


def announce_delay(viewer: Viewer, command: Delay, now: datetime) -> list[Outcome]:
    """The run is late: it keeps its bench as long as nobody comes, and each who comes before its new end gets the
    nearest other time proposed. He may take it, choose another or cancel; until he answers nothing of his moves.

    Raises NotLater, WrongState, Stale, NotFound, Forbidden.
    """
    with transaction() as session:
        booking = open_booking(session, viewer, command, Action.RUN_BOOKING)
        if booking.state is not State.RUNNING:
            raise rules.WrongState(state=booking.state, wanted=State.RUNNING)
        booked, until = booking.ends_at, command.until
        if until is None or until <= max(now, booked):
            raise rules.NotLater(until=booked)
        occupancy.extend(session, booking, until)
        booking.touch(now)
        log.record(
            session,
            "booking.delayed",
            booking,
            by=viewer,
            at=now,
            booked=booked.isoformat(),
            until=until.isoformat(),
            reason=command.reason,
        )
    return [_told(viewer, hit, now) for hit in _following(booking, Interval(booked, until), now)]


def _following(booking: Booking, late: Interval, now: datetime) -> list[Hit]:
    """Bookings that want what the late one still has, each with the nearest other place."""
    found: dict[str, Hit] = {}
    for resource_id, place in footprint_of(booking):
        for hit in relocating.hits(booking.lab_id, resource_id, [place], late, now):
            if hit.booking.id != booking.id and hit.booking.state in (State.REQUESTED, State.CONFIRMED):
                found.setdefault(hit.booking.id, hit)
    return list(found.values())


def _told(viewer: Viewer, hit: Hit, now: datetime) -> Outcome:
    """Each in its own transaction: what one refuses doesn't stop the others."""
    if hit.slot is None:
        return Outcome(hit.booking.id, refusal(rules.NoOtherTime()))
    use, resource = hit.slot.use, hit.slot.bench.resource_id
    try:
        moves.propose_after_delay(
            viewer, Move(hit.booking.id, hit.booking.version, starts_at=use.starts_at, resource=resource), now
        )
    except YujianError as error:
        return Outcome(hit.booking.id, refusal(error))
    return Outcome(hit.booking.id)
