"""The soonest offers, near and far."""

from datetime import timedelta

from app.booking import closures, offers
from app.booking.closures import CloseResource
from app.booking.models import ClosureKind
from app.booking.offers import Question
from app.booking.settings import limits
from tests.world import World, at


def test_units_of_a_pool_at_one_time_are_one_of_the_nearest_offers(world: World) -> None:
    world.bench("other")
    for unit in (1, 2, 3):
        world.resource(f"rig-{unit}", pool="rig")
    world.test("t", on="rig")
    found = offers.nearest("t", at(5, 10, 0), world.now, limits(), "lab")
    assert [offer.starts_at for offer in found] == [at(5, 9, 30), at(5, 10, 0), at(5, 10, 30)]
    # Another pool at the same time is another choice.
    world.capable("chamber", "t")
    found = offers.nearest("t", at(5, 10, 0), world.now, limits(), "lab")
    same_time = [offer.slot.bench.pool for offer in found if offer.starts_at == at(5, 10, 0)]
    assert sorted(same_time) == ["chamber", "rig"]


def test_what_the_next_weeks_do_not_answer_is_looked_for_behind_them(world: World) -> None:
    world.bench()
    desk = world.lab_admin("lab")
    soon = offers.offers(Question("t"), world.now, limits(), 40)
    assert soon[0].starts_at == at(3, 9, 0)
    # Over the border of what is read first, and a free place close behind it.
    back = at(14, 8, 30, month=12)
    closures.close(desk.viewer, CloseResource("chamber", at(3, 0, 0), back, ClosureKind.BREAKDOWN), world.now)
    assert soon[-1].starts_at < world.now + offers.NEAR < back
    found = offers.offers(Question("t"), world.now, limits(), 3)
    assert [offer.starts_at for offer in found] == [back + step * timedelta(minutes=30) for step in range(3)]
