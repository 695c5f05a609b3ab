"""The lab's inbox in depth: what speaks against confirming, what can't be ticked, what comes after the confirmation."""

from datetime import timedelta

import pytest
from flask import Flask

from app.booking.models import Booking
from app.booking.rules import State
from app.database import db
from tests.visitor import Seen, Visitor
from tests.world import Person, World, at


class Desk:
    """A bench, a company, and the order desk and crew of the laboratory."""

    def __init__(self, world: World, app: Flask) -> None:
        world.bench()
        self.world, self.app = world, app
        self.engineer, self.admin, self.crew = world.engineer("甲公司"), world.lab_admin("lab"), world.bench_crew("lab")

    def inbox(self, what: str = "", by: Person | None = None) -> Seen:
        return Visitor(self.app, by or self.admin).get("/inbox", list=what)

    def confirms(self, *chosen: Booking) -> Seen:
        return Visitor(self.app, self.admin).post("/inbox", chosen=[f"{b.id}:{b.version}" for b in chosen])


@pytest.fixture
def desk(world: World, clean: Flask) -> Desk:
    return Desk(world, clean)


def state(booking: Booking) -> State:
    return db.session.get_one(Booking, booking.id).state


def test_an_empty_inbox_says_what_will_come(desk: Desk) -> None:
    assert "这里没有等您的事 企业提交申请之后，最早的排在最前面。" in desk.inbox().text


def test_waiting_is_told_in_all_hours_and_in_working_hours(desk: Desk) -> None:
    desk.engineer.requests(at(12))
    desk.world.now = at(4, 9, 30)
    text = desk.inbox().text
    assert "2 天" in text and "2 个工作日" in text
    assert "一般 1 个工作日内答复，1 项已超" in text


def test_warnings_stand_in_the_row(desk: Desk) -> None:
    desk.engineer.requests(at(4, 9), sample="")
    proposed = desk.engineer.requests(at(11), sample="BP-12")
    desk.admin.moves(proposed, at(12), reason="校准")
    desk.world.now = at(3, 9)
    text = desk.inbox().text
    assert "离上台不足 2 个工作日" in text and "样品未写明" in text
    assert "已建议改到 11-12 周四，等委托方答复" in text
    desk.world.now = at(3, 15)
    assert "离上台不足 1 个工作日" in desk.inbox().text


def test_what_cannot_be_confirmed_cannot_be_ticked_and_says_why(desk: Desk) -> None:
    late, fine = desk.engineer.requests(at(4)), desk.engineer.requests(at(11))
    desk.world.now = at(4, 9)
    page = desk.inbox()
    assert "上台时间已过，申请已失效，不能确认" in page.text
    assert page.html.count("disabled") == 2  # its box and its button
    told = desk.confirms(late, fine).text
    assert (state(late), state(fine)) == (State.REQUESTED, State.CONFIRMED)
    assert f"已确认 1 项：{fine.code}" in told
    assert f"{late.code} 预约现在是“已失效”，不能这样改。" in told


def test_one_row_is_confirmed_without_its_neighbours(desk: Desk) -> None:
    one, other = desk.engineer.requests(at(5)), desk.engineer.requests(at(6))
    sent = {"only": f"{one.id}:{one.version}", "chosen": [f"{other.id}:{other.version}"]}
    Visitor(desk.app, desk.admin).post("/inbox", **sent)
    assert (state(one), state(other)) == (State.CONFIRMED, State.REQUESTED)


def test_nothing_ticked_is_said(desk: Desk) -> None:
    desk.engineer.requests(at(5))
    assert "没有选中任何一项。" in desk.confirms().text


@pytest.mark.parametrize("value", ["", "x", ":", "x:y", "x:1", "x:99999999999", "\x00:1", "x:１"])
def test_a_tampered_tick_changes_nothing(desk: Desk, value: str) -> None:
    booking = desk.engineer.requests(at(5))
    page = Visitor(desk.app, desk.admin).post("/inbox", chosen=[value])
    assert page.status == 200
    assert state(booking) is State.REQUESTED


def test_a_foreign_booking_is_not_named(desk: Desk, world: World) -> None:
    world.resource("far", lab="farlab")
    world.capable("far", "t")
    foreign = world.engineer("乙公司").requests(at(5), "far")
    told = desk.confirms(foreign)
    assert "没有这条预约" in told.text and foreign.code not in told.html
    assert state(foreign) is State.REQUESTED


def test_the_crew_confirm_nothing_but_start_and_end(desk: Desk) -> None:
    booking = desk.engineer.requests(at(5), sample="BP-12")
    Visitor(desk.app, desk.crew).post("/inbox", chosen=[f"{booking.id}:{booking.version}"])
    assert state(booking) is State.REQUESTED
    desk.admin.does("confirm", booking)
    desk.world.now = at(5, 9, 0)
    page = desk.inbox(by=desk.crew)
    assert "该上台 1" in page.text and "待确认" not in page.text
    assert booking.code in page.text and "BP-12" in page.text and "甲公司" not in page.html
    assert "已过 30 分钟" in page.text
    sent = {"version": page.field("version"), "back": page.field("back")}
    assert Visitor(desk.app, desk.crew).post(f"/bookings/{booking.id}/start", **sent).location == "/inbox?list=start"
    assert state(booking) is State.RUNNING
    assert booking.code in desk.inbox("running", by=desk.crew).text


def test_starts_runs_and_reports_have_their_lists(desk: Desk) -> None:
    booking = desk.engineer.requests(at(5))
    desk.admin.does("confirm", booking)
    assert "该上台 0" in desk.inbox("start").text
    desk.world.now = at(5)
    assert "该上台 1" in desk.inbox("start").text
    desk.admin.does("start", booking)
    desk.world.now = at(5, 13)
    running = desk.inbox("running").text
    assert "试验中 1" in running and "已过计划离台时间" in running
    desk.admin.does("complete", booking)
    desk.world.now += timedelta(days=1)
    page = desk.inbox("report")
    assert "待出报告 1" in page.text and "1 天" in page.text
    assert f"/bookings/{booking.id}/report" in page.html


def test_the_address_goes_back_to_no_other_place(desk: Desk) -> None:
    booking = desk.engineer.requests(at(5))
    sent = {"version": "1", "back": "https://evil.example/"}
    answer = Visitor(desk.app, desk.admin).post(f"/bookings/{booking.id}/confirm", **sent)
    assert answer.location == f"/bookings/{booking.id}"


def test_the_inbox_speaks_english(desk: Desk) -> None:
    desk.engineer.requests(at(5))
    page = Visitor(desk.app, desk.admin).english().get("/inbox")
    assert page.status == 200
    assert "GB TEST-2026 Test t" in page.text and "Thu 5 Nov 08:30" in page.text
