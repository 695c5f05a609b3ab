"""Questions of the catalogue's pages and API: what is there, who can do it, where it was read.

Lists leave out what is retired; single rows are given also then, for bookings still point at them.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Text, and_, cast, false, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, joinedload

from app.database import db
from app.errors import NotFound
from app.labs.models import (
    Capability,
    Domain,
    EarliestWeek,
    Lab,
    Method,
    MethodTransition,
    Resource,
    ResourceKind,
    Source,
    Test,
)
from app.labs.rules import SUPPORT
from app.labs.search_text import normalise

Model = TypeVar("Model", Lab, Resource, Method, Test)


class Week(NamedTuple):
    """The ISO week of the first free time, `2026-W52`, and as of when that was found."""

    week: str
    as_of: datetime


class Scope(NamedTuple):
    """A test that a pool can run, on what that rests, and from which week."""

    test: Test
    capability: Capability
    week: Week | None


class Provider(NamedTuple):
    """A pool that can run a test: its first unit stands for it, `units` are their number."""

    resource: Resource
    units: int
    capability: Capability
    week: Week | None


class Pool(NamedTuple):
    """Identical units of a lab: the first one, their number, and how many tests they can run."""

    resource: Resource
    units: Sequence[Resource]
    tests: int


class LabLine(NamedTuple):
    """A lab in the list, with the number of its units and of the tests that they can run."""

    lab: Lab
    units: int
    tests: int


def _one(model: type[Model], ident: str, *options: Any) -> Model:
    # PostgreSQL has no NUL in a text; nothing of that name can be there.
    found = None if "\0" in ident else db.session.get(model, ident, options=options)
    if found is None:
        raise NotFound()
    return found


def lab(ident: str) -> Lab:
    """A lab with its operator. Raises NotFound."""
    return _one(Lab, ident, joinedload(Lab.organisation))


def resource(ident: str) -> Resource:
    """A unit with its lab and kind. Raises NotFound."""
    return _one(Resource, ident, joinedload(Resource.lab).joinedload(Lab.organisation), joinedload(Resource.kind))


def method(ident: str) -> Method:
    """An edition of a method. Raises NotFound."""
    return _one(Method, ident)


def test(ident: str) -> Test:
    """A test with its method. Raises NotFound."""
    return _one(Test, ident, joinedload(Test.method))


def unit(ident: str) -> Resource:
    """The unit of this id; for a pool's id its first live unit. Raises NotFound."""
    try:
        return resource(ident)
    except NotFound:
        units = select(Resource.id).where(Resource.pool == ident, Resource.retired_at.is_(None))
        first = None if "\0" in ident else db.session.scalar(units.order_by(Resource.unit).limit(1))
        if first is None:
            raise
        return resource(first)


def matching(column: InstrumentedAttribute[str], query: str) -> ColumnElement[bool]:
    """Rows that have every word of the query; all rows for none, no row when nothing readable was typed."""
    if not query.strip():
        return true()
    words = [word for part in query.split() if (word := normalise(part))]
    return and_(*(column.contains(word, autoescape=True) for word in words)) if words else false()


def _bookable() -> ColumnElement[bool]:
    """Live units but for those that are only needed beside others."""
    return and_(Resource.retired_at.is_(None), Resource.kind_id.not_in(SUPPORT))


def _in_list(column: InstrumentedAttribute[list[str]], value: str) -> ColumnElement[bool]:
    """Rows whose JSON list holds the value; SQLite keeps Chinese escaped in it, PostgreSQL as it is."""
    written = {json.dumps(value), json.dumps(value, ensure_ascii=False)}
    return or_(*(cast(column, Text).contains(text, autoescape=True) for text in sorted(written)))


def _labs_where(domain: str, level: str, query: str) -> ColumnElement[bool]:
    conditions = [Lab.retired_at.is_(None), matching(Lab.search_text, query)]
    if domain:
        conditions.append(_in_list(Lab.domains, domain))
    if level:
        conditions.append(Lab.level == level)
    return and_(*conditions)


def labs(
    domain: str = "", level: str = "", query: str = "", after: str = "", limit: int | None = None
) -> Sequence[Lab]:
    """Labs with their operators by id. after: id behind which to go on."""
    wanted = (
        select(Lab)
        .where(_labs_where(domain, level, query), Lab.id > after)
        .options(joinedload(Lab.organisation))
        .order_by(Lab.id)
    )
    return db.session.scalars(wanted.limit(limit)).all()


