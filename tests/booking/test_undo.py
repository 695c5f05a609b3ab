"""A lab takes back what it just did, as long as nobody has answered."""

from datetime import timedelta

import pytest
import time_machine
from flask import Flask

from app.booking import closures, moves, ordering, rules, undoing
from app.booking.closures import CloseResource
from app.booking.models import Booking, ClosureKind, Occupancy
from app.booking.moves import Move
from app.booking.ordering import OrderStep
from app.booking.rules import State
from app.booking.steps import Change
from app.database import db
from app.events import log
from app.orders import service as orders
from app.orders.models import OrderState
from app.orders.service import NewLine, NewOrder
from tests.http import browser
from tests.visitor import Seen
from tests.world import Person, World, at


@pytest.fixture
def app_world(world: World, clean: Flask) -> tuple[Flask, World]:
    world.bench()
    return clean, world


def takes_back(desk: Person, booking: Booking, version: int | None = None) -> Booking:
    return undoing.undo(desk.viewer, Change(booking.id, version or booking.version), desk.world.now)


def taken(booking: Booking) -> int:
    return db.session.query(Occupancy).filter_by(booking_id=booking.id).count()


def test_a_proposed_move_is_withdrawn_and_the_old_time_stays(world: World) -> None:
    world.bench()
    engineer, desk = world.engineer("甲公司"), world.lab_admin("lab")
    booking = engineer.requests(at(6))
    desk.does("confirm", booking)
    desk.moves(booking, at(9), "校准延后")
    takes_back(desk, booking)
    assert (booking.proposal, booking.starts_at, booking.state, taken(booking)) == (None, at(6), State.CONFIRMED, 1)
    assert [event.kind for event in log.history(booking.id)][-2:] == ["booking.move_proposed", "booking.undone"]
    with pytest.raises(rules.AnsweredSince):
        takes_back(desk, booking)


@pytest.mark.parametrize(
    ("step", "confirmed", "state", "order"),
    [
        ("confirm", False, State.REQUESTED, OrderState.SUBMITTED),
        ("decline", False, State.REQUESTED, OrderState.SUBMITTED),
        ("cancel", True, State.CONFIRMED, OrderState.ACCEPTED),
    ],
)
def test_a_decision_is_taken_back(world: World, step: str, confirmed: bool, state: State, order: OrderState) -> None:
    world.bench()
    desk = world.lab_admin("lab")
    booking = world.engineer("甲公司").requests(at(6))
    if confirmed:
        desk.does("confirm", booking)
    desk.does(step, booking, "样品不合")
    takes_back(desk, booking)
    assert (booking.state, booking.order_line.state, taken(booking)) == (state, order, 1)
    assert (booking.confirmed_at is None) is not confirmed


def test_nothing_is_taken_back_after_an_answer_or_ten_seconds_or_by_another(world: World) -> None:
    world.bench()
    engineer, desk = world.engineer("甲公司"), world.lab_admin("lab")
    booking = engineer.requests(at(6))
    desk.does("confirm", booking)
    desk.moves(booking, at(9), "校准延后")
    shown = booking.version
    with pytest.raises(rules.AnsweredSince):
        takes_back(world.lab_admin("lab"), booking)
    engineer.does("accept-move", booking)
    with pytest.raises(rules.AnsweredSince):
        takes_back(desk, booking, shown)
    assert booking.starts_at == at(9)
    desk.does("cancel", booking, "停电")
    world.now += timedelta(seconds=16)
    with pytest.raises(rules.TooLateToUndo):
        takes_back(desk, booking)


def test_a_time_that_somebody_took_meanwhile_is_not_given_back(world: World) -> None:
    world.bench()
    desk = world.lab_admin("lab")
    booking = world.engineer("甲公司").requests(at(6))
    desk.does("decline", booking, "样品不合")
    world.engineer("乙公司").requests(at(6))
    with pytest.raises(rules.SlotTaken):
        takes_back(desk, booking)
    db.session.refresh(booking)
    assert booking.state is State.DECLINED


def test_a_closure_is_taken_back_until_a_company_was_asked(world: World) -> None:
    world.bench()
    desk = world.lab_admin("lab")
    span = CloseResource("chamber", at(5), at(10), ClosureKind.BREAKDOWN, around=True)
    closure = closures.close(desk.viewer, span, world.now)
    assert undoing.undo_closure(desk.viewer, closure.id, world.now) == 1
    assert db.session.query(Occupancy).count() == 0
    booking = world.engineer("甲公司").requests(at(6))
    closure = closures.close(desk.viewer, span, world.now)
    asked = Move(booking.id, booking.version, "故障", starts_at=at(11), closure_id=closure.id)
    moves.move(desk.viewer, asked, world.now)
    with pytest.raises(rules.AnsweredSince):
        undoing.undo_closure(desk.viewer, closure.id, world.now)


def test_the_next_page_offers_to_undo_and_says_what_became_of_it(app_world: tuple[Flask, World]) -> None:
    app, world = app_world
    desk, booking = world.lab_admin("lab"), world.engineer("甲公司").requests(at(6))
    with time_machine.travel(world.now, tick=False):
        client = browser(app, desk)
        client.post(f"/bookings/{booking.id}/confirm", data={"version": "1"})
        page = Seen(200, "", client.get("/schedule").get_data(as_text=True))
        assert f"已确认 {booking.code}。" in page.text
        sent = {"version": page.field("version"), "next": page.field("next")}
        answer = client.post(f"/bookings/{booking.id}/undo", data=sent)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/schedule")
        assert "已撤销，恢复原状。" in client.get("/schedule").get_data(as_text=True)
        assert db.session.get_one(Booking, booking.id).state is State.REQUESTED
        client.post(f"/bookings/{booking.id}/undo", data=sent)
        assert "没有撤销" in client.get("/schedule").get_data(as_text=True)


def test_a_line_that_took_another_time_meanwhile_does_not_get_two(world: World) -> None:
    world.bench()
    engineer, desk = world.engineer("甲公司"), world.lab_admin("lab")
    order = orders.create(engineer.viewer, NewOrder("lab", (NewLine("t", "BP-12"),)), world.now)
    ordering.hold_all(engineer.viewer, OrderStep(order.id, order.version), world.now)
    ordering.submit(engineer.viewer, OrderStep(order.id, order.version), world.now)
    booking = db.session.query(Booking).one()
    desk.does("decline", booking, "样品不合")
    again = engineer.requests(at(9), order_id=order.id)
    with pytest.raises(rules.AnsweredSince):
        takes_back(desk, booking)
    engineer.does("cancel", again)
    assert takes_back(desk, booking).state is State.REQUESTED
