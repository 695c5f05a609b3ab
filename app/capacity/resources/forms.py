"""Forms of benches and capabilities; each builds one command of the services."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    HiddenField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice, SelectFieldBase
from wtforms.validators import InputRequired, NumberRange
from wtforms.validators import Optional as Blank

from app.capacity.calendars.forms import SHIFT_NAMES
from app.capacity.resources.rules import SupportKind
from app.capacity.resources.scope import SetCapability
from app.capacity.resources.service import AddResource, ChangeResource, Facts
from app.forms import ChoicesField, CommandForm, DayField, VersionField, WholeField, at_most, no_nul, text
from app.labs.capacity import BenchState
from app.labs.models import Capability, Resource, ResourceKind, Test
from app.labs.quantities import BadFigure, Statement, from_json, parse, reach_of, typed
from app.language import lang, pick
from app.worktime import PATTERNS

HAN = re.compile(r"[\u4e00-\u9fff]")


def whole(label: Any, least: int, most: int, needed: bool = True) -> WholeField:
    """A whole number; one that may be left out is None."""
    told = _l("请填 %(least)d 到 %(most)d 的整数。", least=least, most=most)
    first = InputRequired(told) if needed else Blank()
    return WholeField(label, [first, NumberRange(least, most, told)], render_kw={"min": least, "max": most})


def titled(test: Test) -> str:
    """Clause and name of a test in a list to choose from, where no part can be marked as Chinese."""
    readable = lang() == "zh" or not HAN.search(test.clause)
    return f"{test.clause} {pick(test)}" if test.clause and readable else pick(test)


class StatementField(StringField):
    """Figures with units, as people write them: `−40…85 °C, 8 m³`. `statement` is what was understood."""

    points = False

    def __init__(self, *args: Any, points: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.points = points
        self.statement: Statement = {}

    def show(self, stored: dict[str, Any]) -> None:
        """Write a stored statement."""
        self.data = typed(from_json(stored))

    def pre_validate(self, form: Any) -> None:
        """Raises ValidationError for what is no figure."""
        no_nul(form, self)
        try:
            self.statement, rest = (parse if self.points else reach_of)(self.data or "")
        except BadFigure as error:
            message = _l("“%(text)s”的上限小于下限。", text=str(error))
            raise ValidationError(message) from error
        if rest:
            raise ValidationError(_l("看不懂“%(text)s”。请写数字和单位，例如 −40…85 °C, 8 m³, 350 kW。", text=rest))


class ResourceForm(CommandForm):
    kind_id = SelectField(_l("类型"))
    name_zh = text(_l("名称"), 60)
    name_en = text(_l("英文名称"), 80, needed=False)
    quantity = whole(_l("同样的有几台"), 1, 40)
    places = whole(_l("每台几个工位或通道（同时能做几项）"), 1, 200)
    grain_minutes = whole(_l("起始时间的间隔（分钟）"), 5, 1440)
    shifts = SelectField(_l("班次"))
    unattended = BooleanField(_l("试验可无人值守连续进行"))
    envelope = StatementField(_l("能达到的范围"))
    capability_zh = TextAreaField(_l("能力说明"), [no_nul, at_most(500)])
    capability_en = TextAreaField(_l("英文能力说明"), [no_nul, at_most(800)])
    whole_id = SelectField(_l("属于哪个整体"))
    version = VersionField()
    accepted = HiddenField(validators=[no_nul])

    def offer(
        self, lab_id: str, kinds: Sequence[ResourceKind | SupportKind], others: Sequence[Resource], row: Resource | None
    ) -> "ResourceForm":
        """What can be chosen; a row that exists keeps its kind and is one."""
        self.lab_id, self.row = lab_id, row
        self.shifts.choices = [SelectChoice(shifts, gettext(SHIFT_NAMES[shifts])) for shifts in PATTERNS]
        if row is None:
            del self.whole_id
            del self.version
            del self.accepted
            self.kind_id.choices = [SelectChoice(kind.id, pick(kind)) for kind in kinds]
        else:
            del self.kind_id
            del self.quantity
            self.whole_id.choices = [SelectChoice("", gettext("不属于别的资源"))]
            self.whole_id.choices += [SelectChoice(each.id, pick(each)) for each in others if each.id != row.id]
        return self

    def show(self, row: Resource) -> None:
        """Show a bench that is stored."""
        for name in ("name_zh", "name_en", "places", "grain_minutes", "shifts", "unattended", "version"):
            self[name].data = getattr(row, name)
        self.capability_zh.data, self.capability_en.data = row.capability_zh, row.capability_en
        self.whole_id.data = row.whole_id or ""
        self.envelope.show(row.envelope)

    def command(self) -> AddResource | ChangeResource:
        facts = Facts(
            name_zh=self.name_zh.data or "",
            name_en=self.name_en.data or "",
            places=self.places.data or 1,
            grain_minutes=self.grain_minutes.data or 30,
            shifts=self.shifts.data,
            unattended=bool(self.unattended.data),
            capability_zh=(self.capability_zh.data or "").strip(),
            capability_en=(self.capability_en.data or "").strip(),
            envelope=self.envelope.statement,
        )
        if self.row is None:
            return AddResource(self.lab_id, self.kind_id.data, self.quantity.data or 1, facts)
        accepted = self.accepted.data or ""
        return ChangeResource(self.row.id, self.version.data or 0, self.whole_id.data or None, facts, accepted)


class CapabilityForm(CommandForm):
    test_id = SelectField(_l("检测项目"))
    setup_minutes = whole(_l("准备（分钟）"), 0, 20160, needed=False)
    run_minutes = whole(_l("试验（分钟）"), 1, 525600, needed=False)
    teardown_minutes = whole(_l("清理（分钟）"), 0, 20160, needed=False)
    report_days = whole(_l("出报告（工作日）"), 0, 250, needed=False)
    needs = StatementField(_l("试验要求台架达到"), points=True)
    sample_limits = StatementField(_l("样品限值"))
    state_id = SelectField(_l("做完后台架的状态"))
    companions = ChoicesField(_l("还要同时占用"))
    valid_from = DayField(_l("能力从哪天起有效"), [Blank()])
    valid_until = DayField(_l("能力到哪天为止"), [Blank()])
    note_zh = TextAreaField(_l("说明"), [no_nul, at_most(500)])
    note_en = TextAreaField(_l("英文说明"), [no_nul, at_most(800)])
    version = VersionField()
    accepted = HiddenField(validators=[no_nul])

    def offer(
        self,
        lab_id: str,
        pool: str,
        tests: Sequence[Test],
        pools: Mapping[str, Sequence[Resource]],
        states: Sequence[BenchState],
        row: Capability | None,
    ) -> "CapabilityForm":
        """What can be chosen for the pool; a capability that exists keeps its test."""
        self.lab_id, self.pool, self.row = lab_id, pool, row
        self.companions.choices = [SelectChoice(each, _any_of(pools[each])) for each in pools if each != pool]
        self.state_id.choices = [SelectChoice("", gettext("不区分"))]
        self.state_id.choices += [SelectChoice(state.id, pick(state)) for state in states]
        if row is None:
            del self.version
            self.test_id.choices = [SelectChoice(test.id, f"{pick(test.method)} {titled(test)}") for test in tests]
        else:
            del self.test_id
        return self

    def show(self, row: Capability, companions: Sequence[str]) -> None:
        """Show a capability that is stored."""
        for name in ("setup_minutes", "run_minutes", "teardown_minutes", "report_days", "valid_from", "valid_until"):
            self[name].data = getattr(row, name)
        self.version.data, self.state_id.data = row.version, row.state_id or ""
        self.note_zh.data, self.note_en.data = row.note_zh, row.note_en
        self.needs.show(row.needs)
        self.sample_limits.show(row.sample_limits)
        self.companions.data = list(companions)

    def command(self) -> SetCapability:
        return SetCapability(
            lab_id=self.lab_id,
            pool=self.pool,
            test_id=self.row.test_id if self.row else self.test_id.data,
            version=self.version.data if self.row else None,
            setup_minutes=self.setup_minutes.data,
            run_minutes=self.run_minutes.data,
            teardown_minutes=self.teardown_minutes.data,
            report_days=self.report_days.data,
            needs=self.needs.statement,
            sample_limits=self.sample_limits.statement,
            state_id=self.state_id.data or None,
            valid_from=self.valid_from.data,
            valid_until=self.valid_until.data,
            companions=tuple(self.companions.data or ()),
            note_zh=(self.note_zh.data or "").strip(),
            note_en=(self.note_en.data or "").strip(),
            accepted=self.accepted.data or "",
        )


def _any_of(units: Sequence[Resource]) -> str:
    """A pool in words: its first unit, and how many there are."""
    if len(units) == 1:
        return pick(units[0])
    return gettext("%(bench)s 等 %(count)d 台中的一台", bench=pick(units[0]), count=len(units))


def differences(typed_in: CommandForm, stored: CommandForm) -> list[tuple[str, str]]:
    """Labels and stored values of the fields that another administrator filled in differently."""
    return [
        (str(field.label.text), _as_read(stored[field.name]))
        for field in typed_in
        if field.name in stored
        and not isinstance(field, HiddenField)
        and (field.data or None) != (stored[field.name].data or None)
    ]


def _as_read(field: Any) -> str:
    if isinstance(field, BooleanField):
        return gettext("是") if field.data else gettext("否")
    if isinstance(field, SelectFieldBase):
        chosen = field.data if isinstance(field.data, list) else [field.data]
        return gettext("、").join(str(label) for value, label, *_more in field.iter_choices() if value in chosen)
    return "" if field.data is None else str(field.data)
