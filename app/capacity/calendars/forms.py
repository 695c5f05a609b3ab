"""Forms of a lab's calendars; each builds one command of the service."""

from collections.abc import Sequence
from datetime import time
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    FieldList,
    Form,
    FormField,
    HiddenField,
    RadioField,
    SelectField,
    TimeField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired
from wtforms.validators import Optional as Blank

from app.accounts.models import Organisation
from app.capacity.calendars.rules import Shift, as_typed
from app.capacity.calendars.service import SetDays, SetPattern
from app.errors import N_
from app.forms import ChoicesField, CommandForm, DayField, no_nul, text
from app.labs.capacity import Audience, LabShiftPattern
from app.labs.models import Resource
from app.language import WEEKDAYS_EN, WEEKDAYS_ZH, lang, pick
from app.worktime import PATTERNS

ROWS = 4
WORKING, SIX, ALL = range(5), range(6), range(7)
PRESETS: dict[str, tuple[str, tuple[Shift, ...], bool, bool]] = {
    "one": (N_("一班"), (Shift(frozenset(WORKING), 510, 1050),), False, False),
    "two": (N_("两班"), (Shift(frozenset(SIX), 480, 0),), False, False),
    "three": (N_("三班"), (Shift(frozenset(SIX), 480, 960), Shift(frozenset(SIX), 960, 480)), False, False),
    "continuous": (N_("全天不间断"), (), True, False),
    "daylight": (N_("日出到日落"), (Shift(frozenset(SIX), 0, 0),), False, True),
    "night": (N_("夜间场次"), (Shift(frozenset(WORKING), 1200, 240),), False, False),
}
"""Beginnings of a pattern: its name, shifts, whether continuous, whether by daylight."""

SHIFT_NAMES = {"day": N_("一班"), "two": N_("两班"), "continuous": N_("全天不间断"), "daylight": N_("日出到日落")}
AUDIENCES = {
    Audience.ALL: N_("所有企业可约"),
    Audience.COMPANY: N_("只为一家企业开放"),
    Audience.RESERVE: N_("备用，只用于实验室建议的时间"),
}


def weekday_choices() -> list[SelectChoice]:
    """Monday to Sunday."""
    names = WEEKDAYS_EN if lang() == "en" else [f"周{name}" for name in WEEKDAYS_ZH]
    return [SelectChoice(str(number), name) for number, name in enumerate(names)]


def minute_of(at: time | None) -> int:
    return 60 * at.hour + at.minute if at else 0


