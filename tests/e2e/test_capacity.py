"""A new administrator sets up a lab from nothing, and plays the scenes of a lab's days."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from app.worktime import local_date
from tests.e2e.browser import DESKTOP, PHONE, choose_language, overflow
from tests.e2e.conftest import Server, SignIn, watched

pytestmark = pytest.mark.e2e

LAB = "cmvr-new-energy"
ROAD_LAB, OLD_TEST = "caeri-ivista", "adas-aeb-ccr"
TABS = ("", "resources/", "calendars/", "closures/", "rules/", "approvals/", "use/", "sheets/")


def today() -> date:
    """The labs' date, whatever zone the machine is in."""
    return local_date(datetime.now(UTC))


def save(page: Page) -> None:
    """Press the page's main button."""
    page.locator("main .btn.pri").last.click()


def add_bench(page: Page, lab: str, name: str) -> str:
    """A chamber for battery packs, two shifts; its pool."""
    page.goto(f"{lab}resources/new")
    page.select_option("#kind_id", "battery-pack-abuse") if page.locator(
        "#kind_id option[value='battery-pack-abuse']"
    ).count() else page.locator("#kind_id").select_option(index=1)
    page.fill("#name_zh", name)
    page.fill("#envelope", "−40…85 °C, 8 m³")
    page.select_option("#shifts", "two")
    save(page)
    page.wait_for_url("**/resources/")
    section = page.locator("section", has=page.locator("h2", has_text=name))
    href = section.locator("a", has_text=re.compile("加项目|Add test")).get_attribute("href")
    assert href
    return href


def test_a_lab_from_nothing_to_its_first_booking(browser: Browser, server: Server, sign_in: SignIn) -> None:
    """Shifts, four benches, ten capabilities, rules; then a company finds and holds it."""
    with watched(browser, server, DESKTOP) as desk, watched(browser, server, DESKTOP) as engineer:
        sign_in(desk, "lab@demo.example")
        choose_language(desk, "zh")
        desk.goto("/capacity/new")
        desk.fill("#name_zh", "示例新建试验中心")
        desk.fill("#name_en", "Example New Test Centre")
        desk.fill("#district_zh", "两江新区")
        desk.locator("input[name=domains]").first.check()
        save(desk)
        desk.wait_for_url("**/resources/")
        lab = desk.url.removesuffix("resources/")

        added = 0
        for number in range(4):
            new_test = add_bench(desk, lab, f"步入舱 {number + 1}")
            for _ in range(3 if number < 2 else 2):
                desk.goto(new_test)
                if not desk.locator("#test_id").count():
                    break
                desk.fill("#run_minutes", "240")
                desk.fill("#setup_minutes", "60")
                desk.fill("#teardown_minutes", "60")
                save(desk)
                desk.wait_for_url("**/resources/")
                added += 1
        assert added == 10

        desk.goto(f"{lab}calendars/patterns/new?preset=one")
        desk.fill("#name", "白班")
        save(desk)
        expect(desk.locator("main")).to_contain_text("步入舱 1")
        desk.locator("button[value=save]").click()
        desk.wait_for_url("**/calendars/**")
        expect(desk.locator("main")).to_contain_text("08:30–17:30")

        desk.goto(f"{lab}rules/")
        desk.locator("form[action$='/preset/open'] button").click()
        expect(desk.locator("main")).to_contain_text("至少提前 2 个工作日")

        desk.goto(f"{lab}resources/")
        desk.locator("details summary").first.click()
        link = desk.locator("details[open] tbody a").first.get_attribute("href")
        test_id = (link or "").rpartition("/")[2]
        sign_in(engineer, "oem-a@demo.example")
        choose_language(engineer, "zh")
        engineer.goto(f"/search?test={test_id}")
        row = engineer.locator("tr", has_text="示例新建试验中心")
        expect(row).to_contain_text("实验室自述")
        row.locator("form button").click()
        engineer.wait_for_url("**/bookings/*")
        expect(engineer.locator("main")).to_contain_text("示例新建试验中心")


