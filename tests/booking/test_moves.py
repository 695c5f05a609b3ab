"""Moving: the company asks again, the lab proposes; a failed move leaves the old slot."""

from datetime import datetime, timedelta

import pytest

from app.booking import closures, lapsing, ordering, rules
from app.booking.closures import CloseResource
from app.booking.models import Booking, ClosureKind, Occupancy
from app.booking.ordering import OrderStep
from app.booking.rules import State
from app.capacity.approving import service as approving
from app.capacity.approving.service import Step
from app.database import db
from app.errors import Forbidden
from app.orders import service as orders
from app.orders.service import NewLine, NewOrder
from app.samples import service as samples
from app.samples.rules import SampleAtOtherLab, SampleKind
from app.samples.service import Dispatch, Identity, Receive, Register
from app.worktime import Interval, merge
from tests.world import World, at


def spans() -> list[Interval]:
    rows = db.session.query(Occupancy).order_by(Occupancy.starts_at)
    return [Interval(row.starts_at, row.ends_at) for row in rows]


def test_the_company_moves_a_confirmed_booking_and_waits_again(world: World) -> None:
    world.bench()
    engineer, lab = world.engineer("甲公司"), world.lab_admin("lab")
    booking = engineer.requests(at(6))
    lab.does("confirm", booking)
    engineer.moves(booking, at(9))
    assert (booking.state, booking.starts_at) == (State.REQUESTED, at(9))
    assert booking.order_line.accepted_at is None
    assert spans() == [Interval(at(9, 8, 30), at(9, 12, 30))]


def test_a_move_by_less_than_its_length_overlaps_only_itself(world: World) -> None:
    world.bench()
    engineer = world.engineer("甲公司")
    booking = engineer.requests(at(6))
    engineer.moves(booking, at(6, 9, 30))
    assert spans() == [Interval(at(6, 9, 30), at(6, 13, 30))]


def test_a_failed_move_keeps_the_old_slot_and_names_three_offers(world: World) -> None:
    world.bench()
    engineer = world.engineer("甲公司")
    booking = engineer.requests(at(6))
    world.engineer("乙公司").requests(at(9))
    with pytest.raises(rules.SlotTaken) as refused:
        engineer.moves(booking, at(9))
    assert [offer.starts_at for offer in refused.value.offers] == [at(9, 12, 30), at(10), at(11)]
    db.session.refresh(booking)
    assert (booking.starts_at, booking.version) == (at(6), 1)


def test_the_lab_proposes_and_the_old_slot_is_kept_until_the_company_agrees(world: World) -> None:
    world.bench()
    engineer, lab = world.engineer("甲公司"), world.lab_admin("lab")
    booking = engineer.requests(at(6))
    lab.does("confirm", booking)
    with pytest.raises(rules.ReasonMissing):
        lab.moves(booking, at(9))
    lab.moves(booking, at(9), "校准延后")
    assert (booking.state, booking.starts_at) == (State.CONFIRMED, at(6))
    assert len(spans()) == 2
    with pytest.raises(rules.SlotTaken):
        world.engineer("乙公司").requests(at(9))
    engineer.does("accept-move", booking)
    assert (booking.state, booking.starts_at) == (State.CONFIRMED, at(9))
    assert spans() == [Interval(at(9, 8, 30), at(9, 12, 30))]


def test_a_proposal_that_overlaps_the_old_slot_takes_only_the_difference(world: World) -> None:
    world.bench()
    engineer, lab = world.engineer("甲公司"), world.lab_admin("lab")
    booking = engineer.requests(at(6))
    lab.moves(booking, at(6, 9, 30), "前一项要收尾")
    assert spans() == [Interval(at(6, 8, 30), at(6, 12, 30)), Interval(at(6, 12, 30), at(6, 13, 30))]
    engineer.does("refuse-move", booking)
    assert spans() == [Interval(at(6, 8, 30), at(6, 12, 30))]


def test_nobody_answers_and_the_proposal_lapses(world: World) -> None:
    world.bench()
    engineer, lab = world.engineer("甲公司"), world.lab_admin("lab")
    booking = engineer.requests(at(12))
    lab.moves(booking, at(13), "校准")
    world.now += timedelta(hours=73)
    world.engineer("乙公司").holds(at(13))
    db.session.refresh(booking)
    assert booking.proposal is None
    lapsing.lapse_all(world.now)
    assert (booking.state, booking.starts_at) == (State.REQUESTED, at(12))
    with pytest.raises(rules.WrongState):
        engineer.does("accept-move", booking)


def test_moving_to_another_lab_moves_the_order_along(world: World) -> None:
    world.bench()
    world.resource("chamber-2", "lab-2")
    world.capable("chamber-2", "t")
    engineer = world.engineer("甲公司")
    booking = engineer.requests(at(6))
    engineer.moves(booking, at(6), resource="chamber-2")
    assert (booking.lab_id, booking.order_line.lab_id, booking.order_line.order.lab_id) == ("lab-2",) * 3


def test_an_operator_proposes_a_bench_of_another_of_its_labs(world: World) -> None:
    world.bench()
    world.resource("chamber-2", "lab-2")
    world.capable("chamber-2", "t")
    engineer, desk = world.engineer("甲公司"), world.lab_admin("lab", "lab-2")
    booking = engineer.requests(at(6))
    desk.moves(booking, at(6), "那边的台架空着", resource="chamber-2")
    engineer.does("accept-move", booking)
    assert (booking.resource_id, booking.lab_id, booking.order_line.order.lab_id) == ("chamber-2", "lab-2", "lab-2")
    assert world.lab_admin("lab-2").sees(booking) is booking


