"""Runs of jobs, and who may run them."""

import enum
from datetime import datetime

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, random_id
from app.errors import N_


class Outcome(enum.StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"

    @property
    def label(self) -> str:
        """The msgid that people read."""
        return LABELS[self]


LABELS = {
    Outcome.RUNNING: N_("进行中"),
    Outcome.DONE: N_("完成"),
    Outcome.FAILED: N_("失败"),
    Outcome.INTERRUPTED: N_("中断"),
}


class JobRun(Base):
    """One run. `slot` is the scheduled instant it works, None when somebody asked for it.

    That a slot is taken once is the database's business: two schedulers that both believe to lead can't both
    insert its row. A run that was cut off may be tried again as the next `attempt`.
    """

    __tablename__ = "job_run"
    __table_args__ = (
        UniqueConstraint("name", "slot", "attempt"),
        Index("ix_job_run_started", "name", "started_at"),
    )

    id: Mapped[str] = random_id()
    name: Mapped[str] = mapped_column(String(40))
    slot: Mapped[datetime | None]
    attempt: Mapped[int] = mapped_column(default=1)
    holder: Mapped[str] = mapped_column(String(120))
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    outcome: Mapped[Outcome]
    result: Mapped[str] = mapped_column(default="")
    error: Mapped[str] = mapped_column(default="")


class SchedulerLease(Base):
    """Who schedules, until when, where the database has no lock that ends with its process (SQLite): one row."""

    __tablename__ = "scheduler_lease"

    id: Mapped[str] = mapped_column(String(20), primary_key=True)
    holder: Mapped[str] = mapped_column(String(120))
    expires_at: Mapped[datetime]
