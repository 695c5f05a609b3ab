"""Runs: pausing, going on, ending with a result, and asking for a retest; the start is a step of the booking."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.policy import Action, Viewer, require, require_visible
from app.booking import service as booking_service
from app.booking.models import Booking
from app.booking.occupancy import footprint_of
from app.booking.rules import State
from app.booking.steps import Change, open_booking
from app.database import transaction
from app.errors import NotFound
from app.events import log
from app.labs.models import Resource
from app.orders import service as orders
from app.orders.models import Order, OrderLine, RetestCause
from app.orders.retesting import add_retest
from app.testing import run_queries, run_rules
from app.testing.models import RunPause, RunResult
from app.testing.run_rules import PauseCause, Result
from app.worktime import local_date


@dataclass(frozen=True, slots=True)
class Pause(Change):
    cause: PauseCause = PauseCause.EQUIPMENT


@dataclass(frozen=True, slots=True)
class Finish(Change):
    """reason: the comment on the result, needed where it is not passed."""

    result: Result = Result.PASSED


@dataclass(frozen=True, slots=True)
class Retest:
    """version: the order's. sample: what it is repeated on; '': the same."""

    order_id: str
    line_id: str
    version: int
    sample: str = ""


def pause(viewer: Viewer, command: Pause, now: datetime) -> Booking:
    """The run stands still. Raises AlreadyPaused, NotRunning, Stale, NotFound, Forbidden."""
    with transaction() as session:
        booking = _running(session, viewer, command)
        if run_queries.open_pause(session, booking.id):
            raise run_rules.AlreadyPaused()
        session.add(
            RunPause(
                booking_id=booking.id,
                order_line_id=booking.order_line_id,
                company_id=booking.company_id,
                lab_id=booking.lab_id,
                cause=command.cause,
                note=command.reason,
                started_at=now,
                by_id=viewer.user_id,
            )
        )
        _tell(session, booking, "paused", viewer, now, cause=command.cause.value, reason=command.reason)
        return booking


def resume(viewer: Viewer, command: Change, now: datetime) -> Booking:
    """The run goes on. Raises NotPaused, NotRunning, Stale, NotFound, Forbidden."""
    with transaction() as session:
        booking = _running(session, viewer, command)
        if run_queries.open_pause(session, booking.id) is None:
            raise run_rules.NotPaused()
        _end_pause(session, booking, now)
        _tell(session, booking, "resumed", viewer, now)
        return booking


def finish(viewer: Viewer, command: Finish, now: datetime) -> Booking:
    """The run ends, or ended a moment ago without a word of its result; what was left of its time is free.

    Raises AlreadyJudged, CommentNeeded, WrongState, Stale, NotFound, Forbidden.
    """
    with transaction() as session:
        booking = open_booking(session, viewer, command, Action.RUN_BOOKING)
        known = run_queries.result(session, booking.id)
        if known is not None:
            raise run_rules.AlreadyJudged(result=known.result)
        if command.result in run_rules.REPEATABLE and not command.reason:
            raise run_rules.CommentNeeded()
        _end_pause(session, booking, now)
        if booking.state is not State.COMPLETED:
            booking_service.end_use(session, booking, viewer, now)
        session.add(
            RunResult(
                booking_id=booking.id,
                order_line_id=booking.order_line_id,
                company_id=booking.company_id,
                lab_id=booking.lab_id,
                result=command.result,
                comment=command.reason,
                equipment={"used": _equipment(session, booking, now)},
                judged_by_id=viewer.user_id,
                judged_at=now,
            )
        )
        _tell(session, booking, "judged", viewer, now, result=command.result.value, reason=command.reason)
        return booking


def complete(viewer: Viewer, command: Change, now: datetime) -> Booking:
    """The bench's software says that it has ended; the result is for people to judge. Raises as `finish`."""
    with transaction() as session:
        booking = open_booking(session, viewer, command, Action.RUN_BOOKING)
        _end_pause(session, booking, now)
        booking_service.end_use(session, booking, viewer, now)
        return booking


def retest(viewer: Viewer, command: Retest, now: datetime) -> OrderLine:
    """The company repeats what failed or was not valid; the lab, what was not valid.

    Raises ResultMissing, RetestAsked, OrderStale, NotFound, Forbidden.
    """
    with transaction() as session:
        if not run_queries.line_in(session, viewer, command.order_id, command.line_id):
            raise NotFound()
        action = Action.DECIDE_BOOKING if viewer.is_lab else Action.CHANGE_OWN_BOOKING
        order: Order = orders.open_order(session, viewer, command.order_id, command.version, action)
        line = orders.line_of(order, command.line_id)
        found = run_queries.result_of_line(session, line.id)
        repeatable = run_rules.REPEATABLE if viewer.is_company else {Result.INVALID}
        if found is None or found.result not in repeatable:
            raise run_rules.ResultMissing()
        return add_retest(session, line, RetestCause(found.result.value), command.sample, viewer, now)


def _running(session: Session, viewer: Viewer, command: Change) -> Booking:
    booking = session.get(Booking, command.booking_id, with_for_update={"of": Booking}, populate_existing=True)
    require_visible(viewer, Action.SEE_BOOKING, booking)
    if booking is None:
        raise NotFound()
    require(viewer, Action.RUN_BOOKING, booking)
    if booking.state is not State.RUNNING:
        raise run_rules.NotRunning()
    return open_booking(session, viewer, command, Action.RUN_BOOKING)


def _end_pause(session: Session, booking: Booking, now: datetime) -> None:
    paused = run_queries.open_pause(session, booking.id)
    if paused is not None:
        paused.ended_at = now
        booking.order_line.paused_seconds += int((now - paused.started_at).total_seconds())


def _equipment(session: Session, booking: Booking, now: datetime) -> list[dict[str, Any]]:
    """What the booking used, and whether its calibration holds today."""
    ids = {resource_id for resource_id, _place in footprint_of(booking)}
    used = session.scalars(select(Resource).where(Resource.id.in_(ids)).order_by(Resource.id))
    return [
        {
            "id": each.id,
            "name_zh": each.name_zh,
            "name_en": each.name_en,
            "calibration_due": each.calibration_due.isoformat() if each.calibration_due else None,
            "valid": each.calibration_due is None or each.calibration_due >= local_date(now),
        }
        for each in used
    ]


def _tell(session: Session, booking: Booking, what: str, by: Viewer, now: datetime, **data: Any) -> None:
    booking.touch(now)
    log.record(session, f"booking.{what}", booking, by=by, at=now, **data)
