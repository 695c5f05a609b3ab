"""The coordinators' page in a meeting: the same figures, no navigation, nothing that could not be told."""

import random
import re
from datetime import date, timedelta
from html import unescape

import pytest
import time_machine
from flask import Flask

from app.accounts.models import OrganisationKind
from app.accounts.policy import Viewer
from app.turnaround import rules
from app.turnaround.asking import asked
from app.turnaround.meeting import meeting
from app.turnaround.queries import Question, turnaround
from app.turnaround.rules import GroupBy, Period
from tests.http import browser
from tests.world import World, at

YEAR = Period(date(2025, 12, 1), date(2026, 11, 30))
OF_CHONGQING = ("秘密甲", "秘密乙", "秘密丙")
OF_SICHUAN = ("秘密丁", "秘密戊", "秘密己")
ANSWER = {"from": "2025-12-01", "to": "2026-11-30"}


@pytest.fixture
def region(world: World, issued) -> World:
    """Sixty lines of six companies, three of each province."""
    world.bench()
    dice = random.Random(8)
    for name in OF_CHONGQING:
        world.organisation(name, OrganisationKind.COMPANY, province="重庆市")
    for company in (*OF_CHONGQING, *OF_SICHUAN):
        for _ in range(10):
            on = at(2, 8, 0) - timedelta(days=dice.randrange(300))
            issued(company, days=(1, dice.randrange(3, 20), 2, 4), on=on)
    return world


def read(world: World, clean: Flask, viewer: str, more: str = "") -> str:
    person = world.coordinator() if viewer == "coordinator" else world.engineer(viewer)
    with time_machine.travel(world.now, tick=False):
        answer = browser(clean, person).get(f"/turnaround/?view=projected{more}")
    return unescape(answer.get_data(as_text=True))


def test_its_numbers_are_those_of_the_tables(region: World, clean: Flask) -> None:
    viewer: Viewer = region.coordinator().viewer
    found = meeting(asked(ANSWER, viewer, region.now), region.now)
    ways = turnaround(Question(viewer, YEAR), GroupBy.ROUTE, region.now)
    assert found.page.total == ways.total and list(found.ways) == list(ways.items)
    by_province = {each.key: each for each in found.provinces}
    assert {key: each.lines for key, each in by_province.items()} == {"四川省": 30, "重庆市": 30}
    for way in ways.items:
        assert by_province[way.key.split(">")[0]].percentiles == way.percentiles
    ((row,),) = found.screens
    assert (row.domain.key, {key: way.lines for key, way in row.ways.items()}) == (
        "battery",
        {way.key: way.lines for way in ways.items},
    )
    html = read(region, clean, "coordinator", "&from=2025-12-01&to=2026-11-30")
    assert f"一半的委托项在 {ways.total.percentiles[0]} 天内出报告" in html
    for way in ways.items:
        assert f'<td>{way.name_zh}</td><td class="r">{way.lines}</td><td class="r"><b>{way.percentiles[0]}</b>' in html


def test_a_province_is_not_told_where_one_of_its_ways_is_not(region: World, issued) -> None:
    region.organisation("远方中心运营方", OrganisationKind.LAB_OPERATOR, "四川省")
    region.lab("far", "远方中心")
    region.resource("rig", "far")
    region.capable("rig", "t")
    for number in range(4):
        issued("秘密甲", "far", on=at(2, 8, 0) - timedelta(days=number))
    found = meeting(asked(ANSWER, region.coordinator().viewer, region.now), region.now)
    hidden = {way.key for way in found.ways if way.suppressed}
    assert "重庆市>四川省" in hidden
    for each in found.provinces:
        own = {way.key for way in found.ways if way.key.startswith(each.key)}
        assert each.suppressed == bool(own & hidden) and (each.lines is None) == each.suppressed


def test_it_has_no_navigation_and_names_nobody(region: World, clean: Flask) -> None:
    html = read(region, clean, "coordinator")
    assert "<nav" not in html and "<form" not in html and html.count('class="one') >= 6
    assert "秘密" not in html and "/orders/" not in html and "/turnaround/lines" not in html
    assert re.findall(r"<h1", html) == ["<h1"] and "截至 " in html
    assert f"每格至少 {rules.LEAST_LINES} 项、{rules.LEAST_COMPANIES} 家企业" in html


def test_only_who_sees_all_gets_it_and_only_with_figures(region: World, clean: Flask) -> None:
    assert "meeting.css" not in read(region, clean, "秘密甲")
    empty = read(region, clean, "coordinator", "&from=2024-01-01&to=2024-02-01")
    assert "meeting.css" not in empty and "这些条件下还不能显示数字" in empty
    with time_machine.travel(region.now, tick=False):
        client = browser(clean, region.coordinator())
        assert "view=projected" in client.get("/turnaround/").get_data(as_text=True)
        assert client.get("/turnaround/?view=projected&months=7").status_code == 422
