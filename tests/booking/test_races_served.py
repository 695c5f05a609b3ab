"""Many at once over HTTP, each in a thread of its own: what is told holds, and no limit is passed by being quick."""

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest
import time_machine
from flask import Flask
from sqlalchemy import text
from werkzeug.serving import make_server

from app.accounts.models import Membership, Role, SignInFailure
from app.accounts.rules import TOKENS_PER_USER
from app.booking.models import Booking, Closure, Occupancy
from app.booking.rules import State
from app.booking.waiting import MOST_ENTRIES
from app.database import db
from app.events import log
from app.feeds.rules import MOST_FEEDS
from app.labs import rules as kinds
from tests.booking.test_races import overlaps
from tests.http import browser, program
from tests.waiting import until_one_waits
from tests.world import Person, World, at

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Answer(NamedTuple):
    """Status of an answer, and its document where it is one."""

    status: int
    body: Any

    @property
    def told(self) -> str:
        return self.body["state"] if self.status < 300 else self.body["code"]


class Site:
    """The application behind a port."""

    def __init__(self, app: Flask, world: World) -> None:
        self.app, self.world = app, world
        self.server = make_server("127.0.0.1", 0, app, threaded=True)

    def send(self, path: str, body: str, headers: Mapping[str, str]) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.server_port, timeout=60)
        try:
            connection.request("POST", path, body, dict(headers))
            answer = connection.getresponse()
            sent = answer.read()
            return Answer(answer.status, json.loads(sent) if "json" in answer.headers["Content-Type"] else None)
        finally:
            connection.close()

    def at_once(self, *asked: Callable[[], Answer]) -> list[Answer]:
        """The answers to what is asked at the same moment, in its order."""
        db.session.remove()
        barrier, answers = threading.Barrier(len(asked)), dict[int, Answer]()

        def ask(number: int, question: Callable[[], Answer]) -> None:
            barrier.wait()
            answers[number] = question()

        threads = [threading.Thread(target=ask, args=pair) for pair in enumerate(asked)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return [answers[number] for number in range(len(asked))]


class Caller:
    """A program of a person; each of its calls waits until it is made."""

    def __init__(self, site: Site, person: Person) -> None:
        self.site, self.headers = site, program(person) | {"Content-Type": "application/json"}

    def books(self, resource: str, start: Any, state: str = "requested", **headers: str) -> Callable[[], Answer]:
        wanted = {"test": "t", "resource": resource, "starts_at": start.isoformat(), "state": state}
        return self.calls("/bookings", wanted, headers)

    def does(self, step: str, booking: Booking, **more: Any) -> Callable[[], Answer]:
        return self.calls(f"/bookings/{booking.id}/{step}", {"version": booking.version} | more)

    def calls(self, path: str, body: Any, headers: Mapping[str, str] | None = None) -> Callable[[], Answer]:
        sent = self.headers | dict(headers or {})
        return lambda: self.site.send(f"/api/v1{path}", json.dumps(body), sent)


def signed_in(site: Site, person: Person) -> dict[str, str]:
    """The cookie of a person's browser."""
    name = site.app.config["SESSION_COOKIE_NAME"]
    cookie = browser(site.app, person).get_cookie(name)
    assert cookie is not None
    return {"Cookie": f"{name}={cookie.value}"}


@pytest.fixture
def site(clean: Flask, world: World) -> Iterator[Site]:
    site = Site(clean, world)
    thread = threading.Thread(target=site.server.serve_forever, args=(0.01,))
    with time_machine.travel(world.now):
        thread.start()
        yield site
        site.server.shutdown()
        thread.join()
        site.server.server_close()


@pytest.fixture
def rigs(world: World) -> list[str]:
    """A pool of eight benches."""
    names = [f"rig-{unit}" for unit in range(8)]
    for name in names:
        world.resource(name, pool="rig")
    world.test(on="rig")
    return names


def test_a_company_is_not_quicker_than_its_share_of_a_week(site: Site, world: World, rigs: list[str]) -> None:
    world.rule(kinds.WEEKLY_HOURS, 8, pool="rig")
    company = Caller(site, world.engineer("甲公司"))
    for week in (9, 16, 23):
        answers = site.at_once(*(company.books(name, at(week)) for name in rigs))
        assert Counter(answer.told for answer in answers) == {"requested": 2, "wrong_state": 6}


def test_holds_count_for_the_share_at_once(site: Site, world: World, rigs: list[str]) -> None:
    world.rule(kinds.WEEKLY_HOURS, 4, pool="rig")
    people = [Caller(site, world.engineer("甲公司")) for _ in range(2)]
    for week in (9, 16, 23):
        answers = site.at_once(*(each.books(name, at(week), "held") for each, name in zip(people, rigs, strict=False)))
        assert sorted(answer.told for answer in answers) == ["held", "wrong_state"]


def test_no_more_holds_than_a_company_may_have(site: Site, world: World, rigs: list[str]) -> None:
    company, other = Caller(site, world.engineer("甲公司")), Caller(site, world.engineer("乙公司"))
    theirs = other.books(rigs[0], at(10), "held")
    answers = site.at_once(theirs, *(company.books(name, at(9), "held") for name in rigs))
    assert [answer.told for answer in answers].count("held") == 1 + 5


def test_no_more_open_requests_than_the_lab_allows(site: Site, world: World, rigs: list[str]) -> None:
    world.rule(kinds.OPEN_REQUESTS, 2)
    engineer = world.engineer("甲公司")
    company = Caller(site, engineer)
    holds = [engineer.holds(at(9), name) for name in rigs[:4]]
    asked = [company.does("request", hold) for hold in holds]
    answers = site.at_once(*asked, *(company.books(name, at(9)) for name in rigs[4:]))
    assert Counter(answer.told for answer in answers) == {"requested": 2, "wrong_state": 6}


def test_a_move_and_a_booking_of_the_same_time(site: Site, world: World) -> None:
    world.bench()
    mover = world.engineer("甲公司")
    moving, rival = Caller(site, mover), Caller(site, world.engineer("乙公司"))
    for day in (9, 16, 23):
        booking = mover.requests(at(day))
        move = moving.does("move", booking, starts_at=at(day + 1).isoformat())
        moved, booked = site.at_once(move, rival.books("chamber", at(day + 1)))
        assert sorted((moved.told, booked.told)) == ["requested", "slot_taken"]
        kept = db.session.get_one(Booking, booking.id).starts_at
        assert kept == (at(day + 1) if moved.status == 200 else at(day))
    assert overlaps() == 0
    assert db.session.query(Occupancy).count() == db.session.query(Booking).count()


def test_a_closure_and_a_booking_of_the_same_time(site: Site, world: World) -> None:
    world.bench()
    desk, company = world.lab_admin("lab"), Caller(site, world.engineer("甲公司"))
    headers = FORM | signed_in(site, desk)
    for day in (9, 16, 23):
        span = {"starts_at": f"2026-11-{day:02} 00:00", "ends_at": f"2026-11-{day + 1:02} 00:00"}
        form = {"resources": "chamber", "kind": "maintenance", "recurrence": "once", "do": "save"} | span
        closed, booked = site.at_once(
            lambda form=form: site.send("/capacity/lab/closures/new", urlencode(form), headers),
            company.books("chamber", at(day)),
        )
        assert closed.status == 303 and booked.told in ("requested", "slot_taken")
    # What was acknowledged keeps its time, and the closure the rest.
    for booking in db.session.query(Booking):
        taken = db.session.query(Occupancy).filter_by(booking_id=booking.id).one()
        assert (taken.starts_at, taken.ends_at) == (booking.starts_at, booking.ends_at)
    assert db.session.query(Closure).count() == 3 and overlaps() == 0


def test_what_the_sample_is_and_the_confirmation_at_once(site: Site, world: World) -> None:
    world.bench()
    engineer = world.engineer("甲公司")
    company, desk = Caller(site, engineer), Caller(site, world.lab_admin("lab"))
    for day in (9, 10, 11):
        booking = engineer.requests(at(day))
        before = booking.version
        answers = site.at_once(
            company.does("describe", booking, sample="BP-12", note=""), desk.does("confirm", booking)
        )
        assert sorted(answer.status for answer in answers) == [200, 409]
        described, confirmed = (answer.status == 200 for answer in answers)
        seen = db.session.get_one(Booking, booking.id)
        assert seen.version == before + 1
        assert (seen.sample == "BP-12", seen.state is State.CONFIRMED) == (described, confirmed)


@pytest.mark.parametrize(
    ("path", "wanted", "most", "refused"),
    [
        ("/feeds", {"scope": "me"}, MOST_FEEDS, ("wrong_state", 409)),
        (
            "/waitlist",
            {"test": "t", "earliest": at(9).isoformat(), "latest": at(10).isoformat()},
            MOST_ENTRIES,
            ("invalid", 422),
        ),
    ],
)
def test_no_more_than_the_limit_of_anything(
    site: Site, world: World, path: str, wanted: Any, most: int, refused: tuple[str, int]
) -> None:
    world.bench()
    company = Caller(site, world.engineer("甲公司"))
    asked = company.calls(path, wanted)
    for _ in range(most - 1):
        assert asked().status == 201
    answers = site.at_once(*[asked] * 6)
    kept = [answer for answer in answers if answer.status == 201]
    assert len(kept) == 1
    assert {(each.body["code"], each.status) for each in answers if each not in kept} == {refused}


def test_no_more_tokens_than_a_user_may_have(site: Site, world: World) -> None:
    engineer = world.engineer("甲公司")
    headers = FORM | signed_in(site, engineer)
    makes = partial(site.send, "/accounts/tokens", "name=MES&scope=read", headers)
    for _ in range(TOKENS_PER_USER - 1):
        assert makes().status == 201
    assert sorted(answer.status for answer in site.at_once(*[makes] * 6)) == [201, *[409] * 5]


def test_the_two_last_managers_do_not_end_each_other(site: Site, world: World) -> None:
    world.bench()
    first, second = world.lab_admin("lab"), world.lab_admin("lab")
    ends = [
        partial(site.send, f"/accounts/members/{other.viewer.membership_id}/end", "", FORM | signed_in(site, one))
        for one, other in ((first, second), (second, first))
    ]
    site.at_once(*ends)
    assert [seat.ended_at is None for seat in db.session.query(Membership).filter_by(role=Role.LAB_ADMIN)].count(
        True
    ) == 1


def test_guesses_at_once_are_counted_like_guesses_in_turn(site: Site, world: World) -> None:
    most = site.app.config["SIGN_IN_ATTEMPTS"]
    guess = partial(site.send, "/accounts/sign-in", "email=nobody@test.example&password=wrong", FORM)
    answers = site.at_once(*[guess] * (most + 4))
    assert Counter(answer.status for answer in answers)[429] >= 4
    assert db.session.query(SignInFailure).count() == most


@pytest.mark.pg
def test_who_waits_in_a_circle_begins_anew_and_does_it_once(site: Site, world: World) -> None:
    """Somebody has the bench that a move wants, and wants the booking that moves."""
    world.bench()
    engineer = world.engineer("甲公司")
    booking = engineer.requests(at(9))
    move = Caller(site, engineer).does("move", booking, starts_at=at(10).isoformat())
    told: list[Answer] = []
    db.session.remove()
    mover = threading.Thread(target=lambda: told.append(move()))
    with db.engine.connect() as other:
        other.execute(text("SELECT 1 FROM resource FOR UPDATE"))
        mover.start()
        until_one_waits(other)
        # A while later, so that it is the mover who finds out.
        time.sleep(0.1)
        other.execute(text("SELECT 1 FROM booking FOR UPDATE"))
        other.rollback()
    mover.join()
    assert [(each.status, each.told) for each in told] == [(200, "requested")]
    assert [event.kind for event in log.history(booking.id)] == ["booking.requested", "booking.moved"]
    assert db.session.query(Occupancy).one().starts_at == at(10)


@pytest.mark.parametrize("resource", ["rig", "rig-0"])
def test_a_call_that_is_repeated_before_it_is_answered_books_once(
    site: Site, world: World, rigs: list[str], resource: str
) -> None:
    """Also where the first of them took the only bench that was asked for."""
    company = Caller(site, world.engineer("甲公司"))
    again = [company.books(resource, at(9), **{"Idempotency-Key": "k"}) for _ in range(6)]
    answers = site.at_once(*again)
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body["id"] for answer in answers}) == 1 == db.session.query(Booking).count()


