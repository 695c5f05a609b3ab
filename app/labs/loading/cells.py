"""How one cell of the catalogue's CSV files is read. Pure: each reader gives the value or raises BadCell."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from app.accounts import rules
from app.errors import N_, Invalid

Reader = Callable[[str], Any]

IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,53}")
URL = re.compile(r"https?://[^\s<>\"]+")
LONGEST_TEXT = 2_000
FIRST_YEAR, LAST_YEAR = 1950, 2100


class BadCell(Exception):
    """Why a cell can't be read: a msgid and its facts."""

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts


def text(cell: str) -> str:
    """Any text, also none."""
    if len(cell) > LONGEST_TEXT:
        raise BadCell(N_("文字长 %(length)s 字，最多 %(limit)s 字"), length=len(cell), limit=LONGEST_TEXT)
    return cell


def required(cell: str) -> str:
    """A text that can't be empty."""
    if not cell:
        raise BadCell(N_("不能为空"))
    return text(cell)


def identifier(cell: str) -> str:
    """An id: letters, digits, dot, hyphen and underscore; at most 54 characters, so that `-1` … fit behind it."""
    if not IDENTIFIER.fullmatch(required(cell)):
        raise BadCell(N_("“%(value)s”不是编号：只能用字母、数字、点、连字符和下划线，最多 54 个字符"), value=cell)
    return cell


def url(cell: str) -> str:
    """An address that a page may link to, or nothing."""
    if cell and not URL.fullmatch(text(cell)):
        raise BadCell(N_("“%(value)s”不是 http 或 https 网址"), value=cell)
    return cell


def credit_code(cell: str) -> str:
    """A unified social credit code with its check digit."""
    try:
        return rules.credit_code(cell)
    except Invalid as error:
        raise BadCell(N_("“%(value)s”不是统一社会信用代码"), value=cell) from error


def code_of(*allowed: str) -> Reader:
    """One of the words given."""

    def read(cell: str) -> str:
        if cell not in allowed:
            raise BadCell(N_("“%(value)s”不在允许的值之中：%(allowed)s"), value=cell, allowed=", ".join(allowed))
        return cell

    return read


def integer(least: int, most: int) -> Reader:
    """A whole number between two bounds, both included."""

    def read(cell: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,9}", cell) or not least <= int(cell) <= most:
            raise BadCell(N_("“%(value)s”不是 %(least)s 到 %(most)s 的整数"), value=cell, least=least, most=most)
        return int(cell)

    return read


def number(least: float, most: float) -> Reader:
    """A decimal number between two bounds, both included."""

    def read(cell: str) -> float:
        value = _decimal(cell)
        if value is None or not least <= value <= most:
            raise BadCell(N_("“%(value)s”不是 %(least)s 到 %(most)s 的数"), value=cell, least=least, most=most)
        return float(value)

    return read


def minutes(least: int, most_hours: int) -> Reader:
    """Hours as minutes, exactly: `1.2` is 72. least: in minutes."""

    def read(cell: str) -> int:
        value = _decimal(cell)
        if value is None or not 0 <= value <= most_hours:
            raise BadCell(N_("“%(value)s”不是 0 到 %(most)s 的小时数"), value=cell, most=most_hours)
        exact = Fraction(value) * 60
        if exact.denominator != 1:
            raise BadCell(N_("“%(value)s”小时不是整分钟"), value=cell)
        if exact < least:
            raise BadCell(N_("“%(value)s”小时太短，至少 %(least)s 分钟"), value=cell, least=least)
        return int(exact)

    return read


def _decimal(cell: str) -> Decimal | None:
    if not re.fullmatch(r"-?[0-9]{1,9}(\.[0-9]{1,9})?", cell):
        return None
    try:
        return Decimal(cell)
    except InvalidOperation:
        return None


def flag(cell: str) -> bool:
    """`1` or `0`."""
    if cell not in ("0", "1"):
        raise BadCell(N_("“%(value)s”应为 0 或 1"), value=cell)
    return cell == "1"


def day(cell: str) -> date:
    """A date as `2026-07-01`."""
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", cell):
            raise ValueError(cell)
        value = date.fromisoformat(cell)
    except ValueError as error:
        raise BadCell(N_("“%(value)s”不是日期，应写作 2026-07-01"), value=cell) from error
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise BadCell(N_("“%(value)s”不在 %(first)s 到 %(last)s 年之间"), value=cell, first=FIRST_YEAR, last=LAST_YEAR)
    return value


def rough_day(cell: str) -> str:
    """A date as far as it is known: `2026-07-01`, `2026-07` or `2026`."""
    if not re.fullmatch(r"\d{4}(-\d{2}){0,2}", cell):
        raise BadCell(N_("“%(value)s”不是日期，应写作 2026-07-01、2026-07 或 2026"), value=cell)
    day(cell + "-01-01"[len(cell) - 4 :])
    return cell


def optional(reader: Reader) -> Reader:
    """Nothing (None), or what the reader reads."""

    def read(cell: str) -> Any:
        return reader(cell) if cell else None

    return read


def several(reader: Reader, least: int = 0) -> Reader:
    """Values joined by `|`, none twice."""

    def read(cell: str) -> list[Any]:
        parts = cell.split("|") if cell else []
        if len(parts) < least:
            raise BadCell(N_("不能为空"))
        values = [reader(part.strip()) for part in parts]
        twice = first_repeated(values)
        if twice is not None:
            raise BadCell(N_("“%(value)s”写了两次"), value=twice)
        return values

    return read


def first_repeated(values: Sequence[Any]) -> Any | None:
    """The first value that was there before; None when all differ."""
    return next((value for place, value in enumerate(values) if value in values[:place]), None)


@dataclass(frozen=True, slots=True)
class SampleReference:
    """`V1:vehicle`: the name of a programme's specimen and what it is."""

    name: str
    kind: str


def sample_reference(kinds: Sequence[str]) -> Reader:
    """A specimen and its kind."""
    read_kind = code_of(*kinds)

    def read(cell: str) -> SampleReference:
        name, colon, kind = cell.partition(":")
        if not colon:
            raise BadCell(N_("“%(value)s”不是样品，应写作 V1:vehicle"), value=cell)
        return SampleReference(identifier(name), read_kind(kind))

    return read
