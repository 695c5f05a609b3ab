"""What labs set themselves, as availability wants it: read once for each version of a lab, then kept.

A row that stands before every booking names the lab's version; as long as that is known, nothing more is asked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.database import Base
from app.labs.capacity import (
    ApprovalStep,
    Audience,
    Changeover,
    Companion,
    LabDay,
    LabRule,
    LabShiftPattern,
    Limitation,
    Nearness,
    ResourceLink,
)
from app.labs.models import Lab, Resource
from app.worktime import (
    PATTERNS,
    DayException,
    Interval,
    ShiftPattern,
    WeeklyShift,
    WorkingCalendar,
    layered,
)

Rules = tuple[tuple[str, Any], ...]
"""Kinds and values of the rules in force, sorted; the kinds stand in `labs/rules.py`."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A lab's own week, for benches with this shift of the catalogue ('': all)."""

    replaces: str
    week: ShiftPattern


@dataclass(frozen=True, slots=True)
class Day:
    """A day of a lab's own table and for whom it counts."""

    exception: DayException
    audience: Audience
    company_id: str | None

    def counts(self, company_id: str | None, reserve: bool) -> bool:
        """Whether it holds for a use of this company; reserve: for a time that the lab proposes."""
        if self.audience is Audience.COMPANY:
            return self.company_id == company_id
        return self.audience is Audience.ALL or reserve


@dataclass(frozen=True, slots=True)
class Unit:
    """A resource with the number of its places, as another one needs it."""

    resource_id: str
    places: int


@dataclass(frozen=True, slots=True)
class Against:
    """A resource that is not used together with this one; `rivals_only` where only other companies are kept away."""

    resource_id: str
    rivals_only: bool


@dataclass(frozen=True, slots=True)
class Limited:
    """Over `when` a bench reaches less: minimum and maximum of a quantity, None as ever."""

    when: Interval
    quantity: str
    minimum: float | None
    maximum: float | None


@dataclass(frozen=True, slots=True)
class LabSetup:
    """What one lab set. Keys of patterns, days and rules: a resource, or '' for the lab; of rules a pool, or ''.

    parts: all parts of a whole, at any depth. companions: by pool and test, one list of units for each pool that is
    needed too. changeovers: time that must lie between two uses, by the state before and the state after.
    """

    lab_id: str = ""
    version: str = ""
    patterns: Mapping[str, tuple[Pattern, ...]] = field(default_factory=dict)
    days: Mapping[str, tuple[Day, ...]] = field(default_factory=dict)
    rules: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    parts: Mapping[str, tuple[Unit, ...]] = field(default_factory=dict)
    against: Mapping[str, tuple[Against, ...]] = field(default_factory=dict)
    companions: Mapping[tuple[str, str], tuple[tuple[Unit, ...], ...]] = field(default_factory=dict)
    changeovers: Mapping[tuple[str, str], timedelta] = field(default_factory=dict)
    limited: Mapping[str, tuple[Limited, ...]] = field(default_factory=dict)
    approvals: bool = False

    @property
    def longest_changeover(self) -> timedelta:
        """The longest time between two uses of a bench."""
        return max(self.changeovers.values(), default=timedelta(0))

    def rules_of(self, pool: str) -> Rules:
        """Rules in force for a pool, the pool's own before the lab's."""
        merged = {**self.rules.get("", {}), **self.rules.get(pool, {})}
        return tuple(sorted((kind, _frozen(value)) for kind, value in merged.items()))

    def calendar(
        self,
        resource_id: str,
        shifts: str,
        place: tuple[float | None, float | None],
        company_id: str | None = None,
        reserve: bool = False,
    ) -> WorkingCalendar:
        """Working calendar of a resource with this shift of the catalogue, at (lat, lon), for a company.

        reserve: days that the lab keeps for times it proposes are open too. Raises ValueError for daylight at an
        unknown place.
        """
        # Only a day that is open for one company, or kept in reserve, makes a difference between those who ask.
        special = [day for day in self._days(resource_id) if day.audience is not Audience.ALL]
        asker = company_id if any(day.company_id == company_id for day in special) else None
        return _calendar(self, resource_id, shifts, place, asker, reserve and bool(special))

    def _days(self, resource_id: str) -> Iterable[Day]:
        return (*self.days.get("", ()), *self.days.get(resource_id, ()))

    def exceptions(self, resource_id: str, company_id: str | None, reserve: bool) -> tuple[DayException, ...]:
        """The single days that hold for the resource, its own before those of the lab."""
        found = {
            day.exception.date: day.exception for day in self._days(resource_id) if day.counts(company_id, reserve)
        }
        return tuple(found.values())

    def week(self, resource_id: str, shifts: str) -> tuple[ShiftPattern, ...]:
        """The patterns in force for the resource: its own over the lab's over the catalogue's."""
        own = [pattern.week for pattern in self.patterns.get(resource_id, ())]
        lab = [pattern.week for pattern in self.patterns.get("", ()) if pattern.replaces in ("", shifts)]
        return layered([PATTERNS[shifts]], lab, own) if own or lab else (PATTERNS[shifts],)

    def __hash__(self) -> int:
        return hash((self.lab_id, self.version))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LabSetup) and (self.lab_id, self.version) == (other.lab_id, other.version)


