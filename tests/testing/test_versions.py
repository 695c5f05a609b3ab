"""A report from draft to issue: by those who may, each in his turn; later withdrawn or replaced, never changed."""

from datetime import date, timedelta
from hashlib import sha256
from io import BytesIO

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.models import Membership
from app.booking.desk_models import Deputy
from app.booking.rules import WrongState
from app.database import db, transaction
from app.errors import Forbidden, Invalid, NotFound, YujianError
from app.events import log
from app.files.models import FileDownload, StoredFile
from app.files.service import Upload
from app.testing import models, queries, reports, rules
from app.testing.reports import Draft
from app.testing.rules import ReportState
from app.testing.service import IssueReport, issue_report
from tests.files.samples import PDF, PNG
from tests.http import browser
from tests.testing.report_story import Story
from tests.visitor import Visitor
from tests.world import Person, World, at

SECOND = PDF.replace(b"1.4", b"1.5")


@pytest.fixture
def story(world: World) -> Story:
    return Story(world)


def names(person: Person) -> str:
    return db.session.get_one(Membership, person.viewer.membership_id).user.name


def test_from_draft_to_issue_by_three_people(story: Story) -> None:
    story.gives_rights()
    report = story.drafts()
    assert (report.edition, report.state, report.sha256) == (1, ReportState.DRAFTED, sha256(PDF).hexdigest())
    with pytest.raises(rules.NotHolder, match=names(story.crew)):
        story.does("review", report)
    report = story.does("review", report, by=story.crew)
    with pytest.raises(rules.NotHolder, match=names(story.head)):
        story.does("approve", report, by=story.crew)
    report = story.does("approve", report, by=story.head)
    assert story.line.issued_at is None
    story.world.now = at(6, 10)
    report = story.issues(report)
    assert (report.state, report.number, story.line.issued_at) == (ReportState.ISSUED, "JC-1", at(6, 10))
    assert report.scope == {
        "test": "t",
        "method": "GB TEST-2026",
        "clause": "",
        "pool": "chamber",
        "resource": "chamber",
        "evidence": report.scope["evidence"] if report.scope else "",
        "note": "",
        "valid_until": None,
    }
    told = log.history(report.id)
    assert [event.kind for event in told] == [
        f"report.{what}" for what in ("drafted", "reviewed", "approved", "issued")
    ]
    assert [bool(event.company_id) for event in told] == [False, False, False, True]


def test_nobody_does_two_steps_where_the_lab_wants_different_people(story: Story) -> None:
    story.gives_rights()
    report = story.drafts(by=story.crew)
    with pytest.raises(rules.NobodyElse):
        story.does("review", report, by=story.crew)
    story.gives_rights(distinct=False)
    assert story.does("review", report, by=story.crew).reviewed_by_id == story.crew.viewer.user_id


def test_a_deputy_signs_while_he_stands_in(story: Story) -> None:
    story.gives_rights()
    report = story.does("review", story.drafts(), by=story.crew)
    with transaction() as session:
        days = {"first": date(2026, 11, 5), "last": date(2026, 11, 6)}
        people = {"user_id": story.head.viewer.user_id, "deputy_id": story.idle.viewer.user_id}
        session.add(Deputy(lab_id="lab", **people, **days))
    story.world.now = at(7)
    with pytest.raises(NotFound):
        story.does("approve", report, by=story.idle)
    story.world.now = at(6)
    assert story.does("approve", report, by=story.idle).approved_by_id == story.idle.viewer.user_id


def test_two_review_at_once_and_the_second_is_told(story: Story) -> None:
    report = story.drafts()
    seen = report.version
    story.does("review", report, version=seen)
    with pytest.raises(rules.ReportStale):
        story.does("return", report, by=story.head, reason="图 3 缺单位", version=seen)
    assert report.state is ReportState.REVIEWED
    with pytest.raises(rules.ReportStale):
        story.drafts(version=0)


def test_returned_with_a_reason_and_drafted_again(story: Story) -> None:
    report = story.drafts()
    with pytest.raises(Invalid):
        story.does("return", report, reason="  ")
    db.session.refresh(report)
    story.does("return", report, reason="图 3 缺单位")
    again = story.drafts(content=SECOND)
    assert again.id == report.id and (again.edition, again.state) == (1, ReportState.DRAFTED)
    (kept,) = db.session.scalars(select(StoredFile))
    assert kept.id == again.file_id and kept.sha256 == sha256(SECOND).hexdigest()


