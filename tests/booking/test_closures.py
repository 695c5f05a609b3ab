"""Closures block like bookings and never push one aside."""

import pytest

from app.booking import closures, rules
from app.booking.closures import CloseResource
from app.booking.models import ClosureKind
from app.errors import NotFound
from app.worktime import Interval
from tests.world import Person, World, at


def closes(person: Person, start, end, resource: str = "chamber"):
    command = closures.CloseResource(resource, start, end, ClosureKind.MAINTENANCE, "更换压缩机")
    return closures.close(person.viewer, command, person.world.now)


def test_a_closed_bench_is_busy_to_companies_and_merged_with_its_neighbour(world: World) -> None:
    world.bench(places=2)
    for name in ("甲公司", "丙公司"):
        world.engineer(name).requests(at(5))
    closes(world.lab_admin("lab"), at(5, 12, 30), at(5, 15, 0))
    assert world.engineer("乙公司").availability().busy == [Interval(at(5, 8, 30), at(5, 15, 0))]
    with pytest.raises(rules.SlotTaken):
        world.engineer("乙公司").requests(at(5, 13, 0))


def test_a_closure_over_a_booking_is_refused_with_its_code(world: World) -> None:
    world.bench()
    booking = world.engineer("甲公司").requests(at(5))
    with pytest.raises(rules.ClosureHits) as refused:
        closes(world.lab_admin("lab"), at(5, 8, 0), at(5, 18, 0))
    assert refused.value.facts["codes"] == booking.code


def test_only_the_own_lab_closes_and_reopening_frees(world: World) -> None:
    world.bench()
    world.lab("other")
    with pytest.raises(NotFound):
        closes(world.lab_admin("other"), at(5, 8, 0), at(5, 18, 0))
    lab = world.lab_admin("lab")
    closure = closes(lab, at(5, 8, 0), at(5, 18, 0))
    closures.reopen(lab.viewer, closure.id, world.now)
    world.engineer("甲公司").requests(at(5))


@pytest.mark.parametrize("first_ends", [True, False])
def test_what_two_closures_close_stays_closed_when_one_ends(world: World, first_ends: bool) -> None:
    world.bench()
    lab, rival = world.lab_admin("lab"), world.engineer("甲公司")
    around = [CloseResource("chamber", at(5, 8), at(5, end), ClosureKind.OTHER, around=True) for end in (18, 13)]
    first, second = [closures.close(lab.viewer, each, world.now) for each in around]
    closures.reopen(lab.viewer, (first if first_ends else second).id, world.now)
    with pytest.raises(rules.SlotTaken):
        rival.requests(at(5))
    closures.reopen(lab.viewer, (second if first_ends else first).id, world.now)
    rival.requests(at(5))


def test_a_closure_that_ends_early_gives_back_nothing_that_another_closes(world: World) -> None:
    world.bench()
    lab = world.lab_admin("lab")
    around = [CloseResource("chamber", at(5, 8), at(5, 18), ClosureKind.OTHER, around=True) for _ in range(2)]
    first, _second = [closures.close(lab.viewer, each, world.now) for each in around]
    closures.change_end(lab.viewer, first.id, at(5, 9), False, world.now)
    with pytest.raises(rules.SlotTaken):
        world.engineer("甲公司").requests(at(5, 9))
