"""Lists and the page of an order, of a company and a lab with 5,000 and with 100,000 lines of their own.

What is open is the same in both houses; what grows is what is over, of this company at this lab. Run:
`python -m bench.lists [--calls N] [--sizes SMALL,LARGE]`.
"""

import argparse
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import event, insert, select

from app import create_app
from app.accounts.models import Membership, Role, User
from app.booking.models import Booking
from app.clock import now
from app.database import db, refresh_statistics, transaction
from app.identifiers import new_id
from app.labs.models import Capability, Lab, Resource
from app.orders.models import Order, OrderLine
from app.samples.models import Sample
from bench import fill
from bench.client import medians_in_turn

SIZES = (5_000, 100_000)
LAB = "cmvr-new-energy"
# How much of each is open: orders to review, samples to receive, uses to start, late ones, reports to write.
OPEN = 60
COMPANY_PAGES = ("/orders/", "/orders/?state=issued", "/work/?list=mine", "/work/?list=open", "/")
LAB_PAGES = (
    "/orders/",
    "/orders/?state=issued",
    *(f"/work/?list={each}" for each in ("review", "receive", "start", "late", "report")),
    "/inbox",
    "/",
)


def house(folder: Path, size: int) -> tuple[Any, dict[str, Any]]:
    """A filled application, and its pages by what they are called."""
    address = f"sqlite:///{folder}/lists{size}.sqlite3"
    app = create_app({"SCHEDULER": False, "DATABASE_URL": address, "WTF_CSRF_ENABLED": False})
    with app.app_context():
        upgrade()
        app.test_cli_runner().invoke(args=["catalogue", "load", "app/labs/catalogue"])
        company, engineer = fill.people(now())[0]
        desk = order_desk()
        an_order = lines(size, company, engineer)
        refresh_statistics(now())
        db.session.remove()
    people = {"company": signed_in(app, engineer), "lab": signed_in(app, desk)}
    pages = {f"company {path}": partial(read, people["company"], path) for path in COMPANY_PAGES}
    pages |= {f"lab {path}": partial(read, people["lab"], path) for path in LAB_PAGES}
    pages |= {f"{who} page of an order": partial(read, people[who], f"/orders/{an_order}") for who in people}
    return app, pages


def order_desk() -> str:
    """Somebody at the order desk of LAB; the id of his account."""
    operator = db.session.get_one(Lab, LAB).organisation_id
    with transaction() as session:
        user = User(email="desk@bench.example", name="量测", password_hash="!", created_at=now())
        session.add(user)
        session.flush()
        seat = {"organisation_id": operator, "role": Role.LAB_ADMIN, "lab_ids": [LAB]}
        session.add(Membership(user_id=user.id, created_at=now(), **seat))
        return user.id


def lines(size: int, company: str, user: str) -> str:
    """`size` lines with a booking each, 5 × OPEN of them open; the id of an order under way."""
    query = (
        select(Resource.id, Capability.test_id)
        .join(Capability, Capability.pool == Resource.pool)
        .where(Resource.lab_id == LAB)
        .order_by(Resource.id, Capability.test_id)
    )
    benches = [(row[0], row[1]) for row in db.session.execute(query)]
    rows = _rows(size, benches, company, user, now().replace(second=0, microsecond=0))
    last = ""
    while chunk := list(islice(rows, fill.CHUNK)):
        with transaction() as session:
            for table in (Order, OrderLine, Booking, Sample):
                if values := [row[table] for row in chunk if table in row]:
                    session.execute(insert(table), values)
        last = chunk[-1][Order]["id"]
    return last


# Of what is open: the state of the order, of the booking, and when its use starts, in hours from now.
STAGES = (
    ("submitted", "requested", 24 * 9),
    ("accepted", "confirmed", 24 * 5),
    ("accepted", "confirmed", -2),
    ("testing", "running", -30),
    ("reporting", "completed", -24 * 3),
)


