"""Orders (委托单) and their lines; a line is one test and the unit of turnaround."""

import enum
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database import Base, random_id


class OrderState(enum.StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    TESTING = "testing"
    REPORTING = "reporting"
    ISSUED = "issued"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class Order(Base):
    """What a company asks of one lab."""

    __tablename__ = "order"
    __table_args__ = (Index("ix_order_company", "company_id"), Index("ix_order_lab", "lab_id"))

    id: Mapped[str] = random_id()
    code: Mapped[str] = mapped_column(String(12), unique=True)
    company_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"))
    lab_id: Mapped[str] = mapped_column(ForeignKey("lab.id"))
    state: Mapped[OrderState]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    created_by_id: Mapped[str] = mapped_column(ForeignKey("user.id"))

    lines: Mapped[list["OrderLine"]] = relationship(back_populates="order")


class OrderLine(Base):
    """One test on given samples with the instants at which its phases change.

    Phases (ARCHITECTURE 2): review submitted→accepted, waiting accepted→bench taken, testing bench taken→end,
    reporting end→issued. Company, lab and test are repeated from order and booking so that turnaround is one table.
    """

    __tablename__ = "order_line"
    __table_args__ = (
        CheckConstraint("accepted_at IS NULL OR submitted_at IS NOT NULL", name="accepted_after_submitted"),
        CheckConstraint("ended_at IS NULL OR taken_at IS NOT NULL", name="ended_after_taken"),
        CheckConstraint("issued_at IS NULL OR ended_at IS NOT NULL", name="issued_after_ended"),
        CheckConstraint("accepted_at >= submitted_at", name="order_of_accepted"),
        CheckConstraint("taken_at >= accepted_at", name="order_of_taken"),
        CheckConstraint("ended_at >= taken_at", name="order_of_ended"),
        CheckConstraint("issued_at >= ended_at", name="order_of_issued"),
        Index("ix_order_line_order", "order_id"),
        Index("ix_order_line_issued", "issued_at"),
        Index("ix_order_line_company_issued", "company_id", "issued_at"),
        Index("ix_order_line_lab_issued", "lab_id", "issued_at"),
        Index("ix_order_line_test_lab_issued", "test_id", "lab_id", "issued_at"),
    )

    id: Mapped[str] = random_id()
    order_id: Mapped[str] = mapped_column(ForeignKey("order.id"))
    company_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"))
    lab_id: Mapped[str] = mapped_column(ForeignKey("lab.id"))
    test_id: Mapped[str] = mapped_column(ForeignKey("test.id"))
    sample: Mapped[str] = mapped_column(default="")
    submitted_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    taken_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    issued_at: Mapped[datetime | None]

    order: Mapped[Order] = relationship(back_populates="lines")
