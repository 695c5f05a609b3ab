"""The log: one row for every change, written in the transaction that makes it."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base
from app.identifiers import new_id


class Event(Base):
    """What happened (`kind`, e.g. `booking.confirmed`) to which subject, when, by whom.

    `transaction_id` is PostgreSQL's id of the writing transaction (0 on SQLite, whose writers queue): row ids
    are given before the commit, so only the pair tells a reader what it may have missed.
    """

    __tablename__ = "event"
    __table_args__ = (
        Index("ix_event_subject", "subject_id"),
        # On SQLite the order of the ids is that of the log.
        Index("ix_event_transaction", "transaction_id", "id").ddl_if(dialect="postgresql"),
        Index("ix_event_company", "company_id", "id"),
        Index("ix_event_lab", "lab_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)
    # What leaves the house instead of `id`, which counts everybody's events.
    key: Mapped[str] = mapped_column(String(16), unique=True, default=new_id)
    transaction_id: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(60))
    subject_type: Mapped[str] = mapped_column(String(30))
    subject_id: Mapped[str] = mapped_column(String(24))
    company_id: Mapped[str | None] = mapped_column(String(60))
    lab_id: Mapped[str | None] = mapped_column(String(60))
    actor_id: Mapped[str | None] = mapped_column(String(24), ForeignKey("user.id"))
    actor_role: Mapped[str | None] = mapped_column(String(20))
    data: Mapped[dict[str, Any]]
