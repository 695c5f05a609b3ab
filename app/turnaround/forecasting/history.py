"""Measured lines out of the database."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Select, and_, func, or_, select

from app.booking.models import Booking
from app.booking.rules import State
from app.database import db
from app.labs.models import Test
from app.orders.models import OrderLine, OrderState
from app.orders.rules import sample_names
from app.samples.models import CustodyStep, Sample
from app.samples.rules import SampleState
from app.turnaround.forecasting.lines import History, line
from app.turnaround.forecasting.methods import Planned
from app.turnaround.forecasting.starts import Start

YEAR = timedelta(days=365)
GONE = (OrderState.CANCELLED, OrderState.REJECTED)
# Lines of which the test is over, and the report issued or to be written.
ENDED = (OrderLine.ended_at.is_not(None), OrderLine.state.not_in(GONE))


def tests() -> dict[str, Planned]:
    """Every test with its domain and planning value, by id. One statement."""
    rows = db.session.execute(select(Test.id, Test.domain_id, Test.report_days))
    return {test_id: Planned(test_id, domain, days) for test_id, domain, days in rows}


def history(since: datetime, known: Mapping[str, Planned]) -> History:
    """All lines whose report was issued after an instant or is still to be written, and starts. Three statements."""
    query = select(
        OrderLine.test_id,
        OrderLine.lab_id,
        OrderLine.company_id,
        func.coalesce(OrderLine.submitted_at, OrderLine.ended_at, type_=OrderLine.ended_at.type),
        OrderLine.ended_at,
        OrderLine.issued_at,
        OrderLine.id,
    ).where(*ENDED, or_(OrderLine.issued_at > since, OrderLine.issued_at.is_(None)))
    lines = (
        line((test, known[test].domain, lab, company), known[test].report_days, asked, ended, issued, ident)
        for test, lab, company, asked, ended, issued, ident in db.session.execute(query)
        if ended is not None
    )
    return History(lines, starts(since))


# A sample by its order and its name there.
Named = tuple[str, str]


def starts(since: datetime) -> list[Start]:
    """Tests that began after an instant, on samples that were all registered with their order. Two statements."""
    begun = select(OrderLine.order_id).where(OrderLine.taken_at > since)
    received = _received(begun)
    query = (
        select(
            OrderLine.id,
            OrderLine.order_id,
            OrderLine.company_id,
            OrderLine.sample,
            OrderLine.taken_at,
            Booking.starts_at,
            Booking.ends_at,
        )
        .join(Booking, Booking.order_line_id == OrderLine.id)
        .where(
            OrderLine.order_id.in_(select(Sample.order_id)),
            OrderLine.taken_at > since,
            OrderLine.state.not_in(GONE),
            Booking.state.in_((State.RUNNING, State.COMPLETED)),
        )
    )
    found = []
    for line_id, order_id, company, text, taken_at, starts_at, ends_at in db.session.execute(query):
        names = {(order_id, name) for name in sample_names(text)}
        if names and names <= received.keys() and taken_at is not None:
            there = _all_there(received[name] for name in names)
            times = starts_at.timestamp(), ends_at.timestamp(), taken_at.timestamp()
            found.append(Start(line_id, company, *times, there))
    return found


def _received(order_ids: Select[str]) -> dict[Named, datetime | None]:
    """When each registered sample of these orders was received first; None while it was not."""
    query = (
        select(Sample.order_id, Sample.name, func.min(CustodyStep.at))
        .outerjoin(CustodyStep, and_(CustodyStep.sample_id == Sample.id, CustodyStep.state == SampleState.RECEIVED))
        .where(Sample.order_id.in_(order_ids))
        .group_by(Sample.order_id, Sample.name)
    )
    return {(order_id, name): at for order_id, name, at in db.session.execute(query)}


def _all_there(received: Iterable[datetime | None]) -> float | None:
    """When the last of them came."""
    found = list(received)
    known = [at.timestamp() for at in found if at is not None]
    return max(known) if len(known) == len(found) else None
