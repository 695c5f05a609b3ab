"""One test at several labs: one row each, which is soonest, and who can't."""

from datetime import timedelta

import pytest
from flask import Flask

from app.booking import closures
from app.booking.closures import CloseResource
from app.booking.models import ClosureKind, EarliestWeek
from app.booking.offers import best_of_each_bench
from app.booking.rules import bookable_span
from app.booking.settings import limits
from app.database import db, transaction
from app.labs import rules as kinds
from app.labs.models import Capability
from app.labs.models import Test as CatalogueTest
from app.search import queries
from app.search.comparing import Choice, Order, Outline, Reason, Unable, compare, outline
from app.search.drawing import bar_sentence, bars
from app.search.presenting import cannot, week, week_of
from app.timeline import Phase
from tests.visitor import Visitor
from tests.world import World, at


def compared(
    world: World, order: Order = Order.REPORT, labs: set[str] | None = None
) -> tuple[list[Choice], list[Unable]]:
    offers = best_of_each_bench(["t"], world.now, limits()).offers
    return compare(offers, queries.scopes("t"), order, frozenset(labs) if labs else None)


def close(world: World, resource: str, lab: str, days: int) -> None:
    """Closed from now on, long enough for no start to be left before the horizon."""
    command = CloseResource(resource, world.now, world.now + timedelta(days=days), ClosureKind.MAINTENANCE)
    closures.close(world.lab_admin(lab).viewer, command, world.now)


@pytest.fixture
def slow_and_fast(world: World) -> World:
    """Twenty hours of work: `slow` begins tomorrow and needs three day shifts, `fast` begins late and works on."""
    world.resource("slow", "lab-a", shifts="day")
    world.resource("fast", "lab-b", shifts="continuous")
    world.test(run=20 * 60, run_splits=True, on="slow", report_days=5)
    world.capable("fast", "t")
    close(world, "fast", "lab-b", days=2)
    return world


def test_soonest_report_and_soonest_bench_may_be_two_labs(slow_and_fast: World):
    by_report, _ = compared(slow_and_fast)
    assert [(row.lab.id, row.soonest_report, row.soonest_bench) for row in by_report] == [
        ("lab-b", True, False),
        ("lab-a", False, True),
    ]
    by_bench, _ = compared(slow_and_fast, Order.BENCH)
    assert [row.lab.id for row in by_bench] == ["lab-a", "lab-b"]


def test_labs_that_are_all_alike_are_not_told_apart(world: World):
    world.resource("one", "lab-a")
    world.resource("two", "lab-b")
    world.test(on="one")
    world.capable("two", "t")
    choices, unable = compared(world)
    assert [(row.soonest_report, row.soonest_bench) for row in choices] == [(False, False)] * 2
    assert unable == []


def test_one_lab_alone_is_not_praised(world: World):
    world.bench()
    ((only,), _) = compared(world)
    assert not only.soonest_report
    assert not only.soonest_bench


def test_a_lab_has_one_row_its_best_bench(world: World):
    for ident in ("one", "two", "three"):
        world.resource(ident, pool="pool")
    world.test(on="pool")
    world.engineer("甲公司").holds(at(3, 9), "one")
    ((row,), _) = compared(world)
    assert row.resource.id == "three"
    assert row.others == 2


def test_a_lab_that_is_full_to_the_horizon_says_so(world: World):
    world.bench()
    close(world, "chamber", "lab", days=200)
    choices, (row,) = compared(world)
    assert choices == []
    assert (row.lab.id, row.reason) == ("lab", Reason.NO_WINDOW)
    until = bookable_span(world.now, limits()).end
    assert cannot(row, until) == "排不上：到 2027-05-01 周六 没有空档。"


def test_one_free_bench_is_enough_for_a_lab(world: World):
    world.resource("one", pool="pool")
    world.resource("two", pool="pool")
    world.test(on="pool")
    close(world, "one", "lab", days=200)
    (row,), unable = compared(world)
    assert (row.resource.id, row.others, unable) == ("two", 0, [])


def test_a_capability_that_was_withdrawn_is_told_and_never_offered(world: World):
    world.bench()
    with transaction() as session:
        session.query(Capability).update({"retired_at": world.now})
    choices, (row,) = compared(world)
    assert choices == []
    assert row.reason is Reason.WITHDRAWN
    assert cannot(row, world.now) == "不能做：目录里已撤下这项能力。"


def test_only_the_labs_asked_for_are_compared(slow_and_fast: World):
    choices, unable = compared(slow_and_fast, labs={"lab-a"})
    assert [row.lab.id for row in choices] == ["lab-a"]
    assert unable == []