def test_the_scene_of_a_breakdown(browser: Browser, server: Server, sign_in: SignIn) -> None:
    """A bench is down: whom it hits is shown, all proposals go out at once, a company accepts in one click."""
    with watched(browser, server, DESKTOP) as desk, watched(browser, server, DESKTOP) as engineer:
        sign_in(engineer, "oem-a@demo.example")
        choose_language(engineer, "zh")
        engineer.goto("/search?q=GB38031&test=b-pack-thermalprop")
        engineer.locator(f'tr:has(a[href="/labs/{LAB}"]) form button').click()
        engineer.wait_for_url("**/bookings/*")
        booking = engineer.url
        engineer.locator("button[name=then][value=request]").click()
        bench = engineer.locator('main a[href^="/resources/"]').first.get_attribute("href")
        assert bench
        resource = bench.rpartition("/")[2]

        sign_in(desk, "lab@demo.example")
        choose_language(desk, "zh")
        desk.goto(f"/capacity/{LAB}/closures/new?resource={resource}")
        desk.select_option("#kind", "breakdown")
        desk.fill("#ends_at", f"{today() + timedelta(days=40)}T08:00")
        desk.check("#open_end")
        desk.fill("#reason", "压缩机坏了")
        save(desk)
        expect(desk.locator("main")).to_contain_text("在停用时段内")
        desk.locator("button[value=save]").click()
        desk.wait_for_url("**/closures/*")
        expect(desk.locator("main")).to_contain_text("受影响的预约")
        desk.locator("button", has_text="一次发出所选建议").click()
        expect(desk.locator("main")).to_contain_text("等企业答复")

        engineer.goto(booking)
        expect(engineer.locator("main")).not_to_contain_text("压缩机")
        engineer.locator('form[action$="/accept-move"] button').first.click()
        expect(engineer.locator(".head .st.conf")).to_have_count(1)
        desk.reload()
        expect(desk.locator("main")).to_contain_text("已改到别处")
        desk.locator("button", has_text="已恢复，现在结束").click()


def test_the_scene_of_a_new_edition(browser: Browser, server: Server, sign_in: SignIn) -> None:
    """A standard is replaced: who is booked beyond the date is listed before, and asked after it is saved."""
    with watched(browser, server, DESKTOP) as desk, watched(browser, server, DESKTOP) as engineer:
        sign_in(engineer, "oem-a@demo.example")
        choose_language(engineer, "zh")
        engineer.goto(f"/search?test={OLD_TEST}")
        engineer.locator(f'tr:has(a[href="/labs/{ROAD_LAB}"]) form button').first.click()
        engineer.wait_for_url("**/bookings/*")
        booking = engineer.url
        engineer.locator("button[name=then][value=request]").click()
        code = (engineer.locator(".crumb").inner_text()).rpartition("/")[2].strip()

        sign_in(desk, "lab-caeri@demo.example")
        choose_language(desk, "zh")
        desk.goto(f"/capacity/{ROAD_LAB}/resources/")
        desk.locator("a[href*='/editions/gbt39901-2021/']").click()
        desk.fill("#on", f"{today() + timedelta(days=1)}")
        desk.locator(f"select[name=to-{OLD_TEST}]").select_option(index=1)
        desk.locator("button[value=preview]").click()
        expect(desk.locator("main")).to_contain_text(code)
        desk.locator("button[value=save]").click()
        desk.wait_for_url("**/resources/")

        engineer.goto(booking)
        expect(engineer.locator("main")).to_contain_text("标准将换版")
        expect(engineer.locator(".head .st.req")).to_have_count(1)
        expect(engineer.locator("main a[href$='/move']")).to_have_count(1)


def test_a_rule_is_tried_set_and_explained(browser: Browser, server: Server, sign_in: SignIn) -> None:
    with watched(browser, server, DESKTOP) as desk:
        sign_in(desk, "lab@demo.example")
        choose_language(desk, "en")
        desk.goto(f"/capacity/{LAB}/rules/set/weekly_hours")
        desk.fill("#number", "8")
        desk.locator("button[value=try]").click()
        expect(desk.locator("main")).to_contain_text("would be refused")
        desk.goto(f"/capacity/{LAB}/rules/set/longest_hours")
        desk.fill("#number", "9000")
        desk.locator("button[value=save]").click()
        expect(desk.locator("main")).to_contain_text("at most 9000 hours")
        desk.goto(f"/capacity/{LAB}/rules/why")
        desk.fill("#starts_at", f"{today() + timedelta(days=30)}T09:00")
        save(desk)
        expect(desk.locator("main")).to_contain_text("Answers")


@pytest.mark.parametrize("device", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_pages_fit_and_can_be_read_by_all(
    browser: Browser, server: Server, sign_in: SignIn, axe, language, device
) -> None:
    wrong: list[str] = []
    with watched(browser, server, device) as page:
        sign_in(page, "lab@demo.example")
        choose_language(page, language)
        own = [f"/capacity/{LAB}/{tab}" for tab in TABS]
        more = [
            "/capacity/new", "/inbox/competing", f"/capacity/{LAB}/resources/new", f"/capacity/{LAB}/closures/new",
            f"/capacity/{LAB}/resources/mne-cycler-1", f"/capacity/{LAB}/resources/pools/mne-abuse/states",
            f"/capacity/{LAB}/resources/pools/mne-abuse/tests/new?all=1",
            f"/capacity/{LAB}/calendars/patterns/new?preset=night", f"/capacity/{LAB}/calendars/days/new",
            f"/capacity/{LAB}/rules/set/quarter_release", f"/capacity/{LAB}/rules/why",
        ]  # fmt: skip
        for path in own + more:
            page.goto(path)
            expect(page.locator("h1")).to_be_visible()
            wrong += axe(page)
            if wide := overflow(page):
                wrong.append(f"{page.url}: {wide} px wider than the screen")
    assert wrong == []
