"""What each role sees first."""

import re
from datetime import timedelta

import pytest
import time_machine
from flask import url_for

from app.accounts.models import OrganisationKind, Role, User
from app.database import db
from tests.http import browser
from tests.statements import statements
from tests.world import World, at


@pytest.fixture
def home(world: World, clean):
    """The home page of a person at the world's `now`."""

    def open_(person=None, language="zh"):
        with time_machine.travel(world.now, tick=False):
            client = browser(clean, person)
            client.get(f"/language/{language}")
            answer = client.get("/")
        assert answer.status_code == 200
        return answer.text

    return open_


def section(page: str, heading: str) -> str:
    found = re.search(rf"<section class=\"sec\"><header><h2>{heading}.*?</section>", page, re.DOTALL)
    return found[0] if found else ""


def test_a_visitor_finds_the_search_and_the_way_in(world, home):
    page = home()
    assert 'class="big" role="search"' in page
    assert "/accounts/sign-in" in page and "/accounts/register" in page


def test_a_new_company_is_told_how_to_begin(world, home):
    page = home(world.engineer("甲公司"))
    assert "现在没有要您处理的事。" in page
    assert "从一个标准号开始" in page
    assert "邀请同事" not in page


def test_who_has_just_registered_a_company_finds_how_to_ask_colleagues_in(world, home):
    world.bench()
    manager = world.member(world.organisation("甲公司", OrganisationKind.COMPANY), Role.COMPANY_MANAGER)
    assert '<a href="/accounts/members">邀请同事</a>' in home(manager)
    manager.requests(at(4))
    assert "邀请同事" not in home(manager)


def test_a_hold_asks_to_be_submitted_before_it_lapses(world, home, clean):
    world.bench()
    engineer = world.engineer("甲公司")
    hold = engineer.holds(at(4), sample="BP-12")
    todo = section(home(engineer), "需要您处理")
    assert "请在今天 11:00 前提交申请，还剩 2 小时。" in todo
    assert todo.count("btn pri") == 1
    assert f"/bookings/{hold.id}/request" in todo and f"/bookings/{hold.id}/cancel" in todo
    world.now += timedelta(hours=3)
    assert "提交申请" not in section(home(engineer), "需要您处理")


def test_the_button_on_the_home_page_submits(world, home, clean):
    world.bench()
    engineer = world.engineer("甲公司")
    hold = engineer.holds(at(4), sample="BP-12")
    version = re.search(r'name="version" value="(\d+)"', section(home(engineer), "需要您处理"))[1]
    with time_machine.travel(world.now, tick=False):
        answer = browser(clean, engineer).post(f"/bookings/{hold.id}/request", data={"version": version})
    assert answer.status_code == 303
    assert engineer.sees(hold).state == "requested"


def test_the_nearest_deadline_comes_first_and_only_it_is_solid(world, home):
    world.bench()
    engineer = world.engineer("甲公司")
    later = engineer.holds(at(4))
    world.now += timedelta(minutes=10)
    engineer.holds(at(5))
    todo = section(home(engineer), "需要您处理")
    assert todo.index(later.id) < todo.index("还剩 2 小时")
    assert todo.count("btn pri") == 1


def test_a_move_that_the_lab_proposes_waits_for_the_company(world, home):
    world.bench()
    engineer, desk = world.engineer("甲公司"), world.lab_admin("lab")
    booking = desk.does("confirm", engineer.requests(at(9)))
    desk.moves(booking, at(10), "台架故障")
    assert "建议改到 11-10 周二 08:30" in section(home(engineer), "需要您处理")


def test_open_orders_are_drawn_with_their_report_dates(world, home):
    world.bench()
    engineer = world.engineer("甲公司")
    booking = engineer.requests(at(4))
    rows = section(home(engineer), "在途委托")
    assert booking.order_line.order.code in rows and 'role="img"' in rows
    assert "待确认" in rows and "稳妥" in rows


