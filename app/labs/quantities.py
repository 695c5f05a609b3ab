"""Quantities in which benches, tests and samples are stated: what a bench reaches, what a test asks, what a sample is.

Pure. A statement is kept as JSON, `{"temperature": [-40, 85], "volume": [8, null]}`, in the unit of the quantity.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.errors import N_


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity with its unit; units: what people type, with the factor to the unit. label: a msgid."""

    key: str
    label: str
    unit: str
    units: Mapping[str, float]


_ALL = (
    Quantity("mass", N_("质量"), "kg", {"kg": 1, "公斤": 1, "千克": 1, "t": 1000, "吨": 1000, "g": 0.001}),
    Quantity("length", N_("长度"), "mm", {"mm": 1, "毫米": 1, "cm": 10, "m": 1000, "米": 1000}),
    Quantity("volume", N_("容积"), "m³", {"m³": 1, "m3": 1, "立方米": 1, "立方": 1, "l": 0.001, "升": 0.001}),
    Quantity("voltage", N_("电压"), "V", {"v": 1, "伏": 1, "kv": 1000}),
    Quantity("current", N_("电流"), "A", {"a": 1, "安": 1, "ka": 1000}),
    Quantity("power", N_("功率"), "kW", {"kw": 1, "千瓦": 1, "w": 0.001, "mw": 1000}),
    Quantity("temperature", N_("温度"), "°C", {"°c": 1, "℃": 1, "摄氏度": 1, "度": 1}),
    Quantity("humidity", N_("相对湿度"), "%RH", {"%rh": 1, "%": 1}),
    Quantity("speed", N_("速度"), "km/h", {"km/h": 1, "kmh": 1, "公里/小时": 1, "m/s": 3.6}),
    Quantity("force", N_("力"), "kN", {"kn": 1, "千牛": 1, "n": 0.001}),
    Quantity("torque", N_("扭矩"), "N·m", {"n·m": 1, "nm": 1, "牛米": 1}),
    Quantity("rotation", N_("转速"), "r/min", {"r/min": 1, "rpm": 1, "转": 1}),
    Quantity("frequency", N_("频率"), "Hz", {"hz": 1, "赫兹": 1, "khz": 1000}),
)
QUANTITIES: Mapping[str, Quantity] = {quantity.key: quantity for quantity in _ALL}
_BY_UNIT = {unit: quantity for quantity in _ALL for unit in quantity.units}


@dataclass(frozen=True, slots=True)
class Range:
    """From minimum to maximum, both inclusive, in the quantity's unit; None is open."""

    minimum: float | None
    maximum: float | None

    def __str__(self) -> str:
        if self.minimum is None:
            return f"≤ {plain(self.maximum)}"
        if self.maximum is None:
            return f"≥ {plain(self.minimum)}"
        if self.minimum == self.maximum:
            return plain(self.minimum)
        return f"{plain(self.minimum)}…{plain(self.maximum)}"


Statement = Mapping[str, Range]
"""Ranges by quantity."""


def plain(number: float | None) -> str:
    """A number as people write it, with a true minus."""
    return "" if number is None else f"{number:g}".replace("-", "−")


def from_json(stored: Mapping[str, Sequence[float | None]]) -> dict[str, Range]:
    """A statement as it is stored; quantities nobody knows are left out."""
    return {key: Range(*pair) for key, pair in stored.items() if key in QUANTITIES}


def to_json(statement: Statement) -> dict[str, list[float | None]]:
    """A statement as it is stored."""
    return {key: [each.minimum, each.maximum] for key, each in statement.items()}


def told(key: str, each: Range) -> str:
    """`−40…85 °C`."""
    return f"{each} {QUANTITIES[key].unit}"


@dataclass(frozen=True, slots=True)
class Misfit:
    """A quantity that a bench doesn't reach, or lets in too little of. has: what is stated; asked: what is needed."""

    key: str
    has: Range
    asked: Range


def misfits(has: Statement, asked: Statement) -> list[Misfit]:
    """What of `asked` does not lie inside what is stated; of quantities that aren't stated nothing is said."""
    return [
        Misfit(key, has[key], wanted) for key, wanted in asked.items() if key in has and not _inside(wanted, has[key])
    ]


def unstated(has: Statement, asked: Statement) -> list[str]:
    """Quantities that are asked for and not stated."""
    return [key for key in asked if key not in has]


def _inside(wanted: Range, has: Range) -> bool:
    low = has.minimum is None or wanted.minimum is None or wanted.minimum >= has.minimum
    high = has.maximum is None or wanted.maximum is None or wanted.maximum <= has.maximum
    return low and high


# Nothing on a bench is longer than that, and no number of digits is infinite.
_NUMBER = r"[-−–＋+]?\d{1,9}(?:[.,]\d{1,6})?"
_UNIT = "|".join(sorted(map(re.escape, _BY_UNIT), key=len, reverse=True))
_FIGURE = re.compile(
    # What stands before and after a figure says the same as the figure: that much has to be reached.
    rf"(?:≥|>=|≤|<=|>|<|不小于|不低于|至少|不大于|不超过|至多|最多)?\s*"
    rf"(?<![\d.,])(?P<low>{_NUMBER})\s*(?:(?P<low_unit>{_UNIT})?\s*(?:…|\.\.\.|\.\.|~|～|至|到|—)\s*(?P<high>{_NUMBER}))?\s*"
    rf"(?P<unit>{_UNIT})(?![A-Za-z0-9])\s*(?:及?以上|及?以下|以内)?",
    re.IGNORECASE,
)


class BadFigure(ValueError):
    """A range that ends before it begins; the argument is what was typed."""


def parse(text: str) -> tuple[dict[str, Range], str]:
    """Figures in what people type, and the rest of the text.

    `≥ 8 m³` asks for 8 or more to be reached and `350 kW` for 350; `−40…85 °C` for the whole range. Raises BadFigure.
    """
    found: dict[str, Range] = {}
    rest: list[str] = []
    last = 0
    for match in _FIGURE.finditer(text):
        quantity = _BY_UNIT[match["unit"].lower()]
        found[quantity.key] = _range(match, quantity)
        rest.append(text[last : match.start()])
        last = match.end()
    rest.append(text[last:])
    return found, _tidy("".join(rest))


def _range(match: re.Match[str], quantity: Quantity) -> Range:
    factor = quantity.units[match["unit"].lower()]
    low = _number(match["low"]) * factor
    if match["high"] is None:
        return Range(low, low)
    high = _number(match["high"]) * factor
    if high < low:
        raise BadFigure(match.group().strip())
    return Range(low, high)


def _number(text: str) -> float:
    plain_text = text.replace("−", "-").replace("–", "-").replace("＋", "+").replace(",", ".")
    return float(plain_text)


def _tidy(text: str) -> str:
    """The rest without separators that stood between figures."""
    return " ".join(re.sub(r"[,，;；、]\s*(?=[,，;；、]|$)", " ", text.strip(" ,，;；、")).split())


def reach_of(text: str) -> tuple[dict[str, Range], str]:
    """What a bench reaches or a sample may measure, as typed: a single figure is the most, a range both ends.

    Returns the statement and what was not understood. Raises BadFigure.
    """
    found, rest = parse(text)
    return {key: Range(None, r.maximum) if r.minimum == r.maximum else r for key, r in found.items()}, rest


def typed(statement: Statement) -> str:
    """A statement as one types it: `−40…85 °C, 8 m³`."""
    return ", ".join(
        f"{plain(each.maximum)} {QUANTITIES[key].unit}" if each.minimum is None else told(key, each)
        for key, each in statement.items()
    )
