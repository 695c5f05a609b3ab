"""Questions about reports."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.accounts.policy import Action, Viewer, visible
from app.booking.models import Booking
from app.booking.rules import State
from app.database import db
from app.errors import NotFound
from app.events.models import Event
from app.testing import rights
from app.testing.models import TestReport
from app.testing.rules import SHOWN, Standing, standing


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version, and the later one that took its place."""

    report: TestReport
    replaced_by: TestReport | None

    @property
    def standing(self) -> Standing | None:
        return standing(self.report.state, self.replaced_by is not None)


def reports_of(viewer: Viewer, line_ids: Iterable[str]) -> dict[str, TestReport]:
    """The newest issued version, withdrawn or not, that the viewer may know of, by order line; one statement."""
    query = (
        select(TestReport)
        .where(
            TestReport.order_line_id.in_(list(line_ids)),
            TestReport.state.in_(SHOWN),
            visible(viewer, Action.SEE_BOOKING, TestReport),
        )
        .order_by(TestReport.edition)
    )
    return {report.order_line_id: report for report in db.session.scalars(query)}


def _readable(viewer: Viewer, now: datetime) -> ColumnElement[bool]:
    """Versions that the viewer may open: a company its own once they were issued; a lab's order desk, and whoever
    reviews or signs there, all of the lab.
    """
    own = visible(viewer, Action.SEE_REPORT, TestReport)
    if viewer.is_company:
        return and_(own, TestReport.state.in_(SHOWN))
    labs = rights.labs_of(viewer, now)
    return or_(own, TestReport.lab_id.in_(sorted(labs))) if labs else own


def versions_of(viewer: Viewer, line_ids: Iterable[str], now: datetime) -> Mapping[str, list[VersionRow]]:
    """The versions of lines that the viewer may open, oldest first."""
    query = select(TestReport).where(TestReport.order_line_id.in_(list(line_ids)), _readable(viewer, now))
    found: dict[str, list[TestReport]] = defaultdict(list)
    for report in db.session.scalars(query.order_by(TestReport.edition)):
        found[report.order_line_id].append(report)
    return {line_id: _rows(reports) for line_id, reports in found.items()}


def _rows(reports: list[TestReport]) -> list[VersionRow]:
    rows: list[VersionRow] = []
    later: TestReport | None = None
    for report in reversed(reports):
        rows.append(VersionRow(report, later))
        later = report if report.shown else later
    return rows[::-1]


def visible_report(viewer: Viewer, report_id: str, now: datetime) -> VersionRow:
    """One version. Raises NotFound for a missing or a foreign one, and for a company before its issue."""
    line_id = db.session.scalar(
        select(TestReport.order_line_id).where(TestReport.id == report_id, _readable(viewer, now))
    )
    rows = versions_of(viewer, [line_id], now)[line_id] if line_id else []
    found = next((row for row in rows if row.report.id == report_id), None)
    if found is None:
        raise NotFound()
    return found


def events_of(line_ids: Iterable[str]) -> Mapping[str, list[Event]]:
    """What happened to all versions of lines, oldest first; whose they may be read by, each event says itself."""
    query = (
        select(TestReport.order_line_id, Event)
        .join(Event, Event.subject_id == TestReport.id)
        .where(TestReport.order_line_id.in_(list(line_ids)))
        .order_by(Event.id)
    )
    found: dict[str, list[Event]] = defaultdict(list)
    for line_id, event in db.session.execute(query):
        found[line_id].append(event)
    return found


def by_code(code: str) -> VersionRow | None:
    """The issued version of a code, for everybody who has the code."""
    return _confirmed(TestReport.verify_code == code)


def by_number(number: str, sha256: str) -> VersionRow | None:
    """The issued version of this number and file: who has the file may ask about it."""
    return _confirmed(and_(TestReport.number == number, TestReport.sha256 == sha256))


def _confirmed(which: ColumnElement[bool]) -> VersionRow | None:
    report = db.session.scalar(select(TestReport).where(which, TestReport.state.in_(SHOWN)).limit(1))
    if report is None:
        return None
    later = select(TestReport).where(
        TestReport.order_line_id == report.order_line_id,
        TestReport.edition > report.edition,
        TestReport.state.in_(SHOWN),
    )
    return VersionRow(report, db.session.scalar(later.order_by(TestReport.edition).limit(1)))


def names_of(reports: Iterable[TestReport]) -> dict[str, str]:
    """Names of those who worked on versions, by user."""
    ids = {
        ident
        for each in reports
        for ident in (each.drafted_by_id, each.reviewed_by_id, each.approved_by_id, each.recorded_by_id)
        if ident
    }
    return {user.id: user.name for user in db.session.scalars(select(User).where(User.id.in_(ids)))} if ids else {}


def booking_of_line(session: Session, line_id: str) -> Booking | None:
    """The use in which a line was tested: the last one that came to its end."""
    query = select(Booking).where(Booking.order_line_id == line_id, Booking.state == State.COMPLETED)
    return session.scalar(query.order_by(Booking.ends_at.desc()).limit(1))


# For services


def newest_of_line(session: Session, line_id: str) -> TestReport | None:
    """The newest version of a line's report, whoever asks."""
    query = select(TestReport).where(TestReport.order_line_id == line_id)
    return session.scalar(query.order_by(TestReport.edition.desc()).limit(1))


def first_number(session: Session, line_id: str) -> str | None:
    """The number under which the line's report was issued first."""
    query = select(TestReport.number).where(TestReport.order_line_id == line_id, TestReport.number.is_not(None))
    return session.scalar(query.order_by(TestReport.edition).limit(1))


def lock_report(session: Session, viewer: Viewer, report_id: str, now: datetime) -> TestReport:
    """The version, locked, if the viewer may open it. Raises NotFound."""
    query = select(TestReport).where(TestReport.id == report_id, _readable(viewer, now))
    locked = query.with_for_update().execution_options(populate_existing=True)
    report = session.scalar(locked)
    if report is None:
        raise NotFound()
    return report


def number_in_use(session: Session, lab_id: str, number: str) -> bool:
    """Whether the lab has a report of this number."""
    query = select(TestReport.id).where(TestReport.lab_id == lab_id, TestReport.number == number)
    return session.scalar(query) is not None