def _rows(
    size: int, benches: list[tuple[str, str]], company: str, user: str, at: datetime
) -> Iterator[dict[Any, dict[str, Any]]]:
    for number in range(size - len(STAGES) * OPEN):
        start = at - timedelta(days=30) - timedelta(minutes=10 * number)
        yield _row(benches[number % len(benches)], company, user, start, ("issued", "completed"))
    for number in range(OPEN * len(STAGES)):
        order, booking, hours = STAGES[number % len(STAGES)]
        start = at + timedelta(hours=hours, minutes=number)
        row = _row(benches[number % len(benches)], company, user, start, (order, booking))
        if booking == "confirmed" and hours > 0:
            row[Sample] = _sample(row[Order], user)
        yield row


def _row(
    bench: tuple[str, str], company: str, user: str, start: datetime, states: tuple[str, str]
) -> dict[Any, dict[str, Any]]:
    state, booked = states
    order, line, booking = new_id(), new_id(), new_id()
    asked, confirmed, end = start - timedelta(days=9), start - timedelta(days=8), start + timedelta(hours=4)
    began, ended, accepted = state in BEGUN, state in ENDED, state != "submitted"
    common = {"company_id": company, "lab_id": LAB}
    found: dict[Any, dict[str, Any]] = {
        Order: {
            "id": order,
            "code": f"W{booking[:10]}",
            "state": state,
            "version": 1,
            "created_at": asked,
            "created_by_id": user,
            "direct": False,
            "submitted_at": asked,
        },
        OrderLine: {
            "id": line,
            "order_id": order,
            "test_id": bench[1],
            "sample": "BP-12",
            "state": state,
            "submitted_at": asked,
            "accepted_at": confirmed if accepted else None,
            "taken_at": start if began else None,
            "ended_at": end if ended else None,
            "issued_at": end + timedelta(days=6) if state == "issued" else None,
        },
        Booking: {
            "id": booking,
            "code": f"B{booking[:10]}",
            "state": booked,
            "version": 1,
            "resource_id": bench[0],
            "place": 1,
            "test_id": bench[1],
            "order_line_id": line,
            "starts_at": start,
            "ends_at": end,
            "run_from": start,
            "run_until": end,
            "requested_at": asked,
            "confirmed_at": confirmed if accepted else None,
            "confirmed_by_id": user if accepted else None,
            "sample": "BP-12",
            "note": "",
            "created_by_id": user,
            "created_at": asked,
            "changed_at": asked,
        },
    }
    return {table: common | values for table, values in found.items()}


ENDED = ("reporting", "issued")
BEGUN = ("testing", *ENDED)


def _sample(order: dict[str, Any], user: str) -> dict[str, Any]:
    return {
        "id": new_id(),
        "code": f"S{order['id'][:10]}",
        "order_id": order["id"],
        "company_id": order["company_id"],
        "lab_id": order["lab_id"],
        "name": "BP-12",
        "kind": "part",
        "state": "expected",
        "version": 1,
        "created_by_id": user,
        "created_at": order["created_at"],
    }


def signed_in(app: Any, user_id: str) -> FlaskClient:
    """A browser of this account."""
    client: FlaskClient = app.test_client()
    with app.app_context():
        key = db.session.get_one(User, user_id).get_id()
        db.session.remove()
    with client.session_transaction() as session:
        session["_user_id"] = key
    return client


def read(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200, f"{path} answered {answer.status_code}"


def statements(app: Any, page: Any) -> int:
    """How many statements a page takes, `BEGIN` counted."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        sent.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        page()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return len(sent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=15)
    parser.add_argument("--sizes", type=lambda text: tuple(map(int, text.split(","))), default=SIZES)
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="yujian-lists-"))
    os.environ["YUJIAN_INSTANCE"] = str(folder)
    small, large = chosen.sizes
    # Every request would be told on standard error.
    logging.disable(logging.CRITICAL)
    print(f"| page | {small:,} lines, ms | {large:,} lines, ms | ratio | statements |")
    print("| --- | --- | --- | --- | --- |")
    try:
        (first, few), (second, many) = house(folder, small), house(folder, large)
        for name in few:
            quick, slow = medians_in_turn(chosen.calls, few[name], many[name])
            sent = f"{statements(first, few[name])} and {statements(second, many[name])}"
            row = (name, f"{1000 * quick:.1f}", f"{1000 * slow:.1f}", f"{slow / quick:.2f} ×", sent)
            print("| " + " | ".join(row) + " |", flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
