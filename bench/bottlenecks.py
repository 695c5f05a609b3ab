"""The page of bottlenecks with 5,000 and with 100,000 bookings, live and with what the nights keep, and making that.

Run: `python -m bench.bottlenecks [--calls N] [--sizes SMALL,LARGE]`.
"""

import argparse
import logging
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from flask_migrate import upgrade

from app import create_app
from app.clock import now
from app.database import db, refresh_statistics
from app.turnaround.bottlenecks import of_kinds, of_pools
from app.turnaround.bottlenecks.kept import SETTLED, keep
from bench import fill
from bench.client import medians_in_turn
from bench.lists import order_desk, read, signed_in
from bench.turnaround import coordinator

SIZES = (5_000, 100_000)
PATHS = ("/turnaround/bottlenecks?months=3", "/turnaround/bottlenecks")
# Bookings are filled in as of now; the table knows what is older than a while.
LATER = SETTLED + timedelta(minutes=1)


def house(folder: Path, size: int) -> tuple[Any, dict[str, Callable[[], Any]]]:
    """A filled application, and its pages by what they are called."""
    address = f"sqlite:///{folder}/bottlenecks{size}.sqlite3"
    app = create_app({"SCHEDULER": False, "DATABASE_URL": address, "WTF_CSRF_ENABLED": False})
    with app.app_context():
        upgrade()
        app.test_cli_runner().invoke(args=["catalogue", "load", "app/labs/catalogue"])
        people = fill.people(now())
        seats = {"coordinator": coordinator(), "lab": order_desk()}
        fill.bookings(size, now(), people)
        refresh_statistics(now())
        db.session.remove()
    clients = {who: signed_in(app, user) for who, user in seats.items()}
    return app, {f"{who} {path}": partial(read, client, path) for who, client in clients.items() for path in PATHS}


def made(app: Any, size: int) -> None:
    """Make the table of all months and ask the requests of all pools again, then what a night does; print all."""
    works = {
        "hours of all months": partial(keep, now() + LATER),
        "hours in a night": partial(keep, now() + LATER),
        "what if of all pools": partial(of_pools.keep, now()),
        "what if in a night": partial(of_pools.keep, now()),
        "what if of all kinds": partial(of_kinds.reckon, now()),
    }
    with app.app_context():
        for what, work in works.items():
            begun, count = time.thread_time(), work()
            taken = time.thread_time() - begun
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            print(f"{size} bookings, {what}: {count}, {taken:.1f} s of CPU, peak memory {memory} MB", flush=True)
        db.session.remove()


def compare(what: str, calls: int, small: dict[str, Any], large: dict[str, Any]) -> None:
    for name in small:
        one, other = medians_in_turn(calls, small[name], large[name], clock=time.thread_time)
        print(f"| {name} | {what} | {one * 1000:.0f} | {other * 1000:.0f} | {other / one:.2f} × |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=9)
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)))
    given = parser.parse_args()
    logging.disable(logging.INFO)
    folder = Path(tempfile.mkdtemp(prefix="yujian-bench-"))
    try:
        sizes = [int(size) for size in given.sizes.split(",")]
        houses = [house(folder, size) for size in sizes]
        small, large = (pages for _app, pages in houses)
        print("| page | hours | small, ms of CPU | large, ms of CPU | ratio |\n| --- | --- | --- | --- | --- |")
        compare("live", 1, small, large)
        for (app, _pages), size in zip(houses, sizes, strict=True):
            made(app, size)
        compare("kept", given.calls, small, large)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