@pytest.mark.parametrize("places", [1, 8])
def test_a_form_of_a_series_that_is_sent_several_times_at_once_books_one(site: Site, world: World, places: int) -> None:
    world.bench(places=places)
    engineer = world.engineer("甲公司")
    form = {"test": "t", "resource": "chamber", "starts_at": "2026-11-10T08:30", "rhythm": "weekly", "every": "1"}
    form |= {"times": "4", "on_conflict": "move", "key": "k", "do": "save"}
    headers = FORM | signed_in(site, engineer)
    answers = site.at_once(*[lambda: site.send("/bookings/series/new", urlencode(form), headers)] * 6)
    assert {answer.status for answer in answers} == {303}
    assert db.session.query(Booking).count() == 4


@pytest.mark.parametrize("colleagues", [True, False])
def test_who_leaves_is_handed_over_to_one_colleague(site: Site, world: World, colleagues: bool) -> None:
    """Two managers see to it at the same moment."""
    world.bench()
    leaving = world.engineer("甲公司")
    company = leaving.viewer.organisation_id or ""
    if colleagues:
        leaving.requests(at(9))
    takers = [world.engineer("甲公司") for _ in range(2)]
    managers = [world.member(company, Role.COMPANY_MANAGER) for _ in range(2)]
    seat = leaving.viewer.membership_id or ""
    site.at_once(
        *(
            partial(site.send, f"/accounts/members/{seat}/end", f"to={taker.viewer.membership_id}", headers)
            for taker, headers in zip(takers, [FORM | signed_in(site, each) for each in managers], strict=True)
        )
    )
    kinds = [event.kind for event in log.history(seat)]
    assert kinds == [*["membership.handed_over"] * colleagues, "membership.ended"]
