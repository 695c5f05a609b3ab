"""Questions about a lab's benches and what they can do."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.booking.models import Booking
from app.capacity.resources.rules import SUPPORT_KINDS, SupportKind
from app.database import db
from app.labs.capacity import BenchState, Changeover, Companion, ResourceLink
from app.labs.models import Capability, Lab, Method, MethodTransition, Resource, ResourceKind, Test
from app.labs.rules import SUPPORT


def pools(lab_id: str) -> dict[str, list[Resource]]:
    """The live units of a lab by pool, in order."""
    query = select(Resource).where(Resource.lab_id == lab_id, Resource.retired_at.is_(None))
    found: dict[str, list[Resource]] = defaultdict(list)
    ordered = query.options(joinedload(Resource.kind)).order_by(Resource.pool, Resource.unit, Resource.id)
    for resource in db.session.scalars(ordered):
        found[resource.pool].append(resource)
    return dict(found)


def resource(lab: Lab, resource_id: str) -> Resource | None:
    """A live resource of the lab."""
    found = db.session.get(Resource, resource_id)
    return found if found and found.lab_id == lab.id and found.retired_at is None else None


def capabilities(pool_ids: Sequence[str]) -> dict[str, list[tuple[Capability, Test]]]:
    """What pools can run, with the tests, by pool."""
    query = (
        select(Capability, Test)
        .join(Test, Test.id == Capability.test_id)
        .where(Capability.pool.in_(pool_ids), Capability.retired_at.is_(None), Test.retired_at.is_(None))
        .options(joinedload(Test.method))
        .order_by(Test.method_id, Test.position)
    )
    found: dict[str, list[tuple[Capability, Test]]] = defaultdict(list)
    for capability, test in db.session.execute(query):
        found[capability.pool].append((capability, test))
    return found


def companions(pool: str, test_id: str) -> list[str]:
    """Further pools that the test needs there."""
    return list(db.session.scalars(select(Companion.companion_pool).filter_by(pool=pool, test_id=test_id)))


def kinds() -> Sequence[ResourceKind | SupportKind]:
    """All kinds of benches by name, and then what tests need beside them."""
    query = select(ResourceKind).where(ResourceKind.retired_at.is_(None), ResourceKind.id.not_in(SUPPORT))
    return [*db.session.scalars(query.order_by(ResourceKind.name_zh)), *SUPPORT_KINDS]


def tests_for(kind_id: str | None) -> list[Test]:
    """Live tests for a kind of resource, None for all of the catalogue, by method."""
    query = select(Test).where(Test.retired_at.is_(None))
    if kind_id is not None:
        query = query.where(Test.kind_id == kind_id)
    return list(db.session.scalars(query.options(joinedload(Test.method)).order_by(Test.method_id, Test.position)))


def coded(lab_id: str, codes: Sequence[str]) -> list[Booking]:
    """The lab's bookings with these codes, by start."""
    query = select(Booking).where(Booking.lab_id == lab_id, Booking.code.in_(codes))
    return list(db.session.scalars(query.options(joinedload(Booking.test)).order_by(Booking.starts_at, Booking.id)))


def states(pool: str) -> list[BenchState]:
    """The states of a pool's benches, by name."""
    return list(db.session.scalars(select(BenchState).filter_by(pool=pool).order_by(BenchState.name_zh, BenchState.id)))


def changeovers(state_ids: Sequence[str]) -> dict[tuple[str, str], int]:
    """Minutes between states, by those before and after."""
    query = select(Changeover).where(Changeover.from_state_id.in_(state_ids))
    return {(row.from_state_id, row.to_state_id): row.minutes for row in db.session.scalars(query)}


def links(lab_id: str) -> list[ResourceLink]:
    """Resources of the lab that are not used together."""
    query = select(ResourceLink).filter_by(lab_id=lab_id)
    return list(db.session.scalars(query.order_by(ResourceLink.one_id, ResourceLink.other_id)))


def editions(lab_id: str) -> list[tuple[Method, Method]]:
    """Old and new editions: of the old one this lab's benches can run tests, of the new one tests are known."""
    able = (
        select(Test.method_id)
        .join(Capability, Capability.test_id == Test.id)
        .join(Resource, Resource.pool == Capability.pool)
        .where(Resource.lab_id == lab_id, Capability.retired_at.is_(None), Resource.retired_at.is_(None))
        .where(Test.retired_at.is_(None))
    )
    known_tests = select(Test.method_id).where(Test.retired_at.is_(None))
    query = select(MethodTransition).where(
        MethodTransition.old_method_id.in_(able), MethodTransition.new_method_id.in_(known_tests)
    )
    pairs = [(row.old_method_id, row.new_method_id) for row in db.session.scalars(query)]
    known = {m.id: m for m in db.session.scalars(select(Method).where(Method.id.in_({i for p in pairs for i in p})))}
    return [(known[old], known[new]) for old, new in pairs if old in known and new in known]


def tests_of_methods(method_ids: Sequence[str]) -> Mapping[str, list[Test]]:
    """Live tests by method, in order."""
    query = select(Test).where(Test.method_id.in_(method_ids), Test.retired_at.is_(None)).order_by(Test.position)
    found: dict[str, list[Test]] = defaultdict(list)
    for test in db.session.scalars(query):
        found[test.method_id].append(test)
    return found
