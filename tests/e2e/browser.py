"""The system's Chromium, driven by Playwright, and what tests and the picture script do with it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Root has no user namespace sandbox, and /dev/shm is small in containers.
FLAGS = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars")

# What lies beyond the right edge, unless it can be scrolled to or is only for screen readers.
BEYOND = """() => {
    const width = document.documentElement.clientWidth
    const roams = each => /auto|scroll/.test(getComputedStyle(each).overflowX)
    const scrolls = each => each && (roams(each) || scrolls(each.parentElement))
    const beyond = [...document.querySelectorAll("main *:not(svg *, .vh)")].filter(each => !scrolls(each.parentElement))
        .map(each => each.getBoundingClientRect()).filter(box => box.width > 1 && box.height > 1)
        .map(box => Math.round(box.right - width))
    return Math.max(document.documentElement.scrollWidth - width, ...beyond)
}"""
SMALL = """() => {
    const alone = "main :is(.l > li > a, .t.stack td > a:only-child, button, select, input[type=search])"
    const small = []
    for (const each of document.querySelectorAll(alone)) {
        if (!each.checkVisibility({visibilityProperty: true}) || each.getClientRects().length > 1) continue
        each.scrollIntoView({block: "center"})
        const box = each.getClientRects()[0]
        const hit = y => each.contains(document.elementFromPoint(box.left + box.width / 2, y))
        const middle = box.top + box.height / 2
        const reach = step => { let far = 0; while (far < 40 && hit(middle + step * far)) far++; return far }
        if (reach(-1) + reach(1) - 1 < 32) small.push(each.outerHTML.slice(0, 120))
    }
    return small
}"""

Scheme = Literal["light", "dark"]


@dataclass(frozen=True)
class Device:
    """A screen: CSS pixels, whether it is touched, device pixels per CSS pixel."""

    width: int
    height: int
    touch: bool = False
    scale: float = 1


DESKTOP = Device(1440, 900)
PHONE = Device(390, 844, touch=True, scale=2)


def chromium() -> str | None:
    """Path of an installed Chromium or Chrome, None if there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def launched(path: str) -> Iterator[Browser]:
    """A headless browser that is closed at the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def opened(browser: Browser, base: str, device: Device, scheme: Scheme = "light") -> BrowserContext:
    """A fresh profile on that screen, in Chinese and in Chongqing's time zone."""
    return browser.new_context(
        base_url=base,
        viewport={"width": device.width, "height": device.height},
        device_scale_factor=device.scale,
        has_touch=device.touch,
        color_scheme=scheme,
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        reduced_motion="reduce",
    )


def fill_sign_in(page: Page, email: str, password: str) -> None:
    """Sign in through the form; raises AssertionError when the form is shown again."""
    page.goto("/accounts/sign-in")
    page.fill("input[name=email]", email)
    page.fill("input[name=password]", password)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(lambda url: "/accounts/sign-in" not in url, timeout=30_000)


def choose_language(page: Page, language: Literal["zh", "en"]) -> None:
    """Switch the visitor's language as the link at the foot of each page does."""
    page.goto(f"/language/{language}?next=/healthz")


def overflow(page: Page) -> int:
    """CSS pixels by which the page is wider than its window, or something on it is cut off there (0: neither)."""
    wide: int = page.evaluate(BEYOND)
    return max(0, wide)


def small_targets(page: Page) -> list[str]:
    """Fields, buttons and links that stand by themselves and that a finger hits over less than 32 CSS pixels.

    44 are meant; what stands close below takes some of them. A link of two lines is tall enough.
    """
    found: list[str] = page.evaluate(SMALL)
    return found
