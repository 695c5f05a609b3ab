"""Forms of a run, made for a thumb: few fields, closed lists."""

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectField

from app.booking.delaying import Delay
from app.booking.forms import StartField
from app.booking.models import Booking
from app.booking.steps import Change
from app.forms import CommandForm, VersionField, text
from app.testing.bench_tokens import NewBenchToken
from app.testing.run_rules import PauseCause, Result
from app.testing.runs import Finish, Pause


class RunForm(CommandForm):
    """A step that needs nothing but the version that was seen."""

    version = VersionField()
    note = text(_l("备注"), 500, needed=False)

    def __init__(self, booking: Booking, **given: Any) -> None:
        super().__init__(data={"version": booking.version} | given.pop("data", {}), **given)
        self.booking_id = booking.id

    def command(self) -> Change:
        return Change(self.booking_id, self.version.data or 0, self.note.data or "")


class PauseForm(RunForm):
    cause = SelectField(_l("原因"))

    def __init__(self, booking: Booking, **given: Any) -> None:
        super().__init__(booking, **given)
        self.cause.choices = [(cause.value, gettext(cause.label)) for cause in PauseCause]

    def command(self) -> Pause:
        return Pause(self.booking_id, self.version.data or 0, self.note.data or "", PauseCause(self.cause.data))


class FinishForm(RunForm):
    result = RadioField(_l("结果"))
    comment = text(_l("说明"), 500, needed=False)

    def __init__(self, booking: Booking, **given: Any) -> None:
        super().__init__(booking, **given)
        self.result.choices = [(result.value, gettext(result.label)) for result in Result]

    def command(self) -> Finish:
        return Finish(self.booking_id, self.version.data or 0, self.comment.data or "", Result(self.result.data))


class DelayForm(RunForm):
    until = StartField(_l("现在预计几点结束"))

    def command(self) -> Delay:
        return Delay(self.booking_id, self.version.data or 0, self.note.data or "", self.until.data)


class TokenForm(CommandForm):
    """A token for the software of one bench."""

    name = text(_l("名称"), 60)

    def __init__(self, resource_id: str) -> None:
        super().__init__()
        self.resource_id = resource_id

    def command(self) -> NewBenchToken:
        return NewBenchToken(self.resource_id, self.name.data or "")
