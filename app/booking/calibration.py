"""Calibration of what a booking uses: overdue when it starts it is not confirmed, due before its report it is told."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.booking import rules
from app.booking.models import Booking
from app.booking.occupancy import footprint_of
from app.labs.models import Resource
from app.worktime import local_date


def due_before(session: Session, booking: Booking, on: date) -> list[Resource]:
    """What the booking uses whose calibration ends before a local date, the first to end first."""
    used = _used(session, booking)
    late = [(resource.calibration_due, resource.id, resource) for resource in used if resource.calibration_due]
    return [resource for due, _, resource in sorted(late, key=lambda each: each[:2]) if due < on]


def _used(session: Session, booking: Booking) -> list[Resource]:
    """All resources of the booking; no statement for the many that take one alone."""
    if not booking.footprint:
        return [booking.resource]
    ids = {resource_id for resource_id, _ in footprint_of(booking)}
    return list(session.scalars(select(Resource).where(Resource.id.in_(ids))))


def overdue(session: Session, booking: Booking) -> list[Resource]:
    """What the booking uses whose calibration no longer holds when it starts."""
    return due_before(session, booking, local_date(booking.starts_at))


def check_calibration(session: Session, booking: Booking) -> None:
    """Raises CalibrationOverdue (ISO/IEC 17025, 6.4.6: equipment is calibrated when its results are reported)."""
    found = overdue(session, booking)
    if found:
        raise rules.CalibrationOverdue(bench=found[0], due=found[0].calibration_due)
