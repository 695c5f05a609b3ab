"""Who fetched which file of an order, when and in which version: for those who may fetch it themselves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select

from app.accounts.models import Membership, User
from app.accounts.policy import Action, Viewer, require_visible
from app.database import db
from app.files.models import FileDownload, StoredFile
from app.files.queries import files_of
from app.orders import attachments, messages
from app.orders.queries import LineRow, OrderRow, visible_order
from app.samples import photos
from app.samples.queries import samples_of
from app.testing import queries
from app.testing.models import TestReport

MOST = 200


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that the reader may fetch. report: of which version it is the PDF, with its line."""

    file: StoredFile
    report: TestReport | None = None
    line: LineRow | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """One download. name: of a person of the reader's own side, None for the other side's people."""

    kept: Kept
    at: datetime
    by_lab: bool
    name: str | None


@dataclass(frozen=True, slots=True)
class Log:
    """The newest downloads of an order's files, `MOST` at most. files: all that could have been fetched."""

    order: OrderRow
    files: Mapping[str, Kept]
    fetched: list[Fetched]


def of_order(viewer: Viewer, order_id: str, now: datetime) -> Log:
    """Files of order, messages and samples, and reports. Raises NotFound, also for the bench crew."""
    order = visible_order(viewer, order_id)
    require_visible(viewer, Action.SEE_REPORT, order.order)
    files = {each.file.id: each for each in [*_attached(viewer, order), *_reports(viewer, order, now)]}
    return Log(order, files, fetched(viewer, files.values()))


def _attached(viewer: Viewer, order: OrderRow) -> list[Kept]:
    ident = order.order.id
    things = {
        attachments.ORDER: [ident],
        attachments.MESSAGE: [each.message.id for each in messages.messages_of(viewer, ident)],
        photos.SAMPLE: [each.id for each in samples_of(viewer, [ident])],
    }
    found = [files_of(viewer, kind, ids) for kind, ids in things.items()]
    return [Kept(file) for by_thing in found for files in by_thing.values() for file in files]


def _reports(viewer: Viewer, order: OrderRow, now: datetime) -> list[Kept]:
    versions = queries.versions_of(viewer, [each.line.id for each in order.lines], now)
    rows = [(each, row.report) for each in order.lines for row in versions.get(each.line.id, ()) if row.report.file_id]
    stored = files_by_id(report.file_id for _line, report in rows)
    return [Kept(stored[str(report.file_id)], report, line) for line, report in rows if report.file_id in stored]


def files_by_id(ids: Iterable[str | None]) -> dict[str, StoredFile]:
    """Stored files by id, whoever asks; one statement."""
    wanted = [ident for ident in ids if ident]
    return {file.id: file for file in db.session.query(StoredFile).where(StoredFile.id.in_(wanted))} if wanted else {}


def fetched(viewer: Viewer, files: Iterable[Kept], limit: int = MOST) -> list[Fetched]:
    """Who fetched these files, newest first. A company does not learn who of the lab read a report before its issue:
    that is the lab's own work. Nor does a lab learn who of another lab read what has come to it with its order.
    """
    by_id = {each.file.id: each for each in files}
    query = (
        select(FileDownload.file_id, FileDownload.at, FileDownload.by_lab, User.name)
        .join(User, User.id == FileDownload.user_id)
        .where(FileDownload.file_id.in_(list(by_id)), *_of_own_side(viewer))
        .order_by(FileDownload.at.desc(), FileDownload.id)
    )
    found: list[Fetched] = []
    for file_id, at, by_lab, name in db.session.execute(query.limit(limit)) if by_id else ():
        kept = by_id[file_id]
        if viewer.is_lab or not by_lab or kept.report is None or _since_issue(kept.report, at):
            found.append(Fetched(kept, at, by_lab, name if by_lab is viewer.is_lab else None))
    return found


def _of_own_side(viewer: Viewer) -> list[ColumnElement[bool]]:
    if not viewer.is_lab:
        return []
    seats = select(Membership.user_id, Membership.lab_ids).where(Membership.organisation_id == viewer.organisation_id)
    colleagues = [user_id for user_id, lab_ids in db.session.execute(seats) if viewer.lab_ids.intersection(lab_ids)]
    return [or_(FileDownload.by_lab.is_(False), FileDownload.user_id.in_(colleagues))]


def _since_issue(report: TestReport, at: datetime) -> bool:
    return report.recorded_at is not None and at >= report.recorded_at
