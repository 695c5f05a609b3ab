"""What company and lab agree on: rounds of contract review, and amendments of an accepted order."""

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, random_id
from app.errors import N_


class Outcome(enum.StrEnum):
    ACCEPTED = "accepted"
    RETURNED = "returned"
    REJECTED = "rejected"

    @property
    def label(self) -> str:
        """The msgid that people read."""
        return OUTCOME_LABELS[self]


OUTCOME_LABELS = {
    Outcome.ACCEPTED: N_("受理"),
    Outcome.RETURNED: N_("退回，请企业答复"),
    Outcome.REJECTED: N_("不受理"),
}


class ContractReview(Base):
    """One round of the review of an order (ISO/IEC 17025:2017, 7.1): what was checked, by whom, when, with which end.

    checklist: by item of `rules.CHECKLIST`, whether it holds for all lines that were reviewed; lines: the same by the
    id of each line. answered_at: when the company answered what was
    returned; what lies between is the company's time.
    """

    __tablename__ = "contract_review"
    __table_args__ = (UniqueConstraint("order_id", "round"),)

    id: Mapped[str] = random_id()
    order_id: Mapped[str] = mapped_column(ForeignKey("order.id"))
    company_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"))
    lab_id: Mapped[str] = mapped_column(ForeignKey("lab.id"))
    round: Mapped[int]
    outcome: Mapped[Outcome]
    checklist: Mapped[dict[str, Any]]
    lines: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    comment: Mapped[str] = mapped_column(default="")
    reviewed_by_id: Mapped[str] = mapped_column(ForeignKey("user.id"))
    reviewed_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]


class AmendmentState(enum.StrEnum):
    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        """The msgid that people read."""
        return AMENDMENT_LABELS[self]


AMENDMENT_LABELS = {
    AmendmentState.PROPOSED: N_("等对方答复"),
    AmendmentState.ACCEPTED: N_("双方同意"),
    AmendmentState.REFUSED: N_("未同意"),
    AmendmentState.WITHDRAWN: N_("已撤回"),
}


class OrderAmendment(Base):
    """A change of what an accepted order says (ISO/IEC 17025:2017, 7.1.6), proposed by one side, answered by the other.

    changes: by field of the terms, or `sample` of the line, the old and the new value; kept as it was proposed.
    """

    __tablename__ = "order_amendment"
    __table_args__ = (
        UniqueConstraint("order_id", "number"),
        CheckConstraint("(state = 'proposed') = (answered_at IS NULL)", name="answer"),
        Index("ix_order_amendment_company_state", "company_id", "state"),
        Index("ix_order_amendment_lab_state", "lab_id", "state"),
    )

    id: Mapped[str] = random_id()
    order_id: Mapped[str] = mapped_column(ForeignKey("order.id"))
    company_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"))
    lab_id: Mapped[str] = mapped_column(ForeignKey("lab.id"))
    number: Mapped[int]
    by_lab: Mapped[bool] = mapped_column(Boolean)
    line_id: Mapped[str | None] = mapped_column(ForeignKey("order_line.id"))
    changes: Mapped[dict[str, Any]]
    reason: Mapped[str]
    state: Mapped[AmendmentState]
    proposed_by_id: Mapped[str] = mapped_column(ForeignKey("user.id"))
    proposed_at: Mapped[datetime]
    answer: Mapped[str] = mapped_column(default="")
    answered_by_id: Mapped[str | None] = mapped_column(ForeignKey("user.id"))
    answered_at: Mapped[datetime | None]
