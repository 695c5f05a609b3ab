"""Schedulers as processes of their own: one leads, and when it is killed another goes on."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from app.database import db
from app.jobs.models import JobRun, Outcome

LEASE_SECONDS = 3
PATIENCE = 60


def wait_for(what: Callable[[], bool]) -> None:
    """Until it is so; AssertionError when it never is."""
    until = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < until, what
        time.sleep(0.2)
        db.session.rollback()


def holders() -> set[str]:
    """Host and process of those who worked slots."""
    return {run.holder.rpartition("/")[0] for run in db.session.query(JobRun).filter(JobRun.slot.is_not(None))}


def done() -> set[str]:
    return {run.name for run in db.session.query(JobRun).filter_by(outcome=Outcome.DONE)}


@pytest.fixture
def worker(clean: Flask) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts `flask jobs run` on the same database."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "YUJIAN_DATABASE_URL": os.environ.get("YUJIAN_TEST_DATABASE_URL", ""),
            "YUJIAN_SCHEDULER_LEASE_SECONDS": str(LEASE_SECONDS),
        }
        command = [sys.executable, "-m", "flask", "--app", "app", "jobs", "run"]
        started.append(subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_a_killed_leader_is_replaced_and_a_proper_end_hands_over_at_once(worker) -> None:
    first = worker()
    wait_for(lambda: done() >= {"lapse", "earliest-week", "turnaround-report"})
    second = worker()
    time.sleep(LEASE_SECONDS)
    assert len(holders()) == 1
    first.kill()
    # The heir works the next minute.
    wait_for(lambda: len(holders()) == 2)
    slots = [(run.name, run.slot) for run in db.session.query(JobRun)]
    assert len(slots) == len(set(slots))
    second.send_signal(signal.SIGTERM)
    assert second.wait(PATIENCE) == 0
