"""How often the dates of the forecast held, by month, company and lab, and the dates of each line."""

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base


class ForecastMonth(Base):
    """A month of ended tests that was reckoned up. month: `YYYY-MM`, local.

    ended: the lines of which the test had ended then. open: those whose safe date was still to come.
    """

    __tablename__ = "forecast_month"

    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    as_of: Mapped[datetime]
    ended: Mapped[int]
    open: Mapped[int]


class ForecastHeld(Base):
    """Lines of a company at a lab whose test ended in a month and whose dates have come, and how many held.

    measured: those whose dates rested on measured lines. likely, safe: those whose report came by the date;
    base_likely, base_safe: by the date of the baseline.
    """

    __tablename__ = "forecast_held"
    __table_args__ = (
        CheckConstraint("likely <= lines AND safe <= lines AND measured <= lines", name="counts"),
        CheckConstraint("base_likely <= lines AND base_safe <= lines", name="base_counts"),
        Index("ix_forecast_held_company", "company_id", "month"),
        Index("ix_forecast_held_lab", "lab_id", "month"),
    )

    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    company_id: Mapped[str] = mapped_column(String(60), ForeignKey("organisation.id"), primary_key=True)
    lab_id: Mapped[str] = mapped_column(String(60), ForeignKey("lab.id"), primary_key=True)
    lines: Mapped[int]
    measured: Mapped[int]
    likely: Mapped[int]
    safe: Mapped[int]
    base_likely: Mapped[int]
    base_safe: Mapped[int]


class ForecastLine(Base):
    """The dates of a line that counts in its month, as they would have been told with the offer.

    measured: they rested on measured lines. base_likely_at, base_safe_at: those of the baseline.
    """

    __tablename__ = "forecast_line"
    __table_args__ = (Index("ix_forecast_line_month", "month"),)

    order_line_id: Mapped[str] = mapped_column(ForeignKey("order_line.id"), primary_key=True)
    month: Mapped[str] = mapped_column(String(7))
    measured: Mapped[bool] = mapped_column(Boolean)
    likely_at: Mapped[datetime]
    safe_at: Mapped[datetime]
    base_likely_at: Mapped[datetime]
    base_safe_at: Mapped[datetime]
