"""Forms that end in one command: validate, build it, call the service, show a refusal at its field."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask_wtf import FlaskForm

from app.errors import YujianError
from app.language import refusal

Result = TypeVar("Result")


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
    """Filter for text fields: NUL bytes can't be stored by PostgreSQL and mean nothing."""
    if field.data and "\x00" in field.data:
        field.data = field.data.replace("\x00", "")
