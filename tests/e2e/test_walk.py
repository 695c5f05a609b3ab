"""The main job, as people do it: from a standard number to a confirmed booking in both calendars."""

import urllib.request

import pytest
from icalendar import Calendar
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import DESKTOP, PHONE, choose_language, overflow
from tests.e2e.conftest import Server, SignIn, watched

pytestmark = pytest.mark.e2e

LAB = "cmvr-new-energy"
TEST = "b-pack-thermalprop"
STATUS = {"held": ".st.held", "requested": ".st.req", "confirmed": ".st.conf"}


def step(page: Page, name: str) -> None:
    """Press the button that posts this step of the booking; the request goes with what the sample is."""
    page.locator(f'form[action$="/{name}"] button, button[name=then][value="{name}"]').first.click()


def shows(page: Page, state: str) -> None:
    """The booking's page has come and says this state."""
    expect(page.locator(f".head {STATUS[state]}")).to_have_count(1)


def hold_a_bench(page: Page) -> str:
    """Search for the standard, choose the test, hold at the lab; the address of the booking."""
    page.goto("/")
    page.locator('input[name="q"]:visible').first.fill("gb38031")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("GB 38031-2025")
    page.locator(f'.pick a[href*="test={TEST}"]').click()
    page.locator(f'tr:has(a[href="/labs/{LAB}"]) form button').click()
    page.wait_for_url("**/bookings/*")
    return page.url


def feed_address(page: Page) -> str:
    """Make a calendar address on the page of feeds; it is shown once."""
    page.goto("/feeds/")
    page.locator("main form.flow button").first.click()
    return page.locator("#address").input_value()


def events(address: str) -> dict[str, str]:
    """UID and status of what a calendar program reads at the address."""
    with urllib.request.urlopen(address, timeout=30) as answer:
        calendar = Calendar.from_ical(answer.read())
    return {str(event["UID"]): str(event["STATUS"]) for event in calendar.walk("VEVENT")}


@pytest.mark.parametrize("device", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_from_a_standard_number_to_a_confirmed_booking(
    browser: Browser, server: Server, sign_in: SignIn, axe, language, device
):
    wrong = []

    def look(page: Page) -> None:
        wrong.extend(axe(page))
        if wide := overflow(page):
            wrong.append(f"{page.url}: {wide} px wider than the screen")

    with watched(browser, server, device) as engineer, watched(browser, server, device) as lab:
        sign_in(engineer, "oem-a@demo.example")
        choose_language(engineer, language)
        booking = hold_a_bench(engineer)
        shows(engineer, "held")
        look(engineer)
        engineer.fill("#describe [name=sample]", "BP-12")
        step(engineer, "request")
        shows(engineer, "requested")
        expect(engineer.locator("main")).to_contain_text("BP-12")

        sign_in(lab, "lab@demo.example")
        choose_language(lab, language)
        lab.goto("/inbox")
        look(lab)
        lab.locator(f'a[href="{booking.removeprefix(server.base)}"]').first.click()
        step(lab, "confirm")
        shows(lab, "confirmed")
        look(lab)

        engineer.goto(booking)
        shows(engineer, "confirmed")
        look(engineer)
        uid = f"{booking.rpartition('/')[2]}@yujian"
        for page in (engineer, lab):
            assert events(feed_address(page))[uid] == "CONFIRMED"
        look(engineer)
        engineer.goto("/schedule?lab=" + LAB)
        look(engineer)
    assert not wrong, "\n".join(wrong)


def test_the_coordinator_sees_how_long_it_takes_and_no_company(page_desktop: Page, sign_in: SignIn, axe):
    sign_in(page_desktop, "coordinator@demo.example")
    page_desktop.goto("/turnaround/")
    text = page_desktop.locator("main").inner_text()
    assert "P50" in text
    assert "示例整车" not in text
    assert axe(page_desktop) == []


def test_a_lost_race_keeps_what_was_typed_and_offers_three_times(browser: Browser, server: Server, sign_in: SignIn):
    with watched(browser, server, DESKTOP) as first, watched(browser, server, DESKTOP) as second:
        for page, email in ((first, "oem-a@demo.example"), (second, "oem-b@demo.example")):
            sign_in(page, email)
            page.goto(f"/search?q=GB38031&test={TEST}")
        target = second.locator(f'tr:has(a[href="/labs/{LAB}"]) form')
        start = target.locator('[name="starts_at"]').input_value()
        resource = target.locator('[name="resource"]').input_value()
        second.goto(f"/bookings/new?test={TEST}&resource={resource}&starts_at={start.replace('+', '%2B')}")
        second.locator('[name="note"]').fill("触发单体为中部 6 号")
        first.locator(f'tr:has(a[href="/labs/{LAB}"]) form button').click()
        second.locator('button[value="requested"]').click()
        expect(second.locator("dialog tbody tr")).to_have_count(3)
        expect(second.locator('dialog [name="note"]')).to_have_value("触发单体为中部 6 号")
        expect(second.locator("dialog")).to_be_focused()
        second.keyboard.press("Escape")
        expect(second.locator("dialog")).to_have_count(0)
        expect(second.locator('[name="note"]')).to_have_value("触发单体为中部 6 号")
        second.locator('button[value="requested"]').click()
        second.locator("dialog tbody tr button").first.click()
        expect(second.locator(f".head {STATUS['requested']}, .head {STATUS['held']}")).to_have_count(1)
        expect(second.locator("main")).to_contain_text("触发单体为中部 6 号")
