"""API of orders from a spreadsheet: what it would make, then all of it or nothing."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from app.accounts.current import require_api_viewer, token_blueprint
from app.api import SentFile, example
from app.clock import now
from app.labs.models import Test
from app.orders import importing
from app.orders.importing import Draft, Import
from app.orders.service import NewLine
from app.workbooks import FaultyCells

bp = token_blueprint("orders_sheet_api", __name__, "orders")


class SheetBody(BaseModel):
    """`file`: the filled template, as `.xlsx`. `do`: see what it would make, or make it."""

    model_config = example(file="orders.xlsx", do="preview")

    file: SentFile
    do: Literal["preview", "store"] = Field("preview", examples=["store"])


class FoundLine(BaseModel):
    test: str = Field(examples=["b-pack-thermalprop"])
    sample: str = Field(examples=["BP-12"])
    wants_proposal: bool

    @classmethod
    def of(cls, _test: Test, line: NewLine) -> "FoundLine":
        return cls(test=line.test_id, sample=line.sample, wants_proposal=line.wants_proposal)


class FoundDraft(BaseModel):
    """An order that the sheet makes; `name` is what the sheet calls it."""

    name: str = Field(examples=["A"])
    lab: str = Field(examples=["cmvr-new-energy"])
    lines: list[FoundLine]

    @classmethod
    def of(cls, draft: Draft) -> "FoundDraft":
        return cls(name=draft.name, lab=draft.lab.id, lines=[FoundLine.of(*each) for each in draft.lines])


class FoundFault(BaseModel):
    """A cell that can't be taken, and why, in the language of the request."""

    sheet: str
    cell: str = Field(examples=["C7"])
    message: str


class ImportModel(BaseModel):
    """`orders`: ids of the drafts made, empty for a preview. A sheet with a fault makes nothing."""

    orders: list[str]
    drafts: list[FoundDraft]
    faults: list[FoundFault]

    @classmethod
    def of(cls, found: Import) -> "ImportModel":
        return cls(
            orders=list(found.stored),
            drafts=[FoundDraft.of(draft) for draft in found.drafts],
            faults=[FoundFault(sheet=each.sheet, cell=each.cell, message=each.text) for each in found.faults],
        )


@bp.post("/order-imports", responses={200: ImportModel, 201: ImportModel})
def import_orders(form: SheetBody) -> Any:
    """Drafts from a spreadsheet: a preview with every fault by its cell, or all drafts or none.

    To store a sheet with faults answers 422, with the cells as fields.
    """
    store = form.do == "store"
    found = importing.load(require_api_viewer(), form.file.read(), store, now())
    if store and found.faults:
        raise FaultyCells(found.faults)
    return ImportModel.of(found).model_dump(mode="json"), 201 if found.stored else 200
