"""Samples: registering them, and each step of their custody."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts.policy import Action, Viewer, require, require_visible
from app.database import transaction
from app.errors import NotFound
from app.events import log
from app.identifiers import code
from app.orders import rules as orders
from app.orders import stops
from app.orders.models import Order, StopCause
from app.samples import conditions, queries, rules
from app.samples.models import CustodyStep, Sample, SamplePlace, Shipment
from app.samples.rules import SampleKind, SampleState


@dataclass(frozen=True, slots=True)
class Identity:
    """What a sample is. vin, serial_number: as typed. mileage: km. state_of_charge: per cent. Empty, None: not said."""

    name: str
    kind: SampleKind
    vin: str = ""
    vin_reason: str = ""
    serial_number: str = ""
    configuration: str = ""
    build_level: str = ""
    mileage: int | None = None
    state_of_charge: int | None = None
    damage: str = ""
    transport_paper: str = ""


@dataclass(frozen=True, slots=True)
class Register:
    order_id: str
    identity: Identity


@dataclass(frozen=True, slots=True)
class Edit:
    sample_id: str
    version: int
    identity: Identity


@dataclass(frozen=True, slots=True)
class SampleStep:
    """A step of custody as the caller last saw the sample (`version`)."""

    sample_id: str
    version: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Dispatch(SampleStep):
    """The company hands it to a carrier. transport_paper: where it travels as dangerous goods."""

    carrier: str = ""
    waybill: str = ""
    transport_paper: str = ""


@dataclass(frozen=True, slots=True)
class Receive(SampleStep):
    """The lab takes it in. note: its condition. deviation: what differs from the order; the company is asked."""

    deviation: str = ""


@dataclass(frozen=True, slots=True)
class Store(SampleStep):
    place_id: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """What one step adds to the chain. where: place, waybill or, on the bench, the resource's id."""

    state: SampleState
    where: str = ""
    note: str = ""
    booking_id: str | None = None
    place: SamplePlace | None = None
    slot: int | None = None


def register(viewer: Viewer, command: Register, now: datetime) -> Sample:
    """A sample of an order, by its company or by the lab's order desk.

    Raises NameTaken, VinReasonMissing, Invalid, OrderClosed, NotFound, Forbidden.
    """
    with transaction() as session:
        order = session.get(Order, command.order_id, with_for_update={"of": Order}, populate_existing=True)
        require_visible(viewer, Action.SEE_BOOKING, order)
        assert order is not None
        if viewer.is_lab and order.submitted_at is None:
            raise NotFound()
        require(viewer, Action.REGISTER_SAMPLE, order)
        if order.state.value in orders.CLOSED:
            raise orders.OrderClosed()
        sample = Sample(
            code=code("S", now),
            order_id=order.id,
            company_id=order.company_id,
            lab_id=order.lab_id,
            state=SampleState.EXPECTED,
            version=1,
            created_by_id=viewer.user_id,
            created_at=now,
        )
        _identify(session, sample, command.identity)
        session.add(sample)
        session.flush()
        _tell(session, sample, "registered", viewer, now)
        return sample


def edit(viewer: Viewer, command: Edit, now: datetime) -> Sample:
    """Another identity until the sample has arrived; its name stays. What the lab has in the house it may write down
    anew as it is. Raises as `register`, WrongStep.
    """
    with transaction() as session:
        sample = _open(session, viewer, command.sample_id, command.version, Action.REGISTER_SAMPLE)
        if not sample.editable(viewer.is_lab):
            raise rules.WrongStep()
        _identify(session, sample, command.identity)
        sample.version += 1
        _tell(session, sample, "edited", viewer, now)
        return sample


def dispatch(viewer: Viewer, command: Dispatch, now: datetime) -> Sample:
    """The company sends it; samples of one order may share a waybill.

    Raises PaperMissing, WaybillTaken, WrongStep, SampleStale, NotFound, Forbidden.
    """
    with transaction() as session:
        sample = _open(session, viewer, command.sample_id, command.version, Action.CHANGE_OWN_BOOKING)
        rules.check_step(sample.state, SampleState.DISPATCHED)
        sample.transport_paper = command.transport_paper or sample.transport_paper
        rules.check_paper(sample.kind, sample.transport_paper)
        sample.shipment_id = _shipment(session, sample, command, now).id
        where = f"{command.carrier} {command.waybill}".strip()
        _step(session, sample, Link(SampleState.DISPATCHED, where, command.note), viewer, now)
        return sample