def lab_lines(domain: str = "", level: str = "", query: str = "") -> list[LabLine]:
    """The list of labs with what each has to offer; three statements."""
    counted = select(Resource.lab_id, func.count()).where(_bookable()).group_by(Resource.lab_id)
    units = dict(db.session.execute(counted).all())
    capable = _live_providers(Resource.lab_id, func.count(Capability.test_id.distinct())).group_by(Resource.lab_id)
    tests = dict(db.session.execute(capable).all())
    return [LabLine(lab, units.get(lab.id, 0), tests.get(lab.id, 0)) for lab in labs(domain, level, query)]


def tests(
    query: str = "", domain: str = "", lab: str = "", after: str = "", limit: int | None = None
) -> Sequence[Test]:
    """Live tests with their methods by id: with every word of the query, in the field, that the lab can do."""
    wanted = select(Test).where(Test.retired_at.is_(None), matching(Test.search_text, query), Test.id > after)
    if domain:
        wanted = wanted.where(Test.domain_id == domain)
    if lab:
        capable = _live_providers(Capability.test_id).where(Resource.lab_id == lab)
        wanted = wanted.where(Test.id.in_(capable))
    return db.session.scalars(wanted.options(joinedload(Test.method)).order_by(Test.id).limit(limit)).all()


def resources(
    lab: str = "", kind: str = "", test: str = "", after: str = "", limit: int | None = None
) -> Sequence[Resource]:
    """Live units by id: at the lab, of the kind, capable of the test."""
    wanted = select(Resource).where(_bookable(), Resource.id > after)
    if lab:
        wanted = wanted.where(Resource.lab_id == lab)
    if kind:
        wanted = wanted.where(Resource.kind_id == kind)
    if test:
        wanted = wanted.where(Resource.pool.in_(_live_providers(Capability.pool).where(Capability.test_id == test)))
    return db.session.scalars(wanted.order_by(Resource.id).limit(limit)).all()


def labs_of_tests(test_ids: Sequence[str]) -> dict[str, list[str]]:
    """Ids of the labs that can do each test, in order."""
    wanted = _live_providers(Capability.test_id, Resource.lab_id).where(Capability.test_id.in_(test_ids))
    found: dict[str, list[str]] = {}
    for test_id, lab_id in db.session.execute(wanted.distinct().order_by(Capability.test_id, Resource.lab_id)):
        found.setdefault(test_id, []).append(lab_id)
    return found


def _live_providers(*columns: Any) -> Any:
    """Columns of live capabilities joined with live units of live labs, for live tests."""
    return (
        select(*columns)
        .join(Resource, Resource.pool == Capability.pool)
        .join(Lab, Lab.id == Resource.lab_id)
        .join(Test, Test.id == Capability.test_id)
        .where(
            Capability.retired_at.is_(None),
            Resource.retired_at.is_(None),
            Lab.retired_at.is_(None),
            Test.retired_at.is_(None),
        )
    )


def domains() -> Sequence[Domain]:
    """The fields of testing, in their order."""
    return db.session.scalars(select(Domain).where(Domain.retired_at.is_(None)).order_by(Domain.position)).all()


def domain(ident: str) -> Domain | None:
    """One field of testing."""
    return db.session.get(Domain, ident)


def kind(ident: str) -> ResourceKind | None:
    """One kind of bench."""
    return db.session.get(ResourceKind, ident)


def pools(lab_id: str) -> list[Pool]:
    """The live pools of a lab by kind and name, units in order."""
    wanted = (
        select(Resource)
        .join(Resource.kind)
        .where(Resource.lab_id == lab_id, _bookable())
        .options(joinedload(Resource.kind))
        .order_by(ResourceKind.domain_id, ResourceKind.id, Resource.pool, Resource.unit)
    )
    counted = (
        select(Capability.pool, func.count())
        .join(Test, Test.id == Capability.test_id)
        .where(Capability.retired_at.is_(None), Test.retired_at.is_(None))
        .group_by(Capability.pool)
    )
    tests = dict(db.session.execute(counted).all())
    units: dict[str, list[Resource]] = {}
    for unit in db.session.scalars(wanted):
        units.setdefault(unit.pool, []).append(unit)
    return [Pool(unit[0], unit, tests.get(pool, 0)) for pool, unit in units.items()]


def siblings(of: Resource) -> Sequence[Resource]:
    """Other live units of the same kind, those of the same lab first."""
    wanted = (
        select(Resource)
        .where(Resource.kind_id == of.kind_id, Resource.id != of.id, Resource.retired_at.is_(None))
        .options(joinedload(Resource.lab))
        .order_by(Resource.lab_id != of.lab_id, Resource.lab_id, Resource.pool, Resource.unit)
    )
    return db.session.scalars(wanted).all()


