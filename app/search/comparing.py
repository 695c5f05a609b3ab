"""One test at the laboratories side by side: the best bench of each, and who can't and why."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.booking.offers import Offer
from app.booking.sharing import Disallowed
from app.labs.models import Capability, Lab, Resource
from app.labs.quantities import Misfit, Statement, from_json, misfits
from app.search.queries import Scope

NO_FIGURES: Statement = {}
NOBODY_REFUSED: Mapping[str, Disallowed] = {}


class Order(StrEnum):
    """What comes first."""

    REPORT = "report"
    BENCH = "bench"


class Reason(StrEnum):
    """Why a lab can't do the test; only what the data give."""

    NO_WINDOW = "no_window"
    WITHDRAWN = "withdrawn"
    TOO_LITTLE = "too_little"
    """The bench doesn't reach a figure that was asked for."""
    DISALLOWED = "disallowed"
    """The lab's rules leave the company no free time."""


# Why the bench of a lab that comes nearest to an offer has none.
NEARNESS = (Reason.DISALLOWED, Reason.NO_WINDOW, Reason.TOO_LITTLE, Reason.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Choice:
    """A lab that can: its best bench in the order asked. others: more benches there that can, too."""

    lab: Lab
    resource: Resource
    capability: Capability
    offer: Offer
    others: int
    soonest_report: bool = False
    soonest_bench: bool = False


@dataclass(frozen=True, slots=True)
class Unable:
    """A lab that can't, with the bench that it would need."""

    lab: Lab
    resource: Resource
    reason: Reason
    misfit: Misfit | None = None
    refusal: Disallowed | None = None


@dataclass(frozen=True, slots=True)
class Outline:
    """A lab as visitors see it: what can run the test there, and the week of its first free time (None: unknown)."""

    lab: Lab
    pools: tuple[Scope, ...]
    week: str | None


Key = Callable[[Offer], tuple[datetime, datetime, str]]


def by_report(offer: Offer) -> tuple[datetime, datetime, str]:
    """Soonest report first, then soonest bench."""
    return offer.report.expected_at, offer.starts_at, offer.slot.bench.resource_id


def by_bench(offer: Offer) -> tuple[datetime, datetime, str]:
    """Soonest bench first, then soonest report."""
    return offer.starts_at, offer.report.expected_at, offer.slot.bench.resource_id


KEYS: dict[Order, Key] = {Order.REPORT: by_report, Order.BENCH: by_bench}


def compare(
    offers: Iterable[Offer],
    scopes: Sequence[Scope],
    order: Order,
    at_labs: frozenset[str] | None,
    figures: Statement = NO_FIGURES,
    refused: Mapping[str, Disallowed] = NOBODY_REFUSED,
) -> tuple[list[Choice], list[Unable]]:
    """One row a lab: those that can in the order asked, those that can't by name.

    offers: of this test, one a bench. at_labs: only these (None: all). figures: what has to be reached. refused: by
    bench, what the lab's rules say where they alone leave nothing.
    """
    shown = [scope for scope in scopes if at_labs is None or scope.lab.id in at_labs]
    too_little = {scope.resource.id: found for scope in shown if (found := _misfit(scope, figures))}
    units = {scope.resource.id: scope for scope in shown if scope.live and scope.resource.id not in too_little}
    key = KEYS[order]
    by_lab: dict[str, list[Offer]] = {}
    for offer in sorted(offers, key=key):
        if offer.slot.bench.resource_id in units:
            by_lab.setdefault(offer.slot.bench.lab_id, []).append(offer)
    firsts = [found[0] for found in by_lab.values()]
    reports = {first.report.expected_at for first in firsts}
    benches = {first.starts_at for first in firsts}
    return [
        Choice(
            lab=units[first.slot.bench.resource_id].lab,
            resource=units[first.slot.bench.resource_id].resource,
            capability=units[first.slot.bench.resource_id].capability,
            offer=first,
            others=len(by_lab[first.slot.bench.lab_id]) - 1,
            soonest_report=_stands_out(first.report.expected_at, reports),
            soonest_bench=_stands_out(first.starts_at, benches),
        )
        for first in firsts
    ], list(_unable(shown, set(by_lab), too_little, refused))


def stated_of(resource: Resource, capability: Capability) -> Statement:
    """What is stated of a bench with a test: what it reaches, and what a sample may measure there."""
    return {**from_json(resource.envelope), **from_json(capability.sample_limits)}


def _misfit(scope: Scope, figures: Statement) -> Misfit | None:
    """The first figure that is asked for and not reached."""
    reached = from_json(scope.resource.envelope), from_json(scope.capability.sample_limits)
    return next((misfit for stated in reached for misfit in misfits(stated, figures)), None)


def _stands_out(at: datetime, all_of_them: set[datetime]) -> bool:
    """The earliest, where not all are alike."""
    return len(all_of_them) > 1 and at == min(all_of_them)


def _unable(
    scopes: Sequence[Scope], able: set[str], too_little: Mapping[str, Misfit], refused: Mapping[str, Disallowed]
) -> Iterable[Unable]:
    """One row a lab without an offer, for the bench that comes nearest to one: its rules leave the company nothing, it
    is full to the horizon, doesn't reach what is asked, or is not in the catalogue any more.
    """
    by_lab: dict[str, list[Unable]] = {}
    for scope in scopes:
        if scope.lab.id not in able:
            by_lab.setdefault(scope.lab.id, []).append(_why(scope, too_little, refused))
    nearest = (min(found, key=lambda row: NEARNESS.index(row.reason)) for found in by_lab.values())
    return sorted(nearest, key=lambda row: row.lab.name_zh)


def _why(scope: Scope, too_little: Mapping[str, Misfit], refused: Mapping[str, Disallowed]) -> Unable:
    lab, bench = scope.lab, scope.resource
    if not scope.live:
        return Unable(lab, bench, Reason.WITHDRAWN)
    if misfit := too_little.get(bench.id):
        return Unable(lab, bench, Reason.TOO_LITTLE, misfit=misfit)
    if refusal := refused.get(bench.id):
        return Unable(lab, bench, Reason.DISALLOWED, refusal=refusal)
    return Unable(lab, bench, Reason.NO_WINDOW)


def outline(scopes: Sequence[Scope], weeks: dict[str, str | None], at_labs: frozenset[str] | None) -> list[Outline]:
    """What visitors see: labs by the week of their first free time, unknown last. weeks: by lab."""
    by_lab: dict[str, list[Scope]] = {}
    for scope in scopes:
        if scope.live and (at_labs is None or scope.lab.id in at_labs):
            by_lab.setdefault(scope.lab.id, []).append(scope)
    rows = [Outline(found[0].lab, _one_a_pool(found), weeks.get(lab_id)) for lab_id, found in by_lab.items()]
    return sorted(rows, key=lambda row: (row.week or "9999", row.lab.name_zh))


def _one_a_pool(scopes: Iterable[Scope]) -> tuple[Scope, ...]:
    """The first unit of each pool stands for all."""
    return tuple({scope.resource.pool: scope for scope in reversed(list(scopes))}.values())[::-1]
