"""Orders (委托单) and their lines; a line is one test and the unit of turnaround."""

import enum
from datetime import datetime
from decimal import Decimal

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Enum,
    ForeignKey,
    Index,
    Numeric,
    String,
    false,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database import Base, index_where_set, random_id
from app.errors import N_
from app.orders.contract_models import AmendmentState as AmendmentState  # tables of this room too
from app.orders.contract_models import ContractReview as ContractReview
from app.orders.contract_models import OrderAmendment as OrderAmendment
from app.orders.contract_models import Outcome as Outcome


class OrderState(enum.StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    TESTING = "testing"
    REPORTING = "reporting"
    ISSUED = "issued"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class Purpose(enum.StrEnum):
    """What the reports are for: it decides edition, seal and witnesses."""

    TYPE_APPROVAL = "type_approval"
    DEVELOPMENT = "development"
    ARBITRATION = "arbitration"

    @property
    def label(self) -> str:
        """The msgid that people read."""
        return PURPOSE_LABELS[self]


PURPOSE_LABELS = {
    Purpose.TYPE_APPROVAL: N_("型式批准"),
    Purpose.DEVELOPMENT: N_("研发试验"),
    Purpose.ARBITRATION: N_("仲裁检验"),
}


class Remains(enum.StrEnum):
    """What becomes of the samples after the test."""

    RETURN = "return"
    DISPOSE = "dispose"
    KEEP = "keep"

    @property
    def label(self) -> str:
        """The msgid that people read."""
        return REMAINS_LABELS[self]


REMAINS_LABELS = {
    Remains.RETURN: N_("退回企业"),
    Remains.DISPOSE: N_("由实验室处置"),
    Remains.KEEP: N_("留样"),
}


class ReportLanguage(enum.StrEnum):
    ZH = "zh"
    EN = "en"
    BOTH = "both"

    @property
    def label(self) -> str:
        """The msgid that people read."""
        return LANGUAGE_LABELS[self]


LANGUAGE_LABELS = {
    ReportLanguage.ZH: N_("中文"),
    ReportLanguage.EN: N_("英文"),
    ReportLanguage.BOTH: N_("中文和英文"),
}


def _worded(choices: type[enum.Enum]) -> Enum:
    """A column of words without a CHECK: SQLite can only add one by making the table anew."""
    return Enum(
        choices,
        native_enum=False,
        create_constraint=False,
        length=20,
        values_callable=lambda found: [member.value for member in found],
    )


class RetestCause(enum.StrEnum):
    """Why a line is tested again: the product failed, or the test was not valid (the lab's own cost)."""

    FAILED = "failed"
    INVALID = "invalid"


class Order(Base):
    """What a company asks of one lab.

    direct: made by a booking alone, of one line, and reviewed by that booking's confirmation. returned_at: since when
    the lab's questions wait for the company's answer (its clock is stopped); only while submitted. amount: yuan, as
    both agreed; the terms are private to the two.
    """

    __tablename__ = "order"
    __table_args__ = (
        Index("ix_order_company_state", "company_id", "state", "created_at", "id"),
        Index("ix_order_lab_state", "lab_id", "state", "created_at", "id"),
        Index("ix_order_lab_submitted", "lab_id", "state", "submitted_at"),
    )

    id: Mapped[str] = random_id()
    code: Mapped[str] = mapped_column(String(12), unique=True)
    company_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"))
    lab_id: Mapped[str] = mapped_column(ForeignKey("lab.id"))
    state: Mapped[OrderState]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    created_by_id: Mapped[str] = mapped_column(ForeignKey("user.id"))
    direct: Mapped[bool] = mapped_column(Boolean, default=True, server_default=true())
    submitted_at: Mapped[datetime | None]
    returned_at: Mapped[datetime | None]
    purpose: Mapped[Purpose | None] = mapped_column(_worded(Purpose))
    decision_rule: Mapped[str] = mapped_column(default="", server_default="")
    applicant: Mapped[str] = mapped_column(default="", server_default="")
    contract_number: Mapped[str] = mapped_column(default="", server_default="")
    amount: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    witness: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    remains: Mapped[Remains | None] = mapped_column(_worded(Remains))
    report_language: Mapped[ReportLanguage | None] = mapped_column(_worded(ReportLanguage))
    note: Mapped[str] = mapped_column(default="", server_default="")

    lines: Mapped[list["OrderLine"]] = relationship(
        back_populates="order", order_by="OrderLine.position, OrderLine.attempt"
    )

    @property
    def returned(self) -> bool:
        """Whether the lab's questions wait for the company."""
        return self.returned_at is not None

    @property
    def seen_state(self) -> str:
        """The state that people read: a submitted order with open questions is `returned`."""
        return RETURNED if self.returned else self.state.value


# Not a state of its own in the table: the order is still submitted, and its clock is stopped.
RETURNED = "returned"

STATE_LABELS: dict[str, str] = {
    OrderState.DRAFT.value: N_("草稿"),
    OrderState.SUBMITTED.value: N_("待受理"),
    RETURNED: N_("待答复"),
    OrderState.ACCEPTED.value: N_("已受理"),
    OrderState.TESTING.value: N_("试验中"),
    OrderState.REPORTING.value: N_("编制报告"),
    OrderState.ISSUED.value: N_("已签发"),
    OrderState.REJECTED.value: N_("不受理"),
    OrderState.CANCELLED.value: N_("已取消"),
}


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
        index_where_set("ix_order_line_retest", "retest_of_id"),
        Index("ix_order_line_issued", "issued_at"),
        Index("ix_order_line_company_issued", "company_id", "issued_at"),
        Index("ix_order_line_lab_ended", "lab_id", "issued_at", "ended_at"),
        index_where_set("ix_order_line_test_lab_issued", "test_id", "lab_id", "issued_at"),
        *(
            Index(
                f"ix_order_line_{side}_again",
                f"{side}_id",
                "issued_at",
                sqlite_where=text("attempt > 1"),
                postgresql_where=text("attempt > 1"),
            )
            for side in ("company", "lab")
        ),
    )

    id: Mapped[str] = random_id()
    order_id: Mapped[str] = mapped_column(ForeignKey("order.id"))
    company_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"))
    lab_id: Mapped[str] = mapped_column(ForeignKey("lab.id"))
    test_id: Mapped[str] = mapped_column(ForeignKey("test.id"))
    sample: Mapped[str] = mapped_column(default="")
    position: Mapped[int] = mapped_column(default=1, server_default="1")
    state: Mapped[OrderState] = mapped_column(_worded(OrderState), default=OrderState.DRAFT, server_default="draft")
    # The company leaves the time to the lab: it may be submitted without a slot.
    wants_proposal: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    # A retest keeps the position of the line that it repeats. No foreign key: SQLite could only add one by making
    # the table anew.
    attempt: Mapped[int] = mapped_column(default=1, server_default="1")
    retest_of_id: Mapped[str | None] = mapped_column(String(24))
    retest_cause: Mapped[RetestCause | None] = mapped_column(_worded(RetestCause))
    # Shares of its turnaround, in seconds: when the clock stood still for the customer, and when its run was paused.
    customer_seconds: Mapped[int] = mapped_column(default=0, server_default="0")
    paused_seconds: Mapped[int] = mapped_column(default=0, server_default="0")
    # By how much late samples have put its bench time off, in seconds, as far as it was not brought forward since.
    sample_late_seconds: Mapped[int] = mapped_column(default=0, server_default="0")
    submitted_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    taken_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    issued_at: Mapped[datetime | None]

    order: Mapped[Order] = relationship(back_populates="lines")


