"""Each slot is worked once, by one leader; what fails is seen, and the next run goes on."""

import threading
from datetime import datetime, timedelta

import pytest
from flask import Flask

from app.booking.models import Booking
from app.booking.rules import State
from app.database import db, transaction
from app.jobs import queries, service
from app.jobs.leader import AdvisoryLock, Leader, Lease, candidate
from app.jobs.models import JobRun, Outcome, SchedulerLease
from app.jobs.registry import JOBS, Job, job
from app.jobs.schedule import Daily, Every
from tests.world import World, at

LEASE = timedelta(seconds=30)


@pytest.fixture
def leader(clean: Flask):
    """This process, leading."""
    found = candidate(LEASE)
    assert service.lead(found, at(2), leads=False)
    yield found
    found.release()


def counting(name: str = "count", schedule=None) -> tuple[Job, list[datetime]]:
    """A job that notes when it ran."""
    runs: list[datetime] = []

    def run(now: datetime) -> int:
        runs.append(now)
        return len(runs)

    return Job(name, "计数", schedule or Daily(2, 30), run), runs


def outcomes(name: str = "count") -> list[Outcome]:
    query = db.session.query(JobRun).filter_by(name=name).order_by(JobRun.started_at, JobRun.attempt)
    return [run.outcome for run in query]


def keep(leader: Leader, now: datetime) -> datetime:
    """Time has come to `now`; the leader has kept its lead."""
    assert leader.hold(now)
    return now


def test_a_slot_is_worked_once(leader) -> None:
    daily, runs = counting()
    for hour in (2, 3, 9, 23):
        service.run_due(daily, leader, keep(leader, at(5, hour, 31)))
    assert runs == [at(5, 2, 31)]
    service.run_due(daily, leader, keep(leader, at(6, 2, 30)))
    assert len(runs) == 2


def test_a_missed_day_is_made_up_once(leader) -> None:
    daily, runs = counting()
    service.run_due(daily, leader, keep(leader, at(2, 3)))
    # The server was off over three nights; it comes back in the afternoon.
    service.run_due(daily, leader, keep(leader, at(5, 15)))
    service.run_due(daily, leader, keep(leader, at(5, 16)))
    assert runs == [at(2, 3), at(5, 15)]


def test_a_failure_is_noted_with_its_reason_and_the_next_run_goes_on(leader) -> None:
    fails = iter([True, False])

    def run(_now: datetime) -> int:
        with transaction() as session:
            session.add(SchedulerLease(id="half done", holder="x", expires_at=at(2)))
            if next(fails):
                raise RuntimeError("the disk is full")
        return 1

    fragile = Job("count", "易碎", Every(1), run)
    first = service.run_due(fragile, leader, keep(leader, at(5, 9, 0)))
    assert first.outcome is Outcome.FAILED and first.error.endswith("RuntimeError: the disk is full")
    assert db.session.get(SchedulerLease, "half done") is None
    # Not again in the same slot, but in the next.
    assert service.run_due(fragile, leader, keep(leader, at(5, 9, 0))) is None
    second = service.run_due(fragile, leader, keep(leader, at(5, 9, 1)))
    assert (second.outcome, second.result) == (Outcome.DONE, "1")
    assert [run.error for run in queries.recent_failures()] == [first.error]


def test_only_the_leader_works(clean: Flask) -> None:
    first, second = candidate(LEASE), candidate(LEASE)
    daily, runs = counting()
    assert service.lead(first, at(5, 9), leads=False)
    assert not service.lead(second, at(5, 9), leads=False)
    assert service.run_due(daily, second, at(5, 9)) is None and runs == []
    assert service.run_due(daily, first, at(5, 9)) is not None
    first.release()
    assert service.lead(second, at(5, 9), leads=False)
    second.release()


