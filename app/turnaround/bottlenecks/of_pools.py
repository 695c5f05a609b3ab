"""What one more shift, or one more bench, would have brought to each pool of a lab, kept so that its page only reads.

A job asks the requests of every pool and period again when a month is over, and those of a lab anew in the night after
its benches or calendars changed; the lab itself may ask at any time. The answers of a pool are written in one
transaction: a job that is killed goes on where it stopped, two at once write the same.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts.policy import Action, Viewer, require
from app.database import db, transaction
from app.errors import NotFound
from app.turnaround.asking import MONTHS
from app.turnaround.bottlenecks import queries
from app.turnaround.bottlenecks.kept import marks
from app.turnaround.bottlenecks.models import PoolWhatIf
from app.turnaround.bottlenecks.months import finished
from app.turnaround.bottlenecks.what_if import Change, Outcome, WhatIf, what_ifs
from app.turnaround.rules import Period


@dataclass(frozen=True, slots=True)
class Answer:
    """What was reckoned of a pool: of the requests of which months, and when. study: None where there were none."""

    period: Period
    made_at: datetime
    study: WhatIf | None


@dataclass(frozen=True, slots=True)
class AskAgain:
    """A wish to have the requests of a pool of one's own lab asked again now. months: a number of MONTHS."""

    pool: str
    months: int


def keep(now: datetime) -> int:
    """Reckon what is missing, or was reckoned of other months or other benches; how many answers that were."""
    houses, known, made = marks(), _known(), 0
    for lab_id, pool in sorted(_pools(houses.keys())):
        house = houses[lab_id]
        missing = [months for months in MONTHS if known.get((lab_id, pool, months)) != (finished(months, now), house)]
        if missing:
            made += _write(lab_id, pool, missing, house, now)
    return made


def ask_again(viewer: Viewer, command: AskAgain, now: datetime) -> None:
    """Reckon one pool as everything stands now. Raises Forbidden, NotFound."""
    require(viewer, Action.SEE_BOTTLENECKS)
    lab_id = {pool: lab_id for lab_id, pool in _pools(viewer.lab_ids)}.get(command.pool)
    if lab_id is None:
        raise NotFound()
    _write(lab_id, command.pool, [command.months], marks()[lab_id], now)


def newest(lab_id: str, pool: str, months: int) -> Answer | None:
    """What was reckoned last of a pool of a lab; None before the first time."""
    row = db.session.get(PoolWhatIf, (lab_id, pool, months))
    if row is None:
        return None
    return Answer(finished(months, row.made_at), row.made_at, _study(pool, row.result) if row.result else None)


def _pools(lab_ids: Collection[str]) -> set[tuple[str, str]]:
    return {(unit.lab_id, unit.pool) for unit in queries.resources(lab_ids)}


def _known() -> Mapping[tuple[str, str, int], tuple[Period, str]]:
    """Of each answer which months it is of, and the mark of the house that it was reckoned with."""
    key = (PoolWhatIf.lab_id, PoolWhatIf.pool, PoolWhatIf.months)
    rows = db.session.execute(select(*key, PoolWhatIf.made_at, PoolWhatIf.house))
    return {(lab_id, pool, months): (finished(months, at), house) for lab_id, pool, months, at, house in rows}


def _write(lab_id: str, pool: str, periods: Sequence[int], house: str, now: datetime) -> int:
    """The answers of a pool in one transaction; how many. None where another process was at it."""
    studies = what_ifs(lab_id, pool, periods, now)
    try:
        with transaction() as session:
            return sum(_store(session, (lab_id, pool, months), study, house, now) for months, study in studies.items())
    except IntegrityError:
        return 0


def _store(session: Session, key: tuple[str, str, int], study: WhatIf | None, house: str, now: datetime) -> bool:
    """One answer; False where there is a later one."""
    row = session.get(PoolWhatIf, key, with_for_update=True, populate_existing=True)
    if row is None:
        lab_id, pool, months = key
        row = PoolWhatIf(lab_id=lab_id, pool=pool, months=months)
        session.add(row)
    elif row.made_at > now:
        return False
    row.house, row.made_at, row.result = house, now, _plain(study) if study else {}
    return True


def _plain(study: WhatIf) -> dict[str, Any]:
    """Without the companies that asked: nobody asks for them again."""
    found = asdict(study)
    del found["pool"], found["companies"]
    return found


def _study(pool: str, given: Mapping[str, Any]) -> WhatIf:
    outcomes = [Outcome(**(each | {"change": Change(each["change"])})) for each in given["outcomes"]]
    return WhatIf(pool=pool, **(dict(given) | {"outcomes": outcomes}))
