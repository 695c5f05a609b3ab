"""The table of states: who may do what when, and what each step frees."""

from datetime import timedelta

import pytest

from app.booking import lapsing, rules
from app.booking.models import Booking, Occupancy
from app.booking.rules import State
from app.database import db
from app.errors import Forbidden, NotFound
from app.events import log
from app.orders.models import OrderLine, OrderState
from tests.world import World, at


def occupied() -> int:
    return db.session.query(Occupancy).count()


def kinds(booking: Booking) -> list[str]:
    return [event.kind for event in log.history(booking.id)]


def test_the_whole_line_from_hold_to_completed(world: World) -> None:
    world.bench()
    engineer, lab = world.engineer("甲公司"), world.lab_admin("lab")
    booking = engineer.holds(at(5), sample="BP-12")
    assert booking.state is State.HELD
    assert booking.hold_expires_at == world.now + timedelta(minutes=120)
    assert (booking.starts_at, booking.ends_at) == (at(5, 8, 30), at(5, 12, 30))
    engineer.does("request", booking)
    world.now += timedelta(hours=3)
    lab.does("confirm", booking)
    world.now = at(5, 8, 30)
    lab.does("start", booking)
    world.now = at(5, 11, 0)
    lab.does("complete", booking)
    line = db.session.get(OrderLine, booking.order_line_id)
    assert booking.state is State.COMPLETED
    assert line.order.state is OrderState.REPORTING
    assert line.accepted_at - line.submitted_at == timedelta(hours=3)
    assert (line.taken_at, line.ended_at) == (at(5, 8, 30), at(5, 11, 0))
    assert kinds(booking) == [f"booking.{s}" for s in ("held", "requested", "confirmed", "running", "completed")]


def test_an_early_end_frees_the_rest(world: World) -> None:
    world.bench()
    engineer, lab = world.engineer("甲公司"), world.lab_admin("lab")
    booking = engineer.requests(at(5))
    lab.does("confirm", booking)
    world.now = at(5, 8, 30)
    lab.does("start", booking)
    world.now = at(5, 9, 30)
    lab.does("complete", booking)
    assert db.session.query(Occupancy).one().ends_at == at(5, 9, 30)


@pytest.mark.parametrize("step", ["confirm", "decline", "start", "complete", "no-show"])
def test_a_company_cannot_decide_for_the_lab(world: World, step: str) -> None:
    world.bench()
    booking = world.engineer("甲公司").requests(at(5))
    engineer = world.engineer("甲公司")
    with pytest.raises(Forbidden):
        engineer.does(step, booking, "理由")


@pytest.mark.parametrize("step", ["request", "confirm", "cancel"])
def test_a_rival_and_another_lab_find_nothing(world: World, step: str) -> None:
    world.bench()
    world.lab("other")
    booking = world.engineer("甲公司").holds(at(5))
    for stranger in (world.engineer("乙公司"), world.lab_admin("other"), world.coordinator()):
        with pytest.raises(NotFound):
            stranger.does(step, booking, "理由")


def test_a_stale_edit_is_refused(world: World) -> None:
    world.bench()
    engineer, lab = world.engineer("甲公司"), world.lab_admin("lab")
    booking = engineer.requests(at(5))
    seen = booking.version
    lab.does("confirm", booking)
    with pytest.raises(rules.Stale):
        engineer.does("cancel", type("Seen", (), {"id": booking.id, "version": seen})())


def test_declining_needs_a_reason_and_frees_the_time(world: World) -> None:
    world.bench()
    engineer, lab = world.engineer("甲公司"), world.lab_admin("lab")
    booking = engineer.requests(at(5))
    with pytest.raises(rules.ReasonMissing):
        lab.does("decline", booking, "  ")
    lab.does("decline", booking, "夹具不合适")
    assert occupied() == 0
    assert booking.order_line.order.state is OrderState.REJECTED
    assert log.history(booking.id)[-1].data["reason"] == "夹具不合适"


