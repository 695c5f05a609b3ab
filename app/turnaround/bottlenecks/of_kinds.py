"""What one more shift, or one more bench, at every lab that has a kind of bench would have brought, for coordinators.

Each lab's requests are asked again by `what_if` on its own benches; nobody goes to another lab. It takes minutes in a
large house, so a job does it once a month, when a month is over, and keeps what may be told and nothing else.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.database import db, transaction
from app.labs.models import ResourceKind
from app.turnaround import rules
from app.turnaround.bottlenecks import queries
from app.turnaround.bottlenecks.hours import by_kind
from app.turnaround.bottlenecks.models import BenchWhatIf
from app.turnaround.bottlenecks.months import finished
from app.turnaround.bottlenecks.what_if import FAITHFUL, Change, WhatIf, what_if

# Whole months, and the newest requests of each pool.
COUNT, MOST = 3, 100
CHANGES = (Change.SHIFT, Change.BENCH)


@dataclass(frozen=True, slots=True)
class Gain:
    """Mean days by which the lines of a kind begin and are reported sooner; how many per cent begin earlier, later."""

    sooner: float
    report_sooner: float
    earlier: int
    later: int


@dataclass(frozen=True, slots=True)
class OfKind:
    """A kind of bench. left: older requests that were not asked again. same: lines that come out as they were without a
    change. gains: by change; without one where no bench of the kind could have it.
    """

    kind_id: str
    name_zh: str
    name_en: str
    labs: int
    lines: int
    left: int
    same: int
    gains: Mapping[Change, Gain]

    @property
    def is_faithful(self) -> bool:
        """Whether the replay without a change comes out nearly as it was."""
        return self.same >= FAITHFUL * self.lines


@dataclass(frozen=True, slots=True)
class Told:
    """What was reckoned last, when, of which months `2026-11`; the kinds that gain most by a bench first."""

    made_at: datetime
    months: Sequence[str]
    kinds: Sequence[OfKind]


def reckon(now: datetime) -> int:
    """Ask all requests of the last months that are over again, unless it was done; 1 where it was done now."""
    months = finished(COUNT, now).months()
    if db.session.get(BenchWhatIf, months[-1]) is not None:
        return 0
    kinds = [_plain(kind_id, studies) for kind_id, studies in _studies(now).items()]
    try:
        with transaction() as session:
            session.add(BenchWhatIf(through=months[-1], made_at=now, result={"months": months, "kinds": kinds}))
    except IntegrityError:
        # Another process was sooner.
        return 0
    return 1


def newest() -> Told | None:
    """What was reckoned last; None before the first time."""
    row = db.session.scalars(select(BenchWhatIf).order_by(BenchWhatIf.through.desc()).limit(1)).first()
    if row is None:
        return None
    names = {kind.id: (kind.name_zh, kind.name_en) for kind in db.session.scalars(select(ResourceKind))}
    kinds = [_of_kind(each, names[each["kind"]]) for each in row.result["kinds"]]
    kinds.sort(key=lambda kind: (-kind.gains[Change.BENCH].sooner, kind.kind_id))
    return Told(row.made_at, row.result["months"], kinds)


def _studies(now: datetime) -> Mapping[str, list[tuple[str, WhatIf]]]:
    """By kind that may be told, what came out at each lab and pool."""
    told = {row.key for row in by_kind(COUNT, now).rows if row.spent}
    pools = {
        (unit.lab_id, unit.pool): unit.kind_id
        for unit in queries.resources([lab.id for lab in queries.labs(None)])
        if unit.kind_id in told
    }
    found: dict[str, list[tuple[str, WhatIf]]] = defaultdict(list)
    for (lab_id, pool), kind_id in sorted(pools.items()):
        if study := what_if(lab_id, pool, COUNT, now, MOST):
            found[kind_id].append((lab_id, study))
    return {kind_id: studies for kind_id, studies in found.items() if _enough(studies)}


def _enough(studies: Iterable[tuple[str, WhatIf]]) -> bool:
    """What is asked again may be less than what was booked: by itself, too, it has to be of enough companies."""
    lines = sum(study.lines for _lab_id, study in studies)
    return rules.enough(lines, len(frozenset().union(*(study.companies for _lab_id, study in studies))))


def _plain(kind_id: str, studies: Sequence[tuple[str, WhatIf]]) -> dict[str, Any]:
    lines = sum(study.lines for _lab_id, study in studies)
    return {
        "kind": kind_id,
        "labs": len({lab_id for lab_id, _study in studies}),
        "lines": lines,
        "left": sum(study.left for _lab_id, study in studies),
        "same": sum(study.same for _lab_id, study in studies),
        "gains": {change.value: gain for change in CHANGES if (gain := _gain(change, studies, lines))},
    }


def _gain(change: Change, studies: Sequence[tuple[str, WhatIf]], lines: int) -> dict[str, float] | None:
    """Over all lines of the kind: where there is no shift to add, nothing changes."""
    found = [(study.lines, outcome) for _lab_id, study in studies if (outcome := study.of(change))]
    if not found:
        return None
    return {
        "sooner": round(sum(count * outcome.sooner for count, outcome in found) / lines, 2),
        "report_sooner": round(sum(count * outcome.report_sooner for count, outcome in found) / lines, 2),
        "earlier": round(100 * sum(outcome.earlier for _count, outcome in found) / lines),
        "later": round(100 * sum(outcome.later for _count, outcome in found) / lines),
    }


def _of_kind(given: Mapping[str, Any], names: tuple[str, str]) -> OfKind:
    gains = {Change(name): Gain(**gain) for name, gain in given["gains"].items()}
    return OfKind(given["kind"], *names, given["labs"], given["lines"], given["left"], given["same"], gains)
