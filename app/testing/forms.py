"""The forms of reports: recording one by number and date, and the steps of a version."""

from datetime import date

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import DateField, Field, StringField, TextAreaField, ValidationError

from app.files.rules import NoFiles
from app.files.service import Upload
from app.forms import CommandForm, VersionField, at_most, no_nul
from app.language import refusal
from app.testing.models import TestReport
from app.testing.reports import Draft, Issue, ReportStep
from app.testing.rules import MOST_REASON, NUMBER_LENGTH
from app.testing.service import IssueReport

NUMBER = [no_nul, at_most(NUMBER_LENGTH)]
DATE_WANTED = _l("请填日期，例如 2026-05-18。")


class IssueForm(CommandForm):
    """Number and date of the report, for one completed booking."""

    version = VersionField()
    number = StringField(_l("报告编号"), NUMBER)
    issued_on = DateField(_l("签发日期"), invalid_value_message=DATE_WANTED)

    def __init__(self, booking_id: str, today: date, version: int | None = None) -> None:
        super().__init__(data={"version": version, "issued_on": today})
        self.booking_id = booking_id

    def validate_issued_on(self, field: Field) -> None:
        _check_date(field)

    def command(self) -> IssueReport:
        assert self.version.data is not None and self.issued_on.data is not None
        return IssueReport(self.booking_id, self.number.data or "", self.issued_on.data, self.version.data)


class DraftForm(CommandForm):
    """A PDF for a line's report."""

    version = VersionField()
    file = FileField(_l("报告 PDF"))

    def __init__(self, booking_id: str, version: int = 0) -> None:
        super().__init__(data={"version": version})
        self.booking_id = booking_id

    def validate_file(self, field: Field) -> None:
        if not field.data:
            raise ValidationError(refusal(NoFiles()))

    def command(self) -> Draft:
        assert self.version.data is not None
        return Draft(self.booking_id, self.version.data, Upload(self.file.data.filename or "", self.file.data.stream))


class StepForm(CommandForm):
    """A step on a version, with a reason where it needs one."""

    version = VersionField()
    reason = TextAreaField(_l("原因"), [no_nul, at_most(MOST_REASON)])

    def __init__(self, report: TestReport) -> None:
        super().__init__(data={"version": report.version})
        self.report_id = report.id

    def command(self) -> ReportStep:
        assert self.version.data is not None
        return ReportStep(self.report_id, self.version.data, self.reason.data or "")


class IssueVersionForm(CommandForm):
    """Number and date of an approved version."""

    version = VersionField()
    number = StringField(_l("报告编号"), NUMBER)
    issued_on = DateField(_l("签发日期"), invalid_value_message=DATE_WANTED)

    def __init__(self, report: TestReport, number: str, today: date) -> None:
        super().__init__(data={"version": report.version, "number": number, "issued_on": today})
        self.report_id = report.id

    def validate_issued_on(self, field: Field) -> None:
        _check_date(field)

    def command(self) -> Issue:
        assert self.version.data is not None and self.issued_on.data is not None
        number, on = self.number.data or "", self.issued_on.data
        return Issue(self.report_id, self.version.data, number=number, issued_on=on)


def _check_date(field: Field) -> None:
    if field.data is None and not field.process_errors:
        raise ValidationError(DATE_WANTED)
