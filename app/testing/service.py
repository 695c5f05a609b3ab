"""Recording that a report was issued, by number and date alone."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts.policy import Action, Viewer, require, require_visible
from app.booking.models import Booking
from app.booking.rules import State, WrongState, check_version
from app.database import transaction
from app.events import log
from app.orders import service as orders
from app.orders import stops
from app.testing import queries, rules
from app.testing.models import TestReport


@dataclass(frozen=True, slots=True)
class IssueReport:
    """The lab's report on a completed booking. issued_on: an aware instant, or a local date."""

    booking_id: str
    number: str
    issued_on: date | datetime
    version: int


def issue_report(viewer: Viewer, command: IssueReport, now: datetime) -> TestReport:
    """Record that the lab has issued the report, which ends the turnaround; the file stays with the lab.

    Raises Invalid, AlreadyIssued, DraftOpen, NumberTaken, IssuedTooEarly, IssuedInFuture, WrongState, Stale, NotFound,
    Forbidden; then nothing is stored.
    """
    with transaction() as session:
        booking = _completed(session, viewer, command)
        line = booking.order_line
        known = queries.newest_of_line(session, line.id)
        if known is not None:
            raise rules.AlreadyIssued(number=known.number) if known.shown else rules.DraftOpen()
        assert line.ended_at is not None  # a completed booking has ended its line
        issued_at = rules.issued_at(command.issued_on, line.ended_at, now)
        report = TestReport(
            order_line_id=line.id,
            company_id=booking.company_id,
            lab_id=booking.lab_id,
            state=rules.ReportState.ISSUED,
            number=free_number(session, booking.lab_id, command.number),
            issued_at=issued_at,
            recorded_by_id=viewer.user_id,
            recorded_at=now,
        )
        store(session, report)
        stops.settle(session, line, issued_at)
        orders.issue(session, line, viewer, issued_at, now)
        log.record(
            session,
            "report.issued",
            report,
            by=viewer,
            at=now,
            booking=booking.id,
            number=report.number,
            issued_at=issued_at.isoformat(),
        )
        return report


def _completed(session: Session, viewer: Viewer, command: IssueReport) -> Booking:
    booking = session.get(Booking, command.booking_id, with_for_update={"of": Booking}, populate_existing=True)
    require_visible(viewer, Action.SEE_BOOKING, booking)
    assert booking is not None
    require(viewer, Action.ISSUE_REPORT, booking)
    check_version(command.version, booking.version)
    if booking.state is not State.COMPLETED:
        raise WrongState(state=booking.state, wanted=State.COMPLETED)
    return booking


def free_number(session: Session, lab_id: str, given: str) -> str:
    """The number as it is kept. Raises Invalid, NumberTaken."""
    number = rules.report_number(given)
    if queries.number_in_use(session, lab_id, number):
        raise rules.NumberTaken(number=number)
    return number


def store(session: Session, report: TestReport) -> None:
    """Write now; a number that another transaction took meanwhile is refused by the database."""
    session.add(report)
    try:
        session.flush()
    except IntegrityError as error:
        raise rules.NumberTaken(number=report.number) from error
