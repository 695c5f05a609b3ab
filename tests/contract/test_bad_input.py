"""Whatever a program or a form sends, it is told what is wrong at which field, nothing breaks, nothing is stored."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.booking.models import Booking
from app.database import db
from tests.contract.conftest import Program
from tests.http import browser
from tests.privacy.crawling import asked
from tests.world import Person, World, at

Speaks = Callable[..., Program]
LONG = "长" * 10_000
NUL = "前\x00后"
GOOD: dict[str, Any] = {"test": "t", "resource": "chamber", "starts_at": at(9).isoformat(), "state": "requested"}
WRONG_TYPES: tuple[Any, ...] = (None, True, 5, 1.5, [], ["t"], {}, {"id": "t"})
NO_TIMES = (
    *("2026-11-09T08:30:00", "2026-11-09", "2026-13-09T08:30:00+08:00", "2026-11-31T08:30:00+08:00"),
    *("2026-11-09T25:30:00+08:00", "0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59Z"),
    *("1794187800", "明天", "", NUL, 1794187800, -1e300, *WRONG_TYPES),
)
NO_OBJECTS = (
    *(b"", b"{", b"[]", b'"text"', b"null", b"5", b"\x00", b"test=t&resource=chamber"),
    *(b'{"test": \xff\xfe}', b'{"test": "\xc3\x28"}', b"[" * 100_000, b'{"a":' * 100_000),
    # Half of a character, which no database keeps, in each way in which JSON is written.
    *(json.dumps(GOOD | {"\ud800": "\ud800"}).encode(each) for each in ("utf-8", "utf-16-le", "utf-32-be")),
)
# Values in addresses that nothing is called by.
STRANGE = (
    "0001-01-01",
    "9999-12-31",
    "2026-W53",
    "%00",
    "%FF",
    "9" * 400,
    "-1",
    "[]",
    "%ED%A0%80",
    "2026-02-30",
    "' OR 1=1",
    "%",
)


@pytest.fixture
def person(world: World) -> Person:
    world.bench()
    return world.engineer("甲公司")


@pytest.fixture
def engineer(person: Person, speaks: Speaks) -> Program:
    return speaks(person)


def problem(program: Program, method: str, path: str, **more: Any) -> dict[str, Any]:
    """The problem document of a refused request."""
    answer = program.call(method, path, **more)
    assert 400 <= answer.status_code < 500, answer.get_data(as_text=True)
    assert answer.mimetype == "application/problem+json"
    found: dict[str, Any] = answer.get_json()
    assert found["status"] == answer.status_code and found["detail"] and found["title"]
    return found


def refused_fields(program: Program, body: dict[str, Any], path: str = "/bookings") -> list[str]:
    """The fields at which a body is found wrong."""
    found = problem(program, "POST", path, json=body)
    assert (found["status"], found["code"]) == (422, "invalid")
    return [error["field"] for error in found["errors"]]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("note", (LONG, NUL, *WRONG_TYPES)),
        ("sample", (LONG, NUL, *WRONG_TYPES)),
        ("test", (LONG, "", NUL, *WRONG_TYPES)),
        ("resource", (LONG, "", NUL, *WRONG_TYPES)),
        ("state", ("confirmed", "", "HELD", *WRONG_TYPES)),
        ("starts_at", NO_TIMES),
    ],
)
def test_a_field_is_told_to_be_wrong(engineer: Program, field: str, values: tuple[Any, ...]) -> None:
    for value in values:
        assert refused_fields(engineer, GOOD | {field: value}) == [field], value
    assert db.session.query(Booking).count() == 0


def test_ids_of_nothing(engineer: Program) -> None:
    assert problem(engineer, "POST", "/bookings", json=GOOD | {"resource": "none"})["code"] == "not_found"
    assert problem(engineer, "POST", "/bookings", json=GOOD | {"test": "none"})["code"] == "not_capable"


def test_versions(engineer: Program) -> None:
    booking = engineer.send("/bookings", GOOD)[1]
    path = f"/bookings/{booking['id']}"
    for value in ("1", 0, -1, 1.5, 10**30, 1e300, True, None, [1]):
        assert refused_fields(engineer, {"version": value}, f"{path}/cancel") == ["version"], value
    assert engineer.ask(path)[1] == booking


@pytest.mark.parametrize("path", ["/bookings", "/bookings/aaaaaaaaaaaaaaaa/cancel", "/feeds"])
def test_bodies_that_are_no_object(engineer: Program, path: str) -> None:
    for body in NO_OBJECTS:
        for kind in ("application/json", "application/x-www-form-urlencoded"):
            found = problem(engineer, "POST", path, data=body, headers=engineer.headers | {"Content-Type": kind})
            assert found["status"] in (400, 415, 422), body[:40]


def test_a_body_that_is_too_large(engineer: Program) -> None:
    assert problem(engineer, "POST", "/bookings", json=GOOD | {"note": "x" * 3_000_000})["status"] == 413


def test_a_number_too_long_to_read(engineer: Program) -> None:
    body = json.dumps(GOOD)[:-1] + ', "version": ' + "9" * 10_000 + "}"
    answer = engineer.call("POST", "/bookings", data=body, content_type="application/json")
    assert answer.status_code in (201, 400, 422)


def test_keys_of_retries(engineer: Program) -> None:
    for key, status in (("", 422), ("k" * 201, 422), ("前后", 201)):
        headers = engineer.headers | {"Idempotency-Key": key}
        assert engineer.call("POST", "/bookings", json=GOOD, headers=headers).status_code == status, key


def test_addresses_of_nothing(engineer: Program) -> None:
    for path in ("/bookings/{}", "/orders/{}", "/resources/{}", "/tests/{}", "/labs/{}"):
        for ident in ("%00", "a" * 16, "%F0%9F%9A%97", "%FF", "..", "a%2Fb", "%27%20OR%201=1", "x" * 300):
            assert problem(engineer, "GET", path.format(ident))["code"] in ("not_found", "invalid"), ident


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/bookings", ("from", "to", "state", "lab", "limit", "cursor")),
        ("/events", ("after", "limit")),
        ("/labs", ("domain", "q", "cursor", "limit")),
        ("/tests", ("domain", "lab", "q", "cursor", "limit")),
        ("/resources", ("lab", "kind", "test", "cursor", "limit")),
        ("/offers?test=t", ("earliest", "latest", "lab", "limit", "test")),
        ("/orders", ("group", "cursor", "limit")),
        ("/feeds", ("cursor", "limit")),
        ("/turnaround", ("from", "to", "group_by", "lab", "domain", "test")),
        (
            "/turnaround/lines",
            ("from", "to", "lab", "of", "month", "quarter", "over", "cause", "fault", "sort", "cursor"),
        ),
        ("/turnaround/trend", ("from", "to", "grain", "lab", "domain", "test")),
        ("/turnaround/reasons", ("from", "to", "against", "lab")),
        ("/turnaround/time-to-report", ("from", "to", "test")),
        ("/turnaround/quality", ("from", "to", "domain")),
        ("/resources/chamber/availability?from=2026-11-09&to=2026-11-10", ("from", "to")),
    ],
)
def test_arguments(engineer: Program, path: str, names: tuple[str, ...]) -> None:
    for name in names:
        for value in STRANGE:
            answer = engineer.call("GET", f"{path}{'&' if '?' in path else '?'}{name}={value}")
            assert answer.status_code in (200, 404, 422), f"{name}={value}: {answer.get_data(as_text=True)}"


def test_an_argument_that_nobody_knows_is_refused_wherever_a_list_is_narrowed(engineer: Program) -> None:
    document = browser(engineer.app).get("/openapi/openapi.json").get_json()
    narrowed = [
        path.removeprefix("/api/v1").replace("{resource_id}", "chamber")
        for path, operations in document["paths"].items()
        if any(argument["in"] == "query" for argument in operations.get("get", {}).get("parameters", ()))
    ]
    assert len(narrowed) > 15
    for path in narrowed:
        found = problem(engineer, "GET", f"{path}?compnay=x")
        assert (found["status"], found["code"]) == (422, "invalid")
        assert {"field": "compnay", "message": "没有这个字段。"} in found["errors"], path


@pytest.mark.parametrize(
    "path",
    [
        "/labs",
        "/tests",
        "/resources",
        "/bookings",
        "/orders",
        "/waitlist",
        "/feeds",
        "/turnaround",
        "/offers?test=t",
        "/events",
    ],
)
def test_every_list_of_the_contract_takes_a_limit_and_an_empty_cursor(engineer: Program, path: str) -> None:
    sign = "&" if "?" in path else "?"
    assert engineer.call("GET", f"{path}{sign}limit=5&cursor=").status_code == 200


def test_pages_take_any_argument(clean: Flask, person: Person) -> None:
    """What a page can't read it leaves out or refuses; it never breaks."""
    engineer, desk, visitor = browser(clean, person), browser(clean, person.world.lab_admin("lab")), browser(clean)
    for path, questions in asked().items():
        names = {part.partition("=")[0] for question in questions for part in question.split("&")}
        client = desk if path == "/inbox" else visitor if path == "/search" else engineer
        for name in sorted(names | {"from", "day", "days", "after", "page"}):
            for value in STRANGE[:6]:
                assert client.get(f"{path}?{name}={value}").status_code < 500, f"{path}?{name}={value}"
    assert visitor.get("/search?q=2026-02-30").status_code == 200


