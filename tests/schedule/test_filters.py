"""Filters, pages of labs, and what an address gets wrong."""

from collections.abc import Callable

import pytest
from flask import Flask

from app.database import transaction
from app.labs.models import Lab, Resource
from app.schedule.board import paged
from app.schedule.catalogue import Listed
from tests.http import browser
from tests.schedule.reading import Element, Page
from tests.world import World

Look = Callable[..., Page]


def options(page: Page, name: str) -> list[str]:
    (select,) = (each for each in page.root.all("select") if each.attributes["name"] == name)
    return [option.attributes["value"] for option in select.all("option")]


def chosen(page: Page, name: str) -> list[str]:
    (select,) = (each for each in page.root.all("select") if each.attributes["name"] == name)
    return [option.attributes["value"] for option in select.all("option") if "selected" in option.attributes]


def notes(page: Page) -> list[str]:
    return [note.text for note in page.root.all("p", "note")]


def link(page: Page, text: str) -> Element:
    return next(each for each in page.root.all("a") if each.text == text)


@pytest.fixture
def two_labs(world: World) -> World:
    world.bench()
    world.lab("other", "第二中心")
    world.resource("elsewhere", lab="other")
    world.test("u", on="elsewhere")
    return world


def test_lab_kind_and_test_narrow_the_rows(two_labs: World, look: Look) -> None:
    engineer = two_labs.engineer("甲公司")
    assert len(look(engineer, "lab=&kind=kind&test=").benches) == 2
    page = look(engineer, "lab=other")
    assert page.benches == ["环境舱 elsewhere"]
    assert (chosen(page, "lab"), options(page, "test")) == (["other"], ["", "u"])
    page = look(engineer, "test=t")
    assert page.benches == ["环境舱 chamber"]
    assert chosen(page, "test") == ["t"]


def test_tests_are_listed_once_a_lab_or_a_kind_is_chosen(two_labs: World, look: Look) -> None:
    engineer = two_labs.engineer("甲公司")
    page = look(engineer)
    assert options(page, "test") == [""]
    assert "先选实验室或类型" in page.html
    assert options(look(engineer, "kind=kind"), "test") == ["", "t", "u"]
    assert options(look(two_labs.lab_admin("other")), "test") == ["", "u"]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("lab=atlantis", "没有这个实验室，已显示全部。"),
        ("kind=toaster", "没有这个资源类型，已显示全部。"),
        ("test=nothing", "没有这个检测项目，已显示全部。"),
        ("from=garbage", "“garbage”不是日期，已按今天显示。日期写成 2026-05-06 这样。"),
        ("days=3", "days 只能是 1、7、14、28 或 91，写的是“3”，已显示两周。"),
        ("from=1066-10-14", "1066-10-14 太早或太晚，没有那时的工作日历，已按今天显示。"),
    ],
)
def test_what_is_wrong_is_told_and_the_page_still_useful(two_labs: World, look: Look, query: str, told: str) -> None:
    page = look(two_labs.engineer("甲公司"), query)
    assert notes(page) == [told]
    assert len(page.benches) == 2


def test_endless_ids_do_no_harm(two_labs: World, look: Look) -> None:
    assert len(look(two_labs.engineer("甲公司"), "lab=" + "x" * 9000).benches) == 2


@pytest.mark.parametrize("query", ["lab=%00", "kind=%00x", "test=%00", "from=%00", "day=%00", "page=%00"])
def test_a_nul_is_refused(two_labs: World, app: Flask, query: str) -> None:
    answer = browser(app, two_labs.engineer("甲公司")).get(f"/schedule?{query}")
    assert answer.status_code == 422
    assert "地址里有不能用的字符。" in answer.text


def test_what_was_typed_is_escaped(two_labs: World, look: Look) -> None:
    page = look(two_labs.engineer("甲公司"), "from=%3Cscript%3E")
    assert "“<script>”" in notes(page)[0]
    assert "<script>”" not in page.html


def test_nothing_found_offers_to_take_the_filters_away(two_labs: World, look: Look) -> None:
    page = look(two_labs.engineer("甲公司"), "lab=other&test=t")
    assert page.benches == []
    assert link(page, "清除筛选").href == "/schedule?from=2026-11-02"


def test_links_keep_the_filters(two_labs: World, look: Look) -> None:
    page = look(two_labs.engineer("甲公司"), "lab=other&kind=kind&free=1")
    kept = "/schedule?lab=other&kind=kind&from={}&free=1"
    assert link(page, "›").href == kept.format("2026-11-16")
    assert link(page, "‹").href == kept.format("2026-10-19")
    assert link(page, "今天").href == "/schedule?lab=other&kind=kind&free=1"
    assert link(page, "日").href == "/schedule?lab=other&kind=kind&from=2026-11-03&days=1&free=1"
    day = look(two_labs.engineer("甲公司"), "days=1&from=2026-11-12")
    assert link(day, "两周").href == "/schedule?from=2026-11-09"
    assert link(day, "›").href == "/schedule?from=2026-11-13&days=1"


def test_a_week_is_drawn_in_columns_of_two_hours(two_labs: World, look: Look) -> None:
    page = look(two_labs.engineer("甲公司"), "days=7")
    lane = next(page.row("环境舱 chamber").all(css="lane"))
    assert lane.classes == ["lane", "g84", "d7"]
    assert "每格 2 小时" in page.html


def test_what_a_lab_renames_or_retires_is_seen_at_once(two_labs: World, look: Look) -> None:
    engineer = two_labs.engineer("甲公司")
    page = look(engineer)
    assert {"环境舱 chamber", "环境舱 elsewhere"} <= set(page.benches) and "第二中心" in page.html
    with transaction() as session:
        session.get_one(Resource, "chamber").name_zh = "新舱"
        session.get_one(Lab, "other").retired_at = two_labs.now
    page = look(engineer)
    assert set(page.benches) == {"新舱"} and "第二中心" not in page.html
    assert options(page, "lab") == ["", "lab"]


def bench(lab: str, number: int) -> Listed:
    ident, organisation, week = f"{lab}{number}", "operator", "day"
    where = (lab, 1, 30, week, None, None, "", None, ident, ident, "documented", organisation)
    return Listed(ident, ident, *where, lab, lab, "", "", "kind", "kind", "kind")


def test_benches_come_in_pages_that_leave_labs_whole() -> None:
    benches = [bench(lab, n) for lab, count in (("a", 3), ("b", 2), ("c", 4), ("d", 1)) for n in range(count)]
    pages = paged(benches, 5)
    assert [len(page) for page in pages] == [5, 5]
    assert [each for page in pages for each in page] == benches
    assert [len(page) for page in paged(benches, 4)] == [3, 2, 4, 1]


def test_a_lab_that_fills_more_than_a_page_is_divided() -> None:
    benches = [bench("a", 0), *(bench("b", n) for n in range(7)), bench("c", 0)]
    assert [len(page) for page in paged(benches, 3)] == [1, 3, 3, 2]
    assert paged([], 3) == [[]]


def test_labs_that_do_not_fit_follow_on_the_next_page(world: World, look: Look) -> None:
    for lab in range(5):
        for n in range(9):
            world.resource(f"r{lab}{n}", lab=f"lab{lab}")
    engineer = world.engineer("甲公司")
    first = look(engineer)
    assert len(first.benches) == 36
    assert "第 1 页，共 2 页" in first.html
    second = look(engineer, link(first, "后面的实验室").href.partition("?")[2])
    assert len(second.benches) == 9
    assert not set(first.benches) & set(second.benches)
    assert len(look(engineer, "days=7").benches) == 45
    assert look(engineer, "page=99").benches == second.benches
