"""Reports; their issue ends the turnaround of a line."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, random_id


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
