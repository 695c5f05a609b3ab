"""The pages of turnaround with 5,000 and with 200,000 issued lines of two years, and the nightly summary.

Lines lie evenly over twelve companies, all labs and what they can do. Run:
`python -m bench.turnaround [--calls N] [--sizes SMALL,LARGE]`.
"""

import argparse
import logging
import random
import resource
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from flask_migrate import upgrade
from sqlalchemy import insert, select

from app import create_app
from app.accounts.models import Membership, Organisation, OrganisationKind, Role, User
from app.clock import now
from app.database import db, new_id, refresh_statistics, transaction
from app.labs.models import Capability, Resource
from app.orders.models import Order, OrderLine
from app.turnaround.jobs import summarise
from app.turnaround.models import SummarisedMonth
from bench import fill
from bench.client import medians_in_turn
from bench.lists import order_desk, read, signed_in

SIZES = (5_000, 200_000)
YEARS = timedelta(days=730)
PAGES = (
    "/turnaround/",
    "/turnaround/?months=24&group_by=test",
    "/turnaround/why?against=year",
    "/turnaround/quality",
)


def house(folder: Path, size: int) -> tuple[Any, dict[str, Any]]:
    """A filled application with its summary, and its pages by what they are called."""
    address = f"sqlite:///{folder}/turnaround{size}.sqlite3"
    app = create_app({"SCHEDULER": False, "DATABASE_URL": address, "WTF_CSRF_ENABLED": False})
    with app.app_context():
        upgrade()
        app.test_cli_runner().invoke(args=["catalogue", "load", "app/labs/catalogue"])
        people = fill.people(now())
        seats = {"company": people[0][1], "lab": order_desk(), "coordinator": coordinator()}
        lines(size, people)
        refresh_statistics(now())
        db.session.remove()
        summary(size)
        db.session.remove()
    clients = {who: signed_in(app, user) for who, user in seats.items()}
    return app, {f"{who} {path}": partial(read, client, path) for who, client in clients.items() for path in PAGES}


def coordinator() -> str:
    """Somebody who sees all lines as statistics; the id of his account."""
    with transaction() as session:
        office = Organisation(id="bench-office", name_zh="量测协调", name_en="Bench office", created_at=now())
        office.short_zh, office.short_en, office.kind = "协调", "Office", OrganisationKind.AUTHORITY
        office.province = office.city = "重庆市"
        user = User(email="coordinator@bench.example", name="量测", password_hash="!", created_at=now())
        session.add_all([office, user])
        session.flush()
        seat = {"organisation_id": office.id, "role": Role.COORDINATOR, "lab_ids": []}
        session.add(Membership(user_id=user.id, created_at=now(), **seat))
        return user.id


def lines(size: int, people: list[tuple[str, str]]) -> None:
    """`size` issued lines."""
    query = select(Resource.lab_id, Capability.test_id).join(Capability, Capability.pool == Resource.pool).distinct()
    places = [(row[0], row[1]) for row in db.session.execute(query.order_by(Resource.lab_id, Capability.test_id))]
    rows = _rows(size, places, people, now().replace(second=0, microsecond=0))
    while chunk := list(islice(rows, fill.CHUNK)):
        with transaction() as session:
            for table in (Order, OrderLine):
                session.execute(insert(table), [row[table] for row in chunk])


def _rows(
    size: int, places: list[tuple[str, str]], people: list[tuple[str, str]], at: datetime
) -> Iterator[dict[Any, dict[str, Any]]]:
    dice = random.Random(6)
    for number in range(size):
        lab_id, test_id = dice.choice(places)
        company_id, user_id = people[number % len(people)]
        instants = [at - YEARS * dice.random()]
        for mean in (6, 2, 12, 2):
            instants.insert(0, instants[0] - timedelta(days=dice.expovariate(1 / mean)))
        submitted, accepted, taken, ended, issued = instants
        order, both = new_id(), {"company_id": company_id, "lab_id": lab_id, "state": "issued"}
        yield {
            Order: both
            | {"id": order, "code": f"W{order[:10]}", "version": 1, "created_at": submitted, "created_by_id": user_id},
            OrderLine: both
            | {"id": new_id(), "order_id": order, "test_id": test_id, "submitted_at": submitted}
            | {"accepted_at": accepted, "taken_at": taken, "ended_at": ended, "issued_at": issued},
        }


def summary(size: int) -> None:
    """Make the summary of all months, then what a night makes again; print both."""
    for what in ("all months", "one night"):
        begun = time.perf_counter()
        count = summarise(now())
        taken = time.perf_counter() - begun
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"summary of {size} lines, {what}: {count} months, {taken:.1f} s, peak memory {memory} MB", flush=True)
    assert db.session.query(SummarisedMonth).count() >= 24


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=9)
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)))
    given = parser.parse_args()
    logging.disable(logging.INFO)
    folder = Path(tempfile.mkdtemp(prefix="yujian-bench-"))
    try:
        houses = [house(folder, int(size)) for size in given.sizes.split(",")]
        small, large = (pages for _app, pages in houses)
        print("| page | small, ms | large, ms | ratio |\n| --- | --- | --- | --- |")
        for name in small:
            one, other = medians_in_turn(given.calls, small[name], large[name])
            print(f"| {name} | {one * 1000:.0f} | {other * 1000:.0f} | {other / one:.2f} × |", flush=True)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
