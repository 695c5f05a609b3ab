"""The catalogue: labs, resources, methods, tests and what can do what, each fact with its sources.

Ids are those of the CSV files. Rows of origin `catalogue` belong to the loader: it updates their columns and
retires what vanished; nothing that a booking points at is ever deleted.
"""

from datetime import date, datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship, synonym

from app.database import Base
from app.labs.rules import SUPPORT
from app.worktime import Need, WorkingCalendar
from app.worktime.calendars import PATTERNS

CATALOGUE = "catalogue"
# What a lab says of itself, without a source that anybody could read.
STATED = "stated"
LOW_CONFIDENCE = "low"


class Sourced:
    """Columns that every row of the catalogue has."""

    sources: Mapped[list[str]] = mapped_column(default=list)
    origin: Mapped[str] = mapped_column(String(20), default=CATALOGUE)
    retired_at: Mapped[datetime | None]


class Source(Base):
    """A page that a fact was read on. `url` is empty where it was read in a third party's re-post."""

    __tablename__ = "source"

    id: Mapped[str] = mapped_column(String(20), primary_key=True)
    title: Mapped[str]
    publisher: Mapped[str]
    date: Mapped[str]
    url: Mapped[str]
    supports: Mapped[str]


class Domain(Sourced, Base):
    __tablename__ = "domain"

    id: Mapped[str] = mapped_column(String(60), primary_key=True)
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("domain.id"))
    name_zh: Mapped[str]
    name_en: Mapped[str]
    description_zh: Mapped[str]
    description_en: Mapped[str]
    position: Mapped[int]


