"""Who fetched what of an order: told to those who may fetch it themselves, of the other side without a name."""

from datetime import timedelta
from io import BytesIO

from flask import Flask

from app.database import db
from app.files import service as files
from app.files.models import StoredFile
from tests.files.samples import PDF, PNG
from tests.http import browser, program
from tests.testing.report_story import Story
from tests.visitor import Visitor
from tests.world import Person, World


def test_both_sides_see_the_log_of_an_order(world: World, clean: Flask) -> None:
    story = Story(world)
    order_id = story.booking.order_line.order_id
    report = story.issued()
    for person, name in ((story.engineer, "要求.pdf"), (story.desk, "内部.png")):
        content = PDF if name.endswith("pdf") else PNG
        internal = {"internal": "y"} if person is story.desk else {}
        sent = Visitor(clean, person).post(
            f"/orders/{order_id}/files", files=[(BytesIO(content), name)], purpose="attachment", **internal
        )
        assert sent.status == 303
    api = browser(clean)
    people = (story.engineer, story.desk, story.rival, story.crew)
    mine = {each.viewer.user_id: program(each) for each in people}
    kept = {}
    for person in (story.engineer, story.desk):
        found = api.get(f"/api/v1/orders/{order_id}/files", headers=mine[person.viewer.user_id]).get_json()["items"]
        kept |= {each["name"]: each["id"] for each in found}
    assert set(kept) == {"要求.pdf", "内部.png"}
    browser(clean, story.engineer).get(f"/reports/{report.id}/file")
    for file in kept.values():
        browser(clean, story.desk).get(f"/files/{file}")

    def log(person: Person) -> list[tuple[str, str, bool, int | None]]:
        answer = api.get(f"/api/v1/orders/{order_id}/downloads", headers=mine[person.viewer.user_id]).get_json()[
            "items"
        ]
        return sorted((each["file_name"], each["by"], each["name"] is not None, each["edition"]) for each in answer)

    assert log(story.desk) == [
        ("内部.png", "lab", True, None),
        ("报告.pdf", "company", False, 1),
        ("要求.pdf", "lab", True, None),
    ]
    # What the lab keeps to itself is not even named.
    assert log(story.engineer) == [("报告.pdf", "company", True, 1), ("要求.pdf", "lab", False, None)]
    page = Visitor(clean, story.engineer).get(f"/orders/{order_id}/downloads")
    assert "报告 JC-1" in page.text and "要求.pdf" in page.text and "内部.png" not in page.text
    assert f"/orders/{order_id}/downloads" in Visitor(clean, story.engineer).get(f"/orders/{order_id}").html
    for person in (story.rival, story.crew):
        assert browser(clean, person).get(f"/orders/{order_id}/downloads").status_code == 404
        assert api.get(f"/api/v1/orders/{order_id}/downloads", headers=mine[person.viewer.user_id]).status_code == 404


def test_a_company_does_not_learn_how_the_lab_worked_on_a_report(world: World, clean: Flask) -> None:
    story = Story(world)
    story.gives_rights()
    report = story.drafts()
    files.note_download(story.crew.viewer, db.session.get_one(StoredFile, report.file_id), world.now)
    report = story.does("approve", story.does("review", report, by=story.crew), by=story.head)
    world.now += timedelta(hours=1)
    story.issues(report)
    lab, company = (Visitor(clean, each).get(f"/reports/{report.id}").text for each in (story.head, story.engineer))
    assert "还没有人下载。" not in lab and "还没有人下载。" in company
