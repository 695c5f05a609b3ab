"""API of files: what is known of one, and its bytes."""

from typing import Any

from app.accounts.current import require_api_viewer, token_blueprint
from app.clock import now
from app.files import queries, rules
from app.files.schemas import FileModel, FilePath
from app.files.sending import send

CONTENT: dict[str, Any] = {
    "description": "The bytes of the file",
    "content": {kind.media_type: {"schema": {"type": "string", "format": "binary"}} for kind in rules.KINDS},
}

bp = token_blueprint("files_api", __name__, "files")
blueprints = (bp,)


@bp.get("/files/<string:file_id>", responses={200: FileModel})
def get_file(path: FilePath) -> Any:
    """Name, kind, size and fingerprint of a file."""
    return FileModel.of(queries.visible_file(require_api_viewer(), path.file_id)).model_dump(mode="json")


@bp.get("/files/<string:file_id>/content", responses={200: CONTENT})
def get_content(path: FilePath) -> Any:
    """The bytes of a file; the download is noted."""
    viewer = require_api_viewer()
    return send(viewer, queries.visible_file(viewer, path.file_id), now())
