"""Joining by request: somebody with an account asks for a seat, and who decides about such seats answers.

Who asks learns nothing of the organisation but the answer.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.accounts import queries, rules
from app.accounts.members import Seat, check_seat, may_fill, take_seat
from app.accounts.models import COMPANY_ROLES, JoinRequest, Organisation, Role, User
from app.accounts.policy import Viewer
from app.database import db, transaction
from app.errors import N_, Invalid, NotFound
from app.events import log

MOST_OPEN = 5


@dataclass(frozen=True, slots=True)
class Ask:
    """A seat that somebody wants: in the company of this credit code, or at this lab."""

    role: Role
    credit_code: str = ""
    lab_id: str = ""
    text: str = ""


def ask(user_id: str, now: datetime, command: Ask) -> JoinRequest:
    """Ask for a seat. The same asked twice is one request. Raises Invalid, AlreadyMember."""
    with transaction() as session:
        # Locked, so that two requests at once are counted one after the other.
        user = session.get_one(User, user_id, with_for_update=True)
        seat = _wanted(session, command)
        if queries.has_seat(user.email, seat.organisation_id, seat.role):
            raise rules.AlreadyMember()
        mine = list(session.scalars(select(JoinRequest).filter_by(user_id=user_id, decided_at=None)))
        same = next((row for row in mine if _seat(row) == seat), None)
        if same:
            return same
        if len(mine) >= MOST_OPEN:
            raise Invalid(N_("您已有 %(most)d 个申请在等答复。"), field="role", most=MOST_OPEN)
        row = JoinRequest(
            user_id=user_id,
            organisation_id=seat.organisation_id,
            role=seat.role,
            lab_ids=list(seat.lab_ids),
            text=command.text,
            created_at=now,
        )
        session.add(row)
        session.flush()
        log.record(session, "join.asked", row, by=Viewer(user_id=user_id, role=seat.role), at=now)
        return row


def _wanted(session: Session, command: Ask) -> Seat:
    """The seat behind the words. Raises Invalid."""
    seat = _in_company(session, command) if command.role in COMPANY_ROLES else at_lab(command.role, command.lab_id)
    check_seat(session, seat)
    return seat


def _in_company(session: Session, command: Ask) -> Seat:
    code = rules.credit_code(command.credit_code)
    organisation_id = session.scalar(select(Organisation.id).where(Organisation.credit_code == code))
    if organisation_id is None:
        raise Invalid(N_("没有用这个统一社会信用代码注册的企业。"), field="credit_code")
    return Seat(organisation_id, command.role)


def at_lab(role: Role, lab_id: str) -> Seat:
    """The seat at this lab. Raises Invalid."""
    lab = next((lab for lab in queries.all_labs() if lab.id == lab_id), None)
    if lab is None:
        raise Invalid(N_("请选实验室。"), field="lab_id")
    return Seat(lab.organisation_id, role, (lab.id,))


def asked_by(user_id: str) -> list[JoinRequest]:
    """What somebody asked for, newest first."""
    query = select(JoinRequest).filter_by(user_id=user_id).options(joinedload(JoinRequest.organisation))
    return list(db.session.scalars(query.order_by(JoinRequest.created_at.desc(), JoinRequest.id).limit(20)))


def waiting(viewer: Viewer, organisation_id: str) -> list[JoinRequest]:
    """Requests for seats that the viewer decides about, oldest first."""
    query = (
        select(JoinRequest)
        .filter_by(organisation_id=organisation_id, decided_at=None)
        .options(joinedload(JoinRequest.user))
        .order_by(JoinRequest.created_at, JoinRequest.id)
    )
    return [row for row in db.session.scalars(query) if may_fill(viewer, _seat(row))]


def _seat(row: JoinRequest) -> Seat:
    return Seat(row.organisation_id, row.role, tuple(row.lab_ids))


def decide(viewer: Viewer, request_id: str, accepted: bool, now: datetime) -> str:
    """Give the seat, or not; gives the organisation's id. Raises NotFound, also for an answered one, AlreadyMember."""
    with transaction() as session:
        row = session.get(JoinRequest, request_id, with_for_update={"of": JoinRequest}, populate_existing=True)
        if row is None or row.decided_at or not may_fill(viewer, _seat(row)):
            raise NotFound()
        row.decided_at, row.accepted = now, accepted
        log.record(session, "join.accepted" if accepted else "join.declined", row, by=viewer, at=now)
        if accepted:
            take_seat(session, row.user, _seat(row), viewer, now)
        return row.organisation_id
