"""What a lab works from: the inbox, the day sheet of a bench, the proposal of another time; and the lists."""

from datetime import timedelta

import pytest
from flask import Flask

from app.booking.models import Booking
from app.booking.rules import State
from app.database import db, transaction
from app.events import log
from app.labs.capacity import Companion, touch
from app.labs.models import Capability
from tests.visitor import Visitor
from tests.world import World, at


@pytest.fixture
def app_world(world: World, clean: Flask) -> tuple[Flask, World]:
    world.bench()
    return clean, world


def state(booking: Booking) -> State:
    return db.session.get_one(Booking, booking.id).state


def test_the_oldest_request_stands_first_and_says_how_long_it_has_waited(app_world: tuple[Flask, World]) -> None:
    app, world = app_world
    old = world.engineer("甲公司").requests(at(5))
    world.now += timedelta(hours=5)
    new = world.engineer("乙公司").requests(at(6))
    page = Visitor(app, world.lab_admin("lab")).get("/inbox")
    assert page.html.index(old.code) < page.html.index(new.code)
    assert "5 小时" in page.text
    assert "甲公司" in page.text and "乙公司" in page.text


def test_many_are_confirmed_at_once_each_by_itself(app_world: tuple[Flask, World]) -> None:
    app, world = app_world
    first, second = (world.engineer("甲公司").requests(at(day)) for day in (5, 6))
    stale = world.engineer("乙公司").requests(at(9))
    desk = Visitor(app, world.lab_admin("lab"))
    chosen = [f"{booking.id}:{booking.version}" for booking in (first, second)]
    world.engineer("乙公司").does("cancel", stale)
    page = desk.post("/inbox", chosen=[*chosen, f"{stale.id}:1"])
    assert (state(first), state(second), state(stale)) == (State.CONFIRMED, State.CONFIRMED, State.CANCELLED)
    assert "已确认 2 项" in page.text
    assert "1 项没有确认" in page.text


def test_the_inbox_is_for_labs_and_shows_only_their_own(app_world: tuple[Flask, World]) -> None:
    app, world = app_world
    world.lab("other")
    booking = world.engineer("甲公司").requests(at(5))
    assert Visitor(app, world.engineer("甲公司")).get("/inbox").status == 404
    stranger = Visitor(app, world.lab_admin("other"))
    assert booking.code not in stranger.get("/inbox").html
    stranger.post("/inbox", chosen=[f"{booking.id}:1"])
    assert state(booking) is State.REQUESTED


def test_a_decline_needs_its_reason_and_keeps_the_page(app_world: tuple[Flask, World]) -> None:
    app, world = app_world
    booking = world.engineer("甲公司").requests(at(5))
    desk = Visitor(app, world.lab_admin("lab"))
    refused = desk.post(f"/bookings/{booking.id}/decline", version="1", reason=" ")
    assert refused.status == 422
    assert "请写明原因，对方会看到。" in refused.text
    assert desk.post(f"/bookings/{booking.id}/decline", version="1", reason="夹具不合适").status == 303
    assert state(booking) is State.DECLINED
    assert "夹具不合适" in Visitor(app, world.engineer("甲公司")).get(f"/bookings/{booking.id}").text


def test_the_day_sheet_names_code_method_and_sample_and_never_a_company(app_world: tuple[Flask, World]) -> None:
    app, world = app_world
    desk, crew = world.lab_admin("lab"), world.bench_crew("lab")
    booking = world.engineer("甲公司机密").requests(at(5), sample="BP-12", note="乙不可知")
    desk.does("confirm", booking)
    for person in (desk, crew):
        sheet = Visitor(app, person).get("/resources/chamber/day-sheet?day=2026-11-05")
        assert all(word in sheet.text for word in (booking.code, "GB TEST-2026", "BP-12", "08:30"))
        assert "甲公司机密" not in sheet.html and "乙不可知" not in sheet.html
    world.lab("other")
    for stranger in (world.engineer("甲公司机密"), world.lab_admin("other"), world.coordinator()):
        assert Visitor(app, stranger).get("/resources/chamber/day-sheet?day=2026-11-05").status == 404
    assert "这一天没有已确认的预约" in Visitor(app, desk).get("/resources/chamber/day-sheet?day=2026-11-06").text


