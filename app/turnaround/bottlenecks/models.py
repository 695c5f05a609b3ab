"""Hours of benches by month as the night before left them, and what more capacity would have brought."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, random_id


class BenchMonth(Base):
    """A month that is over and kept, as of an instant.

    seen: the last event that it knows. houses: by lab, a mark of the benches and calendars that it was reckoned with.
    """

    __tablename__ = "bench_month"

    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    as_of: Mapped[datetime]
    seen: Mapped[int] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"))
    houses: Mapped[dict[str, Any]]


class BenchCell(Base):
    """A cell of `months.py` as it is kept. hours, lost: microseconds of the fields of `Spent`, and by cause."""

    __tablename__ = "bench_cell"
    __table_args__ = (Index("ix_bench_cell_month", "month", "lab_id"),)

    id: Mapped[str] = random_id()
    month: Mapped[str] = mapped_column(String(7))
    lab_id: Mapped[str] = mapped_column(String(60), ForeignKey("lab.id"))
    pool: Mapped[str] = mapped_column(String(60))
    kind_id: Mapped[str] = mapped_column(String(60), ForeignKey("resource_kind.id"))
    hours: Mapped[list[int]]
    lost: Mapped[dict[str, Any]]
    lines: Mapped[dict[str, Any]]


class BenchWhatIf(Base):
    """What more capacity would have brought by kind of bench, over the months up to `through`; see `of_kinds.py`.

    result: months, and the kinds that may be told.
    """

    __tablename__ = "bench_what_if"

    through: Mapped[str] = mapped_column(String(7), primary_key=True)
    made_at: Mapped[datetime]
    result: Mapped[dict[str, Any]]


class PoolWhatIf(Base):
    """What more capacity would have brought to a pool of a lab, of its last so many whole months; see `of_pools.py`.

    house: a mark of the benches and calendars that it was reckoned with. result: empty where nothing was asked for.
    """

    __tablename__ = "pool_what_if"

    lab_id: Mapped[str] = mapped_column(String(60), ForeignKey("lab.id"), primary_key=True)
    pool: Mapped[str] = mapped_column(String(60), primary_key=True)
    months: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    made_at: Mapped[datetime]
    house: Mapped[str] = mapped_column(String(64))
    result: Mapped[dict[str, Any]]
