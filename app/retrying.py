"""What PostgreSQL gave up because it and others waited for one another begins anew, so that nobody is told to do it."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Flask, g, has_request_context, request
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError

from app.database import db, in_a_circle

ATTEMPTS = 3
STORED = "yujian_stored"


def init_app(app: Flask) -> None:
    """Wrap every view that is registered by now. Writers of SQLite queue up: none waits in a circle."""
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            return
        event.listen(db.engine, "commit", _note)
    for endpoint, view in app.view_functions.items():
        app.view_functions[endpoint] = _again(view)


def _note(_connection: Connection) -> None:
    if has_request_context():
        setattr(g, STORED, g.get(STORED, 0) + 1)


def _again(view: Callable[..., Any]) -> Callable[..., Any]:
    """The view, asked once more where a circle ended it and nothing of it is stored: then nothing is done twice."""

    @wraps(view)
    def asked(**values: Any) -> Any:
        before = g.get(STORED, 0)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return view(**values)
            except OperationalError as error:
                if attempt == ATTEMPTS or not in_a_circle(error) or g.get(STORED, 0) != before:
                    raise
            db.session.rollback()
            for upload in request.files.values():
                upload.stream.seek(0)
        raise AssertionError

    return asked