def receive(viewer: Viewer, command: Receive, now: datetime) -> Sample:
    """The lab has it; what deviates from the order is asked of the company. Raises WrongStep, SampleStale, NotFound."""
    with transaction() as session:
        sample = _open(session, viewer, command.sample_id, command.version, Action.RUN_BOOKING)
        if sample.state is SampleState.ON_BENCH:
            raise rules.WrongStep()
        rules.check_step(sample.state, SampleState.RECEIVED)
        sample.received_at, sample.condition = now, command.note
        sample.deviation, sample.deviating = command.deviation, bool(command.deviation)
        _step(session, sample, Link(SampleState.RECEIVED, note=command.note), viewer, now)
        if sample.deviating:
            order = session.get_one(Order, sample.order_id)
            stops.stop_clock(session, order, StopCause.SAMPLE, sample.deviation, viewer, now)
            _tell(session, sample, "deviates", viewer, now, deviation=sample.deviation)
        return sample


def answer_deviation(viewer: Viewer, command: SampleStep, now: datetime) -> Sample:
    """The company has read what deviates and wants the test as it is. Raises NothingToAnswer, SampleStale, NotFound."""
    with transaction() as session:
        sample = _open(session, viewer, command.sample_id, command.version, Action.CHANGE_OWN_BOOKING)
        if not sample.deviating:
            raise rules.NothingToAnswer()
        sample.deviating = False
        sample.version += 1
        session.flush()
        if not queries.deviating(session, sample.order_id):
            stops.start_clock(session, session.get_one(Order, sample.order_id), viewer, now, StopCause.SAMPLE)
        _tell(session, sample, "deviation_accepted", viewer, now, reason=command.note)
        return sample


def store(viewer: Viewer, command: Store, now: datetime) -> Sample:
    """Put into the lowest free slot of a place of this lab. Raises PlaceFull, WrongStep, SampleStale, NotFound."""
    with transaction() as session:
        sample = _open(session, viewer, command.sample_id, command.version, Action.RUN_BOOKING)
        rules.check_step(sample.state, SampleState.STORED)
        place = session.get(SamplePlace, command.place_id, with_for_update=True)
        if place is None or place.lab_id != sample.lab_id:
            raise NotFound()
        slot = rules.free_slot(queries.taken_slots(session, place.id), place.slots)
        if slot is None:
            raise rules.PlaceFull(place=place.name)
        link = Link(SampleState.STORED, f"{place.name} {slot}#", command.note, place=place, slot=slot)
        _step(session, sample, link, viewer, now)
        return sample


def give_back(viewer: Viewer, command: SampleStep, now: datetime) -> Sample:
    """The lab returns it to the company. Raises WrongStep, SampleStale, NotFound, Forbidden."""
    return _leave(viewer, command, SampleState.RETURNED, now)


def dispose(viewer: Viewer, command: SampleStep, now: datetime) -> Sample:
    """The lab disposes of it or keeps the remains for good. Raises WrongStep, SampleStale, NotFound, Forbidden."""
    return _leave(viewer, command, SampleState.DISPOSED, now)


def _leave(viewer: Viewer, command: SampleStep, state: SampleState, now: datetime) -> Sample:
    with transaction() as session:
        sample = _open(session, viewer, command.sample_id, command.version, Action.RUN_BOOKING)
        rules.check_step(sample.state, state)
        _step(session, sample, Link(state, note=command.note), viewer, now)
        return sample


# The bench, from the services of bookings


@dataclass(frozen=True, slots=True)
class BenchUse:
    """The use of a bench by a booking; destructive: its test uses up what it is done on."""

    booking_id: str
    resource_id: str
    test_id: str
    destructive: bool


def check_ready(session: Session, order_id: str, text: str) -> list[Sample]:
    """Registered samples that a use names, locked and ready for the bench; those never registered are not asked for.

    Raises NotHere, OnAnotherBench, DeviationOpen, Consumed.
    """
    names = orders.sample_names(text)
    check_whole(session, order_id, names)
    found = queries.named(session, order_id, names)
    for sample in found:
        if sample.state is SampleState.ON_BENCH:
            raise rules.OnAnotherBench(sample=sample.name)
        if not sample.in_house:
            raise rules.NotHere(sample=sample.name)
        if sample.deviating:
            raise rules.DeviationOpen(sample=sample.name)
    return found


def check_whole(session: Session, order_id: str, names: tuple[str, ...]) -> None:
    """None of the samples so named, or the same by VIN or serial number in another order, was used up by a test.

    Raises Consumed.
    """
    found = queries.named(session, order_id, names)
    items = queries.same_items(session, found) if found else []
    gone = next((sample for sample in items if sample.consumed_by_id), None)
    if gone is not None:
        raise rules.Consumed(sample=gone.name, test=queries.test_of(str(gone.consumed_by_id)))


