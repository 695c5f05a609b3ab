"""Whether a calendar still follows: who fetched its address last, and when."""

from datetime import timedelta

import pytest

from app.feeds import queries, service
from app.feeds.programs import program
from tests.http import browser
from tests.http import program as token_of
from tests.statements import statements
from tests.world import World

OUTLOOK = "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17928; Pro)"
THUNDERBIRD = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.5.0"


def last_fetch(person):
    (feed,) = queries.feeds_of(person.viewer)
    return feed.fetched_at, feed.fetched_by


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (OUTLOOK, "Outlook"),
        (THUNDERBIRD, "Thunderbird"),
        ("Google-Calendar-Importer", "Google"),
        ("iOS/18.1 (22B83) dataaccessd/1.0", "Apple"),
        ("macOS/15.1 (24B83) CalendarAgent/1151", "Apple"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36", None),
        ("", None),
    ],
)
def test_programs_are_known_by_what_they_say(user_agent: str, name: str | None) -> None:
    assert program(user_agent) == name


def test_the_last_fetch_is_noted_for_whose_address_it_is(world: World, clean, subscribe, fetch) -> None:
    engineer = world.engineer("甲公司")
    token = subscribe(engineer, "company")
    assert last_fetch(engineer) == (None, None)
    assert "还没有程序读取" in browser(clean, engineer).get("/feeds/").get_data(as_text=True)
    fetch(token, User_Agent=OUTLOOK)
    assert last_fetch(engineer) == (world.now, "Outlook")
    assert "Outlook</span>" in browser(clean, engineer).get("/feeds/").get_data(as_text=True)
    (item,) = browser(clean).get("/api/v1/feeds", headers=token_of(engineer)).json["items"]
    assert item["fetched_by"] == "Outlook" and item["fetched_at"].endswith("+08:00")


def test_reading_writes_once_an_hour_at_most(world: World, subscribe, fetch) -> None:
    engineer, begun = world.engineer("甲公司"), world.now
    token = subscribe(engineer, "me")
    etag = fetch(token, User_Agent=OUTLOOK).headers["ETag"]
    world.now = begun + timedelta(minutes=59)
    with statements() as asked:
        assert fetch(token, User_Agent=OUTLOOK, If_None_Match=etag).status_code == 304
    assert not any(statement.startswith("UPDATE") for statement in asked)
    assert last_fetch(engineer) == (begun, "Outlook")
    assert fetch(token, User_Agent=THUNDERBIRD, If_None_Match=etag).status_code == 304
    assert last_fetch(engineer) == (world.now, "Thunderbird")
    world.now += timedelta(hours=1)
    fetch(token, method="HEAD", User_Agent=THUNDERBIRD)
    assert last_fetch(engineer) == (world.now, "Thunderbird")


def test_who_read_the_address_before_is_not_told_of_the_next(world: World, subscribe, fetch) -> None:
    engineer = world.engineer("甲公司")
    fetch(subscribe(engineer, "me"), User_Agent=OUTLOOK)
    (feed,) = queries.feeds_of(engineer.viewer)
    service.renew(engineer.viewer, feed.id, world.now, 1)
    assert last_fetch(engineer) == (None, None)