NOTHING = LabSetup()


# Some 200 resources, a few of them open for one company on a day.
@lru_cache(maxsize=4096)
def _calendar(
    setup: LabSetup,
    resource_id: str,
    shifts: str,
    place: tuple[float | None, float | None],
    company_id: str | None,
    reserve: bool,
) -> WorkingCalendar:
    week = setup.week(resource_id, shifts)
    lat, lon = place if any(pattern.daylight for pattern in week) else (None, None)
    return WorkingCalendar(week, lat, lon, setup.exceptions(resource_id, company_id, reserve))


def _frozen(value: Any) -> Any:
    """A JSON value as a hashable one; lists become tuples, objects tuples of pairs."""
    if isinstance(value, Mapping):
        return tuple(sorted((key, _frozen(inner)) for key, inner in value.items()))
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


# A version is random, so that no two houses and no two tests share one.
_kept: dict[str, LabSetup] = {}


def setups(session: Session, versions: Mapping[str, str]) -> dict[str, LabSetup]:
    """What these labs set, by lab. versions: `Lab.setup_version` by lab, as read in the same transaction."""
    missing = sorted(lab_id for lab_id, version in versions.items() if version and not _is_kept(lab_id, version))
    if missing:
        _kept.update(_read(session, {lab_id: versions[lab_id] for lab_id in missing}))
    return {lab_id: _kept[lab_id] if version else NOTHING for lab_id, version in versions.items()}


def _is_kept(lab_id: str, version: str) -> bool:
    known = _kept.get(lab_id)
    return known is not None and known.version == version


def setup_of(session: Session, lab: Lab) -> LabSetup:
    """What one lab set."""
    return setups(session, {lab.id: lab.setup_version})[lab.id]


def _read(session: Session, versions: Mapping[str, str]) -> dict[str, LabSetup]:
    labs = list(versions)

    def rows(model: Any) -> dict[str, list[Any]]:
        by_lab: dict[str, list[Any]] = defaultdict(list)
        for row in session.scalars(select(model).where(model.lab_id.in_(labs))):
            by_lab[row.lab_id].append(row)
        return by_lab

    models: tuple[type[Base], ...] = (
        LabShiftPattern, LabDay, LabRule, Resource, ResourceLink, Companion, Changeover, Limitation, ApprovalStep,
    )  # fmt: skip
    patterns, days, rules, resources, links, companions, changeovers, limitations, steps = map(rows, models)
    parts = {lab_id: _parts(resources[lab_id]) for lab_id in labs}
    return {
        lab_id: LabSetup(
            lab_id=lab_id,
            version=versions[lab_id],
            patterns=_patterns(patterns[lab_id]),
            days=_days(days[lab_id]),
            rules=_rules(rules[lab_id]),
            parts=parts[lab_id],
            against=_against(links[lab_id], parts[lab_id]),
            companions=_companions(companions[lab_id], resources[lab_id]),
            changeovers={(c.from_state_id, c.to_state_id): timedelta(minutes=c.minutes) for c in changeovers[lab_id]},
            limited=_limited(limitations[lab_id]),
            approvals=bool(steps[lab_id]),
        )
        for lab_id in labs
    }