def put_on_bench(session: Session, samples: list[Sample], use: BenchUse, by: Viewer, now: datetime) -> None:
    """The use begins."""
    for sample in samples:
        _step(session, sample, Link(SampleState.ON_BENCH, use.resource_id, booking_id=use.booking_id), by, now)
        if use.destructive:
            sample.consumed_by_id = use.test_id


def take_off_bench(session: Session, booking_id: str, test_id: str, by: Viewer, now: datetime) -> None:
    """The use ended: its samples are the custodian's again, as the test left them."""
    samples = queries.on_bench(session, booking_id)
    for sample in samples:
        _step(session, sample, Link(SampleState.RECEIVED, booking_id=booking_id), by, now)
        conditions.leave([sample], sample.lab_id, test_id)


def _open(session: Session, viewer: Viewer, sample_id: str, version: int, action: Action) -> Sample:
    sample = queries.lock_sample(session, viewer, sample_id)
    require(viewer, action, sample)
    if sample.version != version:
        raise rules.SampleStale()
    return sample


def _identify(session: Session, sample: Sample, identity: Identity) -> None:
    vin = rules.normal_vin(identity.vin) if identity.kind is SampleKind.VEHICLE else None
    rules.check_vin(vin, identity.vin_reason)
    serial_number = rules.normal_serial_number(identity.serial_number)
    if queries.name_in_use(session, sample.order_id, identity.name, but=sample.id):
        raise rules.NameTaken(name=identity.name)
    sample.vin, sample.vin_reason = vin, identity.vin_reason if vin else ""
    sample.serial_number = serial_number
    for name in Identity.__dataclass_fields__.keys() - {"vin", "vin_reason", "serial_number"}:
        setattr(sample, name, getattr(identity, name))


def _shipment(session: Session, sample: Sample, command: Dispatch, now: datetime) -> Shipment:
    known = queries.shipment(session, sample.company_id, command.waybill)
    if known is not None:
        if known.order_id != sample.order_id:
            raise rules.WaybillTaken(waybill=command.waybill)
        return known
    made = Shipment(
        order_id=sample.order_id,
        company_id=sample.company_id,
        lab_id=sample.lab_id,
        carrier=command.carrier,
        waybill=command.waybill,
        dispatched_at=now,
    )
    session.add(made)
    try:
        session.flush()
    except IntegrityError as error:
        # Another order's shipment was stored with this waybill a moment ago.
        raise rules.WaybillTaken(waybill=command.waybill) from error
    return made


def _step(session: Session, sample: Sample, link: Link, by: Viewer, now: datetime) -> None:
    """One more link: the sample leaves where it was."""
    position = queries.last_position(session, sample.id) + 1
    sample.state = link.state
    sample.place, sample.place_id, sample.slot = link.place, link.place.id if link.place else None, link.slot
    sample.booking_id = link.booking_id if link.state is SampleState.ON_BENCH else None
    sample.version += 1
    session.add(
        CustodyStep(
            sample_id=sample.id,
            company_id=sample.company_id,
            lab_id=sample.lab_id,
            position=position,
            state=link.state,
            at=now,
            by_id=by.user_id,
            by_lab=by.is_lab,
            where=link.where,
            note=link.note,
            booking_id=link.booking_id,
        )
    )
    _tell(session, sample, link.state.value, by, now)


def _tell(session: Session, sample: Sample, what: str, by: Viewer, now: datetime, **data: Any) -> None:
    for_lab = session.get_one(Order, sample.order_id).submitted_at is not None
    log.record(session, f"sample.{what}", sample, by=by, at=now, for_lab=for_lab, order=sample.order_id, **data)


# Places


@dataclass(frozen=True, slots=True)
class NewPlace:
    lab_id: str
    name: str
    slots: int


def add_place(viewer: Viewer, command: NewPlace, now: datetime) -> SamplePlace:
    """A shelf or a yard. Raises PlaceNameTaken, NotFound."""
    with transaction() as session:
        place = SamplePlace(lab_id=command.lab_id, name=command.name, slots=command.slots)
        require_visible(viewer, Action.SET_CAPACITY, place)
        session.add(place)
        try:
            session.flush()
        except IntegrityError as error:
            raise rules.PlaceNameTaken(name=command.name) from error
        log.record(session, "sample_place.added", place, by=viewer, at=now, for_company=False)
        return place


def remove_place(viewer: Viewer, place_id: str, now: datetime) -> None:
    """Raises PlaceInUse, NotFound."""
    with transaction() as session:
        place = session.get(SamplePlace, place_id, with_for_update=True)
        require_visible(viewer, Action.SET_CAPACITY, place)
        assert place is not None
        if queries.taken_slots(session, place.id):
            raise rules.PlaceInUse(place=place.name)
        session.delete(place)
        log.record(session, "sample_place.removed", place, by=viewer, at=now, for_company=False)
