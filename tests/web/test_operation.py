"""Health, readiness, metrics, log lines."""

import json
import os
import subprocess
import sys

import pytest
import time_machine
from alembic.script import ScriptDirectory
from sqlalchemy import text

from app import startup
from app.database import db
from tests.http import browser
from tests.test_start import ROOT

(HEAD,) = ScriptDirectory(str(startup.MIGRATIONS)).get_heads()


@pytest.fixture
def schema(clean):
    """Makes the database look as if it were of another revision, or of none."""

    def mark(revision: str | None) -> None:
        db.session.rollback()
        with db.engine.begin() as connection:
            connection.execute(text("DELETE FROM alembic_version"))
            if revision:
                connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": revision})

    yield mark
    mark(HEAD)


def test_the_process_is_alive(clean):
    assert browser(clean).get("/healthz").json == {"status": "ok"}


def test_ready_with_the_schema_of_this_program(clean):
    answer = browser(clean).get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"status": "ready"})


@pytest.mark.parametrize("revision", [None, "0000older0000"])
def test_not_ready_with_another_schema(clean, schema, revision):
    schema(revision)
    answer = browser(clean).get("/readyz")
    assert answer.status_code == 503
    assert "flask --app app db upgrade" in answer.json["reason"]


def test_not_ready_without_a_database(clean, monkeypatch):
    from sqlalchemy.exc import OperationalError

    def refuse(*_given):
        raise OperationalError("SELECT 1", {}, Exception("connection refused"))

    monkeypatch.setattr("app.web.operation.current_revisions", refuse)
    answer = browser(clean).get("/readyz")
    assert (answer.status_code, answer.json["status"]) == (503, "unready")


def test_metrics_count_by_pattern_and_hold_no_secret(clean):
    client = browser(clean)
    client.get("/calendar/a-secret-token.ics")
    text_ = client.get("/metrics").text
    assert 'url_rule="/calendar/<token>.ics"' in text_
    assert "a-secret-token" not in text_
    assert "process_cpu_seconds_total" in text_


def run(script, folder):
    """In a process of its own, as logging is set up once per process."""
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=os.environ | {"YUJIAN_INSTANCE": str(folder), "YUJIAN_DATABASE_URL": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


def test_a_log_line_for_each_request_with_its_number_and_no_secret(tmp_path):
    script = (
        "from app import create_app\n"
        "client = create_app({'SCHEDULER': False}).test_client()\n"
        "print(client.get('/calendar/a-secret-token.ics?key=another-secret').headers['X-Request-Id'])\n"
        "client.get('/healthz')\n"
    )
    ran = run(script, tmp_path)
    lines = [json.loads(line) for line in ran.stderr.splitlines()]
    (request,) = [line for line in lines if line["event"] == "request"]
    assert request["request"] == ran.stdout.strip()
    assert request["path"] == "/calendar/<token>.ics" and request["status"] == 503
    assert "secret" not in ran.stderr


def test_a_log_that_cannot_be_written_disturbs_no_request(tmp_path):
    script = (
        "import sys\n"
        "from app import create_app\n"
        "client = create_app({'SCHEDULER': False}).test_client()\n"
        "sys.stderr.close()\n"
        "print(client.get('/api/v1/bookings').status_code)\n"
        "sys.stderr = open('/dev/full', 'w')\n"
        "print(client.get('/api/v1/bookings').status_code)\n"
        "sys.stderr = None\n"
    )
    assert run(script, tmp_path).stdout.split() == ["401", "401"]


def test_the_number_of_a_request_is_its_own(clean):
    with time_machine.travel("2026-11-02", tick=False):
        numbers = {browser(clean).get("/healthz").headers["X-Request-Id"] for _ in range(20)}
    assert len(numbers) == 20
