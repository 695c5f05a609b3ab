"""A filled house: the real catalogue and any number of bookings, half in the past year, half ahead.

Rows are written in bulk, but they pass the database's own guard against overlaps like every other.
"""

import itertools
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import insert, select

from app.accounts.models import ApiToken, Membership, Organisation, OrganisationKind, Role, Scope, User
from app.accounts.passwords import hashed
from app.accounts.queries import digest
from app.booking.models import Booking, Occupancy
from app.database import db, transaction
from app.identifiers import new_id
from app.labs.models import Capability, Resource
from app.orders.models import Order, OrderLine

COMPANIES = 12
MEASURED = 250
TOKEN, PASSWORD = "bench-token", "bench-password"
EMAIL = "bench@bench.example"
CHUNK = 2000
GOLDEN = 0.618


def people(now: datetime) -> list[tuple[str, str]]:
    """Twelve companies with an engineer each: (company, user); the first engineer has TOKEN and PASSWORD."""
    made = []
    with transaction() as session:
        for number in range(COMPANIES):
            company = Organisation(
                id=f"bench-{number}",
                name_zh=f"量测公司{number}",
                name_en=f"Bench {number}",
                short_zh=f"量测{number}",
                short_en=f"Bench {number}",
                kind=OrganisationKind.COMPANY,
                province="四川省",
                city="成都市",
                created_at=now,
            )
            email = EMAIL if number == 0 else f"bench{number}@bench.example"
            user = User(email=email, name="量测", password_hash=hashed(PASSWORD), created_at=now)
            session.add_all([company, user])
            session.flush()
            member = Membership(
                user_id=user.id, organisation_id=company.id, role=Role.ENGINEER, lab_ids=[], created_at=now
            )
            session.add(member)
            session.flush()
            if number == 0:
                session.add(
                    ApiToken(
                        membership_id=member.id,
                        name="bench",
                        scope=Scope.WRITE,
                        digest=digest(TOKEN),
                        created_at=now,
                    )
                )
            made.append((company.id, user.id))
    return made


def bookings(count: int, now: datetime, who: list[tuple[str, str]]) -> None:
    """Exactly `count` bookings, spread evenly over all places and a year and a half.

    The first company always has MEASURED of them, so that what is read for it is of the same size in every house.
    """
    rows = islice(_rows(count, now, who), count)
    while chunk := list(islice(rows, CHUNK)):
        with transaction() as session:
            for table in (Order, OrderLine, Booking, Occupancy):
                session.execute(insert(table), [row[table] for row in chunk])


def _rows(count: int, now: datetime, who: list[tuple[str, str]]) -> Iterator[dict[Any, dict[str, Any]]]:
    draw = random.Random(1)
    query = (
        select(Resource.id, Resource.lab_id, Resource.places, Capability.test_id)
        .join(Capability, Capability.pool == Resource.pool)
        .order_by(Resource.id, Capability.test_id)
    )
    benches: dict[tuple[str, str, int], list[str]] = {}
    for resource, lab, places, test in db.session.execute(query):
        for place in range(1, places + 1):
            benches.setdefault((resource, lab, place), []).append(test)
    each = -(-count // len(benches))
    every = max(count // MEASURED, 1)
    serial = itertools.count()
    step = timedelta(days=365 + 170) / each
    for turn, ((resource, lab, place), tests) in enumerate(benches.items()):
        # Places begin at different times, neighbours far apart, so that every week has its share of the bookings.
        first = now - timedelta(days=365) + step * (turn * GOLDEN % 1)
        for number in range(each):
            start = (first + number * step).replace(minute=0, second=0, microsecond=0)
            end = start + min(step * draw.uniform(0.3, 0.8), timedelta(days=3))
            owner = who[0] if next(serial) % every == 0 else draw.choice(who[1:])
            yield _row(resource, lab, place, draw.choice(tests), start, end, now, owner)


def _row(
    resource: str,
    lab: str,
    place: int,
    test: str,
    start: datetime,
    end: datetime,
    now: datetime,
    who: tuple[str, str],
) -> dict[Any, dict[str, Any]]:
    company, user = who
    order, line, booking = new_id(), new_id(), new_id()
    asked, past = start - timedelta(days=9), end < now
    confirmed = start - timedelta(days=8)
    common = {"company_id": company, "lab_id": lab}
    return {
        Order: common
        | {
            "id": order,
            "code": f"W{booking[:10]}",
            "state": "issued" if past else "accepted",
            "version": 1,
            "created_at": asked,
            "created_by_id": user,
        },
        OrderLine: common
        | {
            "id": line,
            "order_id": order,
            "test_id": test,
            "sample": "",
            "submitted_at": asked,
            "accepted_at": confirmed,
            "taken_at": start if past else None,
            "ended_at": end if past else None,
            "issued_at": end + timedelta(days=6) if past else None,
        },
        Booking: common
        | {
            "id": booking,
            "code": f"B{booking[:10]}",
            "state": "completed" if past else "confirmed",
            "version": 1,
            "resource_id": resource,
            "place": place,
            "test_id": test,
            "order_line_id": line,
            "starts_at": start,
            "ends_at": end,
            "run_from": start,
            "run_until": end,
            "hold_expires_at": None,
            "requested_at": asked,
            "confirmed_at": confirmed,
            "confirmed_by_id": user,
            "sample": "",
            "note": "",
            "created_by_id": user,
            "created_at": asked,
            "changed_at": confirmed,
        },
        Occupancy: {
            "id": new_id(),
            "resource_id": resource,
            "place": place,
            "starts_at": start,
            "ends_at": end,
            "expires_at": None,
            "proposed": False,
            "booking_id": booking,
            "closure_id": None,
        },
    }
