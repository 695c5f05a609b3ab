"""Questions about notices and mails."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select
from sqlalchemy.orm import joinedload

from app.accounts.models import COMPANY_ROLES, LAB_ROLES, Membership, Role, User
from app.accounts.policy import Action, Viewer, visible
from app.accounts.queries import ANY_DEMO
from app.database import db, execute
from app.errors import NotFound
from app.notifications.groups import Group, How
from app.notifications.kinds import KINDS
from app.notifications.models import Mail, MailState, Notice, NoticeChoice

# The count in the header says no more than that.
MOST_COUNTED = 100


class Header(NamedTuple):
    """What the header of a page says: whether there are demo data, and unread notices, `MOST_COUNTED` at most."""

    demo: bool
    unread: int


# Stands above every page: built once, for whoever asks, with the condition of the policy.
_SEAT: Any = bindparam("seat")
_SOME = select(Notice.id).where(
    visible(Viewer(role=Role.ENGINEER, membership_id=_SEAT), Action.SEE_NOTICE, Notice), Notice.read_at.is_(None)
)
_UNREAD = select(func.count()).select_from(_SOME.limit(MOST_COUNTED).subquery())
_HEADER = select(ANY_DEMO.exists(), _UNREAD.scalar_subquery())


def header(viewer: Viewer) -> Header:
    """The header of the viewer's pages; a visitor has no notices."""
    demo, unread = execute(db.session(), _HEADER, {"seat": viewer.membership_id}).one()
    return Header(bool(demo), unread)


def _own(viewer: Viewer) -> ColumnElement[bool]:
    return visible(viewer, Action.SEE_NOTICE, Notice)


def _of_group(group: Group | None) -> list[ColumnElement[bool]]:
    kinds = [kind.value for kind, telling in KINDS.items() if telling.group is group]
    return [Notice.kind.in_(kinds)] if group else []


@dataclass(frozen=True, slots=True)
class Place:
    """Behind which notice a page of the inbox begins."""

    read: bool
    at: datetime
    id: str


def inbox(viewer: Viewer, group: Group | None = None, after: Place | None = None, limit: int = 50) -> list[Notice]:
    """Notices of the viewer's membership: the unread first, in both parts the newest first."""
    parts: list[Notice] = []
    for read in (False, True):
        if after and after.read and not read:
            continue
        where: list[ColumnElement[bool]] = [Notice.read_at.is_not(None) if read else Notice.read_at.is_(None)]
        if after and after.read is read:
            where.append(_behind(after.at, after.id))
        query = select(Notice).where(_own(viewer), *_of_group(group), *where)
        query = query.order_by(Notice.created_at.desc(), Notice.id.desc())
        parts += db.session.scalars(query.limit(limit - len(parts)))
        if len(parts) == limit:
            break
    return parts


def _behind(at: datetime, ident: str) -> ColumnElement[bool]:
    return or_(Notice.created_at < at, and_(Notice.created_at == at, Notice.id < ident))


def listed(viewer: Viewer, unread_only: bool, after: tuple[datetime, str] | None, limit: int) -> list[Notice]:
    """Notices for programs, newest first."""
    query = select(Notice).where(_own(viewer))
    if unread_only:
        query = query.where(Notice.read_at.is_(None))
    if after:
        query = query.where(_behind(*after))
    return list(db.session.scalars(query.order_by(Notice.created_at.desc(), Notice.id.desc()).limit(limit)))


def any_notice(viewer: Viewer) -> bool:
    """Whether the viewer was ever told anything."""
    return db.session.scalar(select(Notice.id).where(_own(viewer)).limit(1)) is not None


def notice(viewer: Viewer, notice_id: str) -> Notice:
    """One notice of the viewer's. Raises NotFound."""
    found = db.session.scalar(select(Notice).where(_own(viewer), Notice.id == notice_id))
    if found is None:
        raise NotFound()
    return found


def members(companies: set[str], labs: bool, users: set[str], seats: set[str]) -> Sequence[Membership]:
    """Open memberships of the organisations and of the users, and these; with `labs` also those of all at a lab."""
    wanted = [
        and_(Membership.organisation_id.in_(companies), Membership.role.in_(COMPANY_ROLES)),
        Membership.user_id.in_(users),
        Membership.id.in_(seats),
    ]
    if labs:
        wanted.append(Membership.role.in_(LAB_ROLES))
    query = (
        select(Membership)
        .join(Membership.user)
        .where(Membership.ended_at.is_(None), User.active, or_(*wanted))
        .options(joinedload(Membership.user), joinedload(Membership.organisation))
        .order_by(Membership.created_at, Membership.id)
    )
    return db.session.scalars(query).all()


def users_by_id(ids: set[str]) -> dict[str, User]:
    """Those of the users whose account is on."""
    if not ids:
        return {}
    return {user.id: user for user in db.session.scalars(select(User).where(User.id.in_(ids), User.active))}


def told_already(users: set[str], sources: set[str]) -> set[tuple[str, str | None, str]]:
    """Which of these users were told of which of these sources: user, seat (None without one) and source."""
    query = select(Notice.user_id, Notice.membership_id, Notice.source).where(
        Notice.user_id.in_(users), Notice.source.in_(sources)
    )
    return {(user_id, seat_id, source) for user_id, seat_id, source in db.session.execute(query)}


def known_sources(sources: Iterable[str]) -> set[str]:
    """Which of these were told to anybody."""
    return set(db.session.scalars(select(Notice.source).where(Notice.source.in_(list(sources))).distinct()))


def notices_by_id(ids: set[str]) -> dict[str, Notice]:
    """Notices as they are now; those that are gone are missing."""
    query = select(Notice).where(Notice.id.in_(ids)).execution_options(populate_existing=True)
    return {notice.id: notice for notice in db.session.scalars(query)}


def choices_of(user_ids: set[str]) -> dict[tuple[str, Group], How]:
    """What people chose, by user and group; who chose nothing is missing."""
    query = select(NoticeChoice).where(NoticeChoice.user_id.in_(user_ids))
    return {(row.user_id, row.group): row.how for row in db.session.scalars(query)}


def mail_counts() -> dict[MailState, int]:
    """How many mails are in each state."""
    found = dict(db.session.execute(select(Mail.state, func.count()).group_by(Mail.state)).all())
    return {state: found.get(state, 0) for state in MailState}


def mails(state: MailState, limit: int = 100) -> list[Mail]:
    """Mails in this state, newest first."""
    query = select(Mail).where(Mail.state == state).order_by(Mail.created_at.desc(), Mail.id).limit(limit)
    return list(db.session.scalars(query))


def failing(limit: int = 20) -> list[Mail]:
    """Mails that failed and are to be tried again, the next ones first."""
    query = select(Mail).where(Mail.state == MailState.QUEUED, Mail.attempts > 0)
    return list(db.session.scalars(query.order_by(Mail.next_attempt_at, Mail.id).limit(limit)))
