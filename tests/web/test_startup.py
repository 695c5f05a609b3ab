"""A broken instance refuses to start and says why, in one Chinese and one English line."""

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from flask_migrate import upgrade

from app import create_app, startup
from app.database import db
from app.startup import EXIT_CODE
from tests.test_start import ROOT

BIN = Path(sys.executable).parent


@pytest.fixture
def refused(monkeypatch, capsys) -> Callable[[Path, str, str], bool]:
    """Whether the application refuses this instance folder with these words in its two lines."""

    def check(instance: Path, chinese: str, english: str) -> bool:
        monkeypatch.setenv("YUJIAN_INSTANCE", str(instance))
        monkeypatch.delenv("YUJIAN_DATABASE_URL", raising=False)
        with pytest.raises(SystemExit) as left:
            create_app({"SCHEDULER": False})
        lines = capsys.readouterr().err.splitlines()
        return left.value.code == EXIT_CODE and len(lines) == 2 and chinese in lines[0] and english in lines[1]

    return check


def run(instance: Path, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BIN / program), *arguments],
        cwd=ROOT,
        env=os.environ | {"YUJIAN_INSTANCE": str(instance), "YUJIAN_DATABASE_URL": "", "PORT": "0"},
        capture_output=True,
        text=True,
        timeout=120,
    )


def database(instance: Path, revision: str = "") -> Path:
    path = instance / "yujian.sqlite3"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    if revision:
        connection.execute("INSERT INTO alembic_version VALUES (?)", (revision,))
    connection.commit()
    connection.close()
    return path


def test_the_instance_folder_is_a_file(tmp_path, refused):
    folder = tmp_path / "instance"
    folder.write_text("no folder")
    assert refused(folder, f"实例文件夹 {folder} 无法使用", f"instance folder {folder}")


def test_the_instance_folder_can_not_be_made(tmp_path, refused):
    (tmp_path / "file").write_text("no folder")
    folder = tmp_path / "file" / "instance"
    assert refused(folder, f"实例文件夹 {folder} 无法使用", f"instance folder {folder}")


def test_the_database_is_read_only(tmp_path, refused):
    database(tmp_path).chmod(0o444)
    assert refused(tmp_path, "无法写入", "read-only")


def test_the_database_is_no_database(tmp_path, refused):
    (tmp_path / "yujian.sqlite3").write_bytes(b"something else" * 100)
    assert refused(tmp_path, "无法写入", "file is not a database")


def test_the_database_is_a_folder(tmp_path, refused):
    (tmp_path / "yujian.sqlite3").mkdir()
    assert refused(tmp_path, "无法写入", "not a file")


def test_the_database_is_of_a_newer_schema(tmp_path, refused):
    path = database(tmp_path, "from2030")
    before = path.read_bytes()
    assert refused(tmp_path, "（from2030）比这个版本的程序新", "(from2030) is newer than this program")
    assert path.read_bytes() == before


def test_a_database_that_somebody_writes_is_no_reason_to_refuse(tmp_path, monkeypatch):
    monkeypatch.setenv("YUJIAN_INSTANCE", str(tmp_path))
    monkeypatch.delenv("YUJIAN_DATABASE_URL", raising=False)
    writer = sqlite3.connect(database(tmp_path), isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    assert create_app({"SCHEDULER": False})
    writer.close()


def test_commands_refuse_as_well(tmp_path):
    database(tmp_path, "from2030")
    outcome = run(tmp_path, "flask", "--app", "app", "db", "upgrade")
    assert outcome.returncode == EXIT_CODE
    assert len(outcome.stderr.splitlines()) == 2


def test_a_server_that_refuses_gives_up(tmp_path):
    database(tmp_path, "from2030")
    outcome = run(tmp_path, "gunicorn", "-c", "gunicorn.conf.py")
    assert outcome.returncode == EXIT_CODE
    assert outcome.stderr.count("(from2030) is newer than this program") == 1


def test_an_empty_folder_is_made_and_migrated(tmp_path):
    folder = tmp_path / "new" / "instance"
    outcome = run(folder, "flask", "--app", "app", "db", "upgrade")
    assert outcome.returncode == 0, outcome.stderr
    assert (folder / "secret").stat().st_mode & 0o777 == 0o600


def test_a_running_server_may_write_while_the_schema_is_changed(tmp_path):
    """Who reads the revision first and writes then would be told that the database is locked, and not wait."""
    app = create_app({"SCHEDULER": False, "DATABASE_URL": f"sqlite:///{tmp_path / 'yujian.sqlite3'}"})
    with app.app_context():
        upgrade(str(startup.MIGRATIONS), "0037")
        writer = sqlite3.connect(tmp_path / "yujian.sqlite3", isolation_level=None, check_same_thread=False)
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("CREATE TABLE somebody (id INTEGER)")
        timer = threading.Timer(0.5, lambda: writer.execute("COMMIT"))
        timer.start()
        upgrade(str(startup.MIGRATIONS))
        timer.join()
        writer.close()
        with db.engine.connect() as connection:
            assert startup.current_revisions(connection) == startup.newest_revisions()
        db.engine.dispose()
