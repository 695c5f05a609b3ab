"""What a lab sets, at two sizes: week view, earliest offer and feed; pools, combinations and changeover beside the
plain case.

`python -m bench.capacity [--engine sqlite|postgresql] [--sizes SMALL,LARGE] [--calls N]`, 5,000 and 200,000 bookings
without. One process, both houses in turn. The lab BENCH gets benches of its own, all as full as the catalogue's, for
tests of the same length: one bench alone, a pool, a bench that needs units of two other pools, a whole of three
parts, and a bench that changes over between states.
"""

import argparse
import json
import logging
import os
import random
import shutil
import tempfile
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import select, update

from app import create_app
from app.booking.models import Occupancy
from app.clock import now
from app.database import db, refresh_statistics, transaction
from app.labs.capacity import BenchState, Changeover, Companion, touch
from app.labs.models import Capability, Resource, Test
from app.worktime import local_date
from bench import fill
from bench.client import medians_in_turn
from bench.lists import read, signed_in
from bench.run import OFFER, fresh_database, postgresql

SIZES = (5_000, 200_000)
LAB = "cmvr-new-energy"
BEARER = {"Authorization": f"Bearer {fill.TOKEN}"}
PLAIN, WANTED, WANTED_PLAIN = "plain bench", 1.5, 2.0
# Units of each pool, and whether it is booked for a test of its own; the others are only needed by them.
POOLS = {PLAIN: 1, "pool of 4": 4, "companions": 1, "whole": 1, "changeover": 1, "logger": 4, "operator": 2, "part": 3}
KINDS = (PLAIN, "pool of 4", "companions", "whole", "changeover")
STATES = 3
Page = Callable[[], object]


def ident(pool: str) -> str:
    return "bench-" + pool.replace(" ", "-")


def house(address: str, size: int) -> dict[str, Page]:
    """A filled application's questions by what they are called."""
    app = create_app(
        {"SCHEDULER": False, "DATABASE_URL": address, "WTF_CSRF_ENABLED": False, "API_RATE": "1000000 per minute"}
    )
    with app.app_context():
        upgrade()
        app.test_cli_runner().invoke(args=["catalogue", "load", "app/labs/catalogue"])
        tests = dress()
        who = fill.people(now())
        fill.bookings(size, now(), who)
        leave_in_states()
        if db.engine.dialect.name == "postgresql":
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("ANALYZE")
        refresh_statistics(now())
        db.session.remove()
    browser, api = signed_in(app, who[0][1]), app.test_client()
    week = local_date(now()) + timedelta(days=7)
    questions: dict[str, Page] = {
        "week of 60 benches": partial(read, browser, f"/schedule?from={week}&days=7"),
        "two weeks of a lab": partial(read, browser, f"/schedule?from={week}&lab={LAB}"),
        "earliest offer": partial(ask, api, OFFER),
        "feed": partial(read, browser, feed(api)),
    }
    for kind, test in tests.items():
        questions[kind] = partial(ask, api, f"/api/v1/offers?test={test}&lab={LAB}&limit=1")
    return questions


def ask(client: FlaskClient, path: str) -> None:
    answer = client.get(path, headers=BEARER)
    assert answer.status_code == 200 and answer.json["items"], f"{path} answered {answer.status_code}"


def feed(client: FlaskClient) -> str:
    answer = client.post("/api/v1/feeds", json={"scope": "me"}, headers=BEARER)
    return "/calendar/" + str(json.loads(answer.data)["url"]).rpartition("/")[2]


