"""What a change of the calendars does before it is saved: hours opened and closed, and bookings no longer covered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.accounts.models import Organisation
from app.booking.models import Booking
from app.capacity.calendars import queries
from app.capacity.calendars.rules import Difference, difference, is_covered
from app.capacity.calendars.service import Command, tried
from app.database import db
from app.labs.models import Lab, Resource
from app.labs.setup import LabSetup, setup_of
from app.worktime import Interval, Use, WorkingCalendar

LOOKED_AT = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Changed:
    """A bench whose hours change in the coming year."""

    resource: Resource
    difference: Difference


@dataclass(frozen=True, slots=True)
class Preview:
    """benches: those whose hours change. uncovered: bookings that the new hours no longer cover, by start."""

    benches: list[Changed]
    uncovered: list[Booking]
    companies: dict[str, Organisation]


def preview(lab: Lab, command: Command, now: datetime) -> Preview:
    """What the change would do. Nothing is stored. Raises what the change itself would raise."""
    setup = setup_of(db.session(), lab)
    then = tried(setup, queries.patterns(lab.id), command)
    span = Interval(now, now + LOOKED_AT)
    resources = queries.resources(lab.id)
    if command.resource_id:
        resources = [resource for resource in resources if resource.id == command.resource_id]
    changed = [Changed(each, _difference(each, setup, then, span)) for each in resources]
    benches = [each for each in changed if each.difference.opened or each.difference.closed]
    uncovered = _uncovered([each.resource for each in benches], setup, then, now)
    companies = {booking.company_id for booking in uncovered}
    names = {each.id: each for each in db.session.query(Organisation).filter(Organisation.id.in_(companies))}
    return Preview(benches, uncovered, names)


def calendar_of(resource: Resource, setup: LabSetup, company_id: str | None = None) -> WorkingCalendar:
    """The bench's calendar under these settings, with the days that are kept for proposals."""
    place = (resource.lab.lat, resource.lab.lon)
    return setup.calendar(resource.id, resource.shifts, place, company_id, reserve=True)


def _difference(resource: Resource, now: LabSetup, then: LabSetup, span: Interval) -> Difference:
    return difference(span, calendar_of(resource, now), calendar_of(resource, then))


def _uncovered(resources: Sequence[Resource], now: LabSetup, then: LabSetup, at: datetime) -> list[Booking]:
    found: list[Booking] = []
    for booking in queries.standing([resource.id for resource in resources], at):
        bench, company = booking.resource, booking.company_id
        use = Use(booking.starts_at, booking.run_from, booking.run_until, booking.ends_at)
        unattended = bench.unattended and not booking.test.one_window
        if not is_covered(use, unattended, calendar_of(bench, now, company), calendar_of(bench, then, company)):
            found.append(booking)
    return found
