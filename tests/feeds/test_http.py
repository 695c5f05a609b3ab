"""A calendar program asks again and again: what is unchanged costs nothing, what changed comes at once."""

from datetime import timedelta

from tests.statements import statements
from tests.world import World, at


def test_an_unchanged_feed_is_not_sent_again(world: World, subscribe, fetch) -> None:
    world.bench()
    engineer = world.engineer("甲公司")
    engineer.requests(at(5))
    token = subscribe(engineer, "company")
    first = fetch(token)
    assert first.status_code == 200
    assert first.content_type == "text/calendar; charset=utf-8"
    assert "private" in first.headers["Cache-Control"]
    with statements() as asked:
        again = fetch(token, If_None_Match=first.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert not any("test.name_zh" in statement for statement in asked)
    assert fetch(token, If_Modified_Since=first.headers["Last-Modified"]).status_code == 304
    assert fetch(token, If_None_Match='"other"', If_Modified_Since=first.headers["Last-Modified"]).status_code == 200
    assert fetch(token, If_None_Match=f"W/{first.headers['ETag']}").status_code == 304


def test_any_change_makes_a_new_edition(world: World, subscribe, fetch) -> None:
    world.bench()
    engineer, lab = world.engineer("甲公司"), world.lab_admin("lab")
    booking = engineer.requests(at(5))
    token = subscribe(engineer, "company")
    seen = fetch(token)
    # Twice in one second: the date can't tell, the tag does.
    lab.does("confirm", booking)
    changed = fetch(token, If_None_Match=seen.headers["ETag"])
    assert changed.status_code == 200
    world.now += timedelta(minutes=1)
    engineer.does("cancel", booking)
    assert fetch(token, If_None_Match=changed.headers["ETag"]).status_code == 200
    assert fetch(token, If_Modified_Since=changed.headers["Last-Modified"]).status_code == 200


def test_head_says_what_get_would(world: World, subscribe, fetch) -> None:
    world.bench()
    engineer = world.engineer("甲公司")
    engineer.requests(at(5))
    token = subscribe(engineer, "company")
    get, head = fetch(token), fetch(token, method="HEAD")
    assert head.data == b""
    for name in ("ETag", "Last-Modified", "Content-Type", "Content-Length", "Cache-Control"):
        assert head.headers[name] == get.headers[name]


def test_two_fetches_of_one_edition_are_equal_to_the_byte(world: World, subscribe, fetch) -> None:
    world.bench()
    engineer = world.engineer("甲公司")
    engineer.requests(at(5))
    world.engineer("乙公司").requests(at(6))
    for token in (subscribe(engineer, "company"), subscribe(engineer, "resource", "chamber")):
        first, later = fetch(token), fetch(token, world.now + timedelta(hours=3))
        assert first.headers["ETag"] == later.headers["ETag"]
        assert first.data == later.data


def test_a_busy_feed_does_not_tell_when_somebody_acted(world: World, subscribe, fetch) -> None:
    world.bench()
    rival, lab = world.engineer("乙公司"), world.lab_admin("lab")
    world.now += timedelta(minutes=5)
    booking = rival.requests(at(5))
    token = subscribe(world.engineer("甲公司"), "resource", "chamber")
    world.now = at(2, 11, 40)
    seen = fetch(token)
    lab.does("confirm", booking)
    after = fetch(token, If_None_Match=seen.headers["ETag"])
    assert after.status_code == 304
    assert fetch(token, method="HEAD").headers["Last-Modified"] == "Mon, 02 Nov 2026 03:00:00 GMT"


def test_a_busy_feed_changes_when_the_grey_changes(world: World, subscribe, fetch) -> None:
    world.bench()
    rival = world.engineer("乙公司")
    token = subscribe(world.engineer("甲公司"), "resource", "chamber")
    seen = fetch(token)
    booking = rival.holds(at(5))
    taken = fetch(token, If_None_Match=seen.headers["ETag"])
    assert taken.status_code == 200
    # The hold lapses by itself, whether or not the job has run.
    lapsed = fetch(token, booking.hold_expires_at + timedelta(seconds=1))
    assert lapsed.headers["ETag"] == seen.headers["ETag"]


def test_a_fetch_that_follows_another_writes_nothing(world: World, subscribe, fetch) -> None:
    world.bench()
    engineer = world.engineer("甲公司")
    engineer.requests(at(5))
    token = subscribe(engineer, "company")
    fetch(token)
    with statements() as sent:
        fetch(token)
    assert sent and all(statement.lstrip().upper().startswith("SELECT") for statement in sent)
