"""A lab's workbook out, and one in again: every change and every fault by sheet and cell first, then all or nothing."""

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from flask_babel import gettext
from python_calamine import CalamineError, CalamineWorkbook
from xlsxwriter import Workbook

from app.accounts.policy import Viewer
from app.capacity.sheets.cells import spoken, text_of
from app.capacity.sheets.sheets import SHEETS, Column, Sheet, Values
from app.database import transaction
from app.errors import N_, Invalid, YujianError
from app.labs.models import Lab
from app.language import refusal

MOST_ROWS, MOST_CHANGES, WIDE = 20_000, 2_000, 24
UNPACKED_MOST = 200 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Change:
    """One row: its sheet and line (1 is the heading), and what becomes different. new: the row is not there yet."""

    sheet: str
    line: int
    name: str
    new: bool
    cells: tuple[tuple[str, str, str], ...]
    """Heading, what is there, what is typed."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A cell that can't be taken, as `C7`, and why."""

    sheet: str
    cell: str
    text: str


@dataclass
class Import:
    """What a workbook would do, or did."""

    changes: list[Change] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    stored: bool = False


class NotStored(Exception):
    """Ends the transaction of a preview, or of an import with faults."""


def export(viewer: Viewer, lab: Lab) -> bytes:
    """The workbook. Texts are written as texts: what begins like a formula is none."""
    file = io.BytesIO()
    with Workbook(file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        bold = book.add_format({"bold": True})
        for sheet in SHEETS:
            page = book.add_worksheet(gettext(sheet.label))
            page.write_row(0, 0, [gettext(column.label) for column in sheet.columns], bold)
            for line, row in enumerate(sheet.rows(viewer, lab).values(), start=1):
                for place, column in enumerate(sheet.columns):
                    page.write_string(line, place, row[column.key])
            page.set_column(0, len(sheet.columns) - 1, WIDE)
            page.freeze_panes(1, 1)
    return file.getvalue()


def load(viewer: Viewer, lab: Lab, content: bytes, store: bool, now: datetime) -> Import:
    """Take a workbook in. Everything is done once in a transaction, which ends without a trace where there is a fault
    or `store` is not set. Raises Invalid for what is no workbook, or too large.
    """
    found = Import()
    sheets = _read(content)
    try:
        with transaction():
            for sheet, rows in sheets:
                _take(viewer, lab, sheet, rows, found, now)
            if len(found.changes) > MOST_CHANGES:
                raise Invalid(N_("一次最多改 %(most)d 行。"), field="file", most=MOST_CHANGES)
            if found.faults or not store:
                raise NotStored
    except NotStored:
        return found
    found.stored = True
    return found


Rows = list[tuple[int, dict[str, str]]]


def _read(content: bytes) -> list[tuple[Sheet, Rows]]:
    """Rows of the sheets that are known, by line; cells are read as values, formulas are not worked out."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > UNPACKED_MOST:
                raise Invalid(N_("文件太大。"), field="file")
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    except (zipfile.BadZipFile, CalamineError, OSError, ValueError) as error:
        raise Invalid(N_("这不是 Excel 工作簿（.xlsx）。"), field="file") from error
    names = {name.strip(): name for name in book.sheet_names}
    found: list[tuple[Sheet, Rows]] = []
    for sheet in SHEETS:
        label = next((each for each in _labels(sheet.label) if each in names), None)
        if label is not None and sheet.change:
            found.append((sheet, list(_rows(sheet, book.get_sheet_by_name(names[label]).to_python()))))
    if not found:
        raise Invalid(N_("没有认得的工作表。请先导出，再在导出的文件上修改。"), field="file")
    return found


def _labels(msgid: str) -> tuple[str, str]:
    """A heading in both languages: a file made in one is read in the other."""
    return msgid, gettext(msgid)


def _rows(sheet: Sheet, lines: Sequence[Sequence[object]]) -> Iterator[tuple[int, dict[str, str]]]:
    if len(lines) > MOST_ROWS + 1:
        raise Invalid(N_("一张表最多 %(most)d 行。"), field="file", most=MOST_ROWS)
    heads = [text_of(cell) for cell in lines[0]] if lines else []
    places = {
        column.key: next((heads.index(label) for label in _labels(column.label) if label in heads), None)
        for column in sheet.columns
    }
    missing = [gettext(column.label) for column in sheet.columns if places[column.key] is None]
    if missing:
        told = gettext("、").join(missing)
        raise Invalid(
            N_("工作表“%(sheet)s”缺少列：%(columns)s。"), field="file", sheet=gettext(sheet.label), columns=told
        )
    for line, cells in enumerate(lines[1:], start=2):
        row = {
            key: spoken(text_of(cells[at])) if at is not None and at < len(cells) else "" for key, at in places.items()
        }
        if any(row.values()):
            yield line, row


def _take(viewer: Viewer, lab: Lab, sheet: Sheet, rows: Rows, found: Import, now: datetime) -> None:
    present = sheet.rows(viewer, lab)
    first = sheet.columns[0]
    seen: set[str] = set()
    for line, row in rows:
        key = row[first.key]
        if key and key in seen:
            found.faults.append(_fault(sheet, line, first.key, gettext("这一行重复了。")))
            continue
        seen.add(key)
        _take_row(viewer, lab, sheet, (line, row), present.get(key), found, now)


def _take_row(
    viewer: Viewer, lab: Lab, sheet: Sheet, at: tuple[int, Values], known: Values | None, found: Import, now: datetime
) -> None:
    line, row = at
    first = sheet.columns[0]
    if known is None and row[first.key] and first.key == "id":
        found.faults.append(_fault(sheet, line, first.key, gettext("没有这个编号。新的一行请留空。")))
        return
    different = [column for column in sheet.columns if (known or {}).get(column.key, "") != row[column.key]]
    if not different:
        return
    fixed = [column for column in different if known is not None and column.fixed]
    if fixed:
        found.faults += [_fault(sheet, line, column.key, gettext("这一列不能改。")) for column in fixed]
        return
    cells = tuple((gettext(c.label), (known or {}).get(c.key, ""), row[c.key]) for c in different)
    found.changes.append(Change(gettext(sheet.label), line, row[first.key] or row.get("name_zh", ""), not known, cells))
    if len(found.changes) > MOST_CHANGES:
        return
    assert sheet.change is not None
    try:
        with transaction():
            sheet.change(viewer, lab, row, known is not None, now)
    except YujianError as error:
        found.faults.append(_fault(sheet, line, error.field or first.key, refusal(error)))


def _fault(sheet: Sheet, line: int, key: str, text: str) -> Fault:
    return Fault(gettext(sheet.label), f"{_letter(sheet.columns, key)}{line}", text)


def _letter(columns: tuple[Column, ...], key: str) -> str:
    """The letter of a column; that of the first for a field the sheet doesn't have."""
    return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[next((n for n, column in enumerate(columns) if column.key == key), 0)]
