"""On the real catalogue: what is shown as free can be booked, exactly as shown, and nothing else can."""

import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask

from app.database import db
from app.labs import models
from app.labs.loading import store
from app.labs.queries import CapableBench, capable_benches
from app.worktime import PATTERNS, Interval, lay, midnight
from tests.conftest import CATALOGUE, empty_tables
from tests.contract.conftest import Program
from tests.grain import on_grain
from tests.http import program
from tests.world import NOW, World, at

EXACT = ("resource", "lab", "starts_at", "ends_at", "run_from", "run_until")
# As soon as possible, over the new year, over the Spring Festival.
EARLIEST: tuple[dict[str, str], ...] = ({}, {"earliest": "2026-12-30"}, {"earliest": "2027-02-03"})
SHIFTS = {pattern: name for name, pattern in PATTERNS.items()}
SHIFT_LENGTH = timedelta(hours=9)
TRIES = 8


@pytest.fixture(scope="module")
def engineer(app: Flask) -> Iterator[Program]:
    """A program of a company, on the product's own catalogue."""
    with app.app_context(), time_machine.travel(NOW, tick=False):
        store.load(CATALOGUE, NOW)
        world = World()
        yield Program(app, world, program(world.engineer("示例甲")))
        empty_tables()


@pytest.fixture(scope="module")
def sorts(engineer: Program) -> list[CapableBench]:
    """A bench and a test for each sort of use: by shifts, by what the run may do, by places, by length."""
    found = defaultdict(list)
    for item in capable_benches([row.id for row in db.session.query(models.Test)]):
        need, bench = item.need, item.bench
        is_long = need.setup + need.run + need.teardown > SHIFT_LENGTH
        found[SHIFTS[bench.calendar.patterns[0]], need.splits, need.unattended, bench.places > 1, is_long].append(item)
    dice = random.Random(7)
    return [dice.choice(items) for _, items in sorted(found.items())]


def wanted(item: CapableBench, slot: dict[str, str]) -> dict[str, str]:
    """A request for this test on the bench and at the start of an offer."""
    return {"test": item.test_id, "state": "requested", "resource": slot["resource"], "starts_at": slot["starts_at"]}


def give_back(engineer: Program, booking: dict[str, Any]) -> None:
    status, _ = engineer.send(f"/bookings/{booking['id']}/cancel", {"version": booking["version"]})
    assert status == 200


def test_every_offer_is_kept(engineer: Program, sorts: list[CapableBench]) -> None:
    assert len(sorts) > 15
    for number, item in enumerate(sorts):
        query = {"test": item.test_id, "limit": 3, **EARLIEST[number % len(EARLIEST)]}
        for _ in range(2):
            status, offers = engineer.ask("/offers", **query)
            assert status == 200 and offers["items"], item.test_id
            for offer in offers["items"]:
                status, booking = engineer.send("/bookings", wanted(item, offer))
                assert status == 201, (item.test_id, offer, booking)
                assert {name: booking[name] for name in EXACT} == {name: offer[name] for name in EXACT}
                give_back(engineer, booking)
            # What is taken now is not offered again.
            first = offers["items"][0]
            assert engineer.send("/bookings", wanted(item, first))[0] == 201


def test_a_start_shown_as_free_can_be_booked_and_no_other(engineer: Program, sorts: list[CapableBench]) -> None:
    dice, taken = random.Random(11), 0
    for item in sorts:
        first = at(3) + timedelta(days=dice.randrange(100))
        seen = availability(engineer, item, first, days=92)
        for start in instants(dice, item, first):
            slot = {"resource": item.bench.resource_id, "starts_at": start.isoformat()}
            status, answer = engineer.send("/bookings", wanted(item, slot))
            expected = reference(item, seen, start)
            assert (status == 201) == (expected is not None), (item.test_id, item.bench.resource_id, start, answer)
            if expected is None:
                assert answer["code"] in ("slot_taken", "outside_working_time"), answer
            else:
                taken += 1
                assert (
                    Interval(*(datetime.fromisoformat(answer[name]) for name in ("starts_at", "ends_at"))) == expected
                )
                give_back(engineer, answer)
    assert taken > 2 * len(sorts)


def availability(engineer: Program, item: CapableBench, first: datetime, days: int) -> dict[str, list[Interval]]:
    """What the API shows of the bench."""
    span = {"from_": first.isoformat(), "to": (first + timedelta(days=days)).isoformat()}
    status, found = engineer.ask(f"/resources/{item.bench.resource_id}/availability", **span)
    assert status == 200
    return {name: [interval(each["start"], each["end"]) for each in spans] for name, spans in found.items()}


def interval(start: str, end: str) -> Interval:
    return Interval(datetime.fromisoformat(start), datetime.fromisoformat(end))


def instants(dice: random.Random, item: CapableBench, first: datetime) -> list[datetime]:
    """Instants of a week: most on the grain of working time, others anywhere."""
    week = Interval(first, first + timedelta(days=7))
    windows = item.bench.calendar.windows(week)
    starts = [start for window in windows for start in on_grain(item.bench.calendar, window, item.bench.grain)]
    inside = [start for start in starts if week.start <= start < week.end]
    anywhere = [midnight(first.date()) + timedelta(minutes=5 * dice.randrange(7 * 288)) for _ in range(TRIES // 4)]
    return dice.sample(inside, min(len(inside), TRIES)) + [each for each in anywhere if each > first]


def reference(item: CapableBench, seen: dict[str, list[Interval]], start: datetime) -> Interval | None:
    """The use that a start gives if it can be had: by what was shown, and by the rule of working time."""
    free = any(span.start <= start < span.end for span in seen["free"])
    if not free or not item.bench.calendar.is_on_grain(start, item.bench.grain):
        return None
    use = lay(start, item.need, item.bench.calendar)
    fits = use is not None and not any(use.interval.overlaps(span) for span in seen["busy"])
    return use.interval if use and fits else None
