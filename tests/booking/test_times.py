"""Which times are accepted: working time, grain, notice, horizon, places, pools, closures."""

from datetime import timedelta

import pytest

from app.booking import rules
from app.booking.rules import State
from app.booking.settings import limits
from app.errors import NotFound
from app.worktime import Interval
from tests.world import World, at


@pytest.mark.parametrize(
    ("start", "refusal"),
    [
        (at(2, 8, 30), rules.InThePast),
        (at(2, 10, 0), rules.TooSoon),
        (at(7, 8, 30), rules.OutsideWorkingTime),
        (at(5, 7, 0), rules.OutsideWorkingTime),
        (at(5, 8, 45), rules.OffGrain),
        (at(10, 8, 30, month=5, year=2027), rules.TooFarAhead),
    ],
)
def test_a_time_that_cannot_be_booked_says_why(world: World, start, refusal) -> None:
    world.bench()
    with pytest.raises(refusal):
        world.engineer("甲公司").requests(start)


def test_adjacent_bookings_share_an_instant_and_nothing_else(world: World) -> None:
    world.bench()
    first, second = world.engineer("甲公司"), world.engineer("乙公司")
    first.requests(at(5, 8, 30))
    second.requests(at(5, 12, 30))
    with pytest.raises(rules.SlotTaken):
        second.requests(at(5, 12, 0))


def test_two_places_hold_two_and_the_lowest_is_taken_first(world: World) -> None:
    world.bench(places=2)
    rivals = [world.engineer(name) for name in ("甲公司", "乙公司", "丙公司")]
    assert [rivals[n].requests(at(5)).place for n in (0, 1)] == [1, 2]
    with pytest.raises(rules.SlotTaken):
        rivals[2].requests(at(5))


def test_others_see_a_shared_bench_busy_only_when_no_place_is_left(world: World) -> None:
    world.bench(places=2)
    engineer = world.engineer("甲公司")
    engineer.requests(at(5, 8, 30))
    assert world.engineer("乙公司").availability().busy == []
    engineer.requests(at(5, 10, 30))
    assert world.engineer("乙公司").availability().busy == [Interval(at(5, 10, 30), at(5, 12, 30))]


def test_a_pool_gives_any_free_unit(world: World) -> None:
    for unit in ("rig-1", "rig-2"):
        world.resource(unit, pool="rig")
    world.test(on="rig")
    engineer = world.engineer("甲公司")
    assert [engineer.requests(at(5), resource="rig").resource_id for _ in range(2)] == ["rig-1", "rig-2"]
    with pytest.raises(rules.SlotTaken):
        engineer.requests(at(5), resource="rig")


def test_only_capable_benches_and_known_ones(world: World) -> None:
    world.bench()
    world.resource("road")
    with pytest.raises(rules.NotCapable):
        world.engineer("甲公司").requests(at(5), resource="road")
    with pytest.raises(NotFound):
        world.engineer("甲公司").requests(at(5), resource="nowhere")


def test_the_loser_gets_the_nearest_offer_of_each_of_the_three_nearest_days(world: World) -> None:
    world.bench()
    world.engineer("甲公司").requests(at(5, 9, 0))
    with pytest.raises(rules.SlotTaken) as refused:
        world.engineer("乙公司").holds(at(5, 10, 0))
    starts = [offer.starts_at for offer in refused.value.offers]
    assert starts == [at(4, 13, 30), at(5, 13, 0), at(6, 8, 30)]
    assert all(rules.bookable_span(world.now, limits()).contains(start) for start in starts)


def test_the_same_request_twice_is_one_booking(world: World) -> None:
    world.bench()
    engineer = world.engineer("甲公司")
    first = engineer.requests(at(5), idempotency_key="k")
    assert engineer.requests(at(5), idempotency_key="k").id == first.id
    with pytest.raises(rules.IdempotencyMismatch):
        engineer.requests(at(6), idempotency_key="k")
    assert world.engineer("乙公司").requests(at(6), idempotency_key="k").state is State.REQUESTED


def test_free_lies_inside_working_notice_and_horizon_and_never_meets_busy(world: World) -> None:
    world.bench()
    world.engineer("甲公司").requests(at(5, 10, 0))
    seen = world.engineer("乙公司").availability(days=200)
    assert not any(gap.overlaps(busy) for gap in seen.free for busy in seen.busy)
    assert min(gap.start for gap in seen.free) >= world.now + timedelta(days=1)
    assert max(gap.end for gap in seen.free) <= world.now + timedelta(days=180)
