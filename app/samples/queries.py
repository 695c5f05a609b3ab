"""Questions about samples."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, joinedload

from app.accounts.policy import Action, Viewer, require_visible, visible
from app.database import db
from app.errors import NotFound
from app.labs.models import Lab, Test
from app.orders.models import Order, OrderLine
from app.orders.queries import was_submitted
from app.orders.rules import sample_names
from app.samples.models import CustodyStep, Sample, SamplePlace, Shipment
from app.samples.rules import SampleState


def readable(viewer: Viewer) -> ColumnElement[bool]:
    """Samples that the viewer may see: a lab those of orders that were submitted to it."""
    own = visible(viewer, Action.SEE_BOOKING, Sample)
    if viewer.is_company:
        return own
    return and_(own, was_submitted(Sample.order_id))


def visible_sample(viewer: Viewer, sample_id: str) -> Sample:
    """Raises NotFound for a missing or a foreign one."""
    query = select(Sample).where(Sample.id == sample_id, readable(viewer))
    found = db.session.scalar(query.options(joinedload(Sample.shipment), joinedload(Sample.place)))
    if found is None:
        raise NotFound()
    return found


def is_readable(viewer: Viewer, sample_id: str) -> bool:
    """Whether the viewer may read the sample."""
    return db.session.scalar(select(Sample.id).where(Sample.id == sample_id, readable(viewer))) is not None


def samples_of(viewer: Viewer, order_ids: Iterable[str]) -> list[Sample]:
    """Registered samples of orders, as the viewer may see them, by name."""
    query = select(Sample).where(Sample.order_id.in_(list(order_ids)), readable(viewer)).order_by(Sample.name)
    return list(db.session.scalars(query.options(joinedload(Sample.place))))


def samples_by_id(viewer: Viewer, ids: Iterable[str]) -> dict[str, Sample]:
    """Samples of these ids that the viewer may see."""
    query = select(Sample).where(Sample.id.in_(list(ids)), readable(viewer))
    return {sample.id: sample for sample in db.session.scalars(query.options(joinedload(Sample.shipment)))}


def missing(lines: Sequence[OrderLine]) -> set[str]:
    """Ids of the lines of which a registered sample has not come yet; whoever sees a line may know that."""
    if not lines:
        return set()
    away = Sample.state.in_((SampleState.EXPECTED, SampleState.DISPATCHED))
    query = select(Sample.order_id, Sample.name).where(Sample.order_id.in_({line.order_id for line in lines}), away)
    found = {(order_id, name) for order_id, name in db.session.execute(query)}
    return {line.id for line in lines if any((line.order_id, name) in found for name in sample_names(line.sample))}


def chain(sample_id: str) -> list[CustodyStep]:
    """The custody of a sample, oldest first."""
    query = select(CustodyStep).where(CustodyStep.sample_id == sample_id).order_by(CustodyStep.position)
    return list(db.session.scalars(query))


def chains(sample_ids: Sequence[str]) -> dict[str, list[CustodyStep]]:
    """The custody of several samples, oldest first, by sample; one statement."""
    query = select(CustodyStep).where(CustodyStep.sample_id.in_(sample_ids)).order_by(CustodyStep.position)
    found: dict[str, list[CustodyStep]] = defaultdict(list)
    for step in db.session.scalars(query) if sample_ids else ():
        found[step.sample_id].append(step)
    return found


def test_of(test_id: str) -> Test:
    """A test with its method."""
    return db.session.scalars(select(Test).where(Test.id == test_id).options(joinedload(Test.method))).one()


def order_of(sample: Sample) -> Order:
    return db.session.get_one(Order, sample.order_id)


def places(viewer: Viewer, lab_ids: Iterable[str]) -> list[tuple[SamplePlace, Lab, int]]:
    """Places of these labs with how many of their slots are taken."""
    query = (
        select(SamplePlace, Lab, func.count(Sample.id))
        .join(Lab, Lab.id == SamplePlace.lab_id)
        .outerjoin(Sample, Sample.place_id == SamplePlace.id)
        .where(SamplePlace.lab_id.in_(list(lab_ids)), visible(viewer, Action.RUN_BOOKING, SamplePlace))
        .group_by(SamplePlace.id, Lab.id)
        .order_by(SamplePlace.lab_id, SamplePlace.name)
    )
    return [(row[0], row[1], row[2]) for row in db.session.execute(query)]


# For services


def lock_sample(session: Session, viewer: Viewer, sample_id: str) -> Sample:
    """The sample, locked, if the viewer sees it. Raises NotFound."""
    sample = session.get(Sample, sample_id, with_for_update={"of": Sample}, populate_existing=True)
    require_visible(viewer, Action.SEE_BOOKING, sample)
    assert sample is not None
    if viewer.is_lab and session.get_one(Order, sample.order_id).submitted_at is None:
        raise NotFound()
    return sample


def named(session: Session, order_id: str, names: Sequence[str]) -> list[Sample]:
    """Registered samples of the order by these names, locked, in the order of their ids."""
    if not names:
        return []
    query = select(Sample).where(Sample.order_id == order_id, Sample.name.in_(names)).order_by(Sample.id)
    return list(session.scalars(query.with_for_update().execution_options(populate_existing=True)))


def on_bench(session: Session, booking_id: str) -> list[Sample]:
    """Samples that this use has on the bench."""
    return list(session.scalars(select(Sample).where(Sample.booking_id == booking_id).order_by(Sample.id)))


def same_items(session: Session, samples: Sequence[Sample]) -> list[Sample]:
    """Records of the same physical items: these, and the company's others with the same VIN or serial number."""
    vins = {sample.vin for sample in samples if sample.vin}
    numbers = {sample.serial_number for sample in samples if sample.serial_number}
    if not vins and not numbers:
        return list(samples)
    company = samples[0].company_id
    return list(
        session.scalars(
            select(Sample).where(
                Sample.company_id == company,
                or_(
                    Sample.id.in_([sample.id for sample in samples]),
                    Sample.vin.in_(vins),
                    Sample.serial_number.in_(numbers),
                ),
            )
        )
    )


def shipment(session: Session, company_id: str, waybill: str) -> Shipment | None:
    return session.scalar(select(Shipment).where(Shipment.company_id == company_id, Shipment.waybill == waybill))


def taken_slots(session: Session, place_id: str) -> set[int]:
    query = select(Sample.slot).where(Sample.place_id == place_id, Sample.state == SampleState.STORED)
    return {slot for slot in session.scalars(query) if slot is not None}


def name_in_use(session: Session, order_id: str, name: str, but: str | None = None) -> bool:
    """Whether another sample of the order has this name."""
    query = select(Sample.id).where(Sample.order_id == order_id, Sample.name == name)
    return any(ident != but for ident in session.scalars(query))


def last_position(session: Session, sample_id: str) -> int:
    """The number of the newest link of the chain; 0 where there is none."""
    query = select(func.max(CustodyStep.position)).where(CustodyStep.sample_id == sample_id)
    return session.scalar(query) or 0


def deviating(session: Session, order_id: str) -> bool:
    """Whether a sample of the order waits for the company's answer."""
    query = select(Sample.id).where(Sample.order_id == order_id, Sample.deviating).limit(1)
    return session.scalar(query) is not None
