"""Amendments on the page of an order: all of them in words, and the forms to propose one with."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext

from app.accounts.policy import Action, Viewer, allowed
from app.forms import CommandForm
from app.labs.models import Test
from app.orders import amending
from app.orders.amending import SAMPLE
from app.orders.amending_forms import AmendSampleForm, AmendTermsForm
from app.orders.forms import TermsForm
from app.orders.models import AmendmentState, OrderAmendment
from app.orders.queries import OrderRow
from app.orders.sentences import OrderNext


@dataclass(frozen=True, slots=True)
class ToldChange:
    """What an amendment changes, in words."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ToldAmendment:
    """One amendment as it is read. mine: proposed by the reader's side; open: he may answer it or take it back."""

    amendment: OrderAmendment
    line: Test | None
    changes: list[ToldChange]
    mine: bool
    open: bool

    @property
    def at(self) -> datetime:
        return self.amendment.proposed_at


def told(reader: Viewer, row: OrderRow) -> list[ToldAmendment]:
    """All amendments of an order for those who may read its terms, the newest first."""
    if row.order.direct or not allowed(reader, Action.SEE_MESSAGE, row.order):
        return []
    tests = {each.line.id: each.test for each in row.lines}
    may = bool(allowed(reader, Action.AMEND, row.order))
    return [
        ToldAmendment(
            amendment=each,
            line=tests.get(each.line_id or ""),
            changes=_changes(each),
            mine=each.by_lab == reader.is_lab,
            open=may and each.state is AmendmentState.PROPOSED,
        )
        for each in amending.amendments_of(row.order.id)
    ]


def next_of(reader: Viewer, known: Sequence[ToldAmendment]) -> OrderNext | None:
    """The sentence on top while the reader's answer is waited for."""
    waiting = next((each for each in known if each.open and not each.mine), None)
    if waiting is None:
        return None
    asked = gettext("企业提出合同变更，请答复。") if reader.is_lab else gettext("实验室提出合同变更，请答复。")
    return OrderNext(asked, waiting.amendment.reason, need=True)


def forms_of(reader: Viewer, row: OrderRow, known: Sequence[ToldAmendment]) -> dict[str, CommandForm]:
    """The forms to propose with, while none waits for an answer."""
    order = row.order
    if not amending.amendable(order) or not allowed(reader, Action.AMEND, order) or any(each.open for each in known):
        return {}
    sample = AmendSampleForm(order, row.lines, formdata=None)
    terms = AmendTermsForm(order, formdata=None)
    return {"amend_terms": terms} | ({"amend_sample": sample} if sample.line.choices else {})


def _changes(amendment: OrderAmendment) -> list[ToldChange]:
    return [
        ToldChange(_field(name), _text(name, before), _text(name, after))
        for name, (before, after) in amendment.changes.items()
    ]


def _field(name: str) -> str:
    own = {SAMPLE: gettext("样品"), "witness": gettext("现场见证")}
    if name in own:
        return own[name]
    unbound = getattr(TermsForm, name)
    return str(unbound.args[0])


def _text(name: str, stored: Any) -> str:
    value = amending.read(name, stored) if name != SAMPLE else stored
    if isinstance(value, bool):
        return gettext("要") if value else gettext("不要")
    label = getattr(value, "label", None)
    return gettext(label) if label else str(value or "–")
