"""Every figure of one's own leads to its lines: as many as it says, the rightful ones, page by page."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import urlencode

import pytest
import time_machine
from flask import Flask

from app.api import encode_cursor
from app.database import db, transaction
from app.errors import Forbidden, Invalid
from app.orders.models import ClockStop, OrderLine, OrderState, RetestCause, StopCause
from app.turnaround import listing, queries, rules
from app.turnaround.listing import Of, Sort, Wanted
from app.turnaround.quality import Fault
from app.turnaround.queries import Question
from tests.http import browser, program
from tests.turnaround.test_why import YEAR
from tests.world import World, at

DAY = timedelta(days=1)


@pytest.fixture
def house(world: World, issued) -> World:
    """Twelve lines of two companies, with one of each kind of trouble for 甲公司."""
    world.bench()
    lines = [issued("甲公司", days=(1, 2 + n, 2, 4), on=at(2, 8, 0) - 25 * n * DAY) for n in range(9)]
    for n in range(3):
        issued("乙公司", on=at(2, 8, 0) - 40 * n * DAY)
    desk, stopped, again = world.lab_admin("lab").viewer.user_id, lines[0], lines[1]
    waiting = world.engineer("甲公司").requests(at(5))
    with transaction() as session:
        owner = {"company_id": stopped.company_id, "lab_id": "lab", "started_by_id": desk}
        begin, end = stopped.submitted_at, stopped.submitted_at + 2 * DAY
        session.add(
            ClockStop(order_id=stopped.order_id, cause=StopCause.SAMPLE, started_at=begin, ended_at=end, **owner)
        )
        again = session.get_one(OrderLine, again.id)
        again.order_id, again.position, again.attempt = lines[3].order_id, 1, 2
        again.retest_of_id, again.retest_cause = lines[3].id, RetestCause.INVALID
        session.get_one(OrderLine, lines[5].id).customer_seconds = 10**8
        session.get_one(OrderLine, lines[6].id).accepted_at = None
        session.get_one(OrderLine, waiting.order_line_id).state = OrderState.ACCEPTED
    return world


def own(house: World, **more) -> Wanted:
    return Wanted(Question(house.engineer("甲公司").viewer, YEAR), **more)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, 7),
        ({"of": Of.SUBMITTED}, 10),
        ({"of": Of.OPEN}, 1),
        ({"of": Of.UNDER_WAY}, 1),
        ({"of": Of.LEFT}, 9),
        ({"of": Of.LEFT_OUT}, 2),
        ({"of": Of.RETESTED}, 1),
        ({"cause": "customer:sample"}, 1),
        ({"cause": "retest:invalid"}, 1),
        ({"cause": "pause:staff"}, 0),
        ({"fault": Fault.SHARES}, 1),
        ({"fault": Fault.MISSING}, 1),
        ({"month": "2026-11"}, 1),
        ({"quarter": "2026-Q4"}, 2),
        ({"over": 50}, 3),
    ],
)
def test_a_list_holds_what_its_figure_counts(house: World, asked: dict, expected: int) -> None:
    now = house.now + timedelta(hours=1)
    wanted = own(house, **asked)
    found = listing.listed(wanted, 100, 0, now)
    assert (len(found), listing.count(wanted, now)) == (expected, expected)
    assert not codes_of("乙公司", house) & {line.order_code for line in found}


def codes_of(company: str, house: World) -> set[str]:
    ident = house.engineer(company).viewer.organisation_id
    return {line.order.code for line in db.session.query(OrderLine).filter_by(company_id=ident)}


def test_what_a_line_lost_stands_beside_it(house: World) -> None:
    (stopped,) = listing.listed(own(house, cause="customer:sample"), 9, 0, house.now)
    assert stopped.lost == pytest.approx(2)
    (again,) = listing.listed(own(house, of=Of.RETESTED), 9, 0, house.now)
    assert again.lost > again.days and again.lost == pytest.approx(62, abs=0.1)
    (waiting,) = listing.listed(own(house, of=Of.OPEN), 9, 0, house.now + 3 * DAY)
    assert waiting.days == pytest.approx(3, abs=0.1) and (waiting.testing, waiting.issued_at) == (None, None)


def test_the_longest_of_a_part_stands_first(house: World) -> None:
    waiting = [line.waiting for line in listing.listed(own(house, sort=Sort.WAITING), 9, 0, house.now)]
    assert waiting == sorted(waiting, reverse=True) and waiting[0] == pytest.approx(10)
    pages = [listing.listed(own(house), 3, start, house.now) for start in (0, 3, 6)]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert len({line.order_id + str(line.issued_at) for page in pages for line in page}) == 7


def test_lines_over_a_percentile_are_those_beyond_it(house: World) -> None:
    question = own(house).question
    middle = queries.turnaround(question, None, house.now).total.percentiles[0]
    longer = listing.listed(own(house, over=50), 9, 0, house.now)
    assert all(line.days > middle - 0.05 for line in longer)


def test_every_link_of_the_pages_leads_to_lines(house: World, clean: Flask) -> None:
    engineer = house.engineer("甲公司")
    seen = set()
    with time_machine.travel(house.now + timedelta(hours=1), tick=False):
        client = browser(clean, engineer)
        for address in (
            "/turnaround/",
            "/turnaround/?grain=quarter&group_by=quarter",
            "/turnaround/why",
            "/turnaround/quality",
        ):
            page = client.get(address).get_data(as_text=True)
            for link in map(unescape, re.findall(r'href="(/turnaround/lines[^"]*)"', page)):
                lines = client.get(link)
                assert lines.status_code == 200 and lines.get_data(as_text=True).count('<td class="nw" data-l="委托单"')
                seen |= set(re.findall(r"[?&](\w+)=", link))
    assert {"of", "over", "sort", "cause", "fault", "month", "quarter", "domain", "lab"} <= seen


def test_coordinators_and_strange_questions_get_none(house: World, clean: Flask) -> None:
    coordinator = house.coordinator()
    for of in Of:
        with pytest.raises(Forbidden):
            listing.count(Wanted(Question(coordinator.viewer, YEAR), of), house.now)
    with pytest.raises(Forbidden):
        listing.listed(Wanted(Question(coordinator.viewer, YEAR), fault=Fault.SHARES), 1, 0, house.now)
    for name in ("of", "over", "cause", "fault", "sort", "quarter"):
        with pytest.raises(Invalid):
            listing.wanted(own(house).question, {name: "x"})
    with time_machine.travel(house.now, tick=False):
        client = browser(clean, coordinator)
        assert client.get("/turnaround/lines?of=open").status_code == 403
        for address in ("/turnaround/", "/turnaround/why", "/turnaround/quality"):
            assert "/turnaround/lines" not in client.get(address).get_data(as_text=True)
    assert rules.quarter_named("2026-Q4") == "2026-Q4"


QUESTIONS = (
    {},
    {"of": "submitted"},
    {"of": "under_way"},
    {"of": "left", "sort": "waiting"},
    {"of": "retested"},
    {"cause": "customer:sample", "domain": "battery"},
    {"fault": "missing"},
    {"over": "50", "months": "24"},
    {"quarter": "2026-Q4", "from": "2026-01-01", "to": "2026-12-31"},
    {"lab": "elsewhere"},
)


@pytest.mark.parametrize("asked", QUESTIONS, ids=lambda asked: "-".join(asked.values()) or "all")
def test_programs_are_told_the_rows_of_the_page(house: World, clean: Flask, asked: dict[str, str]) -> None:
    engineer, address = house.engineer("甲公司"), urlencode(asked)
    found: list[dict] = []
    with time_machine.travel(house.now + timedelta(hours=1), tick=False):
        token, client = program(engineer), browser(clean, engineer)
        page = client.get(f"/turnaround/lines?{address}").text
        cursor = ""
        while cursor is not None:
            answer = client.get(f"/api/v1/turnaround/lines?limit=2&cursor={cursor}&{address}", headers=token).json
            assert answer["lines"] == int(re.search(r"共 (\d+) 项", page)[1])
            found, cursor = found + answer["items"], answer["next"]
    rows = re.findall(r'<td class="nw" data-l="委托单"><a href="/orders/(\w+)">([^<]+)</a>', page)
    assert [(line["order"], line["order_code"]) for line in found] == rows
    days = re.findall(r'data-l="天数"><b>([^<]+)</b>', page)
    assert ["–" if line["days"] is None else f"{line['days']:.1f}" for line in found] == days
    assert len({line["id"] for line in found}) == len(rows) == answer["lines"]


def test_programs_of_coordinators_get_no_line_and_a_strange_cursor_none(house: World, clean: Flask) -> None:
    with time_machine.travel(house.now, tick=False):
        coordinator, engineer = house.coordinator(), house.engineer("甲公司")
        refused = browser(clean, coordinator).get("/api/v1/turnaround/lines", headers=program(coordinator))
        assert (refused.status_code, refused.json["code"]) == (403, "forbidden")
        (other, *_more) = codes_of("乙公司", house)
        line = db.session.query(OrderLine).filter(OrderLine.order.has(code=other)).one()
        for cursor in (encode_cursor(line.id), "x"):
            answer = browser(clean, engineer).get(
                f"/api/v1/turnaround/lines?cursor={cursor}", headers=program(engineer)
            )
            assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "cursor")