class Lab(Sourced, Base):
    """A centre or proving ground; belongs to an operator (an organisation)."""

    __tablename__ = "lab"
    __table_args__ = (
        CheckConstraint("confidence IN ('high', 'medium', 'low')", name="confidence"),
        CheckConstraint("lat BETWEEN -90 AND 90 AND lon BETWEEN -180 AND 180", name="place"),
    )

    id: Mapped[str] = mapped_column(String(60), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"))
    name_zh: Mapped[str]
    name_en: Mapped[str]
    short_zh: Mapped[str]
    level: Mapped[str] = mapped_column(String(40))
    district_zh: Mapped[str]
    district_en: Mapped[str]
    address_zh: Mapped[str]
    # Unknown for a lab whose district is all that was found; then it has no outdoor daylight shifts either.
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    coord_basis: Mapped[str]
    domains: Mapped[list[str]]
    approvals_zh: Mapped[list[str]]
    approvals_en: Mapped[list[str]]
    summary_zh: Mapped[str]
    summary_en: Mapped[str]
    confidence: Mapped[str] = mapped_column(String(10))
    opened: Mapped[int | None]
    search_text: Mapped[str] = mapped_column(default="")
    # Changes with everything that the lab sets itself (`labs/capacity.py`); '': nothing yet.
    setup_version: Mapped[str] = mapped_column(String(24), default="", server_default="")

    organisation = relationship("Organisation")
    # What the policy asks of everything at a lab: the lab lies at itself.
    lab_id = synonym("id")

    @property
    def low_confidence(self) -> bool:
        """Present operation not confirmed: warn before a hold."""
        return self.confidence == LOW_CONFIDENCE


class ResourceKind(Sourced, Base):
    __tablename__ = "resource_kind"

    id: Mapped[str] = mapped_column(String(60), primary_key=True)
    domain_id: Mapped[str] = mapped_column(ForeignKey("domain.id"))
    name_zh: Mapped[str]
    name_en: Mapped[str]
    description_zh: Mapped[str]
    description_en: Mapped[str]
    place: Mapped[str] = mapped_column(String(20))
    grain_minutes: Mapped[int]
    shared: Mapped[bool] = mapped_column(Boolean)
    needs_daylight: Mapped[bool] = mapped_column(Boolean)
    weather: Mapped[list[str]]
    unattended: Mapped[bool] = mapped_column(Boolean)
    search_text: Mapped[str] = mapped_column(default="")


class Resource(Sourced, Base):
    """One bookable unit: bench, chamber, track, road. `pool` is the catalogue's id of identical units."""

    __tablename__ = "resource"
    __table_args__ = (
        CheckConstraint("places >= 1", name="places"),
        CheckConstraint("grain_minutes BETWEEN 1 AND 1440", name="grain"),
        CheckConstraint("evidence IN ('documented', 'representative')", name="evidence"),
        Index("ix_resource_pool", "pool"),
        Index("ix_resource_lab", "lab_id"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    pool: Mapped[str] = mapped_column(String(60))
    unit: Mapped[int | None]
    lab_id: Mapped[str] = mapped_column(ForeignKey("lab.id"))
    kind_id: Mapped[str] = mapped_column(ForeignKey("resource_kind.id"))
    name_zh: Mapped[str]
    name_en: Mapped[str]
    places: Mapped[int]
    place: Mapped[str] = mapped_column(String(20))
    grain_minutes: Mapped[int]
    shifts: Mapped[str] = mapped_column(String(20))
    unattended: Mapped[bool] = mapped_column(Boolean)
    capability_zh: Mapped[str]
    capability_en: Mapped[str]
    evidence: Mapped[str] = mapped_column(String(20))
    # The whole that this is a part of: who books the whole has all its parts.
    whole_id: Mapped[str | None] = mapped_column(String(64))
    # What the bench reaches, by quantity: {"temperature": [-40, 150]}, as in `labs/quantities.py`.
    envelope: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    # Interval in months and last local day on which the calibration holds; None: not kept here.
    calibration_months: Mapped[int | None]
    calibration_due: Mapped[date | None]
    version: Mapped[int] = mapped_column(default=1, server_default="1")

    lab: Mapped[Lab] = relationship()
    kind: Mapped[ResourceKind] = relationship()

    @property
    def mark(self) -> str:
        """What the row rests on: `documented`, `representative`, or `stated` by the lab itself."""
        return self.evidence if self.origin == CATALOGUE else STATED

    @property
    def beside(self) -> bool:
        """Whether it is only needed beside benches."""
        return self.kind_id in SUPPORT

    @property
    def outdoor(self) -> bool:
        return self.place == "outdoor"

    @property
    def grain(self) -> timedelta:
        return timedelta(minutes=self.grain_minutes)


class Method(Sourced, Base):
    """A standard or other method, one row per edition."""

    __tablename__ = "method"
    __table_args__ = (CheckConstraint("status IN ('in_force', 'superseded', 'upcoming', 'unverified')", name="status"),)

    id: Mapped[str] = mapped_column(String(60), primary_key=True)
    code: Mapped[str]
    code_norm: Mapped[str]
    title_zh: Mapped[str]
    title_en: Mapped[str]
    kind: Mapped[str] = mapped_column(String(40))
    domain_id: Mapped[str] = mapped_column(ForeignKey("domain.id"))
    status: Mapped[str] = mapped_column(String(20))
    # As far as it is known: a day, a month or a year of ISO 8601.
    issued: Mapped[str | None] = mapped_column(String(10))
    effective: Mapped[date | None]
    replaces: Mapped[list[str]]
    search_text: Mapped[str] = mapped_column(default="")

    @property
    def name_zh(self) -> str:
        """What it is called in a line: its code."""
        return self.code

    @property
    def name_en(self) -> str:
        """The code; of the few whose code is a Chinese phrase, the English title."""
        return self.code if self.code.isascii() else self.title_en


class MethodTransition(Sourced, Base):
    """From when a new edition binds new types and already approved types; None = not found."""

    __tablename__ = "method_transition"
    __table_args__ = (UniqueConstraint("old_method_id", "new_method_id"),)

    id: Mapped[str] = mapped_column(String(130), primary_key=True)
    old_method_id: Mapped[str | None] = mapped_column(ForeignKey("method.id"))
    new_method_id: Mapped[str] = mapped_column(ForeignKey("method.id"))
    new_types_from: Mapped[date | None]
    approved_types_from: Mapped[date | None]
    note_zh: Mapped[str]
    note_en: Mapped[str]


class Test(Sourced, Base):
    """One item of a method, with sample need and durations (minutes; report in working days)."""

    __tablename__ = "test"
    __table_args__ = (
        CheckConstraint("run_minutes > 0 AND setup_minutes >= 0 AND teardown_minutes >= 0", name="durations"),
        CheckConstraint("duration_basis IN ('standard', 'planning')", name="basis"),
        Index("ix_test_method", "method_id"),
    )

    id: Mapped[str] = mapped_column(String(60), primary_key=True)
    method_id: Mapped[str] = mapped_column(ForeignKey("method.id"))
    clause: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    domain_id: Mapped[str] = mapped_column(ForeignKey("domain.id"))
    kind_id: Mapped[str] = mapped_column(ForeignKey("resource_kind.id"))
    sample_zh: Mapped[str]
    sample_en: Mapped[str]
    sample_kind: Mapped[str] = mapped_column(String(20))
    samples: Mapped[int]
    destructive: Mapped[bool] = mapped_column(Boolean)
    setup_minutes: Mapped[int]
    run_minutes: Mapped[int]
    teardown_minutes: Mapped[int]
    run_splits: Mapped[bool] = mapped_column(Boolean)
    # The run has to end within one shift, also on a resource that may run unattended.
    one_window: Mapped[bool] = mapped_column(Boolean)
    report_days: Mapped[int]
    duration_basis: Mapped[str] = mapped_column(String(20))
    note_zh: Mapped[str]
    note_en: Mapped[str]
    position: Mapped[int]
    search_text: Mapped[str] = mapped_column(default="")

    method: Mapped[Method] = relationship()


class Capability(Sourced, Base):
    """This pool of resources can run this test: the lab's scope in the product, never an accreditation."""

    __tablename__ = "capability"
    __table_args__ = (
        CheckConstraint("basis IN ('documented', 'representative')", name="basis"),
        Index("ix_capability_test", "test_id"),
    )

    pool: Mapped[str] = mapped_column(String(60), primary_key=True)
    test_id: Mapped[str] = mapped_column(ForeignKey("test.id"), primary_key=True)
    basis: Mapped[str] = mapped_column(String(20))
    note_zh: Mapped[str]
    note_en: Mapped[str]
    # The lab's own times; None: those of the test.
    setup_minutes: Mapped[int | None]
    run_minutes: Mapped[int | None]
    teardown_minutes: Mapped[int | None]
    report_days: Mapped[int | None]
    # What the test asks of the bench here, and what a sample may measure: {"mass": [null, 500]}.
    needs: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    sample_limits: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    # The state in which the test leaves the bench, for changeover.
    state_id: Mapped[str | None] = mapped_column(String(24))
    # Local dates, both inclusive; the scope holds from bench taken to report.
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]
    version: Mapped[int] = mapped_column(default=1, server_default="1")

    @property
    def mark(self) -> str:
        """What the row rests on: `documented`, `representative`, or `stated` by the lab itself."""
        return self.basis if self.origin == CATALOGUE else STATED


class EarliestWeek(Base):
    """Cached answer for visitors: ISO week of the first free time of a test on a pool, as of when; None: no time
    within the horizon. Kept fresh by a job; the catalogue itself never asks for free time.
    """

    __tablename__ = "earliest_week"

    pool: Mapped[str] = mapped_column(String(60), primary_key=True)
    test_id: Mapped[str] = mapped_column(ForeignKey("test.id"), primary_key=True)
    lab_id: Mapped[str] = mapped_column(ForeignKey("lab.id"))
    week: Mapped[str | None] = mapped_column(String(8))
    as_of: Mapped[datetime]


class CatalogueLoad(Base):
    """The last load: a digest of the files and of the way they are read, so that the same again takes no time."""

    __tablename__ = "catalogue_load"

    id: Mapped[str] = mapped_column(String(20), primary_key=True, default=CATALOGUE)
    digest: Mapped[str] = mapped_column(String(64))
    loaded_at: Mapped[datetime]


def calendar_of(shifts: str, lat: float | None, lon: float | None) -> WorkingCalendar:
    """The working calendar of a shift pattern at a place; only daylight depends on the place.

    Raises ValueError for daylight at an unknown place.
    """
    pattern = PATTERNS[shifts]
    return WorkingCalendar((pattern,), lat, lon) if pattern.daylight else WorkingCalendar((pattern,), None, None)


class Durations(Protocol):
    """What of a test says how long it takes: the row itself, or a query's columns of it."""

    setup_minutes: Any
    run_minutes: Any
    teardown_minutes: Any
    run_splits: Any
    one_window: Any


def need_of(test: Durations, unattended: bool) -> Need:
    """How long a test takes on a resource that runs unattended or not."""
    return Need(
        setup=timedelta(minutes=test.setup_minutes),
        run=timedelta(minutes=test.run_minutes),
        teardown=timedelta(minutes=test.teardown_minutes),
        splits=test.run_splits and not test.one_window,
        unattended=unattended and not test.one_window,
    )
