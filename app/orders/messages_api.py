"""API of what company and lab write to each other on an order."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, Field

from app.accounts.current import require_api_viewer, token_blueprint
from app.api import example, iso
from app.clock import now
from app.files.models import StoredFile
from app.files.queries import files_of
from app.files.schemas import FileModel
from app.orders import attachments, messages, queries, rules
from app.orders.messages import MessageRow, Write
from app.orders.schemas import OrderPath

bp = token_blueprint("order_messages_api", __name__, "orders")


class MessageModel(BaseModel):
    """`files`: what came with it. `lab`: the lab with which it was exchanged; one that the order has left reads it no
    more.
    """

    id: str
    lab: str
    by: Literal["company", "lab"]
    internal: bool
    text: str
    written_at: str
    unread: bool
    files: list[FileModel]


class MessageList(BaseModel):
    items: list[MessageModel]
    next: str | None


class NewMessage(BaseModel):
    """`internal`: for the lab's own eyes; only a lab can write one."""

    model_config = example(text="样品周三到，夹具随箱。")

    text: str = Field(min_length=1, max_length=rules.MOST_TEXT)
    internal: bool = Field(False, strict=True)


@bp.get("/orders/<string:order_id>/messages", responses={200: MessageList})
def list_messages(path: OrderPath) -> Any:
    """Messages on an order, oldest first."""
    viewer = require_api_viewer()
    queries.visible_order(viewer, path.order_id)
    rows = messages.messages_of(viewer, path.order_id)
    files = files_of(viewer, attachments.MESSAGE, [row.message.id for row in rows])
    return {"items": [_message(row, files[row.message.id]) for row in rows], "next": None}


@bp.post("/orders/<string:order_id>/messages", responses={201: MessageModel})
def write_message(path: OrderPath, body: NewMessage) -> Any:
    """Write to the other side, or a note for the lab alone."""
    found = messages.write(require_api_viewer(), Write(path.order_id, body.text, body.internal), now())
    return _message(MessageRow(found, "", unread=False), ()), 201


def _message(row: MessageRow, files: Sequence[StoredFile]) -> dict[str, Any]:
    message = row.message
    return MessageModel(
        id=message.id,
        lab=message.lab_id,
        by="lab" if message.by_lab else "company",
        internal=message.internal,
        text=message.text,
        written_at=str(iso(message.written_at)),
        unread=row.unread,
        files=[FileModel.of(file) for file in files],
    ).model_dump(mode="json")
