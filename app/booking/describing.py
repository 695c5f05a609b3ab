"""What a booking says of its sample: written after a hold by one click, until the lab has confirmed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.accounts.policy import Action, Viewer
from app.booking.models import Booking
from app.booking.rules import SampleKnown, State, WrongState, seen_state
from app.booking.steps import Change, open_booking
from app.database import transaction
from app.events import log
from app.orders.rules import sample_names
from app.samples import queries as samples


@dataclass(frozen=True, slots=True)
class Describe:
    """Another sample and note for a booking, as the caller last saw it (`version`)."""

    booking_id: str
    version: int
    sample: str
    note: str


def may_describe(booking: Booking, state: State) -> bool:
    """Whether its company may still say what the sample is: until the lab has confirmed, and later only where nothing
    was said. The lines of an order of several are written, and amended, there.
    """
    unsettled = state in (State.HELD, State.REQUESTED) or (state is State.CONFIRMED and not booking.sample)
    return unsettled and booking.order_line.order.direct


def describe(viewer: Viewer, command: Describe, now: datetime) -> Booking:
    """Raises WrongState, SampleKnown, Stale, NotFound, Forbidden. What is the same as before changes nothing."""
    with transaction() as session:
        opened = Change(command.booking_id, command.version)
        booking = open_booking(session, viewer, opened, Action.CHANGE_OWN_BOOKING)
        if (command.sample, command.note) == (booking.sample, booking.note):
            return booking
        state = seen_state(booking.state, booking.hold_expires_at, booking.starts_at, now)
        if not may_describe(booking, state):
            raise WrongState(state=state)
        _check_known(session, booking, command.sample)
        if command.sample != booking.sample:
            booking.sample = booking.order_line.sample = command.sample
            log.record(session, "booking.described", booking, by=viewer, at=now, sample=command.sample)
        booking.note = command.note
        booking.touch(now)
        return booking


def _check_known(session: Session, booking: Booking, sample: str) -> None:
    """A sample with a label on it stays on its order. Raises SampleKnown."""
    dropped = set(sample_names(booking.sample)) - set(sample_names(sample))
    known = samples.named(session, booking.order_line.order_id, sorted(dropped))
    if known:
        raise SampleKnown(sample=known[0].name)
