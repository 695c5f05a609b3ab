"""Forms of a lab's rules; each builds one command of the service."""

from collections.abc import Mapping, Sequence
from datetime import time
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectField, TimeField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, NumberRange

from app.accounts.models import Organisation
from app.capacity.house_rules.service import SetRule, Waive
from app.capacity.house_rules.wording import LABELS, NUMBERS
from app.forms import ChoicesField, CommandForm, DayField, WholeField, no_nul, text
from app.labs import rules as kinds
from app.labs.models import Resource
from app.language import pick

MINUTES = 60
FIELDS: Mapping[str, tuple[str, ...]] = {
    kinds.AT_ONCE: ("companies",),
    kinds.NO_SHOWS: ("count", "days", "blocked_days"),
    kinds.RELEASE: ("days_before", "clock"),
}
"""Fields of the kinds that ask for more than one number."""


def _number(label: Any, least: int, most: int) -> WholeField:
    return WholeField(
        label,
        validators=[
            InputRequired(_l("请填整数。")),
            NumberRange(least, most, _l("请填 %(least)d 到 %(most)d 的整数。", least=least, most=most)),
        ],
        render_kw={"min": least, "max": most, "inputmode": "numeric"},
    )


class RuleForm(CommandForm):
    """A rule of one kind; only the fields of the kind are there."""

    pool = SelectField(_l("适用于"))
    number = WholeField()
    count = _number(_l("未到场次数"), 1, 20)
    days = _number(_l("在多少天内"), 1, 730)
    blocked_days = _number(_l("之后多少天不能预约"), 1, 365)
    days_before = _number(_l("季度开始前多少天"), 0, 90)
    clock = TimeField(_l("几点开放"), validators=[InputRequired(_l("请填时刻，例如 09:00。"))])
    companies = ChoicesField(_l("哪些企业"), validators=[InputRequired(_l("请至少选一项。"))])
    seen = HiddenField(validators=[no_nul])

    def __init__(self, kind: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        wanted = FIELDS.get(kind, ("number",))
        for name in ("number", "count", "days", "blocked_days", "days_before", "clock", "companies"):
            if name not in wanted:
                del self[name]
        if kind in NUMBERS:
            asks = NUMBERS[kind]
            self.number.label.text = gettext(asks.label)
            message = gettext("请填 %(least)d 到 %(most)d 的整数。", least=asks.least, most=asks.most)
            self.number.validators = [InputRequired(message), NumberRange(asks.least, asks.most, message)]
            self.number.render_kw = {"min": asks.least, "max": asks.most, "inputmode": "numeric"}

    def offer(self, lab_id: str, pools: Sequence[Resource], companies: Sequence[Organisation]) -> "RuleForm":
        """What can be chosen at this lab."""
        self.lab_id = lab_id
        self.pool.choices = [SelectChoice("", gettext("整个实验室"))]
        self.pool.choices += [SelectChoice(resource.pool, pick(resource)) for resource in pools]
        if "companies" in self:
            self.companies.choices = [SelectChoice(kinds.ANY_COMPANY, gettext("所有企业"))]
            self.companies.choices += [SelectChoice(company.id, pick(company)) for company in companies]
        return self

    def fill(self, value: Any) -> None:
        """Show a rule that is set."""
        if "number" in self:
            self.number.data = value
        elif "companies" in self:
            self.companies.data = [value] if isinstance(value, str) else list(value)
        else:
            for name in FIELDS[self.kind]:
                if name == "clock":
                    self.clock.data = _time(value["minute"])
                else:
                    self[name].data = value[name]

    @property
    def value(self) -> Any:
        """The rule's value, as `labs/rules.py` describes it."""
        if "number" in self:
            return self.number.data
        if "companies" in self:
            chosen = list(self.companies.data or ())
            return kinds.ANY_COMPANY if kinds.ANY_COMPANY in chosen else chosen
        if self.kind == kinds.RELEASE:
            at = self.clock.data
            return {"days_before": self.days_before.data, "minute": MINUTES * at.hour + at.minute}
        return {name: self[name].data for name in FIELDS[self.kind]}

    def command(self) -> SetRule:
        return SetRule(self.lab_id, self.pool.data or "", self.kind, self.value, self.seen.data or "")


def _time(minute: int) -> time:
    return time(minute // MINUTES, minute % MINUTES)


class WaiveForm(CommandForm):
    company_id = SelectField(_l("企业"))
    kind = SelectField(_l("规则"))
    until = DayField(_l("到哪天为止"), validators=[InputRequired(_l("请填日期，例如 2026-12-31。"))])
    reason = text(_l("原因（规则的负责人会看到）"), 200)

    def offer(self, lab_id: str, companies: Sequence[Organisation], in_force: Sequence[str]) -> "WaiveForm":
        """Companies, and the kinds of rules that are in force."""
        self.lab_id = lab_id
        self.company_id.choices = [SelectChoice(company.id, pick(company)) for company in companies]
        self.kind.choices = [SelectChoice(kind, gettext(LABELS[kind])) for kind in in_force]
        return self

    def command(self) -> Waive:
        assert self.until.data is not None
        return Waive(self.lab_id, self.company_id.data, self.kind.data, self.until.data, self.reason.data or "")
