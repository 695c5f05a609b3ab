"""A consistent copy of the database while the server runs, and the way back.

SQLite: the online backup interface, one file. PostgreSQL: pg_dump and pg_restore of the system. A copy holds
no signing key (`instance/secret`): whoever gets hold of a backup must not be able to forge sessions. Attachments that
lie in the instance folder go into an archive beside the copy (`FILE.files`), after it: what the copy names is there.
"""

import os
import re
import shutil
import sqlite3
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sqlalchemy import URL, create_engine, inspect, make_url
from sqlalchemy.pool import NullPool

from app.errors import N_, YujianError
from app.startup import VERSION_TABLE, known_revisions

PART, FILES = ".part", ".files"
# Where attachments lie in their folder, by key; an archive is asked for nothing else.
STORED = re.compile(r"[a-z2-7]{2}/[a-z2-7]{16}")


class CannotBackUp(YujianError):
    """A refusal of backup or restore; nothing was changed."""


class FileExists(CannotBackUp):
    message = N_("%(file)s 已存在，不覆盖。")


class FolderMissing(CannotBackUp):
    message = N_("没有文件夹 %(folder)s，或者不能写入。")


class NothingToBackUp(CannotBackUp):
    message = N_("还没有数据库可以备份。")


class NotABackup(CannotBackUp):
    message = N_("%(file)s 不是完好的渝检备份：%(reason)s")


class NewerBackup(CannotBackUp):
    message = N_("备份的数据库结构（%(revision)s）比这个版本的程序新，请先升级程序。")


class DatabaseExists(CannotBackUp):
    message = N_("目标数据库 %(database)s 已有内容。请先停止服务，把它移走，再恢复。")


class ToolMissing(CannotBackUp):
    message = N_("PostgreSQL 的备份和恢复要用 %(tool)s，请先安装 PostgreSQL 客户端工具。")


class ToolFailed(CannotBackUp):
    message = N_("%(tool)s 没有完成：%(reason)s")


def backup(address: str, target: Path) -> None:
    """Copy the database at the address to a new file, readable by the owner alone. Raises CannotBackUp."""
    if target.exists():
        raise FileExists(file=target)
    url = make_url(address)
    with _new_file(target) as part:
        if url.get_backend_name() == "sqlite":
            _copy_sqlite(Path(str(url.database)), part)
        else:
            _run("pg_dump", url, "--format=custom", "--no-owner", f"--file={part}")


def backup_files(folder: Path, target: Path) -> int:
    """Attachments into an archive beside the copy of the database; returns how many. Raises CannotBackUp."""
    count = 0
    with _new_file(files_beside(target)) as part, tarfile.open(part, "w") as archive:
        for path in sorted(folder.glob("??/*")):
            name = path.relative_to(folder).as_posix()
            if not STORED.fullmatch(name):
                continue
            # Who took a file away meanwhile wanted it gone.
            with suppress(FileNotFoundError):
                archive.add(path, name, recursive=False)
                count += 1
    return count


def restore_files(source: Path, folder: Path) -> int:
    """Attachments from the archive beside a copy, all or none; returns how many. Raises CannotBackUp."""
    archive_path, part = files_beside(source), folder.with_name(folder.name + PART)
    check_no_files(folder)
    shutil.rmtree(part, ignore_errors=True)
    count = 0
    try:
        with tarfile.open(archive_path) as archive:
            for member in archive:
                if not (member.isfile() and STORED.fullmatch(member.name)):
                    raise NotABackup(file=archive_path, reason=member.name)
                _unpack(archive, member, part / member.name)
                count += 1
        if count:
            part.rename(folder)
    except tarfile.TarError as error:
        raise NotABackup(file=archive_path, reason=str(error)) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return count


def files_beside(copy: Path) -> Path:
    """The archive of attachments that belongs to a copy of the database."""
    return copy.with_name(copy.name + FILES)


def check_no_files(folder: Path) -> None:
    """Raises DatabaseExists where attachments lie already; an empty folder is none."""
    if folder.exists():
        if any(path.is_file() for path in folder.rglob("*")):
            raise DatabaseExists(database=folder)
        shutil.rmtree(folder)


