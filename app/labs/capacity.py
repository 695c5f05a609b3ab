"""What a lab sets itself: shift patterns, single days, rules, what belongs together, changeover, limitations.

Availability reads these through `labs/setup.py`; their pages and services stand in `app/capacity/`. Every change
gives the lab a new `setup_version` by `touch`.
"""

import enum
from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.database import Base, random_id
from app.identifiers import new_id
from app.labs.models import Lab


class LabShiftPattern(Base):
    """A lab's own week, from `valid_from` to `valid_until` (local dates, both inclusive; None is open).

    resource_id None: for all benches of the lab that have no pattern of their own on a date; `replaces` then
    narrows it to benches with this shift of the catalogue ('' for all). shifts: [[weekday, opens, closes], …],
    weekdays 0 = Monday, local minutes with opens < closes <= 1440; a night is two of them.
    """

    __tablename__ = "shift_pattern"
    __table_args__ = (
        CheckConstraint("valid_until IS NULL OR valid_from IS NULL OR valid_until >= valid_from", name="validity"),
        Index("ix_shift_pattern_lab", "lab_id"),
    )

    id: Mapped[str] = random_id()
    lab_id: Mapped[str] = mapped_column(ForeignKey("lab.id"))
    resource_id: Mapped[str | None] = mapped_column(ForeignKey("resource.id"))
    name: Mapped[str]
    replaces: Mapped[str] = mapped_column(String(20), default="")
    shifts: Mapped[list[list[int]]]
    continuous: Mapped[bool] = mapped_column(Boolean, default=False)
    daylight: Mapped[bool] = mapped_column(Boolean, default=False)
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]
    created_by_id: Mapped[str | None] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime]


# A constraint takes two rows without a resource for different ones.
_WHOLE = text("resource_id IS NULL")


class Audience(enum.StrEnum):
    """For whom a day of a lab's own table is open."""

    ALL = "all"
    COMPANY = "company"
    RESERVE = "reserve"
    """Only for times that the lab itself proposes: the reserve slots after rain."""


class LabDay(Base):
    """One local date on which other hours hold than the patterns and holidays say.

    hours: [[opens, closes], …] in local minutes, empty closes the day. resource_id None: the whole lab. A day of the
    resource outweighs one of the lab. company_id: with audience `company` only, the one it is open for.
    """

    __tablename__ = "lab_day"
    __table_args__ = (
        CheckConstraint("(audience = 'company') = (company_id IS NOT NULL)", name="company"),
        UniqueConstraint("lab_id", "resource_id", "date"),
        Index("ix_lab_day_lab", "lab_id", "date"),
        Index("uq_lab_day_whole", "lab_id", "date", unique=True, sqlite_where=_WHOLE, postgresql_where=_WHOLE),
    )

    id: Mapped[str] = random_id()
    lab_id: Mapped[str] = mapped_column(ForeignKey("lab.id"))
    resource_id: Mapped[str | None] = mapped_column(ForeignKey("resource.id"))
    date: Mapped[date]
    hours: Mapped[list[list[int]]]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    audience: Mapped[Audience] = mapped_column(default=Audience.ALL)
    company_id: Mapped[str | None] = mapped_column(ForeignKey("organisation.id"))
    created_by_id: Mapped[str | None] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime]


class LabRule(Base):
    """One rule of a lab (pool '') or of one pool of its resources; `kind` and `value` as in `labs/rules.py`.

    Of several in force for a bench the pool's outweighs the lab's. owner_id: who is told of overrides.
    """

    __tablename__ = "lab_rule"
    __table_args__ = (UniqueConstraint("lab_id", "pool", "kind"), Index("ix_lab_rule_lab", "lab_id"))

    id: Mapped[str] = random_id()
    lab_id: Mapped[str] = mapped_column(ForeignKey("lab.id"))
    pool: Mapped[str] = mapped_column(String(60), default="")
    kind: Mapped[str] = mapped_column(String(40))
    value: Mapped[dict[str, Any]]
    owner_id: Mapped[str | None] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime]


