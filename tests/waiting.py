"""Waiting for what another thread does, for a while and not for ever."""

from collections.abc import Callable
from time import monotonic, sleep

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

SECONDS = 20
WAITING = text("SELECT count(*) FROM pg_locks WHERE NOT granted")


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether it is so within a while."""
    until = monotonic() + SECONDS
    while not holds() and monotonic() < until:
        sleep(0.01)
    return holds()


def until_one_waits(asker: Session | Connection) -> None:
    """Until somebody waits for a lock of PostgreSQL; AssertionError when nobody does."""
    assert eventually(lambda: bool(asker.scalar(WAITING))), "nobody waits for a lock"
