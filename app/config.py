"""Settings: defaults here, then `instance/config.py`, then the environment (`YUJIAN_*`).

Every setting stands with its unit in `docs/settings.md`; a test compares the two.
"""

import os
import secrets
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from flask import Flask

DEFAULTS: dict[str, object] = {
    "DATABASE_URL": "",
    "HOLD_MINUTES": 120,
    "HOLDS_PER_COMPANY": 5,
    "HOLD_AGAIN_MINUTES": 120,
    "NOTICE_WORKING_DAYS": 1,
    "HORIZON_DAYS": 180,
    "CANCEL_DEADLINE_HOURS": 48,
    "PROPOSAL_HOURS": 72,
    "SIGN_IN_ATTEMPTS": 5,
    "SIGN_IN_LOCK_MINUTES": 15,
    "SCHEDULER": True,
    "SCHEDULER_LEASE_SECONDS": 30,
    "FORECAST_MINUTES": 10,
    "API_RATE": "6000 per minute",
    "SIGN_IN_RATE": "120 per minute",
    "VERIFY_RATE": "60 per minute",
    "FILE_STORE": "folder",
    "FILE_MAX_MB": 50,
    "FILE_QUOTA_MB": 5000,
    "COOKIE_SECURE": False,
    "PROXIES": 0,
    "SMTP_URL": "",
    "PUBLIC_URL": "",
}


def instance_folder() -> Path:
    """Folder of database, secret and demo accounts: `$YUJIAN_INSTANCE`, else `instance/` beside `app/`."""
    given = os.environ.get("YUJIAN_INSTANCE")
    return Path(given).resolve() if given else Path(__file__).resolve().parent.parent / "instance"


def configure(app: Flask, overrides: Mapping[str, object] | None) -> None:
    """Fill `app.config`; raises OSError when the instance folder can't be used."""
    folder = Path(app.instance_path)
    folder.mkdir(parents=True, exist_ok=True)
    app.config.from_mapping(DEFAULTS)
    app.config.from_pyfile("config.py", silent=True)
    app.config.from_prefixed_env("YUJIAN")
    app.config.from_mapping(overrides or {})
    app.config.update(
        SECRET_KEY=app.config.get("SECRET_KEY") or _secret(folder / "secret"),
        SQLALCHEMY_DATABASE_URI=database_url(str(app.config["DATABASE_URL"]), folder),
        SESSION_COOKIE_NAME="yujian",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=app.config["COOKIE_SECURE"],
        PERMANENT_SESSION_LIFETIME=timedelta(days=14),
        # A late answer with a picture would bring back the session as it was; pages put its end off.
        SESSION_REFRESH_EACH_REQUEST=False,
        BABEL_DEFAULT_LOCALE="zh_Hans_CN",
        BABEL_DEFAULT_TIMEZONE="Asia/Shanghai",
        WTF_CSRF_TIME_LIMIT=None,
        # Of everything but uploads, which app/files makes room for.
        MAX_CONTENT_LENGTH=2 * 1024 * 1024,
    )


def database_url(given: str, folder: Path) -> str:
    """SQLAlchemy address: the given one (psycopg for PostgreSQL), else SQLite in the instance folder."""
    if not given:
        return f"sqlite:///{folder / 'yujian.sqlite3'}"
    for short in ("postgres://", "postgresql://"):
        if given.startswith(short):
            return "postgresql+psycopg://" + given.removeprefix(short)
    return given


def _secret(path: Path) -> str:
    """The signing key, made once, readable by the owner alone."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32))
    return path.read_text(encoding="ascii")
