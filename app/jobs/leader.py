"""One leader among all processes: an advisory lock on PostgreSQL, a lease that lapses on SQLite."""

import os
import socket
import threading
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import Connection, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.database import db, transaction
from app.identifiers import new_id
from app.jobs.models import SchedulerLease

LEASE = "scheduler"
# The lock's number among those of the database: "Yujian" in ASCII.
LOCK = 0x59756A69616E


class Leader(Protocol):
    """A process's claim to lead. `name` tells it from all others."""

    name: str

    def hold(self, now: datetime) -> bool:
        """Take or keep the lead; False when somebody else has it."""
        ...

    def still_leads(self, session: Session, now: datetime) -> bool:
        """Asked inside the transaction that claims a job."""
        ...

    def release(self) -> None:
        """Give the lead up at once, at a proper end."""
        ...


def process_name() -> str:
    """Host, process and a random part: a process number may come back."""
    return f"{socket.gethostname()[:60]}/{os.getpid()}/{new_id()[:6]}"


def candidate(lease: timedelta) -> Leader:
    """This process as a candidate, as the database at hand wants it. Needs the application's context."""
    return AdvisoryLock() if db.engine.dialect.name == "postgresql" else Lease(lease)


class Lease:
    """A row with an end. Whoever finds it past its end takes it; `BEGIN IMMEDIATE` lets one look at a time."""

    def __init__(self, length: timedelta, name: str | None = None) -> None:
        self.name = name or process_name()
        self._length = length

    def hold(self, now: datetime) -> bool:
        with transaction() as session:
            row = session.get(SchedulerLease, LEASE, populate_existing=True)
            if row is None:
                session.add(SchedulerLease(id=LEASE, holder=self.name, expires_at=now + self._length))
                return True
            if row.holder != self.name and row.expires_at > now:
                return False
            row.holder, row.expires_at = self.name, now + self._length
            return True

    def still_leads(self, session: Session, now: datetime) -> bool:
        mine = select(SchedulerLease.id).where(
            SchedulerLease.id == LEASE, SchedulerLease.holder == self.name, SchedulerLease.expires_at > now
        )
        return session.scalar(mine) is not None

    def release(self) -> None:
        with transaction() as session:
            row = session.get(SchedulerLease, LEASE, populate_existing=True)
            if row is not None and row.holder == self.name:
                session.delete(row)


class AdvisoryLock:
    """A lock of the database's session: it ends with the process, however that ends."""

    def __init__(self, name: str | None = None) -> None:
        self.name = name or process_name()
        self._connection: Connection | None = None
        self._guard = threading.Lock()

    def hold(self, now: datetime) -> bool:
        with self._guard:
            if self._connection is not None and self._answers():
                return True
            connection = db.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            if not connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": LOCK}):
                connection.close()
                return False
            self._connection = connection
            return True

    def still_leads(self, session: Session, now: datetime) -> bool:
        with self._guard:
            return self._connection is not None and self._answers()

    def release(self) -> None:
        with self._guard:
            if self._connection is not None:
                # Not back to the pool, where the lock would live on.
                self._connection.detach()
                self._connection.close()
                self._connection = None

    def _answers(self) -> bool:
        """Whether the session that has the lock is still there; a broken one has lost it."""
        assert self._connection is not None
        try:
            self._connection.execute(text("SELECT 1"))
        except SQLAlchemyError:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None
            return False
        return True
