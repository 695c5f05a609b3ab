"""What every step of a booking shares: opening it, finding a free slot for it, noting what happened."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.accounts.policy import Action, Viewer, require, require_visible
from app.booking import occupancy, offers, queries, rules
from app.booking.availability import Slot, use_at
from app.booking.lapsing import clear_lapsed
from app.booking.models import Booking
from app.booking.settings import limits
from app.errors import NotFound
from app.events import log
from app.labs.queries import CapableBench, lock_benches, resource_exists

SLOT_COLUMNS = ("resource_id", "place", "starts_at", "ends_at", "run_from", "run_until")


@dataclass(frozen=True, slots=True)
class Change:
    """A step of one booking, as the caller last saw it (`version`)."""

    booking_id: str
    version: int
    reason: str = ""


class offering:  # noqa: N801 - reads as a with-clause
    """A lost slot leaves with the three nearest free offers, looked up after the transaction has ended."""

    def __init__(self, test_id: str, asked: datetime, now: datetime) -> None:
        self.test_id, self.asked, self.now = test_id, asked, now

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, rules.SlotTaken):
            lab_id = str(error.facts.get("lab_id", ""))
            error.offers = offers.nearest(self.test_id, self.asked, self.now, limits(), lab_id)


def capable_benches(session: Session, test_id: str, resource: str) -> list[CapableBench]:
    capable = lock_benches(session, test_id, resource)
    if not capable:
        raise rules.NotCapable() if resource_exists(resource) else NotFound()
    return capable


def free_slot(
    session: Session,
    capable: Sequence[CapableBench],
    starts_at: datetime,
    now: datetime,
    ignoring: str | None = None,
) -> Slot:
    """The asked use on the first of the benches with a free place, lapsed rows cleared away before."""
    rules.check_start(starts_at, now, limits())
    use = use_at(capable[0], starts_at)
    ids = [item.bench.resource_id for item in capable]
    in_the_way = clear_lapsed(session, queries.in_the_way(session, ids, use.interval), now)
    try:
        return occupancy.find_place([item.bench for item in capable], use, in_the_way, ignoring)
    except rules.SlotTaken as error:
        error.facts["lab_id"] = capable[0].bench.lab_id
        raise


def slot_columns(slot: Slot) -> dict[str, object]:
    use = slot.use
    return {
        "lab_id": slot.bench.lab_id,
        "resource_id": slot.bench.resource_id,
        "place": slot.place,
        "starts_at": use.starts_at,
        "ends_at": use.ends_at,
        "run_from": use.run_from,
        "run_until": use.run_until,
    }


def open_booking(session: Session, viewer: Viewer, command: Change, action: Action) -> Booking:
    """The booking, locked, seen by the viewer, in the version he saw."""
    booking = session.get(Booking, command.booking_id, with_for_update={"of": Booking}, populate_existing=True)
    require_visible(viewer, Action.SEE_BOOKING, booking)
    assert booking is not None
    require(viewer, action, booking)
    rules.check_version(command.version, booking.version)
    return booking


def drop_proposal(session: Session, booking: Booking) -> None:
    if booking.proposal is not None:
        occupancy.free_proposed(session, booking)
        booking.proposal = None
        session.flush()


def need_reason(command: Change) -> None:
    if not command.reason.strip():
        raise rules.ReasonMissing()


def record(session: Session, booking: Booking, viewer: Viewer, now: datetime, **data: Any) -> None:
    log.record(session, f"booking.{booking.state.value}", booking, by=viewer, at=now, **data)
