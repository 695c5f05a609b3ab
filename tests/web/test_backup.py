"""A consistent copy while others write, and the way back."""

import shutil
import sqlite3
import tarfile
import threading
from pathlib import Path

import pytest
from flask_migrate import upgrade
from sqlalchemy import make_url

from app import backup, create_app, startup
from app.database import db

ROWS_AT_ONCE = 7


@pytest.fixture
def instance(tmp_path, monkeypatch):
    """A migrated database of its own."""
    monkeypatch.setenv("YUJIAN_INSTANCE", str(tmp_path / "instance"))
    monkeypatch.delenv("YUJIAN_DATABASE_URL", raising=False)
    app = create_app({"SCHEDULER": False})
    with app.app_context():
        upgrade(str(startup.MIGRATIONS))
        yield app
        db.engine.dispose()


@pytest.fixture
def run(instance):
    """A command as on a machine where the server isn't in this process."""

    def command(*arguments):
        return instance.test_cli_runner().invoke(args=[str(argument) for argument in arguments])

    return command


def path_of(instance) -> Path:
    return Path(str(make_url(instance.config["SQLALCHEMY_DATABASE_URI"]).database))


def write(path: Path, stop: threading.Event, counted: list[int]) -> None:
    """Seven rows in one transaction, again and again; two tables that have to agree."""
    connection = sqlite3.connect(path, timeout=30, isolation_level=None)
    number = 0
    while not stop.is_set():
        connection.execute("BEGIN IMMEDIATE")
        for _ in range(ROWS_AT_ONCE):
            number += 1
            connection.execute(
                "INSERT INTO source VALUES (?, ?, 'p', '2026', 'u', 's')", (f"S{number}", f"title {number}" + "x" * 500)
            )
        connection.execute("COMMIT")
        counted[0] = number
    connection.close()


def rows(path: Path) -> int:
    connection = sqlite3.connect(path)
    (number,) = connection.execute("SELECT count(*) FROM source").fetchone()
    connection.close()
    return number


def test_a_backup_under_load_holds_whole_transactions_and_can_be_restored(instance, run, tmp_path):
    stop, counted = threading.Event(), [0]
    writer = threading.Thread(target=write, args=(path_of(instance), stop, counted))
    writer.start()
    copies = []
    try:
        for number in range(5):
            while counted[0] < (number + 1) * 20 * ROWS_AT_ONCE:
                assert writer.is_alive()
            before = counted[0]
            copy = tmp_path / f"backup-{number}"
            assert run("backup", copy).exit_code == 0
            copies.append((before, copy, counted[0]))
    finally:
        stop.set()
        writer.join()
    for before, copy, after in copies:
        assert rows(copy) % ROWS_AT_ONCE == 0
        # A transaction may be committed and not yet counted.
        assert before <= rows(copy) <= after + ROWS_AT_ONCE
        assert copy.stat().st_mode & 0o777 == 0o600
        assert not list(copy.parent.glob("*.part")) and not list(copy.parent.glob("backup-?-*"))
    db.engine.dispose()
    for file in path_of(instance).parent.glob("yujian.sqlite3*"):
        file.unlink()
    _, kept, _ = copies[2]
    assert run("restore", kept).exit_code == 0
    assert rows(path_of(instance)) == rows(kept)
    assert instance.test_client().get("/readyz").status_code == 200


def test_nothing_is_overwritten(instance, run, tmp_path):
    target = tmp_path / "backup"
    target.write_text("mine")
    refused = run("backup", target)
    assert refused.exit_code == 3 and f"{target} 已存在，不覆盖。" in refused.stderr
    assert target.read_text() == "mine"


def test_without_a_folder_nothing_is_made(instance, run, tmp_path):
    refused = run("backup", tmp_path / "nowhere" / "backup")
    assert refused.exit_code == 3 and "没有文件夹" in refused.stderr


def test_restore_refuses_when_there_is_a_database(instance, run, tmp_path):
    assert run("backup", tmp_path / "backup").exit_code == 0
    before = path_of(instance).read_bytes()
    refused = run("restore", tmp_path / "backup")
    assert refused.exit_code == 3 and "已有内容" in refused.stderr
    assert path_of(instance).read_bytes() == before


