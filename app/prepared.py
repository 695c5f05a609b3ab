"""Statements that stand before every request or in every booking: compiled once, and sent past SQLAlchemy's layers.

What those layers make around each statement costs more than SQLite takes to answer one.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from operator import itemgetter
from typing import Any, cast

from sqlalchemy import Connection, Insert, Select
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from app.database import CONNECTION, connection_of, db, send

Values = Mapping[str, Any]
Written = Callable[[Any], Any] | None
"""How the driver takes a value, or how we take one of its; None: as it is."""
RAW = "yujian_raw_cursor"


def ask(session: Session, statement: Select[*tuple[Any, ...]], values: Values) -> list[Any]:
    """The rows of plain columns that a statement built once gives, as named tuples.

    What is pending in the session is not flushed before.
    """
    return _asked(connection_of(session), statement, values)


def ask_before(statement: Select[*tuple[Any, ...]], values: Values) -> list[Any]:
    """`ask` at the beginning of a request, for what stands by itself: who is asking.

    On SQLite in no transaction: a reader can't become a writer there, and one that waits for its turn would have to let
    go of the connection first. PostgreSQL goes on with the connection that has read.
    """
    session = db.session()
    if CONNECTION in session.info or session.in_transaction():
        return ask(session, statement, values)
    if db.engine.dialect.name == "sqlite":
        with db.engine.connect() as connection:
            return _asked(connection, statement, values)
    session.info[CONNECTION] = db.engine.connect()
    return ask(session, statement, values)


def put(session: Session, statement: Insert, rows: Sequence[Sequence[Any]]) -> None:
    """Send an insert that was built once, with the values of each row by the numbers that they have in it.

    What is pending in the session is not flushed before. Raises RuntimeError outside of a transaction, and in a command
    that somebody has rolled back in the middle: SQLite would keep each row at once, PostgreSQL none.
    """
    connection = connection_of(session)
    if not connection.in_transaction():
        raise RuntimeError("no transaction is open")
    prepared = _inserting(statement, connection.dialect)
    bound = [prepared.bound(row) for row in rows]
    # After a single row SQLite's driver asks for its number, and lets other threads in for it.
    if len(bound) == 1 and connection.dialect.name == "postgresql":
        send(connection, prepared.text, bound[0], _cursor(connection))
    else:
        send(connection, prepared.text, bound, _cursor(connection), many=True)


def value_name(number: int) -> str:
    """How a statement that is `put` names its values."""
    return f"value_{number}"


def _asked(connection: Connection, statement: Select[*tuple[Any, ...]], values: Values) -> list[Any]:
    prepared = _asking(statement, connection.dialect)
    return prepared.read(send(connection, prepared.text, prepared.bound(values), _cursor(connection)))


def _cursor(connection: Connection) -> DBAPICursor:
    """Of the driver, for statements as `_compiled` writes them.

    PostgreSQL's driver is given one that takes statements as they are and knows how values are written from the last
    time; it is kept, for what it reads is read before the next statement.
    """
    driver = connection.connection
    if connection.dialect.name == "sqlite":
        return driver.cursor()
    kept: DBAPICursor | None = driver.info.get(RAW)
    if kept is None:
        kept = driver.info[RAW] = connection.dialect.loaded_dbapi.RawCursor(driver.driver_connection)
    return kept


@dataclass(eq=False, slots=True)
class _Question:
    """A select as the driver takes it.

    columns: the name of each value in the statement, and how it is written. fixed: values that stand in the statement
    itself. types: of the columns that come back, of which `make` makes a row.
    """

    text: str
    columns: Sequence[tuple[str, Written]]
    fixed: Values
    dialect: Dialect
    types: Sequence[TypeEngine[Any]]
    make: Callable[[Sequence[Any]], Any]
    readers: Sequence[tuple[int, Callable[[Any], Any]]] | None = field(default=None)

    def bound(self, values: Values) -> list[Any]:
        """The values as the driver takes them."""
        if self.fixed:
            values = {**self.fixed, **values}
        return [write(values[name]) if write else values[name] for name, write in self.columns]

    def read(self, cursor: DBAPICursor) -> list[Any]:
        """What the driver gives, as the columns' types read it."""
        if self.readers is None:
            self.readers = self._readers(cursor)
        found = []
        for row in cursor.fetchall():
            values = list(row)
            for position, reader in self.readers:
                values[position] = reader(values[position])
            found.append(self.make(values))
        return found

    def _readers(self, cursor: DBAPICursor) -> list[tuple[int, Callable[[Any], Any]]]:
        """Only the driver's first answer says of which of its types the columns are."""
        read = [
            each.dialect_impl(self.dialect).result_processor(self.dialect, described[1])
            for each, described in zip(self.types, cursor.description, strict=True)
        ]
        return [(position, reader) for position, reader in enumerate(read) if reader]


@dataclass(frozen=True, slots=True)
class _Inserts:
    """An insert as the driver takes it.

    arrange: the values of a row in the order of the statement. writers: how the driver takes some of them, by their
    place in that order.
    """

    text: str
    arrange: Callable[[Sequence[Any]], Sequence[Any]]
    writers: Sequence[tuple[int, Callable[[Any], Any]]]

    def bound(self, values: Sequence[Any]) -> list[Any]:
        """The values of a row as the driver takes them; what is empty stays so, whatever its column."""
        row = list(self.arrange(values))
        for place, write in self.writers:
            if row[place] is not None:
                row[place] = write(row[place])
        return row


@cache
def _asking(statement: Select[*tuple[Any, ...]], dialect: Dialect) -> _Question:
    compiled, names = _compiled(statement, dialect)
    return _Question(
        text=str(compiled),
        columns=[(name, _writer(compiled, name)) for name in names],
        fixed={name: bind.effective_value for name, bind in compiled.binds.items() if not bind.required},
        dialect=dialect,
        types=[column.type for column in statement.selected_columns],
        make=namedtuple("Row", statement.selected_columns.keys())._make,  # type: ignore[attr-defined]  # fields are known at run time only
    )


@cache
def _inserting(statement: Insert, dialect: Dialect) -> _Inserts:
    compiled, names = _compiled(statement, dialect)
    numbers = {value_name(number): number for number in range(len(names))}
    writers = [(place, writer) for place, name in enumerate(names) if (writer := _writer(compiled, name))]
    return _Inserts(
        text=str(compiled),
        arrange=itemgetter(*(numbers[name] for name in names)),
        writers=writers,
    )


def _compiled(statement: Select[*tuple[Any, ...]] | Insert, dialect: Dialect) -> tuple[SQLCompiler, Sequence[str]]:
    """The statement, with numbers for its values, and their names in that order."""
    compiled = cast(SQLCompiler, statement.compile(dialect=_numbering(dialect)))
    return compiled, compiled.positiontup or []


@cache
def _numbering(dialect: Dialect) -> Dialect:
    """The same language, in which values have numbers instead of names."""
    language = cast(type[DefaultDialect], type(dialect))
    return dialect if dialect.positional else language(paramstyle="numeric_dollar")


def _writer(compiled: SQLCompiler, name: str) -> Written:
    return compiled.binds[name].type.dialect_impl(compiled.dialect).bind_processor(compiled.dialect)
