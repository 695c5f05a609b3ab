"""Administrators see schedule, last and next run and failures; nobody else sees anything."""

import time_machine
from flask import Flask

from app.accounts.models import OrganisationKind, Role
from app.database import db, transaction
from app.jobs.models import JobRun, Outcome
from app.jobs.registry import JOBS
from app.labs.models import EarliestWeek
from tests.http import browser
from tests.world import World


def administrator(world: World):
    return world.member(world.organisation("运维", OrganisationKind.AUTHORITY), Role.SYSTEM_ADMIN)


def test_an_administrator_looks_and_runs_a_job(world: World, clean: Flask) -> None:
    world.bench()
    with time_machine.travel(world.now, tick=False):
        client = browser(clean, administrator(world))
        page = client.get("/admin/jobs").get_data(as_text=True)
        assert "没有进程在调度" in page and "没有失败" in page
        assert page.count("<tr>") == len(JOBS) + 1
        assert client.post("/admin/jobs/earliest-week/run").status_code == 303
        assert "已运行，处理 1 项" in client.get("/admin/jobs").get_data(as_text=True)
        assert client.post("/admin/jobs/no-such/run").status_code == 404
    assert db.session.query(EarliestWeek).one().week == "2026-W45"


def test_a_failure_is_shown_with_its_reason(world: World, clean: Flask) -> None:
    with transaction() as session:
        failure = {"outcome": Outcome.FAILED, "error": "Traceback\nRuntimeError: <the disk is full>\n"}
        session.add(JobRun(name="lapse", slot=world.now, holder="x", started_at=world.now, **failure))
    with time_machine.travel(world.now, tick=False):
        client = browser(clean, administrator(world))
        page = client.get("/admin/jobs").get_data(as_text=True)
    assert "没有进程在调度" not in page
    assert "RuntimeError: &lt;the disk is full&gt;" in page


def test_others_are_refused(world: World, clean: Flask) -> None:
    world.bench()
    for person in (world.engineer("甲公司"), world.lab_admin("lab"), world.coordinator()):
        client = browser(clean, person)
        assert client.get("/admin/jobs").status_code == 403
        assert client.post("/admin/jobs/lapse/run").status_code == 403
    assert browser(clean).get("/admin/jobs").status_code == 303
    assert db.session.query(JobRun).count() == 0


def test_commands(world: World, clean: Flask) -> None:
    world.bench()
    runner = clean.test_cli_runner()
    once = runner.invoke(args=["jobs", "once", "all"])
    assert once.exit_code == 0, once.output
    assert once.output.splitlines()[1] == "earliest-week: done 1"
    assert runner.invoke(args=["jobs", "once", "no-such"]).exit_code == 2
    listed = runner.invoke(args=["jobs", "list"]).output.splitlines()
    assert [line.split("\t")[0] for line in listed] == [
        "lapse",
        "earliest-week",
        "turnaround-summary",
        "bench-hours",
        "pool-what-if",
        "bench-what-if",
        "forecast-held",
        "turnaround-report",
        "scheduled-reports",
        "closures",
        "approvals",
        "notices",
        "reminders",
        "waiting",
        "daily-mail",
        "mail",
        "statistics",
        "files",
    ]
    assert all(" done" in line for line in listed)