def test_restore_refuses_beside_the_log_of_another_database(instance, run, tmp_path):
    assert run("backup", tmp_path / "backup").exit_code == 0
    db.engine.dispose()
    path_of(instance).unlink()
    Path(f"{path_of(instance)}-wal").write_bytes(b"left behind")
    refused = run("restore", tmp_path / "backup")
    assert refused.exit_code == 3 and "yujian.sqlite3-wal 已有内容" in refused.stderr


@pytest.fixture
def gone(instance):
    """The database is lost."""
    db.engine.dispose()
    for file in path_of(instance).parent.glob("yujian.sqlite3*"):
        file.unlink()
    return path_of(instance)


def broken(file: Path) -> None:
    data = bytearray(file.read_bytes())
    # Behind the first page, which holds the list of tables.
    data[5000:9000] = b"\xff" * 4000
    file.write_bytes(data)


def newer(file: Path) -> None:
    connection = sqlite3.connect(file)
    connection.execute("UPDATE alembic_version SET version_num = 'from2030'")
    connection.commit()
    connection.close()


def other(file: Path) -> None:
    file.unlink()
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE addressbook (name TEXT)")
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (broken, "不是完好的渝检备份"),
        (lambda file: file.write_bytes(b"something else" * 1000), "不是完好的渝检备份"),
        (lambda file: file.unlink(), "不是完好的渝检备份"),
        (other, "不是完好的渝检备份"),
        (newer, "（from2030）比这个版本的程序新"),
    ],
)
def test_restore_refuses_what_is_no_sound_backup_and_makes_nothing(instance, run, tmp_path, spoil, said):
    copy = tmp_path / "backup"
    assert run("backup", copy).exit_code == 0
    db.engine.dispose()
    for file in path_of(instance).parent.glob("yujian.sqlite3*"):
        file.unlink()
    spoil(copy)
    refused = run("restore", copy)
    assert refused.exit_code == 3 and said in refused.stderr
    assert [file.name for file in path_of(instance).parent.iterdir()] == ["secret"]


def test_there_is_nothing_to_back_up_yet(gone, run, tmp_path):
    refused = run("backup", tmp_path / "backup")
    assert refused.exit_code == 3 and "还没有数据库可以备份" in refused.stderr
    assert not (tmp_path / "backup").exists()


def test_the_signing_key_is_not_in_a_backup(instance, run, tmp_path):
    assert run("backup", tmp_path / "backup").exit_code == 0
    secret = (path_of(instance).parent / "secret").read_bytes()
    assert secret not in (tmp_path / "backup").read_bytes()


def test_postgresql_needs_its_own_tools(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(backup.ToolMissing) as refused:
        backup.backup("postgresql+psycopg://user:password@localhost/yujian", tmp_path / "backup")
    assert "pg_dump" in str(refused.value)
    assert not list(tmp_path.iterdir())


def test_attachments_go_beside_the_copy_and_come_back_with_it(instance, run, tmp_path):
    folder = Path(instance.instance_path) / "files"
    kept, other = folder / "ab" / "ab234567abcdefgh", folder / "ab" / "notes.txt"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"report")
    other.write_bytes(b"not ours")
    copy = tmp_path / "copy"
    assert run("backup", copy).exit_code == 0 and (tmp_path / "copy.files").is_file()
    again = run("backup", tmp_path / "copy")
    assert again.exit_code == 3 and "copy.files" in again.stderr
    db.engine.dispose()
    for path in tmp_path.glob("instance/yujian.sqlite3*"):
        path.unlink()
    refused = run("restore", copy)
    assert refused.exit_code == 3 and "files" in refused.stderr
    shutil.rmtree(folder)
    restored = run("restore", copy)
    assert restored.exit_code == 0, restored.stderr
    assert kept.read_bytes() == b"report" and not other.exists() and kept.stat().st_mode & 0o777 == 0o600


def test_an_archive_writes_nowhere_else(tmp_path):
    copy, folder = tmp_path / "copy", tmp_path / "instance" / "files"
    folder.parent.mkdir()
    (tmp_path / "x").write_bytes(b"x")
    with tarfile.open(tmp_path / "copy.files", "w") as archive:
        archive.add(tmp_path / "x", "../ab234567abcdefgh")
    with pytest.raises(backup.NotABackup):
        backup.restore_files(copy, folder)
    assert not folder.exists()
