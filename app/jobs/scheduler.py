"""The clockwork: every process that may schedule asks for the lead, and the leader works what is due.

APScheduler only wakes us; what is due, what ran and how it ended stands in our tables, so that a process that
starts late or takes over knows. One wake-up per job, so that a long job keeps no other waiting.
"""

import atexit
import logging
import signal
import sys
from datetime import UTC, timedelta

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.schedulers.base import BaseScheduler
from apscheduler.schedulers.blocking import BlockingScheduler
from flask import Flask

from app.clock import now
from app.jobs import service
from app.jobs.leader import Leader, candidate
from app.jobs.registry import JOBS, Job

POLL_SECONDS = 15
SHORTEST_LEASE = timedelta(seconds=3)
# The lead is sought first.
FIRST_WORK = timedelta(seconds=1)

log = structlog.stdlib.get_logger("yujian.jobs")


class Clockwork:
    """One process's part in scheduling: whether it leads, and its wake-ups."""

    def __init__(self, app: Flask, scheduler: BaseScheduler, leader: Leader, lease: timedelta) -> None:
        self.app, self.leader = app, leader
        self.leads = False
        self._scheduler = scheduler
        begin, third = now(), lease.total_seconds() / 3
        scheduler.add_job(self.seek_lead, "interval", seconds=third, next_run_time=begin)
        for job in JOBS:
            poll = {"seconds": min(POLL_SECONDS, third), "next_run_time": begin + FIRST_WORK}
            scheduler.add_job(self.work, "interval", (job,), id=job.name, **poll)

    def run(self) -> None:
        """Begin; a blocking scheduler returns when it is shut down."""
        self._scheduler.start()

    def seek_lead(self) -> None:
        """Take or keep the lead; a database that doesn't answer costs it."""
        with self.app.app_context():
            try:
                self.leads = service.lead(self.leader, now(), self.leads)
            except Exception:
                self.leads = False
                log.exception("scheduler can't reach the database")

    def work(self, job: Job) -> None:
        """Run the job if this process leads and its slot is open."""
        if not self.leads:
            return
        with self.app.app_context():
            try:
                service.run_due(job, self.leader, now())
            except Exception:
                log.exception("job could not be noted", job=job.name)

    def stop(self) -> None:
        """End the wake-ups and give up the lead, so that another process takes it at once."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        self.leads = False
        with self.app.app_context():
            try:
                self.leader.release()
            except Exception:
                log.exception("the lead could not be given up")


def clockwork(app: Flask, scheduler_class: type[BaseScheduler], leader: Leader | None = None) -> Clockwork:
    """A scheduler, not yet running, with all jobs."""
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    scheduler = scheduler_class(
        timezone=UTC,
        executors={"default": ThreadPoolExecutor(len(JOBS) + 1)},
        # A wake-up that comes late is as good as another: what is due is looked up.
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    lease = max(timedelta(seconds=app.config["SCHEDULER_LEASE_SECONDS"]), SHORTEST_LEASE)
    with app.app_context():
        return Clockwork(app, scheduler, leader or candidate(lease), lease)


def start(app: Flask) -> Clockwork | None:
    """Schedule from this web process, unless the setting SCHEDULER says no. Called once the worker is up."""
    if not app.config["SCHEDULER"]:
        return None
    found = clockwork(app, BackgroundScheduler)
    found.run()
    atexit.register(found.stop)
    return found


def run_worker(app: Flask) -> None:
    """Schedule from a process of its own, until it is told to end."""
    found = clockwork(app, BlockingScheduler)
    signal.signal(signal.SIGTERM, _end)
    try:
        found.run()
    except KeyboardInterrupt:
        sys.exit(0)
    finally:
        found.stop()


def _end(_number: int, _frame: object) -> None:
    """A proper end: leave through `finally`, which gives up the lead."""
    sys.exit(0)
