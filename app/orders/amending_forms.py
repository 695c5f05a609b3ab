"""Forms of amendments: other terms, or another sample for one line."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField, TextAreaField

from app.forms import CommandForm, VersionField, trimmed
from app.language import pick
from app.orders.amending import Propose
from app.orders.forms import LONG, SAMPLE, TermsForm
from app.orders.models import Order, OrderState
from app.orders.queries import LineRow


class AmendTermsForm(TermsForm):
    """The terms as they are; what is changed here is proposed to the other side."""

    reason = TextAreaField(_l("变更原因"), LONG, filters=[trimmed])

    def command(self) -> Propose:  # type: ignore[override]  # what is typed is proposed, not stored
        assert self.version.data is not None
        terms = asdict(super().command().terms)
        return Propose(self.order_id, self.version.data, self.reason.data or "", terms)


class AmendSampleForm(CommandForm):
    """Another sample for a line that has not begun."""

    version = VersionField()
    line = SelectField(_l("检测项目"))
    sample = StringField(_l("改用样品"), SAMPLE, filters=[trimmed])
    reason = TextAreaField(_l("变更原因"), LONG, filters=[trimmed])

    def __init__(self, order: Order, lines: Sequence[LineRow], **given: Any) -> None:
        super().__init__(data={"version": order.version}, **given)
        self.order_id = order.id
        self.line.choices = [
            (each.line.id, f"{pick(each.test)} {each.line.sample}".strip())
            for each in lines
            if each.line.state is OrderState.ACCEPTED
        ]
        # Its page has other fields of these names.
        for each in self:
            each.id = f"amend-{each.id}"

    def command(self) -> Propose:
        assert self.version.data is not None
        return Propose(
            self.order_id,
            self.version.data,
            self.reason.data or "",
            line_id=self.line.data,
            sample=self.sample.data or "",
        )
