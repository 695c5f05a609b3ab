"""Issued lines, written as they stand after the services have gone through all steps."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from app.database import transaction
from app.orders.models import Order, OrderLine, OrderState
from tests.world import Person, World, at

Issued = Callable[..., OrderLine]
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
