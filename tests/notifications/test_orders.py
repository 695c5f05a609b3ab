"""An order of several lines is told as one thing; its samples and runs as they go."""

from datetime import timedelta

from app.booking import ordering
from app.booking.delaying import Delay, announce_delay
from app.booking.models import Booking
from app.booking.ordering import OrderStep
from app.database import db
from app.orders import amending, reviewing, stops
from app.orders import service as orders
from app.orders.amending import Answer, Propose
from app.orders.models import Order, StopCause
from app.orders.reviewing import Review
from app.orders.rules import CHECKLIST
from app.orders.service import NewLine, NewOrder
from app.orders.stops import Stop
from app.samples import service as samples
from app.samples.rules import SampleKind
from app.samples.service import Dispatch, Identity, Receive, Register
from app.testing import runs
from app.testing.run_rules import Result
from app.testing.runs import Finish, Retest
from tests.world import World


def test_from_submission_to_a_failed_run(world: World, told) -> None:
    world.bench()
    world.test("u")
    engineer, desk = world.engineer("甲公司"), world.lab_admin("lab")
    lines = tuple(NewLine(test, "样车 1") for test in ("t", "u"))
    order = orders.create(engineer.viewer, NewOrder("lab", lines), world.now).id
    identity = Identity(name="样车 1", kind=SampleKind.VEHICLE, vin="1M8GDM9AXKP042788")
    car = samples.register(engineer.viewer, Register(order, identity), world.now)

    def version() -> int:
        return db.session.get_one(Order, order).version

    held = ordering.hold_all(engineer.viewer, OrderStep(order, version()), world.now)
    assert told(desk) == []
    ordering.submit(engineer.viewer, OrderStep(order, version()), world.now)
    code = db.session.get_one(Order, order).code
    # One notice of two lines and their bookings.
    assert told(desk) == [f"甲公司提交了委托单 {code}，请评审。"]
    reviewing.return_order(desk.viewer, Review(order, version(), comment="缺电压平台"), world.now)
    assert told(engineer) == [f"试验中心退回了委托单 {code}，请答复其中的问题。"]
    ordering.submit(engineer.viewer, OrderStep(order, version()), world.now)
    assert f"甲公司答复了委托单 {code} 的问题，请继续评审。" in told(desk)
    reviewing.accept_order(desk.viewer, Review(order, version(), dict.fromkeys(CHECKLIST, True)), world.now)
    assert f"试验中心受理了委托单 {code}。" in told(engineer)
    assert not any("缺电压平台" in text for text in told(engineer))

    car = samples.dispatch(engineer.viewer, Dispatch(car.id, car.version, "", "顺丰", "SF1"), world.now)
    assert f"甲公司发出了样品 {car.code}（样车 1），请准备收样。" in told(desk)
    world.now += timedelta(hours=1)
    car = samples.receive(desk.viewer, Receive(car.id, car.version, "完好"), world.now)
    assert f"试验中心收到了样品 {car.code}（样车 1）。" in told(engineer)

    booking = min((db.session.get_one(Booking, each.id) for each in held), key=lambda each: each.starts_at)
    desk.does("confirm", booking)
    world.now = booking.starts_at
    desk.does("start", booking)
    late = booking.ends_at + timedelta(hours=2)
    announce_delay(desk.viewer, Delay(booking.id, booking.version, "台架故障", until=late), world.now)
    assert any("要晚结束" in text for text in told(engineer))
    world.now += timedelta(hours=4)
    runs.finish(desk.viewer, Finish(booking.id, booking.version, "裂纹", result=Result.FAILED), world.now)
    assert any(f"试验 {booking.code} 不合格" in text for text in told(engineer))
    # Off the bench the car is where it was received: that is no news.
    assert sum("收到了样品" in text for text in told(engineer)) == 1
    runs.retest(engineer.viewer, Retest(order, booking.order_line_id, version()), world.now)
    assert any("要求一次复测" in text for text in told(desk))
    stops.stop(desk.viewer, Stop(order, version(), StopCause.PAYMENT), world.now)
    assert any("在等您付款" in text for text in told(engineer))
    assert told(world.engineer("乙公司")) == []


def test_who_did_not_propose_an_amendment_hears_of_it(world: World, told) -> None:
    world.bench()
    engineer, desk = world.engineer("甲公司"), world.lab_admin("lab")
    order = orders.create(engineer.viewer, NewOrder("lab", (NewLine("t", "样车 1", True),)), world.now).id

    def version() -> int:
        return db.session.get_one(Order, order).version

    ordering.submit(engineer.viewer, OrderStep(order, version()), world.now)
    reviewing.accept_order(desk.viewer, Review(order, version(), dict.fromkeys(CHECKLIST, True)), world.now)
    code = db.session.get_one(Order, order).code
    made = amending.propose(
        engineer.viewer, Propose(order, version(), "法规变了", {"decision_rule": "加严"}), world.now
    )
    assert f"甲公司建议修改委托单 {code}，请答复。" in told(desk)
    amending.refuse(desk.viewer, Answer(order, made.number, version(), "做不到"), world.now)
    assert f"试验中心没有同意委托单 {code} 的修改。" in told(engineer)
    assert not any("修改" in text for text in told(desk) if "建议" not in text)
