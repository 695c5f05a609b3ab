"""Bookings, and the one table that says who holds which bench when."""

import enum
from datetime import date, datetime

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Enum,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.booking.desk_models import Approval as Approval  # with the tables of the lab's desk
from app.booking.move_rules import MoveCause
from app.booking.rules import BACK, NEXT, State, WrongState
from app.database import Base, index_where_set, random_id
from app.errors import N_
from app.labs.models import EarliestWeek as EarliestWeek  # the catalogue's, which can be read from there too
from app.labs.models import Resource, Test
from app.orders.models import OrderLine

# A column of words without a CHECK: SQLite can only add one by making the table anew.
_CAUSE = Enum(
    MoveCause,
    native_enum=False,
    create_constraint=False,
    length=20,
    values_callable=lambda found: [member.value for member in found],
)


class Booking(Base):
    """One use of a resource by one order line over `[starts_at, ends_at)`: bench taken, set-up to clean-down.

    `run_from … run_until` lie inside. `hold_expires_at` is set while held. `changed_at` is the instant of the
    last change, `version` grows with each (SEQUENCE of RFC 5545 is taken from it).
    """

    __tablename__ = "booking"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        CheckConstraint("run_from >= starts_at AND run_until > run_from AND ends_at >= run_until", name="run_inside"),
        CheckConstraint("(state = 'held') = (hold_expires_at IS NOT NULL)", name="hold"),
        CheckConstraint("(confirmed_at IS NULL) = (confirmed_by_id IS NULL)", name="confirmation"),
        Index("ix_booking_company_start", "company_id", "starts_at"),
        Index("ix_booking_lab_start", "lab_id", "starts_at"),
        Index("ix_booking_resource_start", "resource_id", "starts_at"),
        Index("ix_booking_company_state", "company_id", "state"),
        Index("ix_booking_company_created", "company_id", "created_at"),
        Index("ix_booking_lab_state_start", "lab_id", "state", "starts_at"),
        Index("ix_booking_line", "order_line_id"),
        index_where_set("ix_booking_hold", "hold_expires_at"),
    )

    id: Mapped[str] = random_id()
    code: Mapped[str] = mapped_column(String(12), unique=True)
    state: Mapped[State]
    version: Mapped[int] = mapped_column(default=1)
    company_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"))
    lab_id: Mapped[str] = mapped_column(ForeignKey("lab.id"))
    resource_id: Mapped[str] = mapped_column(ForeignKey("resource.id"))
    place: Mapped[int]
    test_id: Mapped[str] = mapped_column(ForeignKey("test.id"))
    order_line_id: Mapped[str] = mapped_column(ForeignKey("order_line.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    run_from: Mapped[datetime]
    run_until: Mapped[datetime]
    hold_expires_at: Mapped[datetime | None]
    requested_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    confirmed_by_id: Mapped[str | None] = mapped_column(ForeignKey("user.id"))
    sample: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    # All that is taken, "resource/place", the booking's own place first; empty: that alone.
    footprint: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    # The whole of a shared resource; and out of sight of other companies on neighbouring surfaces.
    exclusive: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    shielded: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    series_id: Mapped[str | None] = mapped_column(String(24))
    # Until when the lab expects the use before, or the run that has its sample, to take; gone with a new slot.
    delayed_until: Mapped[datetime | None]
    created_by_id: Mapped[str] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]

    resource: Mapped[Resource] = relationship()
    test: Mapped[Test] = relationship()
    order_line: Mapped[OrderLine] = relationship()
    proposal: Mapped["MoveProposal | None"] = relationship(back_populates="booking", cascade="all, delete-orphan")

    def move_to(self, new: State, now: datetime) -> None:
        """Change the state by the table in `rules`. Raises WrongState."""
        if new not in NEXT[self.state]:
            raise WrongState(state=self.state, wanted=new)
        self.state = new
        self.hold_expires_at = None
        self.touch(now)

    def move_back(self, earlier: State, now: datetime) -> None:
        """Undo a decision by the table in `rules`. Raises WrongState."""
        if earlier not in BACK.get(self.state, ()):
            raise WrongState(state=self.state, wanted=earlier)
        self.state = earlier
        self.touch(now)

    def touch(self, now: datetime) -> None:
        """Note a change: version and instant."""
        self.version += 1
        self.changed_at = now


class MoveProposal(Base):
    """Another time that the lab proposes; the old slot is kept until the company agrees or `expires_at` passes.

    delay: because the use before takes longer; the company may then also choose another time, or cancel, however
    late it is.
    """

    __tablename__ = "move_proposal"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        UniqueConstraint("booking_id"),
    )

    id: Mapped[str] = random_id()
    booking_id: Mapped[str] = mapped_column(ForeignKey("booking.id"))
    resource_id: Mapped[str] = mapped_column(ForeignKey("resource.id"))
    place: Mapped[int]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    run_from: Mapped[datetime]
    run_until: Mapped[datetime]
    footprint: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    reason: Mapped[str]
    expires_at: Mapped[datetime]
    proposed_by_id: Mapped[str] = mapped_column(ForeignKey("user.id"))
    proposed_at: Mapped[datetime]
    delay: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    cause: Mapped[MoveCause | None] = mapped_column(_CAUSE)

    booking: Mapped[Booking] = relationship(back_populates="proposal")


