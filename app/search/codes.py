"""A code that people read and pass on, typed into the search field, leads to the thing itself."""

import re
from collections.abc import Callable

from flask import url_for
from sqlalchemy import select

from app.accounts.policy import Action, Viewer, visible
from app.booking.models import Booking
from app.database import db
from app.orders.queries import readable_by_code
from app.samples.models import Sample
from app.samples.queries import readable

CODE = re.compile(r"\s*([BSW])\s*(\d{4})\s*[-‐–—－]?\s*([0-9A-Z]{5})\s*", re.IGNORECASE)


def address(viewer: Viewer, text: str) -> str | None:
    """The page of the booking, order or sample of this code, if the viewer may see it; in any spelling."""
    found = CODE.fullmatch(text)
    if not found or not viewer.signed_in:
        return None
    letter, month, letters = found[1].upper(), found[2], found[3].upper()
    return LEADS[letter](viewer, f"{letter}{month}-{letters}")


def _booking(viewer: Viewer, code: str) -> str | None:
    ident = db.session.scalar(
        select(Booking.id).where(Booking.code == code, visible(viewer, Action.SEE_BOOKING, Booking))
    )
    return url_for("booking.detail", booking_id=ident) if ident else None


def _order(viewer: Viewer, code: str) -> str | None:
    ident = readable_by_code(viewer, code)
    return url_for("orders.detail", order_id=ident) if ident else None


def _sample(viewer: Viewer, code: str) -> str | None:
    ident = db.session.scalar(select(Sample.id).where(Sample.code == code, readable(viewer)))
    return url_for("samples.detail", sample_id=ident) if ident else None


LEADS: dict[str, Callable[[Viewer, str], str | None]] = {"B": _booking, "S": _sample, "W": _order}