def _unpack(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    content = archive.extractfile(member)
    assert content is not None  # it is a file
    with content, open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        shutil.copyfileobj(content, file)


def restore(address: str, source: Path) -> None:
    """Make the database at the address from a backup. Raises CannotBackUp; then nothing was made."""
    url = make_url(address)
    if url.get_backend_name() == "sqlite":
        _restore_sqlite(Path(str(url.database)), source)
    else:
        _restore_postgresql(url, source)


@contextmanager
def _new_file(target: Path) -> Iterator[Path]:
    """A file beside the target that gets its name only when all went well, and never over another one."""
    part = target.with_name(target.name + PART)
    try:
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError as error:
        raise FileExists(file=part) from error
    except OSError as error:
        raise FolderMissing(folder=target.parent) from error
    try:
        yield part
        _name(part, target)
    finally:
        part.unlink(missing_ok=True)


def _name(part: Path, target: Path) -> None:
    try:
        os.link(part, target)
    except FileExistsError as error:
        raise FileExists(file=target) from error
    except OSError:
        # A file system without links, such as a memory stick's.
        if target.exists():
            raise FileExists(file=target) from None
        part.rename(target)


def _copy_sqlite(source: Path, part: Path) -> None:
    if not source.exists():
        raise NothingToBackUp()
    # One step: the copy is one snapshot; in WAL mode writers go on meanwhile.
    with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as live, closing(sqlite3.connect(part)) as copy:
        live.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
        _check_sqlite(copy, part)


def _check_sqlite(connection: sqlite3.Connection, file: Path) -> None:
    try:
        (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        raise NotABackup(file=file, reason=str(error)) from error
    if verdict != "ok":
        raise NotABackup(file=file, reason=verdict)


def _restore_sqlite(target: Path, source: Path) -> None:
    # A log left behind by another database would be played into this one.
    for leftover in (target, Path(f"{target}-wal"), Path(f"{target}-shm")):
        if leftover.exists():
            raise DatabaseExists(database=leftover)
    if not source.is_file():
        raise NotABackup(file=source, reason="not a file")
    with closing(sqlite3.connect(f"file:{source}?mode=ro&immutable=1", uri=True)) as kept:
        _check_sqlite(kept, source)
        _check_revisions(source, _sqlite_revisions(kept))
        with _new_file(target) as part, closing(sqlite3.connect(part)) as copy:
            kept.backup(copy)


def _sqlite_revisions(connection: sqlite3.Connection) -> set[str]:
    query = "SELECT 1 FROM sqlite_master WHERE name = ?"
    if connection.execute(query, (VERSION_TABLE,)).fetchone() is None:
        return set()
    return {row[0] for row in connection.execute(f"SELECT version_num FROM {VERSION_TABLE}")}  # noqa: S608 - a constant


def _check_revisions(file: Path, found: set[str]) -> None:
    if not found:
        raise NotABackup(file=file, reason=f"no {VERSION_TABLE}")
    if unknown := found - known_revisions():
        raise NewerBackup(revision=", ".join(sorted(unknown)))


def _restore_postgresql(url: URL, source: Path) -> None:
    if not source.is_file():
        raise NotABackup(file=source, reason="not a file")
    _check_revisions(source, _dumped_revisions(url, source))
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        if inspect(connection).get_table_names():
            raise DatabaseExists(database=url.database)
    _run(
        "pg_restore",
        url,
        "--no-owner",
        "--exit-on-error",
        "--single-transaction",
        f"--dbname={url.database}",
        str(source),
    )


def _dumped_revisions(url: URL, source: Path) -> set[str]:
    """The revision of a dump, read from the rows of its version table."""
    try:
        rows = _run("pg_restore", url, "--data-only", f"--table={VERSION_TABLE}", "--file=-", str(source))
    except ToolFailed as error:
        raise NotABackup(file=source, reason=error.facts["reason"]) from error
    copied = re.search(r"^COPY .*? FROM stdin;\n(.*?)^\\\.$", rows, re.DOTALL | re.MULTILINE)
    return set(copied[1].split()) if copied else set()


def _run(tool: str, url: URL, *arguments: str) -> str:
    """Output of one of PostgreSQL's tools; the password goes by its environment, not by the process list."""
    path = shutil.which(tool)
    if path is None:
        raise ToolMissing(tool=tool)
    host = url.host or url.query.get("host")
    given = {
        "PGHOST": host,
        "PGPORT": url.port or url.query.get("port"),
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
        "PGSSLMODE": url.query.get("sslmode"),
    }
    environment = os.environ | {name: str(value) for name, value in given.items() if value}
    outcome = subprocess.run([path, *arguments], env=environment, capture_output=True, text=True, check=False)
    if outcome.returncode:
        raise ToolFailed(tool=tool, reason=outcome.stderr.strip()[-500:])
    return outcome.stdout
