"""A time and bench to which a lab would move a booking, looked at before it is proposed."""

from dataclasses import dataclass
from datetime import datetime

from app.booking import occupancy, queries, relocating, rules
from app.booking.availability import Slot, slot_for, use_at
from app.booking.models import Booking
from app.booking.settings import limits_of
from app.booking.steps import wish_of
from app.errors import YujianError
from app.labs.queries import capable_benches


@dataclass(frozen=True, slots=True)
class Placing:
    """slot: the use there; None where it can't be had, with the refusal."""

    slot: Slot | None
    refused: YujianError | None = None


def placing(booking: Booking, resource_id: str, start: datetime, now: datetime) -> Placing:
    """What a proposal of this bench and start would meet now; it is asked again when it is made."""
    try:
        return Placing(_slot(booking, resource_id, start, now))
    except YujianError as error:
        return Placing(None, error)


def _slot(booking: Booking, resource_id: str, start: datetime, now: datetime) -> Slot:
    """Raises NotCapable, SlotTaken and all refusals of a start."""
    capable = capable_benches([booking.test_id], booking.lab_id, booking.company_id, reserve=True)
    item = next((item for item in capable if item.bench.resource_id == resource_id), None)
    if item is None:
        raise rules.NotCapable()
    rules.check_start(start, now, limits_of(item.bench), by_lab=True)
    use = use_at(item, start)
    rows = queries.taken(item.reads, occupancy.reach([item], use), now)
    slot = slot_for(item, use, relocating.without_own(booking, rows), wish_of(booking))
    if slot is None:
        raise rules.SlotTaken()
    return slot
