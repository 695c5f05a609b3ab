"""The answer with a file's bytes, for pages and API."""

from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO
from urllib.parse import quote

from flask import Response, request

from app.accounts.policy import Viewer
from app.files import service
from app.files.content import CHUNK
from app.files.models import StoredFile
from app.files.settings import store


def send(viewer: Viewer, file: StoredFile, now: datetime, inline: bool = False) -> Response:
    """The bytes under the file's name; unchanged a 304. What is sent is noted. inline: images only.

    Raises ContentGone, StoreUnavailable.
    """
    response = Response(content_type=_content_type(file))
    shown = inline and file.is_image
    response.headers["Content-Disposition"] = _disposition("inline" if shown else "attachment", file.name)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.cache_control.private = True
    response.cache_control.no_cache = True
    response.set_etag(file.sha256)
    response.make_conditional(request)
    if response.status_code == 304:
        return response
    with service.available():
        stream = store().open(file.key)
    response.call_on_close(stream.close)
    response.content_length = file.size
    if request.method == "GET":
        service.note_download(viewer, file, now)
        response.response = _pieces(stream)
    return response


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    while piece := stream.read(CHUNK):
        yield piece


def _content_type(file: StoredFile) -> str:
    return f"{file.media_type}; charset=utf-8" if file.media_type.startswith("text/") else file.media_type


def _disposition(kind: str, name: str) -> str:
    """RFC 6266: the name for old programs in ASCII, and as it is."""
    plain = "".join(each if each.isascii() and each not in '"\\%' else "_" for each in name)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
