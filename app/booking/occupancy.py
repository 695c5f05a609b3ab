"""Taking and freeing time: every door (hold, request, move, proposal, early start, closure) goes through here."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import ColumnElement, and_, delete, func, select, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.booking import closed, rules
from app.booking.availability import ANYBODY, PlaceOf, Slot, Wish, slot_for
from app.booking.models import OVERLAP, Booking, Closure, ClosureHit, MoveProposal, Occupancy
from app.booking.queries import InTheWay, Taken
from app.identifiers import new_id
from app.inserting import write
from app.labs.models import Capability, Resource
from app.labs.queries import CapableBench
from app.worktime import Interval, Use, subtract


def find_slot(
    capable: Sequence[CapableBench],
    use: Use,
    in_the_way: Iterable[InTheWay],
    wish: Wish = ANYBODY,
    ignoring: str | None = None,
) -> Slot:
    """The use on the first of the benches where all that it needs is free. Raises SlotTaken.

    in_the_way: rows of all that the benches read, in the time `reach` tells. ignoring: id of a booking whose own
    time doesn't count (it moves).
    """
    rows: dict[str, list[Taken]] = defaultdict(list)
    for row in in_the_way:
        if not ignoring or row.booking_id != ignoring:
            rows[row.resource_id].append(row.taken)
    slots = (slot_for(item, use, rows, wish) for item in capable)
    slot = next((slot for slot in slots if slot is not None), None)
    if slot is None:
        raise rules.SlotTaken()
    return slot


def reach(capable: Sequence[CapableBench], use: Use) -> Interval:
    """The time in which rows can speak against the use: its own, and as far as a changeover goes."""
    around = max((item.longest_changeover for item in capable), default=timedelta(0))
    return Interval(use.starts_at - around, use.ends_at + around)


def written(footprint: Iterable[tuple[str, int]]) -> list[str]:
    """A footprint as bookings keep it: "resource/place"."""
    return [f"{resource_id}/{place}" for resource_id, place in footprint]


class Placed(Protocol):
    """What takes places: a booking, a proposal, or a row with these columns of one."""

    @property
    def footprint(self) -> Sequence[str]: ...

    @property
    def resource_id(self) -> str: ...

    @property
    def place(self) -> int: ...


def footprint_of(thing: Placed) -> list[tuple[str, int]]:
    """What a booking or a proposal takes, its own place first."""
    kept = [text.rpartition("/") for text in thing.footprint]
    return [(resource_id, int(place)) for resource_id, _, place in kept] or [(thing.resource_id, thing.place)]


def take(session: Session, booking: Booking, state_id: str | None) -> None:
    """Take the booking's slot; while it is held the rows lapse with it. Raises SlotTaken when the database's own
    guard refuses it. state_id: the state in which it leaves the bench.
    """
    when = Interval(booking.starts_at, booking.ends_at)
    owner = _owner(booking) | {"expires_at": booking.hold_expires_at}
    _insert(session, [_row(place, when, booking.resource_id, state_id, owner) for place in footprint_of(booking)])


def keep(session: Session, booking: Booking) -> None:
    """A hold became a request: its time no longer lapses."""
    session.flush()
    session.execute(update(Occupancy).where(Occupancy.booking_id == booking.id).values(expires_at=None))


def retake(session: Session, booking: Booking, before: Sequence[tuple[str, int]], was: Interval) -> None:
    """Take the booking's changed slot instead of the one before. Raises SlotTaken; then the old one is kept."""
    session.flush()
    session.execute(delete(Occupancy).where(Occupancy.booking_id == booking.id))
    take(session, booking, state_of(session, booking))
    close_again(session, {resource_id for resource_id, _ in before}, was)


def extend_footprint(session: Session, booking: Booking, places: Sequence[tuple[str, int]]) -> None:
    """A booking takes further places for its time. Raises SlotTaken where one is not free."""
    when = Interval(booking.starts_at, booking.ends_at)
    owner = _owner(booking) | {"expires_at": booking.hold_expires_at}
    _insert(session, [_row(place, when, booking.resource_id, None, owner) for place in places])
    booking.footprint = written([*footprint_of(booking), *places])


