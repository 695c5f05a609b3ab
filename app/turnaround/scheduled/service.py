"""Subscribing to reports, and making them: on schedule, once for each period, or when somebody asks."""

from datetime import datetime

import structlog
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts import queries as accounts
from app.accounts.policy import Action, Viewer, require
from app.database import db, transaction
from app.errors import N_, Invalid
from app.events import log
from app.events.log import Actor, System
from app.language import speaking
from app.turnaround.rules import Period
from app.turnaround.scheduled import enclosing, periods, queries
from app.turnaround.scheduled.models import ReportSubscription, ScheduledReport
from app.turnaround.scheduled.periods import Every
from app.turnaround.scheduled.queries import Due
from app.typed import one_line

REASON_LENGTH = 300
logger = structlog.stdlib.get_logger("yujian.turnaround")


class Unmade(Exception):
    """Some reports could not be made; those of the others were. The next run tries again."""


def subscribe(viewer: Viewer, every: Every, now: datetime) -> None:
    """From now on; done twice it is done once. Raises Forbidden, Invalid."""
    subscription = ReportSubscription(membership_id=viewer.membership_id, every=every, created_at=now)
    _check(viewer, every)
    try:
        with transaction() as session:
            if _subscription(session, viewer, every) is None:
                session.add(subscription)
                session.flush()
                log.record(session, "turnaround.subscribed", subscription, by=viewer, at=now, every=every.value)
    except IntegrityError:
        return  # the same click, twice


def unsubscribe(viewer: Viewer, every: Every, now: datetime) -> None:
    """No more from now on; reports that were made stay. Raises Forbidden."""
    require(viewer, Action.RECEIVE_STATISTICS, ReportSubscription(membership_id=viewer.membership_id))
    with transaction() as session:
        found = _subscription(session, viewer, every)
        if found is not None:
            session.delete(found)
            log.record(session, "turnaround.unsubscribed", found, by=viewer, at=now, every=every.value)


def make_now(viewer: Viewer, every: Every, now: datetime) -> ScheduledReport:
    """The report of the last complete period, told to the viewer where it is new. Raises Forbidden, Invalid."""
    _check(viewer, every)
    period = periods.last_complete(every, now)
    _note_made(viewer.membership_id or "", every, period, viewer, now)
    with transaction() as session:
        found = _row(session, viewer.membership_id or "", every, period)
        assert found
        return found


def send(viewer: Viewer, report_id: str, now: datetime) -> ScheduledReport:
    """Tell the viewer of his report once more, by mail too. Raises NotFound."""
    with transaction() as session:
        found = queries.report(viewer, report_id)
        _tell(session, found, viewer, now)
        return found


def make_due(now: datetime) -> int:
    """Make what is due, each for itself; returns how many. Raises Unmade when all the others are made."""
    made, faults = 0, list[Exception]()
    for each in queries.due(now):
        try:
            # Nothing of it is kept, but what can't be reckoned can't be sent either.
            with speaking(each.locale):
                enclosing.enclosure_of(each.viewer, each.every, each.period, accounts.any_demo(), now)
        except Exception as fault:
            # Whatever one subscriber's figures stumble over, the others get theirs.
            db.session.rollback()
            logger.exception("report not made", every=each.every.value)
            faults.append(fault)
            _note_failed(each, fault)
        else:
            made += _note_made(each.viewer.membership_id or "", each.every, each.period, System(), now)
    _forget_unmade(now)
    if faults:
        raise Unmade(f"{len(faults)} not made, {made} made") from faults[0]
    return made


def _check(viewer: Viewer, every: Every) -> None:
    require(viewer, Action.RECEIVE_STATISTICS, ReportSubscription(membership_id=viewer.membership_id))
    if every not in queries.offered(viewer):
        raise Invalid(N_("所有企业的数字按整月统计，只有月报。"), field="every")


def _note_made(membership_id: str, every: Every, period: Period, by: Actor, now: datetime) -> bool:
    """Once for each period: the row, and the event from which the receiver is told. False when it was made before."""
    try:
        with transaction() as session:
            row = _row(session, membership_id, every, period) or _new(membership_id, every, period)
            if row.made_at is not None:
                return False
            row.made_at, row.attempts, row.last_error = now, row.attempts + 1, ""
            session.add(row)
            session.flush()
            _tell(session, row, by, now)
    except IntegrityError:
        return False  # another process was faster
    return True


def _note_failed(each: Due, fault: Exception) -> None:
    try:
        with transaction() as session:
            key = (each.viewer.membership_id or "", each.every, each.period)
            row = _row(session, *key) or _new(*key)
            if row.made_at is None:
                reason = one_line(f"{type(fault).__name__}: {fault}")
                row.attempts, row.last_error = row.attempts + 1, reason[:REASON_LENGTH]
                session.add(row)
    except IntegrityError:
        return  # another process noted it


def _forget_unmade(now: datetime) -> None:
    """Only the latest period is made up for."""
    with transaction() as session:
        for every in Every:
            old = ScheduledReport.first_day < periods.last_complete(every, now).first
            session.execute(
                delete(ScheduledReport).where(ScheduledReport.every == every, ScheduledReport.made_at.is_(None), old)
            )


def _tell(session: Session, row: ScheduledReport, by: Actor, now: datetime) -> None:
    """Nobody's but the receiver's: the event belongs to no company and no lab."""
    log.record(
        session,
        "turnaround.report_made",
        row,
        by=by,
        at=now,
        membership=row.membership_id,
        every=row.every.value,
        first=row.first_day.isoformat(),
        last=row.last_day.isoformat(),
    )


def _new(membership_id: str, every: Every, period: Period) -> ScheduledReport:
    return ScheduledReport(
        membership_id=membership_id,
        every=every,
        first_day=period.first,
        last_day=period.last,
        attempts=0,
        last_error="",
    )


def _row(session: Session, membership_id: str, every: Every, period: Period) -> ScheduledReport | None:
    same = (ScheduledReport.every == every, ScheduledReport.first_day == period.first)
    query = select(ScheduledReport).where(ScheduledReport.membership_id == membership_id, *same).with_for_update()
    return session.scalar(query)


def _subscription(session: Session, viewer: Viewer, every: Every) -> ReportSubscription | None:
    same = (ReportSubscription.membership_id == viewer.membership_id, ReportSubscription.every == every)
    return session.scalar(select(ReportSubscription).where(*same))
