"""Questions about reports on a schedule: whose are due, which there are, which could not be made."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.accounts.models import Membership, User
from app.accounts.policy import Action, Viewer, allowed, require_visible, visible
from app.accounts.queries import viewer_of
from app.database import db
from app.turnaround.queries import sees_all
from app.turnaround.rules import Period
from app.turnaround.scheduled import periods
from app.turnaround.scheduled.models import ReportSubscription, ScheduledReport
from app.turnaround.scheduled.periods import Every

LISTED = 60


@dataclass(frozen=True, slots=True)
class Due:
    """A report that is to be made. locale: the receiver's language."""

    viewer: Viewer
    locale: str
    every: Every
    period: Period


def offered(viewer: Viewer) -> list[Every]:
    """What the viewer can subscribe to. Figures of all companies cover whole months. Raises Forbidden."""
    return [Every.MONTH] if sees_all(viewer) else list(Every)


def due(now: datetime) -> list[Due]:
    """Reports of the last complete periods that subscribers still lack. Two statements.

    Only members who are there and may see such figures, for periods that ended after they had subscribed.
    """
    return [each for every in Every for each in _due(every, periods.last_complete(every, now))]


def _due(every: Every, period: Period) -> list[Due]:
    made = select(ScheduledReport.membership_id).where(
        ScheduledReport.every == every, ScheduledReport.first_day == period.first, ScheduledReport.made_at.is_not(None)
    )
    query = (
        select(Membership)
        .join(Membership.user)
        .join(ReportSubscription, ReportSubscription.membership_id == Membership.id)
        .where(Membership.ended_at.is_(None), User.active, Membership.id.not_in(made))
        .where(ReportSubscription.every == every, ReportSubscription.created_at < period.span.end)
        .options(joinedload(Membership.user), joinedload(Membership.organisation))
        .order_by(Membership.id)
    )
    members = [Due(viewer_of(member), member.user.locale, every, period) for member in db.session.scalars(query)]
    return [each for each in members if _may_have(each.viewer, every)]


def _may_have(viewer: Viewer, every: Every) -> bool:
    seat = ReportSubscription(membership_id=viewer.membership_id)
    return bool(allowed(viewer, Action.RECEIVE_STATISTICS, seat)) and every in offered(viewer)


def subscribed(viewer: Viewer) -> set[Every]:
    """What the viewer's membership has subscribed to."""
    own = visible(viewer, Action.RECEIVE_STATISTICS, ReportSubscription)
    return set(db.session.scalars(select(ReportSubscription.every).where(own)))


def reports(viewer: Viewer) -> Sequence[ScheduledReport]:
    """Those made for the viewer's membership, newest period first."""
    own = visible(viewer, Action.RECEIVE_STATISTICS, ScheduledReport)
    newest = ScheduledReport.last_day.desc(), ScheduledReport.every
    query = select(ScheduledReport).where(own, ScheduledReport.made_at.is_not(None)).order_by(*newest)
    return db.session.scalars(query.limit(LISTED)).all()


def report(viewer: Viewer, report_id: str) -> ScheduledReport:
    """One that was made for the viewer's membership. Raises NotFound."""
    found = db.session.get(ScheduledReport, report_id)
    require_visible(viewer, Action.RECEIVE_STATISTICS, found if found and found.made_at else None)
    assert found
    return found


def failing() -> Sequence[tuple[ScheduledReport, str]]:
    """Reports that could not be made so far, with the receiver's address, oldest first."""
    query = (
        select(ScheduledReport, User.email)
        .join(Membership, Membership.id == ScheduledReport.membership_id)
        .join(User, User.id == Membership.user_id)
        .where(ScheduledReport.made_at.is_(None))
        .order_by(ScheduledReport.first_day, User.email)
    )
    return [(row, address) for row, address in db.session.execute(query)]
