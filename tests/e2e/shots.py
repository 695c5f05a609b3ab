"""Take pictures of a running server, for the README and for looking at one's work.

    python tests/e2e/shots.py --base http://127.0.0.1:8000 --as oem-a@demo.example \
        --password-from instance/demo-accounts.json --out /tmp/shots /search?q=GB38031 home=/

Each PATH, or NAME=PATH, gives NAME-DEVICE-LANGUAGE-SCHEME.png. What a person would stumble over is told in
the same breath: an error status, a message in the console, a page wider than its screen.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from browser import DESKTOP, PHONE, choose_language, chromium, fill_sign_in, launched, opened, overflow
from playwright.sync_api import Browser, Error, Page

DEVICES = {"desktop": DESKTOP, "phone": PHONE}


def main() -> int:
    """Exit 0 when every picture was taken without a remark, 1 otherwise, 2 without browser or server."""
    given = _arguments()
    path = chromium()
    if path is None:
        sys.stderr.write("no Chromium found: apt-get install chromium fonts-noto-cjk\n")
        return 2
    given.out.mkdir(parents=True, exist_ok=True)
    remarks = 0
    try:
        with launched(path) as browser:
            for device in given.devices:
                for line in _shots(browser, device, given):
                    remarks += line.startswith("  ")
                    sys.stdout.write(line + "\n")
    except Error as error:
        sys.stderr.write(f"{error.message}\n")
        return 2
    return 1 if remarks else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Pictures of a running Yujian")
    parser.add_argument("--base", default="http://127.0.0.1:8000", help="address of the server")
    parser.add_argument("--as", dest="email", help="sign in as this account; without it as a visitor")
    parser.add_argument("--password-from", type=Path, default=Path("instance/demo-accounts.json"))
    parser.add_argument("--password", help="for an account that is not in that file")
    parser.add_argument("--out", type=Path, required=True, help="folder of the pictures")
    parser.add_argument("--devices", type=_listed, default=list(DEVICES), help="desktop,phone")
    parser.add_argument("--languages", type=_listed, default=["zh", "en"], help="zh,en")
    parser.add_argument("--schemes", type=_listed, default=["light", "dark"], help="light,dark")
    parser.add_argument("--window", action="store_true", help="the first screen instead of the whole page")
    parser.add_argument("paths", nargs="+", metavar="PATH", help="/path or name=/path")
    return parser.parse_args()


def _listed(text: str) -> list[str]:
    return text.split(",")


def _shots(browser: Browser, device: str, given: argparse.Namespace) -> Iterator[str]:
    """A line for each picture, and an indented one for each thing wrong with it."""
    context = opened(browser, given.base, DEVICES[device])
    page = context.new_page()
    remarks: list[str] = []
    page.on("console", lambda said: said.type in ("error", "warning") and remarks.append(said.text))
    page.on("pageerror", lambda error: remarks.append(str(error)))
    if given.email:
        fill_sign_in(page, given.email, given.password or _password(given.password_from, given.email))
    for language in given.languages:
        choose_language(page, language)
        for scheme in given.schemes:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            for path in given.paths:
                name, address = _named(path)
                target = given.out / f"{name}-{device}-{language}-{scheme}.png"
                remarks.clear()
                remarks += _take(page, address, target, whole=not given.window)
                yield str(target)
                yield from (f"  {remark}" for remark in remarks)
    context.close()


def _take(page: Page, address: str, target: Path, *, whole: bool) -> list[str]:
    try:
        answer = page.goto(address, wait_until="networkidle")
        page.screenshot(path=target, full_page=whole)
    except Error as error:
        return [error.message]
    remarks = []
    if answer is not None and not answer.ok:
        remarks.append(f"HTTP {answer.status}")
    if wide := overflow(page):
        remarks.append(f"{wide} px wider than the screen")
    return remarks


def _named(path: str) -> tuple[str, str]:
    """`name=/path`, or a name made of the path: `/search?q=x` gives `search-q-x`."""
    if match := re.fullmatch(r"([\w-]+)=(/.*)", path):
        return match[1], match[2]
    return re.sub(r"[^\w]+", "-", path).strip("-") or "home", path


def _password(file: Path, email: str) -> str:
    accounts = json.loads(file.read_text(encoding="utf-8"))
    known = {account["email"]: account["password"] for account in accounts}
    if email not in known:
        raise SystemExit(f"{email} is not in {file}")
    return str(known[email])


if __name__ == "__main__":
    raise SystemExit(main())