class OrderMessage(Base):
    """What company and lab write to each other on an order. internal: the lab's own note."""

    __tablename__ = "order_message"
    __table_args__ = (Index("ix_order_message_order", "order_id", "written_at"),)

    id: Mapped[str] = random_id()
    order_id: Mapped[str] = mapped_column(ForeignKey("order.id"))
    company_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"))
    lab_id: Mapped[str] = mapped_column(ForeignKey("lab.id"))
    author_id: Mapped[str] = mapped_column(ForeignKey("user.id"))
    by_lab: Mapped[bool] = mapped_column(Boolean)
    internal: Mapped[bool] = mapped_column(Boolean, default=False)
    text: Mapped[str]
    written_at: Mapped[datetime]


class MessagesRead(Base):
    """Up to when a person has read the messages of an order."""

    __tablename__ = "messages_read"

    order_id: Mapped[str] = mapped_column(ForeignKey("order.id"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id"), primary_key=True)
    read_at: Mapped[datetime]


class StopCause(enum.StrEnum):
    """What the customer has to do before the lab can go on."""

    QUESTION = "question"
    SAMPLE = "sample"
    PAYMENT = "payment"
    WITNESS = "witness"

    @property
    def label(self) -> str:
        """The msgid that people read."""
        return STOP_LABELS[self]


STOP_LABELS = {
    StopCause.QUESTION: N_("答复问题"),
    StopCause.SAMPLE: N_("样品"),
    StopCause.PAYMENT: N_("付款"),
    StopCause.WITNESS: N_("到场见证"),
}


class ClockStop(Base):
    """A time in which an order waited for its customer, whose the next step was; an order has one open at most."""

    __tablename__ = "clock_stop"
    __table_args__ = (
        CheckConstraint("ended_at >= started_at", name="ends_after_start"),
        Index("ix_clock_stop_order", "order_id"),
        Index("ix_clock_stop_company", "company_id", "started_at"),
        Index("ix_clock_stop_lab", "lab_id", "started_at"),
        Index("ix_clock_stop_ended", "ended_at"),
        Index(
            "ix_clock_stop_open",
            "order_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[str] = random_id()
    order_id: Mapped[str] = mapped_column(ForeignKey("order.id"))
    company_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"))
    lab_id: Mapped[str] = mapped_column(ForeignKey("lab.id"))
    cause: Mapped[StopCause]
    note: Mapped[str] = mapped_column(default="")
    started_at: Mapped[datetime]
    started_by_id: Mapped[str] = mapped_column(ForeignKey("user.id"))
    ended_at: Mapped[datetime | None]
