"""The pages of turnaround with 5,000 and with 200,000 issued lines of two years, and the nightly summary.

Lines lie evenly over twelve companies, all labs and what they can do. One in 25 is a test done again, in one of eight
orders the clock stood still for the customer, one run in 20 was paused. Run:
`python -m bench.turnaround [--calls N] [--sizes SMALL,LARGE]`.
"""

import argparse
import logging
import random
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import Any, NamedTuple

from flask_migrate import upgrade
from sqlalchemy import func, insert, select

from app import create_app
from app.accounts.models import Membership, Organisation, OrganisationKind, Role, User
from app.booking.models import Booking
from app.clock import now
from app.database import db, refresh_statistics, transaction
from app.identifiers import new_id
from app.labs.models import Capability, Resource
from app.orders.models import ClockStop, Order, OrderLine, RetestCause, StopCause
from app.testing.models import RunPause
from app.testing.run_rules import PauseCause
from app.turnaround.jobs import summarise
from app.turnaround.models import SummarisedMonth
from bench import fill
from bench.lists import order_desk, read, signed_in

SIZES = (5_000, 200_000)
YEARS = timedelta(days=730)
# Days of the phases, and how many lines in one are done again, stood still for the customer, or were paused.
MEANS = (6, 2, 12, 2)
AGAIN, STOPPED, PAUSED = 1 / 25, 1 / 8, 1 / 20
INSTANTS = ("submitted_at", "accepted_at", "taken_at", "ended_at", "issued_at")
# By table what is written for a line.
Row = dict[Any, dict[str, Any]]
PAGES = (
    "/turnaround/",
    "/turnaround/?months=24&group_by=test",
    "/turnaround/why?against=year",
    "/turnaround/quality",
)


class Bench(NamedTuple):
    """Where a test can be done."""

    lab_id: str
    test_id: str
    resource_id: str


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
    """`size` issued lines; some tests were done again, some orders waited for their customer, some runs were paused."""
    query = select(Resource.lab_id, Capability.test_id, func.min(Resource.id))
    query = query.join(Capability, Capability.pool == Resource.pool).group_by(Resource.lab_id, Capability.test_id)
    benches = [Bench(*row) for row in db.session.execute(query.order_by(Resource.lab_id, Capability.test_id))]
    rows = islice(_rows(benches, people, now().replace(second=0, microsecond=0)), size)
    while chunk := list(islice(rows, fill.CHUNK)):
        with transaction() as session:
            for table in (Order, OrderLine, ClockStop, Booking, RunPause):
                if found := [row[table] for row in chunk if table in row]:
                    session.execute(insert(table), found)


def _rows(benches: list[Bench], people: list[tuple[str, str]], at: datetime) -> Iterator[Row]:
    dice = random.Random(6)
    for number in count():
        bench, who = dice.choice(benches), people[number % len(people)]
        instants = [at - YEARS * dice.random()]
        for mean in MEANS:
            instants.append(instants[-1] - timedelta(days=dice.expovariate(1 / mean)))
        row = _row(dice, bench, who, instants[::-1])
        if dice.random() < STOPPED:
            _stop(dice, row)
        yield row
        again = [instants[0]]
        for mean in MEANS:
            again.append(again[-1] + timedelta(days=dice.expovariate(1 / mean)))
        if dice.random() < AGAIN and again[-1] < at:
            second = _row(dice, bench, who, again)
            del second[Order]
            second[OrderLine] |= {"order_id": row[Order]["id"], "attempt": 2}
            second[OrderLine] |= {"retest_cause": dice.choice(list(RetestCause))}
            yield second


def _row(dice: random.Random, bench: Bench, who: tuple[str, str], instants: list[datetime]) -> Row:
    """A line with its order, some with a run that was paused."""
    (company_id, user_id), (order, line) = who, (new_id(), new_id())
    both = {"company_id": company_id, "lab_id": bench.lab_id}
    times = dict(zip(INSTANTS, instants, strict=True))
    by = {"created_at": instants[0], "created_by_id": user_id}
    facts = {"id": line, "order_id": order, "test_id": bench.test_id, "state": "issued"}
    shares = {"customer_seconds": 0, "paused_seconds": 0, "attempt": 1, "retest_cause": None}
    row: Row = {
        Order: both | by | {"id": order, "code": f"W{order[:10]}", "version": 1, "state": "issued"},
        OrderLine: both | facts | times | shares,
    }
    if dice.random() < PAUSED:
        begin, end = times["taken_at"], times["ended_at"] + timedelta(minutes=1)
        booking = {"id": new_id(), "code": f"B{order[:10]}", "state": "completed", "order_line_id": line}
        booking |= {"resource_id": bench.resource_id, "place": 1, "test_id": bench.test_id, "changed_at": end}
        row[Booking] = both | by | booking | {"starts_at": begin, "run_from": begin, "run_until": end, "ends_at": end}
        until = begin + (times["ended_at"] - begin) * dice.random() / 2
        row[OrderLine]["paused_seconds"] = int((until - begin).total_seconds())
        pause = {"id": new_id(), "booking_id": booking["id"], "order_line_id": line, "by_id": user_id}
        row[RunPause] = both | pause | {"cause": dice.choice(list(PauseCause)), "started_at": begin, "ended_at": until}
    return row


def _stop(dice: random.Random, row: Row) -> None:
    """Its order waited for the customer before the bench was taken."""
    line, order = row[OrderLine], row[Order]
    begin = line["submitted_at"]
    until = begin + (line["taken_at"] - begin) * dice.random() / 2
    line["customer_seconds"] = int((until - begin).total_seconds())
    stop = {name: line[name] for name in ("order_id", "company_id", "lab_id")} | {"id": new_id()}
    stop |= {"started_at": begin, "ended_at": until, "started_by_id": order["created_by_id"]}
    row[ClockStop] = stop | {"cause": dice.choice(list(StopCause))}


def summary(size: int) -> None:
    """Make the summary of all months, then what a night makes again; print both."""
    for what in ("all months", "one night"):
        begun = time.thread_time()
        made = summarise(now())
        taken = time.thread_time() - begun
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"summary of {size} lines, {what}: {made} months, {taken:.1f} s, peak memory {memory} MB", flush=True)
    assert db.session.query(SummarisedMonth).count() >= 24


def _quickest(calls: int, *asked: Callable[[], object]) -> list[float]:
    """CPU seconds of each, the least of so many calls, asked in turn: others' work distorts these least."""
    least = [float("inf")] * len(asked)
    for _ in range(calls + 2):
        for place, call in enumerate(asked):
            begun = time.thread_time()
            call()
            least[place] = min(least[place], time.thread_time() - begun)
    return least


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
        print("| page | small, ms of CPU | large, ms | ratio |\n| --- | --- | --- | --- |")
        for name in small:
            one, other = _quickest(given.calls, small[name], large[name])
            print(f"| {name} | {one * 1000:.0f} | {other * 1000:.0f} | {other / one:.2f} × |", flush=True)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