def test_day_sheet_and_booking_name_all_that_is_taken(app_world: tuple[Flask, World]) -> None:
    app, world = app_world
    world.resource("rack", places=3)
    with transaction() as session:
        session.add(Companion(pool="chamber", test_id="t", companion_pool="rack", lab_id="lab"))
        session.get_one(Capability, ("chamber", "t")).setup_minutes = 30
        touch(session, "lab")
    desk, engineer = world.lab_admin("lab"), world.engineer("甲公司机密")
    booking = engineer.requests(at(5))
    desk.does("confirm", booking)
    for person in (engineer, desk):
        assert "环境舱 chamber、环境舱 rack 1 位" in " ".join(
            Visitor(app, person).get(f"/bookings/{booking.id}").text.split()
        )
    crew = Visitor(app, world.bench_crew("lab"))
    sheet = crew.get("/resources/rack/day-sheet?day=2026-11-05")
    assert booking.code in sheet.text
    assert "同时占用 环境舱 chamber" in sheet.text
    assert "1 位" in sheet.text
    assert "甲公司机密" not in sheet.html
    assert "准备 30 min" in crew.get("/resources/chamber/day-sheet?day=2026-11-05").text


def test_the_lab_proposes_a_move_on_the_page_and_the_company_answers(app_world: tuple[Flask, World]) -> None:
    app, world = app_world
    engineer, desk = world.engineer("甲公司"), world.lab_admin("lab")
    booking = engineer.requests(at(6))
    desk.does("confirm", booking)
    lab_page = Visitor(app, desk)
    form = lab_page.get(f"/bookings/{booking.id}/move")
    assert "提议这个时间" in form.text
    sent = {"version": form.field("version"), "starts_at": "2026-11-09T08:30", "reason": "校准延后"}
    assert lab_page.post(f"/bookings/{booking.id}/move", **sent).status == 303
    own = Visitor(app, engineer).get(f"/bookings/{booking.id}")
    assert "试验中心建议改到" in own.text and "校准延后" in own.text
    version = str(db.session.get_one(Booking, booking.id).version)
    assert Visitor(app, engineer).post(f"/bookings/{booking.id}/accept-move", version=version).status == 303
    assert db.session.get_one(Booking, booking.id).starts_at == at(9)
    assert [event.kind for event in log.history(booking.id)][-2:] == ["booking.move_proposed", "booking.moved"]


def test_a_lost_move_offers_three_times_and_keeps_the_reason(app_world: tuple[Flask, World]) -> None:
    app, world = app_world
    engineer = world.engineer("甲公司")
    booking = engineer.requests(at(6))
    world.engineer("乙公司").requests(at(9))
    sent = {"version": "1", "starts_at": "2026-11-09T08:30", "reason": "样件晚到"}
    page = Visitor(app, engineer).post(f"/bookings/{booking.id}/move", **sent)
    assert page.status == 409
    assert page.field("reason").strip() == "样件晚到"
    assert "原时段没有变" in page.text
    assert len(page.fields["choice"]) >= 3
    assert db.session.get_one(Booking, booking.id).starts_at == at(6)


def test_lists_show_ones_own_and_are_filtered_by_their_address(app_world: tuple[Flask, World]) -> None:
    app, world = app_world
    engineer = world.engineer("甲公司")
    hold, request = engineer.holds(at(5)), engineer.requests(at(6))
    rival = world.engineer("乙公司").requests(at(9))
    page = Visitor(app, engineer).get("/bookings/").text
    assert hold.code in page and request.code in page and rival.code not in page
    filtered = Visitor(app, engineer).get("/bookings/?state=held").text
    assert hold.code in filtered and request.code not in filtered
    orders = Visitor(app, engineer).get("/orders/").text
    assert request.order_line.order.code in orders and rival.order_line.order.code not in orders
    assert Visitor(app, engineer).get(f"/orders/{rival.order_line.order_id}").status == 404
    assert Visitor(app, engineer).get(f"/bookings/{rival.id}").status == 404