def test_a_lost_leader_is_replaced_and_what_it_left_is_done_again(clean: Flask) -> None:
    lost, heir = Lease(LEASE, "lost"), Lease(LEASE, "heir")
    daily, runs = counting()
    assert service.lead(lost, at(5, 9), leads=False)
    with transaction() as session:
        cut_off = {"name": "count", "slot": at(5, 2, 30), "holder": "lost", "outcome": Outcome.RUNNING}
        session.add(JobRun(**cut_off, started_at=at(5, 9)))
    # The lost one says nothing more; its lease ends.
    assert not service.lead(heir, at(5, 9) + LEASE - timedelta(seconds=1), leads=False)
    assert service.lead(heir, at(5, 9) + LEASE, leads=False)
    assert service.run_due(daily, heir, at(5, 9) + LEASE) is not None
    assert outcomes() == [Outcome.INTERRUPTED, Outcome.DONE] and len(runs) == 1
    # It comes back to life and still believes to lead.
    other, late = counting("other")
    assert service.run_due(other, lost, at(5, 9) + LEASE) is None and late == []
    assert not service.lead(lost, at(5, 9) + LEASE, leads=True)


def test_what_is_cut_off_again_and_again_is_given_up(leader) -> None:
    daily, runs = counting()
    for attempt in range(1, service.MOST_ATTEMPTS + 1):
        with transaction() as session:
            row = {"name": "count", "slot": at(5, 2, 30), "holder": "x", "outcome": Outcome.INTERRUPTED}
            session.add(JobRun(**row, attempt=attempt, started_at=at(5, 3)))
    assert service.run_due(daily, leader, keep(leader, at(5, 9))) is None and runs == []


def test_two_that_both_believe_to_lead_still_run_a_slot_once(clean: Flask) -> None:
    """The database's own guard, without any leader: eight threads at one slot."""

    class Believer:
        name = "believer"

        def hold(self, now: datetime) -> bool:
            return True

        def still_leads(self, session, now: datetime) -> bool:
            return True

        def release(self) -> None: ...

    daily, runs = counting()
    gate = threading.Barrier(8)

    def race() -> None:
        with clean.app_context():
            gate.wait()
            service.run_due(daily, Believer(), at(5, 9))

    threads = [threading.Thread(target=race) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(runs) == 1 and outcomes() == [Outcome.DONE]


def test_of_eight_processes_one_gets_the_lead(clean: Flask) -> None:
    candidates = [candidate(LEASE) for _ in range(8)]
    gate, leads = threading.Barrier(8), []

    def seek(found: Leader) -> None:
        with clean.app_context():
            gate.wait()
            leads.append(found.hold(at(5)))

    threads = [threading.Thread(target=seek, args=(found,)) for found in candidates]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(leads) == [False] * 7 + [True]
    for found in candidates:
        found.release()


def test_the_list_of_jobs_works(leader, world: World) -> None:
    world.bench()
    booking = world.engineer("甲公司").holds(at(5))
    now = keep(leader, world.now + timedelta(hours=3))
    runs = {each.name: service.run_due(each, leader, now) for each in JOBS}
    assert {run.outcome for run in runs.values()} == {Outcome.DONE}, [run.error for run in runs.values()]
    assert runs["lapse"].result == "1"
    assert db.session.get(Booking, booking.id, populate_existing=True).state is State.EXPIRED


def test_old_runs_are_swept_and_failures_stay_longer(leader) -> None:
    minutely, _runs = counting(schedule=Every(1))
    with transaction() as session:
        for outcome, days in ((Outcome.DONE, 1), (Outcome.FAILED, 1), (Outcome.FAILED, 100)):
            row = {"name": "count", "holder": "x", "started_at": at(5, 9) - timedelta(days=days), "outcome": outcome}
            session.add(JobRun(**row))
    service.run_due(minutely, leader, keep(leader, at(5, 9)))
    assert sorted(outcomes()) == [Outcome.DONE, Outcome.FAILED]


def test_names_are_told_apart() -> None:
    assert job("lapse").name == "lapse"
    assert job("no-such") is None
    assert len({Lease(LEASE).name for _ in range(20)} | {AdvisoryLock().name}) == 21
