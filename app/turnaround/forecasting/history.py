"""Measured lines out of the database."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select

from app.database import db
from app.labs.models import Test
from app.orders.models import OrderLine, OrderState
from app.turnaround.forecasting.lines import History, line
from app.turnaround.forecasting.methods import Planned

YEAR = timedelta(days=365)
GONE = (OrderState.CANCELLED, OrderState.REJECTED)
# Lines of which the test is over, and the report issued or to be written.
ENDED = (OrderLine.ended_at.is_not(None), OrderLine.state.not_in(GONE))


def tests() -> dict[str, Planned]:
    """Every test with its domain and planning value, by id. One statement."""
    rows = db.session.execute(select(Test.id, Test.domain_id, Test.report_days))
    return {test_id: Planned(test_id, domain, days) for test_id, domain, days in rows}


def history(since: datetime, known: Mapping[str, Planned]) -> History:
    """All lines whose report was issued after an instant or is still to be written. One statement."""
    query = select(
        OrderLine.test_id,
        OrderLine.lab_id,
        OrderLine.company_id,
        func.coalesce(OrderLine.submitted_at, OrderLine.ended_at, type_=OrderLine.ended_at.type),
        OrderLine.ended_at,
        OrderLine.issued_at,
        OrderLine.id,
    ).where(*ENDED, or_(OrderLine.issued_at > since, OrderLine.issued_at.is_(None)))
    return History(
        line((test, known[test].domain, lab, company), known[test].report_days, asked, ended, issued, ident)
        for test, lab, company, asked, ended, issued, ident in db.session.execute(query)
        if ended is not None
    )
