"""Yujian (渝检): `create_app` is the only place where the capabilities are wired together."""

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from flask import Flask
from flask_openapi3 import (
    APIBlueprint,
    Info,
    OpenAPI,
)

from app import config, database, language, retrying, startup, undoing
from app.accounts import current
from app.api import GUIDE, Problem

# Capabilities in the order of their layers; each brings what it has: models, views, api, cli.
CAPABILITIES = (
    "events",
    "accounts",
    "labs",
    "files",
    "orders",
    "samples",
    "booking",
    "testing",
    "search",
    "schedule",
    "capacity",
    "turnaround",
    "feeds",
    "notifications",
    "jobs",
    "web",
    "demo",
)


class Application(OpenAPI):
    """Flask with its document of the API."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function itself: none of ours is asynchronous, and Flask looks at some twenty of them each request."""
        return func


def create_app(overrides: Mapping[str, object] | None = None) -> Flask:
    """The application. overrides: settings that win over file and environment (tests).

    Raises SystemExit with the reason when the instance folder or the database can't be used.
    """
    app = Application(
        __name__,
        info=Info(title="Yujian 渝检", version="1", description=GUIDE),
        security_schemes={"bearer": {"type": "http", "scheme": "bearer"}},
        instance_path=str(config.instance_folder()),
        doc_prefix="/openapi",
        # Every refusal is the problem document that each API blueprint describes under 4XX.
        validation_error_status="4XX",
        validation_error_model=Problem,
    )
    startup.guarded(lambda: config.configure(app, overrides), Path(app.instance_path))
    startup.check_settings(app.config, config.DEFAULTS)
    startup.check_database(app.config["SQLALCHEMY_DATABASE_URI"])
    database.init_app(app)
    language.init_app(app)
    undoing.init_app(app)
    current.init_app(app)
    for capability in CAPABILITIES:
        _wire(app, capability)
    retrying.init_app(app)
    return app


def _wire(app: OpenAPI, capability: str) -> None:
    """Load the modules of a capability that exist and register what they offer."""
    for module in ("models", "views", "api", "cli"):
        name = f"app.{capability}.{module}"
        if importlib.util.find_spec(name) is None:
            continue
        loaded = importlib.import_module(name)
        if hasattr(loaded, "init_app"):
            loaded.init_app(app)
        for blueprint in getattr(loaded, "blueprints", ()):
            if isinstance(blueprint, APIBlueprint):
                app.register_api(blueprint)
            else:
                app.register_blueprint(blueprint)
