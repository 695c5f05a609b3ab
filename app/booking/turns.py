"""One after the other where a company is counted: two of its bookings at once would each find room for one more."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.booking import occupancy
from app.database import connection_of

# First number of the advisory locks of PostgreSQL; the second is the company's.
LOCK = 7


def wait(session: Session, company_id: str) -> None:
    """Until the commit nothing else of the company is counted, on whichever bench. SQLite has one writer anyway.

    Behind the locks of the benches, so that only who is counted waits. Raises SlotTaken where two wait for one another.
    """
    if connection_of(session).dialect.name == "postgresql":
        with occupancy.guarded():
            session.execute(select(func.pg_advisory_xact_lock(LOCK, func.hashtext(company_id))))