class ClosureKind(enum.StrEnum):
    MAINTENANCE = "maintenance"
    CALIBRATION = "calibration"
    BREAKDOWN = "breakdown"
    POWER = "power"
    WEATHER = "weather"
    OTHER = "other"

    @property
    def label(self) -> str:
        """The msgid that the lab reads."""
        return CLOSURE_LABELS[self]


CLOSURE_LABELS = {
    ClosureKind.MAINTENANCE: N_("维护"),
    ClosureKind.CALIBRATION: N_("校准"),
    ClosureKind.BREAKDOWN: N_("故障"),
    ClosureKind.POWER: N_("限电"),
    ClosureKind.WEATHER: N_("天气"),
    ClosureKind.OTHER: N_("停用"),
}


class Closure(Base):
    """A resource, or some of its places, taken out of use for a time; to companies it is busy like any other occupancy.

    places: the places that are out, empty for all. open_end: `ends_at` is when it is expected back, and is put off
    until the lab says that it is back. series_id: of a recurring one. Bookings inside keep their time until their
    companies agree to another; what they free is closed at once.
    """

    __tablename__ = "closure"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        Index("ix_closure_resource", "resource_id", "starts_at"),
    )

    id: Mapped[str] = random_id()
    lab_id: Mapped[str] = mapped_column(ForeignKey("lab.id"))
    resource_id: Mapped[str] = mapped_column(ForeignKey("resource.id"))
    kind: Mapped[ClosureKind]
    reason: Mapped[str] = mapped_column(default="")
    places: Mapped[list[int]] = mapped_column(default=list, server_default="[]")
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    open_end: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    series_id: Mapped[str | None] = mapped_column(String(24))
    created_by_id: Mapped[str | None] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime]


class ClosureHit(Base):
    """A booking to which another time was proposed because of a closure, and when."""

    __tablename__ = "closure_hit"

    closure_id: Mapped[str] = mapped_column(ForeignKey("closure.id"), primary_key=True)
    booking_id: Mapped[str] = mapped_column(ForeignKey("booking.id"), primary_key=True)
    sent_at: Mapped[datetime]


class Occupancy(Base):
    """Resource × place × time that is taken; `expires_at` for holds and proposals, which then block nobody.

    The only table availability reads. Freeing deletes the row: history is in `event`.
    """

    __tablename__ = "occupancy"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        CheckConstraint(
            "(booking_id IS NULL) <> (closure_id IS NULL)",
            name="one_owner",
        ),
        Index("ix_occupancy_slot", "resource_id", "place", "starts_at"),
        # What is asked for is the future: reading by end skips the past; with the start no row behind is looked up.
        Index("ix_occupancy_end", "resource_id", "ends_at", "starts_at"),
        Index("ix_occupancy_booking", "booking_id"),
        index_where_set("ix_occupancy_closure", "closure_id"),
    )

    id: Mapped[str] = random_id()
    resource_id: Mapped[str] = mapped_column(ForeignKey("resource.id"))
    place: Mapped[int]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    # Time that the lab proposes for a move, kept beside the booking's own.
    proposed: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    booking_id: Mapped[str | None] = mapped_column(ForeignKey("booking.id"))
    closure_id: Mapped[str | None] = mapped_column(ForeignKey("closure.id"))
    # What neighbours in time and place must reckon with, and nobody is shown: the state in which the use leaves the
    # bench, and of a booking its company and whether it is to be out of others' sight.
    state_id: Mapped[str | None] = mapped_column(String(24))
    company_id: Mapped[str | None] = mapped_column(String(60))
    shielded: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())


class RuleWaiver(Base):
    """An exception of one kind of rule that a lab makes for a company, up to a local date; told to the rule's owner."""

    __tablename__ = "rule_waiver"
    __table_args__ = (Index("ix_rule_waiver_company", "lab_id", "company_id"),)

    id: Mapped[str] = random_id()
    lab_id: Mapped[str] = mapped_column(ForeignKey("lab.id"))
    company_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"))
    kind: Mapped[str] = mapped_column(String(40))
    until: Mapped[date]
    reason: Mapped[str]
    created_by_id: Mapped[str | None] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime]


class IdempotencyKey(Base):
    """The answer to a request that may come twice: same key, same body, same booking."""

    __tablename__ = "idempotency_key"

    membership_id: Mapped[str] = mapped_column(ForeignKey("membership.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    booking_id: Mapped[str] = mapped_column(ForeignKey("booking.id"))
    created_at: Mapped[datetime]


# Name of the database's own guard against overlaps: an exclusion constraint on PostgreSQL, the message of two
# triggers on SQLite. Both stand in the first migration.
OVERLAP = "occupancy_overlap"
