"""Forms of orders."""

from collections.abc import Iterable, Sequence
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf.file import MultipleFileField
from wtforms import BooleanField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, ValidationError

from app.errors import N_, YujianError
from app.files.models import FilePurpose
from app.files.uploads import uploads_of
from app.forms import ChoicesField, CommandForm, VersionField, at_most, no_nul, trimmed
from app.labs.models import Lab, Test
from app.language import pick, refusal
from app.orders import rules
from app.orders.attachments import Attach
from app.orders.messages import Write
from app.orders.models import Order, OrderState, Purpose, Remains, ReportLanguage, StopCause
from app.orders.reviewing import Review
from app.orders.service import AddLine, EditTerms, NewLine, NewOrder, Terms
from app.orders.stops import Resume, Stop

ON_ORDERS = (FilePurpose.ATTACHMENT, FilePurpose.QUOTATION)
LONG = [no_nul, at_most(rules.MOST_TEXT)]
SHORT = [no_nul, at_most(120)]
SAMPLE = [no_nul, at_most(200)]


def _labelled(choices: Iterable[Any], none: str) -> list[tuple[str, str]]:
    return [("", none), *((each.value, gettext(each.label)) for each in choices)]


def _chosen(_form: CommandForm, field: Any) -> None:
    """Not `required` in the browser: the field stands in the form of the terms, which are saved without it too."""
    if not field.data:
        raise ValidationError(gettext("请选择检测项目。"))


def _named(test: Test) -> dict[str, str]:
    return {"method": pick(test.method), "test": pick(test)}


class NewOrderForm(CommandForm):
    """Which lab is asked, and the first test when it is known already."""

    lab = SelectField(_l("实验室"), [InputRequired()])

    def __init__(self, labs: Sequence[Lab], **given: Any) -> None:
        super().__init__(**given)
        self.lab.choices = [("", gettext("请选择")), *((lab.id, pick(lab)) for lab in labs)]

    def command(self) -> NewOrder:
        return NewOrder(self.lab.data)


class LineForm(CommandForm):
    """One more test of those that the lab can do."""

    version = VersionField()
    test = SelectField(_l("检测项目"), [_chosen])
    sample = StringField(_l("样品"), SAMPLE, filters=[trimmed])
    wants_proposal = BooleanField(_l("时间请实验室建议"))

    def __init__(self, order: Order, tests: Sequence[Test], **given: Any) -> None:
        super().__init__(data={"version": order.version}, **given)
        self.order_id = order.id
        self.test.choices = [("", gettext("请选择"))]
        self.test.choices += [(each.id, gettext("%(method)s %(test)s", **_named(each))) for each in tests]

    def command(self) -> AddLine:
        assert self.version.data is not None
        line = NewLine(self.test.data, self.sample.data or "", self.wants_proposal.data)
        return AddLine(self.order_id, self.version.data, line)


class TermsForm(CommandForm):
    """What the order says beside its lines."""

    version = VersionField()
    purpose = SelectField(_l("用途"))
    decision_rule = TextAreaField(_l("判定规则"), LONG, filters=[trimmed])
    applicant = TextAreaField(_l("申请人信息"), LONG, filters=[trimmed])
    contract_number = StringField(_l("合同编号"), SHORT, filters=[trimmed])
    amount = StringField(_l("商定金额（元）"), [no_nul, at_most(30)], filters=[trimmed])
    witness = BooleanField(_l("要现场见证"))
    remains = SelectField(_l("残样"))
    report_language = SelectField(_l("报告语言"))
    note = TextAreaField(_l("备注"), LONG, filters=[trimmed])

    def __init__(self, order: Order, **given: Any) -> None:
        said = {name: getattr(order, name) for name in Terms.__dataclass_fields__}
        said["amount"] = "" if order.amount is None else str(order.amount)
        super().__init__(data=said | {"version": order.version}, **given)
        self.order_id = order.id
        self.purpose.choices = _labelled(Purpose, gettext("未定"))
        self.remains.choices = _labelled(Remains, gettext("未定"))
        self.report_language.choices = _labelled(ReportLanguage, gettext("未定"))

    def validate_amount(self, field: Any) -> None:
        try:
            self.yuan = rules.amount(field.data or "")
        except YujianError as error:
            field.errors = [*field.errors, refusal(error)]

    def command(self) -> EditTerms:
        assert self.version.data is not None
        terms = Terms(
            purpose=Purpose(self.purpose.data) if self.purpose.data else None,
            decision_rule=self.decision_rule.data or "",
            applicant=self.applicant.data or "",
            contract_number=self.contract_number.data or "",
            amount=self.yuan,
            witness=self.witness.data,
            remains=Remains(self.remains.data) if self.remains.data else None,
            report_language=ReportLanguage(self.report_language.data) if self.report_language.data else None,
            note=self.note.data or "",
        )
        return EditTerms(self.order_id, self.version.data, terms)