def test_a_lab_that_cannot_do_the_test_is_not_mentioned(world: World):
    world.bench()
    world.resource("other", "other-lab")
    choices, unable = compared(world)
    assert [row.lab.id for row in choices] == ["lab"]
    assert unable == []


def test_bars_stand_on_one_axis_with_the_phases_in_order(slow_and_fast: World):
    choices, _ = compared(slow_and_fast)
    drawn = bars(choices, slow_and_fast.now)
    assert drawn is not None
    assert len(drawn.rows) == len(choices)
    for row in drawn.rows:
        first = {piece.css: piece.c for piece in row}
        assert first[Phase.REVIEW] <= first[Phase.TESTING] < first[Phase.REPORTING] < first[Phase.MARGIN]
        assert all(piece.c + piece.s - 1 <= drawn.columns for piece in row)
    (a, b) = (next(piece.c for piece in row if piece.css == Phase.TESTING) for row in drawn.rows)
    assert a > b  # the soonest report begins last
    assert bars([], slow_and_fast.now) is None


def test_a_bar_is_told_in_words(slow_and_fast: World):
    choices, _ = compared(slow_and_fast, Order.BENCH)
    assert bar_sentence(choices[0]).startswith("11-03 周二 09:00 上台，11-05 周四")


def test_visitors_see_labs_by_week_and_pools_once(world: World):
    world.resource("one", "lab-a", pool="pool")
    world.resource("two", "lab-a", pool="pool")
    world.resource("three", "lab-b")
    world.test(on="pool")
    world.capable("three", "t")
    for pool, lab, of in (("pool", "lab-a", "2026-W50"), ("three", "lab-b", "2026-W46")):
        with transaction() as session:
            session.add(EarliestWeek(pool=pool, test_id="t", lab_id=lab, week=of, as_of=world.now))
    weeks, as_of = queries.earliest_weeks(["t"])
    shown = outline(queries.scopes("t"), {lab: found for (_test, lab), found in weeks.items()}, None)
    assert [(row.lab.id, row.week, [pool.resource.id for pool in row.pools]) for row in shown] == [
        ("lab-b", "2026-W46", ["three"]),
        ("lab-a", "2026-W50", ["one"]),
    ]
    assert as_of == world.now
    assert isinstance(shown[0], Outline)
    db.session.rollback()


def test_weeks_are_written_for_people(clean: object):
    assert week("2026-W52") == "第 52 周"
    assert week_of("2026-W53") == "第 53 周（12-28 起）"
    assert week_of("2027-W01") == "第 1 周（2027-01-04 起）"
    assert (week(None), week_of(None)) == ("–", "–")


def findable(world: World) -> None:
    """The bench and test of the usual story, as the search finds them."""
    world.bench()
    with transaction() as session:
        session.query(CatalogueTest).update({"search_text": "crush"})


def test_a_lab_whose_rules_leave_the_company_nothing_stands_there_with_its_rule(world: World, clean: Flask):
    findable(world)
    world.resource("other", "other-lab")
    world.capable("other", "t")
    world.rule(kinds.OPEN_REQUESTS, 1)
    company, rival = world.engineer("甲公司"), world.engineer("乙公司")
    company.requests(at(5))
    page = Visitor(clean, company).get("/search", q="crush", test="t")
    assert "约不了：实验室规定每家企业最多有 1 个未完成的申请和预约，贵公司已有 1 个。" in page.text
    assert page.html.count('name="starts_at"') == 1
    english = Visitor(clean, company).english().get("/search", q="crush", test="t").text
    assert "Can't be booked: The lab allows each company 1" in english
    # It is the company's own figure: nobody else learns of it.
    seen = Visitor(clean, rival).get("/search", q="crush", test="t")
    assert "约不了" not in seen.text
    assert seen.html.count('name="starts_at"') == 2


def test_the_search_offers_the_first_week_in_which_the_company_has_a_share_left(world: World, clean: Flask):
    findable(world)
    world.rule(kinds.WEEKLY_HOURS, 5, pool="chamber")
    company = world.engineer("甲公司")
    company.requests(at(5))
    company.requests(at(10))
    visitor = Visitor(clean, company)
    page = visitor.get("/search", q="crush", test="t")
    assert page.field("starts_at") == "2026-11-16T08:30:00+08:00"
    sent = visitor.post("/bookings/new", test="t", resource="chamber", starts_at=page.field("starts_at"), state="held")
    assert sent.status == 303
    assert Visitor(clean, world.engineer("乙公司")).get("/search", q="crush", test="t").field("starts_at") == (
        "2026-11-03T09:00:00+08:00"
    )