@pytest.mark.parametrize(("content", "refusal"), [(PNG, YujianError), (b"%PDF-1.4\nhalf", YujianError)])
def test_a_pdf_that_is_none(story: Story, content: bytes, refusal: type[YujianError]) -> None:
    with pytest.raises(refusal):
        story.drafts(content=content)
    assert not db.session.query(StoredFile).count() and not db.session.query(models.TestReport).count()


def test_an_image_is_no_report(story: Story) -> None:
    with pytest.raises(rules.NotPdf):
        command = Draft(story.booking.id, 0, Upload("a.png", BytesIO(PNG)))
        reports.draft(story.desk.viewer, command, story.world.now)


def test_only_of_a_completed_booking_and_in_the_right_order(story: Story) -> None:
    report = story.drafts()
    with pytest.raises(rules.ReportWrongState):
        story.does("approve", report)
    db.session.refresh(report)
    with pytest.raises(rules.ReportWrongState):
        story.issues(report)
    with pytest.raises(rules.DraftOpen):
        issue_report(
            story.desk.viewer,
            IssueReport(story.booking.id, "JC-9", story.world.now, story.booking.version),
            story.world.now,
        )
    story.booking = story.engineer.requests(at(9))
    with pytest.raises(WrongState):
        story.drafts()


def test_the_issue_is_not_before_the_approval(story: Story) -> None:
    report = story.does("approve", story.does("review", story.drafts()))
    with pytest.raises(rules.IssuedBeforeApproval):
        story.issues(report, on=story.world.now - timedelta(hours=1))


def test_replaced_by_a_new_version_and_counted_once(story: Story) -> None:
    first = story.issued()
    ended = story.line.issued_at
    with pytest.raises(rules.ReportWrongState):
        story.does("review", first)
    db.session.refresh(first)
    story.world.now = at(9, 10)
    with pytest.raises(rules.NumberTaken):
        story.issued("JC-1", SECOND)
    second = queries.newest_of_line(db.session(), story.line.id)
    assert second is not None
    db.session.refresh(second)
    assert queries.reports_of(story.engineer.viewer, [story.line.id])[story.line.id].number == "JC-1"
    second = story.issues(second, rules.next_number("JC-1", second.edition))
    assert (second.number, second.edition, second.replaces_id) == ("JC-1-2", 2, first.id)
    assert story.line.issued_at == ended
    old, new = queries.versions_of(story.engineer.viewer, [story.line.id], story.world.now)[story.line.id]
    assert (old.standing, new.standing) == (rules.Standing.REPLACED, rules.Standing.VALID)
    assert queries.reports_of(story.engineer.viewer, [story.line.id])[story.line.id].number == "JC-1-2"


def test_who_may_open_it(story: Story, world: World) -> None:
    story.gives_rights()
    world.lab("other")
    report = story.drafts()
    for person in (story.engineer, story.rival, story.idle, world.lab_admin("other"), world.coordinator()):
        with pytest.raises(NotFound):
            queries.visible_report(person.viewer, report.id, world.now)
        with pytest.raises(NotFound):
            story.does("review", report, by=person)
    for person in (story.desk, story.head, story.crew):
        assert queries.visible_report(person.viewer, report.id, world.now).report is report
    report = story.issues(story.does("approve", story.does("review", report, by=story.crew), by=story.head))
    assert queries.visible_report(story.engineer.viewer, report.id, world.now).report is report
    with pytest.raises(Forbidden):
        story.does("withdraw", report, by=story.engineer, reason="x")
    with pytest.raises(Forbidden):
        story.drafts(by=story.engineer)
    with pytest.raises(NotFound):
        queries.visible_report(story.rival.viewer, report.id, world.now)


