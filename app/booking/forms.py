"""Forms of bookings: what was typed becomes one command; what was refused is kept."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, Field, HiddenField, SelectField, StringField, TextAreaField, ValidationError
from wtforms.fields import DateTimeLocalField
from wtforms.fields.choices import SelectChoice

from app.accounts.policy import Viewer
from app.booking.availability import Wish
from app.booking.describing import Describe
from app.booking.models import Booking
from app.booking.move_rules import MoveCause
from app.booking.moves import Move
from app.booking.rules import NOTE_LENGTH, REASON_LENGTH, SAMPLE_LENGTH, State
from app.booking.service import Book
from app.booking.steps import Change
from app.clock import has_calendar
from app.forms import CommandForm, VersionField, at_most, no_nul, trimmed
from app.language import ZONE, local
from app.typed import cleaned, whole

EXAMPLE = "2026-05-06 08:30"


def parse_start(text: str) -> datetime:
    """An instant: local time as a date field gives it, or ISO 8601 with an offset as links carry it.

    Raises ValueError for anything else and for years whose working days nobody knows.
    """
    # A plus sign that was not escaped in a link arrives as a blank.
    given = datetime.fromisoformat(text.strip().replace(" ", "+") if "T" in text else text.strip())
    if not has_calendar(given):
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


class BookingForm(CommandForm):
    """A new booking. `choice` is an offer taken with one click: `resource|start`, instead of the fields."""

    test = HiddenField(_l("检测项目"), [no_nul, at_most(60)])
    resource = HiddenField(_l("台架"), [no_nul, at_most(64)])
    starts_at = StartField(_l("上台时间"), [needed])
    sample = StringField(_l("样品"), [no_nul, at_most(SAMPLE_LENGTH)])
    note = TextAreaField(_l("备注"), [no_nul, at_most(NOTE_LENGTH)])
    acknowledged = BooleanField(_l("我知道可能无法进行"))
    exclusive = BooleanField(_l("独占整个资源"))
    shielded = BooleanField(_l("相邻场地不安排其他企业"))
    # A covered vehicle has the whole surface, and nobody beside it.
    covered = BooleanField(_l("伪装车：独占，相邻场地也不安排其他企业"))
    state = HiddenField()
    # One form sent twice by a nervous finger is one booking.
    key = HiddenField(validators=[no_nul, at_most(40)])
    choice = HiddenField()
    # The order of which this is a line.
    order = HiddenField(validators=[no_nul, at_most(24)])

    needs_acknowledgement = False

    def prepare(self) -> None:
        """Put a chosen offer in the place of bench and time; give a form that is new its key."""
        take_choice(self.choice, self.resource, self.starts_at)
        for field in (self.test, self.resource, self.order):
            no_nul(self, field)
        self.starts_at.errors = list(self.starts_at.process_errors)
        self.key.data = self.key.data or secrets.token_hex(8)
        self.state.data = self.state.data or ""

    def validate_state(self, field: Field) -> None:
        if field.data not in (State.HELD, State.REQUESTED):
            raise ValidationError(_l("请选暂留或提交申请。"))

    def validate_acknowledged(self, field: Field) -> None:
        if self.needs_acknowledgement and not field.data:
            raise ValidationError(_l("请先勾选，再暂留或提交。"))

    def wish(self, viewer: Viewer) -> Wish:
        """For whom a time is looked for, and what more than a place."""
        return Wish(viewer.company_id, self.alone, self.unseen)

    @property
    def alone(self) -> bool:
        """Whether the whole resource is asked for."""
        return bool(self.exclusive.data or self.covered.data)

    @property
    def unseen(self) -> bool:
        """Whether nobody else may be beside it."""
        return bool(self.shielded.data or self.covered.data)

    def command(self) -> Book:
        assert self.starts_at.data is not None  # `needed` has seen to it
        command = Book(
            test_id=self.test.data or "",
            resource=self.resource.data or "",
            starts_at=self.starts_at.data,
            state=State(self.state.data),
            sample=(self.sample.data or "").strip(),
            note=(self.note.data or "").strip(),
            exclusive=self.alone,
            shielded=self.unseen,
            order_id=self.order.data or "",
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


class DescribeForm(CommandForm):
    """What the sample of a booking is, and a note for the lab."""

    version = VersionField()
    sample = StringField(_l("样品"), [no_nul, at_most(SAMPLE_LENGTH)], filters=[trimmed])
    note = TextAreaField(_l("备注"), [no_nul, at_most(NOTE_LENGTH)], filters=[trimmed])

    def __init__(self, booking: Booking, **given: Any) -> None:
        super().__init__(obj=booking, **given)
        self.booking_id = booking.id

    def command(self) -> Describe:
        assert self.version.data is not None  # its field has refused anything else
        return Describe(self.booking_id, self.version.data, self.sample.data or "", self.note.data or "")


def ticked(values: Iterable[str]) -> list[Change]:
    """What was ticked in the inbox, `id:version` each; values that nobody's page has made are left out."""
    parts = (cleaned(value).partition(":") for value in values)
    return [Change(booking_id, version) for booking_id, _colon, typed in parts if (version := whole(typed)) is not None]


class MoveForm(StepForm):
    """Another time, typed or chosen (`resource|start`)."""

    resource = StringField(_l("台架"), [no_nul, at_most(64)])
    starts_at = StartField(_l("上台时间"), [needed])
    cause = SelectField(
        _l("改期的原因类别"),
        default="",
        choices=[SelectChoice("", _l("不说明")), *(SelectChoice(each.value, _l(each.label)) for each in MoveCause)],
    )
    choice = HiddenField()

    @classmethod
    def of(cls, booking: Booking) -> "MoveForm":
        """The form for a booking: its present bench and time until something else is sent; a choice taken over."""
        present = {"version": booking.version, "resource": booking.resource_id, "starts_at": booking.starts_at}
        form = cls(booking.id, data=present)
        take_choice(form.choice, form.resource, form.starts_at)
        form.resource.data = form.resource.data or booking.resource_id
        return form

    @classmethod
    def asked(cls, booking: Booking, args: Mapping[str, str]) -> "MoveForm":
        """The form for where an address says that a booking goes; its present place and time for what can't be read."""
        try:
            starts_at = parse_start(args.get("starts_at", ""))
        except ValueError:
            starts_at = booking.starts_at
        resource = args.get("resource") or booking.resource_id
        return cls(
            booking.id,
            formdata=None,
            data={"version": booking.version, "resource": resource, "starts_at": starts_at},
        )

    def command(self) -> Move:
        assert self.version.data is not None
        return Move(
            self.booking_id,
            self.version.data,
            (self.reason.data or "").strip(),
            starts_at=self.starts_at.data,
            resource=self.resource.data,
            cause=MoveCause(self.cause.data) if self.cause.data else None,
        )


def parse_day(text: str, now: datetime) -> date:
    """The local date of an address, today for anything that can't be read."""
    try:
        on = date.fromisoformat(text)
    except ValueError:
        return local(now).date()
    return on if has_calendar(on) else local(now).date()
