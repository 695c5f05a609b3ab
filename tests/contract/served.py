"""The API document at the time when tests are collected, before there is an application with a database."""

import os
import tempfile
from collections.abc import Iterable
from typing import Any
from unittest.mock import patch

from flask import Flask

from app import create_app
from app.database import db


class Served:
    """A WSGI application: first one that can only tell its document, later the one of the tests."""

    def __init__(self) -> None:
        self.app: Flask | None = None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if self.app is not None:
            # Each request with a context of its own, as on a server.
            with self.app.app_context():
                return list(self.app(environ, start_response))
        with tempfile.TemporaryDirectory() as folder:
            app = self._nowhere(folder)
            answer = list(app(environ, start_response))
            with app.app_context():
                db.engine.dispose()
            return answer

    def _nowhere(self, folder: str) -> Flask:
        with patch.dict(os.environ, {"YUJIAN_INSTANCE": folder}):
            return create_app({"SCHEDULER": False, "DATABASE_URL": ""})
