"""A notice as a sentence, in the language that is spoken where it is written."""

from datetime import datetime
from typing import Any

from flask_babel import gettext

from app.language import day, lang, moment
from app.notifications.models import Notice

MOMENTS, DAYS = frozenset({"start", "by", "until"}), frozenset({"due"})


class _Facts(dict[str, str]):
    """A fact that an older notice does not have is a dash, not a page that can't be shown."""

    def __missing__(self, _name: str) -> str:
        return "–"


def sentence(notice: Notice) -> str:
    """One sentence; times in the labs' zone."""
    return gettext(notice.sentence) % _Facts({name: _fact(name, value) for name, value in notice.facts.items()})


def _fact(name: str, value: Any) -> str:
    """Names stand in both languages; one that has no English is told in Chinese."""
    if isinstance(value, list):
        return str((value[1] if lang() == "en" else value[0]) or value[0])
    if name in MOMENTS:
        return moment(datetime.fromisoformat(value))
    return day(datetime.fromisoformat(value)) if name in DAYS else str(value)