def week_of(row: LabShiftPattern) -> ShiftPattern:
    """The stored pattern as working time knows it. Raises ValueError for hours that are none."""
    shifts = tuple(WeeklyShift(frozenset({weekday}), opens, closes) for weekday, opens, closes in row.shifts)
    return ShiftPattern(row.name, shifts, row.continuous, row.daylight, row.valid_from, row.valid_until)


def exception_of(row: LabDay) -> DayException:
    """The stored day as working time knows it."""
    hours = tuple((opens, closes) for opens, closes in row.hours)
    return DayException(row.date, hours, row.name_zh or None, row.name_en or None)


def _patterns(rows: Iterable[LabShiftPattern]) -> dict[str, tuple[Pattern, ...]]:
    found: dict[str, list[Pattern]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row.valid_from or date.min, row.id)):
        found[row.resource_id or ""].append(Pattern(row.replaces, week_of(row)))
    return {key: tuple(patterns) for key, patterns in found.items()}


def _days(rows: Iterable[LabDay]) -> dict[str, tuple[Day, ...]]:
    found: dict[str, list[Day]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.date):
        found[row.resource_id or ""].append(Day(exception_of(row), row.audience, row.company_id))
    return {key: tuple(days) for key, days in found.items()}


def _rules(rows: Iterable[LabRule]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for row in rows:
        found[row.pool][row.kind] = row.value["value"]
    return dict(found)


def _parts(resources: Sequence[Resource]) -> dict[str, tuple[Unit, ...]]:
    children: dict[str, list[Resource]] = defaultdict(list)
    for resource in resources:
        if resource.whole_id and resource.retired_at is None:
            children[resource.whole_id].append(resource)

    def below(ident: str) -> list[Unit]:
        units: list[Unit] = []
        for part in sorted(children.get(ident, ()), key=lambda part: part.id):
            units += [Unit(part.id, part.places), *below(part.id)]
        return units

    return {ident: tuple(below(ident)) for ident in list(children)}


def _against(rows: Iterable[ResourceLink], parts: Mapping[str, Sequence[Unit]]) -> dict[str, tuple[Against, ...]]:
    """Links in both directions. What stands against a whole stands against its parts, and what stands against a
    part against its whole: to use the one is to use something of the other.
    """
    inside = {whole: {unit.resource_id for unit in units} for whole, units in parts.items()}
    found: dict[str, dict[str, bool]] = defaultdict(dict)
    for row in rows:
        rivals_only = row.nearness is Nearness.NEIGHBOUR
        for one, other in ((row.one_id, row.other_id), (row.other_id, row.one_id)):
            mine = {one, *inside.get(one, ()), *(whole for whole, below in inside.items() if one in below)}
            for ident in mine:
                for against in {other, *inside.get(other, ())} - {ident} - inside.get(ident, set()):
                    found[ident][against] = rivals_only and found[ident].get(against, True)
    return {key: tuple(Against(*each) for each in sorted(found[key].items())) for key in found if found[key]}


def _companions(
    rows: Iterable[Companion], resources: Iterable[Resource]
) -> dict[tuple[str, str], tuple[tuple[Unit, ...], ...]]:
    units: dict[str, list[Unit]] = defaultdict(list)
    for resource in sorted(resources, key=lambda r: (r.unit or 0, r.id)):
        if resource.retired_at is None:
            units[resource.pool].append(Unit(resource.id, resource.places))
    found: dict[tuple[str, str], list[tuple[Unit, ...]]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.companion_pool):
        found[row.pool, row.test_id].append(tuple(units[row.companion_pool]))
    return {key: tuple(pools) for key, pools in found.items()}


def _limited(rows: Iterable[Limitation]) -> dict[str, tuple[Limited, ...]]:
    found: dict[str, list[Limited]] = defaultdict(list)
    for row in sorted(rows, key=_begins):
        limited = Limited(Interval(row.starts_at, row.ends_at), row.quantity, row.minimum, row.maximum)
        found[row.resource_id].append(limited)
    return {key: tuple(limits) for key, limits in found.items()}


def _begins(row: Limitation) -> datetime:
    return row.starts_at
