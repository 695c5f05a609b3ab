"""Calendar feeds as a calendar program fetches them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.contract.conftest import Program
from tests.world import World, at


@pytest.fixture
def engineer(world: World, speaks: Callable[..., Program]) -> Program:
    world.bench()
    person = world.engineer("甲公司")
    person.requests(at(9))
    return speaks(person)


def address(program: Program, **wanted: Any) -> tuple[str, str]:
    """Id and path of a new feed."""
    status, feed = program.send("/feeds", wanted)
    assert status == 201 and feed.keys() >= {"id", "url"}
    return feed["id"], "/calendar/" + feed["url"].partition("/calendar/")[2]


@pytest.mark.parametrize("wanted", [{"scope": "me"}, {"scope": "company"}, {"scope": "resource", "id": "chamber"}])
def test_a_feed_is_fetched_without_signing_in_until_it_is_revoked(engineer: Program, wanted: dict[str, Any]) -> None:
    ident, path = address(engineer, **wanted)
    whole = engineer.call("GET", path, headers={})
    assert whole.status_code == 200 and whole.mimetype == "text/calendar"
    assert whole.data.startswith(b"BEGIN:VCALENDAR\r\n") and whole.data.endswith(b"END:VCALENDAR\r\n")
    assert whole.headers["ETag"] and whole.headers["Last-Modified"] and "private" in whole.headers["Cache-Control"]
    head = engineer.call("HEAD", path, headers={})
    assert head.status_code == 200 and head.data == b""
    assert [head.headers[name] for name in ("ETag", "Last-Modified", "Content-Type")] == [
        whole.headers[name] for name in ("ETag", "Last-Modified", "Content-Type")
    ]
    for asked in ({"If-None-Match": whole.headers["ETag"]}, {"If-Modified-Since": whole.headers["Last-Modified"]}):
        again = engineer.call("GET", path, headers=asked)
        assert (again.status_code, again.data) == (304, b"") and again.headers["ETag"] == whole.headers["ETag"]
    assert [feed["id"] for feed in engineer.ask("/feeds")[1]["items"]] == [ident]
    assert engineer.call("DELETE", f"/feeds/{ident}").status_code == 204
    assert engineer.call("GET", path, headers={}).status_code == 404
    assert engineer.ask("/feeds")[1] == {"items": [], "next": None}


def test_a_change_is_a_new_edition(world: World, engineer: Program) -> None:
    _, path = address(engineer, scope="company")
    before = engineer.call("GET", path, headers={})
    world.now += timedelta(minutes=1)
    body = {"test": "t", "resource": "chamber", "starts_at": at(10).isoformat(), "state": "requested"}
    assert engineer.send("/bookings", body)[0] == 201
    after = engineer.call("GET", path, headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200 and after.headers["ETag"] != before.headers["ETag"]
    assert after.data.count(b"BEGIN:VEVENT") == before.data.count(b"BEGIN:VEVENT") + 1


def test_a_lab_has_a_feed_of_its_own(world: World, engineer: Program, speaks: Callable[..., Program]) -> None:
    desk = speaks(world.lab_admin("lab"))
    _, path = address(desk, scope="lab", id="lab")
    assert engineer.call("GET", path, headers={}).data.count(b"BEGIN:VEVENT") == 1
    for wanted, status in (({"scope": "lab", "id": "lab"}, 403), ({"scope": "resource"}, 422), ({"scope": "x"}, 422)):
        assert engineer.send("/feeds", wanted)[0] == status
    assert engineer.send("/feeds", {"scope": "resource", "id": "none"})[0] == 404
