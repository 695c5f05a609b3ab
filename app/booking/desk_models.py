"""What a lab's desk decides with: approvals, deputies, and who waits for a time."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, index_where_set, random_id


class Deputy(Base):
    """Who may decide in a member's place from one local date to another, both inclusive."""

    __tablename__ = "deputy"
    __table_args__ = (
        CheckConstraint("last >= first", name="dates"),
        CheckConstraint("user_id <> deputy_id", name="somebody_else"),
        Index("ix_deputy_lab", "lab_id"),
    )

    id: Mapped[str] = random_id()
    lab_id: Mapped[str] = mapped_column(ForeignKey("lab.id"))
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id"))
    deputy_id: Mapped[str] = mapped_column(ForeignKey("user.id"))
    first: Mapped[date]
    last: Mapped[date]


class Approval(Base):
    """One step of one request. due_at: set while it is this step's turn; decided: who said yes and when."""

    __tablename__ = "approval"
    __table_args__ = (
        CheckConstraint("(decided_at IS NULL) = (decided_by_id IS NULL)", name="decision"),
        Index("ix_approval_due", "due_at"),
        Index("ix_approval_owner", "owner_id", "decided_at"),
    )

    booking_id: Mapped[str] = mapped_column(ForeignKey("booking.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    lab_id: Mapped[str] = mapped_column(ForeignKey("lab.id"))
    owner_id: Mapped[str] = mapped_column(ForeignKey("user.id"))
    next_owner_id: Mapped[str | None] = mapped_column(ForeignKey("user.id"))
    due_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[str | None] = mapped_column(ForeignKey("user.id"))


class WaitlistEntry(Base):
    """A company that wants a test between two instants, at a lab or any, on a resource (unit or pool) or any.

    ended_at: it was taken back or has become a booking (`booking_id`; while it waits, one that a lab gave it); `latest`
    passed ends it by itself. look_at: when it is looked next whether a time has become free. told: starts that it was
    told of and that count still, by pool, each with the instant at which it was told, ISO 8601.
    """

    __tablename__ = "waitlist_entry"
    __table_args__ = (
        CheckConstraint("latest > earliest", name="latest_after_earliest"),
        Index("ix_waitlist_entry_company", "company_id", "created_at"),
        Index("ix_waitlist_entry_test", "test_id", "latest"),
        index_where_set("ix_waitlist_entry_booking", "booking_id"),
        Index(
            "ix_waitlist_entry_look",
            "look_at",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[str] = random_id()
    company_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"))
    membership_id: Mapped[str] = mapped_column(ForeignKey("membership.id"))
    test_id: Mapped[str] = mapped_column(ForeignKey("test.id"))
    lab_id: Mapped[str | None] = mapped_column(ForeignKey("lab.id"))
    resource: Mapped[str | None] = mapped_column(String(64))
    earliest: Mapped[datetime]
    latest: Mapped[datetime]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    booking_id: Mapped[str | None] = mapped_column(ForeignKey("booking.id"))
    look_at: Mapped[datetime]
    told: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
