"""One after the other where something is counted: two at once would each find room for one more."""

import enum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.database import connection_of


class Counted(enum.IntEnum):
    """Whose things are counted: first number of the advisory locks of PostgreSQL; the second is of the one."""

    COMPANY = 7
    USER = 8
    ADDRESS = 9
    MANAGERS = 10
    BENCH = 11


def wait(session: Session, whose: Counted, ident: str) -> None:
    """Until the commit nothing else of this one is counted. SQLite has one writer anyway.

    Behind the locks of rows, so that only who is counted waits. What is pending in the session is not flushed before:
    it may be half made.
    """
    connection = connection_of(session)
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(int(whose), func.hashtext(ident))))
