"""Questions that a search asks of the catalogue; a fixed number of statements, whatever is found."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, case, func, literal, or_, select
from sqlalchemy.orm import aliased, joinedload

from app.accounts.models import Organisation
from app.booking.models import EarliestWeek
from app.database import db
from app.labs.models import Capability, Domain, Lab, Method, MethodTransition, Resource, Test
from app.search.rules import ESCAPE, SHORT, Edition, escaped


@dataclass(frozen=True, slots=True)
class Hit:
    """A test that was found. quality: 0 named so, 1 a word begins so, 2 found inside; summed over the words."""

    test_id: str
    method_id: str
    name_zh: str
    name_en: str
    position: int
    quality: int


@dataclass(frozen=True, slots=True)
class LabWords:
    """What a laboratory is found by. identity: who and where it is, without its domains; name: what it is called."""

    lab_id: str
    text: str
    identity: str
    name: str


@dataclass(frozen=True, slots=True)
class Scope:
    """One pool that can, or could, run a test, and one of its units as the catalogue has it."""

    capability: Capability
    resource: Resource
    lab: Lab
    live: bool


@dataclass(frozen=True, slots=True)
class Change:
    """From one edition to the next; old is None for the first of its kind."""

    transition: MethodTransition
    old: Method | None
    new: Method


def editions() -> list[Edition]:
    """Every live method of the catalogue, as a typed number is compared with it."""
    query = select(Method.id, Method.code, Method.status, Method.replaces).where(Method.retired_at.is_(None))
    return [
        Edition(ident, code, status, tuple(replaces)) for ident, code, status, replaces in db.session.execute(query)
    ]


def lab_words() -> list[LabWords]:
    """Live labs with the texts they are found by."""
    columns = (Lab.name_zh, Lab.name_en, Lab.short_zh, Lab.district_zh, Lab.district_en, Lab.address_zh)
    operator = (Organisation.name_zh, Organisation.name_en, Organisation.short_en, Organisation.city)
    query = (
        select(Lab.id, Lab.search_text, *columns, *operator)
        .join(Organisation, Organisation.id == Lab.organisation_id)
        .where(Lab.retired_at.is_(None))
        .order_by(Lab.id)
    )
    rows = db.session.execute(query)
    return [
        LabWords(ident, text, _plain(names), _plain([short, english]))
        for ident, text, *names in rows
        for _name, english, short, *_rest in [names]
    ]


def _plain(names: Sequence[str]) -> str:
    return " ".join("".join(name.casefold().split()) for name in names)


def _contains(column: SQLColumnExpression[str], part: str) -> ColumnElement[bool]:
    return column.like(f"%{part}%", escape=ESCAPE)


def _matches(word: str) -> ColumnElement[bool]:
    """The word stands in the test's text.

    A few Latin letters stand by chance in pinyin and English everywhere, so they count only where a token begins
    or ends (`zd` at the end of `dcbzd`) or a word of the English name begins, and as the name of a domain.
    """
    part = escaped(word)
    if len(word) > SHORT or not word.isascii():
        return _contains(Test.search_text, part)
    begins = _contains(_tokens(), f" {part}")
    if len(word) == 1:
        return begins
    in_name = (_contains(func.lower(Test.name_en), f"{edge}{part}") for edge in (" ", "-", "("))
    return or_(begins, _contains(_tokens(), f"{part} "), Test.domain_id == word, *in_name)


def _tokens() -> ColumnElement[str]:
    """The text with a blank on either side of every token."""
    return literal(" ").concat(Test.search_text).concat(" ")


def _quality(word: str) -> ColumnElement[int]:
    part = escaped(word)
    chinese, english = _contains(Test.name_zh, part), _contains(func.lower(Test.name_en), part)
    named = or_(chinese, english, _contains(_tokens(), f" {part} "))
    return case((named, 0), (_contains(_tokens(), f" {part}"), 1), else_=2)


def _live() -> ColumnElement[bool]:
    return Test.retired_at.is_(None)


def word_counts(words: Sequence[str]) -> list[int]:
    """How many tests each word finds by itself; one statement for all."""
    if not words:
        return []
    sums = [func.coalesce(func.sum(case((_matches(word), 1), else_=0)), 0) for word in words]
    return [int(count) for count in db.session.execute(select(*sums).where(_live())).one()]


def hits(words: Sequence[str], method_ids: Collection[str] | None, lab_ids: Collection[str] | None) -> list[Hit]:
    """Tests with every word in their text, of one of the methods, that one of the labs can run (None: any)."""
    quality: ColumnElement[int] = literal(0)
    for word in words:
        quality = quality + _quality(word)
    query = (
        select(Test.id, Test.method_id, Test.name_zh, Test.name_en, Test.position, quality)
        .where(_live(), and_(True, *map(_matches, words)))
        .order_by(Test.position)
    )
    if method_ids is not None:
        query = query.where(Test.method_id.in_(method_ids))
    if lab_ids is not None:
        at_labs = select(Capability.test_id).join(Resource, Resource.pool == Capability.pool)
        at_labs = at_labs.where(
            Resource.lab_id.in_(lab_ids), Resource.retired_at.is_(None), Capability.retired_at.is_(None)
        )
        query = query.where(Test.id.in_(at_labs))
    return [Hit(*row) for row in db.session.execute(query)]


def texts() -> list[tuple[Hit, str]]:
    """Every live test with its text, for words that stand nowhere as they were typed."""
    query = select(Test.id, Test.method_id, Test.name_zh, Test.name_en, Test.position, literal(0), Test.search_text)
    return [(Hit(*row[:-1]), row[-1]) for row in db.session.execute(query.where(_live()).order_by(Test.position))]


def labs_able(test_ids: Collection[str]) -> frozenset[str]:
    """Labs that can run at least one of the tests."""
    query = (
        select(Resource.lab_id)
        .join(Capability, Capability.pool == Resource.pool)
        .where(Capability.test_id.in_(test_ids), Capability.retired_at.is_(None), Resource.retired_at.is_(None))
        .distinct()
    )
    return frozenset(db.session.scalars(query))


def methods(ids: Iterable[str]) -> dict[str, Method]:
    """Methods by id."""
    return {method.id: method for method in db.session.scalars(select(Method).where(Method.id.in_(list(ids))))}


def changes(method_id: str) -> list[Change]:
    """Changes of edition into this method and out of it, by date."""
    old, new = aliased(Method), aliased(Method)
    query = (
        select(MethodTransition, old, new)
        .join(new, new.id == MethodTransition.new_method_id)
        .join(old, old.id == MethodTransition.old_method_id, isouter=True)
        .where(
            MethodTransition.retired_at.is_(None),
            or_(MethodTransition.new_method_id == method_id, MethodTransition.old_method_id == method_id),
        )
    )
    rows = [Change(transition, before, after) for transition, before, after in db.session.execute(query)]
    return sorted(rows, key=lambda row: (str(row.transition.new_types_from or ""), row.transition.id))


def labs(ids: Iterable[str]) -> list[Lab]:
    """Labs by id, in the order of their Chinese names."""
    return list(db.session.scalars(select(Lab).where(Lab.id.in_(list(ids))).order_by(Lab.name_zh)))


def test(test_id: str) -> Test | None:
    """The live test with its method."""
    return db.session.scalar(select(Test).where(Test.id == test_id, _live()).options(joinedload(Test.method)))


def scopes(test_id: str) -> list[Scope]:
    """Every pool that can run the test, and those that no longer can; one row a unit."""
    query = (
        select(Capability, Resource, Lab)
        .join(Resource, Resource.pool == Capability.pool)
        .join(Lab, Lab.id == Resource.lab_id)
        .where(Capability.test_id == test_id)
        .order_by(Lab.id, Resource.pool, Resource.unit)
    )
    return [
        Scope(capability, resource, lab, not (capability.retired_at or resource.retired_at or lab.retired_at))
        for capability, resource, lab in db.session.execute(query)
    ]


def earliest_weeks(test_ids: Collection[str]) -> tuple[dict[tuple[str, str], str | None], datetime | None]:
    """Cached ISO week of the first free time by (test, lab), and when the oldest of them was computed.

    A week None: nothing is free before the horizon. A missing pair: not computed yet.
    """
    query = (
        select(EarliestWeek.test_id, EarliestWeek.lab_id, func.min(EarliestWeek.week), func.min(EarliestWeek.as_of))
        .where(EarliestWeek.test_id.in_(test_ids))
        .group_by(EarliestWeek.test_id, EarliestWeek.lab_id)
    )
    rows = list(db.session.execute(query))
    weeks = {(test_id, lab_id): week for test_id, lab_id, week, _as_of in rows}
    return weeks, min((as_of for *_, as_of in rows), default=None)


def domains() -> list[tuple[Domain, int]]:
    """Every live domain with the number of its tests, in the catalogue's order."""
    query = (
        select(Domain, func.count(Test.id))
        .join(Test, and_(Test.domain_id == Domain.id, _live()), isouter=True)
        .where(Domain.retired_at.is_(None))
        .group_by(Domain.id)
        .order_by(Domain.position)
    )
    return [(domain, count) for domain, count in db.session.execute(query)]
