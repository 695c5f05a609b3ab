"""Files on an order and on its messages. The bench crew see none of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.accounts.policy import Action, Viewer, require_visible
from app.database import transaction
from app.errors import Forbidden, NotFound
from app.files import rules, service
from app.files.models import FilePurpose, StoredFile
from app.files.service import Received, Subject, Upload, received
from app.orders import queries
from app.orders.models import Order, OrderMessage

ORDER, MESSAGE = "order", "message"


@dataclass(frozen=True, slots=True)
class Attach:
    """Files for an order, or for a message of the viewer's own on it. internal: for the lab's eyes; only a lab can."""

    order_id: str
    uploads: tuple[Upload, ...]
    purpose: FilePurpose = FilePurpose.ATTACHMENT
    internal: bool = False
    message_id: str | None = None


def attach(viewer: Viewer, command: Attach, now: datetime) -> list[StoredFile]:
    """All of them or none. Raises NotFound, Forbidden for the bench crew, FileRefused."""
    if not command.uploads:
        raise rules.NoFiles()
    with received(command.uploads) as found, transaction() as session:
        order = queries.order_open_to(session, viewer, command.order_id, Action.ATTACH_FILE)
        if command.message_id is not None:
            message = session.get(OrderMessage, command.message_id)
            there = message is not None and (message.order_id, message.lab_id) == (order.id, order.lab_id)
            if message is None or not there or message.author_id != viewer.user_id:
                raise NotFound()
            return keep_on_message(session, found, order, message, viewer, now)
        subject = _subject(order, ORDER, order.id)
        internal = command.internal and viewer.is_lab
        return [
            service.keep(session, each, subject, viewer, now, internal=internal, purpose=command.purpose)
            for each in found
        ]


def keep_on_message(
    session: Session, found: Sequence[Received], order: Order, message: OrderMessage, by: Viewer, now: datetime
) -> list[StoredFile]:
    """What comes with a message is read by those who read it."""
    subject = _subject(order, MESSAGE, message.id)
    return [service.keep(session, each, subject, by, now, internal=message.internal) for each in found]


def remove(viewer: Viewer, order_id: str, file_id: str, now: datetime) -> None:
    """Whoever attached a file to an order may take it away again. Raises NotFound, Forbidden."""
    with transaction() as session:
        file = session.get(StoredFile, file_id)
        require_visible(viewer, Action.SEE_FILE, file)
        order = queries.order_open_to(session, viewer, order_id, Action.ATTACH_FILE)
        if file is None or (file.subject_type, file.subject_id) != (ORDER, order.id):
            raise NotFound()
        if file.uploaded_by_id != viewer.user_id:
            raise Forbidden()
        service.delete(session, file, viewer, now, for_lab=order.submitted_at is not None)


def _subject(order: Order, kind: str, ident: str) -> Subject:
    return Subject(kind, ident, order.company_id, order.lab_id, for_lab=order.submitted_at is not None)
