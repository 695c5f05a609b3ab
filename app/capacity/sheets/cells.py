"""Cells of the sheets: how values are written, and how what is typed is read. Pure."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from app.errors import N_, Invalid
from app.labs.quantities import BadFigure, from_json, parse, reach_of, to_json, typed
from app.language import lang, local

# What a flag is written as, by language; either is read in both.
FLAGS = {"zh": ("否", "是"), "en": ("no", "yes")}
_YES = frozenset({"是", "yes", "y", "true", "1", "x", "√"})
_NO = frozenset({"", "否", "no", "n", "false", "0"})


class BadCell(Invalid):
    """A cell that can't be read; its message says what belongs there, `field` is the column."""


def text_of(value: Any) -> str:
    """Any value as the sheet shows it: dates as 2026-12-01, instants as local 2026-12-01 08:30, whole numbers plain."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return FLAGS[lang()][value]
    if isinstance(value, datetime):
        return f"{local(value) if value.tzinfo else value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return f"{value:g}" if abs(value) < 1e15 else str(value)
    return str(value).replace("\x00", "").strip()


def spoken(text: str) -> str:
    """A flag of the other language in this one; any other text as it stands."""
    for words in FLAGS.values():
        if text in words:
            return FLAGS[lang()][words.index(text)]
    return text


def whole(text: str) -> int | None:
    """A whole number; None for an empty cell."""
    if not text:
        return None
    number = text.removesuffix(".0")
    if not (number.isascii() and number.isdigit() and len(number) < 8):
        raise BadCell(N_("请填整数。"))
    return int(number)


def needed(number: int | None) -> int:
    if number is None:
        raise BadCell(N_("不能为空。"))
    return number


def yes(text: str) -> bool:
    """是 or 否."""
    if text.casefold() in _YES:
        return True
    if text.casefold() in _NO:
        return False
    raise BadCell(N_("请填“是”或“否”。"))


def day(text: str) -> date | None:
    """A local date; None for an empty cell."""
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError as error:
        raise BadCell(N_("请填日期，例如 2026-12-31。")) from error


def hours(text: str) -> tuple[tuple[int, int], ...]:
    """`08:30-12:00; 13:00-24:00` in local minutes; empty closes the day."""
    return tuple(_span(part) for part in text.replace("；", ";").split(";") if part.strip())


def _span(text: str) -> tuple[int, int]:
    opens, dash, closes = text.strip().replace("–", "-").partition("-")
    if not dash:
        raise BadCell(N_("请填时段，例如 08:30-17:30。"))
    return _clock(opens), _clock(closes)


def _clock(text: str) -> int:
    hour, colon, minute = text.strip().partition(":")
    if not (colon and hour.isdigit() and minute.isdigit() and int(hour) <= 24 and int(minute) < 60):
        raise BadCell(N_("请填时段，例如 08:30-17:30。"))
    return 60 * int(hour) + int(minute)


def hours_text(spans: Sequence[Sequence[int]]) -> str:
    """Local minutes as `08:30-12:00; 13:00-24:00`."""
    return "; ".join(f"{o // 60:02}:{o % 60:02}-{c // 60:02}:{c % 60:02}" for o, c in spans)


def statement(text: str, points: bool = False) -> dict[str, Any]:
    """Figures with units, as they are stored. points: what a test needs, where a single figure is one point."""
    try:
        found, rest = (parse if points else reach_of)(text)
    except BadFigure as error:
        raise BadCell(N_("“%(text)s”的上限小于下限。"), text=str(error)) from error
    if rest:
        raise BadCell(N_("看不懂“%(text)s”。请写数字和单位，例如 −40…85 °C, 8 m³, 350 kW。"), text=rest)
    return to_json(found)


def statement_text(stored: dict[str, Any]) -> str:
    """A stored statement as people type it."""
    return typed(from_json(stored))
