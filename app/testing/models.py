"""Runs with their pauses and results, and reports; a report's issue ends the turnaround of a line."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, random_id
from app.testing.filter_models import SavedFilter as SavedFilter  # a table of this room too
from app.testing.run_rules import PauseCause, Result


class RunPause(Base):
    """A time in which a run stood still, and why (ISO/IEC 17025:2017, 7.5: recorded when it happens)."""

    __tablename__ = "run_pause"
    __table_args__ = (
        CheckConstraint("ended_at >= started_at", name="ends_after_start"),
        Index("ix_run_pause_booking", "booking_id"),
        Index("ix_run_pause_line", "order_line_id"),
        Index(
            "ix_run_pause_open",
            "booking_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[str] = random_id()
    booking_id: Mapped[str] = mapped_column(ForeignKey("booking.id"))
    order_line_id: Mapped[str] = mapped_column(ForeignKey("order_line.id"))
    company_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"))
    lab_id: Mapped[str] = mapped_column(ForeignKey("lab.id"))
    cause: Mapped[PauseCause]
    note: Mapped[str] = mapped_column(default="")
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    by_id: Mapped[str] = mapped_column(ForeignKey("user.id"))


class RunResult(Base):
    """How a run ended, and what was used.

    equipment: `{"used": [{"id", "name_zh", "name_en", "calibration_due", "valid"}]}` as it stood at the end
    (ISO/IEC 17025:2017, 6.4).
    """

    __tablename__ = "run_result"
    __table_args__ = (UniqueConstraint("booking_id"), Index("ix_run_result_line", "order_line_id"))

    id: Mapped[str] = random_id()
    booking_id: Mapped[str] = mapped_column(ForeignKey("booking.id"))
    order_line_id: Mapped[str] = mapped_column(ForeignKey("order_line.id"))
    company_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"))
    lab_id: Mapped[str] = mapped_column(ForeignKey("lab.id"))
    result: Mapped[Result]
    comment: Mapped[str] = mapped_column(default="")
    equipment: Mapped[dict[str, Any]]
    judged_by_id: Mapped[str] = mapped_column(ForeignKey("user.id"))
    judged_at: Mapped[datetime]


class BenchToken(Base):
    """What a bench's own software signs its messages with; it acts for the membership that made it and ends with it."""

    __tablename__ = "bench_token"
    __table_args__ = (UniqueConstraint("digest"), Index("ix_bench_token_lab", "lab_id"))

    id: Mapped[str] = random_id()
    resource_id: Mapped[str] = mapped_column(ForeignKey("resource.id"))
    lab_id: Mapped[str] = mapped_column(ForeignKey("lab.id"))
    membership_id: Mapped[str] = mapped_column(ForeignKey("membership.id"))
    name: Mapped[str] = mapped_column(String(60))
    digest: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class TestReport(Base):
    """The issued report of one order line: the lab's own number and the instant of issue (ISO/IEC 17025, 7.8)."""

    __tablename__ = "test_report"
    __table_args__ = (
        UniqueConstraint("lab_id", "number"),
        Index("ix_test_report_line", "order_line_id", unique=True),
    )

    id: Mapped[str] = random_id()
    order_line_id: Mapped[str] = mapped_column(ForeignKey("order_line.id"))
    company_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"))
    lab_id: Mapped[str] = mapped_column(ForeignKey("lab.id"))
    number: Mapped[str] = mapped_column(String(60))
    issued_at: Mapped[datetime]
    recorded_by_id: Mapped[str] = mapped_column(ForeignKey("user.id"))
    recorded_at: Mapped[datetime]
