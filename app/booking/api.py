"""API of availability, offers, bookings and their change log."""

from datetime import date, datetime, time, timedelta
from typing import Any

from flask import Flask, request
from sqlalchemy import false

from app.accounts.current import require_api_viewer, token_blueprint
from app.accounts.models import Role
from app.accounts.policy import Action, Viewer, allowed, require
from app.api import decode_cursor, encode_cursor
from app.booking import (
    amending_api,
    describing,
    moves,
    offers,
    ordering_api,
    queries,
    rules,
    schemas,
    service,
    story,
    waitlist_api,
)
from app.booking.availability import Wish, availability
from app.booking.models import Booking
from app.booking.rules import State
from app.booking.settings import limits, limits_of
from app.clock import now
from app.errors import N_, Invalid, NotFound
from app.events import log
from app.events.models import Event
from app.labs.queries import benches, test_exists
from app.language import ZONE
from app.orders.queries import may_read
from app.worktime import Interval

bp = token_blueprint("booking_api", __name__, "booking")
blueprints = (bp, waitlist_api.bp, amending_api.bp, ordering_api.bp)
MAX_DAYS = 92
# What only those read who set a lab's capacity.
DESK_ONLY = (
    *("approval", "bench_token", "calendar", "capability", "file"),
    *("limitation", "message", "resource", "rule", "turnaround"),
)
IDEMPOTENCY_KEY_LENGTH = 200
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key with the same body gives the same booking.",
    "schema": {"type": "string", "minLength": 1, "maxLength": IDEMPOTENCY_KEY_LENGTH},
}


def init_app(app: Flask) -> None:
    """What the problem document of a lost slot carries."""
    app.extensions["yujian_offer_json"] = lambda offer: schemas.OfferModel.of(offer).model_dump()


def instant(given: str | datetime | None, field: str) -> datetime | None:
    """A query's date (local midnight) or instant with offset. Raises Invalid at the field."""
    if given is None or isinstance(given, datetime):
        return given
    text = given.strip().replace(" ", "+")
    try:
        if len(text) == 10:
            found = datetime.combine(date.fromisoformat(text), time(), ZONE)
        else:
            found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.utcoffset() is None or not 2000 < found.year < 2100:
        raise Invalid(N_("请填日期 2026-12-01，或带时区的时间 2026-12-01T08:30:00+08:00。"), field=field)
    return found


@bp.get("/resources/<string:resource_id>/availability", responses={200: schemas.AvailabilityModel})
def resource_availability(path: schemas.ResourcePath, query: schemas.SpanQuery) -> Any:
    """Working, busy and free time of a resource, at most 92 days."""
    require(require_api_viewer(), Action.SEE_AVAILABILITY)
    start, end = instant(query.from_, "from"), instant(query.to, "to")
    assert start is not None and end is not None
    if start >= end:
        raise Invalid(N_("to 要在 from 之后。"), field="to")
    if end - start > timedelta(days=MAX_DAYS):
        raise Invalid(N_("一次最多查 %(days)d 天。"), field="to", days=MAX_DAYS)
    company_id = require_api_viewer().company_id
    found = benches([path.resource_id], company_id=company_id)
    if not found:
        raise NotFound()
    at, span = now(), Interval(start, end)
    taken = queries.taken(found[0].reads, span, at)
    bookable = rules.bookable_span(at, limits_of(found[0]))
    seen = availability(found[0], span, taken, bookable, Wish(company_id))
    return schemas.AvailabilityModel.of(seen).model_dump()


@bp.get("/offers", responses={200: schemas.OfferList})
def list_offers(query: schemas.OfferQuery) -> Any:
    """Bookable slots for a test, soonest report first; for a company only what the labs' rules let it book."""
    require(require_api_viewer(), Action.SEE_AVAILABILITY)
    if not test_exists(query.test):
        raise Invalid(N_("没有这个检测项目。"), field="test")
    question = offers.Question(
        test_id=query.test,
        earliest=instant(query.earliest, "earliest"),
        latest=instant(query.latest, "latest"),
        lab_id=query.lab,
        wish=Wish(require_api_viewer().company_id),
    )
    found = offers.offers(question, now(), limits(), query.limit)
    return {"items": [schemas.OfferModel.of(offer).model_dump() for offer in found]}


@bp.post("/bookings", responses={201: schemas.BookingModel}, openapi_extensions={"parameters": [IDEMPOTENCY_KEY]})
def create_booking(body: schemas.NewBooking) -> Any:
    """Hold or request a slot. 409 `slot_taken` carries the three nearest offers."""
    viewer = require_api_viewer()
    command = service.Book(
        test_id=body.test,
        resource=body.resource,
        starts_at=body.starts_at,
        state=State(body.state),
        sample=body.sample,
        note=body.note,
        exclusive=body.exclusive,
        shielded=body.shielded,
        order_id=body.order or "",
        idempotency_key=_idempotency_key(),
    )
    return _shown(viewer, service.book(viewer, command, now())), 201


