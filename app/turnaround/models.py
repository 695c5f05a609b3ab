"""Daily turnaround reports, as they were on their day; targets that labs and coordinators set; the nightly summary."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, random_id

# The other tables of this room.
from app.turnaround.bottlenecks.models import BenchCell as BenchCell
from app.turnaround.bottlenecks.models import BenchMonth as BenchMonth
from app.turnaround.bottlenecks.models import BenchWhatIf as BenchWhatIf
from app.turnaround.bottlenecks.models import PoolWhatIf as PoolWhatIf
from app.turnaround.forecasting.models import ForecastHeld as ForecastHeld
from app.turnaround.forecasting.models import ForecastMonth as ForecastMonth
from app.turnaround.scheduled.models import ReportSubscription as ReportSubscription
from app.turnaround.scheduled.models import ScheduledReport as ScheduledReport
from app.turnaround.simulation.models import Simulation as Simulation


class GeneratedReport(Base):
    """The figures of one lab or one company over the twelve months before `day` (local date), one a day.

    `figures`: the shape of `reports.Sheet`. Later changes of lines leave it as it was.
    """

    __tablename__ = "generated_report"
    __table_args__ = (
        UniqueConstraint("company_id", "day"),
        UniqueConstraint("lab_id", "day"),
        CheckConstraint("(company_id IS NULL) <> (lab_id IS NULL)", name="one_subject"),
    )

    id: Mapped[str] = random_id()
    company_id: Mapped[str | None] = mapped_column(String(60), ForeignKey("organisation.id"))
    lab_id: Mapped[str | None] = mapped_column(String(60), ForeignKey("lab.id"))
    day: Mapped[date]
    lines: Mapped[int]
    figures: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class TurnaroundTarget(Base):
    """Days within which half of the lines are to have their report: of a lab, or without one of all labs together."""

    __tablename__ = "turnaround_target"
    __table_args__ = (
        CheckConstraint("days BETWEEN 1 AND 365", name="days"),
        UniqueConstraint("lab_id"),
        Index(
            "ix_turnaround_target_all",
            text("(lab_id IS NULL)"),
            unique=True,
            sqlite_where=text("lab_id IS NULL"),
            postgresql_where=text("lab_id IS NULL"),
        ),
    )

    id: Mapped[str] = random_id()
    lab_id: Mapped[str | None] = mapped_column(String(60), ForeignKey("lab.id"))
    days: Mapped[int]
    version: Mapped[int] = mapped_column(default=1)
    set_by_id: Mapped[str] = mapped_column(ForeignKey("user.id"))
    set_at: Mapped[datetime]


class SummarisedMonth(Base):
    """A month whose lines the summary has, as of an instant; later lines of it are read live.

    issued: how many lines the month had then, those that count in no figure too. made: another with every making.
    """

    __tablename__ = "summarised_month"

    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    as_of: Mapped[datetime]
    issued: Mapped[int]
    made: Mapped[str] = mapped_column(String(24))


class SummarisedCell(Base):
    """A cell of `cells.py` as it is kept: lines of a test at a lab, or of a domain on a way.

    whole, working, sums, companies: as in `tally.Tally`.
    """

    __tablename__ = "summarised_cell"
    __table_args__ = (
        CheckConstraint("(lab_id IS NULL) = (test_id IS NULL)", name="lab_and_test"),
        CheckConstraint("(lab_id IS NULL) <> (province IS NULL)", name="lab_or_way"),
        Index("ix_summarised_cell_month", "month", "lab_id"),
    )

    id: Mapped[str] = random_id()
    month: Mapped[str] = mapped_column(String(7))
    lab_id: Mapped[str | None] = mapped_column(String(60), ForeignKey("lab.id"))
    test_id: Mapped[str | None] = mapped_column(String(60), ForeignKey("test.id"))
    domain_id: Mapped[str] = mapped_column(String(60), ForeignKey("domain.id"))
    province: Mapped[str | None]
    city: Mapped[str | None]
    lab_province: Mapped[str | None]
    whole: Mapped[list[int]]
    working: Mapped[list[int]]
    sums: Mapped[list[int]]
    companies: Mapped[dict[str, Any]]


class SummarisedLines(Base):
    """The lines of a month of one company or of one lab as the summary keeps them: column by column (`columns.py`).

    issued: how many there were, those that count in no figure too. kinds, by_kind, lines, line_ids: a
    `columns.Block`, its names in `kinds`. losses: `own.Losses`; None in rows of before 0034, until the next night.
    faulty: by fault its lines (`faults.FaultyLine`).
    """

    __tablename__ = "summarised_lines"
    __table_args__ = (
        CheckConstraint("(company_id IS NULL) <> (lab_id IS NULL)", name="one_side"),
        UniqueConstraint("company_id", "month"),
        UniqueConstraint("lab_id", "month"),
        Index("ix_summarised_lines_month", "month"),
    )

    id: Mapped[str] = random_id()
    month: Mapped[str] = mapped_column(String(7))
    company_id: Mapped[str | None] = mapped_column(String(60), ForeignKey("organisation.id"))
    lab_id: Mapped[str | None] = mapped_column(String(60), ForeignKey("lab.id"))
    issued: Mapped[int]
    # What is small stands first: SQLite reads a row from its beginning.
    faulty: Mapped[dict[str, Any]]
    kinds: Mapped[dict[str, Any]]
    by_kind: Mapped[bytes]
    lines: Mapped[bytes]
    line_ids: Mapped[str]
    losses: Mapped[dict[str, Any] | None]


class PublishedPeriod(Base):
    """What is told of all companies' lines in a period of whole months (local dates, both included), since a night.

    made: of which makings of its months. facts, tests, kinds: as `published.py` reads them; `kinds` is told to nobody
    as it is, but only what a change of the mean is made of.
    """

    __tablename__ = "published_period"

    first: Mapped[date] = mapped_column(primary_key=True)
    last: Mapped[date] = mapped_column(primary_key=True)
    as_of: Mapped[datetime]
    made: Mapped[list[str]]
    facts: Mapped[dict[str, Any]]
    tests: Mapped[dict[str, Any]]
    kinds: Mapped[dict[str, Any]]
