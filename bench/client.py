"""Keep-alive HTTP clients on the loopback, and servers started the way the product is."""

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from app.cores import one, running_on

ROOT = Path(__file__).parent.parent
Call = Callable[["Client", int], int]


class Client:
    """One connection that is kept open."""

    def __init__(self, port: int, headers: dict[str, str] | None = None) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.headers = headers or {}

    def ask(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes, http.client.HTTPMessage]:
        """Status, body and headers of one request; a dict or list goes out as JSON, a str as a form."""
        data, kind = None, {}
        if isinstance(body, str):
            data, kind = body.encode(), {"Content-Type": "application/x-www-form-urlencoded"}
        elif body is not None:
            data, kind = json.dumps(body).encode(), {"Content-Type": "application/json"}
        self.connection.request(method, path, data, self.headers | kind | (headers or {}))
        response = self.connection.getresponse()
        return response.status, response.read(), response.headers


def sign_in(port: int, email: str, password: str) -> Client:
    """A client with the cookie of a signed-in page session."""
    client = Client(port)
    status, page, headers = client.ask("GET", "/accounts/sign-in")
    found = re.search(rb'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert status == 200 and found, "sign-in page without a token"
    cookie = headers["Set-Cookie"].partition(";")[0]
    form = urlencode({"email": email, "password": password, "csrf_token": found[1].decode()})
    status, _, headers = client.ask("POST", "/accounts/sign-in", form, {"Cookie": cookie})
    assert status == 303, f"sign-in answered {status}"
    client.headers["Cookie"] = headers["Set-Cookie"].partition(";")[0]
    return client


def rate(clients: list[Client], calls: int, call: Call) -> tuple[float, Counter[int]]:
    """Calls per second over all clients at once, and the statuses that came back. `calls` is per client."""
    told: Counter[int] = Counter()
    barrier = threading.Barrier(len(clients) + 1)

    def work(number: int, client: Client) -> None:
        barrier.wait()
        mine = Counter(call(client, number * calls + step) for step in range(calls))
        told.update(mine)

    threads = [threading.Thread(target=work, args=pair) for pair in enumerate(clients)]
    for thread in threads:
        thread.start()
    barrier.wait()
    begun = time.perf_counter()
    for thread in threads:
        thread.join()
    return len(clients) * calls / (time.perf_counter() - begun), told


def medians_in_turn(
    calls: int, *asked: Callable[[], object], clock: Callable[[], float] = time.perf_counter
) -> list[float]:
    """Median seconds of each, asked in turn: what else the machine does then falls on all alike.

    The first two of each are for warming up. clock: of the wall; `time.thread_time` for CPU alone.
    """
    times: list[list[float]] = [[] for _ in asked]
    for _ in range(calls + 2):
        for call, taken in zip(asked, times, strict=True):
            begun = clock()
            call()
            taken.append(clock() - begun)
    return [sorted(taken[2:])[calls // 2] for taken in times]


@contextmanager
def served(application: str, environment: dict[str, str]) -> Iterator[int]:
    """One gunicorn process with eight threads on one core and a free port, as `make run` serves."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "-b", f"127.0.0.1:{port}", "-w", "1", "-k", "gthread"]
    command += ["--threads", "8", "--no-control-socket", "--log-level", "error", "--keep-alive", "75", application]
    # Away from the root, so that gunicorn.conf.py with its scheduler is not picked up for either.
    surroundings = os.environ | {"PYTHONPATH": str(ROOT)} | environment
    with running_on(one(1)):
        server = subprocess.Popen(command, cwd=ROOT / "bench", env=surroundings, stdout=subprocess.DEVNULL)
    try:
        _wait(port, server)
        yield port
    finally:
        server.terminate()
        server.wait(20)


def _wait(port: int, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        if server.poll() is not None:
            raise RuntimeError(f"server ended with {server.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("server did not come up")
