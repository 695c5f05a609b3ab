"""The catalogue's rows compared with the database and written: one transaction, nothing deleted."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, inspect, select
from sqlalchemy.orm import Session

from app.accounts.models import Organisation
from app.database import Base, db, transaction
from app.labs.loading import checks, files
from app.labs.loading.entries import Entries, Values, entries
from app.labs.loading.files import Files, Problem
from app.labs.models import CATALOGUE, CatalogueLoad, Source
from app.worktime import local_date

# Number of the advisory lock under which PostgreSQL lets one load in at a time (SQLite has one writer anyway).
LOAD_LOCK = 0x59554A31
# The modules that decide what a file becomes: when one of them changes, the same files are loaded again.
_READERS = ("loading/cells.py", "loading/tables.py", "loading/files.py", "loading/entries.py", "search_text.py")


class BadCatalogue(Exception):
    """The files have faults; nothing was stored."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = problems


@dataclass
class Difference:
    """What a load did, or would do, to one table; ids, a key of several parts joined by ` + `.

    kept: rows that a lab has made its own and that the files would have changed. first: the table was empty.
    """

    table: str
    first: bool = False
    added: list[str] = field(default_factory=list)
    changed: list[tuple[str, list[str]]] = field(default_factory=list)
    retired: list[str] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return any((self.added, self.changed, self.retired, self.returned, self.kept))


def check(folder: Path, now: datetime) -> Files:
    """The files of a folder, without a fault. Raises BadCatalogue."""
    read = files.read(folder)
    problems = read.problems or checks.faults(read, local_date(now))
    if problems:
        raise BadCatalogue(problems)
    return read


def load(folder: Path, now: datetime, dry_run: bool = False) -> list[Difference] | None:
    """Bring the database to the state of the files; the differences by table, None when there was nothing to do.

    now: the instant at which vanished rows are retired. dry_run: compare only. Rows that belong to a lab
    (`origin`) and columns that the files don't name are left alone; what vanished is retired, never deleted.
    Raises BadCatalogue; then nothing is stored.
    """
    if not dry_run and _already_loaded(folder):
        return None
    read = check(folder, now)
    planned = entries(read)
    if dry_run:
        return _nothing_empty(_compare(db.session(), one, now, apply=False) for one in planned)
    with transaction() as session:
        if session.get_bind().dialect.name == "postgresql":
            session.execute(select(func.pg_advisory_xact_lock(LOAD_LOCK)))
        found = _nothing_empty(_compare(session, one, now, apply=True) for one in planned)
        session.merge(CatalogueLoad(id=CATALOGUE, digest=_fingerprint(read.digest), loaded_at=now))
    return found


def _nothing_empty(found: Iterator[Difference]) -> list[Difference]:
    return [difference for difference in found if difference]


def _already_loaded(folder: Path) -> bool:
    last = db.session.get(CatalogueLoad, CATALOGUE)
    return last is not None and folder.is_dir() and last.digest == _fingerprint(files.digest_of(folder))


def _fingerprint(digest: str) -> str:
    """The digest of the files together with that of the code that reads them."""
    fingerprint = hashlib.sha256(digest.encode())
    for name in _READERS:
        fingerprint.update((Path(__file__).parent.parent / name).read_bytes())
    return fingerprint.hexdigest()


def _compare(session: Session, wanted: Entries, now: datetime, apply: bool) -> Difference:
    """The differences of one table; written into the session when `apply` is set."""
    model = wanted.model
    key_of: Callable[[Any], tuple[Any, ...]] = inspect(model).primary_key_from_instance
    present = {tuple(key_of(row)): row for row in session.scalars(select(model))}
    difference = Difference(model.__tablename__, first=not present)
    for key, values in wanted.rows.items():
        row = present.get(key)
        if row is None:
            difference.added.append(_name(key))
            if apply:
                session.add(_new(model, values, now))
        else:
            _update(difference, row, _name(key), values, apply)
    if model is not Source:
        _retire(difference, {key: row for key, row in present.items() if key not in wanted.rows}, now, apply)
    if apply:
        session.flush()
    return difference


def _name(key: tuple[Any, ...]) -> str:
    return " + ".join(str(part) for part in key)


def _new(model: type[Base], values: Values, now: datetime) -> Base:
    if model is Source:
        return model(**values)
    more = {"created_at": now} if model is Organisation else {}
    return model(**values, **more, origin=CATALOGUE)


def _update(difference: Difference, row: Any, name: str, values: Values, apply: bool) -> None:
    changed = [column for column, value in values.items() if getattr(row, column) != value]
    if getattr(row, "origin", CATALOGUE) != CATALOGUE:
        if changed:
            difference.kept.append(name)
        return
    if changed:
        difference.changed.append((name, changed))
    returned = getattr(row, "retired_at", None) is not None
    if returned:
        difference.returned.append(name)
    if apply:
        for column in changed:
            setattr(row, column, values[column])
        if returned:
            row.retired_at = None


def _retire(difference: Difference, vanished: dict[tuple[Any, ...], Any], now: datetime, apply: bool) -> None:
    for key, row in sorted(vanished.items()):
        if row.origin == CATALOGUE and row.retired_at is None:
            difference.retired.append(_name(key))
            if apply:
                row.retired_at = now