def test_pages_of_nothing(clean: Flask, person: Person) -> None:
    client = browser(clean, person)
    rows = ("bookings", "orders", "labs", "resources", "tests", "methods", "turnaround/reports", "accounts/join")
    for ident in ("%00", "%FF", "x" * 300, "%ED%A0%80", "a%00b"):
        for path in (*(f"/{row}/{ident}" for row in rows), f"/calendar/{ident}.ics", f"/resources/{ident}/day-sheet"):
            assert client.get(path).status_code == 404, path


FORMS = {
    "/bookings/new": ("test", "resource", "starts_at", "sample", "note", "state", "key", "choice"),
    "/bookings/{}/move": ("version", "resource", "starts_at", "reason", "choice"),
    "/bookings/{}/cancel": ("version", "reason", "back"),
    "/bookings/{}/report": ("version", "number", "issued_on"),
    "/inbox": ("chosen", "only", "list"),
    "/feeds/": ("what", "language"),
    "/accounts/sign-in": ("email", "password"),
    "/accounts/register": ("name_zh", "short_zh", "name_en", "credit_code", "province", "city", "name", "email"),
    "/accounts/password": ("current", "password"),
    "/accounts/tokens": ("name", "scope"),
    "/accounts/members": ("email", "role", "lab_ids"),
}
FILLED = {
    "test": "t",
    "resource": "chamber",
    "starts_at": "2026-11-10T08:30",
    "state": "held",
    "key": "k",
    "version": "1",
    "reason": "原因",
    "number": "JC-1",
    "issued_on": "2026-11-02",
    "what": "me",
    "language": "zh",
    "email": "a@mail.example",
    "password": "correct horse battery",
    "current": "correct horse battery",
    "name_zh": "企业",
    "credit_code": "91510100MA00000007",
    "province": "四川省",
    "city": "成都市",
    "name": "王工",
    "scope": "read",
    "role": "engineer",
}


@pytest.mark.parametrize("path", FORMS)
def test_forms_take_any_text(clean: Flask, person: Person, path: str) -> None:
    """A field that can't be read is refused on its page; nothing breaks."""
    booking, desk = person.requests(at(9)), person.world.lab_admin("lab")
    visits = path in ("/accounts/sign-in", "/accounts/register")
    clients = [browser(clean)] if visits else [browser(clean, person), browser(clean, desk)]
    filled = {name: FILLED[name] for name in FORMS[path] if name in FILLED}
    for client in clients:
        assert client.post(path.format(booking.id), data={"csrf_token": ""}).status_code < 500
    for name in FORMS[path]:
        for value in (NUL, LONG, "9" * 400, "2026-02-30T99:99"):
            for client in clients:
                answer = client.post(path.format(booking.id), data=filled | {name: value})
                assert answer.status_code < 500, (name, value)
