"""API of samples: registering, reading, and the steps of custody."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from app.accounts.current import require_api_viewer, token_blueprint
from app.accounts.policy import Action, Viewer, allowed
from app.api import Version, example, iso
from app.clock import now
from app.errors import N_, Invalid, NotFound
from app.orders.queries import visible_order
from app.orders.rules import MOST_TEXT
from app.orders.schemas import OrderPath
from app.samples import conditions_api, queries, service
from app.samples.models import CustodyStep, Sample
from app.samples.rules import SampleKind, SampleState
from app.samples.sentences import note, where
from app.samples.service import Dispatch, Edit, Identity, Receive, Register, SampleStep, Store
from app.typed import cleaned

bp = token_blueprint("samples_api", __name__, "samples")
blueprints = (bp, conditions_api.bp)

Long = Annotated[str, Field(max_length=MOST_TEXT)]
Kilometres = Annotated[int, Field(strict=True, ge=0, le=10_000_000)]
Percent = Annotated[int, Field(strict=True, ge=0, le=100)]


class IdentityModel(BaseModel):
    """What a sample is. `vin_reason`: why a VIN with a wrong check digit is right all the same. `serial_number`: of
    a traction battery the code of GB/T 34014; the company has no other thing with the same. `mileage` in km,
    `state_of_charge` in per cent. `transport_paper`: needed before a battery or a hydrogen part is dispatched.
    """

    model_config = example(name="BP-12", kind="battery", configuration="90 kWh", transport_paper="UN38.3-2026-118")

    name: str = Field(min_length=1, max_length=200, examples=["BP-12"])
    kind: SampleKind
    vin: str = Field("", max_length=40, examples=["LSVAA4182E2123456"])
    vin_reason: str = Field("", max_length=200)
    serial_number: str = Field("", max_length=40)
    configuration: Long = ""
    build_level: str = Field("", max_length=80)
    mileage: Kilometres | None = None
    state_of_charge: Percent | None = None
    damage: Long = ""
    transport_paper: str = Field("", max_length=120)

    def identity(self) -> Identity:
        sent = self.model_dump(exclude={"version"})
        given: dict[str, Any] = {
            name: cleaned(value) if isinstance(value, str) else value for name, value in sent.items()
        }
        if not given["name"]:
            raise Invalid(N_("请写下内容。"), field="name")
        return Identity(**given | {"kind": self.kind})


class IdentityBody(IdentityModel):
    model_config = example(name="BP-12", kind="battery", configuration="90 kWh", version=2)

    version: Version


class SampleModel(BaseModel):
    """`deviating`: what deviates waits for the company's answer. The bench crew get what is on the label, and of a
    VIN or serial number its last six characters.
    """

    id: str
    code: str
    order: str
    name: str
    kind: SampleKind
    state: SampleState
    version: int
    vin: str | None
    serial_number: str | None
    configuration: str | None
    build_level: str | None
    mileage: int | None
    state_of_charge: int | None
    damage: str | None
    transport_paper: str | None
    carrier: str | None
    waybill: str | None
    received_at: str | None
    condition: str
    deviation: str
    deviating: bool
    place: str | None
    booking: str | None
    consumed_by: str | None

    @classmethod
    def of(cls, viewer: Viewer, sample: Sample) -> "SampleModel":
        full = bool(allowed(viewer, Action.SEE_BOOKING_COMPANY, sample))
        own: dict[str, Any] = {name: getattr(sample, name) if full else None for name in OWN}
        said: dict[str, Any] = {name: getattr(sample, name) for name in SAID}
        return cls(
            **own,
            **said,
            order=sample.order_id,
            vin=_told(sample.vin, full),
            serial_number=_told(sample.serial_number, full),
            carrier=sample.shipment.carrier if sample.shipment else None,
            waybill=sample.shipment.waybill if sample.shipment else None,
            received_at=iso(sample.received_at),
            place=f"{sample.place.name} {sample.slot}#" if sample.place and viewer.is_lab else None,
            booking=sample.booking_id,
            consumed_by=sample.consumed_by_id,
        )


def _told(number: str | None, full: bool) -> str | None:
    return number if full or not number else number[-6:]


# Of a sample: what company and order desk read alone, and what the bench crew read too.
OWN = ("configuration", "build_level", "damage", "transport_paper")
SAID = (
    "id",
    "code",
    "name",
    "kind",
    "state",
    "version",
    "mileage",
    "state_of_charge",
    "condition",
    "deviation",
    "deviating",
)


class SampleList(BaseModel):
    items: list[SampleModel]
    next: str | None


class StepModel(BaseModel):
    """One link of the chain of custody. `where`: place, waybill, or the bench's id."""

    state: SampleState
    at: str
    by: Literal["company", "lab"]
    where: str
    note: str
    booking: str | None


class Chain(BaseModel):
    items: list[StepModel]
    next: str | None


