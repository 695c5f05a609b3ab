"""Free windows lead to times that can be booked; what can't be booked says why."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from app.booking.rules import State, bookable_span
from app.booking.settings import limits
from app.schedule import board, queries
from tests.schedule.reading import Page, start
from tests.world import World, at

Look = Callable[..., Page]
BENCH = "环境舱 chamber"


def test_a_free_window_is_named_and_leads_to_its_first_start(world: World, look: Look) -> None:
    world.bench()
    free = look(world.engineer("甲公司")).free(BENCH)
    assert free[0] == (f"{BENCH} 11-03 周二 09:00–17:30 可约", at(3, 9, 0))
    assert free[1] == (f"{BENCH} 11-04 周三 08:30–17:30 可约", at(4))
    assert [day for _, day in free][-1] == at(13)


def test_the_link_carries_bench_start_and_the_chosen_test(world: World, look: Look) -> None:
    world.bench()
    page = look(world.engineer("甲公司"), "test=t&from=2026-11-09")
    link = next(page.row(BENCH).all("a", "fr"))
    assert link.href == "/bookings/new?test=t&resource=chamber&starts_at=2026-11-09T00:30Z"


def test_a_window_begins_on_the_grain(world: World, look: Look) -> None:
    world.bench(grain=240)
    world.test("short", run=60)
    world.engineer("乙公司").requests(at(5), test="short")
    free = look(world.engineer("甲公司")).free(BENCH)
    assert (f"{BENCH} 11-05 周四 12:30–17:30 可约", at(5, 12, 30)) in free


def test_time_in_which_no_start_lies_is_no_link(world: World, look: Look) -> None:
    world.bench(grain=240)
    world.test("long", run=510)
    world.engineer("乙公司").requests(at(5), test="long")
    starts = [when for _, when in look(world.engineer("甲公司")).free(BENCH)]
    assert not [when for when in starts if at(5, 0, 0) <= when < at(6, 0, 0)]
    assert at(6) in starts


def test_with_a_test_only_starts_that_fit_are_free(world: World, look: Look) -> None:
    world.bench()
    world.test("whole day", run=540)
    world.engineer("乙公司").requests(at(5), test="t")
    names = [name for name, _ in look(world.engineer("甲公司"), "test=whole+day").free(BENCH)]
    # What begins after the shift has waits for the next one, which on Thursday is taken.
    assert names[:3] == [
        f"{BENCH} 11-03 周二 09:00–17:00 可上台",
        f"{BENCH} 11-04 周三 08:30 可上台",
        f"{BENCH} 11-05 周四 12:30–17:00 可上台",
    ]


def test_only_benches_that_can_run_the_test_are_listed(world: World, look: Look) -> None:
    world.bench()
    world.resource("other")
    engineer = world.engineer("甲公司")
    assert look(engineer, "test=t").benches == [BENCH]
    assert look(engineer).benches == [BENCH, "环境舱 other"]


@pytest.mark.parametrize(
    ("bench", "need"),
    [
        ({"shifts": "day", "grain": 30}, {"run": 240}),
        ({"shifts": "day", "grain": 240}, {"setup": 120, "run": 300, "teardown": 90}),
        ({"shifts": "two", "grain": 120, "places": 2}, {"setup": 60, "run": 600, "run_splits": True}),
        ({"shifts": "continuous", "grain": 480, "unattended": True, "places": 3}, {"setup": 240, "run": 4000}),
        ({"shifts": "daylight", "grain": 60}, {"run": 180, "teardown": 30}),
    ],
)
def test_every_free_start_with_a_test_can_be_booked(world: World, look: Look, bench: dict, need: dict) -> None:
    world.resource("chamber", **bench)
    world.test("t", on="chamber", **need)
    for rival, gaps in ((world.engineer("乙公司"), (0, 3, 5)), (world.engineer("丙公司"), (1, 2, 4))):
        for gap in gaps:
            free = look(rival, "test=t").free(BENCH)
            rival.requests(free[min(gap, len(free) - 1)][1])
    engineer = world.engineer("甲公司")
    starts = {when for query in ("", "&from=2026-11-16") for _, when in look(engineer, f"test=t{query}").free(BENCH)}
    assert len(starts) > 7
    for when in sorted(starts):
        booking = engineer.requests(when)
        assert booking.state is State.REQUESTED
        engineer.does("cancel", booking)


def test_the_last_start_of_a_window_can_be_booked_and_then_the_window_is_shorter(world: World, look: Look) -> None:
    world.bench()
    world.engineer("乙公司").requests(at(6))
    engineer = world.engineer("甲公司")
    assert f"{BENCH} 11-05 周四 08:30–13:30 可上台" in [name for name, _ in look(engineer, "test=t").free(BENCH)]
    assert engineer.requests(at(5, 13, 30)).ends_at == at(5, 17, 30)
    assert f"{BENCH} 11-05 周四 08:30–09:30 可上台" in [name for name, _ in look(engineer, "test=t").free(BENCH)]


def test_before_the_notice_the_page_says_so(world: World, look: Look) -> None:
    world.bench()
    page = look(world.engineer("甲公司"))
    assert set(page.closed(BENCH)) == {
        "须提前 1 个工作日，最早 11-03 周二 09:00。",
        "不开放：休息日。下次开放 11-09 周一 08:30。",
        "不开放：休息日。下次开放 11-16 周一 08:30。",
    }
    assert min(when for _, when in page.free(BENCH)) == bookable_span(world.now, limits()).start


def test_behind_the_horizon_the_page_says_so_and_goes_no_further(world: World, look: Look) -> None:
    world.bench()
    horizon = bookable_span(world.now, limits()).end
    page = look(world.engineer("甲公司"), "from=2027-04-26")
    assert max(when for _, when in page.free(BENCH)) <= horizon
    assert "最多提前 180 天，最晚 2027-05-01 周六 09:00。" in page.closed(BENCH)
    beyond = look(world.engineer("甲公司"), "from=2027-05-03")
    assert beyond.free(BENCH) == []
    assert [cell.text for cell in beyond.root.all("span", "btn") if cell.attributes.get("aria-disabled")] == ["›"]


def test_a_holiday_is_marked_and_answers_with_the_day_it_opens(world: World, look: Look) -> None:
    world.now = datetime(2026, 4, 27, 1, 0, tzinfo=UTC)
    world.bench()
    page = look(world.engineer("甲公司"))
    heads = [head for head in page.root.all("a", "xs") if head.attributes.get("id", "").startswith("d")]
    marks = [[mark.text for mark in head.all("i")] for head in heads]
    assert marks == [[], [], [], [], ["休"], ["休"], ["休"], ["休"], ["休"], [], [], [], ["班"], []]
    assert heads[4].attributes["aria-label"] == "05-01 周五 休，劳动节"
    assert heads[12].attributes["aria-label"] == "05-09 周六 班，为劳动节调休"
    assert "不开放：劳动节。下次开放 05-06 周三 08:30。" in page.closed(BENCH)
    assert (f"{BENCH} 05-09 周六 班，为劳动节调休 08:30–17:30 可约", at(9, month=5)) in page.free(BENCH)


def test_holidays_of_a_year_without_a_notice_are_marked_provisional(world: World, look: Look) -> None:
    world.bench()
    page = look(world.engineer("甲公司"), "from=2027-02-01")
    assert any(page.root.all("i", "prov"))
    assert "2026 年以后的放假安排尚未公布" in page.html
    assert "尚未公布" not in look(world.engineer("甲公司")).html


def test_closed_time_can_be_asked_without_a_script(world: World, look: Look) -> None:
    world.bench()
    page = look(world.engineer("甲公司"))
    for cell in page.row(BENCH).all("a"):
        if cell.href.startswith("#"):
            assert page.by_id[cell.href[1:]].text == page.name(cell)
    nights = next(cell for cell in page.row(BENCH).all("a") if cell.classes == ["c1", "s84"])
    assert page.name(nights) == "开放：周一至周五 08:30–17:30；法定节假日不开放，调休上班日照常。"


def test_one_day_is_drawn_by_quarters_of_an_hour(world: World, look: Look) -> None:
    world.bench()
    world.engineer("乙公司").requests(at(5, 9, 0))
    page = look(world.engineer("甲公司"), "days=1&from=2026-11-05")
    (lane,) = page.lanes(BENCH)
    assert [(cell.classes[1], cell.number("c"), cell.number("s"), cell.text) for cell in lane] == [
        ("open", 35, 2, ""),
        ("busy", 37, 16, "占用 09:00–13:00"),
        ("open", 53, 18, "13:00–17:30"),
    ]
    assert page.closed(BENCH) == [
        "不开放：班次以外。下次开放 11-05 周四 08:30。",
        "不开放：班次以外。下次开放 11-06 周五 08:30。",
    ]
    assert page.free(BENCH)[1] == (f"{BENCH} 11-05 周四 13:00–17:30 可约", at(5, 13, 0))


def test_the_chosen_day_is_spelled_out_for_the_phone(world: World, look: Look) -> None:
    world.bench()
    world.engineer("乙公司").requests(at(5))
    mine = world.engineer("甲公司")
    booking = mine.requests(at(9))

    def said(day: str) -> list[str]:
        page = look(mine, f"day={day}")
        (block,) = (div for div in page.row(BENCH).all("div", "say"))
        return [child.text for child in block.all() if child.tag in ("a", "span")]

    own = "项目 t 待确认 11-09"
    assert said("2026-11-05") == ["11-05 12:30–17:30 可约", own]
    assert said("2026-11-07") == ["不开放：休息日。下次开放 11-09 周一 08:30。", own]
    assert said("2026-11-02") == ["须提前 1 个工作日，最早 11-03 周二 09:00。", own]
    page = look(mine)
    buttons = list(page.row(BENCH).all("a", "btn"))
    assert [start(link) for link in buttons] == [at(3, 9, 0)]
    assert [link.href for link in page.row(BENCH).all("a", "hit")] == [f"/bookings/{booking.id}"]
    assert "11-03 起可约" in page.row(BENCH).text


def test_only_benches_with_free_time(world: World, look: Look) -> None:
    world.bench(shifts="continuous", grain=480, unattended=True)
    world.resource("empty")
    world.test("weeks", run=20 * 24 * 60)
    world.engineer("乙公司").requests(at(3, 16, 0), test="weeks")
    engineer = world.engineer("甲公司")
    assert look(engineer, "free=1&from=2026-11-04").benches == ["环境舱 empty"]
    assert look(engineer, "from=2026-11-04").benches == [BENCH, "环境舱 empty"]


def test_taken_time_behind_the_page_counts_for_a_use_that_reaches_there(world: World, look: Look) -> None:
    world.bench(shifts="continuous", grain=480, unattended=True)
    world.test("days", run=4 * 24 * 60)
    world.engineer("乙公司").requests(at(17, 0, 0))
    name, when = look(world.engineer("甲公司"), "test=days&from=2026-11-03").free(BENCH)[-1]
    assert (name, when) == (f"{BENCH} 11-13 周五 00:00 可上台", at(13, 0, 0))


def test_a_look_before_the_next_start_finds_the_row_as_it_is(world: World) -> None:
    """Rows are worked out again when a start has passed, not with every minute."""
    world.bench(grain=60)
    viewer = world.engineer("甲公司").viewer

    def rows_at(now: datetime) -> list[board.Row]:
        page = board.frame_of(viewer, date(2026, 11, 2), 7, now, limits())
        return board.rows(viewer, queries.listed("chamber"), "", now, page)

    # On the grain, from 8:30 on a bench that is open in the day.
    first, later = rows_at(at(2, 9, 31)), rows_at(at(2, 9, 44))
    assert first[0] is later[0]
    assert first[0].windows[0].starts_at == at(3, 10, 30)
    assert rows_at(at(2, 10, 31))[0].windows[0].starts_at == at(3, 11, 30)
    # On a Sunday notice counts from midnight; what is told is when the bench opens after it.
    assert rows_at(at(8, 9, 1))[0].frame.bookable.start == at(10)
