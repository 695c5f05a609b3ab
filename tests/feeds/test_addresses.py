"""Making, listing and ending calendar addresses, on the page and through the API."""

import threading
from typing import Any

import pytest
import time_machine
from flask import Flask

from app.accounts.models import Scope
from app.database import db
from app.errors import Forbidden, Invalid, NotFound, YujianError
from app.feeds import queries, rules, service
from app.feeds.models import FeedScope, FeedSubscription
from app.feeds.service import Subscribe
from tests.http import browser, program
from tests.world import Person, World, at


def refusal(person: Person, scope: str, target: str | None = None) -> type[YujianError] | None:
    try:
        service.subscribe(person.viewer, Subscribe(FeedScope(scope), target), person.world.now)
    except YujianError as error:
        return type(error)
    return None


def test_who_may_subscribe_to_what(world: World) -> None:
    world.bench()
    world.resource("rig", "other")
    engineer, desk, crew = world.engineer("甲公司"), world.lab_admin("lab"), world.bench_crew("lab")
    rival = world.engineer("乙公司")
    for person in (engineer, desk, crew):
        assert (
            refusal(person, "me")
            is refusal(person, "resource", "chamber")
            is refusal(person, "resource", "rig")
            is None
        )
        assert refusal(person, "resource", "no-such") is NotFound
        assert refusal(person, "resource") is Invalid
        assert refusal(person, "me", "somebody-else") is NotFound
    assert refusal(engineer, "company") is None
    assert refusal(engineer, "company", rival.viewer.organisation_id) is NotFound
    assert refusal(engineer, "lab", "lab") is Forbidden
    assert refusal(desk, "lab", "lab") is refusal(crew, "lab", "lab") is None
    assert refusal(desk, "lab", "other") is NotFound
    assert refusal(desk, "company") is Forbidden
    assert refusal(world.coordinator(), "resource", "chamber") is Forbidden


def test_only_the_digest_of_the_address_is_kept(world: World) -> None:
    engineer = world.engineer("甲公司")
    feed, token = service.subscribe(engineer.viewer, Subscribe(FeedScope.ME), world.now)
    assert len(token) >= 43
    row = db.session.get(FeedSubscription, feed.id)
    assert token not in [str(getattr(row, column.name)) for column in FeedSubscription.__table__.columns]


def test_there_is_an_end_to_addresses(world: World) -> None:
    engineer = world.engineer("甲公司")
    for _ in range(rules.MOST_FEEDS):
        assert refusal(engineer, "me") is None
    assert refusal(engineer, "me") is rules.TooManyFeeds
    service.revoke(engineer.viewer, queries.feeds_of(engineer.viewer)[0].id, world.now)
    assert refusal(engineer, "me") is None


def test_the_page_shows_an_address_once(world: World, clean: Flask, fetch: Any) -> None:
    world.bench()
    engineer = world.engineer("甲公司")
    client = browser(clean, engineer)
    assert "还没有日历地址" in client.get("/feeds/").get_data(as_text=True)
    form = client.get("/feeds/?what=resource:chamber").get_data(as_text=True)
    assert '<option selected value="resource:chamber">' in form
    made = client.post("/feeds/", data={"what": "company", "language": "en"})
    text = made.get_data(as_text=True)
    assert made.status_code == 201
    token = text.split("/calendar/")[1].split(".ics")[0]
    assert f'href="webcal://localhost/calendar/{token}.ics"' in text
    assert fetch(token).status_code == 200
    page = client.get("/feeds/").get_data(as_text=True)
    assert token not in page and "甲公司" in page
    (feed,) = queries.feeds_of(engineer.viewer)
    assert feed.language == "en"
    assert client.post(f"/feeds/{feed.id}/revoke").status_code == 303
    assert fetch(token).status_code == 404


@pytest.mark.parametrize("what", ["", "lab:lab", "company:other", "nonsense", "resource:no-such", "\x00"])
def test_a_tampered_form_is_refused_at_its_field(world: World, clean: Flask, what: str) -> None:
    world.bench()
    client = browser(clean, world.engineer("甲公司"))
    answer = client.post("/feeds/", data={"what": what, "language": "zh"})
    assert answer.status_code == 422
    assert 'class="f err"' in answer.get_data(as_text=True)
    assert db.session.query(FeedSubscription).count() == 0


