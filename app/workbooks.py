"""Excel workbooks out and in: values as the texts that people see, rows found by headings in either language."""

import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import make_response
from flask_babel import gettext
from python_calamine import CalamineError, CalamineWorkbook
from werkzeug.wrappers import Response
from xlsxwriter import Workbook

from app.errors import N_, Invalid, YujianError
from app.language import lang, local
from app.typed import cleaned

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS, WIDE = 20_000, 24
UNPACKED_MOST = 200 * 1024 * 1024

# What a flag is written as, by language; either is read in both.
FLAGS = {"zh": ("否", "是"), "en": ("no", "yes")}
_YES = frozenset({"是", "yes", "y", "true", "1", "x", "√"})
_NO = frozenset({"", "否", "no", "n", "false", "0"})


class BadCell(Invalid):
    """A cell that can't be read; its message says what belongs there, `field` is the column."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A cell that can't be taken, as `C7`, and why."""

    sheet: str
    cell: str
    text: str


class FaultyCells(YujianError):
    """A sheet that is not taken because of these cells."""

    field = "file"
    message = N_("表里有 %(count)d 处要改正，什么都没有建立。")

    def __init__(self, faults: Sequence[Fault] = (), **facts: Any) -> None:
        super().__init__(**{"count": len(faults), **facts})
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Page:
    """A sheet to write: its name, its headings and the texts below them."""

    name: str
    heads: Sequence[str]
    rows: Iterable[Sequence[str]]


def text_of(value: Any) -> str:
    """Any value as the sheet shows it: dates as 2026-12-01, instants as local 2026-12-01 08:30, whole numbers plain."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return FLAGS[lang()][value]
    if isinstance(value, datetime):
        return f"{local(value) if value.tzinfo else value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return f"{value:g}" if abs(value) < 1e15 else str(value)
    return cleaned(str(value))


def spoken(text: str) -> str:
    """A flag of the other language in this one; any other text as it stands."""
    for words in FLAGS.values():
        if text in words:
            return FLAGS[lang()][words.index(text)]
    return text


def yes(text: str) -> bool:
    """是 or 否; empty is 否. Raises BadCell."""
    if text.casefold() in _YES:
        return True
    if text.casefold() in _NO:
        return False
    raise BadCell(N_("请填“是”或“否”。"))


def labels(msgid: str) -> tuple[str, str]:
    """A name or heading in both languages: a file made in one is read in the other."""
    return msgid, gettext(msgid)


def letter(place: int) -> str:
    """The letter of a column, 0 is A; sheets here have at most 26."""
    return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[place]


def opened(content: bytes) -> CalamineWorkbook:
    """The workbook of an upload. Raises Invalid at `file` for what is none, or unpacks to too much."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > UNPACKED_MOST:
                raise Invalid(N_("文件太大。"), field="file")
        return CalamineWorkbook.from_filelike(io.BytesIO(content))
    except (zipfile.BadZipFile, CalamineError, OSError, ValueError) as error:
        raise Invalid(N_("这不是 Excel 工作簿（.xlsx）。"), field="file") from error


def sheet_of(book: CalamineWorkbook, msgid: str) -> list[list[Any]] | None:
    """The lines of a sheet by its name in either language; None where there is none."""
    names = {name.strip(): name for name in book.sheet_names}
    found = next((names[each] for each in labels(msgid) if each in names), None)
    return None if found is None else book.get_sheet_by_name(found).to_python()


def rows(name: str, heads: Mapping[str, str], lines: Sequence[Sequence[Any]]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number (1 is the heading) and texts by key, without empty rows; values only, formulas are not worked out.

    heads: the msgid of each key's heading. Raises Invalid at `file` for missing columns and too many rows.
    """
    if len(lines) > MOST_ROWS + 1:
        raise Invalid(N_("一张表最多 %(most)d 行。"), field="file", most=MOST_ROWS)
    written = [text_of(cell) for cell in lines[0]] if lines else []
    places = {
        key: next((written.index(label) for label in labels(head) if label in written), None)
        for key, head in heads.items()
    }
    missing = [gettext(heads[key]) for key, place in places.items() if place is None]
    if missing:
        told = gettext("、").join(missing)
        raise Invalid(N_("工作表“%(sheet)s”缺少列：%(columns)s。"), field="file", sheet=name, columns=told)
    for line, cells in enumerate(lines[1:], start=2):
        row = {
            key: spoken(text_of(cells[at])) if at is not None and at < len(cells) else "" for key, at in places.items()
        }
        if any(row.values()):
            yield line, row


def written(pages: Iterable[Page]) -> bytes:
    """The workbook. Texts are written as texts: what begins like a formula is none."""
    file = io.BytesIO()
    with Workbook(file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        bold = book.add_format({"bold": True})
        for each in pages:
            page = book.add_worksheet(each.name)
            page.write_row(0, 0, each.heads, bold)
            for line, row in enumerate(each.rows, start=1):
                for place, text in enumerate(row):
                    page.write_string(line, place, text)
            page.set_column(0, len(each.heads) - 1, WIDE)
            page.freeze_panes(1, 1)
    return file.getvalue()


def download(content: bytes, name: str) -> Response:
    """The answer that a browser saves as a file of this name."""
    answer = make_response(content)
    answer.headers["Content-Type"] = XLSX
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