def dress() -> dict[str, str]:
    """The lab's own benches and what they need; the test of each kind."""
    with transaction() as session:
        model = session.scalars(select(Resource).where(Resource.lab_id == LAB, Resource.places == 1)).first()
        assert model is not None
        known = (
            select(Capability.test_id).join(Resource, Resource.pool == Capability.pool).where(Resource.lab_id == LAB)
        )
        tests = session.scalars(
            select(Test.id).where(Test.id.not_in(known), Test.run_splits.is_(False)).order_by(Test.id).limit(len(POOLS))
        ).all()
        of = dict(zip(POOLS, tests, strict=True))
        for pool, units in POOLS.items():
            for unit in range(1, units + 1):
                session.add(_unit(model, pool, unit))
            session.add(_capability(pool, of[pool]))
        session.flush()
        for companion in ("logger", "operator"):
            session.add(
                Companion(
                    pool=ident("companions"), test_id=of["companions"], companion_pool=ident(companion), lab_id=LAB
                )
            )
        turned = session.get_one(Capability, (ident("changeover"), of["changeover"]))
        for number in range(STATES):
            state = BenchState(
                id=f"bench-{number}", lab_id=LAB, pool=turned.pool, name_zh=str(number), name_en=str(number)
            )
            session.add(state)
        session.flush()
        turned.state_id = "bench-0"
        for one in range(STATES):
            for other in set(range(STATES)) - {one}:
                session.add(
                    Changeover(from_state_id=f"bench-{one}", to_state_id=f"bench-{other}", lab_id=LAB, minutes=45)
                )
        touch(session, LAB)
    return {kind: of[kind] for kind in KINDS}


def _unit(model: Resource, pool: str, unit: int) -> Resource:
    columns = {each.key: getattr(model, each.key) for each in Resource.__mapper__.column_attrs}
    columns |= {
        "id": f"{ident(pool)}-{unit}",
        "pool": ident(pool),
        "unit": unit,
        "shifts": "two",
        "unattended": False,
        "grain_minutes": 15,
        "whole_id": f"{ident('whole')}-1" if pool == "part" else None,
        "origin": "lab",
    }
    return Resource(**columns)


def _capability(pool: str, test: str) -> Capability:
    times = {"setup_minutes": 15, "run_minutes": 45, "teardown_minutes": 15, "report_days": 5}
    basis = {"basis": "representative", "note_zh": "", "note_en": "", "origin": "lab"}
    return Capability(pool=ident(pool), test_id=test, needs={}, sample_limits={}, **times, **basis)


def leave_in_states() -> None:
    """Every use of the bench that changes over leaves it in one of the states."""
    draw = random.Random(3)
    with transaction() as session:
        ids = session.scalars(select(Occupancy.id).where(Occupancy.resource_id == f"{ident('changeover')}-1")).all()
        for row in ids:
            state = f"bench-{draw.randrange(STATES)}"
            session.execute(update(Occupancy).where(Occupancy.id == row).values(state_id=state))


def measure(engine: str, address: str, folder: Path, sizes: tuple[int, int], calls: int) -> None:
    """The rows of one database."""
    small, large = (house(fresh_database(engine, address, folder, f"capacity{size}"), size) for size in sizes)
    rows(engine, small, large, calls)


def rows(engine: str, small: dict[str, Page], large: dict[str, Page], calls: int) -> None:
    """A row for each question; what a lab sets is asked in turn with the plain bench of the same house."""
    for name in small:
        asked = [small[name], large[name], *((small[PLAIN], large[PLAIN]) if name in KINDS[1:] else ())]
        few, many, *plain = medians_in_turn(calls, *asked)
        beside = f"{few / plain[0]:.2f} and {many / plain[1]:.2f} × plain" if plain else ""
        print(
            f"| {engine} | {name} | {1000 * few:.1f} | {1000 * many:.1f} | {many / few:.2f} × | {beside} |", flush=True
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=30)
    parser.add_argument("--engine", choices=["sqlite", "postgresql"])
    parser.add_argument("--sizes", type=lambda text: tuple(map(int, text.split(","))), default=SIZES)
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="yujian-capacity-"))
    os.environ["YUJIAN_INSTANCE"] = str(folder)
    # Every request would be told on standard error.
    logging.disable(logging.CRITICAL)
    small, large = chosen.sizes
    print(f"| database | question | {small:,} bookings, ms | {large:,} bookings, ms | ratio | small and large |")
    print("| --- | --- | --- | --- | --- | --- |", flush=True)
    try:
        if chosen.engine != "postgresql":
            measure("sqlite", "", folder, chosen.sizes, chosen.calls)
        if chosen.engine != "sqlite":
            with postgresql() as address:
                measure("postgresql", address, folder, chosen.sizes, chosen.calls)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
