"""A lab's workbook: out, changed in a spreadsheet, and in again, all or nothing."""

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from python_calamine import CalamineWorkbook
from xlsxwriter import Workbook

from app.booking.closures import CloseResource, close
from app.booking.models import Closure, ClosureKind
from app.capacity.sheets.workbook import export, load
from app.database import db, transaction
from app.errors import Invalid
from app.labs.capacity import LabDay
from app.labs.models import Capability, Lab, Resource
from tests.http import browser
from tests.world import Person, World, at

Change = Callable[[dict[str, list[list[Any]]]], None]


def changed(content: bytes, change: Change, formulas: bool = False) -> bytes:
    """The workbook after somebody worked on it."""
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    sheets = {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}
    change(sheets)
    file = io.BytesIO()
    with Workbook(file, {"in_memory": True, "strings_to_formulas": formulas}) as out:
        for name, rows in sheets.items():
            page = out.add_worksheet(name)
            for n, row in enumerate(rows):
                page.write_row(n, 0, row)
    return file.getvalue()


def takes(lab: Person, content: bytes, store: bool = True) -> Any:
    return load(lab.viewer, db.session.get_one(Lab, "lab"), content, store, lab.world.now)


def out(lab: Person) -> bytes:
    return export(lab.viewer, db.session.get_one(Lab, "lab"))


@pytest.fixture
def lab(world: World, clean: Flask) -> Person:
    world.bench(places=2)
    world.engineer("甲公司").requests(at(5), sample="=1+1")
    person = world.lab_admin("lab")
    close(
        person.viewer, CloseResource("chamber", at(9), at(10), ClosureKind.MAINTENANCE, "=cmd|' /C calc'!A0"), world.now
    )
    with clean.test_request_context():
        yield person


def test_what_goes_out_comes_in_without_a_change(lab: Person) -> None:
    found = takes(lab, out(lab))
    assert (found.changes, found.faults) == ([], [])


def test_every_change_is_shown_first_and_then_stored(lab: Person) -> None:
    def change(sheets: dict[str, list[list[Any]]]) -> None:
        chamber = sheets["台架"][1]
        chamber[2], chamber[4], chamber[8] = "大舱", 3, "−40…85 °C"
        sheets["台架"].append(["", "kind", "新台", "", 1, 30, "two", "否", "", "", "", ""])
        sheets["能力"][1][3] = 90
        sheets["停工和加班日"].append(["2026-11-14", "08:30-12:00; 13:00-17:00", "周六加班", "", "否"])
        sheets["停用"].append(["", "chamber", "2", "calibration", "2026-11-16 08:00", "2026-11-16 12:00", "年检"])

    content = changed(out(lab), change)
    seen = takes(lab, content, store=False)
    assert seen.faults == []
    assert [(c.sheet, c.line, c.new) for c in seen.changes] == [
        ("台架", 2, False), ("台架", 3, True), ("能力", 2, False), ("停工和加班日", 2, True), ("停用", 3, True),
    ]  # fmt: skip
    assert ("工位数", "2", "3") in seen.changes[0].cells
    assert db.session.query(Resource).count() == 1
    assert db.session.get_one(Resource, "chamber").name_zh != "大舱"
    assert takes(lab, content).stored
    db.session.expire_all()
    row = db.session.get_one(Resource, "chamber")
    assert (row.name_zh, row.places, row.envelope) == ("大舱", 3, {"temperature": [-40, 85]})
    assert db.session.query(Resource).count() == 2
    assert db.session.get_one(Capability, ("chamber", "t")).run_minutes == 90
    assert db.session.query(LabDay).one().hours == [[510, 720], [780, 1020]]
    assert db.session.query(Closure).filter_by(reason="年检").one().places == [2]


def test_one_fault_and_nothing_is_stored(lab: Person) -> None:
    def change(sheets: dict[str, list[list[Any]]]) -> None:
        sheets["台架"][1][2] = "大舱"
        sheets["台架"][1][4] = "viele"
        sheets["能力"][1][8] = "bald"
        sheets["停工和加班日"].append(["2026-11-14", "8 bis 5", "", "", "否"])
        sheets["停用"][1][1] = "elsewhere"
        sheets["停用"].append(["nowhere", "chamber", "", "power", "2026-11-16 08:00", "2026-11-16 12:00", ""])
        sheets["停用"].append(["", "chamber", "9", "power", "2026-11-16 08:00", "2026-11-16 12:00", ""])

    found = takes(lab, changed(out(lab), change))
    assert not found.stored
    assert [(fault.sheet, fault.cell) for fault in found.faults] == [
        ("台架", "E2"), ("能力", "I2"), ("停工和加班日", "B2"), ("停用", "B2"), ("停用", "A3"), ("停用", "C4"),
    ]  # fmt: skip
    assert db.session.get_one(Resource, "chamber").name_zh != "大舱"
    assert db.session.query(LabDay).count() == 0


