"""Versions of reports: drafted, reviewed, approved, issued; withdrawn or replaced, never changed.

Steps follow ISO/IEC 17025:2017, 7.8: each by somebody with the right to it, by different people where the lab wants
that. The first issue of a line ends its turnaround; later versions don't count again.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from app.accounts.policy import Action, Viewer, require_visible
from app.booking.models import Booking
from app.booking.rules import State, WrongState
from app.database import transaction
from app.events import log
from app.files import service as files
from app.files.models import FilePurpose, StoredFile
from app.files.service import Received, Subject, Upload, received
from app.identifiers import new_id
from app.labs import queries as labs
from app.orders import service as orders
from app.orders import stops
from app.orders.models import OrderLine
from app.testing import queries, rights, rules
from app.testing.models import TestReport
from app.testing.rules import OPEN, ReportState, Right, Step
from app.testing.service import free_number, store

SUBJECT = "report"


@dataclass(frozen=True, slots=True)
class Draft:
    """A PDF for the line of a completed booking: a new version, or instead of what was drafted or returned.

    version: that of the line's newest report version as last seen; 0 where there is none.
    """

    booking_id: str
    version: int
    upload: Upload


@dataclass(frozen=True, slots=True)
class ReportStep:
    """A step on the version as last seen. reason: why it is returned or withdrawn, or a remark."""

    report_id: str
    version: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Issue(ReportStep):
    """number: the lab's own. issued_on: an aware instant, or a local date."""

    number: str = ""
    issued_on: date | datetime = date.min


def draft(viewer: Viewer, command: Draft, now: datetime) -> TestReport:
    """Raises FileRefused, NotPdf, ReportStale, ReportWrongState, WrongState, NotFound, Forbidden; nothing is stored."""
    with received((command.upload,)) as found, transaction() as session:
        booking = _completed(session, viewer, command.booking_id)
        rights.check_worker(viewer, booking.lab_id, now)
        newest = queries.newest_of_line(session, booking.order_line_id)
        if command.version != (newest.version if newest else 0):
            raise rules.ReportStale()
        if newest is not None and newest.state in (ReportState.REVIEWED, ReportState.APPROVED):
            raise rules.ReportWrongState()
        (file,) = found
        if file.media_type != rules.PDF:
            raise rules.NotPdf(name=file.name)
        report = newest if newest is not None and newest.state in OPEN else _next_version(booking, newest)
        _put_file(session, report, file, viewer, now)
        report.drafted_by_id, report.drafted_at = viewer.user_id, now
        report.state, report.comment = ReportState.DRAFTED, ""
        report.reviewed_by_id = report.reviewed_at = None
        report.version += 1
        _tell(session, report, "drafted", viewer, now)
        return report


def review(viewer: Viewer, command: ReportStep, now: datetime) -> TestReport:
    """The reviewer has checked records and report. Raises NotHolder, SamePerson, ReportStale, ReportWrongState, …"""
    with transaction() as session:
        report = _at(session, viewer, command, now)
        rights.check_holder(session, viewer, report.lab_id, Right.REVIEWER, (report.drafted_by_id,), now)
        rules.check_step(Step.REVIEW, report.state)
        report.state, report.reviewed_by_id, report.reviewed_at = ReportState.REVIEWED, viewer.user_id, now
        _tell(session, report, "reviewed", viewer, now)
        return report


def give_back(viewer: Viewer, command: ReportStep, now: datetime) -> TestReport:
    """Back to be drafted again, by the reviewer or, once reviewed, by the signatory. Raises Invalid, as `review`."""
    with transaction() as session:
        report = _at(session, viewer, command, now)
        right = Right.REVIEWER if report.state is ReportState.DRAFTED else Right.SIGNATORY
        rights.check_holder(session, viewer, report.lab_id, right, (), now)
        rules.check_step(Step.RETURN, report.state)
        report.comment = rules.reason_given(command.reason)
        report.state = ReportState.RETURNED
        _tell(session, report, "returned", viewer, now, reason=report.comment)
        return report


def approve(viewer: Viewer, command: ReportStep, now: datetime) -> TestReport:
    """The authorised signatory answers for it. Raises as `review`."""
    with transaction() as session:
        report = _at(session, viewer, command, now)
        before = (report.drafted_by_id, report.reviewed_by_id)
        rights.check_holder(session, viewer, report.lab_id, Right.SIGNATORY, before, now)
        rules.check_step(Step.APPROVE, report.state)
        report.state, report.approved_by_id, report.approved_at = ReportState.APPROVED, viewer.user_id, now
        _tell(session, report, "approved", viewer, now)
        return report