def test_a_company_cancels_until_the_deadline_only(world: World) -> None:
    world.bench()
    engineer, lab = world.engineer("甲公司"), world.lab_admin("lab")
    booking = engineer.requests(at(5))
    lab.does("confirm", booking)
    world.now = at(4, 8, 30)
    with pytest.raises(rules.TooLateToCancel):
        engineer.does("cancel", booking)
    lab.does("cancel", booking, "与贵司商定")
    assert booking.state is State.CANCELLED
    assert occupied() == 0


def test_a_lapsed_hold_blocks_nobody_even_without_the_job(world: World) -> None:
    world.bench()
    first, second = world.engineer("甲公司"), world.engineer("乙公司")
    lapsed = first.holds(at(5))
    world.now += timedelta(minutes=121)
    assert second.availability().busy == []
    taken = second.requests(at(5))
    db.session.refresh(lapsed)
    assert (lapsed.state, taken.state) == (State.EXPIRED, State.REQUESTED)
    assert kinds(lapsed)[-1] == "booking.expired"
    with pytest.raises(rules.Stale):
        first.does("request", type("Seen", (), {"id": lapsed.id, "version": 1})())


def test_the_job_lapses_holds_and_requests_whose_start_passed(world: World) -> None:
    world.bench()
    engineer = world.engineer("甲公司")
    hold, request = engineer.holds(at(5)), engineer.requests(at(4))
    world.now = at(4, 8, 30)
    assert lapsing.lapse_all(world.now) == 2
    assert {hold.state, request.state} == {State.EXPIRED}
    assert occupied() == 0
    assert lapsing.lapse_all(world.now) == 0


def test_at_most_five_holds_and_the_same_window_not_again(world: World) -> None:
    world.bench(places=9)
    engineer = world.engineer("甲公司")
    holds = [engineer.holds(at(5)) for _ in range(5)]
    with pytest.raises(rules.TooManyHolds):
        world.engineer("甲公司").holds(at(6))
    engineer.does("cancel", holds[0])
    with pytest.raises(rules.HeldBefore):
        engineer.holds(at(5))
    engineer.requests(at(5))
    world.engineer("乙公司").holds(at(5))
    world.now += timedelta(minutes=121)
    lapsing.lapse_all(world.now)
    with pytest.raises(rules.HeldBefore):
        engineer.holds(at(5))
    world.now += timedelta(minutes=121)
    engineer.holds(at(5))


def test_no_show_frees_the_time_but_only_from_the_start_on(world: World) -> None:
    world.bench()
    lab = world.lab_admin("lab")
    booking = world.engineer("甲公司").requests(at(5))
    lab.does("confirm", booking)
    with pytest.raises(rules.NotYet):
        lab.does("no-show", booking)
    world.now = at(5, 9, 0)
    lab.does("no-show", booking)
    assert occupied() == 0


def test_an_early_start_uses_the_bench_from_now_if_it_is_free(world: World) -> None:
    world.bench()
    lab = world.lab_admin("lab")
    booking = world.engineer("甲公司").requests(at(5))
    lab.does("confirm", booking)
    other = world.engineer("乙公司").requests(at(4, 13, 0))
    lab.does("confirm", other)
    world.now = at(4, 10, 0)
    with pytest.raises(rules.SlotTaken):
        lab.does("start", booking)
    world.now = at(4, 8, 30)
    lab.does("start", booking)
    assert (booking.starts_at, booking.ends_at) == (at(4, 8, 30), at(4, 12, 30))
    assert log.history(booking.id)[-1].data == {"booked_for": at(5).isoformat()}


def test_wrong_steps_are_refused_and_change_nothing(world: World) -> None:
    world.bench()
    engineer, lab = world.engineer("甲公司"), world.lab_admin("lab")
    booking = engineer.holds(at(5))
    for step in ("confirm", "decline", "start", "complete", "no-show"):
        with pytest.raises(rules.WrongState):
            lab.does(step, booking, "理由")
    assert (booking.state, booking.version) == (State.HELD, 1)