def extend_proposal(session: Session, booking: Booking, places: Sequence[tuple[str, int]]) -> None:
    """The time proposed to a booking takes further places too. Raises SlotTaken where one is not free."""
    proposal = booking.proposal
    assert proposal is not None
    _insert(session, _proposed_rows(booking, proposal, places, None))
    proposal.footprint = written([*footprint_of(proposal), *places])


def take_proposed(session: Session, booking: Booking, proposal: MoveProposal) -> None:
    """Take the proposed slot beside the old one; where the two overlap on one place the old row holds it already."""
    _insert(session, _proposed_rows(booking, proposal, footprint_of(proposal), state_of(session, booking)))


def _proposed_rows(
    booking: Booking, proposal: MoveProposal, places: Iterable[tuple[str, int]], state_id: str | None
) -> list[dict[str, object]]:
    when, old = Interval(proposal.starts_at, proposal.ends_at), Interval(booking.starts_at, booking.ends_at)
    owner = _owner(booking) | {"expires_at": proposal.expires_at, "proposed": True}
    held = footprint_of(booking)
    return [
        _row(place, piece, proposal.resource_id, state_id, owner)
        for place in places
        for piece in (subtract([when], [old]) if place in held else [when])
    ]


def state_of(session: Session, booking: Booking) -> str | None:
    """The state in which the booking's test leaves the bench."""
    capability = session.get(Capability, (session.get_one(Resource, booking.resource_id).pool, booking.test_id))
    return capability.state_id if capability else None


def take_closure(session: Session, closure: Closure) -> None:
    """Close what is still free of the closure's places; what bookings hold is closed once they free it.

    With all of it locked (`closed.lock`).
    """
    _fill(session, closure, Interval(closure.starts_at, closure.ends_at))


def _fill(session: Session, closure: Closure, when: Interval) -> None:
    places = closed.places_of(session, closure.resource_id, closure.places)
    meeting = select(Occupancy.resource_id, Occupancy.place, Occupancy.starts_at, Occupancy.ends_at).where(
        Occupancy.resource_id.in_({resource_id for resource_id, _ in places}),
        Occupancy.starts_at < when.end,
        Occupancy.ends_at > when.start,
    )
    session.flush()
    taken: dict[PlaceOf, list[Interval]] = defaultdict(list)
    for resource_id, place, starts_at, ends_at in session.execute(meeting.order_by(Occupancy.starts_at)):
        taken[resource_id, place].append(Interval(starts_at, ends_at))
    owner: dict[str, object] = {"closure_id": closure.id}
    _insert(
        session,
        [
            _row(place, piece, closure.resource_id, None, owner)
            for place in places
            for piece in subtract([when], taken[place])
        ],
    )


def end_closure(session: Session, closure: Closure, ends_at: datetime) -> None:
    """Give back what a closure takes behind an instant, unless another one closes it too. ends_at: the closure's own
    start where it goes altogether. With its benches and itself locked (`closed.lock_benches`).
    """
    given: list[tuple[str, Interval]] = []
    late = select(Occupancy).where(Occupancy.closure_id == closure.id, Occupancy.ends_at > ends_at)
    for row in session.scalars(late):
        given.append((row.resource_id, Interval(max(row.starts_at, ends_at), row.ends_at)))
        if row.starts_at >= ends_at:
            session.delete(row)
        else:
            row.ends_at = ends_at
    session.flush()
    if ends_at > closure.starts_at:
        closure.ends_at = ends_at
    else:
        session.execute(delete(ClosureHit).where(ClosureHit.closure_id == closure.id))
        session.delete(closure)
    session.flush()
    for resource_id, span in given:
        close_again(session, [resource_id], span)


