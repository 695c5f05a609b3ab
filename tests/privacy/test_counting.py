"""Nothing that leaves the house counts: no running numbers, no sizes of what belongs to others."""

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from app.booking.models import Booking
from app.database import db
from tests.http import browser
from tests.privacy.crawling import PREFIX, walk_api
from tests.privacy.story import Market

# What may be a number in an answer: facts of the catalogue, versions and figures of one's own rows.
NUMBERS = frozenset(
    {
        "version",
        "status",
        "places",
        "position",
        # Of an amendment, within its order.
        "number",
        "attempt",
        "customer_seconds",
        "paused_seconds",
        "customer_days",
        "paused_days",
        "review_days",
        "waiting_days",
        "testing_days",
        "reporting_days",
        "lost_days",
        "mileage",
        "state_of_charge",
        "slots",
        "taken",
        "grain_minutes",
        "samples",
        "setup_minutes",
        "run_minutes",
        "teardown_minutes",
        "report_days",
        "size",
        "edition",
        # Turnaround: own lines, or as many as may be told.
        "lines",
        "median_days",
        "p80_days",
        "p95_days",
        "mean_days",
        "median_working_days",
        "p80_working_days",
        "p95_working_days",
        "review",
        "waiting",
        "testing",
        "reporting",
        "median_days_year_ago",
        "low_days",
        "centre_days",
        "high_days",
        "length",
        "target_days",
        "before_days",
        "after_days",
        "total_days",
        "mix_days",
        "days",
        "days_over",
        "phase_days",
        "running_share",
        "arrived",
        "left",
        "open_mean",
        "days_by_law",
        "days_measured",
        "issued",
        "still_open",
        "count",
        "left_out",
        # Benches of one's own lab, or as many kinds as may be told.
        "units",
        "open_hours",
        "booked_percent",
        "used_percent",
        "running_hours",
        "unused_hours",
        "lost_hours",
        "free_hours",
        "hours",
        # Of the forecast: per cent of such lines.
        "measured_percent",
        "likely_percent",
        "safe_percent",
        "base_likely_percent",
        "base_safe_percent",
    }
)
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+.:\d]*")
RANDOM = re.compile(r"[a-z2-9]{16}")
CATALOGUE_ID = re.compile(r"[a-z][a-z0-9-]*")


def numbers(value: Any, name: str = "") -> Iterator[str]:
    """Names under which numbers stand in a document."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from numbers(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from numbers(inner, name)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield name


def texts(value: Any, name: str) -> Iterator[str]:
    """Every text that stands under this name."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == name and isinstance(inner, str):
                yield inner
            yield from texts(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner, name)


def test_programs_are_told_no_running_number(app: Flask, market: Market) -> None:
    for part in ("yi.engineer write", "here.desk read"):
        pages = [page for page in walk_api(app, market.tokens[part], "zh").pages if page.body.startswith("{")]
        documents = [json.loads(page.body) for page in pages]
        assert {name for document in documents for name in numbers(document)} <= NUMBERS
        ids = {text for document in documents for name in ("id", "subject", "order") for text in texts(document, name)}
        assert all(RANDOM.fullmatch(each) or CATALOGUE_ID.fullmatch(each) for each in ids)
        cursors = {text for document in documents for text in texts(document, "next")}
        assert all(says_nothing(cursor) for cursor in cursors)


def says_nothing(cursor: str) -> bool:
    """A cursor is a random key, or holds the time and the id of the last item shown."""
    if RANDOM.fullmatch(cursor):
        return True
    parts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    return all(TIME.fullmatch(part) or RANDOM.fullmatch(part) or CATALOGUE_ID.fullmatch(part) for part in parts)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_visitors_read_no_free_time(app: Flask, market: Market, language: str) -> None:
    """Without signing in there is the catalogue, and the week in which something is free."""
    client = browser(app)
    for path in ("/", "/labs/", "/labs/here", "/resources/chamber", "/tests/t", "/methods/gbtest-2026", "/search?q=GB"):
        text = client.get(path, headers={"Accept-Language": language}).get_data(as_text=True)
        assert not re.search(r"11-(05|06|09|1\d|2\d)|\b(5|6|9|1\d|2\d) Nov|占用|occupied", text), path
    for path in ("/resources/chamber/availability?from=2026-11-02&to=2026-11-09", "/offers?test=t", "/bookings"):
        assert client.get(f"{PREFIX}{path}").status_code == 401


def test_codes_follow_no_order(market: Market) -> None:
    """Month and five random letters: two bookings of one hour tell nothing of what lies between them."""
    codes = [row.code for row in db.session.query(Booking).order_by(Booking.created_at)]
    assert len(codes) > 20
    assert all(re.fullmatch(r"B26(09|10|11)-[A-HJ-NP-Z2-9]{5}", code) for code in codes)
    letters = [code.partition("-")[2] for code in codes]
    assert letters != sorted(letters) and len({each[:2] for each in letters}) > len(letters) / 2


@pytest.mark.parametrize("part", ["coordinator", "admin"])
def test_figures_of_few_are_dashes(app: Flask, market: Market, part: str) -> None:
    """Seven lines of three companies are told as a whole; by lab one could be told from another."""
    headers, client = market.tokens[f"{part} read"], browser(app, market.people[part])
    whole = client.get(f"{PREFIX}/turnaround?group_by=domain", headers=headers).get_json()
    assert [(item["lines"], item["suppressed"]) for item in whole["items"]] == [(7, False)]
    by_lab = client.get(f"{PREFIX}/turnaround?group_by=lab", headers=headers).get_json()
    assert {item["key"] for item in by_lab["items"] if item["suppressed"]} == {"here", "sister", "elsewhere"}
    assert {value for item in by_lab["items"] for value in (item["lines"], item["mean_days"])} == {None}
    rows = client.get("/turnaround/turnaround.csv?group_by=lab").get_data(as_text=True).splitlines()[1:-1]
    assert len(rows) == 3 and all(row.split(",")[2:] == ["–"] * 14 for row in rows)
    # What the table hides can't be asked for alone: the whole minus it would tell the others.
    for asked in ("lab=here", "lab=elsewhere", "lab=here&group_by=month", "lab=here&domain=battery", "test=s"):
        alone = client.get(f"{PREFIX}/turnaround?{asked}", headers=headers).get_json()
        assert {item["lines"] for item in (alone["total"], *alone["items"])} <= {None, 0}