@pytest.mark.parametrize(
    ("on", "hours", "cell"),
    [
        ("2026-11-14", "²:00-9:00", "B2"),
        ("2026-11-14", "08:30-24:30", "B2"),
        ("2026-11-14", "08:30-8:00", "B2"),
        ("0001-01-01", "08:30-12:00", "A2"),
        ("9999-12-31", "08:30-12:00", "A2"),
    ],
)
def test_a_day_that_no_calendar_has_is_told_at_its_cell(lab: Person, on: str, hours: str, cell: str) -> None:
    row = [on, hours, "", "", "否"]
    found = takes(lab, changed(out(lab), lambda sheets: sheets["停工和加班日"].append(row)), store=False)
    assert [(fault.sheet, fault.cell) for fault in found.faults] == [("停工和加班日", cell)]


def test_places_that_are_booked_are_kept_by_a_sheet_too(lab: Person) -> None:
    lab.world.engineer("乙公司").requests(at(5))
    found = takes(lab, changed(out(lab), lambda sheets: sheets["台架"][1].__setitem__(4, 1)))
    assert found.faults[0].cell == "E2"
    assert "B26" in found.faults[0].text


def test_what_begins_like_a_formula_is_text(lab: Person) -> None:
    raw = out(lab)
    book = CalamineWorkbook.from_filelike(io.BytesIO(raw))
    assert "=1+1" in book.get_sheet_by_name("预约").to_python()[1]
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        assert not any(b"<f>" in packed.read(name) for name in packed.namelist())

    def change(sheets: dict[str, list[list[Any]]]) -> None:
        sheets["台架"][1][2] = '=HYPERLINK("http://x")'

    # A formula in a sheet is never worked out: what a spreadsheet had left as its value is all that is read.
    seen = takes(lab, changed(raw, change, formulas=True), store=False)
    assert all("HYPERLINK" not in after for each in seen.changes for _, _, after in each.cells)


def test_what_is_no_workbook_is_told(lab: Person) -> None:
    for content in (b"", b"hello", b"PK\x03\x04 broken"):
        with pytest.raises(Invalid, match="Excel"):
            takes(lab, content)
    with pytest.raises(Invalid, match="没有认得"):
        takes(lab, changed(out(lab), lambda sheets: sheets.clear() or sheets.update({"x": [[1]]})))
    with pytest.raises(Invalid) as refused:
        takes(lab, changed(out(lab), lambda sheets: sheets["台架"][0].pop()))
    assert refused.value.facts["columns"] == "英文能力说明"


def test_twenty_thousand_rows_are_read_and_more_are_refused(lab: Person) -> None:
    def many(count: int) -> Change:
        return lambda sheets: sheets["停用"].extend(
            [["", "chamber", "", "power", "2026-11-16 08:00", "2026-11-16 12:00", str(n)] for n in range(count)]
        )

    with pytest.raises(Invalid, match="一次最多改"):
        takes(lab, changed(out(lab), many(19_000)))
    with pytest.raises(Invalid, match="一张表最多"):
        takes(lab, changed(out(lab), many(20_001)))
    assert db.session.query(Closure).count() == 1


def test_the_page(world: World, clean: Flask) -> None:
    world.bench()
    person = world.lab_admin("lab")
    desk = browser(clean, person)
    raw = desk.get("/capacity/lab/sheets/workbook.xlsx")
    assert raw.mimetype.endswith("sheet")
    content = changed(raw.data, lambda sheets: sheets["台架"][1].__setitem__(2, "大舱"))
    seen = desk.post("/capacity/lab/sheets/", data={"file": (io.BytesIO(content), "a.xlsx"), "do": "preview"})
    assert "大舱" in seen.get_data(as_text=True)
    saved = desk.post("/capacity/lab/sheets/", data={"file": (io.BytesIO(content), "a.xlsx"), "do": "save"})
    assert saved.status_code == 303
    with transaction() as session:
        assert session.get_one(Resource, "chamber").name_zh == "大舱"
    for stranger in (world.engineer("甲公司"), world.bench_crew("lab")):
        assert browser(clean, stranger).get("/capacity/lab/sheets/workbook.xlsx").status_code == 404
