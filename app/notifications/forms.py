"""The form of choices: one row of choices for each group."""

from flask_babel import gettext as _
from wtforms import RadioField

from app.forms import CommandForm
from app.notifications.groups import Group, How
from app.notifications.service import Choose


class ChoicesForm(CommandForm):
    """A field for each group, named after it; `offer` leaves those that the reader can be told of."""

    requests = RadioField()
    answers = RadioField()
    changes = RadioField()
    samples = RadioField()
    runs = RadioField()
    reports = RadioField()
    messages = RadioField()
    waiting = RadioField()
    reminders = RadioField()
    seats = RadioField()
    statistics = RadioField()

    def offer(self, groups: list[Group], chosen: dict[Group, How], sent: bool) -> "ChoicesForm":
        """Labels and choices in the reader's language; what holds now unless the form was sent."""
        self.groups = groups
        for group in Group:
            if group not in groups and group.value in self:
                delattr(self, group.value)
        for group in groups:
            field = self[group.value]
            field.label.text = _(group.label)
            field.choices = [(how.value, _(how.label)) for how in How]
            if not sent:
                field.data = chosen.get(group, How.AT_ONCE).value
        return self

    def command(self) -> Choose:
        return Choose({group: How(self[group.value].data) for group in self.groups})
