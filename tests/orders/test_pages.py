"""Orders as their company and their lab see them: what comes next, actual against plan, the report."""

from datetime import timedelta

import pytest
from flask import Flask

from app.booking.models import Booking
from app.database import db
from app.orders import service
from app.orders.service import NewLine, NewOrder
from app.testing.service import IssueReport, issue_report
from tests.visitor import Seen, Visitor
from tests.world import Person, World, at


class Story:
    """One order of 甲公司 at the laboratory."""

    def __init__(self, world: World, app: Flask) -> None:
        world.bench()
        self.world, self.app = world, app
        self.engineer, self.desk, self.crew = world.engineer("甲公司"), world.lab_admin("lab"), world.bench_crew("lab")
        self.booking = self.engineer.holds(at(5), sample="BP-12")
        self.order_id = self.booking.order_line.order_id
        self.code = self.booking.order_line.order.code

    def does(self, person: Person, step: str) -> None:
        person.does(step, db.session.get_one(Booking, self.booking.id))

    def order(self, person: Person) -> Seen:
        return Visitor(self.app, person).get(f"/orders/{self.order_id}")

    def orders(self, person: Person, **query: str) -> Seen:
        return Visitor(self.app, person).get("/orders/", **query)

    def tested_and_reported(self) -> None:
        self.does(self.engineer, "request")
        self.world.now += timedelta(hours=3)
        self.does(self.desk, "confirm")
        self.world.now = at(5)
        self.does(self.desk, "start")
        self.world.now = at(5, 12)
        self.does(self.desk, "complete")
        self.world.now = at(10, 15)
        version = db.session.get_one(Booking, self.booking.id).version
        issue_report(self.desk.viewer, IssueReport(self.booking.id, "JC-7", at(10, 12), version), self.world.now)


@pytest.fixture
def story(world: World, clean: Flask) -> Story:
    return Story(world, clean)


def test_an_empty_list_says_what_to_do_first(world: World, clean: Flask) -> None:
    world.lab()
    company = Visitor(clean, world.engineer("甲公司")).get("/orders/")
    assert "还没有委托单" in company.text and 'name="q"' in company.html
    assert "企业提交申请之后，委托单会出现在这里。" in Visitor(clean, world.lab_admin("lab")).get("/orders/").text


def test_a_hold_is_a_draft_that_only_the_company_sees(story: Story) -> None:
    assert story.code in story.orders(story.engineer, state="draft").text
    assert story.code not in story.orders(story.engineer).text
    for person in (story.desk, story.crew):
        assert "草稿" not in story.orders(person, state="draft").text
        assert story.code not in story.orders(person, state="draft").html
        assert story.order(person).status == 404


def test_a_dropped_hold_never_was_the_labs_business(story: Story) -> None:
    story.does(story.engineer, "cancel")
    assert story.code in story.orders(story.engineer, state="closed").text
    assert story.code not in story.orders(story.desk, state="closed").html


def test_an_order_tells_what_comes_next(story: Story) -> None:
    story.does(story.engineer, "request")
    page = story.order(story.engineer)
    assert "等试验中心确认。您现在不用做什么。" in page.text
    assert "预计 11-12 周四，稳妥 11-17" in page.text
    assert f"/bookings/{story.booking.id}" in page.html and "还没有。实验室签发后，这里有编号和日期。" in page.text
    assert "请确认或婉拒" in story.order(story.desk).text


def test_actual_stands_over_plan(story: Story) -> None:
    story.tested_and_reported()
    page = story.order(story.engineer)
    assert "实际：11-02 周一 提交，11-02 周一 受理，11-05 周四 上台，11-05 周四 完成，11-10 周二 签发" in page.html
    assert "计划：11-03 周二 受理，11-05 周四 上台，11-05 周四 离台，11-12 周四 出报告" in page.html
    for fact in ("评审 3 小时", "等待 2 天 20 小时", "试验 4 小时", "报告 5 天"):
        assert fact in page.text
    assert "第 1 版 JC-7 已签发 11-10 周二" in page.text


def test_what_is_under_way_shows_now_and_what_is_to_come(story: Story) -> None:
    story.does(story.engineer, "request")
    story.does(story.desk, "confirm")
    page = story.order(story.engineer)
    assert "实际：11-02 周一 提交，11-02 周一 受理" in page.html
    assert 'class="now ' in page.html and 'class="p-plan ' in page.html