# In the place of an item: all of a line's.
ALL_ITEMS = "all"


class ReviewForm(CommandForm):
    """The lab's checklist of each line under review, as `LINE:ITEM` or `LINE:all`, and its comment; the button says
    how the review ends.
    """

    version = VersionField()
    checklist = ChoicesField(_l("逐项核对"))
    comment = TextAreaField(_l("给企业的话"), LONG, filters=[trimmed])

    def __init__(self, order: Order, **given: Any) -> None:
        super().__init__(data={"version": order.version}, **given)
        self.order_id = order.id
        self.lines = [line for line in order.lines if line.state is OrderState.SUBMITTED]
        items = {**rules.CHECKLIST, ALL_ITEMS: N_("都符合")}
        self.checklist.choices = [
            (f"{line.id}:{item}", gettext(label)) for line in self.lines for item, label in items.items()
        ]

    def command(self) -> Review:
        assert self.version.data is not None
        ticked = set(self.checklist.data or ())
        lines = {
            line.id: {item: bool(ticked & {f"{line.id}:{item}", f"{line.id}:{ALL_ITEMS}"}) for item in rules.CHECKLIST}
            for line in self.lines
        }
        return Review(self.order_id, self.version.data, comment=self.comment.data or "", lines=lines)


class MessageForm(CommandForm):
    text = TextAreaField(_l("留言"), LONG)
    internal = BooleanField(_l("只给本实验室看"))
    files = MultipleFileField(_l("附件"))

    def __init__(self, order_id: str, **given: Any) -> None:
        super().__init__(**given)
        self.order_id = order_id

    def command(self) -> Write:
        return Write(self.order_id, self.text.data or "", self.internal.data, uploads_of(self.files))


class AttachForm(CommandForm):
    """Files for an order."""

    files = MultipleFileField(_l("文件"))
    purpose = SelectField(_l("是什么"))
    internal = BooleanField(_l("只给本实验室看"))

    def __init__(self, order_id: str, **given: Any) -> None:
        super().__init__(**given)
        self.order_id = order_id
        self.purpose.choices = [(each.value, gettext(each.label)) for each in ON_ORDERS]

    def command(self) -> Attach:
        return Attach(self.order_id, uploads_of(self.files), FilePurpose(self.purpose.data), self.internal.data)


class StopForm(CommandForm):
    """What the lab waits for."""

    version = VersionField()
    cause = SelectField(_l("等企业"))
    note = StringField(_l("具体等什么"), SHORT, filters=[trimmed])

    def __init__(self, order: Order, **given: Any) -> None:
        super().__init__(data={"version": order.version}, **given)
        self.order_id = order.id
        self.cause.choices = [(cause.value, gettext(cause.label)) for cause in StopCause]

    def command(self) -> Stop:
        assert self.version.data is not None
        return Stop(self.order_id, self.version.data, StopCause(self.cause.data), self.note.data or "")


class ResumeForm(CommandForm):
    version = VersionField()

    def __init__(self, order: Order, **given: Any) -> None:
        super().__init__(data={"version": order.version}, **given)
        self.order_id = order.id

    def command(self) -> Resume:
        assert self.version.data is not None
        return Resume(self.order_id, self.version.data)
