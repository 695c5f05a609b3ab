"""The offer to take back what was just done: kept in the session for its seconds, shown by the frame of every page."""

from dataclasses import dataclass
from datetime import datetime

from flask import Flask, session

from app.clock import now

KEPT = "undo"


@dataclass(frozen=True, slots=True)
class Undoable:
    """What was done, where to post to take it back, the version that it left, and how long that is possible, ms."""

    said: str
    address: str
    version: int
    left: int


def init_app(app: Flask) -> None:
    """Give the frame its offer."""
    app.jinja_env.globals.update(undoable=undoable)


def offer_undo(said: str, address: str, version: int, until: datetime) -> None:
    """Offer it on the pages that follow. said: in the reader's language."""
    session[KEPT] = {"said": said, "address": address, "version": version, "until": until.isoformat()}


def undoable() -> Undoable | None:
    """What can still be taken back."""
    kept = session.get(KEPT)
    if kept is None:
        return None
    left = datetime.fromisoformat(kept["until"]) - now()
    if left.total_seconds() <= 0:
        forget_undo()
        return None
    return Undoable(kept["said"], kept["address"], kept["version"], int(left.total_seconds() * 1000))


def forget_undo() -> None:
    """It was taken, or has lapsed."""
    session.pop(KEPT, None)
