"""Issued lines, written as they stand after the services have gone through all steps; two jobs at once."""

import random
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask

from app.database import db, transaction
from app.orders.models import Order, OrderLine, OrderState
from tests.world import Person, World, at

Issued = Callable[..., OrderLine]
COMPANIES = ("甲公司", "乙公司", "丙公司", "丁公司")
TODAY = at(2, 8, 0)


@pytest.fixture
def issued(world: World) -> Issued:
    """Makes a line of a company whose four phases take these days; its report was issued at `on`."""

    clerks: dict[str, Person] = {}

    def make(
        company: str,
        lab: str = "lab",
        test: str = "t",
        days: tuple[float, float, float, float] = (1, 5, 2, 4),
        on: datetime = TODAY,
    ) -> OrderLine:
        clerk = clerks.get(company) or clerks.setdefault(company, world.engineer(company))
        instants = [on]
        for phase in reversed(days):
            instants.insert(0, instants[0] - timedelta(seconds=round(phase * 86_400)))
        with transaction() as session:
            order = Order(
                code=f"W2611-{next(world.serial):05d}",
                company_id=clerk.viewer.organisation_id,
                lab_id=lab,
                state=OrderState.ISSUED,
                created_at=instants[0],
                created_by_id=clerk.viewer.user_id,
            )
            line = OrderLine(order=order, company_id=clerk.viewer.organisation_id, lab_id=lab, test_id=test)
            line.submitted_at, line.accepted_at, line.taken_at, line.ended_at, line.issued_at = instants
            session.add(order)
        return line

    return make


@pytest.fixture
def scattered(world: World, issued: Issued) -> Callable[[int, int, tuple[int, int, int]], World]:
    """Two hundred lines of four companies at two labs over so many days; weights: of the three tests there."""

    def make(seed: int, days: int, weights: tuple[int, int, int] = (1, 1, 1)) -> World:
        world.bench()
        world.resource("rig", "other")
        world.test("t2", on="rig")
        world.capable("rig", "t")
        dice = random.Random(seed)
        for _ in range(200):
            ((lab, test),) = dice.choices((("lab", "t"), ("other", "t"), ("other", "t2")), weights)
            phases = tuple(dice.expovariate(1 / mean) for mean in (2, 9, 3, 6))
            issued(dice.choice(COMPANIES), lab, test, phases, at(1) - timedelta(minutes=dice.randrange(days * 1440)))
        return world

    return make


@pytest.fixture
def twice_at_once(app: Flask) -> Callable[[Callable[[], object]], None]:
    """Does the same in two threads, each with a session of its own, and waits for both."""

    def run(work: Callable[[], object]) -> None:
        def alone() -> None:
            with app.app_context():
                work()
                db.session.remove()

        threads = [threading.Thread(target=alone) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return run
