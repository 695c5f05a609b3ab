"""API of the waiting list."""

from typing import Any

from pydantic import BaseModel, Field

from app.accounts.current import require_api_viewer, token_blueprint
from app.api import ListQuery, decode_cursor, example, iso, page
from app.booking import waiting
from app.booking.desk_models import WaitlistEntry
from app.booking.schemas import Instant, Name
from app.booking.waiting import Wait
from app.clock import now

bp = token_blueprint("waitlist_api", __name__, "waitlist")


class NewEntry(BaseModel):
    """A wish for a time that is taken; `lab` and `resource` (a unit or a pool) may be left out for any."""

    model_config = example(
        test="b-pack-thermalprop",
        lab="cmvr-new-energy",
        earliest="2026-12-01T00:00:00+08:00",
        latest="2026-12-20T00:00:00+08:00",
    )

    test: Name
    lab: Name | None = None
    resource: Name | None = None
    earliest: Instant
    latest: Instant


class EntryModel(BaseModel):
    id: str
    test: str
    lab: str | None
    resource: str | None
    earliest: str
    latest: str
    created_at: str

    @classmethod
    def of(cls, entry: WaitlistEntry) -> "EntryModel":
        return cls(
            id=entry.id,
            test=entry.test_id,
            lab=entry.lab_id,
            resource=entry.resource,
            earliest=str(iso(entry.earliest)),
            latest=str(iso(entry.latest)),
            created_at=str(iso(entry.created_at)),
        )


class EntryList(BaseModel):
    items: list[EntryModel]
    next: str | None


class EntryPath(BaseModel):
    entry_id: str = Field(max_length=64)


@bp.post("/waitlist", responses={201: EntryModel})
def enter(body: NewEntry) -> Any:
    """Wait for a time. When the lab gives it, it is held in the name of who waited."""
    command = Wait(body.test, body.earliest, body.latest, body.lab, body.resource)
    return EntryModel.of(waiting.wait(require_api_viewer(), command, now())).model_dump(), 201


@bp.get("/waitlist", responses={200: EntryList})
def list_entries(query: ListQuery) -> Any:
    """The company's wishes that still hold, oldest first."""
    last = decode_cursor(query.cursor, 1)
    entries = waiting.entries(require_api_viewer(), now())
    ids = [entry.id for entry in entries]
    behind = entries[ids.index(last[0]) + 1 :] if last and last[0] in ids else entries
    shown = page(behind, query.limit, lambda entry: (entry.id,))
    return {**shown, "items": [EntryModel.of(entry).model_dump() for entry in shown["items"]]}


@bp.delete("/waitlist/<string:entry_id>", responses={204: None})
def leave(path: EntryPath) -> Any:
    """Take a wish back."""
    waiting.leave(require_api_viewer(), path.entry_id, now())
    return "", 204