class TestPages:
    def test_the_desk_brings_a_report_to_its_end(self, story: Story, clean: Flask) -> None:
        desk = Visitor(clean, story.desk)
        assert "上传报告" in desk.get(f"/bookings/{story.booking.id}").text
        sent = {"file": (BytesIO(PNG), "r.png"), "version": "0"}
        refused = browser(clean, story.desk).post(f"/bookings/{story.booking.id}/report/draft", data=sent)
        assert refused.status_code == 422 and "不是 PDF" in refused.get_data(as_text=True)
        report = story.drafts()
        page = f"/reports/{report.id}"
        assert "待审核：业务受理。" in desk.get(page).text
        assert desk.post(f"{page}/review", version=str(report.version)).status == 303
        stale = desk.post(f"{page}/review", version="1")
        assert stale.status == 409 and "报告刚刚变过" in stale.text
        assert desk.post(f"{page}/approve", version=str(report.version)).status == 303
        assert desk.get(page).field("number") == ""
        answer = desk.post(f"{page}/issue", version=str(report.version), number="JC-7", issued_on="2026-11-05")
        assert answer.status == 303
        assert (
            "报告 JC-7 已于 11-05 周四 签发。"
            in Visitor(clean, story.engineer).get(f"/bookings/{story.booking.id}").text
        )

    def test_the_company_fetches_it_and_the_lab_sees_who_did(self, story: Story, clean: Flask) -> None:
        report = story.issued()
        fetched = browser(clean, story.engineer).get(f"/reports/{report.id}/file")
        assert (fetched.status_code, fetched.mimetype, fetched.data) == (200, "application/pdf", PDF)
        assert db.session.scalars(select(FileDownload.user_id)).all() == [story.engineer.viewer.user_id]
        page = Visitor(clean, story.desk).get(f"/reports/{report.id}").text
        assert "下载记录" in page and "甲公司" in page and names(story.engineer) not in page
        for person in (story.rival, story.crew):
            for path in ("", "/file", "/cover", "/qr.svg"):
                assert browser(clean, person).get(f"/reports/{report.id}{path}").status_code == 404
            assert browser(clean, person).get(f"/files/{report.file_id}").status_code == 404

    def test_an_old_copy_says_so_wherever_it_is_opened(self, story: Story, clean: Flask) -> None:
        first = story.issued()
        story.world.now = at(9, 10)
        second = story.issued("JC-1-2", SECOND)
        story.does("withdraw", second, reason="样品编号写错")
        page = Visitor(clean, story.engineer).get(f"/reports/{first.id}")
        assert "这一版已被 JC-1-2（11-09 周一 签发）代替" in page.text
        assert "撤回" in Visitor(clean, story.engineer).get(f"/reports/{second.id}").text
        booking = Visitor(clean, story.engineer).get(f"/bookings/{story.booking.id}").text
        assert "报告 JC-1-2 已撤回，不再有效。" in booking and "原因：样品编号写错" in booking
        visitor = browser(clean)
        told = visitor.get(f"/verify/{second.verify_code}").get_data(as_text=True)
        assert "已于" in told and "撤回" in told and "样品编号写错" not in told
        assert "代替" in visitor.get(f"/verify/{first.verify_code}").get_data(as_text=True)


class TestVerify:
    def test_everybody_with_the_code_is_told_four_things(self, story: Story, clean: Flask) -> None:
        draft = story.drafts()
        assert browser(clean).get(f"/verify/{draft.verify_code}").status_code == 404
        report = story.issues(story.does("approve", story.does("review", draft)))
        page = browser(clean).get(f"/verify/{report.verify_code}").get_data(as_text=True)
        for told in ("JC-1", "2026-11-05", "第 1 版", str(report.sha256), "有效"):
            assert told in page
        for hidden in (
            "甲公司",
            "试验中心",
            "项目 t",
            "GB TEST",
            "BP-12",
            story.booking.code,
            report.id,
            report.company_id,
        ):
            assert hidden not in page

    def test_a_number_alone_tells_nothing(self, story: Story, clean: Flask) -> None:
        report = story.issued()
        visitor = browser(clean)
        assert visitor.get("/verify/?number=JC-1").status_code == 404
        assert visitor.get(f"/verify/?number=JC-1&sha256={'0' * 64}").status_code == 404
        assert visitor.get(f"/verify/?number=JC-1&sha256={str(report.sha256).upper()}").status_code == 200
        assert visitor.get(f"/verify/?code={report.verify_code.upper()}").status_code == 303
        assert visitor.get("/verify/%00").status_code == 404
        assert visitor.get("/verify/").status_code == 200
