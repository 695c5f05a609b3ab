"""What an order leaves as evidence, and a report that takes the place of a second test."""

import csv
import io
import sys
import zipfile
from datetime import timedelta
from hashlib import sha256

import pytest
from flask import Flask

from app.booking.models import Booking
from app.database import db
from app.errors import NotFound
from app.files.models import FileDownload
from app.files.service import Upload
from app.orders import service as orders
from app.orders.models import Order, OrderLine, OrderState
from app.orders.service import NewLine, NewOrder
from app.samples import service as samples
from app.samples.models import Sample
from app.samples.rules import SampleKind
from app.samples.service import Identity, Receive, Register, SampleStep
from app.testing import models, reports, reuse
from app.testing.reports import Draft, Issue, ReportStep
from app.testing.reuse import Reuse
from tests.files.samples import PDF
from tests.http import browser, program
from tests.visitor import Visitor
from tests.world import World, at

VIN = "1M8GDM9AXKP042788"


class Story:
    """A vehicle that came with a dent and was tested; its report JC-1 was issued on the 5th."""

    def __init__(self, world: World) -> None:
        world.bench()
        self.world = world
        self.engineer, self.rival, self.desk = (
            world.engineer("甲公司"),
            world.engineer("乙公司"),
            world.lab_admin("lab"),
        )
        self.crew = world.bench_crew("lab")
        self.booking = self.tested()
        self.report = self.issued()

    def tested(self) -> Booking:
        booking = self.engineer.requests(at(5), sample="样车 1")
        order_id = booking.order_line.order_id
        self.desk.does("confirm", booking)
        car = samples.register(self.engineer.viewer, Register(order_id, self.car("样车 1")), self.world.now)
        self.world.now = at(4)
        received = Receive(car.id, car.version, "=完好", "后保险杠有划痕")
        samples.receive(self.desk.viewer, received, self.world.now)
        samples.answer_deviation(self.engineer.viewer, SampleStep(car.id, car.version), self.world.now)
        self.world.now = at(5)
        self.desk.does("start", booking)
        self.world.now = at(5, 12)
        return self.desk.does("complete", booking)

    def car(self, name: str) -> Identity:
        return Identity(name, SampleKind.VEHICLE, vin=VIN)

    def issued(self) -> models.TestReport:
        viewer, now = self.desk.viewer, self.world.now
        report = reports.draft(viewer, Draft(self.booking.id, 0, Upload("r.pdf", io.BytesIO(PDF))), now)
        reports.review(viewer, ReportStep(report.id, report.version), now)
        reports.approve(viewer, ReportStep(report.id, report.version), now)
        return reports.issue(viewer, Issue(report.id, report.version, number="JC-1", issued_on=now), now)

    @property
    def order_id(self) -> str:
        return self.booking.order_line.order_id

    def wants_again(self, vin: bool = True) -> Order:
        """A draft with the same test on the same vehicle under another name."""
        line = NewLine("t", "A 车", wants_proposal=True)
        order = orders.create(self.engineer.viewer, NewOrder("lab", (line,)), self.world.now)
        identity = self.car("A 车") if vin else Identity("A 车", SampleKind.PART)
        samples.register(self.engineer.viewer, Register(order.id, identity), self.world.now)
        return order


@pytest.fixture
def story(world: World) -> Story:
    return Story(world)


def test_the_pack_holds_everything_and_its_hashes(story: Story, clean: Flask) -> None:
    answer = browser(clean, story.engineer).get(f"/orders/{story.order_id}/evidence.zip")
    assert answer.status_code == 200 and answer.mimetype == "application/zip"
    pack = zipfile.ZipFile(io.BytesIO(answer.data))
    assert pack.testzip() is None
    assert pack.read("reports/01-v1.pdf") == PDF
    sums = dict(reversed(line.split("  ")) for line in pack.read("SHA256SUMS").decode().splitlines())
    assert sums == {name: sha256(pack.read(name)).hexdigest() for name in pack.namelist() if name != "SHA256SUMS"}

    def table(name: str) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(pack.read(name).decode("utf-8-sig"))))

    (report,) = table("reports.csv")
    assert (report["report"], report["standing"], report["file"]) == ("JC-1", "valid", "reports/01-v1.pdf")
    (scope,) = table("scope.csv")
    assert (scope["method"], scope["pool"]) == ("GB TEST-2026", "chamber")
    (sample,) = table("samples.csv")
    assert (sample["vin"], sample["lines"], sample["condition"]) == (VIN, "1", "'=完好")
    assert [step["state"] for step in table("custody.csv")] == ["received", "on_bench", "received"]
    (deviation,) = table("deviations.csv")
    assert (deviation["deviation"], deviation["accepted_by_company"]) == ("后保险杠有划痕", "yes")
    assert db.session.query(FileDownload).one().user_id == story.engineer.viewer.user_id


def test_the_pack_is_for_company_and_order_desk(story: Story, clean: Flask) -> None:
    path = f"/orders/{story.order_id}/evidence.zip"
    for person, status in ((story.desk, 200), (story.crew, 404), (story.rival, 404)):
        assert browser(clean, person).get(path).status_code == status