def _idempotency_key() -> str | None:
    """Read by hand: a header model would have its schema made anew with every request."""
    given = request.headers.get("Idempotency-Key")
    if given is not None and not 0 < len(given) <= IDEMPOTENCY_KEY_LENGTH:
        raise Invalid(
            N_("Idempotency-Key 要 1 到 %(most)d 个字符。"), field="Idempotency-Key", most=IDEMPOTENCY_KEY_LENGTH
        )
    return given


@bp.get("/bookings", responses={200: schemas.BookingList})
def list_bookings(query: schemas.BookingQuery) -> Any:
    """Bookings that the caller may see, by start."""
    viewer = require_api_viewer()
    last = decode_cursor(query.cursor, 2)
    rows = queries.visible_bookings(
        viewer,
        states=(query.state,) if query.state else (),
        lab_id=query.lab,
        span=(instant(query.from_, "from"), instant(query.to, "to")),
        after=(instant(str(last[0]), "cursor") or now(), str(last[1])) if last else None,
        limit=query.limit + 1,
    )
    shown = rows[: query.limit]
    more = len(rows) > query.limit
    return {
        "items": [_shown(viewer, booking) for booking in shown],
        "next": encode_cursor(shown[-1].starts_at.isoformat(), shown[-1].id) if more else None,
    }


@bp.get("/bookings/<string:booking_id>", responses={200: schemas.BookingModel})
def get_booking(path: schemas.BookingPath) -> Any:
    """One booking, as the caller may see it."""
    viewer = require_api_viewer()
    return _shown(viewer, queries.visible_booking(viewer, path.booking_id))


@bp.post("/bookings/<string:booking_id>/<string:step>", responses={200: schemas.BookingModel})
def change_booking(path: schemas.StepPath, body: schemas.Step) -> Any:
    """One step of the table of states; `move` takes `starts_at` and optionally `resource`."""
    viewer = require_api_viewer()
    if path.step == "move":
        if body.starts_at is None:
            raise Invalid(N_("改期要写新的上台时间。"), field="starts_at")
        move = moves.Move(path.booking_id, body.version, body.reason, body.starts_at, body.resource, body.move_cause)
        return _shown(viewer, moves.move(viewer, move, now()))
    change = service.Change(path.booking_id, body.version, body.reason)
    return _shown(viewer, service.STEPS[path.step](viewer, change, now()))


@bp.post("/bookings/<string:booking_id>/describe", responses={200: schemas.BookingModel})
def describe_booking(path: schemas.BookingPath, body: schemas.Description) -> Any:
    """What the sample of one's own booking is, and a note: until the lab has confirmed, or while nothing was said."""
    viewer = require_api_viewer()
    command = describing.Describe(path.booking_id, body.version, body.sample.strip(), body.note.strip())
    return _shown(viewer, describing.describe(viewer, command, now()))


@bp.get("/events", responses={200: schemas.EventList})
def list_events(query: schemas.EventQuery) -> Any:
    """The change log behind `after`, oldest first; keep `next` and ask again."""
    viewer = require_api_viewer()
    cursor = log.cursor_at(query.position) if query.position else log.Cursor()
    if cursor is None:
        raise Invalid(N_("after 无效，请用上一次给出的 next。"), field="after")
    rows = log.after(cursor, _own_events(viewer), limit=query.limit)
    return {"items": [_event(viewer, row) for row in rows], "next": rows[-1].key if rows else query.position}


def _own_events(viewer: Viewer) -> Any:
    """Events of one's company, or of the labs of one's role."""
    if viewer.is_company:
        return Event.company_id == viewer.organisation_id
    if viewer.is_lab:
        own = Event.lab_id.in_(sorted(viewer.lab_ids))
        return own if viewer.role is Role.LAB_ADMIN else own & Event.subject_type.not_in(DESK_ONLY)
    return false()


def _event(viewer: Viewer, row: Event) -> dict[str, Any]:
    data = {**row.data, "reason": story.reason(viewer, row)} if "reason" in row.data else row.data
    return {
        "id": row.key,
        "at": row.at.astimezone(ZONE).isoformat(),
        "kind": row.kind,
        "subject": row.subject_id,
        "actor_role": row.actor_role,
        "data": {name: None if value is None else str(value) for name, value in data.items()},
    }


def _shown(viewer: Viewer, booking: Booking) -> dict[str, Any]:
    shows_company = bool(allowed(viewer, Action.SEE_BOOKING_COMPANY, booking))
    shows_order = may_read(viewer, booking.order_line)
    return schemas.BookingModel.of(booking, shows_company, shows_order).model_dump(mode="json")
