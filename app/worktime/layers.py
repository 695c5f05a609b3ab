"""Which weekly pattern holds when several are laid over one another: the catalogue's, the lab's, the bench's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from app.worktime.shifts import ShiftPattern
from app.worktime.zone import DAY


def layered(*layers: Sequence[ShiftPattern]) -> tuple[ShiftPattern, ...]:
    """The patterns in force, in spans of dates that don't overlap but where one layer has several at once.

    layers: the undermost first. On each local date only the topmost layer that has a valid pattern counts; its
    patterns add up. A date without any has none in the answer.
    """
    edges = sorted({edge for layer in layers for pattern in layer for edge in _edges(pattern)})
    found: list[ShiftPattern] = []
    for begin, end in zip([None, *edges], [*edges, None], strict=True):
        probe = begin or (end - DAY if end else date(2001, 1, 1))
        on_top = next(filter(None, ([p for p in layer if p.is_valid(probe)] for layer in reversed(layers))), [])
        found += [replace(pattern, valid_from=begin, valid_until=end and end - DAY) for pattern in on_top]
    return tuple(_joined(found))


def _edges(pattern: ShiftPattern) -> list[date]:
    """Dates on which something changes: the first on which it holds, the first on which it no longer does."""
    edges = [] if pattern.valid_from is None else [pattern.valid_from]
    return edges if pattern.valid_until is None else [*edges, pattern.valid_until + DAY]


def _joined(found: list[ShiftPattern]) -> list[ShiftPattern]:
    """Neighbouring spans of the same pattern as one."""
    joined: list[ShiftPattern] = []
    for pattern in found:
        before = next((i for i, p in enumerate(joined) if _continues(p, pattern)), None)
        if before is None:
            joined.append(pattern)
        else:
            joined[before] = replace(joined[before], valid_until=pattern.valid_until)
    return joined


def _continues(first: ShiftPattern, second: ShiftPattern) -> bool:
    same = replace(first, valid_from=None, valid_until=None) == replace(second, valid_from=None, valid_until=None)
    return same and first.valid_until is not None and second.valid_from == first.valid_until + DAY
