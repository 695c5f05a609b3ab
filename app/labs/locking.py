"""The benches that somebody books, locked against others who want them."""

from collections.abc import Collection
from functools import cache
from typing import Any

from sqlalchemy import Select, String, bindparam, func, select
from sqlalchemy.orm import Session

from app.database import connection_of
from app.labs.models import Lab, Resource, Test
from app.labs.queries import CAPABLE, CapableBench, from_rows
from app.prepared import ask

# Not against those who only write rows that point at a bench: they would wait for each other in a circle.
_LOCKED = CAPABLE.where(Test.id == bindparam("test")).with_for_update(of=Resource, key_share=True)
# Apart, so that PostgreSQL goes from index to index for the one unit that is nearly always asked for.
_LOCKED_UNIT = _LOCKED.where(Resource.id == bindparam("resource")).order_by(None)
_LOCKED_POOL = _LOCKED.where(Resource.pool == bindparam("resource"))


@cache
def _with_newest_version(locked: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """A statement that locks benches, with the version of their lab as it is when they are locked.

    What waited for a lock sees its bench as it became, but the lab as it was before: a function that may change what
    it reads looks anew (PostgreSQL, "Function Volatility Categories").
    """
    rows = locked.cte("locked")
    newest = func.setup_version_now(rows.c.lab_id, type_=String).label("newest_version")
    return select(*rows.c, newest)


def lock_benches(
    session: Session, test_id: str, resource_or_pool: str, company_id: str | None = None, reserve: bool = False
) -> list[CapableBench]:
    """The units that were asked for and can run the test, locked against other bookers until the commit.

    A unit's id gives that unit, a pool's id every unit of it, in order. Empty: none is capable, or none is there.
    Where surfaces are kept apart, whoever books at the lab waits: the guard of the table knows no neighbours.
    """
    asked = {"test": test_id, "resource": resource_or_pool}
    concurrent = connection_of(session).dialect.name == "postgresql"
    rows = _lock(session, asked, concurrent)
    if concurrent and any(row.newest_version != row.setup_version for row in rows):
        rows = _lock(session, asked, concurrent)
    found = from_rows(session, rows, company_id, reserve)
    if concurrent and any(item.bench.against for item in found):
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext(found[0].bench.lab_id))))
    return found


def _lock(session: Session, asked: dict[str, str], concurrent: bool) -> list[Any]:
    for locked in (_LOCKED_UNIT, _LOCKED_POOL):
        if rows := ask(session, _with_newest_version(locked) if concurrent else locked, asked):
            return rows
    return []


def lock_resources(session: Session, resource_ids: Collection[str]) -> None:
    """These resources, whatever is tested on them, locked against bookers in the order in which those lock them.

    They and their labs are then as they are now.
    """
    query = select(Resource).where(Resource.id.in_(resource_ids)).order_by(Resource.pool, Resource.unit, Resource.id)
    locked = query.with_for_update(of=Resource, key_share=True).execution_options(populate_existing=True)
    labs = {resource.lab_id for resource in session.scalars(locked)}
    session.scalars(select(Lab).where(Lab.id.in_(labs)).execution_options(populate_existing=True)).all()
