"""The demo: plausible, labelled, topped up, and every figure of turnaround recounted from the log."""

import json
import stat
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import mean, median
from typing import Any

import pytest
from flask import Flask

from app.accounts.models import Membership, Organisation, User
from app.accounts.policy import Viewer
from app.accounts.queries import memberships_of, user_by_email, viewer_of
from app.booking import service
from app.booking.models import Booking, Closure, Occupancy
from app.booking.offers import Question as Wanted
from app.booking.offers import offers
from app.booking.rules import State
from app.booking.service import Book
from app.booking.settings import limits
from app.clock import now as system_clock
from app.database import db
from app.demo.service import make_demo, read_accounts
from app.events.models import Event
from app.labs.capacity import BenchState, Changeover, LabRule, LabShiftPattern
from app.labs.loading import store
from app.labs.models import Capability, Resource
from app.orders.models import Order, OrderLine, OrderMessage
from app.samples.models import Sample
from app.testing import models as testing
from app.turnaround.queries import Question, turnaround
from app.turnaround.rules import LEAST_COMPANIES, GroupBy, last_months
from app.turnaround.scheduled import enclosing
from app.turnaround.scheduled import queries as scheduled
from app.turnaround.scheduled.periods import Every
from app.turnaround.scheduled.service import make_now
from app.worktime import local_date
from tests.conftest import CATALOGUE, empty_tables

HISTORY = timedelta(days=80)


@pytest.fixture(scope="module")
def played(app: Flask, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, datetime]]:
    """The real catalogue and the last eighty days replayed: the folder of the accounts, and the instant."""
    folder, at = tmp_path_factory.mktemp("demo"), system_clock()
    with app.app_context():
        store.load(CATALOGUE, at)
        make_demo(folder, at, HISTORY)
        yield folder, at
        empty_tables()


def test_reports_of_turnaround_are_subscribed_to_and_can_be_made(played: tuple[Path, datetime]) -> None:
    _, at = played
    assert len(scheduled.due(at)) == 7
    report = make_now(viewer("lab@demo.example"), Every.MONTH, at)
    enclosure = enclosing.enclosure(viewer("lab@demo.example"), report.id, at)
    assert len(enclosure.sentences) == 3 and "签发了" in enclosure.sentences[0]


def viewer(email: str) -> Viewer:
    user = user_by_email(email)
    assert user is not None
    return viewer_of(memberships_of(user.id)[0])


def test_the_accounts_of_the_contract_are_there_and_theirs_alone_to_read(played: tuple[Path, datetime]) -> None:
    folder, _ = played
    path = folder / "demo-accounts.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    accounts = {entry["email"]: entry for entry in json.loads(path.read_text(encoding="utf-8"))}
    people = ("oem-a", "oem-b", "lab", "lab-caeri", "lab-cmvr", "lab-changan", "coordinator", "admin")
    assert {f"{name}@demo.example" for name in people} <= set(accounts)
    assert accounts["lab@demo.example"]["labs"] == ["cmvr-new-energy"]
    assert len(accounts["lab-caeri@demo.example"]["labs"]) == 12
    assert accounts["oem-a@demo.example"]["organisation"] != accounts["oem-b@demo.example"]["organisation"]


def test_every_booking_belongs_to_a_company_that_says_it_is_a_demo(played: tuple[Path, datetime]) -> None:
    owners = db.session.query(Organisation).join(Booking, Booking.company_id == Organisation.id).distinct().all()
    assert len(owners) == 6
    assert all(owner.demo and owner.name_zh.startswith("示例") for owner in owners)


def test_shares_are_plausible_and_all_labs_take_part(played: tuple[Path, datetime]) -> None:
    states = Counter(booking.state for booking in db.session.query(Booking))
    everything = sum(states.values())
    assert everything > 150
    assert 0.04 < states[State.DECLINED] / everything < 0.2
    assert 0.02 < states[State.CANCELLED] / everything < 0.16
    assert 0.01 < states[State.NO_SHOW] / everything < 0.12
    assert db.session.query(Booking.lab_id).distinct().count() >= 20
    assert Counter(closure.kind.value for closure in db.session.query(Closure))["breakdown"] == 1


def test_no_time_is_taken_twice_and_what_ended_takes_none(played: tuple[Path, datetime]) -> None:
    by_place: dict[tuple[str, int], list[Occupancy]] = defaultdict(list)
    for row in db.session.query(Occupancy).order_by(Occupancy.starts_at):
        by_place[row.resource_id, row.place].append(row)
    assert all(a.ends_at <= b.starts_at for rows in by_place.values() for a, b in pairwise(rows))
    dead = (State.DECLINED, State.CANCELLED, State.EXPIRED, State.NO_SHOW)
    held = db.session.query(Booking).join(Occupancy, Occupancy.booking_id == Booking.id)
    assert held.filter(Booking.state.in_(dead)).count() == 0


def test_each_province_has_enough_companies_for_its_figures_to_be_told(played: tuple[Path, datetime]) -> None:
    made = db.session.query(Booking.company_id, Organisation.province).join(Organisation).distinct()
    counts = Counter(province for _company, province in made)
    assert set(counts) == {"四川省", "重庆市"} and min(counts.values()) >= LEAST_COMPANIES


