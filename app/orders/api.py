"""API of orders: drafting, contract review, stopped clock; reading them with the instants of their phases."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StrictBool

from app.accounts.current import require_api_viewer, token_blueprint
from app.api import ListQuery, Version, decode_cursor, encode_cursor, example, iso
from app.clock import now
from app.errors import N_, Invalid
from app.orders import attachments_api, messages_api, queries, reviewing, rules, service, sheet_api, stops
from app.orders.contract_models import ContractReview, Outcome
from app.orders.forecast import LineForecast
from app.orders.models import Order, Purpose, Remains, ReportLanguage, StopCause
from app.orders.parts import parts
from app.orders.queries import Group, OrderRow
from app.orders.reviewing import Review
from app.orders.schemas import LineModel, OrderForecastModel, OrderPath
from app.orders.sentences import of_order
from app.orders.service import AddLine, EditTerms, NewLine, NewOrder, Terms
from app.orders.stops import Resume, Stop
from app.typed import cleaned

bp = token_blueprint("orders_api", __name__, "orders")
blueprints = (bp, attachments_api.bp, messages_api.bp, sheet_api.bp)


Long = Annotated[str, Field(max_length=rules.MOST_TEXT)]


class TermsModel(BaseModel):
    """What the order says beside its lines; `amount` in yuan. Company and order desk alone."""

    purpose: Purpose | None = None
    decision_rule: Long = ""
    applicant: Long = ""
    contract_number: str = Field("", max_length=120)
    amount: str | None = Field(None, max_length=30, examples=["128000.00"])
    witness: bool = Field(False, strict=True)
    remains: Remains | None = None
    report_language: ReportLanguage | None = None
    note: Long = ""

    @classmethod
    def of(cls, order: Order) -> "TermsModel":
        fields = {name: getattr(order, name) for name in Terms.__dataclass_fields__}
        return cls(**fields | {"amount": None if order.amount is None else str(order.amount)})

    def terms(self) -> Terms:
        """Raises Invalid at `amount`."""
        return Terms(**self.model_dump() | {"amount": rules.amount(self.amount or "")})


class OrderModel(BaseModel):
    """`state` is `returned` while the lab's questions wait for the company. `terms` is null for the bench crew."""

    id: str
    code: str
    state: str
    version: int
    company: str | None
    lab: str
    created_at: str
    submitted_at: str | None
    terms: TermsModel | None
    lines: list[LineModel]
    forecast: OrderForecastModel | None

    @classmethod
    def of(cls, row: OrderRow, forecasts: Mapping[str, LineForecast]) -> "OrderModel":
        """company is null for the bench crew. forecasts: of lines of any orders."""
        order, forecast = row.order, of_order(row, forecasts)
        return cls(
            id=order.id,
            code=order.code,
            state=order.seen_state,
            version=order.version,
            company=row.company.id if row.company else None,
            lab=order.lab_id,
            created_at=str(iso(order.created_at)),
            submitted_at=iso(order.submitted_at),
            terms=TermsModel.of(order) if row.company else None,
            lines=[LineModel.of(each.line, forecasts.get(each.line.id)) for each in row.lines],
            forecast=OrderForecastModel.of(forecast) if forecast else None,
        )


class NewLineModel(BaseModel):
    test: str = Field(max_length=60, examples=["gb38031-vibration"])
    sample: str = Field("", max_length=200)
    wants_proposal: bool = Field(False, strict=True)

    def line(self) -> NewLine:
        return NewLine(cleaned(self.test), cleaned(self.sample), self.wants_proposal)


class NewOrderModel(BaseModel):
    """A draft at one lab; lines are tests that the lab can do."""

    model_config = example(
        lab="cmvr-new-energy",
        lines=[{"test": "b-pack-thermalprop", "sample": "BP-12"}],
        terms={"purpose": "development"},
    )

    lab: str = Field(max_length=60)
    lines: list[NewLineModel] = Field(default_factory=list, max_length=rules.MOST_LINES)
    terms: TermsModel = Field(default_factory=lambda: TermsModel.model_validate({}))


class LineBody(NewLineModel):
    model_config = example(test="b-pack-thermalprop", sample="BP-12", version=1)

    version: Version


class TermsBody(TermsModel):
    model_config = example(
        version=1, purpose="type_approval", contract_number="HT-2026-031", amount="128000.00", witness=True
    )

    version: Version

    def terms(self) -> Terms:
        fields = self.model_dump(exclude={"version"})
        return Terms(**fields | {"amount": rules.amount(self.amount or "")})


Checklist = dict[Literal["scope", "edition", "samples", "dates", "deviations"], StrictBool]


class ReviewBody(BaseModel):
    """`checklist`: by item (`scope`, `edition`, `samples`, `dates`, `deviations`) whether it holds for all lines under
    review; `lines`: the same for one of them, by its id. Both left out: who accepts states that all of them hold.
    `reason`: needed to return or reject.
    """

    model_config = example(version=2, reason="请补充夹具图")

    version: Version
    checklist: Checklist | None = None
    lines: dict[str, Checklist] | None = Field(
        None, max_length=rules.MOST_LINES, examples=[{"kq3n5zj2a7xw4m6c": {"scope": True, "edition": False}}]
    )
    reason: Long = ""


class VersionBody(BaseModel):
    model_config = example(version=4)

    version: Version


class StopBody(VersionBody):
    """`cause`: what the customer has to do."""

    model_config = example(version=4, cause="question", note="请确认充电截止电压")

    cause: StopCause
    note: str = Field("", max_length=120)


class OrderList(BaseModel):
    items: list[OrderModel]
    next: str | None


