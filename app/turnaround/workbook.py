"""Turnaround as a spreadsheet."""

import io
from collections.abc import Sequence

from flask_babel import gettext as _
from xlsxwriter import Workbook

from app.turnaround.presenting import sheet
from app.turnaround.queries import Turnaround

WIDE, NARROW = 40, 12
ONLY_SHEET = "turnaround"


def workbook(found: Turnaround, demo: bool) -> bytes:
    """An .xlsx file with one sheet: the period first, then header and rows as in the CSV file."""
    return _written([(ONLY_SHEET, found)], demo)


def workbook_of(tables: Sequence[Turnaround], demo: bool) -> bytes:
    """An .xlsx file with a sheet for each table, named after what it is grouped by."""
    return _written([(_(found.group_by.label) if found.group_by else ONLY_SHEET, found) for found in tables], demo)


def _written(sheets: Sequence[tuple[str, Turnaround]], demo: bool) -> bytes:
    file = io.BytesIO()
    # The instant in the properties would make each file differ; text stays text ("=1+1" is no formula).
    with Workbook(file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        for name, found in sheets:
            _write(book, name, found, demo)
    return file.getvalue()


def _write(book: Workbook, name: str, found: Turnaround, demo: bool) -> None:
    header, rows = sheet(found, demo)
    period = found.question.period
    page, bold = book.add_worksheet(name), book.add_format({"bold": True})
    page.write_string(0, 0, _("检测周期，签发于 %(first)s 至 %(last)s", first=period.first, last=period.last), bold)
    page.write_row(1, 0, header, bold)
    for place, row in enumerate(rows, start=2):
        page.write_row(place, 0, row)
    page.set_column(0, 1, WIDE)
    page.set_column(2, len(header) - 1, NARROW)
    page.freeze_panes(2, 1)
