"""The commands as a shell runs them: exit codes, what is on which stream, and what they leave behind."""

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from app.database import db
from tests.conftest import CATALOGUE
from tests.test_start import ROOT

FLASK = Path(sys.executable).parent / "flask"


@dataclass
class Done:
    """How a command ended."""

    code: int
    out: bytes
    err: bytes

    @property
    def text(self) -> str:
        return self.out.decode("utf-8-sig")


@dataclass
class Shell:
    """`flask --app app …` on one instance folder."""

    folder: Path

    def run(self, *arguments: object) -> Done:
        """In a process of its own, as it is typed."""
        environment = os.environ | {"YUJIAN_INSTANCE": str(self.folder), "YUJIAN_DATABASE_URL": ""}
        command = [str(FLASK), "--app", "app", *map(str, arguments)]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=120)
        return Done(done.returncode, done.stdout, done.stderr)

    def quickly(self, *arguments: object) -> Done:
        """In this process, which has loaded the application already."""
        with self.application() as app:
            done = app.test_cli_runner().invoke(args=[str(argument) for argument in arguments])
            return Done(done.exit_code, done.stdout_bytes, done.stderr_bytes)

    @contextmanager
    def application(self) -> Iterator[Flask]:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("YUJIAN_INSTANCE", str(self.folder))
            app = create_app({"SCHEDULER": False, "DATABASE_URL": "", "FORECAST_MINUTES": 0})
            yield app
            with app.app_context():
                db.engine.dispose()

    def status(self, path: str, token: str) -> int:
        """With what the server answers a program's token."""
        with self.application() as app:
            return app.test_client().get(path, headers={"Authorization": f"Bearer {token}"}).status_code


@pytest.fixture(scope="module")
def flask(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """An instance that has the catalogue."""
    shell = Shell(tmp_path_factory.mktemp("commands") / "instance")
    for command in (("db", "upgrade"), ("catalogue", "load", CATALOGUE)):
        done = shell.quickly(*command)
        assert done.code == 0, done.err.decode()
    return shell


def test_the_catalogue_is_checked_and_loaded_once(flask: Shell, tmp_path: Path) -> None:
    assert flask.quickly("catalogue", "check", CATALOGUE).code == 0
    broken = tmp_path / "broken"
    shutil.copytree(CATALOGUE, broken)
    labs = (broken / "labs.csv").read_text(encoding="utf-8").splitlines()
    (broken / "labs.csv").write_text("\n".join([labs[0], labs[1].replace(",", ",no-such-", 1), *labs[2:]]) + "\n")
    for refused in (flask.run("catalogue", "check", broken), flask.quickly("catalogue", "load", broken)):
        assert refused.code == 3
        assert re.search(r"^labs\.csv:2: ", refused.err.decode(), re.MULTILINE)
    again = flask.quickly("catalogue", "load", CATALOGUE)
    assert again.code == 0 and "没有变化" in again.text, "nothing is half loaded"


def test_a_token_is_printed_alone_and_works(flask: Shell) -> None:
    person = ("--email", "lab@test.example", "--name", "受理", "--password", "battery-horse-9")
    made = flask.quickly("user", "create", *person, "--role", "lab_admin", "--lab", "cmvr-new-energy")
    assert made.code == 0, made.err.decode()
    printed = flask.run("token", "create", "lab@test.example", "--name", "trial", "--scope", "read")
    assert (printed.code, printed.err) == (0, b"")
    assert re.fullmatch(r"\S{40,}\n", printed.text)
    token = printed.text.strip()
    assert [flask.status("/api/v1/bookings", each) for each in (token, token[:-1])] == [200, 401]
    unknown = flask.quickly("token", "create", "nobody@test.example", "--name", "trial")
    assert (unknown.code, unknown.out) == (3, b"") and unknown.err


def test_turnaround_in_three_formats(flask: Shell) -> None:
    command = ("turnaround", "report", "--from", "2026-01-01", "--to", "2026-12-31", "--group-by", "lab")
    rows = list(csv.reader(io.StringIO(flask.run(*command).text)))
    assert rows and {len(row) for row in rows} == {len(rows[0])}
    assert json.loads(flask.quickly(*command, "--format", "json").out).keys() >= {"items", "as_of"}
    sheet = flask.quickly(*command, "--format", "xlsx").out
    assert "xl/workbook.xml" in zipfile.ZipFile(io.BytesIO(sheet)).namelist()
    refused = flask.quickly("turnaround", "report", "--from", "2026-12-31", "--to", "2026-01-01")
    assert (refused.code, refused.out) == (3, b"")
    assert refused.err.decode().splitlines() == [
        "结束日期要在开始日期之后，例如 2026-01-01 至 2026-12-31。",
        "The end must be after the start, for example 2026-01-01 to 2026-12-31.",
    ]


def test_jobs_are_listed_and_run_once(flask: Shell) -> None:
    names = [line.split("\t")[0] for line in flask.run("jobs", "list").text.splitlines()]
    assert {"lapse", "earliest-week", "turnaround-report"} <= set(names)
    done = flask.quickly("jobs", "once", "all")
    assert done.code == 0, done.err.decode()
    assert [line.partition(":")[0] for line in done.text.splitlines()] == names
    assert flask.quickly("jobs", "once", names[0]).code == 0
    assert flask.quickly("jobs", "once", "no-such-job").code not in (0, 1)


def test_a_backup_refuses_to_overwrite_and_is_restored_elsewhere(flask: Shell, tmp_path: Path) -> None:
    copy, elsewhere = tmp_path / "backup", Shell(tmp_path / "elsewhere")
    assert [flask.run("backup", copy).code, flask.quickly("backup", copy).code] == [0, 3]
    assert [elsewhere.quickly("restore", copy).code for _ in range(2)] == [0, 3]
    assert "没有变化" in elsewhere.quickly("catalogue", "load", CATALOGUE).text
