"""Questions about runs."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.policy import Action, Viewer, visible
from app.booking.models import Booking
from app.booking.rules import State
from app.database import db
from app.orders.models import OrderLine
from app.testing.models import BenchToken, RunPause, RunResult

# A bench's software that names no booking means the one that is due within this time.
NEAR = timedelta(hours=12)


def pauses(booking_id: str) -> list[RunPause]:
    """Pauses of a run, oldest first."""
    query = select(RunPause).where(RunPause.booking_id == booking_id).order_by(RunPause.started_at)
    return list(db.session.scalars(query))


def results_of(viewer: Viewer, line_ids: Iterable[str]) -> dict[str, RunResult]:
    """How the run of each line ended, as far as the viewer may see it."""
    query = select(RunResult).where(
        RunResult.order_line_id.in_(list(line_ids)), visible(viewer, Action.SEE_BOOKING, RunResult)
    )
    return {result.order_line_id: result for result in db.session.scalars(query.order_by(RunResult.judged_at))}


def open_pauses_of(viewer: Viewer, line_ids: Iterable[str]) -> dict[str, RunPause]:
    """The pause that each line is in, as far as the viewer may see it."""
    query = select(RunPause).where(
        RunPause.order_line_id.in_(list(line_ids)),
        RunPause.ended_at.is_(None),
        visible(viewer, Action.SEE_BOOKING, RunPause),
    )
    return {pause.order_line_id: pause for pause in db.session.scalars(query)}


def retested(line_ids: Iterable[str]) -> frozenset[str]:
    """Those of the lines that are tested again."""
    query = select(OrderLine.retest_of_id).where(OrderLine.retest_of_id.in_(list(line_ids)))
    return frozenset(ident for ident in db.session.scalars(query) if ident)


def tokens(viewer: Viewer, resource_id: str) -> list[BenchToken]:
    """Live tokens of a bench, for its lab's administrators."""
    query = select(BenchToken).where(
        BenchToken.resource_id == resource_id,
        BenchToken.revoked_at.is_(None),
        visible(viewer, Action.SET_CAPACITY, BenchToken),
    )
    return list(db.session.scalars(query.order_by(BenchToken.created_at)))


# For services


def open_pause(session: Session, booking_id: str) -> RunPause | None:
    return session.scalar(select(RunPause).where(RunPause.booking_id == booking_id, RunPause.ended_at.is_(None)))


def result(session: Session, booking_id: str) -> RunResult | None:
    return session.scalar(select(RunResult).where(RunResult.booking_id == booking_id))


def result_of_line(session: Session, line_id: str) -> RunResult | None:
    query = select(RunResult).where(RunResult.order_line_id == line_id).order_by(RunResult.judged_at.desc())
    return session.scalar(query.limit(1))


def token(session: Session, digest: str) -> BenchToken | None:
    """The live token of this digest."""
    return session.scalar(select(BenchToken).where(BenchToken.digest == digest, BenchToken.revoked_at.is_(None)))


def run_on(resource_id: str, code: str, now: datetime) -> Booking | None:
    """The booking of a bench that its software means: by its code, else what runs, else what is due about now."""
    query = select(Booking).where(Booking.resource_id == resource_id)
    if code:
        return db.session.scalar(query.where(Booking.code == code))
    running = db.session.scalar(query.where(Booking.state == State.RUNNING).order_by(Booking.starts_at).limit(1))
    if running is not None:
        return running
    due = query.where(Booking.state == State.CONFIRMED, Booking.starts_at > now - NEAR, Booking.starts_at < now + NEAR)
    return min(db.session.scalars(due), key=lambda booking: abs(booking.starts_at - now), default=None)


def line_in(session: Session, viewer: Viewer, order_id: str, line_id: str) -> bool:
    """Whether the viewer sees this line of this order."""
    query = select(OrderLine.id).where(
        OrderLine.id == line_id, OrderLine.order_id == order_id, visible(viewer, Action.SEE_BOOKING, OrderLine)
    )
    return session.scalar(query) is not None
