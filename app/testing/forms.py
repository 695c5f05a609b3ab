"""The form with which a lab records that a report was issued."""

from datetime import date

from flask_babel import lazy_gettext as _l
from wtforms import DateField, Field, StringField, ValidationError

from app.forms import CommandForm, VersionField, at_most, no_nul
from app.testing.rules import NUMBER_LENGTH
from app.testing.service import IssueReport


class IssueForm(CommandForm):
    """Number and date of the report, for one completed booking."""

    version = VersionField()
    number = StringField(_l("报告编号"), [no_nul, at_most(NUMBER_LENGTH)])
    issued_on = DateField(_l("签发日期"), invalid_value_message=_l("请填日期，例如 2026-05-18。"))

    def __init__(self, booking_id: str, today: date, version: int | None = None) -> None:
        super().__init__(data={"version": version, "issued_on": today})
        self.booking_id = booking_id

    def validate_issued_on(self, field: Field) -> None:
        if field.data is None and not field.process_errors:
            raise ValidationError(_l("请填日期，例如 2026-05-18。"))

    def command(self) -> IssueReport:
        assert self.version.data is not None and self.issued_on.data is not None
        return IssueReport(self.booking_id, self.number.data or "", self.issued_on.data, self.version.data)