def test_a_lab_cannot_propose_a_bench_of_another_lab(world: World) -> None:
    world.bench()
    world.resource("chamber-2", "lab-2")
    world.capable("chamber-2", "t")
    booking = world.engineer("甲公司").requests(at(6))
    with pytest.raises(Forbidden):
        world.lab_admin("lab").moves(booking, at(6), "台架更合适", resource="chamber-2")


@pytest.mark.parametrize("start", [at(5, 10, 30), at(9)])
def test_a_hold_that_has_lapsed_is_not_moved(world: World, start: datetime) -> None:
    """Also over its own old time, where it would have kept the bench for ever."""
    world.bench()
    engineer = world.engineer("甲公司")
    hold = engineer.holds(at(5))
    world.now += timedelta(minutes=121)
    with pytest.raises(rules.WrongState) as refused:
        engineer.moves(hold, start)
    assert refused.value.facts["state"] is State.EXPIRED
    assert lapsing.lapse_all(world.now) == 1
    assert hold.state is State.EXPIRED and spans() == []


def test_a_request_whose_start_has_passed_is_not_moved(world: World) -> None:
    world.bench()
    engineer, lab = world.engineer("甲公司"), world.lab_admin("lab")
    booking = engineer.requests(at(5))
    world.now = at(5)
    for person in (engineer, lab):
        with pytest.raises(rules.WrongState):
            person.moves(booking, at(9), "换时间")


def test_a_time_that_was_proposed_inside_a_closure_is_closed_when_nobody_takes_it(world: World) -> None:
    world.bench()
    engineer, lab = world.engineer("甲公司"), world.lab_admin("lab")
    booking = lab.does("confirm", engineer.requests(at(5)))
    lab.moves(booking, at(6), "校准延后")
    whole_day = CloseResource("chamber", at(6, 0, 0), at(7, 0, 0), ClosureKind.MAINTENANCE, around=True)
    closures.close(lab.viewer, whole_day, world.now)
    engineer.does("refuse-move", booking)
    with pytest.raises(rules.SlotTaken):
        engineer.requests(at(6))
    closed = [Interval(row.starts_at, row.ends_at) for row in db.session.query(Occupancy).filter_by(booking_id=None)]
    assert merge(closed) == [Interval(at(6, 0, 0), at(7, 0, 0))]


def test_at_another_lab_nothing_waits_for_the_one_before(world: World) -> None:
    """Neither for its approvals, nor with a sample that it alone could take in."""
    world.bench()
    world.resource("elsewhere", lab="other")
    world.capable("elsewhere", "t")
    engineer, lab, other = world.engineer("甲公司"), world.lab_admin("lab"), world.lab_admin("other")
    approving.set_steps(lab.viewer, "lab", [Step("技术", lab.viewer.user_id or "", None, 9)], world.now)
    booking = engineer.requests(at(5), sample="BP-12")
    identity = Identity("BP-12", SampleKind.BATTERY)
    sample = samples.register(engineer.viewer, Register(booking.order_line.order_id, identity), world.now)
    engineer.moves(booking, at(6), resource="elsewhere")
    assert other.does("confirm", booking).state is State.CONFIRMED
    sent = Dispatch(sample.id, sample.version, carrier="顺丰", waybill="SF-1", transport_paper="UN38.3")
    samples.dispatch(engineer.viewer, sent, world.now)
    with pytest.raises(SampleAtOtherLab):
        engineer.moves(booking, at(9), resource="chamber")
    assert samples.receive(other.viewer, Receive(sample.id, sample.version), world.now).in_house


def test_what_a_lab_is_offered_instead_is_its_own(world: World) -> None:
    """Another lab may keep a day for the company alone, which is none of its business."""
    world.bench()
    world.resource("elsewhere", lab="other")
    world.capable("elsewhere", "t")
    engineer, lab = world.engineer("甲公司"), world.lab_admin("lab")
    booking = engineer.requests(at(6))
    world.engineer("乙公司").requests(at(9), resource="chamber")
    with pytest.raises(rules.SlotTaken) as refused:
        lab.moves(booking, at(9), "校准延后")
    assert len(refused.value.offers) == 3
    assert {offer.slot.bench.lab_id for offer in refused.value.offers} == {"lab"}


def test_a_time_that_a_lab_proposes_is_not_taken_where_the_sample_is_elsewhere_then(world: World) -> None:
    world.bench()
    world.resource("second")
    world.test("u", on="second")
    company, desk = world.engineer("甲公司"), world.lab_admin("lab")
    order = orders.create(company.viewer, NewOrder("lab", (NewLine("t", "BP-12"), NewLine("u", "BP-12"))), world.now)
    first, other = ordering.hold_all(company.viewer, OrderStep(order.id, order.version), world.now)
    ordering.submit(company.viewer, OrderStep(order.id, order.version), world.now)
    before = first.starts_at
    desk.moves(first, other.starts_at, "检修")
    with pytest.raises(rules.SampleBusy):
        company.does("accept-move", first)
    assert db.session.get_one(Booking, first.id).starts_at == before
