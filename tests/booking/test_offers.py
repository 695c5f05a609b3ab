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
    assert [offer.starts_at for offer in found] == [at(4, 17, 0), at(5, 10, 0), at(6)]


def only_open(world: World, day: int) -> None:
    """The rig is closed but for one day of the bookable time."""
    desk = world.lab_admin("lab")
    for first, last in ((at(2, 0, 0), at(day, 0, 0)), (at(day + 1, 0, 0), at(1, 0, 0, month=7, year=2027))):
        for unit in (1, 2, 3):
            closures.close(desk.viewer, CloseResource(f"rig-{unit}", first, last, ClosureKind.BREAKDOWN), world.now)


def test_where_one_day_alone_is_free_the_nearest_are_of_that_day(world: World) -> None:
    world.resource("chamber", "lab")
    for unit in (1, 2, 3):
        world.resource(f"rig-{unit}", pool="rig")
    world.test("t", on="rig", run=480)
    only_open(world, 5)
    found = offers.nearest("t", at(5, 9, 0), world.now, limits(), "lab")
    assert [offer.starts_at for offer in found] == [at(5, 8, 30), at(5, 9, 0), at(5, 9, 30)]


def test_the_lost_lab_comes_first_with_other_days_then_another_lab(world: World) -> None:
    world.bench(test="t")
    world.resource("far", "other")
    world.capable("far", "t")
    engineer = world.engineer("甲公司")
    engineer.requests(at(9))
    found = offers.nearest("t", at(9), world.now, limits(), "lab")
    assert [(offer.slot.bench.lab_id, offer.starts_at) for offer in found] == [
        ("lab", at(9, 12, 30)),
        ("lab", at(10)),
        ("lab", at(11)),
    ]


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
