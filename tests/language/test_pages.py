"""Whatever a user sees speaks his language: pages, refusals, feeds, exports, problem documents."""

import json
import re
from collections import Counter, deque
from collections.abc import Iterator
from datetime import datetime, timedelta
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from app.accounts.models import User
from app.accounts.queries import memberships_of, user_by_email, viewer_of
from app.booking.models import Booking
from app.clock import now as system_clock
from app.database import Base, db
from app.demo import behaviour
from app.demo.service import make_demo
from app.jobs.registry import JOBS
from app.labs.loading import store
from app.labs.models import Method
from app.testing import models as testing
from tests.conftest import CATALOGUE, empty_tables
from tests.http import FreshClient, browser, program
from tests.world import Person, World

CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
SPOKEN = ("title", "aria-label", "placeholder", "alt", "data-done", "data-count")
LINK = re.compile(r'<a [^>]*href="(/[^"]*)"')
# Files, changes of the session, and the document of the API, which is written in one language.
UNREAD = {
    "booking.export",
    "capacity_sheets.workbook",
    "evidence.pack",
    "orders_sheet.export",
    "orders_sheet.template",
    "reports.cover_file",
    "reports.qr",
    "samples.qr",
    "turnaround_scheduled.workbook",
    "work.export",
    "static",
    "web.language",
    "web.theme",
    "feeds.calendar",
    "openapi.openapi",
    "swagger.swagger",
}
# So many pages of one kind are followed.
SAME_KIND = 1
VOID = {"input", "meta", "link", "br", "hr", "img", "wbr", "source"}


class Foreign(HTMLParser):
    """Collects Chinese in text and spoken attributes that is not inside an element marked as Chinese."""

    def __init__(self) -> None:
        super().__init__()
        self.langs = ["en"]
        self.silent = 0
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        lang = given.get("lang") or self.langs[-1]
        if lang.startswith("en"):
            hidden = tag == "input" and given.get("type") in ("hidden", "search")
            self.found += [str(given[a]) for a in SPOKEN if not hidden and CHINESE.search(given.get(a) or "")]
        if tag not in VOID:
            self.langs.append(lang)
            self.silent += tag in ("script", "style", "textarea")

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID and len(self.langs) > 1:
            self.langs.pop()
            self.silent -= tag in ("script", "style", "textarea")

    def handle_data(self, data: str) -> None:
        if not self.silent and self.langs[-1].startswith("en") and CHINESE.search(data):
            self.found.append(data.strip())


@pytest.fixture(scope="module")
def played(app: Flask, tmp_path_factory: pytest.TempPathFactory) -> Iterator[datetime]:
    """The real catalogue and two months of demo."""
    at = system_clock()
    with app.app_context():
        store.load(CATALOGUE, at)
        make_demo(Path(tmp_path_factory.mktemp("demo")), at, timedelta(days=60))
        for job in JOBS:
            job.run(at)
        yield at
        empty_tables()


def person(email: str, at: datetime) -> Person:
    user = user_by_email(email)
    assert user is not None
    return Person(World(now=at), viewer_of(memberships_of(user.id)[0]), email)


def english(client: FreshClient) -> FreshClient:
    assert client.get("/language/en").status_code == 303
    return client


def without(text: str, parts: list[str]) -> str:
    for part in parts:
        text = text.replace(part, "")
    return text


PUBLIC = (
    "/",
    "/search",
    "/search?q=GB38031",
    "/search?q=nothing-like-that",
    "/search?q=GB38031-2020",
    "/search?q=battery",
    "/labs/",
    "/labs/cmvr-new-energy",
    "/labs/caeri-robot",
    "/resources/cvc-voc",
    "/methods/gb38031-2025",
    "/methods/gb38031-2020",
    "/tests/b-pack-thermalprop",
    "/more",
    "/not-there",
    "/accounts/sign-in",
    "/accounts/lost-password",
    "/accounts/register",
)
SIGNED_IN = (
    "/",
    "/search?q=GB38031&test=b-pack-thermalprop",
    "/search?q=GB38031&order=bench&earliest=nonsense",
    "/resources/cvc-voc",
    "/schedule",
    "/schedule?lab=cmvr-new-energy&days=1",
    "/schedule?from=nonsense&days=9&lab=nowhere",
    "/bookings/",
    "/bookings/?state=all",
    "/orders/",
    "/orders/?state=issued",
    "/feeds/",
    "/turnaround/",
    "/turnaround/?group_by=test",
    "/turnaround/forecast",
    "/turnaround/reports/",
    "/turnaround/subscriptions/",
    "/accounts/",
    "/accounts/password",
    "/accounts/tokens",
)
ROLES = {
    "oem-a@demo.example": (*SIGNED_IN, "/bookings/new?resource=cvc-voc", "/bookings/new?test=b-pack-thermalprop"),
    "oem-a-manager@demo.example": ("/accounts/members",),
    "lab@demo.example": (*SIGNED_IN, "/inbox", "/inbox?list=start", "/inbox?list=report"),
    "lab-cmvr@demo.example": ("/", "/inbox", "/schedule", "/accounts/members"),
    "crew@demo.example": ("/", "/schedule", "/bookings/"),
    "coordinator@demo.example": (
        "/",
        "/turnaround/",
        "/turnaround/?group_by=lab",
        "/turnaround/simulation",
        "/schedule",
        "/turnaround/subscriptions/",
    ),
    "admin@demo.example": ("/", "/admin/", "/admin/jobs"),
}


