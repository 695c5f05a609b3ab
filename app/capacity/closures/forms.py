"""Forms of closures, limitations and calibration; each builds commands of the services."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    FloatField,
    RadioField,
    SelectField,
    StringField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, NumberRange
from wtforms.validators import Optional as Blank

from app.booking.closures import CloseResource
from app.booking.forms import StartField, needed, parse_start
from app.booking.models import ClosureKind
from app.capacity.closures.rules import Recurrence, occurrences, places_typed
from app.capacity.closures.service import Calibrate, Limit
from app.forms import ChoicesField, CommandForm, DayField, WholeField, at_most, no_nul
from app.labs.models import Resource
from app.labs.quantities import QUANTITIES
from app.language import pick
from app.worktime import Interval

USUAL = timedelta(days=4)


def _instant(args: Mapping[str, str], name: str) -> datetime | None:
    """An instant of a link; None where it is missing or can't be read."""
    try:
        return parse_start(args.get(name, ""))
    except ValueError:
        return None


class CloseForm(CommandForm):
    resources = ChoicesField(_l("台架"), validators=[InputRequired(_l("请至少选一项。"))])
    places = StringField(_l("哪些工位或通道"), [no_nul, at_most(60)])
    kind = SelectField(_l("类别"))
    starts_at = StartField(_l("从"), [needed])
    ends_at = StartField(_l("到"), [needed])
    open_end = BooleanField(_l("结束时间只是估计，没恢复就每天顺延"))
    recurrence = RadioField(_l("重复"), default=Recurrence.ONCE.value)
    until = DayField(_l("重复到哪天"), [Blank()])
    reason = StringField(_l("原因（只有本实验室看得到）"), [no_nul, at_most(200)])

    def offer(self, resources: Sequence[Resource]) -> "CloseForm":
        """What can be chosen at this lab."""
        self.resources.choices = [SelectChoice(resource.id, pick(resource)) for resource in resources]
        self.kind.choices = [SelectChoice(kind.value, gettext(kind.label)) for kind in ClosureKind]
        self.recurrence.choices = [SelectChoice(each.value, gettext(each.label)) for each in Recurrence]
        return self

    def begin(self, args: Mapping[str, str], now: datetime) -> None:
        """Fill in what the link names, by default some days from now on for no bench yet."""
        self.resources.data = [args["resource"]] if args.get("resource") else []
        self.places.data = args.get("places", "")[:60]
        self.starts_at.data = _instant(args, "starts_at") or now.replace(second=0, microsecond=0)
        self.ends_at.data = _instant(args, "ends_at") or self.starts_at.data + USUAL

    def validate_places(self, field: Any) -> None:
        """Numbers, and only of one bench."""
        try:
            numbers = places_typed(field.data or "")
        except ValueError as error:
            raise ValidationError(_l("请填编号，例如 3, 5。")) from error
        if numbers and len(self.resources.data or ()) > 1:
            raise ValidationError(_l("只有选一个台架时才能填工位。"))

    def validate_recurrence(self, field: Any) -> None:
        """What recurs has an end."""
        if field.data != Recurrence.ONCE and self.until.data is None:
            raise ValidationError(_l("请填重复到哪天。"))

    @property
    def in_order(self) -> bool:
        """Whether the end lies after the start."""
        start, end = self.starts_at.data, self.ends_at.data
        return start is not None and end is not None and start < end

    def spans(self) -> list[Interval]:
        """The spans that are closed. Raises ValueError where the end lies before the start."""
        assert self.starts_at.data is not None
        assert self.ends_at.data is not None
        first = Interval(self.starts_at.data, self.ends_at.data)
        return occurrences(first, Recurrence(self.recurrence.data), self.until.data)

    def command(self) -> list[CloseResource]:
        start, end = self.starts_at.data, self.ends_at.data
        assert start is not None
        assert end is not None
        spans = self.spans() if self.in_order else [None]
        return [
            CloseResource(
                resource_id=resource_id,
                starts_at=span.start if span else start,
                ends_at=span.end if span else end,
                kind=ClosureKind(self.kind.data),
                reason=(self.reason.data or "").strip(),
                places=places_typed(self.places.data or ""),
                open_end=bool(self.open_end.data),
                around=True,
            )
            for resource_id in self.resources.data or ()
            for span in spans
        ]


class EndForm(CommandForm):
    """Another expected end."""

    ends_at = StartField(_l("预计恢复"), [needed])
    open_end = BooleanField(_l("结束时间只是估计，没恢复就每天顺延"))

    def command(self) -> tuple[datetime, bool]:
        assert self.ends_at.data is not None
        return self.ends_at.data, bool(self.open_end.data)


# Neither infinite nor none at all, as a program could send.
A_FIGURE = NumberRange(-1e9, 1e9)


class LimitForm(CommandForm):
    resource_id = SelectField(_l("台架"))
    quantity = SelectField(_l("哪个量"))
    minimum = FloatField(_l("最低到"), [Blank(), A_FIGURE])
    maximum = FloatField(_l("最高到"), [Blank(), A_FIGURE])
    starts_at = StartField(_l("从"), [needed])
    ends_at = StartField(_l("到"), [needed])
    reason = StringField(_l("原因（只有本实验室看得到）"), [no_nul, at_most(200)])

    def offer(self, resources: Sequence[Resource]) -> "LimitForm":
        """What can be chosen at this lab."""
        self.resource_id.choices = [SelectChoice(resource.id, pick(resource)) for resource in resources]
        self.quantity.choices = [
            SelectChoice(each.key, f"{gettext(each.label)} {each.unit}") for each in QUANTITIES.values()
        ]
        return self

    def command(self) -> Limit:
        assert self.starts_at.data is not None
        assert self.ends_at.data is not None
        return Limit(
            self.resource_id.data,
            self.quantity.data,
            self.minimum.data,
            self.maximum.data,
            self.starts_at.data,
            self.ends_at.data,
            (self.reason.data or "").strip(),
        )


class CalibrationForm(CommandForm):
    due = DayField(_l("有效期至"), [Blank()])
    months = WholeField(_l("周期（月）"), [Blank(), NumberRange(1, 120)])

    def command(self) -> Calibrate:
        return Calibrate(self.resource_id, self.due.data, self.months.data)

    def of(self, resource_id: str) -> "CalibrationForm":
        """For this resource."""
        self.resource_id = resource_id
        return self
