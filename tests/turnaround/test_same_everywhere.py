"""Page, API, sheet, command and daily report say the same."""

import csv
import io
import json
import random
import re
import zipfile
from datetime import date, timedelta
from html import unescape
from xml.etree import ElementTree

import pytest
import time_machine
from flask import Flask

from app.accounts.models import OrganisationKind
from app.database import db
from app.turnaround.jobs import write_daily_reports
from app.turnaround.models import GeneratedReport
from app.turnaround.rules import PHASES
from tests.http import browser, program
from tests.world import Person, World, at

Rows = dict[str, list[str]]
XML = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture
def told(world: World, issued) -> World:
    """Forty lines of four companies at two labs."""
    world.bench()
    world.resource("rig", "other")
    world.capable("rig", "t")
    dice = random.Random(11)
    for _ in range(40):
        days = tuple(dice.expovariate(1 / mean) for mean in (2, 9, 3, 6))
        company, lab = dice.choice(("甲公司", "乙公司", "丙公司", "丁公司")), dice.choice(("lab", "other"))
        issued(company, lab, "t", days, at(2) - timedelta(days=dice.randrange(1, 300)))
    return world


def of_sheet(text: str) -> Rows:
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    return {row[1]: row[2:] for row in rows[1:]}


def of_api(answer: dict) -> Rows:
    def row(item: dict) -> list[str]:
        names = ("median_days", "p80_days", "p95_days")
        working = ("median_working_days", "p80_working_days", "p95_working_days")
        phases = [item["phases"][phase] for phase in PHASES]
        shares = [item[name] for name in ("customer_days", "paused_days")]
        numbers = [item["lines"], *(item[name] for name in (*names, *working, "mean_days")), *phases, *shares]
        return [str(number) for number in numbers]

    return {item["key"]: row(item) for item in [*answer["items"], answer["total"]]}


def of_workbook(file: bytes) -> Rows:
    archive = zipfile.ZipFile(io.BytesIO(file))
    strings = [
        "".join(part.itertext())
        for part in ElementTree.fromstring(archive.read("xl/sharedStrings.xml")).iter(f"{XML}si")
    ]
    rows = []
    for row in ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml")).iter(f"{XML}row"):
        cells = []
        for cell in row.iter(f"{XML}c"):
            value = cell.find(f"{XML}v").text
            cells.append(strings[int(value)] if cell.get("t") == "s" else value)
        rows.append(cells)
    return {row[1]: [f"{float(value):g}" for value in row[2:]] for row in rows[2:]}


def of_page(html: str) -> list[list[str]]:
    """The cells of the table of comparison, without tags."""
    table = html.split('id="table"')[1].split("</table>")[0]
    rows = re.findall(r"<tr>(.*?)</tr>", table.split("<tbody")[1], re.DOTALL)
    return [
        [unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in re.findall(r"<td.*?</td>", row)] for row in rows
    ]


@pytest.mark.parametrize("who", ["company", "lab", "coordinator"])
def test_one_answer_in_every_form(told: World, clean: Flask, who: str) -> None:
    person = {
        "company": lambda: told.engineer("甲公司"),
        "lab": lambda: told.lab_admin("other"),
        "coordinator": told.coordinator,
    }[who]()
    options = {"company": ["--company", person.viewer.organisation_id], "lab": ["--lab", "other"], "coordinator": []}
    asked = ["--from", "2025-12-01", "--to", "2026-11-02", "--group-by", "lab", *options[who]]
    with time_machine.travel(told.now, tick=False):
        client = browser(clean, person)
        page = client.get("/turnaround/?from=2025-12-01&to=2026-11-02&group_by=lab").get_data(as_text=True)
        sheet = client.get("/turnaround/turnaround.csv?from=2025-12-01&to=2026-11-02&group_by=lab")
        address = "/api/v1/turnaround?from=2025-12-01&to=2026-11-02&group_by=lab"
        answer = client.get(address, headers=program(person)).json
        runner = clean.test_cli_runner()
        command = {
            kind: runner.invoke(args=["turnaround", "report", *asked, "--format", kind])
            for kind in ("csv", "json", "xlsx")
        }
    expected = of_api(answer)
    assert expected and not answer["total"]["suppressed"]
    assert of_sheet(sheet.get_data(as_text=True)) == expected
    assert of_sheet(command["csv"].output) == expected
    assert json.loads(command["json"].output) == answer
    as_numbers = {key: [f"{float(value):g}" for value in row] for key, row in expected.items()}
    assert of_workbook(command["xlsx"].stdout_bytes) == as_numbers
    shown = [[item["lines"], item["median_days"], item["p80_days"], item["p95_days"]] for item in answer["items"]]
    assert [row[1:5] for row in of_page(page)] == [[str(number) for number in row] for row in shown]
    for figure in ("median_days", "p80_days", "p95_days"):
        assert re.search(rf'<p class="fig">(<a [^>]+>)?{answer["total"][figure]}[ <]', page)


def test_without_grouping_the_answer_is_the_total(told: World, clean: Flask) -> None:
    engineer = told.engineer("甲公司")
    with time_machine.travel(told.now, tick=False):
        answer = browser(clean).get("/api/v1/turnaround", headers=program(engineer)).json
    assert answer["items"] == [answer["total"]]
    assert answer["as_of"] == "2026-11-02T09:00:00+08:00"
    assert round(sum(answer["total"]["phases"].values()), 1) == answer["total"]["mean_days"]
    assert answer["demo"] is False


