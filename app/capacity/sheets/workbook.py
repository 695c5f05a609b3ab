"""A lab's workbook out, and one in again: every change and every fault by sheet and cell first, then all or nothing."""

from dataclasses import dataclass, field
from datetime import datetime

from flask_babel import gettext

from app import workbooks
from app.accounts.policy import Viewer
from app.capacity.sheets.sheets import SHEETS, Sheet, Values
from app.database import transaction
from app.errors import N_, Invalid, YujianError
from app.labs.models import Lab
from app.language import refusal
from app.workbooks import Fault, Page, letter

MOST_CHANGES = 2_000


@dataclass(frozen=True, slots=True)
class Change:
    """One row: its sheet and line (1 is the heading), and what becomes different. new: the row is not there yet."""

    sheet: str
    line: int
    name: str
    new: bool
    cells: tuple[tuple[str, str, str], ...]
    """Heading, what is there, what is typed."""


@dataclass
class Import:
    """What a workbook would do, or did."""

    changes: list[Change] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    stored: bool = False


class NotStored(Exception):
    """Ends the transaction of a preview, or of an import with faults."""


def export(viewer: Viewer, lab: Lab) -> bytes:
    """The workbook."""
    return workbooks.written(
        Page(
            gettext(sheet.label),
            [gettext(column.label) for column in sheet.columns],
            ([row[column.key] for column in sheet.columns] for row in sheet.rows(viewer, lab).values()),
        )
        for sheet in SHEETS
    )


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
    """Rows of the sheets that are known, by line."""
    book = workbooks.opened(content)
    found: list[tuple[Sheet, Rows]] = []
    for sheet in SHEETS:
        lines = workbooks.sheet_of(book, sheet.label) if sheet.change else None
        if lines is not None:
            heads = {column.key: column.label for column in sheet.columns}
            found.append((sheet, list(workbooks.rows(gettext(sheet.label), heads, lines))))
    if not found:
        raise Invalid(N_("没有认得的工作表。请先导出，再在导出的文件上修改。"), field="file")
    return found


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
    """At the first column for a field that the sheet doesn't have."""
    place = next((n for n, column in enumerate(sheet.columns) if column.key == key), 0)
    return Fault(gettext(sheet.label), f"{letter(place)}{line}", text)