def issue(viewer: Viewer, command: Issue, now: datetime) -> TestReport:
    """Number and date; the company has it from now on. The line's first issue ends its turnaround.

    Raises Invalid, NumberTaken, IssuedBeforeApproval, IssuedInFuture, ReportStale, ReportWrongState, Forbidden.
    """
    with transaction() as session:
        report = _at(session, viewer, command, now)
        rights.check_worker(viewer, report.lab_id, now)
        rules.check_step(Step.ISSUE, report.state)
        assert report.approved_at is not None  # what is approved has its instant
        issued_at = rules.issued_at(command.issued_on, report.approved_at, now, rules.IssuedBeforeApproval)
        report.number, report.issued_at = free_number(session, report.lab_id, command.number), issued_at
        report.recorded_by_id, report.recorded_at = viewer.user_id, now
        report.scope = _scope(session, report)
        report.state = ReportState.ISSUED
        store(session, report)
        line = session.get_one(OrderLine, report.order_line_id, with_for_update=True)
        if line.issued_at is None:
            stops.settle(session, line, issued_at)
            orders.issue(session, line, viewer, issued_at, now)
        replaced = session.get(TestReport, report.replaces_id) if report.replaces_id else None
        facts = {"replaces": replaced.number} if replaced else {}
        told: dict[str, Any] = {"number": report.number, "issued_at": issued_at.isoformat(), **facts}
        _tell(session, report, "issued", viewer, now, **told)
        return report


def withdraw(viewer: Viewer, command: ReportStep, now: datetime) -> TestReport:
    """An issued version is no longer valid; it stays where it is and says so. Raises Invalid, as `approve`."""
    with transaction() as session:
        report = _at(session, viewer, command, now)
        rights.check_holder(session, viewer, report.lab_id, Right.SIGNATORY, (), now)
        rules.check_step(Step.WITHDRAW, report.state)
        report.withdrawn_reason = rules.reason_given(command.reason)
        report.state, report.withdrawn_by_id, report.withdrawn_at = ReportState.WITHDRAWN, viewer.user_id, now
        _tell(session, report, "withdrawn", viewer, now, number=report.number, reason=report.withdrawn_reason)
        return report


def _completed(session: Session, viewer: Viewer, booking_id: str) -> Booking:
    booking = session.get(Booking, booking_id, with_for_update={"of": Booking}, populate_existing=True)
    require_visible(viewer, Action.SEE_BOOKING, booking)
    assert booking is not None
    if booking.state is not State.COMPLETED:
        raise WrongState(state=booking.state, wanted=State.COMPLETED)
    return booking


def _at(session: Session, viewer: Viewer, command: ReportStep, now: datetime) -> TestReport:
    """The version as the caller saw it; it counts on. Raises NotFound, ReportStale."""
    report = queries.lock_report(session, viewer, command.report_id, now)
    if viewer.is_lab and report.version != command.version:
        raise rules.ReportStale()
    report.version += 1
    return report


def _next_version(booking: Booking, newest: TestReport | None) -> TestReport:
    return TestReport(
        id=new_id(),
        order_line_id=booking.order_line_id,
        company_id=booking.company_id,
        lab_id=booking.lab_id,
        edition=newest.edition + 1 if newest else 1,
        version=0,
        state=ReportState.DRAFTED,
        replaces_id=newest.id if newest else None,
    )


def _put_file(session: Session, report: TestReport, file: Received, by: Viewer, now: datetime) -> None:
    """The file becomes the version's; a drafted one before it goes."""
    subject = Subject(SUBJECT, report.id, report.company_id, report.lab_id)
    # The lab's own: the company fetches it by the report, once that is issued.
    kept = files.keep(session, file, subject, by, now, internal=True, purpose=FilePurpose.REPORT)
    before = session.get(StoredFile, report.file_id) if report.file_id else None
    report.file_id, report.size, report.sha256 = kept.id, kept.size, kept.sha256
    session.add(report)
    session.flush()
    if before is not None:
        files.delete(session, before, by, now)


def _scope(session: Session, report: TestReport) -> dict[str, Any] | None:
    """What the lab's scope says of the test now: pool, evidence, until when; None where it says nothing any more."""
    booking = queries.booking_of_line(session, report.order_line_id)
    capability = labs.capability(booking.resource.pool, booking.test_id) if booking else None
    if booking is None or capability is None:
        return None
    until = capability.valid_until
    return {
        "test": booking.test_id,
        "method": booking.test.method.code,
        "clause": booking.test.clause,
        "pool": capability.pool,
        "resource": booking.resource_id,
        "evidence": capability.mark,
        "note": capability.note_zh,
        "valid_until": until.isoformat() if until else None,
    }


def _tell(session: Session, report: TestReport, what: str, by: Viewer, now: datetime, **data: Any) -> None:
    """Before its issue a version is the lab's own business."""
    booking = queries.booking_of_line(session, report.order_line_id)
    told: dict[str, Any] = {"edition": report.edition, **data}
    if booking is not None:
        told["booking"] = booking.id
    log.record(session, f"report.{what}", report, by=by, at=now, for_company=report.shown, **told)
