"""Inserts of the path that every booking takes: past the ORM's bookkeeping of changes, and sent together."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import count, groupby
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar, cast

from sqlalchemy import Insert, Table, TableClause, bindparam, column, insert, inspect, table
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import instance_state

from app.database import Base, connection_of
from app.prepared import Values, put, value_name

Row = TypeVar("Row", bound=Base)
GATHERED = "yujian_gathered"
# So many rows of one kind go into one statement: more would be more kinds of statements than the database keeps ready.
MOST_ALIKE = 2


def new_row(kind: type[Row], **values: Any) -> Row:
    """A row to be given to `insert_now`: made as the ORM makes those that it reads, without noting changes.

    values: by attribute, of columns and of single rows that it points at; other columns are empty, without default.
    """
    row = cast(Row, inspect(kind).class_manager.new_instance())
    row.__dict__.update(_empty(kind), **values)
    return row


def insert_now(session: Session, *rows: Base) -> None:
    """Insert rows of `new_row` in this order; afterwards they belong to the session like loaded ones.

    Keys and other columns without an empty value must be set. Inside of `together` nothing of them is there before it
    ends.
    """
    with together(session):
        for row in rows:
            write(session, type(row), {name: row.__dict__[key] for key, name in _columns(type(row))})
    for row in rows:
        _belongs(session, row)


def _belongs(session: Session, row: Base) -> None:
    """As `session.add`, which would look at every row that this one points at, and at those that they point at.

    As `make_transient_to_detached` before it, which would note what is still to be read; all columns are known.
    """
    state = instance_state(row)
    state.key = state.mapper.identity_key_from_instance(row)
    state._commit_all(state.dict)
    state.session_id = session.hash_key
    session.identity_map.add(state)
    if nested := session.get_nested_transaction():
        # A part that is given up takes it along; what ends the whole command lets all rows be read anew.
        nested._new[state] = True


class Part(NamedTuple):
    """A row to be inserted: what is neither empty nor written by the database itself, by column."""

    kind: type[Base]
    values: Values


class Shape(NamedTuple):
    """So many rows of one kind in a statement, and the columns that are sent of each."""

    kind: type[Base]
    columns: tuple[str, ...]
    rows: int = 1


@contextmanager
def together(session: Session) -> Iterator[None]:
    """What is inserted inside is sent when it ends, in as few statements as the database takes it.

    Rows of one kind stay in order, and kinds follow one another as they first came. Nothing of it can be read inside,
    and errors of the database come at the end.
    """
    if GATHERED in session.info:
        yield
        return
    parts: list[Part] = []
    session.info[GATHERED] = parts
    try:
        yield
    finally:
        del session.info[GATHERED]
    mixed = connection_of(session).dialect.name == "postgresql"
    for shapes, rows in _mixed(parts) if mixed else _by_kind(parts):
        put(session, _inserted(*shapes), rows)


def write(session: Session, kind: type[Base], *rows: Values) -> None:
    """Insert rows of plain values by column.

    What is pending in the session is not flushed before.
    """
    gathered: list[Part] | None = session.info.get(GATHERED)
    if gathered is None:
        with together(session):
            write(session, kind, *rows)
        return
    standing = _standing(kind)
    for row in rows:
        sent = {name: value for name, value in row.items() if value is not None and value != standing.get(name)}
        gathered.append(Part(kind, sent))


Sent = tuple[list[Shape], list[Sequence[Any]]]
"""What one statement inserts, and the values of each time that it is sent."""


def _by_kind(parts: Iterable[Part]) -> Iterator[Sent]:
    """Rows of the same kind, and as long as their columns are the same, in one go."""
    kinds: dict[type[Base], list[Values]] = {}
    for kind, values in parts:
        kinds.setdefault(kind, []).append(values)
    for kind, rows in kinds.items():
        for columns, alike in groupby(rows, tuple):
            yield [Shape(kind, columns)], [tuple(row.values()) for row in alike]


def _mixed(parts: Iterable[Part]) -> Iterator[Sent]:
    """Rows of different kinds in one statement, which saves round trips.

    Nobody says in which order the kinds of a statement are done; rows of one kind are in that in which they stand.
    """
    groups: list[dict[type[Base], list[Values]]] = []
    for kind, values in parts:
        if not groups or len(groups[-1].get(kind, ())) == MOST_ALIKE:
            groups.append({})
        groups[-1].setdefault(kind, []).append(values)
    sent = [(_shapes(group), group) for group in groups]
    for shapes, alike in groupby(sent, itemgetter(0)):
        yield shapes, [_values(shapes, group) for _, group in alike]


def _shapes(group: Mapping[type[Base], Sequence[Values]]) -> list[Shape]:
    return [
        Shape(kind, tuple(dict.fromkeys(name for row in rows for name in row)), len(rows))
        for kind, rows in group.items()
    ]


def _values(shapes: Sequence[Shape], group: Mapping[type[Base], Sequence[Values]]) -> list[Any]:
    """The values of all rows. What one row of a kind sends, the other one does too."""
    return [
        row.get(name, standing.get(name))
        for kind, columns, _ in shapes
        for standing in (_standing(kind),)
        for row in group[kind]
        for name in columns
    ]


@cache
def _inserted(*shapes: Shape) -> Insert:
    """The rows of all shapes in one statement. Keys are checked at its end."""
    names = map(value_name, count())
    inserts = []
    for kind, columns, rows in shapes:
        bare = _bare(kind)
        values = [{name: bindparam(next(names), type_=bare.c[name].type) for name in columns} for _ in range(rows)]
        inserts.append(insert(bare).values(values if rows > 1 else values[0]))
    return inserts[-1].add_cte(*(each.cte(f"rows_{number}") for number, each in enumerate(inserts[:-1])))


@cache
def _columns(kind: type[Base]) -> Sequence[tuple[str, str]]:
    """Attributes and the names of their columns."""
    return [(each.key, each.columns[0].name) for each in inspect(kind).column_attrs]


@cache
def _bare(kind: type[Base]) -> TableClause:
    """The table without what SQLAlchemy would add to a row by itself."""
    known = cast(Table, inspect(kind).local_table)
    return table(known.name, *(column(each.name, each.type) for each in known.columns))


@cache
def _standing(kind: type[Base]) -> Values:
    """What the database writes where nothing is said, by column; models and migrations say the same."""
    written = {}
    for each in cast(Table, inspect(kind).local_table).columns:
        default: Any = each.default
        if each.server_default is not None and default is not None and default.is_scalar:
            written[each.name] = default.arg
    return written


@cache
def _empty(kind: type[Base]) -> dict[str, None]:
    return dict.fromkeys(key for key, _ in _columns(kind))
