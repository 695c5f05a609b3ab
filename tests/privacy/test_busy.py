"""A rival can't tell what takes a bench: a booking in any state, another company's or maintenance look the same."""

import re
from collections.abc import Callable, Iterator

import pytest
import time_machine
from flask import Flask
from werkzeug.test import TestResponse

from app.booking import closures
from app.booking.models import ClosureKind
from app.feeds import service as feeds
from app.feeds.models import FeedScope
from app.feeds.service import Subscribe
from tests.conftest import empty_tables
from tests.http import browser, program
from tests.world import NOW, Person, World, at

START, END = at(9), at(9, 12, 30)
Take = Callable[[World], object]
# What a rival asks of a bench that is taken on Monday the 9th from 8:30 to 12:30.
PAGES = (
    "/schedule?lab=all&days=14&from=2026-11-02",
    "/schedule?lab=lab&days=7&from=2026-11-09",
    "/schedule?lab=all&days=1&from=2026-11-09",
    "/schedule?lab=all&days=14&from=2026-11-02&test=t",
    "/resources/chamber",
    "/resources/chamber?from=2026-11-09",
    "/search?q=GB+TEST",
    "/search?test=t",
    "/labs/lab",
    "/tests/t",
    "/bookings/new?test=t&resource=chamber&starts_at=2026-11-09T08:30",
    "/bookings/new?test=t&resource=chamber&starts_at=2026-11-09T10:30",
    "/bookings/new?test=t&resource=chamber&starts_at=2026-11-09T13:00",
)
QUESTIONS = (
    "/resources/chamber/availability?from=2026-11-02&to=2026-11-30",
    "/resources/chamber/availability?from=2026-11-09T10:00:00%2B08:00&to=2026-11-09T11:00:00%2B08:00",
    "/offers?test=t&limit=100",
    "/offers?test=t&earliest=2026-11-09&latest=2026-11-10",
    "/resources/chamber",
    "/tests/t",
    "/bookings",
    "/events",
)


def held(world: World) -> None:
    world.now = NOW
    world.engineer("甲公司").holds(START)


def requested(world: World) -> None:
    world.engineer("甲公司").requests(START, note="备注", sample="样品")


def confirmed(world: World) -> None:
    world.lab_admin("lab").does("confirm", world.engineer("甲公司").requests(START))


def moved_here(world: World) -> None:
    engineer = world.engineer("丙公司")
    engineer.moves(engineer.requests(at(10)), START)


def maintained(world: World) -> None:
    desk = world.lab_admin("lab")
    command = closures.CloseResource("chamber", START, END, ClosureKind.MAINTENANCE, "更换压缩机")
    closures.close(desk.viewer, command, world.now)


def broken_in_two_pieces(world: World) -> None:
    """Two closures that touch: merged, they are one time."""
    desk = world.lab_admin("lab")
    middle = at(9, 10)
    for start, end in ((START, middle), (middle, END)):
        closures.close(desk.viewer, closures.CloseResource("chamber", start, end, ClosureKind.BREAKDOWN), world.now)


TAKEN: tuple[Take, ...] = (held, requested, confirmed, moved_here, maintained, broken_in_two_pieces)


@pytest.fixture
def told(app: Flask) -> Iterator[Callable[[Take], dict[str, str]]]:
    """Everything that a rival reads when the bench has been taken in this way; each time in an empty world."""

    def tell(take: Take) -> dict[str, str]:
        with app.app_context(), time_machine.travel(NOW, tick=False):
            try:
                world = World()
                world.bench()
                rival = world.engineer("乙公司")
                take(world)
                world.now = NOW
                return everything(app, rival)
            finally:
                empty_tables()

    yield tell


def everything(app: Flask, rival: Person) -> dict[str, str]:
    """Answers by question, without what is different in every answer."""
    headers = program(rival)
    client, feed = browser(app, rival), feeds.subscribe(rival.viewer, Subscribe(FeedScope.RESOURCE, "chamber"), NOW)
    found = {path: client.get(path).get_data(as_text=True) for path in PAGES}
    found |= {path: client.get(f"/api/v1{path}", headers=headers).get_data(as_text=True) for path in QUESTIONS}
    calendar = client.get(f"/calendar/{feed[1]}.ics")
    found["feed"] = calendar.get_data(as_text=True).replace(feed[0].id, "") + calendar.headers["Last-Modified"]
    for state in ("held", "requested"):
        body = {"test": "t", "resource": "chamber", "starts_at": START.isoformat(), "state": state}
        found[f"program {state}"] = lost(client.post("/api/v1/bookings", json=body, headers=headers))
        form = {"test": "t", "resource": "chamber", "starts_at": "2026-11-09T08:30", "state": state}
        found[f"form {state}"] = lost(client.post("/bookings/new", data=form))
    return {question: same(answer) for question, answer in found.items()}


def lost(answer: TestResponse) -> str:
    assert answer.status_code == 409
    return answer.get_data(as_text=True)


def same(text: str) -> str:
    """Without the tokens of forms: against forgery, and against sending twice."""
    return re.sub(r'(name="(?:csrf_token|key)"[^>]*? value=)"[^"]*"', r"\1", text)


def test_every_way_of_taking_a_bench_looks_the_same(told: Callable[[Take], dict[str, str]]) -> None:
    usual = told(requested)
    assert "占用" in usual[PAGES[0]] and "slot_taken" in usual["program held"]
    for take in TAKEN:
        answers = told(take)
        assert [question for question, text in answers.items() if text != usual[question]] == [], take.__name__


def test_a_place_taken_on_a_shared_bench_is_not_seen(app: Flask) -> None:
    answers = []
    for others in (0, 2):
        with app.app_context(), time_machine.travel(NOW, tick=False):
            try:
                world = World()
                world.bench(places=3)
                rival = world.engineer("乙公司")
                for _ in range(others):
                    world.engineer("甲公司").requests(START)
                client, headers = browser(app, rival), program(rival)
                pages = [same(client.get(path).get_data(as_text=True)) for path in PAGES]
                pages += [client.get(f"/api/v1{path}", headers=headers).get_data(as_text=True) for path in QUESTIONS]
                answers.append(pages)
            finally:
                empty_tables()
    assert answers[0] == answers[1]
