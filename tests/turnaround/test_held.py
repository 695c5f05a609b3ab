"""How often dates held: reckoned at night from what was known before, told to each his own, of all in whole months."""

import re
from datetime import timedelta
from html import unescape

import pytest
import time_machine
from flask import Flask

from app.database import db, transaction
from app.errors import Forbidden
from app.orders.models import OrderLine, OrderState
from app.turnaround.forecasting import held
from app.turnaround.forecasting.behind import Date, lines
from app.turnaround.forecasting.held import reckon
from app.turnaround.forecasting.models import ForecastHeld, ForecastMonth
from app.turnaround.forecasting.page import COUNTS, page
from tests.http import browser, program
from tests.statements import statements
from tests.world import World, at

COMPANIES = ("秘密甲", "秘密乙", "秘密丙", "秘密丁")
DAY = timedelta(days=1)


@pytest.fixture
def months(world: World, issued) -> World:
    """Two lines a week over half a year; each took four days but for the last month, when they took twenty."""
    world.bench()
    for number in range(52):
        took = 20 if number < 8 else 4
        issued(COMPANIES[number % 4], days=(1, 5, 2, took), on=at(1) - timedelta(days=3.5 * number))
    return world


def rows() -> list[tuple]:
    names = ("month", "company_id", "lab_id", "lines", "likely", "safe", "base_likely", "base_safe", "measured")
    query = db.session.query(ForecastHeld).order_by(ForecastHeld.month, ForecastHeld.company_id)
    return [tuple(getattr(row, name) for name in names) for row in query]


def test_dates_hold_until_reports_slow_down(months: World) -> None:
    assert reckon(months.now) >= 6
    found = {row.month: row for row in page(months.coordinator().viewer, months.now).rows}
    assert found["2026-05"].measured < 50 < found["2026-08"].measured
    assert found["2026-08"].safe == 100
    own = page(months.engineer("秘密甲").viewer, months.now)
    late = [row for row in own.rows if row.month == "2026-10"]
    assert late[0].safe < 100 and late[0].base_safe < 100
    assert own.total.lines == sum(row.lines for row in own.rows) < 52


def test_a_night_after_changes_nothing_and_what_is_open_is_reckoned_again(months: World, issued) -> None:
    issued("秘密甲", days=(1, 5, 2, 0.5), on=at(1))
    reckon(months.now)
    before = rows()
    again = reckon(months.now)
    assert rows() == before and again == db.session.query(ForecastMonth).filter(ForecastMonth.open > 0).count()
    later = months.now + 60 * DAY
    assert reckon(later) == again
    assert reckon(later) == 0 and db.session.query(ForecastMonth).filter(ForecastMonth.open > 0).count() == 0
    assert sum(row[3] for row in rows()) == 53 > sum(row[3] for row in before)


def test_a_report_that_never_came_is_a_date_that_did_not_hold(months: World, issued) -> None:
    line = issued("秘密甲", days=(1, 5, 2, 30), on=at(1) - 30 * DAY)
    reckon(months.now)
    before = sum(row[3] - row[5] for row in rows())
    with transaction() as session:
        found = session.get_one(OrderLine, line.id)
        found.issued_at, found.state = None, OrderState.REPORTING
        session.query(ForecastMonth).delete()
    reckon(months.now)
    assert sum(row[3] - row[5] for row in rows()) == before > 0
    with transaction() as session:
        session.get_one(OrderLine, line.id).state = OrderState.CANCELLED
    reckon(months.now)
    assert sum(row[3] - row[5] for row in rows()) == before - 1


def test_a_job_that_is_killed_leaves_whole_months(months: World, monkeypatch: pytest.MonkeyPatch) -> None:
    write, done = held._write, []

    def killed(month: str, *more) -> bool:
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(month)
        return write(month, *more)

    monkeypatch.setattr(held, "_write", killed)
    with pytest.raises(KeyboardInterrupt):
        reckon(months.now)
    monkeypatch.undo()
    part = rows()
    assert {row[0] for row in part} == set(done)
    reckon(months.now)
    whole = rows()
    assert [row for row in whole if row[0] in done] == part and len(whole) > len(part)


def test_what_comes_later_changes_no_month_that_is_over(months: World, issued) -> None:
    reckon(months.now)
    past = [row for row in rows() if row[0] < "2026-09"]
    for number in range(20):
        issued(COMPANIES[number % 4], days=(1, 5, 2, 0.1), on=at(2))
    with transaction() as session:
        session.query(ForecastMonth).delete()
    reckon(months.now)
    assert [row for row in rows() if row[0] < "2026-09"] == past != []


