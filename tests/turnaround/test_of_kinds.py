"""What more capacity would have brought by kind of bench: what coordinators are told of all labs, and what not."""

import pytest
import time_machine
from flask import Flask

from app.booking.offers import Question, offers
from app.booking.settings import limits
from app.database import db
from app.turnaround.bottlenecks import of_kinds
from app.turnaround.bottlenecks.models import BenchWhatIf
from app.turnaround.bottlenecks.what_if import Change, what_if
from tests.http import browser
from tests.world import World, at

AFTER = at(1, 9, 0, month=12)
COMPANIES = ("甲公司", "乙公司", "丙公司")


def asked(world: World, companies: int) -> None:
    """Four long tests at one lab and three at another, each at the earliest time."""
    world.bench(unattended=True)
    world.resource("rig", "other", unattended=True, shifts="continuous")
    world.test("long", run=15 * 60)
    world.test("longer", run=20 * 60, on="rig")
    world.now = at(2, 8, 0)
    for test, count, bench in (("long", 4, "chamber"), ("longer", 3, "rig")):
        for number in range(count):
            (first, *_rest) = offers(Question(test), world.now, limits())
            world.engineer(COMPANIES[number % companies]).requests(first.starts_at, bench, test)


def test_a_kind_has_the_mean_over_the_lines_of_all_labs_that_have_it(world: World) -> None:
    asked(world, 3)
    one, other = what_if("lab", "chamber", 3, AFTER), what_if("other", "rig", 3, AFTER)
    assert one and other and other.of(Change.SHIFT) is None
    assert of_kinds.newest() is None
    assert of_kinds.reckon(AFTER) == 1
    told = of_kinds.newest()
    (kind,) = told.kinds
    assert (told.made_at, told.months) == (AFTER, ["2026-09", "2026-10", "2026-11"])
    assert (kind.labs, kind.lines, kind.same, kind.is_faithful) == (2, 7, 7, True)
    bench = one.of(Change.BENCH), other.of(Change.BENCH)
    assert kind.gains[Change.BENCH].sooner == pytest.approx((4 * bench[0].sooner + 3 * bench[1].sooner) / 7, abs=0.006)
    assert kind.gains[Change.BENCH].earlier == round(100 * (bench[0].earlier + bench[1].earlier) / 7) > 0
    # Where they work day and night nothing changes with a shift.
    shift = one.of(Change.SHIFT).sooner
    assert shift > 0 and kind.gains[Change.SHIFT].sooner == pytest.approx(4 * shift / 7, abs=0.006)
    assert of_kinds.reckon(AFTER) == 0


def test_of_too_few_companies_nothing_is_kept(world: World) -> None:
    asked(world, 2)
    assert of_kinds.reckon(AFTER) == 1
    assert of_kinds.newest().kinds == [] and db.session.query(BenchWhatIf).one().result["kinds"] == []


def test_two_jobs_keep_one_result(world: World, twice_at_once) -> None:
    asked(world, 3)
    db.session.remove()

    twice_at_once(lambda: of_kinds.reckon(AFTER))
    assert db.session.query(BenchWhatIf).count() == 1


def test_coordinators_read_it_and_labs_have_their_own(world: World, clean: Flask) -> None:
    asked(world, 3)
    coordinator, desk = world.coordinator(), world.lab_admin("lab")
    with time_machine.travel(AFTER, tick=False):
        before = browser(clean, coordinator).get("/turnaround/bottlenecks").text
        assert "还没有算过" in before
        of_kinds.reckon(AFTER)
        page = browser(clean, coordinator).get("/turnaround/bottlenecks").text
        assert "假如每家多一个班次或台架" in page and "2026-09 到 2026-11 的申请" in page
        assert not any(name in page for name in (*COMPANIES, "chamber", "rig"))
        assert "假如每家" not in browser(clean, desk).get("/turnaround/bottlenecks").text
