"""Addresses that the schedule links to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from urllib.parse import quote, urlencode

from flask import request, url_for

from app.schedule.forms import DAY, TWO_WEEKS, WEEK, Asked
from app.worktime import Interval, local_date


@dataclass(frozen=True)
class Addresses:
    """Links of a page that keep what was asked, but for what they change."""

    asked: Asked
    base: str
    book: str
    bookings: str
    resources: str
    labs: str
    capacity: str
    close: str

    def __call__(self, **changes: object) -> str:
        """The schedule with other filters; None takes one away."""
        asked = self.asked
        wanted: dict[str, object] = {
            "lab": asked.lab,
            "kind": asked.kind,
            "test": asked.test,
            "from": asked.first.isoformat(),
            "days": "" if asked.days == TWO_WEEKS else asked.days,
            "free": "1" if asked.free_only else "",
            "page": asked.page if asked.page > 1 else "",
        }
        query = "&".join(_written(name, value) for name, value in (wanted | changes).items() if value)
        return f"{self.base}?{query}" if query else self.base

    def paged(self, pages: int) -> str:
        """So many pages of days further on, or back."""
        return self(**{"from": _moved(self.asked.first, pages * self.asked.days)})

    def on(self, day: date) -> str:
        """One day, hour by hour."""
        return self(**{"from": day.isoformat(), "days": DAY})

    def at(self, instant: datetime) -> str:
        """The day that holds an instant, hour by hour."""
        return self.on(local_date(instant))

    def zoomed(self, days: int) -> str:
        """So many days that begin with this page; with the Monday of its week where this is a single day."""
        asked = self.asked
        first = asked.first - timedelta(days=asked.first.weekday()) if asked.days == DAY else asked.first
        return self(**{"from": first.isoformat(), "days": None if days == TWO_WEEKS else days, "page": None})

    def week(self, first: date) -> str:
        """Seven days from a date on."""
        return self(**{"from": first.isoformat(), "days": WEEK, "page": None})

    def form(self, resource_id: str) -> str:
        """The booking form with this bench and the chosen test; a `stamp` is written behind it."""
        test = f"test={quote(self.asked.test)}&" if self.asked.test else ""
        return f"{self.book}?{test}resource={quote(resource_id)}&starts_at="

    def closing(self, lab_id: str, resource_id: str, place: int | None, when: Interval) -> str:
        """The form that closes this bench, or one place of it, for this time."""
        places = f"places={place}&" if place else ""
        form = f"{self.capacity}{quote(lab_id)}{self.close}?resource={quote(resource_id)}&{places}"
        return f"{form}starts_at={stamp(when.start)}&ends_at={stamp(when.end)}"

    def booking(self, booking_id: str) -> str:
        """A booking's page."""
        return self.bookings + quote(booking_id)

    def resource(self, resource_id: str) -> str:
        """A bench's page."""
        return self.resources + quote(resource_id)

    def lab(self, lab_id: str) -> str:
        """A lab's page."""
        return self.labs + quote(lab_id)


def addresses(asked: Asked) -> Addresses:
    """Links from a page with these filters; the same ones again for the same filters."""
    return _addresses(asked, request.script_root)


@lru_cache(maxsize=256)
def _addresses(asked: Asked, _mounted: str) -> Addresses:
    capacity, close = url_for("capacity_closures.new", lab_id="-").split("-", 1)
    return Addresses(
        asked=asked,
        base=url_for("schedule.index"),
        book=url_for("booking.new"),
        bookings=url_for("booking.detail", booking_id="-")[:-1],
        resources=url_for("labs.resource", resource_id="-")[:-1],
        labs=url_for("labs.lab", lab_id="-")[:-1],
        capacity=capacity,
        close=close,
    )


@lru_cache(maxsize=4096)
def _written(name: str, value: object) -> str:
    return urlencode({name: value})


def stamp(at: datetime) -> str:
    """An instant for an address, `2026-05-06T00:30Z`: short, and no sign that would have to be escaped."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%MZ}"


def _moved(first: date, days: int) -> str:
    return (first + timedelta(days=days)).isoformat()
