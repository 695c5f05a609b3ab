"""Problems in the language that a program asks for, with the same codes; pages in the visitor's."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.contract.conftest import Program
from tests.http import browser
from tests.world import World, at

HAN = re.compile(r"[㐀-鿿]")
GOOD = {"test": "t", "resource": "chamber", "starts_at": at(9).isoformat(), "state": "requested"}
REFUSALS: dict[str, dict[str, Any]] = {
    "taken": GOOD,
    "closed": GOOD | {"starts_at": at(8).isoformat()},
    "off the grain": GOOD | {"starts_at": at(9, 8, 45).isoformat()},
    "past": GOOD | {"starts_at": at(1, month=9).isoformat()},
    "too soon": GOOD | {"starts_at": at(2, 16).isoformat()},
    "too far": GOOD | {"starts_at": at(3, month=8, year=2027).isoformat()},
    "not capable": GOOD | {"test": "other"},
    "nothing": GOOD | {"resource": "none"},
    "too long": GOOD | {"note": "x" * 3000},
    "no text": GOOD | {"note": 5},
    "no time": GOOD | {"starts_at": "x"},
    "unknown state": GOOD | {"state": "x"},
}


@pytest.fixture
def engineer(world: World, speaks: Callable[..., Program]) -> Program:
    world.bench()
    world.resource("rig")
    world.test("other", on="rig")
    world.engineer("乙公司").requests(at(9))
    return speaks(world.engineer("甲公司"))


@pytest.mark.parametrize("body", REFUSALS.values(), ids=REFUSALS.keys())
def test_a_refusal_speaks_both_languages(engineer: Program, body: dict[str, Any]) -> None:
    chinese, english = (engineer.send("/bookings", body, Accept_Language=language) for language in ("zh-CN", "en"))
    assert chinese[0] == english[0] and chinese[1]["code"] == english[1]["code"]
    assert chinese[1]["type"] == english[1]["type"]
    for spoken, has_han in ((chinese[1], True), (english[1], False)):
        texts = [spoken["title"], spoken["detail"], *(error["message"] for error in spoken.get("errors", ()))]
        assert [text for text in texts if bool(HAN.search(text)) != has_han] == []


def test_without_a_wish_it_is_chinese(engineer: Program) -> None:
    for wish in ({}, {"Accept_Language": "fr"}, {"Accept_Language": "de;q=0.8, zh;q=0.5"}):
        assert HAN.search(engineer.send("/bookings", GOOD, **wish)[1]["detail"])


@pytest.mark.parametrize(
    ("status", "method", "path"),
    [(401, "GET", "/bookings"), (404, "GET", "/bookings/x"), (404, "GET", "/x"), (405, "PUT", "/bookings")],
)
def test_problems_of_the_address(engineer: Program, status: int, method: str, path: str) -> None:
    headers = {} if status == 401 else engineer.headers
    for language, has_han in (("zh", True), ("en", False)):
        answer = engineer.call(method, path, headers=headers | {"Accept-Language": language})
        assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
        assert bool(HAN.search(answer.get_json()["detail"])) == has_han


def test_a_visitor_is_answered_in_his_language_and_may_choose(clean: Flask, world: World) -> None:
    world.bench()
    client = browser(clean)
    assert '<html lang="zh-CN">' in client.get("/labs/", headers={"Accept-Language": "zh-CN"}).text
    assert '<html lang="en">' in client.get("/labs/", headers={"Accept-Language": "en"}).text
    client.get("/language/zh?next=/labs/")
    assert '<html lang="zh-CN">' in client.get("/labs/", headers={"Accept-Language": "en"}).text
