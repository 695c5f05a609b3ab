"""Who waits is told of a time that has become free; told is not kept: whoever books it first has it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.accounts.models import Membership
from app.accounts.policy import Action
from app.booking import watching
from app.booking.desk_models import WaitlistEntry
from app.booking.offers import Offer
from app.booking.settings import limits
from app.booking.watching import Booked, Look
from app.database import transaction
from app.labs.models import Lab, Test
from app.notifications.groups import Side
from app.notifications.kinds import Kind
from app.notifications.subjects import Subject, lab_names, test_names
from app.notifications.telling import Told, tell

# Looking takes milliseconds each; what is left over is looked at in the next run. Each batch is told in one go.
MOST, BATCH = 300, 20


@dataclass(frozen=True, slots=True)
class Found:
    """What a look at a wish found, None when nothing was looked for. look_at: for when it had been planned."""

    entry_id: str
    look_at: datetime
    seen: Look | None


def tell_waiting(now: datetime) -> int:
    """Look at the wishes whose time has come; returns how many notices were made.

    Looked at without a lock, then told and noted in one short transaction: a run that is cut off tells nothing twice.
    """
    entries = watching.due(now, MOST)
    return sum(_batch(entries[first : first + BATCH], now) for first in range(0, len(entries), BATCH))


def _batch(entries: Sequence[WaitlistEntry], now: datetime) -> int:
    defaults, met = limits(), watching.booked(entries, now)
    found = []
    for entry in entries:
        quiet = entry.id in met.asked or entry.id in met.served
        found.append(Found(entry.id, entry.look_at, None if quiet else watching.look(entry, now, defaults)))
    with transaction() as session:
        # In one order, so that two who lock many wishes don't wait for one another in a circle.
        query = select(WaitlistEntry).where(WaitlistEntry.id.in_(watching.with_others(entries, now)))
        locked = session.scalars(
            query.order_by(WaitlistEntry.id).with_for_update().execution_options(populate_existing=True)
        )
        wishes = {entry.id: entry for entry in locked}
        told = [one for each in found for one in _note(session, wishes, each, met, now)]
        return tell(session, told, now)


def _note(
    session: Session, wishes: Mapping[str, WaitlistEntry], found: Found, met: Booked, now: datetime
) -> list[Told]:
    """Note with the wish what was found; what is to be told of it."""
    entry = wishes.get(found.entry_id)
    # Taken back meanwhile, or marked, told or looked at by somebody else: then it is looked at anew.
    if entry is None or entry.ended_at is not None or entry.look_at != found.look_at:
        return []
    if booking_id := met.served.get(entry.id):
        watching.end_served(session, entry, booking_id, now)
        return []
    if found.seen is None:
        watching.put_off(entry, now)
        return []
    watching.keep(entry, found.seen, now)
    offer = found.seen.offer
    if offer is None:
        return []
    source = f"{Kind.TIME_FREE.value}:{entry.id}:{now.isoformat()}"
    heard = [_told(session, entry, offer, source, now)]
    for other in wishes.values():
        if other.id not in met.asked and other.id not in met.served and watching.is_met_too(other, entry, offer):
            one = _told(session, other, offer, source, now)
            if one.subject.owner_id == heard[0].subject.owner_id or watching.would_be_told(other, offer):
                watching.note(other, offer, now)
                heard.append(one)
    # Whoever put down several of these wishes hears of it once: the source is the same.
    return heard


def _told(session: Session, entry: WaitlistEntry, offer: Offer, source: str, now: datetime) -> Told:
    return Told(Kind.TIME_FREE, Side.COMPANY, _subject(session, entry, offer), source, now)


def _subject(session: Session, entry: WaitlistEntry, offer: Offer) -> Subject:
    """The time, and the form of a booking with it; nothing says how it became free."""
    bench, start = offer.slot.bench, offer.starts_at.isoformat()
    test = session.get_one(Test, entry.test_id, options=[joinedload(Test.method)])
    lab = session.get_one(Lab, bench.lab_id)
    return Subject(
        page_id="",
        company_id=entry.company_id,
        lab_id=bench.lab_id,
        owner_id=session.get_one(Membership, entry.membership_id).user_id,
        action=Action.SEE_BOOKING,
        facts={"test": test_names(test), "lab": lab_names(lab), "start": start},
        address={"test": test.id, "resource": bench.pool, "starts_at": start},
    )
