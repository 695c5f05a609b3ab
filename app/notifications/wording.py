"""A notice as a sentence, in the language that is spoken where it is written."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext

from app.language import day, lang, moment
from app.notifications.models import Notice

MOMENTS, DAYS = frozenset({"start", "by", "until"}), frozenset({"due"})


def sentence(notice: Notice) -> str:
    """One sentence; times in the labs' zone."""
    return gettext(notice.sentence, **_written(notice.facts))


def _written(facts: Mapping[str, Any]) -> dict[str, str]:
    return {name: _fact(name, value) for name, value in facts.items()}


def _fact(name: str, value: Any) -> str:
    """Names stand in both languages; one that has no English is told in Chinese."""
    if isinstance(value, list):
        return str((value[1] if lang() == "en" else value[0]) or value[0])
    if name in MOMENTS:
        return moment(datetime.fromisoformat(value))
    return day(datetime.fromisoformat(value)) if name in DAYS else str(value)
