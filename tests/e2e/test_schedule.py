"""The schedule in a browser: by keyboard, by finger, and without a script."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import choose_language, fill_sign_in, overflow

pytestmark = pytest.mark.e2e

CHONGQING = ZoneInfo("Asia/Shanghai")
ENGINEER = "oem-a@demo.example"
TODAY = date.today()  # noqa: DTZ011  # the fortnight only has to lie between notice and horizon
LATER = TODAY + timedelta(days=28 - TODAY.weekday())
ADDRESS = f"/schedule?lab=cmvr-new-energy&from={LATER}"
NAME = """
cell => cell.getAttribute("aria-labelledby").split(" ").map(id => document.getElementById(id))
    .map(each => each.getAttribute("aria-label") ?? each.textContent).join(" ")
"""
FOCUS = """
() => ({
    row: document.activeElement.closest("tbody tr")?.rowIndex ?? null,
    left: document.activeElement.getBoundingClientRect().left,
    href: document.activeElement.getAttribute("href") ?? "",
})
"""


def focus(page: Page) -> dict[str, Any]:
    """Row in the grid, left edge and address of what has the focus."""
    found: dict[str, Any] = page.evaluate(FOCUS)
    return found


@pytest.fixture
def desktop(page_desktop: Page, sign_in) -> Page:
    sign_in(page_desktop, ENGINEER)
    choose_language(page_desktop, "zh")
    page_desktop.goto(ADDRESS)
    return page_desktop


@pytest.fixture
def phone(page_phone: Page, sign_in) -> Page:
    sign_in(page_phone, ENGINEER)
    choose_language(page_phone, "zh")
    page_phone.goto(ADDRESS)
    return page_phone


@pytest.fixture
def scriptless(browser: Browser, server) -> Iterator[Page]:
    context = browser.new_context(base_url=server.base, java_script_enabled=False, locale="zh-CN")
    page = context.new_page()
    fill_sign_in(page, ENGINEER, server.account(ENGINEER)["password"])
    page.goto(ADDRESS)
    yield page
    context.close()


def test_the_grid_is_one_tab_stop_and_arrows_go_by_cell_and_row(desktop: Page) -> None:
    stop = desktop.locator("table.tl tbody a[tabindex='0']")
    expect(stop).to_have_count(1)
    stop.focus()
    desktop.keyboard.press("ArrowDown")
    first = focus(desktop)
    desktop.keyboard.press("ArrowDown")
    assert focus(desktop)["row"] == first["row"] + 1
    desktop.keyboard.press("ArrowUp")
    assert focus(desktop)["row"] == first["row"]
    desktop.keyboard.press("End")
    last = focus(desktop)
    assert last["left"] > first["left"]
    desktop.keyboard.press("ArrowLeft")
    assert last["left"] > focus(desktop)["left"] > first["left"]
    desktop.keyboard.press("Home")
    assert focus(desktop)["href"].startswith("/resources/")
    expect(stop).to_have_count(1)
    desktop.keyboard.press("Tab")
    assert focus(desktop)["row"] is None


def test_enter_on_a_free_cell_opens_the_form_with_bench_and_time(desktop: Page) -> None:
    cell = desktop.locator("a.fr").first
    name = cell.evaluate(NAME)
    expect(desktop.get_by_role("link", name=name, exact=True)).to_have_count(1)
    cell.focus()
    desktop.keyboard.press("Enter")
    desktop.wait_for_url("**/bookings/new?resource=*&starts_at=*")


def test_a_closed_cell_answers_on_the_spot(desktop: Page) -> None:
    cell = desktop.locator("a.off-t").first
    said = cell.evaluate(NAME)
    assert "下次开放" in said
    cell.click()
    expect(desktop.locator(".why")).to_have_text(said)
    desktop.keyboard.press("Escape")
    expect(desktop.locator(".why")).to_have_count(0)


def test_without_a_script_closed_cells_answer_and_filters_work(scriptless: Page) -> None:
    cell = scriptless.locator("a.off-t").first
    number = cell.get_attribute("href")
    cell.click()
    expect(scriptless.locator(f"li{number}")).to_be_visible()
    scriptless.check("input[name=free]")
    scriptless.click("form.filt button")
    assert "free=1" in scriptless.url
    assert f"from={LATER}" in scriptless.url
    scriptless.locator("a.fr").first.click()
    scriptless.wait_for_url("**/bookings/new?**")


def test_the_phone_has_a_strip_of_days_and_buttons_for_the_chosen_one(phone: Page) -> None:
    assert overflow(phone) == 0
    strip = phone.locator(".days a.only")
    expect(strip).to_have_count(14)
    strip.nth(1).click()
    phone.wait_for_url(f"**day={LATER + timedelta(days=1)}")
    expect(strip.nth(1)).to_have_class("only sel")
    buttons = phone.locator(".say a.btn")
    assert buttons.count() > 0
    for button in buttons.all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 44
        assert button.inner_text().startswith(f"{LATER + timedelta(days=1):%m-%d}")
    expect(phone.locator("a.fr:visible")).to_have_count(0)
    buttons.first.click()
    phone.wait_for_url("**/bookings/new?**")


@pytest.mark.parametrize("email", [ENGINEER, "lab@demo.example"])
@pytest.mark.parametrize("screen", ["page_desktop", "page_phone"])
def test_a_day_a_week_and_a_test_can_be_read_by_all(
    request: pytest.FixtureRequest, sign_in, axe, email: str, screen: str
) -> None:
    page: Page = request.getfixturevalue(screen)
    sign_in(page, email)
    wrong = []
    for query in ("days=1", "days=7", "lab=cmvr-new-energy&test=b-pack-vibration", "free=1", "lab=all&page=2"):
        page.goto(f"/schedule?{query}")
        if wide := overflow(page):
            wrong.append(f"{query}: {wide} px wider than the screen")
        wrong += axe(page)
    assert wrong == []


@pytest.mark.parametrize("email", [ENGINEER, "lab@demo.example"])
@pytest.mark.parametrize("query", ["days=1", "days=1&kind=wading_pool", "days=14", "days=14&kind=wading_pool"])
@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1280, 720)])
def test_what_stands_below_the_rows_lies_below_them(
    page_desktop: Page, sign_in, email: str, query: str, width: int, height: int
) -> None:
    page = page_desktop
    page.set_viewport_size({"width": width, "height": height})
    sign_in(page, email)
    page.goto(f"/schedule?{query}")
    row = page.locator("table.tl tbody tr").last.bounding_box()
    table, foot = page.locator("table.tl").bounding_box(), page.locator(".foot").bounding_box()
    assert row and table and foot
    assert row["y"] + row["height"] <= table["y"] + table["height"] + 1 <= foot["y"]
    head = page.locator(".head").first.bounding_box()
    assert head
    assert table["width"] >= head["width"] - 1


def test_the_lab_drags_a_booking_takes_it_back_and_moves_it_by_keyboard(page_desktop: Page, sign_in, axe) -> None:
    page, panel = page_desktop, page_desktop.locator("#placing")
    sign_in(page, "lab@demo.example")
    choose_language(page, "zh")
    page.goto("/schedule?days=28")
    day = page.locator("table.tl tbody td").last.bounding_box()
    assert day is not None
    # The first that may go to the next day; of the others the form says why not.
    for cell in page.locator("a.mv").all():
        code = (cell.get_attribute("title") or "").split()[1]
        cell.scroll_into_view_if_needed()
        cell.hover()
        box = cell.bounding_box()
        assert box is not None
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] / 2 + day["width"] / 28, box["y"] + 8, steps=3)
        page.mouse.up()
        expect(panel).to_contain_text(code)
        if panel.locator(".note:not(.bad)").count():
            break
        panel.get_by_text("不改").click()
    panel.get_by_role("button", name="提议这个时间").click()
    expect(panel).to_contain_text("请写明原因")
    assert axe(page) == []
    panel.locator("textarea").fill("校准延后")
    panel.get_by_role("button", name="提议这个时间").click()
    offer = page.locator("form.undo")
    expect(offer).to_contain_text(f"已向企业提议把 {code} 改期")
    offer.get_by_role("button").click()
    expect(page.get_by_text("已撤销，恢复原状。")).to_be_visible()
    cell, told = page.locator(f"a.mv[title*='{code}']"), page.locator("#moving")
    cell.focus()
    page.keyboard.press("m")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(told).to_contain_text("改到")
    page.keyboard.press("Escape")
    expect(told).to_have_text("没有移动。")
    expect(cell).to_be_focused()
    page.keyboard.press("m")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    panel.locator("textarea").fill("校准延后")
    panel.get_by_role("button", name="提议这个时间").click()
    expect(offer).to_contain_text(code)


@pytest.mark.parametrize("which", [":not([href*='places='])", "[href*='places=']"], ids=["bench", "place"])
def test_a_lab_closes_idle_time_where_it_stands_and_takes_it_back(page_desktop: Page, sign_in, which: str) -> None:
    sign_in(page_desktop, "lab@demo.example")
    choose_language(page_desktop, "zh")
    page_desktop.goto(ADDRESS)
    href = page_desktop.locator(f"a.fr.idle{which}").first.get_attribute("href") or ""
    asked = {name: values[0] for name, values in parse_qs(urlsplit(href).query).items()}
    page_desktop.locator(f'a[href="{href}"]').click()
    page_desktop.wait_for_url("**/closures/new?**")
    for end in ("starts_at", "ends_at"):
        local = datetime.fromisoformat(asked[end]).astimezone(CHONGQING)
        expect(page_desktop.locator(f"#{end}")).to_have_value(f"{local:%Y-%m-%dT%H:%M}")
    assert page_desktop.locator("[name=resources]:checked").evaluate_all("all => all.map(one => one.value)") == [
        asked["resource"]
    ]
    expect(page_desktop.locator("#places")).to_have_value(asked.get("places", ""))
    page_desktop.fill("#reason", "校准")
    page_desktop.locator("button[value=preview]").click()
    expect(page_desktop.locator("main")).to_contain_text("没有预约在停用时段内")
    page_desktop.locator("button[value=save]").click()
    page_desktop.wait_for_url(lambda url: "/closures/" in url and "/new" not in url)
    closure = page_desktop.url
    page_desktop.goto(ADDRESS)
    expect(page_desktop.locator(f'a[href="{href}"]')).to_have_count(0)
    page_desktop.goto(closure)
    page_desktop.locator('form[action$="/reopen"] button').first.click()
    page_desktop.goto(ADDRESS)
    expect(page_desktop.locator(f'a[href="{href}"]')).to_have_count(1)
