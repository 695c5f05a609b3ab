"""A folder of CSV files read into rows, with every fault told by file, line and column."""

import csv
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.errors import N_
from app.labs.loading.cells import BadCell
from app.labs.loading.tables import PROGRAMMES, TABLES, Table, steps_of

LARGEST_FILE = 20_000_000
WHOLE_FILE = "-"


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault: file relative to the folder, line from 1 (that on which the record begins), column, reason.

    message: msgid with placeholders that `facts` fill. column: `-` for the whole line or file.
    """

    file: str
    line: int
    column: str
    message: str
    facts: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """One record: its values by column, and where it stands."""

    file: str
    line: int
    values: dict[str, Any]

    def __getitem__(self, column: str) -> Any:
        return self.values[column]

    def problem(self, column: str, message: str, **facts: object) -> Problem:
        """A fault in this record."""
        return Problem(self.file, self.line, column, message, facts)


@dataclass(frozen=True, slots=True)
class Files:
    """The rows of a folder by file name, the faults met in reading, and a digest of every byte read."""

    rows: dict[str, list[Row]]
    problems: list[Problem]
    digest: str

    def of(self, table: Table) -> list[Row]:
        """The rows of one table."""
        return self.rows[table.file]

    def steps(self, programme_id: str) -> list[Row]:
        """The steps of one programme."""
        return self.rows[steps_of(programme_id).file]


class _Unreadable(Exception):
    """A file that gives no text."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def digest_of(folder: Path) -> str:
    """SHA-256 over names and contents of all CSV files in the folder; also of one that isn't there."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.csv")):
        content = path.read_bytes() if path.is_file() else b""
        digest.update(f"{path.relative_to(folder)}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def read(folder: Path) -> Files:
    """Every file of the catalogue in the folder. Never raises for bad content: see `problems`."""
    if not folder.is_dir():
        return Files({}, [Problem(str(folder), 1, WHOLE_FILE, N_("没有这个文件夹"))], "")
    digest = digest_of(folder)
    rows: dict[str, list[Row]] = {}
    problems: list[Problem] = []
    for table in TABLES:
        rows[table.file] = _read_table(folder, table, problems)
    for programme in rows[PROGRAMMES.file]:
        table = steps_of(programme["id"])
        rows[table.file] = _read_table(folder, table, problems)
    return Files(rows, problems + list(_surplus(folder, rows)), digest)


def _surplus(folder: Path, rows: dict[str, list[Row]]) -> Iterator[Problem]:
    """Files that nobody reads: most often a name with a slip in it."""
    for path in sorted(folder.rglob("*.csv")):
        name = path.relative_to(folder).as_posix()
        if name not in rows:
            yield Problem(name, 1, WHOLE_FILE, N_("不认识这个文件，目录里没有用到它"))


def _read_table(folder: Path, table: Table, problems: list[Problem]) -> list[Row]:
    try:
        records = list(_records(table, _text(folder, table)))
    except _Unreadable as error:
        problems.append(error.problem)
        return []
    if not records:
        problems.append(Problem(table.file, 1, WHOLE_FILE, N_("文件是空的，缺少表头")))
        return []
    faults = list(_header_faults(table, records[0][1]))
    problems.extend(faults)
    if faults:
        return []
    return [row for line, cells in records[1:] if (row := _row(table, records[0][1], line, cells, problems))]


def _text(folder: Path, table: Table) -> str:
    try:
        size = (folder / table.file).stat().st_size
        content = (folder / table.file).read_bytes() if size <= LARGEST_FILE else None
    except FileNotFoundError as error:
        raise _Unreadable(Problem(table.file, 1, WHOLE_FILE, N_("缺少这个文件"))) from error
    except OSError as error:
        fault = Problem(table.file, 1, WHOLE_FILE, N_("文件读不出来：%(reason)s"), {"reason": error.strerror})
        raise _Unreadable(fault) from error
    if content is None:
        raise _Unreadable(Problem(table.file, 1, WHOLE_FILE, N_("文件太大")))
    if b"\0" in content:
        line = content[: content.index(b"\0")].count(b"\n") + 1
        raise _Unreadable(Problem(table.file, line, WHOLE_FILE, N_("含有 NUL 字节，不是文本文件")))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise _Unreadable(Problem(table.file, line, WHOLE_FILE, N_("不是 UTF-8 编码"))) from error


def _records(table: Table, text: str) -> Iterator[tuple[int, list[str]]]:
    """Line on which each record begins, and its cells without outer blanks; empty lines are skipped."""
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    line = 1
    try:
        for cells in reader:
            if cells:
                yield line, [cell.strip() for cell in cells]
            line = reader.line_num + 1
    except csv.Error as error:
        raise _Unreadable(Problem(table.file, line, WHOLE_FILE, N_("引号或分隔不对，读不成一行"))) from error


def _header_faults(table: Table, header: Sequence[str]) -> Iterator[Problem]:
    for place, column in enumerate(header):
        if column not in table.columns:
            yield Problem(table.file, 1, column or WHOLE_FILE, N_("不认识的列"))
        elif column in header[:place]:
            yield Problem(table.file, 1, column, N_("这一列出现了两次"))
    for column in table.columns:
        if column not in header and column not in table.spare:
            yield Problem(table.file, 1, column, N_("缺少这一列"))


def _row(table: Table, header: list[str], line: int, cells: list[str], problems: list[Problem]) -> Row | None:
    """The record read; None when it is faulty, with the faults added to `problems`."""
    if len(cells) != len(header):
        column = header[len(cells)] if len(cells) < len(header) else header[-1]
        facts: dict[str, object] = {"found": len(cells), "wanted": len(header)}
        problems.append(Problem(table.file, line, column, N_("这一行有 %(found)s 格，应为 %(wanted)s 格"), facts))
        return None
    before = len(problems)
    values: dict[str, Any] = {column: table.columns[column]("") for column in table.spare}
    for column, cell in zip(header, cells, strict=True):
        try:
            values[column] = table.columns[column](cell)
        except BadCell as error:
            problems.append(Problem(table.file, line, column, error.message, error.facts))
    row = Row(table.file, line, values)
    if len(problems) == before:
        problems.extend(_one_language_only(table, row))
    return row if len(problems) == before else None


def _one_language_only(table: Table, row: Row) -> Iterator[Problem]:
    for name in table.bilingual:
        chinese, english = row[f"{name}_zh"], row[f"{name}_en"]
        if chinese and not english:
            yield row.problem(f"{name}_en", N_("有中文而缺英文"))
        if english and not chinese:
            yield row.problem(f"{name}_zh", N_("有英文而缺中文"))
