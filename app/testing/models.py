"""Runs with their pauses and results, and reports; a report's issue ends the turnaround of a line."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Enum, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, random_id
from app.identifiers import new_id
from app.testing.filter_models import SavedFilter as SavedFilter  # a table of this room too
from app.testing.rules import SHOWN, ReportState, Right
from app.testing.run_rules import PauseCause, Result


class RunPause(Base):
    """A time in which a run stood still, and why (ISO/IEC 17025:2017, 7.5: recorded when it happens)."""

    __tablename__ = "run_pause"
    __table_args__ = (
        CheckConstraint("ended_at >= started_at", name="ends_after_start"),
        Index("ix_run_pause_booking", "booking_id"),
        Index("ix_run_pause_line", "order_line_id"),
        Index("ix_run_pause_company", "company_id", "started_at"),
        Index("ix_run_pause_lab", "lab_id", "started_at"),
        Index("ix_run_pause_ended", "ended_at"),
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


_ISSUED = "state NOT IN ('issued', 'withdrawn')"


def _worded(choices: type[Any]) -> Enum:
    """A column of words without a CHECK: the table is older than the words."""
    return Enum(
        choices,
        native_enum=False,
        create_constraint=False,
        length=20,
        values_callable=lambda found: [member.value for member in found],
    )


class TestReport(Base):
    """One version of the report of one order line (ISO/IEC 17025, 7.8): the lab's own number and the instant of issue.

    edition: 1, 2, … of the line; version: grows with every change, for those who change it at once. An issued edition
    is never changed again: it is withdrawn, or replaced by the next edition. size (bytes), sha256: of the file, none
    where the lab recorded a report that it keeps elsewhere. verify_code: the secret of the public page. scope: what
    stood in the lab's scope for this test when it was issued. recorded_by_id, recorded_at: who issued, when he did.
    """

    __tablename__ = "test_report"
    __table_args__ = (
        UniqueConstraint("lab_id", "number"),
        UniqueConstraint("order_line_id", "edition"),
        UniqueConstraint("verify_code"),
        CheckConstraint(
            f"{_ISSUED} OR (number IS NOT NULL AND issued_at IS NOT NULL AND recorded_at IS NOT NULL"
            " AND recorded_by_id IS NOT NULL)",
            name="issued",
        ),
        CheckConstraint("(state = 'withdrawn') = (withdrawn_at IS NOT NULL)", name="withdrawn"),
        CheckConstraint("(file_id IS NULL) = (sha256 IS NULL) AND (file_id IS NULL) = (size IS NULL)", name="file"),
        Index("ix_test_report_lab_state", "lab_id", "state"),
    )

    id: Mapped[str] = random_id()
    order_line_id: Mapped[str] = mapped_column(ForeignKey("order_line.id"))
    company_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"))
    lab_id: Mapped[str] = mapped_column(ForeignKey("lab.id"))
    edition: Mapped[int] = mapped_column(default=1, server_default="1")
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    state: Mapped[ReportState] = mapped_column(_worded(ReportState), server_default=ReportState.ISSUED.value)
    replaces_id: Mapped[str | None] = mapped_column(ForeignKey("test_report.id"))
    verify_code: Mapped[str] = mapped_column(String(24), default=new_id)
    file_id: Mapped[str | None] = mapped_column(ForeignKey("stored_file.id"))
    size: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column(String(64))
    drafted_by_id: Mapped[str | None] = mapped_column(ForeignKey("user.id"))
    drafted_at: Mapped[datetime | None]
    comment: Mapped[str] = mapped_column(default="", server_default="")
    reviewed_by_id: Mapped[str | None] = mapped_column(ForeignKey("user.id"))
    reviewed_at: Mapped[datetime | None]
    approved_by_id: Mapped[str | None] = mapped_column(ForeignKey("user.id"))
    approved_at: Mapped[datetime | None]
    number: Mapped[str | None] = mapped_column(String(60))
    issued_at: Mapped[datetime | None]
    recorded_by_id: Mapped[str | None] = mapped_column(ForeignKey("user.id"))
    recorded_at: Mapped[datetime | None]
    scope: Mapped[dict[str, Any] | None]
    withdrawn_by_id: Mapped[str | None] = mapped_column(ForeignKey("user.id"))
    withdrawn_at: Mapped[datetime | None]
    withdrawn_reason: Mapped[str] = mapped_column(default="", server_default="")

    @property
    def shown(self) -> bool:
        """Whether it was issued, so that the company knows of it."""
        return self.state in SHOWN

    @property
    def withdrawn(self) -> bool:
        return self.state is ReportState.WITHDRAWN


class LabRight(Base):
    """A lab lets a member review or sign its reports; his deputies may while they stand in for him."""

    __tablename__ = "lab_right"
    __table_args__ = (UniqueConstraint("lab_id", "membership_id", "right"),)

    id: Mapped[str] = random_id()
    lab_id: Mapped[str] = mapped_column(ForeignKey("lab.id"))
    membership_id: Mapped[str] = mapped_column(ForeignKey("membership.id"))
    right: Mapped[Right] = mapped_column(_worded(Right))
    granted_by_id: Mapped[str] = mapped_column(ForeignKey("user.id"))
    granted_at: Mapped[datetime]


class ReportRule(Base):
    """Whether a lab wants different people to draft, review and approve; without a row: where it has given a right."""

    __tablename__ = "report_rule"

    lab_id: Mapped[str] = mapped_column(ForeignKey("lab.id"), primary_key=True)
    distinct_people: Mapped[bool] = mapped_column(Boolean)
    set_by_id: Mapped[str] = mapped_column(ForeignKey("user.id"))
    set_at: Mapped[datetime]


class ReportReuse(Base):
    """A drafted line that is not done because the company has a valid report of it."""

    __tablename__ = "report_reuse"

    order_line_id: Mapped[str] = mapped_column(ForeignKey("order_line.id"), primary_key=True)
    report_id: Mapped[str] = mapped_column(ForeignKey("test_report.id"))
    company_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"))
    taken_by_id: Mapped[str] = mapped_column(ForeignKey("user.id"))
    taken_at: Mapped[datetime]
