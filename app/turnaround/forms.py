"""The form of a target."""

from flask_babel import lazy_gettext as _l
from wtforms import StringField

from app.errors import N_, Invalid
from app.forms import CommandForm
from app.turnaround.targets import MOST_DAYS, SetTarget


class TargetForm(CommandForm):
    """days: a whole number, or nothing to have no target."""

    days = StringField(_l("P50 目标"))
    lab_id: str | None = None

    def command(self) -> SetTarget:
        """Raises Invalid for what is no number."""
        typed = (self.days.data or "").strip()
        if typed and not (typed.isdecimal() and len(typed) < 5):
            raise Invalid(N_("目标是 1 到 %(most)d 天之间的整数；清空表示不设目标。"), field="days", most=MOST_DAYS)
        return SetTarget(self.lab_id, int(typed) if typed else None)