def test_lists_are_grouped_by_the_address(story: Story) -> None:
    story.tested_and_reported()
    issued = story.orders(story.engineer, state="issued")
    assert story.code in issued.text and "JC-7" in issued.text and "已签发 1" in issued.text
    assert story.code not in story.orders(story.engineer).text
    for nonsense in ("x", "\x01", "OPEN"):
        assert story.orders(story.engineer, state=nonsense).status == 200


@pytest.mark.parametrize("after", ["x", "2026-11-05|", "0001-01-01T00:00:00+00:00|x", "9999-12-31T00:00:00+08:00|x"])
def test_a_strange_cursor_begins_at_the_start(story: Story, after: str) -> None:
    story.does(story.engineer, "request")
    page = story.orders(story.engineer, after=after)
    assert page.status == 200 and story.code in page.text


def test_pages_follow_each_other(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.orders.views.PAGE", 2)
    for day in (6, 9, 10):
        story.world.now += timedelta(minutes=1)
        story.engineer.requests(at(day))
    first = story.orders(story.engineer)
    following = first.html.split("state=open&amp;after=")[1].split('"')[0]
    second = Visitor(story.app, story.engineer).get(f"/orders/?state=open&after={following}")
    codes = [order.order_line.order.code for order in db.session.query(Booking).order_by(Booking.created_at.desc())]
    assert [code in first.text for code in codes] == [True, True, False, False]
    assert [code in second.text for code in codes] == [False, False, True, False]  # the last one is a draft


def test_competitors_and_other_labs_find_nothing(story: Story, world: World) -> None:
    world.lab("other")
    story.does(story.engineer, "request")
    for person in (world.engineer("乙公司"), world.lab_admin("other"), world.coordinator()):
        assert story.order(person).status == 404
        assert story.code not in story.orders(person).html


def test_the_crew_see_no_company(story: Story) -> None:
    story.does(story.engineer, "request")
    for page in (story.order(story.crew), story.orders(story.crew)):
        assert page.status == 200 and story.code in page.text
        assert "甲公司" not in page.html
    assert "甲公司" in story.order(story.desk).text


def test_orders_speak_english(story: Story) -> None:
    story.does(story.engineer, "request")
    english = Visitor(story.app, story.engineer).english()
    assert "GB TEST-2026 Test t" in english.get("/orders/").text
    assert "Test centre lab" in english.get(f"/orders/{story.order_id}").text


def test_a_new_order_is_asked_which_lab_and_has_no_first_guess(world: World, clean: Flask) -> None:
    world.lab()
    visitor = Visitor(clean, world.engineer("甲公司"))
    assert '<option selected value="">请选择</option>' in visitor.get("/orders/new").html
    assert '<option selected value="lab">试验中心</option>' in visitor.get("/orders/new", lab="lab").html
    assert visitor.post("/orders/new", lab="").status == 422
    assert visitor.post("/orders/new", lab="lab").status == 303
    assert 'href="/orders/new?lab=lab"' in visitor.get("/labs/lab").html
    assert "/orders/new" not in Visitor(clean, world.lab_admin("lab")).get("/labs/lab").html


def test_a_held_line_of_a_draft_is_submitted_with_its_order(world: World, clean: Flask) -> None:
    world.bench()
    engineer = world.engineer("甲公司")
    order = service.create(engineer.viewer, NewOrder("lab", (NewLine("t", "BP-12"),)), world.now)
    held = engineer.holds(at(5), order_id=order.id)
    visitor = Visitor(clean, engineer)
    page = visitor.get(f"/bookings/{held.id}")
    assert f"请在今天 11:00 前提交委托单 {order.code}，还剩 2 小时。" in page.text
    assert "提交申请" not in page.text and f'href="/orders/{order.id}">打开委托单' in page.html
    home = visitor.get("/").html
    assert f"/bookings/{held.id}/request" not in home and f'href="/orders/{order.id}">打开委托单' in home
    assert "时段暂留到 11-02 周一 11:00，请在这之前提交。" in visitor.get(f"/orders/{order.id}").text
