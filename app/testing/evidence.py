"""The evidence pack of an order: per line the report, the lab's scope when it was issued, the samples' identity and
custody, what deviated, and the hashes of it all. Everything is read before the first byte is sent.
"""

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.accounts.policy import Action, Viewer, require_visible
from app.api import iso
from app.database import db
from app.files import service as files
from app.files.content import CHUNK
from app.files.models import StoredFile
from app.files.stores import Store
from app.orders.queries import LineRow, OrderRow, visible_order
from app.orders.rules import sample_names
from app.samples import sentences
from app.samples.models import CustodyStep, Sample
from app.samples.queries import chains, samples_of
from app.testing import queries, reuse
from app.testing.queries import VersionRow

BOM = b"\xef\xbb\xbf"
# A program for tables takes a cell that begins so for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")

Table = tuple[str, Sequence[Sequence[object]]]


@dataclass(frozen=True, slots=True)
class Pack:
    """What goes into the archive: tables by name, and stored files under theirs. code: the order's."""

    code: str
    tables: Sequence[Table]
    files: Sequence[tuple[str, StoredFile]]


def pack(viewer: Viewer, order_id: str, now: datetime) -> Pack:
    """The evidence of an order for its company and the order desk. Raises NotFound, also for the bench crew."""
    order = visible_order(viewer, order_id)
    require_visible(viewer, Action.SEE_REPORT, order.order)
    versions = queries.versions_of(viewer, [each.line.id for each in order.lines], now)
    reused = reuse.covering(viewer, [each.line for each in order.lines], now)
    issued = [(each, row) for each in order.lines for row in versions.get(each.line.id, ()) if row.report.shown]
    issued += [(each, row) for each in order.lines if each.line.id in reused and (row := reused[each.line.id].row)]
    samples = samples_of(viewer, [order.order.id])
    return Pack(
        order.order.code,
        (
            ("reports.csv", _reports(issued)),
            ("scope.csv", _scope(issued)),
            ("samples.csv", _samples(order, samples)),
            ("custody.csv", _custody(viewer, samples)),
            ("deviations.csv", _deviations(order, samples)),
        ),
        _files(issued),
    )


def hand_out(viewer: Viewer, found: Pack, store: Store, now: datetime) -> Iterator[bytes]:
    """The archive; each report in it is noted as fetched. Raises ContentGone before anything is sent."""
    for _name, file in found.files:
        store.open(file.key).close()
    for _name, file in found.files:
        files.note_download(viewer, file, now)
    return archive(found, store)


def archive(found: Pack, store: Store) -> Iterator[bytes]:
    """The archive piece by piece, never whole in memory; the last member lists the SHA-256 of the others."""
    out = _Out()
    sums: list[str] = []
    with zipfile.ZipFile(out, "w") as made:
        for name, rows in found.tables:
            content = _csv(rows)
            sums.append(f"{hashlib.sha256(content).hexdigest()}  {name}\n")
            made.writestr(name, content, zipfile.ZIP_DEFLATED)
            yield out.taken()
        for name, file in found.files:
            digest = hashlib.sha256()
            with store.open(file.key) as source, made.open(name, "w") as member:
                while piece := source.read(CHUNK):
                    digest.update(piece)
                    member.write(piece)
                    yield out.taken()
            sums.append(f"{digest.hexdigest()}  {name}\n")
        made.writestr("SHA256SUMS", "".join(sums))
    yield out.taken()


class _Out(io.RawIOBase):
    """Where the archive is written: what was not yet taken. It can't be sought, so the archive never looks back."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]  # any buffer
        self.pieces.append(piece)
        return len(piece)

    def taken(self) -> bytes:
        found, self.pieces = b"".join(self.pieces), []
        return found


def _csv(rows: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([[_cell(value) for value in row] for row in rows])
    return BOM + text.getvalue().encode()


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def _file_name(line: LineRow, row: VersionRow) -> str:
    return f"reports/{line.line.position:02d}-v{row.report.edition}.pdf"


def _files(issued: Sequence[tuple[LineRow, VersionRow]]) -> list[tuple[str, StoredFile]]:
    ids = [row.report.file_id for _line, row in issued if row.report.file_id]
    stored = {file.id: file for file in db.session.query(StoredFile).where(StoredFile.id.in_(ids))} if ids else {}
    return [(_file_name(line, row), stored[row.report.file_id]) for line, row in issued if row.report.file_id in stored]


def _reports(issued: Sequence[tuple[LineRow, VersionRow]]) -> list[Sequence[object]]:
    head = ("line", "method", "clause", "test", "report", "edition", "issued_at", "standing", "sha256", "file")
    rows: list[Sequence[object]] = [head]
    for line, row in issued:
        report, test = row.report, line.test
        rows.append(
            (
                line.line.position,
                test.method.code,
                test.clause,
                test.name_zh,
                report.number,
                report.edition,
                iso(report.issued_at),
                row.standing,
                report.sha256,
                _file_name(line, row) if report.file_id else "",
            )
        )
    return rows


SCOPE = ("test", "method", "clause", "pool", "resource", "evidence", "note", "valid_until")


def _scope(issued: Sequence[tuple[LineRow, VersionRow]]) -> list[Sequence[object]]:
    rows: list[Sequence[object]] = [("line", "report", "issued_at", *SCOPE)]
    for line, row in issued:
        kept = row.report.scope or {}
        at = iso(row.report.issued_at)
        rows.append((line.line.position, row.report.number, at, *(kept.get(name) for name in SCOPE)))
    return rows


def _lines_of(order: OrderRow, name: str) -> str:
    lines = [each.line for each in order.lines if name in sample_names(each.line.sample)]
    return " ".join(str(line.position) for line in lines)


IDENTITY = (
    "vin",
    "vin_reason",
    "serial_number",
    "configuration",
    "build_level",
    "mileage",
    "state_of_charge",
    "damage",
)


def _samples(order: OrderRow, samples: Sequence[Sample]) -> list[Sequence[object]]:
    rows: list[Sequence[object]] = [("sample", "name", "lines", "kind", *IDENTITY, "received_at", "condition", "state")]
    for each in samples:
        identity = (getattr(each, name) for name in IDENTITY)
        lines, received = _lines_of(order, each.name), iso(each.received_at)
        rows.append((each.code, each.name, lines, each.kind, *identity, received, each.condition, each.state))
    return rows


def _custody(viewer: Viewer, samples: Sequence[Sample]) -> list[Sequence[object]]:
    rows: list[Sequence[object]] = [("sample", "step", "at", "state", "by", "where", "note")]
    steps: dict[str, list[CustodyStep]] = chains([each.id for each in samples])
    for each in samples:
        for step in steps.get(each.id, ()):
            by = "lab" if step.by_lab else "company"
            where = sentences.where(viewer, step, {})
            rows.append((each.code, step.position, iso(step.at), step.state, by, where, step.note))
    return rows


def _deviations(order: OrderRow, samples: Sequence[Sample]) -> list[Sequence[object]]:
    """Of samples on receipt, and whether the company wanted the test as it was."""
    rows: list[Sequence[object]] = [("sample", "lines", "deviation", "accepted_by_company")]
    found = [each for each in samples if each.deviation]
    rows += [(e.code, _lines_of(order, e.name), e.deviation, "no" if e.deviating else "yes") for e in found]
    return rows
