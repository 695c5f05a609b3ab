"""Forms of bookings: what was typed becomes one command; what was refused is kept."""

import secrets
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, Field, HiddenField, StringField, TextAreaField, ValidationError
from wtforms.fields import DateTimeLocalField

from app.booking.rules import NOTE_LENGTH, REASON_LENGTH, SAMPLE_LENGTH, State
from app.booking.service import Book, Change, Move
from app.forms import CommandForm, no_nul
from app.language import ZONE, local

EXAMPLE = "2026-05-06 08:30"
FIRST_YEAR, LAST_YEAR = 2001, 2100


def at_most(length: int) -> Callable[[Any, Field], None]:
    """A text has at most `length` characters; says how many there are."""

    def check(_form: Any, field: Field) -> None:
        if field.data and len(field.data) > length:
            message = _l("最多 %(most)d 个字符，现在 %(length)d 个。", most=length, length=len(field.data))
            raise ValidationError(message)

    return check


def parse_start(text: str) -> datetime:
    """An instant: local time as a date field gives it, or ISO 8601 with an offset as links carry it.

    Raises ValueError for anything else and for years whose working days nobody knows.
    """
    # A plus sign that was not escaped in a link arrives as a blank.
    given = datetime.fromisoformat(text.strip().replace(" ", "+") if "T" in text else text.strip())
    if not FIRST_YEAR <= given.year <= LAST_YEAR:
        raise ValueError("year out of range")
    return given if given.tzinfo else given.replace(tzinfo=ZONE)


class StartField(DateTimeLocalField):
    """An instant, typed as Shanghai time; kept as typed when it can't be read."""

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = None
        if not valuelist or not valuelist[0].strip():
            return
        try:
            self.data = parse_start(valuelist[0])
        except ValueError as error:
            message = _l("请填日期和时间，例如 %(example)s。", example=EXAMPLE)
            raise ValueError(message) from error

    def _value(self) -> str:
        if self.data is not None:
            return f"{local(self.data):%Y-%m-%dT%H:%M}"
        return self.raw_data[0] if self.raw_data else ""


def needed(_form: Any, field: Field) -> None:
    """There has to be a time."""
    if field.data is None and not field.process_errors:
        raise ValidationError(_l("请填日期和时间，例如 %(example)s。", example=EXAMPLE))


def take_choice(choice: Field, resource: Field, starts_at: StartField) -> None:
    """Fill bench and time from an offer taken with one click (`resource|start`), if there is one."""
    if choice.data:
        resource.data, _bar, start = choice.data.partition("|")
        starts_at.process(MultiDict([(starts_at.name, start)]))
        choice.data = ""


class VersionField(HiddenField):
    """The version of the row that the page showed."""

    def process_formdata(self, valuelist: list[str]) -> None:
        text = valuelist[0] if valuelist else ""
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            self.data = None
            raise ValueError(_l("这个页面缺了预约的版本，请重新打开。"))
        self.data = int(text)


class BookingForm(CommandForm):
    """A new booking. `choice` is an offer taken with one click: `resource|start`, instead of the fields."""

    test = HiddenField(_l("检测项目"), [no_nul, at_most(60)])
    resource = HiddenField(_l("台架"), [no_nul, at_most(64)])
    starts_at = StartField(_l("上台时间"), [needed])
    sample = StringField(_l("样品"), [no_nul, at_most(SAMPLE_LENGTH)])
    note = TextAreaField(_l("备注"), [no_nul, at_most(NOTE_LENGTH)])
    acknowledged = BooleanField(_l("我知道可能无法进行"))
    state = HiddenField()
    # One form sent twice by a nervous finger is one booking.
    key = HiddenField(validators=[at_most(40)])
    choice = HiddenField()

    needs_acknowledgement = False

    def take_choice(self) -> None:
        """Put a chosen offer in the place of bench and time."""
        take_choice(self.choice, self.resource, self.starts_at)

    def give_key(self) -> None:
        """A key for a form that is shown for the first time."""
        self.key.data = self.key.data or secrets.token_hex(8)

    def validate_state(self, field: Field) -> None:
        if field.data not in (State.HELD, State.REQUESTED):
            raise ValidationError(_l("请选暂留或提交申请。"))

    def validate_acknowledged(self, field: Field) -> None:
        if self.needs_acknowledgement and not field.data:
            raise ValidationError(_l("请先勾选，再暂留或提交。"))

    def command(self) -> Book:
        assert self.starts_at.data is not None  # `needed` has seen to it
        command = Book(
            test_id=self.test.data or "",
            resource=self.resource.data or "",
            starts_at=self.starts_at.data,
            state=State(self.state.data),
            sample=(self.sample.data or "").strip(),
            note=(self.note.data or "").strip(),
        )
        key = f"form:{self.key.data}:{command.fingerprint}" if self.key.data else None
        return replace(command, idempotency_key=key)


class StepForm(CommandForm):
    """A step of one booking, as the page last showed it."""

    version = VersionField()
    reason = TextAreaField(_l("原因"), [no_nul, at_most(REASON_LENGTH)])

    def __init__(self, booking_id: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.booking_id = booking_id

    def command(self) -> Change:
        assert self.version.data is not None  # its field has refused anything else
        return Change(self.booking_id, self.version.data, (self.reason.data or "").strip())


def ticked(values: Iterable[str]) -> list[Change]:
    """What was ticked in the inbox, `id:version` each; values that nobody's page has made are left out."""
    parts = (value.partition(":") for value in values)
    return [
        Change(booking_id, int(version))
        for booking_id, _colon, version in parts
        if version.isascii() and version.isdigit() and len(version) < 10 and "\x00" not in booking_id
    ]


class MoveForm(StepForm):
    """Another time, typed or chosen (`resource|start`)."""

    resource = StringField(_l("台架"), [no_nul, at_most(64)])
    starts_at = StartField(_l("上台时间"), [needed])
    choice = HiddenField()

    def take_choice(self) -> None:
        """Put a chosen offer in the place of bench and time."""
        take_choice(self.choice, self.resource, self.starts_at)

    def command(self) -> Move:
        assert self.version.data is not None
        return Move(
            self.booking_id,
            self.version.data,
            (self.reason.data or "").strip(),
            starts_at=self.starts_at.data,
            resource=self.resource.data or None,
        )
