"""What has to be in order before the application may start, and which schema the database has.

A reason to refuse is told in one Chinese and one English line.
"""

import os
import sqlite3
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import NoReturn

from alembic.script import ScriptDirectory
from limits import parse_many
from sqlalchemy import Connection, create_engine, inspect, make_url, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
VERSION_TABLE = "alembic_version"
CONNECT_SECONDS = 5


# gunicorn takes 3 for "does not boot" and gives up instead of trying again and again.
EXIT_CODE = 3


def refuse(chinese: str, english: str) -> NoReturn:
    """Leave with both lines on standard error and exit code 3."""
    sys.stderr.write(f"{chinese}\n{english}\n")
    raise SystemExit(EXIT_CODE)


def check_settings(config: Mapping[str, object], defaults: Mapping[str, object]) -> None:
    """Every setting has the kind of value that its default has; numbers are not negative."""
    for name, default in defaults.items():
        value = config[name]
        fits = type(value) is type(default) and not (isinstance(value, int) and value < 0)
        if not fits:
            kind_zh, kind_en = {bool: ("true 或 false", "true or false"), int: ("非负整数", "a whole number")}.get(
                type(default), ("文字", "text")
            )
            refuse(
                f"设置 YUJIAN_{name} 须为{kind_zh}，现为：{value}",
                f"The setting YUJIAN_{name} must be {kind_en}, it is: {value}",
            )

    for name in ("API_RATE", "SIGN_IN_RATE", "VERIFY_RATE"):
        try:
            parse_many(str(config[name]))
        except ValueError:
            refuse(
                f"设置 YUJIAN_{name} 须写成例如 600 per minute，现为：{config[name]}",
                f"The setting YUJIAN_{name} must be like 600 per minute, it is: {config[name]}",
            )


def check_database(address: str) -> None:
    """The database can be written and its schema is none that only a newer version of the program knows.

    A database that isn't there yet is made by `flask db upgrade`; a server that can't be reached now may come
    up later, and `/readyz` says so until then.
    """
    url = make_url(address)
    if url.get_backend_name() == "sqlite":
        if not url.database or not Path(url.database).exists():
            return
        _check_file(Path(url.database))
    waiting = {"timeout" if url.get_backend_name() == "sqlite" else "connect_timeout": CONNECT_SECONDS}
    engine = create_engine(url, poolclass=NullPool, connect_args=waiting)
    try:
        with engine.connect() as connection:
            unknown = current_revisions(connection) - known_revisions()
    except DatabaseError:
        return
    if unknown:
        found = ", ".join(sorted(unknown))
        refuse(
            f"数据库的结构（{found}）比这个版本的程序新，请升级程序或恢复备份。",
            f"The database's schema ({found}) is newer than this program; upgrade the program or restore a backup.",
        )


def _check_file(path: Path) -> None:
    reason = _why_unwritable(path)
    if reason:
        refuse(f"数据库 {path} 无法写入：{reason}", f"The database {path} can't be written: {reason}")


def _why_unwritable(path: Path) -> str | None:
    if not path.is_file():
        return "not a file"
    # Root may write what nobody is meant to write.
    if not path.stat().st_mode & 0o222 or not os.access(path, os.W_OK):
        return "read-only"
    try:
        connection = sqlite3.connect(path, timeout=0, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        finally:
            connection.close()
    except sqlite3.Error as error:
        busy = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY
        return None if busy else str(error)
    return None


@cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(MIGRATIONS))


@cache
def known_revisions() -> frozenset[str]:
    """Revisions of the schema that this program knows."""
    return frozenset(script.revision for script in _scripts().walk_revisions())


@cache
def newest_revisions() -> frozenset[str]:
    """The revision that the program needs."""
    return frozenset(_scripts().get_heads())


def current_revisions(connection: Connection) -> frozenset[str]:
    """The revision of a database, empty when nothing was migrated yet."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return frozenset()
    return frozenset(connection.scalars(text(f"SELECT version_num FROM {VERSION_TABLE}")))  # noqa: S608 - a constant


def guarded(configure: Callable[[], None], folder: Path) -> None:
    """Run what prepares the instance folder; refuse to start when it can't be used."""
    try:
        configure()
    except OSError as error:
        reason = error.strerror or str(error)
        refuse(f"实例文件夹 {folder} 无法使用：{reason}", f"The instance folder {folder} can't be used: {reason}")
