"""Cells of the sheets: how values are written, and how what is typed is read. Pure."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from app.clock import has_calendar
from app.errors import N_
from app.labs.quantities import BadFigure, from_json, parse, reach_of, to_json, typed
from app.typed import whole as number_of
from app.workbooks import BadCell


def whole(text: str) -> int | None:
    """A whole number; None for an empty cell."""
    if not text:
        return None
    number = number_of(text.removesuffix(".0"), 7)
    if number is None:
        raise BadCell(N_("请填整数。"))
    return number


def needed(number: int | None) -> int:
    if number is None:
        raise BadCell(N_("不能为空。"))
    return number


def day(text: str) -> date | None:
    """A local date; None for an empty cell."""
    try:
        on = date.fromisoformat(text[:10]) if text else None
    except ValueError as error:
        raise BadCell(N_("请填日期，例如 2026-12-31。")) from error
    if on is not None and not has_calendar(on):
        raise BadCell(N_("请填日期，例如 2026-12-31。"))
    return on


def hours(text: str) -> tuple[tuple[int, int], ...]:
    """`08:30-12:00; 13:00-24:00` in local minutes; empty closes the day."""
    return tuple(_span(part) for part in text.replace("；", ";").split(";") if part.strip())


def _span(text: str) -> tuple[int, int]:
    opens, dash, closes = text.strip().replace("–", "-").partition("-")
    if not dash:
        raise BadCell(N_("请填时段，例如 08:30-17:30。"))
    return _clock(opens), _clock(closes)


def _clock(text: str) -> int:
    hour, _colon, minute = text.strip().partition(":")
    hours, minutes = number_of(hour, 2), number_of(minute, 2)
    if hours is None or minutes is None or minutes > 59:
        raise BadCell(N_("请填时段，例如 08:30-17:30。"))
    return 60 * hours + minutes


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
