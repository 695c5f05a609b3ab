"""What tests need of the state of samples: set by their lab, asked when a use is booked and when it begins."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.policy import Action, Viewer, require_visible
from app.database import db, transaction
from app.errors import NotFound
from app.events import log
from app.labs.models import Lab
from app.labs.queries import lab_can
from app.samples import condition_rules, queries
from app.samples.condition_rules import Condition, Demand, Planned, Turn, turn
from app.samples.models import Sample, SampleDemand
from app.samples.rules import SampleStale


@dataclass(frozen=True, slots=True)
class SetDemand:
    """What this lab's test needs and changes from now on. version: of what is set as last seen, 0 for nothing yet."""

    lab_id: str
    test_id: str
    version: int
    demand: Demand


@dataclass(frozen=True, slots=True)
class PlannedUse:
    """A test that names samples, from this instant on."""

    test_id: str
    at: datetime
    names: frozenset[str]


def demands(lab_id: str, test_ids: Iterable[str] | None = None) -> dict[str, SampleDemand]:
    """What a lab has set, by test; of these tests or of all."""
    query = select(SampleDemand).where(SampleDemand.lab_id == lab_id)
    if test_ids is not None:
        query = query.where(SampleDemand.test_id.in_(list(test_ids)))
    return {row.test_id: row for row in db.session.scalars(query)}


def turns(lab_id: str, test_ids: Iterable[str]) -> dict[str, Turn]:
    """In which turn tests are best done on one sample."""
    wanted = list(test_ids)
    asked = demands(lab_id, wanted)
    return {ident: turn(asked[ident].demand if ident in asked else Demand()) for ident in wanted}


def set_demand(viewer: Viewer, command: SetDemand, now: datetime) -> SampleDemand:
    """The lab administrator says it. Raises Invalid, SampleStale, NotFound, Forbidden."""
    demand = condition_rules.check_demand(command.demand)
    with transaction() as session:
        lab = session.get(Lab, command.lab_id, with_for_update=True)
        require_visible(viewer, Action.SET_CAPACITY, lab)
        if not lab_can(session, command.lab_id, command.test_id):
            raise NotFound()
        row = demands(command.lab_id, [command.test_id]).get(command.test_id)
        if (row.version if row else 0) != command.version:
            raise SampleStale()
        row = row or SampleDemand(lab_id=command.lab_id, test_id=command.test_id, version=0)
        for name, value in asdict(demand).items():
            setattr(row, name, list(value) if isinstance(value, tuple) else value)
        row.version += 1
        session.add(row)
        session.flush()
        told = {name: value for name, value in asdict(demand).items() if value}
        log.record(session, "sample_demand.set", row, by=viewer, at=now, test=command.test_id, **told)
        return row


def check_uses(session: Session, lab_id: str, order_id: str, new: PlannedUse, others: Sequence[PlannedUse]) -> None:
    """Whether the samples of a new use will be as its test needs them, and it leaves them so for those after it.

    others: uses of the same order that are still to come. Raises WrongBuild, WrongMileage, Damaged.
    """
    uses = [new, *(each for each in others if each.names & new.names)]
    asked = demands(lab_id, {each.test_id for each in uses})
    if not asked:
        return
    tests = {ident: queries.test_of(ident) for ident in {each.test_id for each in uses}}
    for sample in queries.named(session, order_id, sorted(new.names)):
        plan = [
            Planned(each.at, tests[each.test_id], asked[each.test_id].demand if each.test_id in asked else None)
            for each in uses
            if sample.name in each.names
        ]
        condition_rules.check_plan(sample.name, _condition(session, sample), plan, new.at)


def check_start(session: Session, samples: Sequence[Sample], lab_id: str, test_id: str) -> None:
    """At the start of a test. Raises WrongBuild, WrongMileage, Damaged, WrongCharge."""
    row = demands(lab_id, [test_id]).get(test_id) if samples else None
    if row is None:
        return
    test = queries.test_of(test_id)
    for sample in samples:
        now = _condition(session, sample)
        condition_rules.check_condition(sample.name, now, row.demand, test)
        condition_rules.check_charge(sample.name, now, row.demand, test)


def leave(samples: Sequence[Sample], lab_id: str, test_id: str) -> None:
    """The test is over: what it changed is written down."""
    row = demands(lab_id, [test_id]).get(test_id) if samples else None
    if row is None:
        return
    for sample in samples:
        after = row.demand.leaves(Condition(sample.build_level, sample.mileage, sample.state_of_charge))
        sample.mileage, sample.state_of_charge = after.mileage, after.state_of_charge
        if row.leaves_damage and row.leaves_damage not in sample.damage:
            sample.damage = "\n".join(filter(None, (sample.damage, row.leaves_damage)))


def _condition(session: Session, sample: Sample) -> Condition:
    """As it is written down; a vehicle in several orders is as worn as in the one that says most."""
    same: Mapping[str, Sample] = {each.id: each for each in queries.same_items(session, [sample])}
    driven = [each.mileage for each in same.values() if each.mileage is not None]
    return Condition(
        sample.build_level,
        max(driven, default=None),
        sample.state_of_charge,
        damaged=any(each.damage for each in same.values()),
    )