def close_again(session: Session, resource_ids: Iterable[str], when: Interval) -> None:
    """Time that was freed inside a closure is closed, not free."""
    for closure in closed.closures_over(session, set(resource_ids), when, locked=True):
        inside = Interval(max(closure.starts_at, when.start), min(closure.ends_at, when.end))
        _fill(session, closure, inside)


def _owner(booking: Booking) -> dict[str, object]:
    return {"booking_id": booking.id, "company_id": booking.company_id, "shielded": booking.shielded}


def _row(
    place: tuple[str, int], when: Interval, main: str, state_id: str | None, owner: dict[str, object]
) -> dict[str, object]:
    """A row of the table; only the main resource is left in a state."""
    kept: dict[str, object] = {"expires_at": None, "proposed": False, "booking_id": None, "closure_id": None}
    kept |= {"state_id": state_id if place[0] == main else None, "company_id": None, "shielded": False}
    slot = {"resource_id": place[0], "place": place[1], "starts_at": when.start, "ends_at": when.end}
    return {"id": new_id(), **slot, **kept, **owner}


def _insert(session: Session, rows: list[dict[str, object]]) -> None:
    """Write, an overlap that only the database sees becomes SlotTaken."""
    session.flush()
    if not rows:
        return
    # All writers go through the places in one order, so that none waits for another in a circle.
    rows.sort(key=lambda row: (str(row["resource_id"]), str(row["place"])))
    with guarded():
        write(session, Occupancy, *rows)


@contextmanager
def guarded() -> Iterator[None]:
    """An overlap that only the database sees when rows are written inside becomes SlotTaken."""
    try:
        yield
    except IntegrityError as error:
        if OVERLAP in str(error.orig):
            raise rules.SlotTaken(raced=True) from error
        raise


def free(session: Session, booking: Booking) -> None:
    """Give back all time of the booking, proposed time too."""
    _free(session, Occupancy.booking_id == booking.id)


def free_proposed(session: Session, booking: Booking) -> None:
    """Give back the proposed time only."""
    _free(session, and_(Occupancy.booking_id == booking.id, Occupancy.proposed))


def _free(session: Session, mine: ColumnElement[bool]) -> None:
    session.flush()
    given: dict[str, list[Interval]] = defaultdict(list)
    for resource_id, starts_at, ends_at in session.execute(
        select(Occupancy.resource_id, Occupancy.starts_at, Occupancy.ends_at).where(mine)
    ):
        given[resource_id].append(Interval(starts_at, ends_at))
    session.execute(delete(Occupancy).where(mine))
    for resource_id, spans in given.items():
        for span in spans:
            close_again(session, [resource_id], span)


def extend(session: Session, booking: Booking, until: datetime) -> datetime:
    """Keep what the booking has up to `until`, or as long before as nobody else comes; the end that it now has.

    Raises SlotTaken, raced, where somebody comes at this moment.
    """
    own = footprint_of(booking)
    following = select(func.min(Occupancy.starts_at)).where(
        tuple_(Occupancy.resource_id, Occupancy.place).in_(own),
        Occupancy.starts_at >= booking.ends_at,
        Occupancy.booking_id.is_distinct_from(booking.id),
    )
    until = min(until, session.scalar(following) or until)
    if until > booking.ends_at:
        for row in session.scalars(select(Occupancy).where(Occupancy.booking_id == booking.id)):
            row.ends_at = max(row.ends_at, until)
        booking.ends_at = until
        with guarded():
            session.flush()
    return booking.ends_at


def free_rest(session: Session, booking: Booking, ended_at: datetime) -> None:
    """Early end: what lies behind it is free for others."""
    for row in session.scalars(select(Occupancy).where(Occupancy.booking_id == booking.id)):
        if row.starts_at >= ended_at:
            session.delete(row)
        elif row.ends_at > ended_at:
            row.ends_at = ended_at
    session.flush()
    if ended_at < booking.ends_at:
        resources = {resource_id for resource_id, _ in footprint_of(booking)}
        close_again(session, resources, Interval(max(ended_at, booking.starts_at), booking.ends_at))
