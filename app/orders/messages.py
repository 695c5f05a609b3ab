"""Messages between company and lab on an order, and the lab's own notes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.accounts.policy import Action, Viewer, require_visible, visible
from app.database import db, transaction
from app.events import log
from app.files.service import Upload, received
from app.labs.models import Lab
from app.orders import queries, rules
from app.orders.attachments import keep_on_message
from app.orders.models import MessagesRead, Order, OrderMessage
from app.orders.queries import lies_with


@dataclass(frozen=True, slots=True)
class Write:
    """internal: read by the lab alone; only a lab can write one."""

    order_id: str
    text: str
    internal: bool = False
    uploads: tuple[Upload, ...] = ()


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message; its writer's name only for those of his own side. left: the lab that the order has left since, with
    which it was exchanged; its new lab reads nothing of it.
    """

    message: OrderMessage
    author: str | None
    unread: bool
    left: Lab | None = None


def write(viewer: Viewer, command: Write, now: datetime) -> OrderMessage:
    """Raises Invalid, FileRefused, NotFound (also: a lab before the order is submitted), Forbidden for the crew."""
    with received(command.uploads) as found, transaction() as session:
        order = queries.order_open_to(session, viewer, command.order_id, Action.WRITE_MESSAGE)
        message = OrderMessage(
            order_id=order.id,
            company_id=order.company_id,
            lab_id=order.lab_id,
            author_id=viewer.user_id,
            by_lab=viewer.is_lab,
            internal=command.internal and viewer.is_lab,
            text=rules.message_text(command.text),
            written_at=now,
        )
        session.add(message)
        session.flush()
        for_lab = order.submitted_at is not None
        log.record(
            session,
            "message.written",
            message,
            by=viewer,
            at=now,
            for_lab=for_lab,
            for_company=not message.internal,
            order=order.id,
        )
        keep_on_message(session, found, order, message, viewer, now)
        _mark_read(session, order.id, viewer, now)
        return message


def mark_read(viewer: Viewer, order_id: str, now: datetime) -> None:
    """The viewer has read what stands there now."""
    with transaction() as session:
        order = session.get(Order, order_id)
        require_visible(viewer, Action.SEE_MESSAGE, order)
        _mark_read(session, order_id, viewer, now)


def _mark_read(session: Session, order_id: str, viewer: Viewer, now: datetime) -> None:
    session.merge(MessagesRead(order_id=order_id, user_id=viewer.user_id, read_at=now))


def _readable(viewer: Viewer) -> ColumnElement[bool]:
    """Messages that the viewer may read; a lab none before the order is submitted, nor when it is another lab's."""
    own = lies_with(viewer, OrderMessage.order_id) if viewer.is_lab else OrderMessage.internal.is_(False)
    return and_(visible(viewer, Action.SEE_MESSAGE, OrderMessage), own)


def is_readable(viewer: Viewer, message_id: str) -> bool:
    """Whether the viewer may read this message."""
    found = select(OrderMessage.id).where(OrderMessage.id == message_id, _readable(viewer))
    return db.session.scalar(found) is not None


def messages_of(viewer: Viewer, order_id: str) -> list[MessageRow]:
    """Messages of an order that the viewer may read, oldest first."""
    query = (
        select(OrderMessage, User.name, _unread(viewer), Lab)
        .join(User, User.id == OrderMessage.author_id)
        .join(Order, Order.id == OrderMessage.order_id)
        .outerjoin(Lab, and_(Lab.id == OrderMessage.lab_id, Lab.id != Order.lab_id))
        .outerjoin(MessagesRead, _mine(viewer))
        .where(OrderMessage.order_id == order_id, _readable(viewer))
        .order_by(OrderMessage.written_at, OrderMessage.id)
    )
    return [
        MessageRow(message, name if message.by_lab == viewer.is_lab else None, bool(unread), left)
        for message, name, unread, left in db.session.execute(query)
    ]


def unread(viewer: Viewer, order_ids: Sequence[str]) -> dict[str, int]:
    """How many messages of each order the viewer has not read; those without any are left out."""
    query = (
        select(OrderMessage.order_id, func.count())
        .outerjoin(MessagesRead, _mine(viewer))
        .where(OrderMessage.order_id.in_(order_ids), _readable(viewer), _unread(viewer))
        .group_by(OrderMessage.order_id)
    )
    return dict(db.session.execute(query).all()) if order_ids else {}


def _mine(viewer: Viewer) -> ColumnElement[bool]:
    return and_(MessagesRead.order_id == OrderMessage.order_id, MessagesRead.user_id == viewer.user_id)


def _unread(viewer: Viewer) -> ColumnElement[bool]:
    return and_(
        OrderMessage.author_id != viewer.user_id,
        or_(MessagesRead.read_at.is_(None), MessagesRead.read_at < OrderMessage.written_at),
    )
