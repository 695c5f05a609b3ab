"""Turnaround as a spreadsheet."""

import io

from flask_babel import gettext as _
from xlsxwriter import Workbook

from app.turnaround.presenting import sheet
from app.turnaround.queries import Turnaround

WIDE, NARROW = 40, 12


def workbook(found: Turnaround, demo: bool) -> bytes:
    """An .xlsx file with one sheet: the period first, then header and rows as in the CSV file."""
    header, rows = sheet(found, demo)
    period = found.question.period
    title = _("检测周期，签发于 %(first)s 至 %(last)s", first=period.first, last=period.last)
    file = io.BytesIO()
    # The instant in the properties would make each file differ; text stays text ("=1+1" is no formula).
    with Workbook(file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        page = book.add_worksheet("turnaround")
        bold = book.add_format({"bold": True})
        page.write_string(0, 0, title, bold)
        page.write_row(1, 0, header, bold)
        for place, row in enumerate(rows, start=2):
            page.write_row(place, 0, row)
        page.set_column(0, 1, WIDE)
        page.set_column(2, len(header) - 1, NARROW)
        page.freeze_panes(2, 1)
    return file.getvalue()