def test_the_figures_of_turnaround_are_those_of_the_log(played: tuple[Path, datetime]) -> None:
    _, at = played
    instants: dict[str, dict[str, datetime]] = defaultdict(dict)
    for event in db.session.query(Event).filter(Event.kind.like("order.%")).order_by(Event.id):
        if "line" not in event.data:
            continue
        instants[event.data["line"]][event.kind.removeprefix("order.")] = event.at
    labs = {line.id: line.lab_id for line in db.session.query(OrderLine)}
    period = last_months(12, at)
    counted: dict[str, list[dict[str, float]]] = defaultdict(list)
    for line, seen in instants.items():
        if "issued" in seen and period.span.contains(seen["issued"]):
            counted[labs[line]].append(_days(seen))
    boss = viewer("lab-caeri@demo.example")
    found = {item.key: item for item in turnaround(Question(boss, period), GroupBy.LAB, at).items}
    own = {lab: lines for lab, lines in counted.items() if lab in boss.lab_ids}
    assert len(own) > 8
    assert {lab: item.lines for lab, item in found.items() if item.lines} == {k: len(v) for k, v in own.items()}
    for lab, lines in own.items():
        item = found[lab]
        assert item.percentiles is not None and item.phases is not None
        assert item.percentiles[0] == pytest.approx(median(line["total"] for line in lines), abs=0.051)
        assert item.mean == pytest.approx(mean(line["total"] for line in lines), abs=0.051)
        assert sum(item.phases.values()) == pytest.approx(item.mean, abs=1e-6)
        for phase, days in item.phases.items():
            assert days == pytest.approx(mean(line[phase] for line in lines), abs=0.11)


def _days(seen: dict[str, datetime]) -> dict[str, float]:
    steps = ("submitted", "accepted", "testing", "reporting", "issued")
    phases = ("review", "waiting", "testing", "reporting")
    spans = {
        phase: (seen[end] - seen[start]) / timedelta(days=1)
        for phase, start, end in zip(phases, steps[:-1], steps[1:], strict=True)
    }
    return spans | {"total": sum(spans.values())}


def test_one_order_shows_everything(played: tuple[Path, datetime]) -> None:
    """Told to its end by the services: two packs, a pause, a failure, a report withdrawn and replaced."""
    order = db.session.query(Order).filter_by(contract_number="示例-HT-0001").one()
    assert order.created_by_id == viewer("oem-a@demo.example").user_id
    passed = [line for line in order.lines if line.issued_at]
    assert len(order.lines) == 2 and len(passed) == 1
    versions = (
        db.session.query(testing.TestReport).filter_by(order_line_id=passed[0].id).order_by(testing.TestReport.edition)
    )
    assert [report.state.value for report in versions] == ["withdrawn", "issued"]
    results = db.session.query(testing.RunResult).filter(
        testing.RunResult.order_line_id.in_([line.id for line in order.lines])
    )
    assert sorted(found.result.value for found in results) == ["failed", "passed"]
    assert passed[0].paused_seconds == 40 * 60
    packs = db.session.query(Sample).filter_by(order_id=order.id).order_by(Sample.name).all()
    assert [pack.state.value for pack in packs] == ["returned", "received"]
    assert db.session.query(OrderMessage).filter_by(order_id=order.id).count() == 3
    assert order.company_id == "demo-oem-a" and db.session.get_one(Organisation, order.company_id).demo


def test_the_busy_lab_has_set_something_of_each_kind_and_says_that_it_is_an_example(
    played: tuple[Path, datetime],
) -> None:
    _, at = played
    pattern = db.session.query(LabShiftPattern).one()
    assert pattern.valid_from == local_date(at)
    states = db.session.query(BenchState).all()
    assert all(row.name.startswith("示例") for row in [pattern]) and all(s.name_zh.startswith("示例") for s in states)
    assert {rule.kind for rule in db.session.query(LabRule)} == {"open_requests", "weekly_hours"}
    assert sorted(row.minutes for row in db.session.query(Changeover)) == [180, 240]
    left = {row.state_id for row in db.session.query(Capability).filter(Capability.state_id.is_not(None))}
    assert left == {state.id for state in states}
    due = [row for row in db.session.query(Resource) if row.calibration_due]
    assert [row.calibration_due - local_date(at) for row in due] == [timedelta(days=20)]
    changed = {"calendar.pattern_set", "rule.set", "resource.states_set", "capability.set", "resource.calibrated"}
    desk = viewer("lab@demo.example").user_id
    assert {event.kind for event in db.session.query(Event).filter_by(actor_id=desk, at=at)} >= changed


def test_again_changes_nothing_and_later_it_is_topped_up(played: tuple[Path, datetime]) -> None:
    folder, at = played
    before, passwords = _snapshot(), read_accounts(folder)
    assert make_demo(folder, at).requests == 0
    assert (_snapshot(), read_accounts(folder)) == (before, passwords)
    visitor = viewer("oem-a@demo.example")
    offer = next(iter(offers(Wanted("b-pack-vibration", earliest=at + timedelta(days=20)), at, limits(), 1)))
    bench = offer.slot.bench.resource_id
    mine = service.book(visitor, Book("b-pack-vibration", bench, offer.starts_at, State.REQUESTED), at)
    later = at + timedelta(days=7)
    assert make_demo(folder, later).requests > 5
    assert max(booking.created_at for booking in db.session.query(Booking)) > later - timedelta(days=3)
    assert mine.state is State.REQUESTED
    assert local_date(later) > local_date(at)


def _snapshot() -> dict[str, Any]:
    tables = (User, Membership, Organisation, Booking, Occupancy, Event)
    counts = {table.__tablename__: db.session.query(table).count() for table in tables}
    return counts | {"states": Counter(booking.state for booking in db.session.query(Booking))}