EXAMPLE = re.compile(r'"(示例(?:：|-|物流|货架|数据|电池包|整车甲 试验部)[^"]*)"')


def typed() -> list[str]:
    """What people typed stays in their language; a calendar's language is called by its own name."""
    names = [name for (name,) in db.session.query(User.name)]
    samples = [sample for (sample,) in db.session.query(Booking.sample).distinct()]
    numbers = [number for (number,) in db.session.query(testing.TestReport.number)]
    # A specification that has no number is called by its name.
    codes = [code for (code,) in db.session.query(Method.code) if CHINESE.search(code)]
    reasons = [
        *behaviour.DECLINE_REASONS,
        *behaviour.CANCEL_REASONS,
        "设备故障停用",
        *examples(),
    ]
    return sorted({*names, *samples, *numbers, *codes, *reasons, "中文"} - {""}, key=len, reverse=True)


def examples() -> set[str]:
    """What the people of the demo wrote, all of which says that it is an example."""
    rows = [row for table in Base.metadata.sorted_tables for row in db.session.execute(select(table)).all()]
    return set(EXAMPLE.findall(json.dumps([list(row) for row in rows], default=str, ensure_ascii=False)))


def kind_of(app: Flask, link: str) -> tuple[str, ...]:
    """What tells pages apart: endpoint and names of arguments. Empty for what is no page of ours to read."""
    path, _mark, query = link.partition("#")[0].partition("?")
    try:
        endpoint, _values = app.url_map.bind("localhost").match(path)
    except (HTTPException, RequestRedirect):
        return ()
    return () if endpoint in UNREAD else (endpoint, *sorted({part.partition("=")[0] for part in query.split("&")}))


def chinese_in(client: FreshClient, paths: tuple[str, ...], follow: bool = True) -> list[str]:
    """Chinese on these pages, and, to follow, on those that they lead to, one of each kind."""
    found = []
    ours = typed()
    waiting, known = deque(paths), Counter()
    while waiting:
        path = waiting.popleft()
        page = client.get(path, follow_redirects=True)
        assert page.status_code in (200, 403, 404, 422), f"{path}: {page.status_code}"
        reader = Foreign()
        # A calendar's long lines are folded.
        reader.feed(page.text.replace("\r\n ", ""))
        for link in map(unescape, LINK.findall(page.text) if follow else ()):
            known[kind := kind_of(client.application, link)] += 1
            if kind and known[kind] <= SAME_KIND:
                waiting.append(link)
        found += [
            f"{path}: {text[:120]}" for text in dict.fromkeys(reader.found) if CHINESE.search(without(text, ours))
        ]
    return found


def test_a_visitor_reads_english(played: datetime, app: Flask) -> None:
    assert chinese_in(english(browser(app)), PUBLIC) == []


@pytest.mark.parametrize("email", ROLES)
def test_every_role_reads_english(played: datetime, app: Flask, email: str) -> None:
    assert chinese_in(english(browser(app, person(email, played))), ROLES[email]) == []


def test_bookings_and_orders_in_every_state_read_english(played: datetime, app: Flask) -> None:
    lab = person("lab-cmvr@demo.example", played)
    rows = db.session.query(Booking).filter(Booking.lab_id.in_(sorted(lab.viewer.lab_ids)))
    one_of_each = {booking.state: booking for booking in rows.order_by(Booking.company_id == "demo-oem-a")}
    for booking in one_of_each.values():
        owner = {"demo-oem-a": "oem-a@demo.example", "demo-oem-b": "oem-b@demo.example"}.get(booking.company_id)
        order = booking.order_line.order_id
        paths = (f"/bookings/{booking.id}", f"/orders/{order}", f"/resources/{booking.resource_id}/day-sheet")
        assert chinese_in(english(browser(app, lab)), paths, follow=False) == []
        if owner:
            assert chinese_in(english(browser(app, person(owner, played))), paths[:2], follow=False) == []


def test_problem_documents_speak_both_languages(played: datetime, app: Flask) -> None:
    token = program(person("oem-a@demo.example", played))
    client = browser(app)
    for path in (
        "/api/v1/bookings/none",
        "/api/v1/offers?test=none",
        "/api/v1/bookings?limit=x",
        "/api/v1/events?after=x",
    ):
        said = client.get(path, headers={**token, "Accept-Language": "en"}).text
        assert not CHINESE.search(said.encode().decode("unicode_escape") if "\\u" in said else said), path
        assert CHINESE.search(client.get(path, headers={**token, "Accept-Language": "zh"}).json["detail"]), path


def test_the_csv_speaks_english(played: datetime, app: Flask) -> None:
    client = english(browser(app, person("coordinator@demo.example", played)))
    sheet = client.get("/turnaround/turnaround.csv?group_by=lab").text
    assert "P50" in sheet
    assert not CHINESE.search(sheet.lstrip("\ufeff"))