class OrderQuery(ListQuery):
    group: Group = Group.OPEN


@bp.get("/orders", responses={200: OrderList})
def list_orders(query: OrderQuery) -> Any:
    """Orders of a group that the caller may see, newest first."""
    last = decode_cursor(query.cursor, 2)
    after = (_instant(last[0]), str(last[1])) if last else None
    rows = queries.visible_orders(require_api_viewer(), query.group, after=after, limit=query.limit + 1)
    shown = rows[: query.limit]
    forecasts = _forecasts(shown)
    more = len(rows) > query.limit
    return {
        "items": [OrderModel.of(row, forecasts).model_dump(mode="json") for row in shown],
        "next": encode_cursor(shown[-1].order.created_at.isoformat(), shown[-1].order.id) if more else None,
    }


@bp.get("/orders/<string:order_id>", responses={200: OrderModel})
def get_order(path: OrderPath) -> Any:
    """One order with its lines."""
    return shown(path.order_id)


@bp.post("/orders", responses={201: OrderModel})
def create_order(body: NewOrderModel) -> Any:
    """A draft order of several lines; it is submitted by itself later."""
    command = NewOrder(body.lab, tuple(line.line() for line in body.lines), body.terms.terms())
    return shown(service.create(require_api_viewer(), command, now()).id), 201


@bp.post("/orders/<string:order_id>/lines", responses={201: OrderModel})
def add_line(path: OrderPath, body: LineBody) -> Any:
    """One more test, in a draft or while answering."""
    service.add_line(require_api_viewer(), AddLine(path.order_id, body.version, body.line()), now())
    return shown(path.order_id), 201


@bp.post("/orders/<string:order_id>/terms", responses={200: OrderModel})
def edit_terms(path: OrderPath, body: TermsBody) -> Any:
    """What the order says beside its lines."""
    service.edit_terms(require_api_viewer(), EditTerms(path.order_id, body.version, body.terms()), now())
    return shown(path.order_id)


@bp.post("/orders/<string:order_id>/accept", responses={200: OrderModel})
def accept_order(path: OrderPath, body: ReviewBody) -> Any:
    """Contract review ends with acceptance (ISO/IEC 17025, 7.1)."""
    reviewing.accept_order(require_api_viewer(), review_of(path.order_id, body), now())
    return shown(path.order_id)


@bp.post("/orders/<string:order_id>/return", responses={200: OrderModel})
def return_order(path: OrderPath, body: ReviewBody) -> Any:
    """Contract review ends with questions to the company."""
    reviewing.return_order(require_api_viewer(), review_of(path.order_id, body), now())
    return shown(path.order_id)


class RoundModel(BaseModel):
    """One round of contract review: what held for all lines, and of each line under review, by its id."""

    outcome: Outcome
    comment: str
    checklist: Checklist
    lines: dict[str, Checklist]
    reviewed_at: str
    answered_at: str | None


class RoundList(BaseModel):
    items: list[RoundModel]
    next: str | None


@bp.get("/orders/<string:order_id>/reviews", responses={200: RoundList})
def list_reviews(path: OrderPath) -> Any:
    """Rounds of contract review, oldest first; for company and order desk."""
    row = queries.visible_order(require_api_viewer(), path.order_id)
    found = queries.reviews_of(path.order_id) if row.company else []
    return {"items": [_round(each) for each in found], "next": None}


def _round(review: ContractReview) -> dict[str, Any]:
    kept = {name: getattr(review, name) for name in ("outcome", "comment", "checklist", "lines")}
    return RoundModel(**kept, reviewed_at=str(iso(review.reviewed_at)), answered_at=iso(review.answered_at)).model_dump(
        mode="json"
    )


@bp.post("/orders/<string:order_id>/stop", responses={200: OrderModel})
def stop_clock(path: OrderPath, body: StopBody) -> Any:
    """The lab waits for the customer; the time is counted apart."""
    command = Stop(path.order_id, body.version, body.cause, cleaned(body.note))
    stops.stop(require_api_viewer(), command, now())
    return shown(path.order_id)


@bp.post("/orders/<string:order_id>/resume", responses={200: OrderModel})
def start_clock(path: OrderPath, body: VersionBody) -> Any:
    """What the lab waited for has come."""
    stops.resume(require_api_viewer(), Resume(path.order_id, body.version), now())
    return shown(path.order_id)


def shown(order_id: str) -> dict[str, Any]:
    """The order as its caller may see it."""
    row = queries.visible_order(require_api_viewer(), order_id)
    return OrderModel.of(row, _forecasts([row])).model_dump(mode="json")


def _forecasts(rows: Sequence[OrderRow]) -> Mapping[str, LineForecast]:
    lines = [each.line for row in rows for each in row.lines]
    return parts("forecast", require_api_viewer(), lines, now())


def review_of(order_id: str, body: ReviewBody) -> Review:
    """The command of a review."""
    said_nothing = body.checklist is None and body.lines is None
    checklist = dict.fromkeys(rules.CHECKLIST, True) if said_nothing else _by_item(body.checklist or {})
    lines = {cleaned(ident): _by_item(holds) for ident, holds in (body.lines or {}).items()}
    return Review(order_id, body.version, checklist, cleaned(body.reason), lines)


def _by_item(holds: Checklist) -> dict[str, bool]:
    return {str(item): held for item, held in holds.items()}


def _instant(given: Any) -> datetime:
    try:
        found = datetime.fromisoformat(str(given))
    except ValueError:
        found = None
    if found is None or found.utcoffset() is None:
        raise Invalid(N_("cursor 无效，请用上一页给出的值。"), field="cursor")
    return found
