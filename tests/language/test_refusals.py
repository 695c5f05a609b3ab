"""Every refusal, told with facts as they occur, and every label, in both languages."""

import enum
import importlib
import pkgutil
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask_babel import gettext

import app as product
from app.booking.rules import OutsideWorkingTime, State
from app.errors import Invalid, YujianError
from app.language import refusal, refusal_in_both, speaking
from app.worktime import Closed, ClosedReason

HAN = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
PLACEHOLDER = re.compile(r"%\((\w+)\)")
WHEN = datetime(2026, 12, 1, 0, 30, tzinfo=UTC)
INSTANTS = ("at", "again_at", "earliest", "ended_at", "latest", "nearest")
NUMBERS = ("count", "days", "hours", "left", "limit", "minutes", "num", "position", "orders", "bookings", "seconds")
FACTS: dict[str, Any] = {
    **dict.fromkeys(INSTANTS, WHEN),
    **dict.fromkeys(NUMBERS, 2),
    **dict.fromkeys(("allowed", "length", "most", "used"), timedelta(hours=40)),
    **dict.fromkeys(("due", "last", "week"), date(2026, 12, 1)),
    "bench": "CH-2",
    "code": "O2611-6M4BB",
    "codes": "B2611-6M4BB",
    "first": "08:30–17:30",
    "have": "12000",
    "need": "≤ 3000",
    "name": "Shift A",
    "second": "16:40–20:00",
    "digit": "X",
    "kind": "PDF",
    "kinds": "PDF, PNG",
    "names": "A. Reviewer",
    "place": "Shelf 3",
    "result": "passed",
    "said": "PDF",
    "sample": "BP-12",
    "test": "Crush",
    "waybill": "SF-1",
    "step": "safety",
    "tests": ["Crush"],
    "whole": "B2611-2QK7R",
    "until": WHEN,
    "database": "sqlite:////data/yujian.db",
    "file": "yujian.backup",
    "folder": "/data",
    "grain": timedelta(minutes=30),
    "item": "scope",
    "number": "JC-2026-0412",
    "reason": "out of space",
    "revision": "4f1c",
    "state": State.CONFIRMED,
    "tool": "pg_dump",
}
# These are told with a message of their own; extraction finds it.
WITHOUT_MESSAGE = (Invalid,)


def modules() -> None:
    """Load all of the product, so that all that is in it is known."""
    for module in pkgutil.walk_packages(product.__path__, "app."):
        importlib.import_module(module.name)


def kinds(of: type) -> Iterator[type]:
    for kind in of.__subclasses__():
        yield kind
        yield from kinds(kind)


def refusals() -> Iterator[YujianError]:
    modules()
    for kind in kinds(YujianError):
        if issubclass(kind, WITHOUT_MESSAGE) or not kind.__module__.startswith("app."):
            continue
        if kind is OutsideWorkingTime:
            for reason in ClosedReason:
                yield kind(Closed(reason, None, None, WHEN))
            yield kind(Closed(ClosedReason.HOLIDAY, "国庆节", "National Day", None))
        else:
            yield kind(**{name: FACTS[name] for name in PLACEHOLDER.findall(kind.message)})


def test_every_refusal_is_told_in_both_languages(app: Flask) -> None:
    told = list(refusals())
    assert len(told) > 30
    for error in told:
        with app.test_request_context():
            with speaking("zh"):
                assert HAN.search(refusal(error)), error
            with speaking("en"):
                english = refusal(error)
                assert english and not HAN.search(english) and "%(" not in english, (error, english)


def test_people_at_a_terminal_get_a_line_in_each(app: Flask) -> None:
    for error in refusals():
        with app.app_context():
            chinese, english = refusal_in_both(error).splitlines()
        assert HAN.search(chinese) and not HAN.search(english)


def labelled() -> list[enum.Enum]:
    modules()
    return [
        member
        for kind in kinds(enum.Enum)
        if kind.__module__.startswith("app.")
        for member in kind
        if isinstance(getattr(member, "label", None), str)
    ]


def test_every_label_has_its_english(app: Flask) -> None:
    members = labelled()
    assert State.CONFIRMED in members
    with app.test_request_context(), speaking("en"):
        assert [str(member) for member in members if HAN.search(gettext(member.label))] == []


@pytest.mark.parametrize("module", ["app.web.labels", "app.labs.labels"])
def test_labels_in_tables_have_their_english(app: Flask, module: str) -> None:
    tables = [table for name, table in vars(importlib.import_module(module)).items() if name.isupper()]
    texts = [text for table in tables if isinstance(table, dict) for text in table.values() if isinstance(text, str)]
    said = [text for text in texts if HAN.search(text)]
    assert said
    with app.test_request_context(), speaking("en"):
        assert [text for text in said if HAN.search(gettext(text))] == []
