"""API of amendments: both sides propose, the other side answers."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from app.accounts.current import require_api_viewer, token_blueprint
from app.accounts.policy import Action, Viewer, require
from app.api import Version, example, iso
from app.booking import amending
from app.clock import now
from app.orders import amending as orders
from app.orders import queries, rules
from app.orders.amending import Answer, Propose
from app.orders.api import TermsModel
from app.orders.models import AmendmentState, OrderAmendment
from app.orders.schemas import OrderPath
from app.typed import cleaned

bp = token_blueprint("amending_api", __name__, "orders")


class AmendedFieldModel(BaseModel):
    """`field`: of the terms, or `sample` of the line."""

    field: str
    before: str | bool | None
    after: str | bool | None


class AmendmentModel(BaseModel):
    """A version of what the order says; it holds once its `state` is `accepted`."""

    number: int
    by: Literal["company", "lab"]
    state: AmendmentState
    line: str | None
    changes: list[AmendedFieldModel]
    reason: str
    answer: str
    proposed_at: str
    answered_at: str | None

    @classmethod
    def of(cls, amendment: OrderAmendment) -> "AmendmentModel":
        return cls(
            number=amendment.number,
            by="lab" if amendment.by_lab else "company",
            state=amendment.state,
            line=amendment.line_id,
            changes=[
                AmendedFieldModel(field=name, before=before, after=after)
                for name, (before, after) in amendment.changes.items()
            ],
            reason=amendment.reason,
            answer=amendment.answer,
            proposed_at=str(iso(amendment.proposed_at)),
            answered_at=iso(amendment.answered_at),
        )


class AmendmentList(BaseModel):
    items: list[AmendmentModel]
    next: str | None


class NewAmendment(BaseModel):
    """Either `terms`, of which only the fields that are sent are changed, or `line` with its new `sample`.

    `version`: the order's as last seen.
    """

    model_config = example(version=4, reason="换一个电池包", line="kq3n5zj2a7xw4m6c", sample="BP-13")

    version: Version
    reason: str = Field(min_length=1, max_length=rules.MOST_TEXT)
    terms: TermsModel | None = None
    line: str = Field("", max_length=24)
    sample: str = Field("", max_length=200)


class AnswerBody(BaseModel):
    model_config = example(version=5, reason="")

    version: Version
    reason: str = Field("", max_length=rules.MOST_TEXT)


class AmendmentPath(OrderPath):
    number: int = Field(ge=1, le=2**31 - 1)


@bp.get("/orders/<string:order_id>/amendments", responses={200: AmendmentList})
def list_amendments(path: OrderPath) -> Any:
    """Amendments of an order, the newest first; for company and order desk (ISO/IEC 17025, 7.1.6)."""
    viewer = require_api_viewer()
    require(viewer, Action.SEE_MESSAGE, queries.visible_order(viewer, path.order_id).order)
    found = [AmendmentModel.of(each).model_dump(mode="json") for each in orders.amendments_of(path.order_id)]
    return {"items": found, "next": None}


@bp.post("/orders/<string:order_id>/amendments", responses={201: AmendmentModel})
def propose_amendment(path: OrderPath, body: NewAmendment) -> Any:
    """Propose a change of an accepted order; it waits for the other side."""
    terms = body.terms.terms() if body.terms else None
    sent = body.terms.model_fields_set if body.terms else ()
    command = Propose(
        path.order_id,
        body.version,
        cleaned(body.reason),
        {name: getattr(terms, name) for name in sent},
        body.line,
        cleaned(body.sample),
    )
    return AmendmentModel.of(orders.propose(require_api_viewer(), command, now())).model_dump(mode="json"), 201


@bp.post("/orders/<string:order_id>/amendments/<int:number>/accept", responses={200: AmendmentModel})
def accept_amendment(path: AmendmentPath, body: AnswerBody) -> Any:
    """The other side accepts: the order says what was proposed."""
    return _answered(path, body, amending.accept)


@bp.post("/orders/<string:order_id>/amendments/<int:number>/refuse", responses={200: AmendmentModel})
def refuse_amendment(path: AmendmentPath, body: AnswerBody) -> Any:
    """The other side refuses: the order stays as it is."""
    return _answered(path, body, orders.refuse)


@bp.post("/orders/<string:order_id>/amendments/<int:number>/withdraw", responses={200: AmendmentModel})
def withdraw_amendment(path: AmendmentPath, body: AnswerBody) -> Any:
    """The side that proposed takes it back."""
    return _answered(path, body, orders.withdraw)


def _answered(path: AmendmentPath, body: AnswerBody, act: Any) -> Any:
    viewer: Viewer = require_api_viewer()
    command = Answer(path.order_id, path.number, body.version, cleaned(body.reason))
    return AmendmentModel.of(act(viewer, command, now())).model_dump(mode="json")