def test_the_cover_says_what_the_order_knows(story: Story, clean: Flask) -> None:
    page = Visitor(clean, story.engineer).get(f"/reports/{story.report.id}/cover").text
    for told in ("JC-1", "甲公司", "试验中心", VIN, "GB TEST-2026", "2026-11-04", "2026-11-05", "后保险杠有划痕"):
        assert told in page
    assert story.report.verify_code in page


def test_the_cover_as_pdf(story: Story, clean: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    order = db.session.get_one(Order, story.order_id)
    # Text of people is text, whatever it looks like.
    order.applicant = '#panic("x") */ $1 \\'
    db.session.commit()
    path = f"/reports/{story.report.id}/cover.pdf"
    answer = browser(clean, story.engineer).get(path)
    assert (answer.status_code, answer.mimetype, answer.data[:5]) == (200, "application/pdf", b"%PDF-")
    assert browser(clean, story.rival).get(path).status_code == 404
    # Where the extra is not installed it says so, and what to do.
    monkeypatch.setitem(sys.modules, "typst", None)
    missing = browser(clean, story.engineer).get(path)
    assert missing.status_code == 503 and "用浏览器打印" in missing.text


def test_a_valid_report_takes_the_place_of_a_second_test(story: Story, clean: Flask) -> None:
    order = story.wants_again()
    page = Visitor(clean, story.engineer).get(f"/orders/{order.id}")
    assert "已有报告 JC-1（11-05 周四 签发），可以不再做。" in page.text and "VIN 或序列号相同" in page.text
    sent = {"version": str(order.version), "line": order.lines[0].id, "report": story.report.id}
    assert Visitor(clean, story.engineer).post(f"/orders/{order.id}/reuse", **sent).status == 303
    assert db.session.get_one(OrderLine, order.lines[0].id).state is OrderState.CANCELLED
    assert "用已有报告 JC-1" in Visitor(clean, story.engineer).get(f"/orders/{order.id}").text
    assert Visitor(clean, story.rival).post(f"/orders/{order.id}/reuse", **sent).status == 404


def test_programs_fetch_the_pack_and_take_the_report(story: Story, clean: Flask) -> None:
    client, headers = browser(clean), program(story.engineer)
    answer = client.get(f"/api/v1/orders/{story.order_id}/evidence", headers=headers)
    assert "reports/01-v1.pdf" in zipfile.ZipFile(io.BytesIO(answer.data)).namelist()
    order = story.wants_again()
    path = f"/api/v1/orders/{order.id}"
    (offer,) = client.get(f"{path}/reuse", headers=headers).get_json()["items"]
    assert (offer["report"], offer["number"]) == (story.report.id, "JC-1")
    sent = {"version": order.version, "report": offer["report"]}
    for person, status in ((story.rival, 404), (story.desk, 404), (story.engineer, 200)):
        headers = program(person)
        answer = client.post(f"{path}/lines/{offer['line']}/reuse", json=sent, headers=headers)
        assert answer.status_code == status
    assert answer.get_json()["lines"][0]["state"] == "cancelled"
    again = client.post(f"{path}/lines/{offer['line']}/reuse", json=sent, headers=headers)
    assert (again.status_code, again.get_json()["code"]) == (409, "stale")
    for person, status in ((story.crew, 404), (story.rival, 404)):
        evidence = client.get(f"/api/v1/orders/{story.order_id}/evidence", headers=program(person))
        assert evidence.status_code == status


def test_a_part_is_covered_by_its_serial_number(story: Story) -> None:
    tested = db.session.query(Sample).filter_by(order_id=story.order_id).one()
    tested.kind, tested.vin, tested.serial_number = SampleKind.PART, None, "HV-20260007"
    db.session.commit()
    order = story.wants_again(vin=False)
    again = db.session.query(Sample).filter_by(order_id=order.id).one()
    for number, offered in (("HV-20260008", []), ("HV-20260007", [story.report.id])):
        again.serial_number = number
        db.session.commit()
        found = reuse.offered(story.engineer.viewer, order.lines, story.world.now)
        assert [report.id for report in found.values()] == offered


@pytest.mark.parametrize("why", ["no vin", "withdrawn", "too old", "another company"])
def test_nothing_else_does(story: Story, why: str) -> None:
    order = story.wants_again(vin=why != "no vin")
    if why == "withdrawn":
        step = ReportStep(story.report.id, story.report.version, "数据有误")
        reports.withdraw(story.desk.viewer, step, story.world.now)
    if why == "too old":
        story.world.now += timedelta(days=3 * 365 + 1)
    if why == "another company":
        story.engineer = story.rival
        order = story.wants_again()
    assert reuse.offered(story.engineer.viewer, order.lines, story.world.now) == {}
    command = Reuse(order.id, order.lines[0].id, order.version, story.report.id)
    with pytest.raises(NotFound):
        reuse.take(story.engineer.viewer, command, story.world.now)
