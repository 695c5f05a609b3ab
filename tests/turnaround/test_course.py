"""The trend by month and by quarter: the same lines, a shift only where there is enough to tell, last year beside."""

import re
from datetime import date, timedelta
from html import unescape

import pytest
import time_machine
from flask import Flask

from app.turnaround import rules
from app.turnaround.course import course, shift_sentence
from app.turnaround.page import axis_labels
from app.turnaround.queries import Answer, Question
from app.turnaround.rules import GroupBy, Period
from app.turnaround.trend import Shift
from tests.http import browser
from tests.world import World, at

THREE_YEARS = Period(date(2023, 10, 1), date(2026, 11, 2))


@pytest.fixture
def faster(world: World, issued) -> World:
    """A line each month for three years; since 2025-07 each takes eight days instead of some fourteen."""
    world.bench()
    for back in range(37):
        on = at(2, 8, 0) - timedelta(days=30.4 * back)
        waiting = 2 if on.date() >= date(2025, 7, 1) else 8 + back * 7 % 11 / 3
        issued("甲公司", days=(1, waiting, 2, 3), on=on)
    return world


def answer(world: World, period: Period) -> Answer:
    return Answer(Question(world.engineer("甲公司").viewer, period), world.now)


def test_quarters_count_the_lines_of_their_months(faster: World) -> None:
    found = answer(faster, THREE_YEARS)
    months, quarters = (course(found, None, grain, None) for grain in rules.OF_TIME)
    of_months: dict[str, int] = {}
    for stretch in months.stretches:
        key = rules.quarter(stretch.key)
        of_months[key] = of_months.get(key, 0) + (stretch.figures.lines if stretch.figures else 0)
    assert {each.key: each.figures.lines for each in quarters.stretches} == of_months
    assert [each.key for each in quarters.stretches if not each.whole] == ["2026-Q4"]
    assert quarters.stretches[0].key == "2023-Q4" and len(quarters.stretches) == 13


def test_a_shift_of_quarters_is_told_where_there_are_enough(faster: World) -> None:
    found = course(answer(faster, THREE_YEARS), None, GroupBy.QUARTER, None)
    assert found.shift and found.shift.faster and found.since == "2025-Q3"
    assert found.sentence.startswith("2025-Q3 起变快，不是波动：连续 6 个季度低于")
    assert found.chart.mark is not None and found.band
    short = course(answer(faster, Period(date(2025, 10, 1), date(2026, 11, 2))), None, GroupBy.QUARTER, None)
    assert short.shift is None and short.sentence == "有数字的季度不到 10 个，还分不清变化和偶然波动。"


def test_each_month_and_quarter_stands_beside_the_year_before(faster: World) -> None:
    now, before = (
        answer(faster, period)
        for period in (
            Period(date(2025, 10, 1), date(2026, 9, 30)),
            Period(date(2024, 10, 1), date(2025, 9, 30)),
        )
    )
    for grain in rules.OF_TIME:
        beside = course(now, before, grain, None)
        earlier = {each.key: each.percentiles for each in course(before, None, grain, None).stretches}
        for stretch in beside.stretches:
            assert stretch.year_ago == earlier[rules.year_before(stretch.key)][0]
        assert beside.has_year_ago and beside.chart.year_ago
    assert not course(now, None, GroupBy.MONTH, None).has_year_ago


@pytest.mark.parametrize("grain", ["month", "quarter"])
def test_the_table_beside_the_chart_has_its_grain(faster: World, clean: Flask, grain: str) -> None:
    with time_machine.travel(faster.now, tick=False):
        client = browser(clean, faster.engineer("甲公司"))
        page = client.get(f"/turnaround/?months=24&grain={grain}").get_data(as_text=True)
        part = page.split('id="trend"')[1].split("</section>")[0]
        rows = re.findall(r'<td class="nw">(\d{4}-[Q\d]+)', part)
        links = re.findall(rf'href="(/turnaround/lines[^"]*{grain}=[^"]*)">(\d+)', part)
        assert len(rows) == (24 if grain == "month" else 9)
        assert len(links) == len(rows)
        for address, count in links:
            lines = client.get(unescape(address)).get_data(as_text=True)
            assert lines.count("/orders/") - lines.count('/orders/"') == int(count)
        refused = client.get("/turnaround/?grain=week")
    assert refused.status_code == 422 and "走势只能按月份或季度" in refused.get_data(as_text=True)


def test_the_switch_keeps_what_was_asked(faster: World, clean: Flask) -> None:
    with time_machine.travel(faster.now, tick=False):
        page = browser(clean, faster.engineer("甲公司")).get("/turnaround/?months=24&lab=lab&grain=quarter")
    text = unescape(page.get_data(as_text=True))
    assert 'href="/turnaround/?months=24&lab=lab#trend">月份' in text
    assert 'href="/turnaround/?months=24&lab=lab&group_by=domain&grain=quarter#table"' in text


def test_many_columns_are_named_sparsely_and_years_by_their_number() -> None:
    months = Period(date(2024, 12, 1), date(2026, 11, 30)).months()
    assert axis_labels(months)[:5] == ["", "2025", "", "", "4 月"]
    assert axis_labels(months[-12:])[0] == "12 月"
    assert axis_labels(["2025-Q4", "2026-Q1", "2026-Q2"]) == ["2025 Q4", "2026 Q1", "Q2"]


def test_too_few_months_say_nothing_and_quarters_say_that_they_are_few() -> None:
    assert shift_sentence(None, "", 9) == ""
    assert "季度不到 10 个" in shift_sentence(None, "", 9, GroupBy.QUARTER)
    slower = shift_sentence(Shift(3, 7, faster=False, centre=9.0), "2026-Q1", 12, GroupBy.QUARTER)
    assert slower == "2026-Q1 起变慢，不是波动：连续 7 个季度高于各季度的中位数 9.0 天。"


def test_a_long_table_shows_its_first_rows_and_leads_to_all(world: World, issued, app: Flask, monkeypatch) -> None:
    monkeypatch.setattr("app.turnaround.page.MOST_ROWS", 2)
    world.bench()
    for test, lines in (("t", 1), ("t2", 3), ("t3", 2)):
        if test != "t":
            world.test(test)
        for _ in range(lines):
            issued("甲公司", test=test)
    with time_machine.travel(world.now, tick=False):
        client = browser(app, world.engineer("甲公司"))
        first, every = (client.get(f"/turnaround/?months=24&group_by=test{more}").text for more in ("", "&rows=all"))
        sheet = client.get("/turnaround/turnaround.csv?months=24&group_by=test").text
    named = [re.findall(r'<a href="/tests/(t\d?)">', page) for page in (first, every)]
    assert named == [["t2", "t3"], ["t2", "t3", "t"]]
    assert "先列委托项最多的 2 行，共 3 行。" in first and "先列" not in every
    assert "/turnaround/?rows=all&amp;months=24&amp;group_by=test#table" in first
    assert len(sheet.splitlines()) == 1 + 3 + 1