def test_a_program_makes_lists_and_ends_feeds(world: World, clean: Flask, fetch: Any) -> None:
    world.bench()
    engineer = world.engineer("甲公司")
    client, headers = browser(clean), program(engineer)
    made = client.post("/api/v1/feeds", json={"scope": "resource", "id": "chamber"}, headers=headers)
    assert made.status_code == 201
    token = made.json["url"].split("/calendar/")[1].removesuffix(".ics")
    assert fetch(token).status_code == 200
    client.post("/api/v1/feeds", json={"scope": "me"}, headers=headers | {"Accept-Language": "en"})
    listed = client.get("/api/v1/feeds?limit=1", headers=headers).json
    rest = client.get(f"/api/v1/feeds?cursor={listed['next']}", headers=headers).json
    found = {item["scope"]: item for item in listed["items"] + rest["items"]}
    assert rest["next"] is None
    assert found["resource"]["id"] == made.json["id"] and found["resource"]["url"] is None
    assert found["me"]["language"] == "en"
    other = program(world.engineer("甲公司"))
    assert client.get("/api/v1/feeds", headers=other).json == {"items": [], "next": None}
    assert client.delete(f"/api/v1/feeds/{made.json['id']}", headers=other).status_code == 404
    read_only = program(engineer, Scope.READ)
    assert client.post("/api/v1/feeds", json={"scope": "me"}, headers=read_only).status_code == 403
    assert client.delete(f"/api/v1/feeds/{made.json['id']}", headers=read_only).status_code == 403
    assert client.delete(f"/api/v1/feeds/{made.json['id']}", headers=headers).status_code == 204
    assert client.delete(f"/api/v1/feeds/{made.json['id']}", headers=headers).status_code == 404
    assert fetch(token).status_code == 404
    assert client.get("/api/v1/feeds").status_code == 401


def test_one_booking_as_a_file(world: World, clean: Flask) -> None:
    world.bench()
    engineer = world.engineer("甲公司")
    with time_machine.travel(world.now, tick=False):
        booking = engineer.requests(at(5))
        file = browser(clean, engineer).get(f"/bookings/{booking.id}.ics")
        foreign = browser(clean, world.engineer("乙公司")).get(f"/bookings/{booking.id}.ics")
    assert (file.status_code, foreign.status_code) == (200, 404)
    assert f"UID:{booking.id}@yujian" in file.get_data(as_text=True)
    assert f'filename="{booking.code}.ics"' in file.headers["Content-Disposition"]
    assert browser(clean).get(f"/bookings/{booking.id}.ics").status_code == 303


def test_another_address_takes_the_place_of_the_one_before(world: World, clean: Flask, fetch: Any) -> None:
    engineer = world.engineer("甲公司")
    feed, token = service.subscribe(engineer.viewer, Subscribe(FeedScope.COMPANY), world.now)
    fetch(token)
    stranger = browser(clean, world.engineer("甲公司"))
    assert stranger.post(f"/feeds/{feed.id}/renew", data={"version": 1}).status_code == 404
    client = browser(clean, engineer)
    assert 'name="version" value="1"' in client.get("/feeds/").get_data(as_text=True)
    page = client.post(f"/feeds/{feed.id}/renew", data={"version": 1})
    other = page.get_data(as_text=True).split("/calendar/")[1].split(".ics")[0]
    assert page.status_code == 200 and other != token
    assert (fetch(token).status_code, fetch(other).status_code) == (404, 200)
    service.revoke(engineer.viewer, feed.id, world.now)
    assert client.post(f"/feeds/{feed.id}/renew", data={"version": 2}).status_code == 404


def test_of_two_who_change_one_address_the_second_is_told(world: World, clean: Flask, fetch: Any) -> None:
    engineer = world.engineer("甲公司")
    feed, _token = service.subscribe(engineer.viewer, Subscribe(FeedScope.COMPANY), world.now)
    path, client = f"/feeds/{feed.id}/renew", browser(clean, engineer)
    first = client.post(path, data={"version": 1})
    token = first.get_data(as_text=True).split("/calendar/")[1].split(".ics")[0]
    second = client.post(path, data={"version": 1})
    assert second.status_code == 409
    text = second.get_data(as_text=True)
    assert "这个日历地址刚刚换过" in text and "/calendar/" not in text and 'name="version" value="2"' in text
    assert fetch(token).status_code == 200
    assert client.post(path).status_code == 409
    nonsense = client.post(path, data={"version": "x"})
    assert nonsense.status_code == 422 and "这个页面不完整，请重新打开。" in nonsense.get_data(as_text=True)


def test_at_the_same_moment_only_one_changes_the_address(world: World, app: Flask) -> None:
    engineer = world.engineer("甲公司")
    feed, _token = service.subscribe(engineer.viewer, Subscribe(FeedScope.COMPANY), world.now)
    ident, told = feed.id, []

    def renew() -> None:
        with app.app_context():
            try:
                told.append(type(service.renew(engineer.viewer, ident, world.now, 1)))
            except YujianError as error:
                told.append(type(error))
            db.session.remove()

    db.session.remove()
    threads = [threading.Thread(target=renew) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told, key=str) == sorted([rules.FeedStale, tuple], key=str)
