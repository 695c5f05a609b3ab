"""API of the files on an order and its messages."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from app.accounts.current import require_api_viewer, token_blueprint
from app.api import SentFile, example
from app.clock import now
from app.files.models import FilePurpose
from app.files.queries import files_of
from app.files.schemas import FileList, FileModel
from app.files.service import Upload
from app.files.uploads import takes_files
from app.orders import attachments, queries
from app.orders.attachments import Attach
from app.orders.schemas import OrderPath

bp = token_blueprint("order_files_api", __name__, "orders")


class OrderFilePath(OrderPath):
    file_id: str = Field(max_length=24)


class NewFile(BaseModel):
    """`message`: id of a message that the caller wrote. `internal`: for the lab's own eyes; only a lab can."""

    model_config = example(file="fixture.pdf", purpose="attachment")

    file: SentFile
    purpose: Literal["attachment", "quotation"] = "attachment"
    internal: bool = Field(False, strict=True)
    message: str | None = Field(None, max_length=24)

    def command(self, order_id: str) -> Attach:
        upload = Upload(self.file.filename or "", self.file.stream)
        return Attach(order_id, (upload,), FilePurpose(self.purpose), self.internal, self.message)


@bp.get("/orders/<string:order_id>/files", responses={200: FileList})
def list_files(path: OrderPath) -> Any:
    """Files on an order, oldest first; those of its messages stand with the messages."""
    viewer = require_api_viewer()
    queries.visible_order(viewer, path.order_id)
    found = files_of(viewer, attachments.ORDER, [path.order_id])[path.order_id]
    return {"items": [FileModel.of(file).model_dump(mode="json") for file in found], "next": None}


@bp.post("/orders/<string:order_id>/files", responses={201: FileModel})
@takes_files
def attach_file(path: OrderPath, form: NewFile) -> Any:
    """Attach a file to the order, or to a message that the caller wrote on it."""
    viewer = require_api_viewer()
    queries.visible_order(viewer, path.order_id)
    (made,) = attachments.attach(viewer, form.command(path.order_id), now())
    return FileModel.of(made).model_dump(mode="json"), 201


@bp.delete("/orders/<string:order_id>/files/<string:file_id>", responses={204: None})
def remove_file(path: OrderFilePath) -> Any:
    """Take a file away again that the caller attached to the order."""
    attachments.remove(require_api_viewer(), path.order_id, path.file_id, now())
    return "", 204
