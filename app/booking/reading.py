"""Questions that the pages of bookings ask, beside those of `queries`."""

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, not_, or_, select
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.interfaces import ORMOption

from app.accounts.models import Organisation
from app.accounts.policy import Action, Viewer, allowed, visible
from app.booking.models import Booking, Occupancy
from app.booking.rules import OPEN, State
from app.database import db
from app.labs.models import Lab, Resource, Test
from app.orders.models import OrderLine
from app.worktime import Interval, local_date, local_day, midnight


def _shown() -> tuple[ORMOption, ...]:
    """What every list of bookings shows of a booking, loaded with it."""
    return (
        joinedload(Booking.resource).joinedload(Resource.lab),
        joinedload(Booking.test).joinedload(Test.method),
        joinedload(Booking.order_line),
        joinedload(Booking.proposal),
    )


def companies(viewer: Viewer, bookings: Iterable[Booking]) -> dict[str, Organisation]:
    """Companies of the bookings by id, of those only that the viewer may know by name."""
    ids = {b.company_id for b in bookings if allowed(viewer, Action.SEE_BOOKING_COMPANY, b)}
    if not ids:
        return {}
    return {o.id: o for o in db.session.scalars(select(Organisation).where(Organisation.id.in_(ids)))}


def own_at(viewer: Viewer, resource_or_pool: str, when: Interval) -> Booking | None:
    """The viewer's own open booking that meets the time on this unit or pool: why it may not be free to him."""
    query = (
        select(Booking)
        .join(Booking.resource)
        .where(
            visible(viewer, Action.SEE_BOOKING, Booking),
            (Resource.id == resource_or_pool) | (Resource.pool == resource_or_pool),
            Booking.state.in_(OPEN),
            Booking.starts_at < when.end,
            Booking.ends_at > when.start,
        )
        .order_by(Booking.starts_at)
    )
    return db.session.scalar(query.limit(1))


def of_lines(viewer: Viewer, line_ids: Sequence[str]) -> dict[str, Booking]:
    """The newest booking of each order line that the viewer may see."""
    query = (
        select(Booking)
        .where(visible(viewer, Action.SEE_BOOKING, Booking), Booking.order_line_id.in_(line_ids))
        .options(*_shown())
        .order_by(Booking.created_at, Booking.id)
    )
    return {booking.order_line_id: booking for booking in db.session.scalars(query)}


def by_ids(viewer: Viewer, ids: Iterable[str]) -> dict[str, Booking]:
    """Bookings of these ids that the viewer may see."""
    query = select(Booking).where(visible(viewer, Action.SEE_BOOKING, Booking), Booking.id.in_(list(ids)))
    return {booking.id: booking for booking in db.session.scalars(query.options(*_shown()))}


def code_of(viewer: Viewer, booking_id: str) -> str | None:
    """The code of a booking that the viewer may see."""
    query = select(Booking.code).where(Booking.id == booking_id, visible(viewer, Action.SEE_BOOKING, Booking))
    return db.session.scalar(query)


def booked_labs(viewer: Viewer) -> list[Lab]:
    """Labs at which the viewer sees bookings, by name."""
    booked = select(Booking.lab_id).where(visible(viewer, Action.SEE_BOOKING, Booking))
    return list(db.session.scalars(select(Lab).where(Lab.id.in_(booked)).order_by(Lab.name_zh)))


