"""Room for uploads: of a request for which nobody asked, not a byte more is read than of any other."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, request

from app.accounts.current import viewer
from app.api import is_api_call
from app.database import db
from app.files.rules import MEGABYTE, FileTooLarge
from app.files.service import Upload
from app.files.settings import most_bytes

View = TypeVar("View", bound=Callable[..., Any])
MARK = "takes_files"
# What stands round the files of a form: its fields and its seams.
FRAME = MEGABYTE


def uploads_of(field: Any) -> tuple[Upload, ...]:
    """The files that a form's field holds."""
    return tuple(Upload(each.filename or "", each.stream) for each in field.data or ())


def takes_files(view: View) -> View:
    """The view takes files: its requests may be as large as the settings allow."""
    view.__dict__[MARK] = True
    return view


def init_app(app: Flask) -> None:
    app.before_request(_make_room)


def _make_room() -> None:
    """Before anything looks at the form. Raises FileTooLarge by what the request says of itself.

    The API asks for its token before it reads; a page has its form read by the check against forged ones, so a
    visitor gets no room.
    """
    view = current_app.view_functions.get(request.endpoint or "")
    if not getattr(view, MARK, False):
        return
    if not is_api_call() and not viewer().signed_in:
        return
    db.session.rollback()  # a slow upload must not keep a reader's picture of the database
    most = most_bytes() + FRAME
    if (request.content_length or 0) > most:
        raise FileTooLarge(limit=most_bytes() // MEGABYTE)
    request.max_content_length = most
