"""Forms of samples: who they are, and each step of their custody."""

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf.file import MultipleFileField
from wtforms import BooleanField, SelectField, StringField, TextAreaField, ValidationError
from wtforms.validators import InputRequired, NumberRange
from wtforms.validators import Optional as Blank

from app.files.uploads import uploads_of
from app.forms import CommandForm, VersionField, WholeField, at_most, no_nul, text, trimmed
from app.orders.rules import MOST_TEXT, sample_names
from app.samples.models import Sample, SamplePlace
from app.samples.photos import Photograph
from app.samples.rules import MOST_SLOTS, SampleKind, SampleState
from app.samples.service import Dispatch, Edit, Identity, NewPlace, Receive, Register, SampleStep, Store

LONG = [no_nul, at_most(MOST_TEXT)]


class IdentityForm(CommandForm):
    """Who a sample is; fields of vehicles and papers are asked of those kinds alone."""

    version = VersionField()
    name = text(_l("样品名称"), 200)
    kind = SelectField(_l("种类"))
    vin = text(_l("VIN"), 40, needed=False, autocapitalize="characters", spellcheck="false")
    vin_reason = text(_l("VIN 校验位不符的原因"), 200, needed=False)
    serial_number = text(_l("序列号"), 40, needed=False, autocapitalize="characters", spellcheck="false")
    configuration = TextAreaField(_l("配置"), LONG, filters=[trimmed])
    build_level = text(_l("试制阶段"), 80, needed=False)
    mileage = WholeField(_l("里程（km）"), [Blank(), NumberRange(0, 10_000_000)])
    state_of_charge = WholeField(_l("荷电状态（%）"), [Blank(), NumberRange(0, 100)])
    damage = TextAreaField(_l("已有损伤"), LONG, filters=[trimmed])
    transport_paper = text(_l("运输文件"), 120, needed=False)

    def __init__(self, order_id: str, sample: Sample | None = None, **given: Any) -> None:
        said = {name: getattr(sample, name) for name in Identity.__dataclass_fields__} if sample else {}
        super().__init__(data=said | {"version": sample.version if sample else 1} | given)
        self.order_id, self.sample = order_id, sample
        self.kind.choices = [(kind.value, gettext(kind.label)) for kind in SampleKind]

    def validate_name(self, field: Any) -> None:
        if self.sample is not None and field.data != self.sample.name:
            raise ValidationError(_l("登记之后名称不能改，委托单按它找样品。"))
        if len(sample_names(field.data or "")) > 1:
            raise ValidationError(_l("一次登记一个样品，名称里不要有顿号和逗号。"))

    def command(self) -> Register | Edit:
        identity = Identity(
            name=self.name.data or "",
            kind=SampleKind(self.kind.data),
            vin=self.vin.data or "",
            vin_reason=self.vin_reason.data or "",
            serial_number=self.serial_number.data or "",
            configuration=self.configuration.data or "",
            build_level=self.build_level.data or "",
            mileage=self.mileage.data,
            state_of_charge=self.state_of_charge.data,
            damage=self.damage.data or "",
            transport_paper=self.transport_paper.data or "",
        )
        if self.sample is None:
            return Register(self.order_id, identity)
        return Edit(self.sample.id, self.version.data or 0, identity)


class StepForm(CommandForm):
    """A step of custody with what was noted."""

    version = VersionField()
    note = text(_l("备注"), 500, needed=False)

    def __init__(self, sample: Sample, **given: Any) -> None:
        super().__init__(data={"version": sample.version} | given.pop("data", {}), **given)
        self.sample_id = sample.id

    def command(self) -> SampleStep:
        return SampleStep(self.sample_id, self.version.data or 0, self.note.data or "")


class DispatchForm(StepForm):
    carrier = text(_l("承运人"), 80)
    waybill = text(_l("运单号"), 80)
    transport_paper = text(_l("运输文件"), 120, needed=False)

    def __init__(self, sample: Sample, **given: Any) -> None:
        super().__init__(sample, data={"transport_paper": sample.transport_paper}, **given)

    def command(self) -> Dispatch:
        return Dispatch(
            self.sample_id,
            self.version.data or 0,
            self.note.data or "",
            self.carrier.data or "",
            self.waybill.data or "",
            self.transport_paper.data or "",
        )


class ReceiveForm(StepForm):
    note = text(_l("收样状态"), 500)
    deviating = BooleanField(_l("与委托不符"))
    deviation = text(_l("哪里不符"), 500, needed=False)

    def validate_deviation(self, field: Any) -> None:
        if self.deviating.data and not field.data:
            raise ValidationError(_l("请写明哪里不符，企业要据此答复。"))

    def command(self) -> Receive:
        deviation = (self.deviation.data or "") if self.deviating.data else ""
        return Receive(self.sample_id, self.version.data or 0, self.note.data or "", deviation)


class StoreForm(StepForm):
    place = SelectField(_l("位置"))

    def __init__(self, sample: Sample, places: Sequence[tuple[SamplePlace, Any, int]], **given: Any) -> None:
        super().__init__(sample, **given)
        self.place.choices = [
            (place.id, gettext("%(place)s，空 %(count)d 个", place=place.name, count=place.slots - taken))
            for place, _lab, taken in places
            if taken < place.slots or sample.state is SampleState.STORED
        ]

    def command(self) -> Store:
        return Store(self.sample_id, self.version.data or 0, self.note.data or "", self.place.data or "")


class PhotoForm(CommandForm):
    """Photos, any number at once."""

    photos = MultipleFileField(_l("照片"), render_kw={"accept": "image/*", "capture": "environment"})

    def __init__(self, sample_id: str, **given: Any) -> None:
        super().__init__(**given)
        self.sample_id = sample_id

    def command(self) -> Photograph:
        return Photograph(self.sample_id, uploads_of(self.photos))


class PlaceForm(CommandForm):
    """A shelf or a yard of one lab."""

    lab = SelectField(_l("实验室"))
    name = StringField(_l("名称"), [InputRequired(), no_nul, at_most(60)], filters=[trimmed])
    slots = WholeField(_l("可放几个样品"), [InputRequired(), NumberRange(1, MOST_SLOTS)])

    def __init__(self, labs: Sequence[tuple[str, str]], **given: Any) -> None:
        super().__init__(**given)
        self.lab.choices = list(labs)

    def command(self) -> NewPlace:
        return NewPlace(self.lab.data, self.name.data or "", self.slots.data or 0)
