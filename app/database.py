"""The database on both engines: base class, column types, and the one way to write.

Reads run in plain transactions. Every write runs in `transaction()`, which on SQLite is
`BEGIN IMMEDIATE`: a deferred transaction that reads first and writes later can't be upgraded while another
writer is at work, and two of them would both see the slot as free.
"""

import enum
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from threading import Lock
from time import monotonic
from typing import Any, ClassVar

from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy, session
from sqlalchemy import (
    JSON,
    Connection,
    CursorResult,
    DateTime,
    Engine,
    Enum,
    Executable,
    Index,
    MetaData,
    String,
    Text,
    TypeDecorator,
    event,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError, DisconnectionError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeEngine

from app.identifiers import new_id

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
BUSY_TIMEOUT_MS = 30_000
WRITING = "yujian_writing"
WRITES = {WRITING: True}
CONNECTION = "yujian_connection"
FLUSHED = "yujian_flushed"
USED = "yujian_used"
IDLE_SECONDS = 1.0
# Writers of one process queue up here: SQLite lets a waiting one sleep, ever longer, while nobody is at work.
# Only a queue; what keeps writers apart is the database's own lock, across processes too.
_TURN = Lock()


def _utc(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise ValueError("naive datetime")
    return at.astimezone(UTC)


# A command writes the same few instants into many columns.
@lru_cache(maxsize=1024)
def _utc_text(at: datetime | None) -> str | None:
    """What SQLite keeps of an instant, as SQLAlchemy writes datetimes."""
    return _utc(at).isoformat(" ", "microseconds")[:26] if at else None


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime kept as UTC; naive values are refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any] | None:
        return _utc_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        return _utc(value) if value else None

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _values(choices: type[enum.Enum]) -> list[str]:
    return [member.value for member in choices]


class Base(DeclarativeBase):
    """Mother of all tables; strings are texts, datetimes aware UTC, enums their values, dicts and lists JSON."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, TypeEngine[Any] | type[TypeEngine[Any]]]] = {
        str: Text(),
        datetime: UtcDateTime(),
        enum.Enum: Enum(enum.Enum, native_enum=False, length=20, create_constraint=True, values_callable=_values),
        dict[str, Any]: JSON().with_variant(JSONB(), "postgresql"),
        list[str]: JSON().with_variant(JSONB(), "postgresql"),
        list[int]: JSON().with_variant(JSONB(), "postgresql"),
        list[list[int]]: JSON().with_variant(JSONB(), "postgresql"),
    }


class CommandSession(session.Session):
    """A session that works on the connection of its command, or of what was asked before, where there is one.

    That connection begins and ends its transaction itself: a transaction of the session around the few statements of a
    booking takes longer than they do. Only what goes through the session's own rows begins one, which joins it.
    """

    def get_bind(
        self, mapper: Any = None, clause: Any = None, bind: Engine | Connection | None = None, **others: Any
    ) -> Engine | Connection:
        return self.info.get(CONNECTION) or super().get_bind(mapper, clause, bind, **others)

    def rollback(self) -> None:
        with self._ending():
            super().rollback()
            if self.info.get(WRITING):
                # Nothing may have gone through the session's rows. And SQLite goes on with a transaction that it could
                # not commit, of which SQLAlchemy thinks that it has ended: it would rest with the lock of all writers.
                self.info[CONNECTION].rollback()

    def close(self) -> None:
        with self._ending():
            super().close()

    @contextmanager
    def _ending(self) -> Iterator[None]:
        """Give back a connection that only read; a command gives back its own.

        What broke has ended by itself: an answer that is ready by then goes out all the same.
        """
        try:
            try:
                yield
            finally:
                if CONNECTION in self.info and not self.info.get(WRITING):
                    self.info.pop(CONNECTION).close()
        except DBAPIError as error:
            if not error.connection_invalidated or self.in_transaction():
                raise


# Rows stay readable after the commit: the view shows what was just stored without asking again.
db = SQLAlchemy(metadata=Base.metadata, session_options={"class_": CommandSession, "expire_on_commit": False})
migrate = Migrate()


def random_id() -> Mapped[str]:
    """Primary key column with a random id."""
    return mapped_column(String(24), primary_key=True, default=new_id)


def index_where_set(name: str, *columns: str) -> Index:
    """An index of the rows in which the last column is not empty: the others are written without it."""
    where = text(f"{columns[-1]} IS NOT NULL")
    return Index(name, *columns, sqlite_where=where, postgresql_where=where)


def in_a_circle(error: OperationalError) -> bool:
    """Whether PostgreSQL gave this transaction up because it and others waited for one another (deadlock)."""
    return getattr(error.orig, "sqlstate", None) == "40P01"


def connection_of(session: Session) -> Connection:
    """The connection on which the session reads, or writes."""
    connection: Connection = session.info.get(CONNECTION) or session.connection()
    return connection


def execute(
    session: Session, statement: Executable, values: Mapping[str, Any] | Sequence[Mapping[str, Any]]
) -> CursorResult[*tuple[Any, ...]]:
    """Ask for plain columns, or write, on the session's own connection, past the layer that makes row objects.

    What is pending is not flushed before. What stands before every request or in every booking goes by `prepared.py`,
    which knows no lists of values.
    """
    return connection_of(session).execute(statement, values)


def send(
    connection: Connection,
    statement: str,
    values: Any = (),
    cursor: DBAPICursor | None = None,
    many: bool = False,
) -> DBAPICursor:
    """Give the driver a statement of its own language, and the cursor back. many: values are those of many rows.

    As `Connection.exec_driver_sql` without the objects that it makes around each statement. Listeners hear of the
    statement, errors are SQLAlchemy's, and a connection that broke is thrown away.
    """
    dialect, dbapi = connection.dialect, connection.dialect.loaded_dbapi
    cursor = cursor or connection.connection.cursor()
    for told in connection.engine.dispatch.before_cursor_execute:
        told(connection, cursor, statement, values, None, many)
    try:
        (cursor.executemany if many else cursor.execute)(statement, values)
    except dbapi.Error as error:
        broken = dialect.is_disconnect(error, connection.connection, cursor)
        if broken:
            connection.invalidate(error)
        raise DBAPIError.instance(
            statement, values, error, dbapi.Error, connection.engine.hide_parameters, broken, dialect, many
        ) from error
    return cursor


# So many rows of an index are looked at for its statistics.
ANALYSED = 1_000


def refresh_statistics(_now: datetime) -> int:
    """Let SQLite see how its rows are spread, or it would read all of a company's bookings to find fifty by their ids.

    PostgreSQL sees to that by itself. Returns how many databases were looked at.
    """
    if db.engine.dialect.name != "sqlite":
        return 0
    with transaction() as session:
        connection = session.connection()
        connection.exec_driver_sql(f"PRAGMA analysis_limit={ANALYSED}")
        connection.exec_driver_sql("ANALYZE")
    return 1


def init_app(app: Flask) -> None:
    """Bind the engine to the app and its pragmas to each connection."""
    # What a failed statement carried is somebody's: it must not get into logs or onto the page of jobs.
    options: dict[str, Any] = {"hide_parameters": True}
    if str(app.config["SQLALCHEMY_DATABASE_URI"]).startswith("sqlite"):
        # The connection used last has the pages at hand; another would read anew what was written meanwhile.
        options |= {"connect_args": {"timeout": BUSY_TIMEOUT_MS / 1000}, "pool_use_lifo": True}
    else:
        options |= {"pool_size": 10}
    app.config.setdefault("SQLALCHEMY_ENGINE_OPTIONS", options)
    db.init_app(app)
    migrate.init_app(app, db, render_as_batch=True, compare_type=True)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            _tame_sqlite(db.engine)
        else:
            _check_idle(db.engine)


@event.listens_for(db.session, "after_flush")
def _note_flush(session: Session, _context: object) -> None:
    """What was written outside of `transaction()` is not to be kept by one that begins later."""
    if not session.info.get(WRITING):
        session.info[FLUSHED] = True


def _tame_sqlite(engine: Engine) -> None:
    """WAL, foreign keys, and transactions that we begin ourselves."""

    @event.listens_for(engine, "connect")
    def connect(dbapi_connection: Any, _record: object) -> None:
        dbapi_connection.isolation_level = None
        cursor = dbapi_connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        # FULL: an acknowledged booking survives a power cut, not only a killed process.
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITING)
        send(connection, "BEGIN IMMEDIATE" if writes else "BEGIN")


def _check_idle(engine: Engine) -> None:
    """Ask a connection that has rested whether it is still alive, and take a new one where it is not.

    Asking before each use would cost one round trip each time; what breaks between two uses within a second is told
    as what breaks in the middle of a request.
    """

    @event.listens_for(engine, "checkin")
    def checkin(_connection: Any, record: ConnectionPoolEntry) -> None:
        record.info[USED] = monotonic()

    @event.listens_for(engine, "checkout")
    def checkout(connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
        if monotonic() - record.info.get(USED, monotonic()) < IDLE_SECONDS:
            return
        try:
            alive = engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            if not engine.dialect.is_disconnect(error, connection, None):
                raise
            alive = False
        if not alive:
            raise DisconnectionError


@contextmanager
def transaction() -> Iterator[Session]:
    """One command, one transaction: commits at the end, rolls back on any error.

    Inside another transaction() it is a savepoint of that one, so that services can be called in bulk.
    """
    session = db.session()
    if session.info.get(WRITING):
        with session.begin_nested():
            # The session sets the savepoint when it is asked for its connection, and not before.
            session.connection()
            yield session
        return
    _forget(session)
    with _turn(), _connected(session) as connection:
        try:
            yield session
            if session.in_transaction():
                session.commit()
            if connection.in_transaction():
                connection.commit()
        except BaseException:
            session.rollback()
            session.expire_all()
            raise


@contextmanager
def _connected(session: Session) -> Iterator[Connection]:
    """The connection on which the session has read, if there is one, or one that begins to write; it is given back."""
    connection: Connection = (
        session.connection()
        if session.in_transaction()
        else session.info.get(CONNECTION) or db.engine.connect().execution_options(**WRITES)
    )
    with connection:
        session.info.update({WRITING: True, CONNECTION: connection})
        try:
            if not connection.in_transaction():
                connection.begin()
            yield connection
        finally:
            del session.info[WRITING], session.info[CONNECTION]


def _forget(session: Session) -> None:
    """What was read before a transaction may be out of date in it.

    PostgreSQL looks anew with each statement, and goes on where sign-in has read. SQLite can't let a reader write: its
    connection is given back, so that whoever writes next takes the one that wrote last and has its pages at hand.
    """
    changed = session.new or session.dirty or session.deleted or session.info.pop(FLUSHED, False)
    if changed or (session.in_transaction() and db.engine.dialect.name == "sqlite"):
        session.rollback()
    elif session.in_transaction() or CONNECTION in session.info:
        session.expire_all()


@contextmanager
def _turn() -> Iterator[None]:
    """Wait until no other thread of this process writes to SQLite; PostgreSQL needs no queue."""
    waited = db.engine.dialect.name == "sqlite" and _TURN.acquire(timeout=BUSY_TIMEOUT_MS / 1000)
    try:
        yield
    finally:
        if waited:
            _TURN.release()
