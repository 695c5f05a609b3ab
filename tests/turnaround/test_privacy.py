"""Coordinators see statistics: no cell of fewer than five lines or three companies, by no way of asking."""

import json
import random
from collections import defaultdict
from datetime import date, timedelta
from itertools import product

import pytest
import time_machine
from flask import Flask

from app.accounts.models import OrganisationKind
from app.database import db
from app.orders.models import OrderLine
from app.turnaround import queries, rules
from app.turnaround.queries import Question
from app.turnaround.rules import GroupBy, Period
from app.worktime import local_date
from tests.http import browser, program
from tests.world import World, at

YEAR = Period(date(2025, 12, 1), date(2026, 11, 30))
COMPANIES = ("秘密甲", "秘密乙", "秘密丙", "秘密丁")


@pytest.fixture
def uneven(world: World, issued) -> World:
    """Labs, tests and months of very different size."""
    world.bench()
    tests = {"lab": ["t"], "other": [], "third": []}
    for place, lab in enumerate(("other", "third")):
        world.resource(f"rig{place}", lab)
        for name in ("a", "b"):
            tests[lab].append(world.test(f"{lab}-{name}", on=f"rig{place}"))
    dice = random.Random(3)
    for lab, count in (("lab", 30), ("other", 9), ("third", 4)):
        for _ in range(count):
            issued(dice.choice(COMPANIES), lab, dice.choice(tests[lab]), on=at(2) - timedelta(days=dice.randrange(330)))
    return world


def key(line: OrderLine, group_by: GroupBy) -> str:
    month = f"{local_date(line.issued_at):%Y-%m}"
    return {
        GroupBy.LAB: line.lab_id,
        GroupBy.TEST: line.test_id,
        GroupBy.DOMAIN: "battery",
        GroupBy.MONTH: month,
        GroupBy.QUARTER: rules.quarter(month),
        GroupBy.LEVEL: "national_centre",
        GroupBy.CITY: "四川省/成都市>重庆市",
        GroupBy.ROUTE: "四川省>重庆市",
    }[group_by]


def is_small(lines: list[OrderLine]) -> bool:
    return len(lines) < 5 or len({line.company_id for line in lines}) < 3


FILTERS = [
    {"lab_id": lab, "test_id": test, "period": period}
    for lab, test, period in product(
        (None, "lab", "other", "third"),
        (None, "t", "other-a"),
        (YEAR, Period(date(2026, 9, 1), date(2026, 11, 2)), Period(date(2026, 6, 10), date(2026, 6, 11))),
    )
]


def test_no_small_cell_is_told_whatever_the_filter_nor_left_by_the_total(uneven: World) -> None:
    viewer = uneven.coordinator().viewer
    told = hidden = 0
    for wanted, group_by in product(FILTERS, GroupBy):
        question = Question(viewer, **wanted)
        found = queries.turnaround(question, group_by, uneven.now)
        span = found.question.period.span
        lines = [
            line
            for line in db.session.query(OrderLine)
            if span.start <= line.issued_at < span.end
            and wanted["lab_id"] in (None, line.lab_id)
            and wanted["test_id"] in (None, line.test_id)
        ]
        cells = defaultdict(list)
        for line in lines:
            cells[key(line, group_by)].append(line)
        for item in found.items:
            if item.suppressed:
                hidden += 1
                assert (item.lines, item.percentiles, item.working, item.mean, item.phases) == (None,) * 5
            else:
                told += 1
                assert not is_small(cells[item.key])
        assert found.total.suppressed or not is_small(lines)
        if wanted["lab_id"] is wanted["test_id"] is None:
            assert found.total.suppressed == is_small(lines)
        left = [line for item in found.items if item.suppressed for line in cells[item.key]]
        assert found.total.suppressed or not left or len(left) == len(lines) or not is_small(left)
    assert told > 10 and hidden > 20


