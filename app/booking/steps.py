"""What every step of a booking shares: opening it, finding a free slot for it, noting what happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.accounts.policy import Action, Viewer, require, require_visible
from app.booking import closed, occupancy, offers, queries, rules
from app.booking.availability import ANYBODY, Slot, Wish, use_at
from app.booking.lapsing import clear_lapsed
from app.booking.models import Booking
from app.booking.settings import limits, limits_of
from app.errors import NotFound
from app.events import log
from app.labs.locking import lock_benches
from app.labs.queries import CapableBench, bench_of, resource_exists
from app.worktime import Interval

SLOT_COLUMNS = ("resource_id", "place", "starts_at", "ends_at", "run_from", "run_until", "footprint")


@dataclass(frozen=True, slots=True)
class Change:
    """A step of one booking, as the caller last saw it (`version`)."""

    booking_id: str
    version: int
    reason: str = ""


class offering:  # noqa: N801 - reads as a with-clause
    """A lost slot leaves with the three nearest free offers, looked up after the transaction has ended.

    only_lab: the one that proposes; days that another keeps for the company are none of its business.
    """

    def __init__(
        self, test_id: str, asked: datetime, now: datetime, wish: Wish = ANYBODY, only_lab: str | None = None
    ) -> None:
        self.test_id, self.asked, self.now, self.wish, self.only_lab = test_id, asked, now, wish, only_lab

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, rules.SlotTaken):
            lab_id = self.only_lab or str(error.facts.get("lab_id", ""))
            error.offers = offers.nearest(self.test_id, self.asked, self.now, limits(), lab_id, wish=self.wish)


def capable_benches(
    session: Session, test_id: str, resource: str, company_id: str | None = None, reserve: bool = False
) -> list[CapableBench]:
    """The benches asked for, locked, as the company may use them. Raises NotCapable, NotFound."""
    capable = lock_benches(session, test_id, resource, company_id, reserve)
    if not capable:
        raise rules.NotCapable() if resource_exists(resource) else NotFound()
    return capable


def free_slot(
    session: Session,
    capable: Sequence[CapableBench],
    starts_at: datetime,
    now: datetime,
    wish: Wish = ANYBODY,
    ignoring: str | None = None,
    by_lab: bool = False,
) -> Slot:
    """The asked use on the first of the benches with all it needs free, lapsed rows cleared away before."""
    rules.check_start(starts_at, now, limits_of(capable[0].bench), by_lab)
    use = use_at(capable[0], starts_at)
    ids = {ident for item in capable for ident in item.reads}
    when = occupancy.reach(capable, use)
    rows = clear_lapsed(session, queries.in_the_way(session, sorted(ids), when), now)
    if ignoring:
        rows += closed.closed_rows(session, ids, when)
    try:
        return occupancy.find_slot(capable, use, rows, wish, ignoring)
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
        "footprint": occupancy.written(slot.footprint) if len(slot.footprint) > 1 else [],
    }


def wish_of(booking: Booking, by_lab: bool = False) -> Wish:
    """What the booking's company asked for beside the time, for another time of it. by_lab: which its lab proposes."""
    return Wish(booking.company_id, booking.exclusive, booking.shielded, booking.id, by_lab)


def open_booking(session: Session, viewer: Viewer, command: Change, action: Action) -> Booking:
    """The booking, locked, seen by the viewer, in the version he saw."""
    booking = session.get(Booking, command.booking_id, with_for_update={"of": Booking}, populate_existing=True)
    require_visible(viewer, Action.SEE_BOOKING, booking)
    assert booking is not None
    require(viewer, action, booking)
    rules.check_version(command.version, booking.version)
    return booking


def check_cancel(booking: Booking, now: datetime) -> None:
    """Whether the company may still cancel or move by itself. Raises TooLateToCancel."""
    limit = limits_of(bench_of(booking.resource, booking.resource.lab))
    delayed = booking.delayed_until is not None or (booking.proposal is not None and booking.proposal.delay)
    if not rules.may_cancel(booking.state, booking.starts_at, now, limit, delayed):
        raise rules.TooLateToCancel(hours=int(limit.cancel_deadline.total_seconds() // 3600))


def change_slot(session: Session, booking: Booking, columns: Mapping[str, object]) -> None:
    """Give the booking another slot, in one go with its taken time. columns: as of `slot_columns`."""
    before, was = occupancy.footprint_of(booking), Interval(booking.starts_at, booking.ends_at)
    for column, value in columns.items():
        setattr(booking, column, value)
    booking.delayed_until = None
    occupancy.retake(session, booking, before, was)


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