def _live_capabilities() -> Any:
    return (
        select(Test, Capability, EarliestWeek)
        .join(Capability, Capability.test_id == Test.id)
        .outerjoin(EarliestWeek, and_(EarliestWeek.pool == Capability.pool, EarliestWeek.test_id == Test.id))
        .where(Test.retired_at.is_(None), Capability.retired_at.is_(None))
    )


def _week(found: EarliestWeek | None) -> Week | None:
    return Week(found.week, found.as_of) if found is not None and found.week else None


def scope(pool: str) -> list[Scope]:
    """The live tests that a pool can run, with their methods, in the order of the catalogue."""
    wanted = (
        _live_capabilities().where(Capability.pool == pool).options(joinedload(Test.method)).order_by(Test.position)
    )
    return [Scope(test, capability, _week(week)) for test, capability, week in db.session.execute(wanted)]


def providers(test_id: str) -> list[Provider]:
    """The live pools that can run a test, with their labs: documented ones first, then by lab and pool."""
    units: dict[str, list[Resource]] = {}
    capable = (
        select(Resource)
        .join(Capability, Capability.pool == Resource.pool)
        .join(Resource.lab)
        .where(
            Capability.test_id == test_id,
            Capability.retired_at.is_(None),
            Resource.retired_at.is_(None),
            Lab.retired_at.is_(None),
        )
        .options(joinedload(Resource.lab).joinedload(Lab.organisation))
        .order_by(Resource.lab_id, Resource.pool, Resource.unit)
    )
    for unit in db.session.scalars(capable):
        units.setdefault(unit.pool, []).append(unit)
    found = db.session.execute(_live_capabilities().where(Test.id == test_id, Capability.pool.in_(units)))
    rows = {capability.pool: (capability, _week(week)) for _test, capability, week in found}
    listed = [Provider(unit[0], len(unit), *rows[pool]) for pool, unit in units.items() if pool in rows]
    return sorted(listed, key=lambda provider: provider.capability.basis)


def method_tests(method_id: str) -> Sequence[Test]:
    """The live tests of an edition, in the order of the catalogue."""
    wanted = select(Test).where(Test.method_id == method_id, Test.retired_at.is_(None))
    return db.session.scalars(wanted.order_by(Test.position)).all()


def editions_of(codes: Iterable[str]) -> dict[str, Method]:
    """The methods of the catalogue that bear one of the codes as printed."""
    return {found.code: found for found in db.session.scalars(select(Method).where(Method.code.in_(list(codes))))}


def replaced_by(code: str) -> Sequence[Method]:
    """The editions that say they replace this code, newest first."""
    wanted = select(Method).where(_in_list(Method.replaces, code), Method.retired_at.is_(None))
    return db.session.scalars(wanted.order_by(Method.code.desc())).all()


def transitions(method_id: str) -> Sequence[MethodTransition]:
    """From when editions bind, where this one is the old or the new."""
    ours = (MethodTransition.old_method_id == method_id) | (MethodTransition.new_method_id == method_id)
    wanted = select(MethodTransition).where(ours, MethodTransition.retired_at.is_(None))
    return db.session.scalars(wanted.order_by(MethodTransition.new_method_id == method_id)).all()


def sources(*ids: Sequence[str]) -> list[Source]:
    """The pages behind facts, each once, in the order of the ids."""
    wanted = list(dict.fromkeys(ident for several in ids for ident in several))
    found = {source.id: source for source in db.session.scalars(select(Source).where(Source.id.in_(wanted)))}
    return [found[ident] for ident in wanted if ident in found]


def earliest_weeks(column: InstrumentedAttribute[str], values: Sequence[str]) -> dict[str, Week]:
    """The earliest week for each value of a column of EarliestWeek (`lab_id`, `pool`, `test_id`); one statement."""
    wanted = (
        select(column, func.min(EarliestWeek.week), func.max(EarliestWeek.as_of))
        .where(column.in_(values), EarliestWeek.week.is_not(None))
        .group_by(column)
    )
    return {value: Week(week, as_of) for value, week, as_of in db.session.execute(wanted) if week}


def earliest_week(column: InstrumentedAttribute[str], value: str) -> Week | None:
    """The earliest week for one value."""
    return earliest_weeks(column, [value]).get(value)
