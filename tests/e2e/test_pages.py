"""Every page of every role, on both screens and in both languages, before anybody has done anything."""

import pytest

from tests.e2e.browser import choose_language, overflow, small_targets

pytestmark = pytest.mark.e2e

PUBLIC = ("/", "/search", "/search?q=GB38031", "/search?q=没有这个标准", "/labs/")
SIGNED_IN = ("/schedule", "/bookings/", "/turnaround/")
LED_TO = ("/turnaround/?months=24&grain=quarter", "/turnaround/why", "/turnaround/lines?of=submitted&sort=longest")
VISITOR = None
PAGES = {
    VISITOR: (*PUBLIC, "/accounts/sign-in", "/accounts/lost-password", "/accounts/register"),
    "oem-a@demo.example": (*PUBLIC, *SIGNED_IN, "/orders/", "/orders/import", "/notices/", "/notices/choices"),
    "lab@demo.example": (*PUBLIC, *SIGNED_IN, *LED_TO),
    "coordinator@demo.example": ("/", "/turnaround/", "/turnaround/?view=projected"),
    "admin@demo.example": ("/", "/admin/", "/admin/jobs", "/admin/mail"),
}
LANGUAGES = ("zh", "en")


@pytest.mark.parametrize("screen", ["page_desktop", "page_phone"])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("email", PAGES, ids=str)
def test_pages_answer_fit_the_screen_and_can_be_read_by_all(request, sign_in, axe, email, language, screen):
    page = request.getfixturevalue(screen)
    if email:
        sign_in(page, email)
    choose_language(page, language)
    wrong = []
    for path in PAGES[email]:
        answer = page.goto(path)
        if not answer.ok:
            wrong.append(f"{path}: HTTP {answer.status}")
        if not page.locator("html").get_attribute("lang").startswith(language):
            wrong.append(f"{path}: in the wrong language")
        if wide := overflow(page):
            wrong.append(f"{path}: {wide} px wider than the screen")
        wrong += axe(page)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("screen", ["page_desktop", "page_phone"])
def test_the_field_that_is_missing_is_not_hidden_under_the_bar(request, screen):
    page = request.getfixturevalue(screen)
    page.goto("/accounts/register")
    page.locator("main form button").last.click()
    page.wait_for_function("document.activeElement.name === 'name_zh'")
    page.wait_for_function(
        """() => document.querySelector("label[for=name_zh]").getBoundingClientRect().top
            >= document.querySelector(".top").getBoundingClientRect().bottom"""
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_finger_hits_what_it_means(page_phone, sign_in, language):
    sign_in(page_phone, "oem-a@demo.example")
    choose_language(page_phone, language)
    small = []
    for path in ("/", "/search", "/search?q=GB38031", "/bookings/", "/notices/", "/more"):
        page_phone.goto(path)
        small += [f"{path}: {each}" for each in small_targets(page_phone)]
    assert not small, "\n".join(small)
