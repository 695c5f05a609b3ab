"""What people and programs are told when something can't be done."""

import sqlite3

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError, OperationalError

from app.booking.rules import SlotTaken
from app.errors import Forbidden, Invalid, NotFound
from tests.http import browser, program
from tests.world import at

PROBLEM = {"type", "title", "status", "detail", "code"}


@pytest.fixture
def failing(served: Flask) -> Flask:
    """Addresses that end in a given way, as page and as API."""

    def end(what: str) -> str:
        raise {
            "missing": NotFound(),
            "forbidden": Forbidden(),
            "invalid": Invalid("原因", field="name"),
            "taken": SlotTaken(),
            "locked": OperationalError("SELECT 1", {}, sqlite3.OperationalError("database is locked")),
            "clash": IntegrityError("INSERT", {}, sqlite3.IntegrityError("UNIQUE constraint failed: user.email")),
            "broken": ZeroDivisionError("the secret of the house"),
        }[what]

    served.add_url_rule("/fails/<what>", "fails", end)
    served.add_url_rule("/api/v1/fails/<what>", "api_fails", end)
    return served


def ask(app: Flask, path: str, language: str = "zh", **headers):
    return browser(app).get(path, headers={"Accept-Language": language, **headers})


@pytest.mark.parametrize(
    ("what", "status", "said"),
    [
        ("missing", 404, "没有这个地址，或者它不属于您。"),
        ("forbidden", 403, "您的角色不能做这件事。"),
        ("invalid", 422, "原因"),
        ("taken", 409, "该时段已不可约。"),
        ("clash", 409, "刚刚有人提交了同样的内容"),
        ("locked", 503, "数据库现在忙或不可用"),
        ("broken", 500, "服务器出错，已经记下。"),
    ],
)
def test_pages_say_what_happened_and_give_a_number(failing, what, status, said):
    answer = ask(failing, f"/fails/{what}")
    assert answer.status_code == status
    assert said in answer.text and answer.headers["X-Request-Id"] in answer.text
    assert answer.mimetype == "text/html"
    assert "secret" not in answer.text and "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("what", "status", "code"),
    [
        ("missing", 404, "not_found"),
        ("forbidden", 403, "forbidden"),
        ("invalid", 422, "invalid"),
        ("taken", 409, "slot_taken"),
        ("clash", 409, "stale"),
        ("locked", 503, "unavailable"),
        ("broken", 500, "internal"),
    ],
)
def test_programs_get_a_problem_document(failing, what, status, code):
    answer = ask(failing, f"/api/v1/fails/{what}")
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert set(answer.json) >= PROBLEM
    assert (answer.json["status"], answer.json["code"]) == (status, code)
    assert "secret" not in answer.text


def test_a_busy_database_asks_to_come_back(failing):
    for path in ("/fails/locked", "/api/v1/fails/locked"):
        assert ask(failing, path).headers["Retry-After"] == "5"


def test_a_field_is_named(failing):
    assert ask(failing, "/api/v1/fails/invalid").json["errors"] == [{"field": "name", "message": "原因"}]


@pytest.mark.parametrize("path", ["/nowhere", "/bookings/nowhere/", "/accounts/join/nowhere"])
def test_a_missing_page_is_404(served, clean, path):
    assert ask(served, path).status_code == 404


@pytest.mark.parametrize(
    ("path", "above"),
    [
        ("/bookings/x/cancel", "/bookings/x"),
        ("/bookings/x/run/finish", "/bookings/x/run"),
        ("/orders/x/amendments/1/accept", "/orders/x"),
        ("/admin/jobs/x/run", "/admin/jobs"),
    ],
)
def test_a_step_opened_by_its_bare_address_leads_to_the_page_it_stands_on(clean, path, above):
    answer = ask(clean, path)
    assert (answer.status_code, answer.location) == (303, above)
    assert browser(clean).open(path, method="PUT").status_code == 405


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/nowhere", 404, "not_found"),
        ("DELETE", "/api/v1/bookings", 405, "invalid"),
        ("GET", "/api/v1/bookings", 401, "unauthenticated"),
    ],
)
def test_what_the_framework_refuses_is_a_problem_document_too(served, clean, method, path, status, code):
    answer = browser(served).open(path, method=method)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert answer.json["code"] == code
    assert bool(answer.headers.get("Allow")) == (status == 405)


def test_a_request_that_is_too_large_is_refused(world, served):
    headers = program(world.engineer("甲公司"))
    answer = browser(served).post(
        "/api/v1/bookings", data=b"x" * (3 << 20), headers=headers, content_type="application/json"
    )
    assert (answer.status_code, answer.json["code"]) == (413, "invalid")


@pytest.mark.parametrize(
    ("body", "field", "zh"),
    [
        ({}, "test", "必须填写。"),
        ({"test": 5, "resource": "chamber", "starts_at": at(4).isoformat(), "state": "held"}, "test", "须为文字。"),
        ({"test": "t", "resource": "chamber", "starts_at": "soon", "state": "held"}, "starts_at", "请填带时区的时间"),
        ({"test": "t", "resource": "chamber", "starts_at": at(4).isoformat(), "state": "won"}, "state", "只能是"),
        (
            {"test": "t" * 65, "resource": "c", "starts_at": at(4).isoformat(), "state": "held"},
            "test",
            "最多 64 个字符。",
        ),
        ([], "body", "请求正文须为 JSON 对象。"),
    ],
)
def test_a_request_off_its_schema_names_field_and_fault(world, served, body, field, zh):
    headers = program(world.engineer("甲公司")) | {"Accept-Language": "zh"}
    answer = browser(served).post("/api/v1/bookings", json=body, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (422, "invalid")
    assert answer.mimetype == "application/problem+json"
    messages = {error["field"]: error["message"] for error in answer.json["errors"]}
    assert zh in messages[field]


def test_the_document_of_the_api_describes_refusals(served, clean):
    document = browser(served).get("/openapi/openapi.json").json
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert "application/problem+json" in operation["responses"]["4XX"]["content"], path
            assert "422" not in operation["responses"], path


def test_a_lost_slot_carries_the_nearest_offers(world, served):
    world.bench()
    taken = world.engineer("乙公司").requests(at(5))
    headers = program(world.engineer("甲公司"))
    import time_machine

    body = {"test": "t", "resource": "chamber", "starts_at": taken.starts_at.isoformat(), "state": "held"}
    with time_machine.travel(world.now, tick=False):
        answer = browser(served).post("/api/v1/bookings", json=body, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (409, "slot_taken")
    assert 1 <= len(answer.json["offers"]) <= 3
    assert {"resource", "starts_at", "ends_at", "report_expected_at"} <= set(answer.json["offers"][0])
