"""What the page for moving a booking shows: other times, soonest and nearest, and the benches that can do it."""

from dataclasses import dataclass, field
from datetime import date, datetime

from app.accounts.policy import Viewer
from app.booking import offers, presenting
from app.booking.choices import Choice, choices
from app.booking.models import Booking
from app.booking.offers import Offer, Question
from app.booking.presenting import Seen
from app.booking.preview import expected_reports
from app.booking.rules import MOVABLE, Limits, WrongState
from app.booking.steps import check_cancel, wish_of
from app.labs.models import Resource
from app.labs.queries import capable_benches, resources
from app.worktime import local_date

SOONEST = 5


@dataclass(frozen=True, slots=True)
class MovePage:
    """nearest: around the booked start. soonest: whose report comes before those of the nearest.
    benches: where the lab or any lab can do the test.

    taken: the nearest free offers when the time that was asked for is lost.
    """

    seen: Seen
    nearest: list[Choice]
    soonest: list[Choice]
    benches: list[Resource]
    taken: list[Choice] = field(default_factory=list)


def move_page(
    viewer: Viewer, booking: Booking, now: datetime, limits: Limits, lost: list[Offer] | None = None
) -> MovePage:
    """The alternatives of a booking; a lab proposes its own benches only. Raises WrongState when it can't move,
    TooLateToCancel when its company can't by itself.
    """
    dates = expected_reports([booking], now)[booking.id]
    seen = Seen(viewer, booking, now, limits, dates)
    if viewer.is_company and seen.state in MOVABLE:
        check_cancel(booking, now)
    if seen.state not in MOVABLE or not any(step.step == "move" for step in presenting.offered(seen)):
        raise WrongState(state=seen.state, wanted=seen.state)
    lab_id = None if viewer.is_company else booking.lab_id
    wish = wish_of(booking, by_lab=not viewer.is_company)
    near = offers.nearest(booking.test_id, booking.starts_at, now, limits, booking.lab_id, wish=wish)
    soon = offers.offers(Question(booking.test_id, lab_id=lab_id, wish=wish), now, limits, SOONEST)
    capable = capable_benches([booking.test_id], lab_id)

    def told(found: list[Offer]) -> list[Choice]:
        allowed = [offer for offer in found if lab_id is None or offer.slot.bench.lab_id == lab_id]
        return choices(allowed, booking.resource_id, dates)

    benches = resources({item.bench.resource_id for item in capable})
    benches.sort(key=lambda r: (r.lab_id != booking.lab_id, r.lab_id, r.pool, r.unit or 0))
    return MovePage(seen, told(near), told(_sooner(soon, near)), benches, told(lost or []))


def _sooner(soon: list[Offer], near: list[Offer]) -> list[Offer]:
    """Of the offers by report those that come before each of the nearest; what is no sooner would only repeat them."""
    first = min((local_date(offer.report.expected_at) for offer in near), default=date.max)
    return [offer for offer in soon if local_date(offer.report.expected_at) < first]
