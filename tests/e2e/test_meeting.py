"""The coordinators' page in a meeting: Page Down shows one statement after the other whole, and paper is one page."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.e2e
ADDRESS = "/turnaround/?view=projected"
HEIGHTS = "[...document.querySelectorAll('.one')].map(each => Math.round(each.getBoundingClientRect().height))"


@pytest.mark.parametrize("size", [(1920, 1080), (1280, 720)], ids=str)
def test_each_press_shows_the_next_statement_whole(page_desktop, sign_in, size):
    width, height = size
    page_desktop.set_viewport_size({"width": width, "height": height})
    sign_in(page_desktop, "coordinator@demo.example")
    page_desktop.goto(ADDRESS)
    heights = page_desktop.evaluate(HEIGHTS)
    assert len(heights) >= 6 and set(heights) == {height}
    for place in range(1, len(heights)):
        page_desktop.keyboard.press("PageDown")
        expect(page_desktop.locator(".one").nth(place)).to_be_in_viewport(ratio=0.99)
    smallest = page_desktop.evaluate(
        "Math.min(...[...document.querySelectorAll('.one *')].filter(each => each.innerText && !each.children.length)"
        ".map(each => parseFloat(getComputedStyle(each).fontSize)))"
    )
    assert smallest >= height / 30


def test_on_paper_it_is_one_page(page_desktop, sign_in):
    sign_in(page_desktop, "coordinator@demo.example")
    page_desktop.goto(ADDRESS)
    assert page_desktop.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") == 1