class CustodyBody(BaseModel):
    """`step`: `dispatch` (`carrier`, `waybill`, `transport_paper`) and `answer` (to a deviation) by the company;
    `receive` (`note` is its condition; `deviation` where it differs from the order), `store` (`place`), `return` and
    `dispose` by the lab.
    """

    model_config = example(version=1, step="dispatch", carrier="顺达物流", waybill="SL-2026-0001")

    version: Version
    step: Literal["dispatch", "receive", "answer", "store", "return", "dispose"]
    note: str = Field("", max_length=500)
    carrier: str = Field("", max_length=80)
    waybill: str = Field("", max_length=80)
    transport_paper: str = Field("", max_length=120)
    deviation: str = Field("", max_length=500)
    place: str = Field("", max_length=24)


class SamplePath(BaseModel):
    sample_id: str = Field(max_length=24)


class OrderSamplePath(OrderPath, SamplePath):
    """A sample of an order."""


class PlaceModel(BaseModel):
    id: str
    lab: str
    name: str
    slots: int
    taken: int


class PlaceList(BaseModel):
    items: list[PlaceModel]
    next: str | None


@bp.get("/orders/<string:order_id>/samples", responses={200: SampleList})
def list_samples(path: OrderPath) -> Any:
    """Registered samples of an order, by name."""
    viewer = require_api_viewer()
    visible_order(viewer, path.order_id)
    return {"items": [_shown(viewer, each) for each in queries.samples_of(viewer, [path.order_id])], "next": None}


@bp.post("/orders/<string:order_id>/samples", responses={201: SampleModel})
def register_sample(path: OrderPath, body: IdentityModel) -> Any:
    """Register a sample under the name that lines of the order give it."""
    viewer = require_api_viewer()
    made = service.register(viewer, Register(path.order_id, body.identity()), now())
    return _shown(viewer, made), 201


@bp.get("/samples/<string:sample_id>", responses={200: SampleModel})
def get_sample(path: SamplePath) -> Any:
    """One sample."""
    viewer = require_api_viewer()
    return _shown(viewer, queries.visible_sample(viewer, path.sample_id))


@bp.post("/samples/<string:sample_id>", responses={200: SampleModel})
def edit_sample(path: SamplePath, body: IdentityBody) -> Any:
    """Another identity, until the sample has arrived; its name stays."""
    viewer = require_api_viewer()
    sample = queries.visible_sample(viewer, path.sample_id)
    if body.name != sample.name:
        raise Invalid(N_("登记之后名称不能改，委托单按它找样品。"), field="name")
    return _shown(viewer, service.edit(viewer, Edit(path.sample_id, body.version, body.identity()), now()))


@bp.get("/orders/<string:order_id>/samples/<string:sample_id>/custody", responses={200: Chain})
def custody(path: OrderSamplePath) -> Any:
    """The chain of custody of a sample, oldest first (ISO/IEC 17025, 7.4)."""
    viewer = require_api_viewer()
    sample = _of_order(viewer, path)
    return {"items": [_step(viewer, each).model_dump(mode="json") for each in queries.chain(sample.id)], "next": None}


@bp.post("/orders/<string:order_id>/samples/<string:sample_id>/custody", responses={200: SampleModel})
def take_step(path: OrderSamplePath, body: CustodyBody) -> Any:
    """A step of custody: nothing is in two places."""
    viewer = require_api_viewer()
    _of_order(viewer, path)
    command, act = _command(path.sample_id, body)
    act(viewer, command, now())
    return _shown(viewer, queries.visible_sample(viewer, path.sample_id))


@bp.get("/sample-places", responses={200: PlaceList})
def list_places() -> Any:
    """Where the caller's labs keep samples."""
    viewer = require_api_viewer()
    found = [
        PlaceModel(id=place.id, lab=place.lab_id, name=place.name, slots=place.slots, taken=taken).model_dump()
        for place, _lab, taken in queries.places(viewer, viewer.lab_ids)
    ]
    return {"items": found, "next": None}


def _of_order(viewer: Viewer, path: OrderSamplePath) -> Sample:
    sample = queries.visible_sample(viewer, path.sample_id)
    if sample.order_id != path.order_id:
        raise NotFound()
    return sample


def _command(sample_id: str, body: CustodyBody) -> tuple[SampleStep, Any]:
    given = {name: cleaned(value) for name, value in body.model_dump(exclude={"version", "step"}).items()}
    base = (sample_id, body.version, given["note"])
    if body.step == "dispatch":
        for name in ("carrier", "waybill"):
            if not given[name]:
                raise Invalid(N_("请写下内容。"), field=name)
        return Dispatch(*base, given["carrier"], given["waybill"], given["transport_paper"]), service.dispatch
    if body.step == "receive":
        if not given["note"]:
            raise Invalid(N_("请写下内容。"), field="note")
        return Receive(*base, given["deviation"]), service.receive
    if body.step == "store":
        return Store(*base, given["place"]), service.store
    return SampleStep(*base), OTHER_STEPS[body.step]


OTHER_STEPS = {"answer": service.answer_deviation, "return": service.give_back, "dispose": service.dispose}


def _step(viewer: Viewer, step: CustodyStep) -> StepModel:
    return StepModel(
        state=step.state,
        at=str(iso(step.at)),
        by="lab" if step.by_lab else "company",
        where=where(viewer, step, {}),
        note=note(viewer, step),
        booking=step.booking_id,
    )


def _shown(viewer: Viewer, sample: Sample) -> dict[str, Any]:
    return SampleModel.of(viewer, sample).model_dump(mode="json")
