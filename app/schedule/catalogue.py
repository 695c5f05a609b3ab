"""The benches that can be booked, with their labs and kinds, as one page reads them.

Read anew by each request; what follows from them is worked out once for the same rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from app.labs.rules import SUPPORT


class Choice(NamedTuple):
    """An option of a filter; group: the heading that it stands under."""

    id: str
    name_zh: str
    name_en: str
    group: str = ""


class Listed(NamedTuple):
    """A bench with its lab and its kind. The first nine are `BENCH_COLUMNS`."""

    id: str
    pool: str
    lab_id: str
    places: int
    grain_minutes: int
    shifts: str
    lat: float | None
    lon: float | None
    setup_version: str
    unit: int | None
    name_zh: str
    name_en: str
    evidence: str
    organisation_id: str
    lab_zh: str
    lab_en: str
    district_zh: str
    district_en: str
    kind_id: str
    kind_zh: str
    kind_en: str


class Catalogue:
    """All benches in use, in the order in which they are shown."""

    def __init__(self, listed: Iterable[Listed]) -> None:
        self.listed = sorted(listed, key=_place)

    @cached_property
    def labs(self) -> tuple[Choice, ...]:
        """Labs that have something to book."""
        return _by_name(Choice(each.lab_id, each.lab_zh, each.lab_en) for each in self.listed)

    def kinds(self, labs: Iterable[str] | None, own: Collection[str]) -> tuple[Choice, ...]:
        """Kinds of the benches that `matching` shows at these labs."""
        if labs is None and not own:
            return self._bookable_kinds
        return _kinds(each for each in self._of(labs) if _shown(each, own))

    @cached_property
    def _bookable_kinds(self) -> tuple[Choice, ...]:
        return _kinds(each for each in self.listed if _shown(each, ()))

    def matching(
        self, labs: Iterable[str] | None, kind: str, pools: Collection[str] | None, own: Collection[str]
    ) -> list[Listed]:
        """Benches that meet the filters. labs, pools None: all; own: the viewer's labs, of which he also sees what is
        only needed beside benches.
        """
        return [
            each
            for each in self._of(labs)
            if (not kind or each.kind_id == kind) and (pools is None or each.pool in pools) and _shown(each, own)
        ]

    def _of(self, labs: Iterable[str] | None) -> list[Listed]:
        if labs is None:
            return self.listed
        there = frozenset(labs)
        return [each for each in self.listed if each.lab_id in there]


@lru_cache(maxsize=8)
def catalogue(rows: tuple[tuple[Any, ...], ...]) -> Catalogue:
    """The catalogue that these rows are, with the fields of `Listed`."""
    return Catalogue(map(Listed._make, rows))


def _place(each: Listed) -> tuple[str, str, str, int, str]:
    return (each.organisation_id, each.lab_id, each.pool, each.unit or 0, each.id)


def _shown(each: Listed, own: Collection[str]) -> bool:
    return each.kind_id not in SUPPORT or each.lab_id in own


def _kinds(listed: Iterable[Listed]) -> tuple[Choice, ...]:
    return _by_name(Choice(each.kind_id, each.kind_zh, each.kind_en) for each in listed)


def _by_name(choices: Iterable[Choice]) -> tuple[Choice, ...]:
    return tuple(sorted(set(choices), key=lambda choice: (choice.name_zh, choice.id)))