def test_the_sheet_opens_in_excel_and_says_what_is_demo(told: World, clean: Flask) -> None:
    told.organisation("示例公司", OrganisationKind.COMPANY, demo=True)
    with time_machine.travel(told.now, tick=False):
        client = browser(clean, told.engineer("甲公司"))
        sheet = client.get("/turnaround/turnaround.csv")
        english = client.get("/turnaround/turnaround.csv", headers={"Accept-Language": "en"})
    assert sheet.data.startswith(b"\xef\xbb\xbf")
    assert sheet.headers["Content-Disposition"] == 'attachment; filename="turnaround.csv"'
    assert sheet.get_data(as_text=True).lstrip("\ufeff").startswith("实验室（演示数据）,编号,委托项,")
    assert "Test centre lab" in english.get_data(as_text=True)


@pytest.mark.parametrize(
    ("args", "field"),
    [
        ("from=2026-02-30", "from"),
        ("to=soon", "to"),
        ("from=2026-03-01&to=2026-02-01", "to"),
        ("from=1990-01-01", "to"),
        ("from=2001-01-01&to=2099-12-31", "to"),
    ],
)
def test_a_bad_period_is_refused_at_its_field(told: World, clean: Flask, args: str, field: str) -> None:
    engineer = told.engineer("甲公司")
    with time_machine.travel(told.now, tick=False):
        client = browser(clean, engineer)
        api = client.get(f"/api/v1/turnaround?{args}", headers=program(engineer))
        page = client.get(f"/turnaround/?{args}")
    assert (api.status_code, [error["field"] for error in api.json["errors"]]) == (422, [field])
    assert page.status_code == 422 and 'role="alert"' in page.get_data(as_text=True)


def test_bad_input_to_the_command(told: World, clean: Flask) -> None:
    runner = clean.test_cli_runner()
    assert runner.invoke(args=["turnaround", "report", "--from", "x"]).exit_code == 3
    assert runner.invoke(args=["turnaround", "report", "--group-by", "company"]).exit_code == 2


def test_each_day_one_report_for_each_lab_and_company(told: World, clean: Flask) -> None:
    assert write_daily_reports(at(2, 2, 30)) == 6
    assert write_daily_reports(at(2, 9, 0)) == 0
    assert write_daily_reports(at(3, 2, 30)) == 6
    engineer, desk = told.engineer("甲公司"), told.lab_admin("lab")
    own = (
        db.session.query(GeneratedReport)
        .filter_by(company_id=engineer.viewer.organisation_id, day=date(2026, 11, 2))
        .one()
    )
    with time_machine.travel(told.now, tick=False):
        client = browser(clean, engineer)
        address = "/api/v1/turnaround?from=2025-12-01&to=2026-11-01"
        answer = client.get(address, headers=program(engineer)).json
        listed = client.get("/turnaround/reports/").get_data(as_text=True)
        page = client.get(f"/turnaround/reports/{own.id}")
        foreign = browser(clean, desk).get(f"/turnaround/reports/{own.id}")
        of_lab = browser(clean, desk).get("/turnaround/reports/").get_data(as_text=True)
    assert own.figures["total"] == answer["total"] and own.lines == answer["total"]["lines"]
    assert listed.count("/turnaround/reports/") - listed.count('/turnaround/reports/"') == 2
    assert page.status_code == 200 and str(answer["total"]["median_days"]) in page.get_data(as_text=True)
    assert foreign.status_code == 404
    assert "试验中心" in of_lab and "甲公司" not in of_lab


def test_a_report_stays_as_it_was(told: World, issued) -> None:
    write_daily_reports(at(2, 2, 30))
    engineer = told.engineer("甲公司")
    report = db.session.query(GeneratedReport).filter_by(company_id=engineer.viewer.organisation_id).one()
    before = dict(report.figures)
    issued("甲公司", on=at(1, 8, 0))
    write_daily_reports(at(2, 9, 0))
    db.session.expire_all()
    assert db.session.get(GeneratedReport, report.id).figures == before


def test_every_number_of_ones_own_leads_to_its_lines(told: World, clean: Flask) -> None:
    with time_machine.travel(told.now, tick=False):
        client = browser(clean, told.engineer("甲公司"))
        page = client.get("/turnaround/").get_data(as_text=True)
        links = re.findall(r'href="(/turnaround/lines[^"]*)">(\d+)', page)
        assert len(links) >= 8
        for address, count in links:
            lines = client.get(unescape(address)).get_data(as_text=True)
            assert lines.count("/orders/") - lines.count('/orders/"') == int(count)


def test_the_page_of_who_has_nothing_yet(world: World, clean: Flask) -> None:
    world.bench()

    def seen(person: Person, address: str = "/turnaround/") -> str:
        return browser(clean, person).get(address).get_data(as_text=True)

    with time_machine.travel(world.now, tick=False):
        assert "这段时间没有签发的报告" in seen(world.engineer("甲公司"))
        assert "这些条件下还不能显示数字" in seen(world.coordinator())
        assert "还没有日报" in seen(world.lab_admin("lab"), "/turnaround/reports/")
        assert browser(clean, world.bench_crew("lab")).get("/turnaround/").status_code == 403
        assert browser(clean).get("/turnaround/").status_code == 303
        assert browser(clean).get("/api/v1/turnaround").status_code == 401