class Companion(Base):
    """A test on this pool also needs one unit of another pool of the same lab, for as long as the bench is taken."""

    __tablename__ = "companion"

    pool: Mapped[str] = mapped_column(String(60), primary_key=True)
    test_id: Mapped[str] = mapped_column(ForeignKey("test.id"), primary_key=True)
    companion_pool: Mapped[str] = mapped_column(String(60), primary_key=True)
    lab_id: Mapped[str] = mapped_column(ForeignKey("lab.id"))


class Nearness(enum.StrEnum):
    """How two surfaces of a lab stand to each other."""

    EXCLUDES = "excludes"
    """Never used at once."""
    NEIGHBOUR = "neighbour"
    """Seen from each other: not two companies at once when either asked to be out of sight."""


class ResourceLink(Base):
    """Two resources of a lab that are not used at once, always or for rival companies; holds in both directions."""

    __tablename__ = "resource_link"
    __table_args__ = (CheckConstraint("one_id < other_id", name="one_way_of_writing"),)

    one_id: Mapped[str] = mapped_column(ForeignKey("resource.id"), primary_key=True)
    other_id: Mapped[str] = mapped_column(ForeignKey("resource.id"), primary_key=True)
    nearness: Mapped[Nearness]
    lab_id: Mapped[str] = mapped_column(ForeignKey("lab.id"))


class BenchState(Base):
    """A state in which a test leaves the benches of a pool: a temperature, a fixture."""

    __tablename__ = "bench_state"
    __table_args__ = (Index("ix_bench_state_lab", "lab_id"),)

    id: Mapped[str] = random_id()
    lab_id: Mapped[str] = mapped_column(ForeignKey("lab.id"))
    pool: Mapped[str] = mapped_column(String(60))
    name_zh: Mapped[str]
    name_en: Mapped[str]


class Changeover(Base):
    """Minutes that must lie between two uses of a bench when the state changes: sequence-dependent set-up."""

    __tablename__ = "changeover"
    __table_args__ = (CheckConstraint("minutes > 0 AND minutes <= 10080", name="minutes"),)

    from_state_id: Mapped[str] = mapped_column(ForeignKey("bench_state.id"), primary_key=True)
    to_state_id: Mapped[str] = mapped_column(ForeignKey("bench_state.id"), primary_key=True)
    lab_id: Mapped[str] = mapped_column(ForeignKey("lab.id"))
    minutes: Mapped[int]


class Limitation(Base):
    """For a time a bench does less than its envelope says; it is closed for tests that need more.

    minimum, maximum: in the unit of the quantity (`labs/quantities.py`), None where that side is as ever.
    """

    __tablename__ = "limitation"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        CheckConstraint("minimum IS NOT NULL OR maximum IS NOT NULL", name="limits_something"),
        Index("ix_limitation_lab", "lab_id"),
    )

    id: Mapped[str] = random_id()
    lab_id: Mapped[str] = mapped_column(ForeignKey("lab.id"))
    resource_id: Mapped[str] = mapped_column(ForeignKey("resource.id"))
    quantity: Mapped[str] = mapped_column(String(20))
    minimum: Mapped[float | None]
    maximum: Mapped[float | None]
    reason: Mapped[str] = mapped_column(default="")
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    created_by_id: Mapped[str | None] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime]


class ApprovalStep(Base):
    """A step that every request at a lab passes, in order of `position`; after `hours` of working time unanswered it
    goes on to `next_owner_id` (None: it stays). Never a silent approval.
    """

    __tablename__ = "approval_step"
    __table_args__ = (
        UniqueConstraint("lab_id", "position"),
        CheckConstraint("hours BETWEEN 1 AND 720", name="hours"),
    )

    id: Mapped[str] = random_id()
    lab_id: Mapped[str] = mapped_column(ForeignKey("lab.id"))
    position: Mapped[int]
    name: Mapped[str]
    owner_id: Mapped[str] = mapped_column(ForeignKey("user.id"))
    next_owner_id: Mapped[str | None] = mapped_column(ForeignKey("user.id"))
    hours: Mapped[int]


def touch(session: Session, lab_id: str) -> None:
    """Note that the lab changed what it sets: whoever reads availability reads it anew."""
    session.get_one(Lab, lab_id, with_for_update={"key_share": True}).setup_version = new_id()
