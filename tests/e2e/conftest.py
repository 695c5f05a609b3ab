"""A real server with catalogue and demo data, and a real browser in front of it.

The instance is prepared once per run, as `make run` does it, in a temporary folder. A test that changes
things must not rely on what another one left.
"""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.e2e.browser import DESKTOP, PHONE, Device, chromium, fill_sign_in, launched, opened
from tests.notifications.postbox import Postbox, open_postbox

ROOT = Path(__file__).parent.parent.parent
BIN = Path(sys.executable).parent
START_SECONDS = 60

SignIn = Callable[[Page, str], None]


@dataclass(frozen=True)
class Server:
    """Where it answers, its instance folder, and the mail server that it speaks to."""

    base: str
    instance: Path
    postbox: Postbox
    environment: dict[str, str]

    def runs(self, job: str) -> None:
        """One pass of a job now, in a process of its own beside the scheduler."""
        _flask(["jobs", "once", job], self.environment)

    def account(self, email: str) -> dict[str, str]:
        """The demo account with that address: email, password, role, organisation."""
        accounts = json.loads((self.instance / "demo-accounts.json").read_text(encoding="utf-8"))
        return next(account for account in accounts if account["email"] == email)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server of this run, on SQLite, with 1,200 demo order lines."""
    instance = tmp_path_factory.mktemp("instance")
    port = _free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("YUJIAN_")}
    environment |= {"YUJIAN_INSTANCE": str(instance), "PORT": str(port)}
    for command in (["db", "upgrade"], ["catalogue", "load", "app/labs/catalogue"], ["demo"]):
        _flask(command, environment)
    with open_postbox() as postbox:
        environment |= {"YUJIAN_SMTP_URL": postbox.url}
        with _gunicorn(environment, instance / "server.log") as process:
            base = f"http://127.0.0.1:{port}"
            _wait_until_ready(base, process, instance / "server.log")
            yield Server(base, instance, postbox, environment)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium; without one the tests are skipped, except in CI, where they fail."""
    path = chromium()
    if path is None:
        reason = "no Chromium on this system: apt-get install chromium fonts-noto-cjk"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with launched(path) as running:
        yield running


@pytest.fixture
def page_desktop(browser: Browser, server: Server) -> Iterator[Page]:
    """A fresh page, 1440 × 900."""
    with watched(browser, server, DESKTOP) as page:
        yield page


@pytest.fixture
def page_phone(browser: Browser, server: Server) -> Iterator[Page]:
    """A fresh page, 390 × 844, touched."""
    with watched(browser, server, PHONE) as page:
        yield page


@pytest.fixture
def sign_in(server: Server) -> SignIn:
    """`sign_in(page, email)` with the password of that demo account."""
    return lambda page, email: fill_sign_in(page, email, server.account(email)["password"])


@pytest.fixture(scope="session")
def axe() -> Callable[[Page], list[str]]:
    """`axe(page)`: a line for each element that breaks one of axe's rules, in the light or the dark scheme."""
    checker = Axe()

    def findings(page: Page) -> list[str]:
        page.emulate_media(color_scheme="light")
        violations = checker.run(page).response["violations"]
        page.emulate_media(color_scheme="dark")
        violations += checker.run(page, options={"runOnly": ["color-contrast"]}).response["violations"]
        return [
            f"{page.url} {violation['id']}: {node['html'][:200]}"
            for violation in violations
            for node in violation["nodes"]
        ]

    return findings


@contextmanager
def watched(browser: Browser, server: Server, device: Device) -> Iterator[Page]:
    """A page on which no script may fail and the content policy may not have to block anything."""
    context = opened(browser, server.base, device)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: "Content Security Policy" in said.text and faults.append(said.text))
    try:
        yield page
    finally:
        context.close()
    assert faults == []


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


def _flask(command: list[str], environment: dict[str, str]) -> None:
    outcome = subprocess.run(
        [str(BIN / "flask"), "--app", "app", *command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    if outcome.returncode:
        pytest.fail(f"flask {' '.join(command)}: exit {outcome.returncode}\n{outcome.stdout}{outcome.stderr}")


@contextmanager
def _gunicorn(environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(BIN / "gunicorn"), "-c", "gunicorn.conf.py"],
            cwd=ROOT,
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait_until_ready(base: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{base}/readyz", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    pytest.fail(f"the server didn't come up:\n{log.read_text(encoding='utf-8')}")
