"""Inserts of the path that every booking takes: compiled once, and past the ORM's bookkeeping of changes."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeVar, cast

from sqlalchemy import Insert, Table, bindparam, insert, inspect
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Session, make_transient_to_detached

from app.database import Base, connection_of

Row = TypeVar("Row", bound=Base)
Values = Mapping[str, Any]


def new_row(kind: type[Row], **values: Any) -> Row:
    """A row to be given to `insert_now`: made as the ORM makes those that it reads, without noting changes.

    values: by attribute, of columns and of single rows that it points at; other columns are empty, without default.
    """
    row = cast(Row, inspect(kind).class_manager.new_instance())
    row.__dict__.update(_empty(kind), **values)
    return row


def insert_now(session: Session, *rows: Base) -> None:
    """Insert new rows in this order.

    Keys and other columns without an empty value must be set; afterwards the rows belong to the session like loaded
    ones. PostgreSQL gets them all in one statement: few at a time, for its driver keeps none of more than fifty values.
    """
    values = [{name: row.__dict__.setdefault(key, None) for key, name in _columns(type(row))} for row in rows]
    if session.get_bind().dialect.name == "postgresql":
        together = {f"{name}_{number}": value for number, row in enumerate(values) for name, value in row.items()}
        _send(session, _inserted_together(*map(type, rows)), (), [together])
    else:
        for row, each in zip(rows, values, strict=True):
            write(session, type(row), each)
    for row in rows:
        make_transient_to_detached(row)
    for row in reversed(rows):
        # The last ones bring those along that they point at.
        if row not in session:
            session.add(row)


def write(session: Session, kind: type[Base], *rows: Values) -> None:
    """Insert rows of plain values by column, all with the same columns, in one go.

    What is pending in the session is not flushed before.
    """
    _send(session, _inserted(kind), tuple(rows[0]), rows)


def _send(session: Session, statement: Insert, columns: tuple[str, ...], rows: Sequence[Values]) -> None:
    connection = connection_of(session)
    prepared = _prepared(statement, connection.dialect, columns)
    bound = [prepared.bound(row) for row in rows]
    connection.exec_driver_sql(prepared.text, bound[0] if len(bound) == 1 else bound)


class _Prepared(NamedTuple):
    """A statement as the driver takes it, and how each of its values is written for it."""

    text: str
    columns: Sequence[tuple[str, Callable[[Any], Any] | None]]
    positional: bool

    def bound(self, values: Values) -> Any:
        each = {name: write(values[name]) if write else values[name] for name, write in self.columns}
        return tuple(each.values()) if self.positional else each


@cache
def _prepared(statement: Insert, dialect: Dialect, columns: tuple[str, ...]) -> _Prepared:
    """columns: those to be written, where the statement doesn't say so itself."""
    compiled = statement.inline().compile(dialect=dialect, column_keys=columns or None)
    names = compiled.positiontup or list(compiled.binds)
    types = (compiled.binds[name].type.dialect_impl(dialect) for name in names)
    written = [(name, kind.bind_processor(dialect)) for name, kind in zip(names, types, strict=True)]
    return _Prepared(str(compiled), written, compiled.positional)


@cache
def _inserted(kind: type[Base]) -> Insert:
    """The statement that inserts rows of this kind."""
    return insert(cast(Table, inspect(kind).local_table))


@cache
def _inserted_together(*kinds: type[Base]) -> Insert:
    """A row of each kind; the values of the first are called `id_0`, `code_0` …. Keys are checked at the end."""
    parts = [
        _inserted(kind).values({name: bindparam(f"{name}_{number}") for _, name in _columns(kind)})
        for number, kind in enumerate(kinds)
    ]
    return parts[-1].add_cte(*(part.cte(f"row_{number}") for number, part in enumerate(parts[:-1])))


@cache
def _columns(kind: type[Base]) -> Sequence[tuple[str, str]]:
    """Attributes and the names of their columns."""
    return [(each.key, each.columns[0].name) for each in inspect(kind).column_attrs]


@cache
def _empty(kind: type[Base]) -> dict[str, None]:
    return dict.fromkeys(key for key, _ in _columns(kind))