def time_of(minute: int) -> time:
    return time(minute // 60 % 24, minute % 60)


class ShiftRow(Form):
    """One line of shifts; empty lines are left out."""

    weekdays = ChoicesField(_l("星期"))
    opens = TimeField(_l("从"), [Blank()])
    closes = TimeField(_l("到"), [Blank()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.weekdays.choices = weekday_choices()

    @property
    def shift(self) -> Shift | None:
        """What was typed; None for an empty line."""
        if not self.weekdays.data or self.opens.data is None or self.closes.data is None:
            return None
        days = frozenset(int(day) for day in self.weekdays.data)
        return Shift(days, minute_of(self.opens.data), minute_of(self.closes.data))


class PatternForm(CommandForm):
    name = text(_l("名称"), 40)
    resource_id = SelectField(_l("适用于"))
    replaces = SelectField(_l("整个实验室时，只用于目录排班是"))
    continuous = BooleanField(_l("全天不间断，节假日也开放"))
    daylight = BooleanField(_l("只在日出到日落之间"))
    shifts = FieldList(FormField(ShiftRow), min_entries=ROWS, max_entries=ROWS)
    valid_from = DayField(_l("从哪天起"), [Blank()])
    valid_until = DayField(_l("到哪天为止"), [Blank()])
    ends_before = BooleanField(_l("原来的排班到前一天为止"))
    seen = HiddenField(validators=[no_nul])

    def offer(self, lab_id: str, pattern_id: str | None, resources: Sequence[Resource]) -> "PatternForm":
        """What can be chosen at this lab."""
        self.lab_id, self.pattern_id = lab_id, pattern_id
        self.resource_id.choices = [SelectChoice("", gettext("整个实验室"))]
        self.resource_id.choices += [SelectChoice(resource.id, pick(resource)) for resource in resources]
        names = [SelectChoice(shifts, gettext(SHIFT_NAMES[shifts])) for shifts in PATTERNS]
        self.replaces.choices = [SelectChoice("", gettext("任何一种")), *names]
        return self

    def fill(self, shifts: Sequence[Shift], continuous: bool, daylight: bool) -> None:
        """Show these hours."""
        self.continuous.data, self.daylight.data = continuous, daylight
        for row, shift in zip(self.shifts, shifts, strict=False):
            row.form.weekdays.data = [str(day) for day in sorted(shift.weekdays)]
            row.form.opens.data, row.form.closes.data = time_of(shift.opens), time_of(shift.closes)

    def show(self, row: LabShiftPattern) -> None:
        """Show a pattern that is stored."""
        self.name.data, self.resource_id.data, self.replaces.data = row.name, row.resource_id or "", row.replaces
        self.valid_from.data, self.valid_until.data = row.valid_from, row.valid_until
        self.fill(as_typed(row.shifts), row.continuous, row.daylight)

    def command(self) -> SetPattern:
        shifts = tuple(shift for row in self.shifts if (shift := row.form.shift))
        return SetPattern(
            lab_id=self.lab_id,
            pattern_id=self.pattern_id,
            resource_id=self.resource_id.data or None,
            name=self.name.data or "",
            replaces="" if self.resource_id.data else self.replaces.data or "",
            shifts=shifts,
            continuous=bool(self.continuous.data),
            daylight=bool(self.daylight.data),
            valid_from=self.valid_from.data,
            valid_until=self.valid_until.data,
            ends_before=bool(self.ends_before.data),
            seen=self.seen.data or "",
        )


class DaysForm(CommandForm):
    resource_id = SelectField(_l("适用于"))
    first = DayField(_l("从哪天起"), [InputRequired(_l("请填日期，例如 2026-12-31。"))])
    last = DayField(_l("到哪天为止"), [Blank()])
    opens = TimeField(_l("从"), [Blank()])
    closes = TimeField(_l("到"), [Blank()])
    closed = BooleanField(_l("停工，不开放"))
    name_zh = text(_l("说明，例如：设备大修、春节加班"), 40)
    name_en = text(_l("英文说明"), 60, needed=False)
    audience = RadioField(_l("对谁开放"), default=Audience.ALL.value)
    company_id = SelectField(_l("企业"))
    seen = HiddenField(validators=[no_nul])

    def offer(self, lab_id: str, resources: Sequence[Resource], companies: Sequence[Organisation]) -> "DaysForm":
        """What can be chosen at this lab."""
        self.lab_id = lab_id
        self.resource_id.choices = [SelectChoice("", gettext("整个实验室"))]
        self.resource_id.choices += [SelectChoice(resource.id, pick(resource)) for resource in resources]
        self.audience.choices = [SelectChoice(each.value, gettext(label)) for each, label in AUDIENCES.items()]
        self.company_id.choices = [SelectChoice("", gettext("请选择"))]
        self.company_id.choices += [SelectChoice(company.id, pick(company)) for company in companies]
        return self

    def validate_closed(self, _field: Any) -> None:
        """An open day has hours."""
        if not self.closed.data and (self.opens.data is None or self.closes.data is None):
            raise ValidationError(_l("请填开放的时刻，或勾选停工。"))

    def command(self) -> SetDays:
        assert self.first.data is not None
        hours: tuple[tuple[int, int], ...] = ()
        if not self.closed.data:
            hours = ((minute_of(self.opens.data), minute_of(self.closes.data) or 1440),)
        audience = Audience(self.audience.data)
        return SetDays(
            lab_id=self.lab_id,
            resource_id=self.resource_id.data or None,
            first=self.first.data,
            last=self.last.data or self.first.data,
            hours=hours,
            name_zh=self.name_zh.data or "",
            name_en=self.name_en.data or "",
            audience=audience,
            company_id=(self.company_id.data or None) if audience is Audience.COMPANY else None,
            seen=self.seen.data or "",
        )
