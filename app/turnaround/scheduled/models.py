"""Who wants reports of turnaround on a schedule, and which were made. No figures: those are reckoned when read."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, random_id
from app.turnaround.rules import Period
from app.turnaround.scheduled.periods import Every


class ReportSubscription(Base):
    """A member wants a report of every week or month that ends after `created_at`."""

    __tablename__ = "report_subscription"
    __table_args__ = (UniqueConstraint("membership_id", "every"),)

    id: Mapped[str] = random_id()
    membership_id: Mapped[str] = mapped_column(ForeignKey("membership.id"))
    every: Mapped[Every]
    created_at: Mapped[datetime]


class ScheduledReport(Base):
    """A report of one period for one member, days of issue, both included.

    made_at: None where making it has failed so far; then `attempts` and `last_error` say how often and why.
    """

    __tablename__ = "scheduled_report"
    __table_args__ = (
        UniqueConstraint("membership_id", "every", "first_day"),
        CheckConstraint("first_day < last_day", name="days_in_order"),
        CheckConstraint("made_at IS NOT NULL OR attempts > 0", name="made_or_tried"),
        Index("ix_scheduled_report_made_at", "made_at"),
    )

    id: Mapped[str] = random_id()
    membership_id: Mapped[str] = mapped_column(ForeignKey("membership.id"))
    every: Mapped[Every]
    first_day: Mapped[date]
    last_day: Mapped[date]
    made_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str] = mapped_column(default="")

    @property
    def period(self) -> Period:
        return Period(self.first_day, self.last_day)
