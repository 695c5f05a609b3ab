"""Orders as spreadsheets: drafts in, all or nothing, and the lists out."""

import io
from typing import Any

import pytest
from flask import Flask
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from app.database import db
from app.orders.importing import HEADS, SHEET, load
from app.orders.models import Order, Purpose
from app.workbooks import Page, written
from tests.http import browser, program
from tests.world import Person, World, at


def sheet(*rows: dict[str, str]) -> bytes:
    """A filled template; what a row leaves out stays empty."""
    return written([Page(SHEET, list(HEADS.values()), [[row.get(key, "") for key in HEADS] for row in rows])])


@pytest.fixture
def engineer(world: World, clean: Flask) -> Person:
    world.bench()
    world.test("u", run=120)
    world.resource("far-rig", "far")
    world.test("v", on="far-rig")
    return world.engineer("甲公司")


def orders() -> list[Order]:
    db.session.expire_all()
    return list(db.session.scalars(select(Order).order_by(Order.contract_number)))


def cells(content: bytes) -> list[list[Any]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return book.get_sheet_by_index(0).to_python()


GOOD = (
    {"lab": "lab", "order": "A", "test": "t", "sample": "BP-12", "purpose": "研发试验", "contract_number": "HT-1"},
    {
        "lab": "lab",
        "order": "A",
        "standard": "gb test—2026",
        "name": "项目 u",
        "sample": "BP-12",
        "wants_proposal": "是",
    },
    {"lab": "far", "order": "B", "standard": "GB TEST", "name": "Test v", "note": "=1+1", "contract_number": "HT-2"},
)


def test_rows_of_one_name_become_one_draft(engineer: Person, clean: Flask) -> None:
    client = browser(clean, engineer)
    send = {"do": "preview", "file": (io.BytesIO(sheet(*GOOD)), "a.xlsx")}
    assert "会建立的草稿" in client.post("/orders/import", data=send).text
    assert orders() == []
    client.post("/orders/import", data={"do": "save", "file": (io.BytesIO(sheet(*GOOD)), "a.xlsx")})
    first, second = orders()
    assert [(line.test_id, line.sample, line.wants_proposal) for line in first.lines] == [
        ("t", "BP-12", False),
        ("u", "BP-12", True),
    ]
    assert (first.lab_id, first.purpose, second.lab_id, second.note) == ("lab", Purpose.DEVELOPMENT, "far", "=1+1")


def test_one_bad_cell_stops_the_whole_sheet(engineer: Person, clean: Flask) -> None:
    bad = (
        *GOOD,
        {"lab": "nowhere", "order": "C", "test": "t"},
        {"lab": "lab", "order": "D", "test": "v"},
        {"lab": "far", "order": "D", "test": "u", "wants_proposal": "也许", "purpose": "玩"},
        {"lab": "lab", "test": "t", "sample": "X" * 201},
    )
    with clean.test_request_context():
        found = load(engineer.viewer, sheet(*bad), True, engineer.world.now)
    assert sorted(fault.cell for fault in found.faults) == ["A5", "A7", "B8", "C6", "F8", "G7", "H7"]
    assert not found.stored and orders() == []


def test_programs_see_first_and_store_then(engineer: Person, clean: Flask) -> None:
    client, headers = browser(clean), program(engineer)

    def send(content: bytes, **more: str) -> Any:
        data = {"file": (io.BytesIO(content), "a.xlsx"), **more}
        return client.post("/api/v1/order-imports", data=data, headers=headers)

    seen = send(sheet(*GOOD))
    assert (seen.status_code, seen.get_json()["orders"], orders()) == (200, [], [])
    assert [(each["name"], each["lab"], len(each["lines"])) for each in seen.get_json()["drafts"]] == [
        ("A", "lab", 2),
        ("B", "far", 1),
    ]
    bad = sheet(*GOOD, {"lab": "nowhere", "order": "C", "test": "t"})
    assert [each["cell"] for each in send(bad).get_json()["faults"]] == ["A5"]
    refused = send(bad, do="store")
    assert (refused.status_code, refused.get_json()["errors"][0]["field"], orders()) == (422, "A5", [])
    made = send(sheet(*GOOD), do="store")
    assert made.status_code == 201 and made.get_json()["orders"] == [order.id for order in orders()]
    assert send(b"no workbook").get_json()["code"] == "invalid"
    headers = program(engineer.world.lab_admin("lab"))
    assert send(sheet(*GOOD)).status_code == 403


def test_the_template_lists_what_the_lab_can_do(engineer: Person, clean: Flask) -> None:
    content = browser(clean, engineer).get("/orders/template.xlsx?lab=lab").get_data()
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    assert [row[1] for row in book.get_sheet_by_index(1).to_python()[1:]] == ["t", "u"]
    assert browser(clean, engineer.world.lab_admin("lab")).get("/orders/import").status_code == 403


def test_lists_go_out_as_their_reader_may_see_them(engineer: Person, clean: Flask) -> None:
    booking = engineer.requests(at(5), sample="BP-12")
    code = booking.order_line.order.code
    crew, rival = engineer.world.bench_crew("lab"), engineer.world.engineer("乙公司")
    for path, name in (("/orders/orders.xlsx", code), ("/bookings/bookings.xlsx?state=all", booking.code)):
        heads, row = cells(browser(clean, engineer).get(path).get_data())
        assert row[0] == name and "BP-12" in row and row[heads.index("上台")] == "2026-11-05 08:30"
        seen = cells(browser(clean, crew).get(path).get_data())
        assert seen[1][0] == name and "甲公司" not in str(seen)
        assert len(cells(browser(clean, rival).get(path).get_data())) == 1
    assert len(cells(browser(clean, engineer).get("/bookings/bookings.xlsx?state=all&from=2026-11-06").get_data())) == 1