class Shown(enum.StrEnum):
    """What a list shows: bookings still under way, those that are over, or all."""

    OPEN = "open"
    OVER = "over"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which bookings a list shows; `first` and `last` are local dates that a use has to meet."""

    what: Shown | State = Shown.OPEN
    lab_id: str | None = None
    first: date | None = None
    last: date | None = None

    @property
    def forward(self) -> bool:
        """Coming uses are read forwards, others from the newest back."""
        return self.what is Shown.OPEN or self.what in OPEN


def listed(
    viewer: Viewer, wanted: Filter, now: datetime, after: tuple[datetime, str] | None = None, limit: int = 100
) -> list[Booking]:
    """Bookings that the viewer may see and the filter lets through, by start. after: the last one shown."""
    query = select(Booking).where(visible(viewer, Action.SEE_BOOKING, Booking), *_state_is(wanted.what, now))
    if wanted.lab_id:
        query = query.where(Booking.lab_id == wanted.lab_id)
    if wanted.first:
        query = query.where(Booking.ends_at > midnight(wanted.first))
    if wanted.last:
        query = query.where(Booking.starts_at < local_day(wanted.last).end)
    if after:
        query = query.where(_behind(after, wanted.forward))
    order = (Booking.starts_at, Booking.id) if wanted.forward else (Booking.starts_at.desc(), Booking.id.desc())
    return list(db.session.scalars(query.options(*_shown()).order_by(*order).limit(limit)))


def _behind(after: tuple[datetime, str], forward: bool) -> ColumnElement[bool]:
    start, ident = after
    if forward:
        return or_(Booking.starts_at > start, and_(Booking.starts_at == start, Booking.id > ident))
    return or_(Booking.starts_at < start, and_(Booking.starts_at == start, Booking.id < ident))


def lapsed(now: datetime) -> ColumnElement[bool]:
    """Whether a hold or a request has run out, as `rules.seen_state` has it."""
    return or_(
        and_(Booking.state == State.HELD, Booking.hold_expires_at <= now),
        and_(Booking.state == State.REQUESTED, Booking.starts_at <= now),
    )


def _state_is(what: Shown | State, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """The condition on the state as a reader sees it: what has lapsed is expired (`rules.seen_state`)."""
    if what is Shown.ALL:
        return ()
    if what is Shown.OPEN:
        return (Booking.state.in_(OPEN), not_(lapsed(now)))
    if what is Shown.OVER:
        return (or_(Booking.state.not_in(OPEN), lapsed(now)),)
    if what is State.EXPIRED:
        return (or_(Booking.state == State.EXPIRED, lapsed(now)),)
    return (Booking.state == what, not_(lapsed(now)))


class Waiting(enum.StrEnum):
    """What a lab has to do with a booking next."""

    DECIDE = "decide"
    START = "start"
    RUNNING = "running"
    REPORT = "report"


def _waiting(viewer: Viewer, now: datetime) -> dict[Waiting, tuple[Any, ...]]:
    """The conditions of each list; a request whose start has passed waits for nobody."""
    deciding = visible(viewer, Action.DECIDE_BOOKING, Booking)
    running = visible(viewer, Action.RUN_BOOKING, Booking)
    reporting = visible(viewer, Action.ISSUE_REPORT, Booking)
    today_ends = local_day(local_date(now)).end
    lines = unreported(viewer, now)
    return {
        Waiting.DECIDE: (deciding, Booking.state == State.REQUESTED),
        Waiting.START: (running, Booking.state == State.CONFIRMED, Booking.starts_at < today_ends),
        Waiting.RUNNING: (running, Booking.state == State.RUNNING),
        Waiting.REPORT: (
            reporting,
            Booking.state == State.COMPLETED,
            Booking.order_line_id.in_(lines),
        ),
    }


def unreported(viewer: Viewer, now: datetime) -> Select[str]:
    """Lines that are tested and have no report; bookings are found by them, for most of those are long over."""
    ended = (OrderLine.issued_at.is_(None), OrderLine.ended_at <= now)
    return select(OrderLine.id).where(visible(viewer, Action.SEE_BOOKING, OrderLine), *ended).correlate(None)


WAITING_ORDER = {
    Waiting.DECIDE: Booking.requested_at,
    Waiting.START: Booking.starts_at,
    Waiting.RUNNING: Booking.ends_at,
    Waiting.REPORT: Booking.ends_at,
}


def waiting(viewer: Viewer, what: Waiting, now: datetime, limit: int = 200) -> list[Booking]:
    """What waits for this lab role, oldest first."""
    query = select(Booking).where(*_waiting(viewer, now)[what]).options(*_shown())
    return list(db.session.scalars(query.order_by(WAITING_ORDER[what], Booking.id).limit(limit)))


def waiting_counts(viewer: Viewer, now: datetime) -> dict[Waiting, int]:
    """How much waits for this lab role, of each kind; one statement."""
    counted = [
        select(func.count()).select_from(Booking).where(*conditions).scalar_subquery()
        for conditions in _waiting(viewer, now).values()
    ]
    return dict(zip(Waiting, db.session.execute(select(*counted)).one(), strict=True))


def day_of_benches(viewer: Viewer, resource_ids: Sequence[str], span: Interval) -> list[Booking]:
    """Fixed uses of benches that meet `span`, by bench and start, for the lab's own people; also those that take a
    bench along with another one.
    """
    along = select(Occupancy.booking_id).where(
        Occupancy.resource_id.in_(resource_ids),
        Occupancy.proposed.is_(False),
        Occupancy.starts_at < span.end,
        Occupancy.ends_at > span.start,
    )
    query = (
        select(Booking)
        .where(
            visible(viewer, Action.SEE_DAY_SHEET, Booking),
            Booking.resource_id.in_(resource_ids) | Booking.id.in_(along),
            Booking.state.in_((State.CONFIRMED, State.RUNNING, State.COMPLETED)),
            Booking.starts_at < span.end,
            Booking.ends_at > span.start,
        )
        .options(*_shown())
        .order_by(Booking.resource_id, Booking.starts_at)
    )
    return list(db.session.scalars(query))