def test_of_all_only_whole_months_of_enough_companies_are_told(months: World, issued) -> None:
    for number in range(8):
        issued(COMPANIES[number % 2], days=(1, 5, 2, 4), on=at(10, month=3) + number * DAY)
    reckon(months.now)
    seen = page(months.coordinator().viewer, months.now)
    open_months = {row.month for row in db.session.query(ForecastMonth).filter(ForecastMonth.open > 0)}
    told = {row.month: row for row in seen.rows}
    assert told["2026-03"].lines is None and told["2026-03"].safe is None
    assert not open_months & told.keys() and "2026-11" not in told
    assert seen.total.lines == sum(row.lines or 0 for row in seen.rows)
    own = page(months.engineer("秘密甲").viewer, months.now)
    assert {row.month: row.lines for row in own.rows}["2026-03"] == 4
    with pytest.raises(Forbidden):
        page(months.bench_crew("lab").viewer, months.now)


def test_the_page_asks_two_statements_and_names_nobody(months: World, clean: Flask) -> None:
    reckon(months.now)
    engineer, desk = months.engineer("秘密甲"), months.coordinator()
    with statements() as asked:
        page(engineer.viewer, months.now)
    assert len(asked) == 2
    with time_machine.travel(months.now, tick=False):
        for person in (engineer, desk):
            text = browser(clean, person).get("/turnaround/forecast").get_data(as_text=True)
            assert "应为 90%" in text and "polyline" in text and "秘密乙" not in text
        with transaction() as session:
            session.query(ForecastHeld).delete()
        assert "还没有可以核对的日期" in browser(clean, desk).get("/turnaround/forecast").get_data(as_text=True)


def test_every_figure_of_ones_own_leads_to_its_lines(months: World, clean: Flask) -> None:
    reckon(months.now)
    engineer = months.engineer("秘密甲")
    found = page(engineer.viewer, months.now)
    with time_machine.travel(months.now, tick=False):
        client = browser(clean, engineer)
        text = client.get("/turnaround/forecast").get_data(as_text=True)
        links = {unescape(link) for link in re.findall(r'href="(/turnaround/forecast/lines[^"]*)"', text)}
        shown = {link: client.get(link).get_data(as_text=True) for link in links}
    for row in (*found.rows, found.total):
        for date in Date:
            link = f"/turnaround/forecast/lines?date={date.value}" + (f"&month={row.month}" if row.month else "")
            behind = lines(engineer.viewer, date, row.month or None, months.now, 100)
            assert len(behind) == row.lines
            assert round(100 * sum(each.held for each in behind) / len(behind)) == getattr(row, date.value)
            if row.month or date in (Date.SAFE, Date.LIKELY):
                assert len(re.findall(r'href="/orders/\w', shown.pop(link))) == row.lines
    assert not shown


def test_lines_are_for_those_alone_who_may_see_them(months: World, clean: Flask) -> None:
    reckon(months.now)
    mine = {row.order_code for row in lines(months.engineer("秘密甲").viewer, Date.SAFE, None, months.now, 100)}
    rival = {row.order_code for row in lines(months.engineer("秘密乙").viewer, Date.SAFE, None, months.now, 100)}
    desk = {row.order_code for row in lines(months.lab_admin("lab").viewer, Date.SAFE, None, months.now, 100)}
    assert mine and not mine & rival and mine | rival < desk
    for person in (months.coordinator(), months.bench_crew("lab")):
        with pytest.raises(Forbidden):
            lines(person.viewer, Date.SAFE, None, months.now, 100)
    with time_machine.travel(months.now, tick=False):
        text = browser(clean, months.coordinator()).get("/turnaround/forecast").get_data(as_text=True)
        refused = browser(clean, months.engineer("秘密甲")).get("/turnaround/forecast/lines?date=any")
    assert "/forecast/lines" not in text and refused.status_code == 422


@pytest.mark.parametrize("part", ["engineer", "coordinator"])
def test_the_api_says_what_the_page_says(months: World, clean: Flask, part: str, issued) -> None:
    for number in range(4):
        issued(COMPANIES[number % 2], days=(1, 5, 2, 4), on=at(10, month=3) + number * DAY)
    reckon(months.now)
    person = months.engineer("秘密甲") if part == "engineer" else months.coordinator()
    found = page(person.viewer, months.now)
    with time_machine.travel(months.now, tick=False):
        answer = browser(clean).get("/api/v1/turnaround/forecast", headers=program(person)).json
    for item, row in zip([*answer["items"], answer["total"]], [*found.rows, found.total], strict=True):
        assert (item["key"], item["lines"]) == (row.month, row.lines)
        assert {name: item[f"{name}_percent"] for name in COUNTS} == {name: getattr(row, name) for name in COUNTS}
    suppressed = [item["key"] for item in answer["items"] if item["suppressed"]]
    assert ("2026-03" in suppressed) is (part == "coordinator") and (part == "coordinator" or not suppressed)
