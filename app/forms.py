"""Forms that end in one command: validate, build it, call the service, show a refusal at its field."""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any, TypeVar

from flask import request
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, Field, HiddenField, IntegerField, SelectMultipleField, StringField, ValidationError
from wtforms.validators import InputRequired, Length
from wtforms.validators import Optional as Blank
from wtforms.widgets import CheckboxInput, ListWidget

from app.clock import has_calendar
from app.errors import YujianError
from app.language import refusal
from app.typed import NUL, cleaned, whole

Result = TypeVar("Result")
FARTHEST = 10**15


class CommandForm(FlaskForm):
    """Subclasses build a frozen command in `command()`. What was typed is kept after a refusal."""

    command: Callable[[], Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.refused: YujianError | None = None
        self.refusal_text: str = ""

    @property
    def status(self) -> int:
        """HTTP status of the page that shows this form again."""
        if self.refused:
            return self.refused.status
        return 422 if self.is_submitted() and self.errors else 200

    def run(self, service: Callable[..., Result], *args: Any) -> Result | None:
        """Call `service(*args, command)` when the form is valid; None when it was refused or not sent."""
        if not self.validate_on_submit():
            return None
        try:
            return service(*args, self.command())
        except YujianError as error:
            self.refuse(error)
            return None

    def refuse(self, error: YujianError) -> None:
        """Show a refusal at its field, or above the form when it has none here."""
        self.refused = error
        text = refusal(error)
        field = self._fields.get(error.field or "")
        if field is None:
            self.refusal_text = text
        else:
            field.errors = [*field.errors, text]


def no_nul(_form: FlaskForm, field: Any) -> None:
    """Filter for text fields: a text without NUL bytes (see `cleaned`) keeps its blanks for who goes on typing."""
    if field.data and NUL in field.data:
        field.data = field.data.replace(NUL, "")


def ruled(rule: Callable[..., object], *given: Any) -> None:
    """A rule of the service, asked already when the form is checked. Raises ValidationError with its refusal."""
    try:
        rule(*given)
    except YujianError as error:
        raise ValidationError(refusal(error)) from error


def at_most(length: int) -> Callable[[Any, Field], None]:
    """A text has at most `length` characters; says how many there are."""

    def check(_form: Any, field: Field) -> None:
        if field.data and len(field.data) > length:
            message = _l("最多 %(most)d 个字符，现在 %(length)d 个。", most=length, length=len(field.data))
            raise ValidationError(message)

    return check


def trimmed(value: str | None) -> str | None:
    """Filter: without blanks around."""
    return value.strip() if value else value


def text(label: Any, most: int, *, needed: bool = True, **control: Any) -> StringField:
    """A line of text of at most `most` characters."""
    first = InputRequired() if needed else Blank()
    return StringField(label, validators=[first, no_nul, Length(max=most)], filters=[trimmed], render_kw=control)


class WholeField(IntegerField):
    """A whole number. What is far beyond any limit is taken for as much as a limit can be asked about."""

    data: int | None

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        if self.data is not None:
            self.data = max(-FARTHEST, min(self.data, FARTHEST))


class DayField(DateField):
    """A local date of which working days are known."""

    data: date | None

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        if self.data is not None and not has_calendar(self.data):
            self.data = None
            raise ValueError(_l("请填日期，例如 2026-12-31。"))


class ChoicesField(SelectMultipleField):
    """Any number of choices as check boxes."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def __iter__(self) -> Iterator[Any]:
        """The boxes; a browser would take "one of them is needed" for "each of them is"."""
        for option in super().__iter__():
            option.flags.required = False
            yield option


class VersionField(HiddenField):
    """The version of the row that the page showed."""

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = whole(valuelist[0]) if valuelist else None
        if self.data is None:
            raise ValueError(_l("这个页面不完整，请重新打开。"))


def version_seen() -> int:
    """The version that the page showed, of a form without fields; 0 for none, which is no row's."""
    return whole(request.form.get("version", "")) or 0


def row_cursor(text: str) -> tuple[datetime, str] | None:
    """The row behind which a page of a list begins, `instant|id` as in its address; None for anything else."""
    instant, _bar, ident = cleaned(text).partition("|")
    try:
        at = datetime.fromisoformat(instant.replace(" ", "+"))
    except ValueError:
        return None
    return (at, ident) if at.tzinfo and has_calendar(at) and ident else None