def test_a_filter_tells_nothing_that_the_whole_would_complete(uneven: World) -> None:
    """Where the whole and a part of it are both told, what is left of the whole is not small."""
    viewer = uneven.coordinator().viewer
    whole = list(db.session.query(OrderLine))
    told = 0
    for lab, test in product((None, "lab", "other", "third"), (None, "t", "other-a", "other-b")):
        total = queries.turnaround(Question(viewer, YEAR, lab_id=lab, test_id=test), None, uneven.now).total
        part = [line for line in whole if lab in (None, line.lab_id) and test in (None, line.test_id)]
        left = [line for line in whole if line not in part]
        assert total.suppressed or not part or not left or not is_small(left)
        told += not total.suppressed and bool(part)
    assert told


def test_days_cannot_be_told_apart_by_shifting_the_period(uneven: World) -> None:
    viewer = uneven.coordinator().viewer
    one = queries.turnaround(Question(viewer, Period(date(2026, 3, 2), date(2026, 10, 9))), None, uneven.now)
    other = queries.turnaround(Question(viewer, Period(date(2026, 3, 30), date(2026, 10, 25))), None, uneven.now)
    assert one.total == other.total
    assert one.question.period == Period(date(2026, 3, 1), date(2026, 10, 31))


def test_nothing_that_a_coordinator_can_fetch_names_a_company_or_an_order(uneven: World, clean: Flask) -> None:
    coordinator = uneven.coordinator()
    headers = program(coordinator)
    secrets = {code for line in db.session.query(OrderLine) for code in (line.id, line.company_id, line.order.code)}
    with time_machine.travel(uneven.now, tick=False):
        client = browser(clean, coordinator)
        texts = [client.get("/turnaround/").get_data(as_text=True)]
        for group_by in GroupBy:
            args = f"?group_by={group_by.value}"
            texts.append(client.get(f"/turnaround/{args}").get_data(as_text=True))
            texts.append(client.get(f"/turnaround/turnaround.csv{args}").get_data(as_text=True))
            texts.append(client.get(f"/api/v1/turnaround{args}", headers=headers).get_data(as_text=True))
        assert client.get("/turnaround/lines").status_code == 403
        assert client.get("/turnaround/reports/").status_code == 403
    for text in texts:
        assert "秘密" not in text
        assert not [secret for secret in secrets if secret in text]


def test_a_suppressed_cell_is_a_dash_with_its_reason_never_a_zero(uneven: World, clean: Flask) -> None:
    with time_machine.travel(uneven.now, tick=False):
        client = browser(clean, uneven.coordinator())
        page = client.get("/turnaround/?group_by=lab").get_data(as_text=True)
        rows = client.get("/turnaround/turnaround.csv?group_by=lab").get_data(as_text=True).splitlines()
    assert "不足 5 项或不足 3 家企业，或能由合计推算，不显示" in page
    assert [row.split(",")[2] for row in rows[1:]] == ["30", "–", "–", "43"]


def test_a_company_never_meets_another_ones_lines(uneven: World, clean: Flask) -> None:
    engineer = uneven.engineer("秘密甲")
    own = uneven.organisation("秘密甲", OrganisationKind.COMPANY)
    foreign = {line.order.code for line in db.session.query(OrderLine) if line.company_id != own}
    with time_machine.travel(uneven.now, tick=False):
        client = browser(clean, engineer)
        for address in ("/turnaround/", "/turnaround/lines", "/turnaround/lines?sort=longest&page=1"):
            text = client.get(address).get_data(as_text=True)
            assert not [code for code in foreign if code in text]
        answer = client.get("/api/v1/turnaround?group_by=lab", headers=program(engineer)).json
    assert sum(item["lines"] for item in answer["items"]) == answer["total"]["lines"]
    assert answer["total"]["lines"] == db.session.query(OrderLine).filter_by(company_id=own).count()
    assert not any(item["suppressed"] for item in answer["items"])
    assert "秘密" not in json.dumps(answer, ensure_ascii=False)
    assert rules.enough(5, 3) and not rules.enough(5, 2) and not rules.enough(4, 3)