def test_the_agenda_names_what_begins_and_the_holidays_between(world, home):
    world.bench()
    engineer = world.engineer("甲公司")
    engineer.requests(at(4))
    engineer.requests(at(5, month=1, year=2027))
    agenda = section(home(engineer), "接下来")
    assert "11-04 周三" in agenda and "项目 t 上台" in agenda
    assert "休" in agenda and "元旦" in agenda


def test_nothing_of_another_company_is_on_it(world, home):
    world.bench()
    other = world.engineer("乙公司")
    codes = [other.holds(at(4)).code, other.requests(at(5)).code]
    page = home(world.engineer("甲公司"))
    assert "乙公司" not in page and not any(code in page for code in codes)


def test_the_desk_sees_requests_starts_benches_and_reports(world, home):
    world.bench()
    engineer, desk = world.engineer("甲公司"), world.lab_admin("lab")
    waiting = engineer.requests(at(9))
    running = desk.does("confirm", engineer.requests(at(4)))
    world.now = at(4)
    desk.does("start", running)
    page = home(desk)
    assert waiting.code in section(page, "轮到您") and "去确认" in section(page, "轮到您")
    assert "试验中" in section(page, "今天的台架") and running.code in section(page, "今天的台架")
    world.now = at(4, 12, 30)
    desk.does("complete", running)
    assert running.code in section(home(desk), "报告该出了")


def test_the_crew_sees_its_benches_and_no_company(world, home):
    world.bench()
    engineer, desk = world.engineer("甲公司"), world.lab_admin("lab")
    desk.does("confirm", engineer.requests(at(4)))
    world.now = at(4)
    page = home(world.bench_crew("lab"))
    assert "请开始试验" in section(page, "轮到您")
    assert "甲公司" not in page and "报告该出了" not in page


def test_another_lab_sees_nothing_of_it(world, home):
    world.bench()
    world.lab("other", "别家中心")
    booking = world.engineer("甲公司").requests(at(4))
    assert booking.code not in home(world.lab_admin("other"))


@pytest.mark.parametrize(
    ("role", "endpoint"), [(Role.COORDINATOR, "turnaround.index"), (Role.SYSTEM_ADMIN, "web.admin")]
)
def test_the_others_are_led_to_their_work(world, clean, role, endpoint):
    person = world.member(world.coordinator().viewer.organisation_id, role)
    with clean.test_request_context():
        there = url_for(endpoint)
    assert browser(clean, person).get("/").headers["Location"] == there


@pytest.mark.parametrize("who", ["company", "lab"])
def test_it_asks_as_little_for_many_bookings_as_for_few(world, clean, who):
    world.bench()
    engineer, desk = world.engineer("甲公司"), world.lab_admin("lab")
    viewer = engineer if who == "company" else desk

    def asked() -> int:
        with time_machine.travel(world.now, tick=False):
            client = browser(clean, viewer)
            with statements() as sent:
                assert client.get("/").status_code == 200
        return len(sent)

    engineer.requests(at(4))
    few = asked()
    for day in (5, 6, 9, 10, 11, 12):
        engineer.requests(at(day))
    assert asked() == few


# Administration


@pytest.fixture
def admin(world):
    return world.member(world.coordinator().viewer.organisation_id, Role.SYSTEM_ADMIN)


def test_the_administration_is_for_administrators(world, admin, clean):
    engineer = world.engineer("甲公司")
    page = browser(clean, admin).get("/admin/").text
    assert "甲公司" in page and engineer.email in page
    assert browser(clean, engineer).get("/admin/").status_code == 403
    assert browser(clean, engineer).post(f"/admin/users/{admin.viewer.user_id}/off").status_code == 403


def test_an_account_is_switched_off_and_on(world, admin, clean):
    engineer = world.engineer("甲公司")
    for state, active in (("off", False), ("on", True)):
        assert browser(clean, admin).post(f"/admin/users/{engineer.viewer.user_id}/{state}").status_code == 303
        assert db.session.get_one(User, engineer.viewer.user_id).active is active


def test_nobody_switches_himself_off(admin, clean):
    assert browser(clean, admin).post(f"/admin/users/{admin.viewer.user_id}/off").status_code == 404
