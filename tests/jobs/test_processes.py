"""Schedulers as processes of their own: one leads, and when it is killed another goes on."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import delete

from app.clock import now
from app.database import db, transaction
from app.jobs.leader import candidate
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


def holders(name: str) -> set[int]:
    """Numbers of the processes that worked slots of this job."""
    runs = db.session.query(JobRun).filter(JobRun.name == name, JobRun.slot.is_not(None))
    return {int(run.holder.split("/")[1]) for run in runs}


def done() -> set[str]:
    return {run.name for run in db.session.query(JobRun).filter_by(outcome=Outcome.DONE)}


def worked_again(name: str) -> set[int]:
    """By whom the job's latest slot is worked when it is open again; each leader makes up for it at once."""
    with transaction() as session:
        session.execute(delete(JobRun).where(JobRun.name == name))
    wait_for(lambda: name in done())
    return holders(name)


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
    both = {process.pid: process for process in (worker(), worker())}
    wait_for(lambda: done() >= {"lapse", "earliest-week", "turnaround-report"})
    (leading,) = holders("lapse")
    following = (both.keys() - {leading}).pop()
    until = time.monotonic() + 2 * LEASE_SECONDS
    while time.monotonic() < until:
        assert worked_again("lapse") == {leading}
    both[leading].kill()
    both[leading].wait()
    assert worked_again("lapse") == {following}
    slots = [(run.name, run.slot) for run in db.session.query(JobRun).filter_by(outcome=Outcome.DONE)]
    assert len(slots) == len(set(slots))
    both[following].send_signal(signal.SIGTERM)
    assert both[following].wait(PATIENCE) == 0
    heir = candidate(timedelta(seconds=LEASE_SECONDS))
    assert heir.hold(now())
    heir.release()
