"""Samples under test, and their custody as a chain of steps (ISO/IEC 17025:2017, 7.4)."""

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database import Base, random_id
from app.samples.condition_rules import Demand
from app.samples.rules import SampleKind, SampleState


class Shipment(Base):
    """One waybill of one order: what a carrier brings in one go."""

    __tablename__ = "shipment"
    __table_args__ = (UniqueConstraint("company_id", "waybill"), Index("ix_shipment_order", "order_id"))

    id: Mapped[str] = random_id()
    order_id: Mapped[str] = mapped_column(ForeignKey("order.id"))
    company_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"))
    lab_id: Mapped[str] = mapped_column(ForeignKey("lab.id"))
    carrier: Mapped[str] = mapped_column(String(80))
    waybill: Mapped[str] = mapped_column(String(80))
    dispatched_at: Mapped[datetime]


class SamplePlace(Base):
    """Where a lab keeps samples: a shelf or a yard with `slots` places, one sample each."""

    __tablename__ = "sample_place"
    __table_args__ = (UniqueConstraint("lab_id", "name"), CheckConstraint("slots > 0", name="slots"))

    id: Mapped[str] = random_id()
    lab_id: Mapped[str] = mapped_column(ForeignKey("lab.id"))
    name: Mapped[str] = mapped_column(String(60))
    slots: Mapped[int]


class Sample(Base):
    """An item under test. `name` is what the company calls it; the lines of its order that name it are done on it.

    state_of_charge: per cent; mileage: km. place_id and slot: where it is stored; no two samples share a slot.
    deviation: what differs from the order on receipt; the test waits until the company has answered. consumed_by_id:
    the destructive test that was begun on it. booking_id: the use that has it on the bench.
    """

    __tablename__ = "sample"
    __table_args__ = (
        UniqueConstraint("order_id", "name"),
        UniqueConstraint("place_id", "slot"),
        CheckConstraint("(place_id IS NULL) = (slot IS NULL)", name="slot_of_place"),
        CheckConstraint("(state = 'stored') = (place_id IS NOT NULL)", name="stored_somewhere"),
        CheckConstraint("(state = 'on_bench') = (booking_id IS NOT NULL)", name="on_bench_of"),
        Index("ix_sample_company_vin", "company_id", "vin"),
        Index("ix_sample_company_serial", "company_id", "serial_number"),
        Index("ix_sample_lab_state", "lab_id", "state"),
        Index("ix_sample_company_state", "company_id", "state"),
        Index("ix_sample_booking", "booking_id"),
    )

    id: Mapped[str] = random_id()
    code: Mapped[str] = mapped_column(String(12), unique=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("order.id"))
    company_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"))
    lab_id: Mapped[str] = mapped_column(ForeignKey("lab.id"))
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[SampleKind]
    vin: Mapped[str | None] = mapped_column(String(17))
    vin_reason: Mapped[str] = mapped_column(default="")
    serial_number: Mapped[str | None] = mapped_column(String(40))
    configuration: Mapped[str] = mapped_column(default="")
    build_level: Mapped[str] = mapped_column(String(80), default="")
    mileage: Mapped[int | None]
    state_of_charge: Mapped[int | None]
    damage: Mapped[str] = mapped_column(default="")
    transport_paper: Mapped[str] = mapped_column(String(120), default="")
    state: Mapped[SampleState] = mapped_column(default=SampleState.EXPECTED)
    version: Mapped[int] = mapped_column(default=1)
    shipment_id: Mapped[str | None] = mapped_column(ForeignKey("shipment.id"))
    received_at: Mapped[datetime | None]
    condition: Mapped[str] = mapped_column(default="")
    deviation: Mapped[str] = mapped_column(default="")
    deviating: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    place_id: Mapped[str | None] = mapped_column(ForeignKey("sample_place.id"))
    slot: Mapped[int | None]
    booking_id: Mapped[str | None] = mapped_column(ForeignKey("booking.id"))
    consumed_by_id: Mapped[str | None] = mapped_column(ForeignKey("test.id"))
    created_by_id: Mapped[str] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime]

    shipment: Mapped[Shipment | None] = relationship()
    place: Mapped[SamplePlace | None] = relationship()

    @property
    def item(self) -> str | None:
        """What tells the physical thing from all others of the company: its VIN or serial number."""
        return self.vin or self.serial_number

    @property
    def in_house(self) -> bool:
        """Whether the lab has it."""
        return self.state in (SampleState.RECEIVED, SampleState.STORED, SampleState.ON_BENCH)

    def editable(self, by_lab: bool) -> bool:
        """Whether its identity can be written anew: by both sides until it arrives, then by the lab that has it."""
        return self.state in (SampleState.EXPECTED, SampleState.DISPATCHED) or (by_lab and self.in_house)


class CustodyStep(Base):
    """One link of the chain: what happened to a sample, when, by whom. Never changed."""

    __tablename__ = "custody_step"
    __table_args__ = (Index("ix_custody_step_sample", "sample_id", "at"),)

    id: Mapped[str] = random_id()
    sample_id: Mapped[str] = mapped_column(ForeignKey("sample.id"))
    company_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"))
    lab_id: Mapped[str] = mapped_column(ForeignKey("lab.id"))
    position: Mapped[int]
    state: Mapped[SampleState]
    at: Mapped[datetime]
    by_id: Mapped[str] = mapped_column(ForeignKey("user.id"))
    by_lab: Mapped[bool] = mapped_column(Boolean)
    # The place, the bench or the waybill that it went to, and what was noted.
    where: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    booking_id: Mapped[str | None] = mapped_column(ForeignKey("booking.id"))


class SampleDemand(Base):
    """What a lab's test needs of the state of a sample, and what it leaves; see `condition_rules.Demand`."""

    __tablename__ = "sample_demand"
    __table_args__ = (UniqueConstraint("lab_id", "test_id"),)

    id: Mapped[str] = random_id()
    lab_id: Mapped[str] = mapped_column(ForeignKey("lab.id"))
    test_id: Mapped[str] = mapped_column(ForeignKey("test.id"))
    version: Mapped[int] = mapped_column(default=1)
    build_levels: Mapped[list[str]]
    mileage_from: Mapped[int | None]
    mileage_to: Mapped[int | None]
    charge_from: Mapped[int | None]
    charge_to: Mapped[int | None]
    undamaged: Mapped[bool] = mapped_column(Boolean)
    adds_km: Mapped[int]
    leaves_charge: Mapped[int | None]
    leaves_damage: Mapped[str] = mapped_column(String(200))

    @property
    def demand(self) -> Demand:
        """As the rules ask for it."""
        said = {name: getattr(self, name) for name in Demand.__dataclass_fields__}
        return Demand(**said | {"build_levels": tuple(self.build_levels)})
