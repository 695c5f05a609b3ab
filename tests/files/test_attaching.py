"""Files on an order and its messages: attached on pages and by programs, fetched by those who may."""

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.pool import QueuePool
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from app.accounts.models import Scope
from app.booking import ordering
from app.booking.ordering import OrderStep
from app.database import db
from app.files.models import FileDownload, FilePurpose, StoredFile
from app.orders import service
from app.orders.models import Order, OrderMessage
from app.orders.service import NewLine, NewOrder
from tests.files import samples
from tests.http import browser, program
from tests.visitor import Visitor
from tests.world import Person, World

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MEGABYTE = 1024 * 1024


class Story:
    """An order of 甲公司 that the laboratory has not seen yet."""

    def __init__(self, world: World, app: Flask) -> None:
        world.bench()
        self.world, self.app = world, app
        self.engineer, self.desk = world.engineer("甲公司"), world.lab_admin("lab")
        self.crew, self.rival = world.bench_crew("lab"), world.engineer("乙公司")
        line = NewLine("t", "BP-12", wants_proposal=True)
        self.order_id = service.create(self.engineer.viewer, NewOrder("lab", (line,)), world.now).id
        self.where = f"/orders/{self.order_id}"

    def submits(self) -> None:
        step = OrderStep(self.order_id, db.session.get_one(Order, self.order_id).version)
        ordering.submit(self.engineer.viewer, step, self.world.now)

    def attaches(self, person: Person, name: str = "技术条件.pdf", data: bytes = samples.PDF, **more: Any) -> Any:
        files = more.pop("files", [(BytesIO(data), name)])
        return Visitor(self.app, person).post(f"{self.where}/files", files=files, purpose="attachment", **more)

    def fetches(self, person: Person | None, file: StoredFile, **headers: str) -> Any:
        return browser(self.app, person).get(f"/files/{file.id}", headers=headers)

    @property
    def files(self) -> list[StoredFile]:
        db.session.expire_all()
        return list(db.session.scalars(select(StoredFile).order_by(StoredFile.uploaded_at, StoredFile.name)))

    @property
    def file(self) -> StoredFile:
        (found,) = self.files
        return found


@pytest.fixture
def story(world: World, clean: Flask, folder: Path) -> Story:
    return Story(world, clean)


def test_a_file_is_attached_and_fetched(story: Story) -> None:
    assert story.attaches(story.engineer, "../技术 条件.pdf").status == 303
    page = Visitor(story.app, story.engineer).get(story.where)
    assert "技术 条件.pdf" in page.text and f"/files/{story.file.id}" in page.html
    answer = story.fetches(story.engineer, story.file)
    assert answer.data == samples.PDF and answer.content_type == "application/pdf"
    expected = "attachment; filename=\"__ __.pdf\"; filename*=UTF-8''%E6%8A%80%E6%9C%AF%20%E6%9D%A1%E4%BB%B6.pdf"
    assert answer.headers["Content-Disposition"] == expected
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert story.fetches(story.engineer, story.file, If_None_Match=answer.headers["ETag"]).status_code == 304


def test_several_files_at_once(story: Story) -> None:
    both = [(BytesIO(samples.PNG), "照片.png"), (BytesIO(samples.TEXT), "清单.csv")]
    assert story.attaches(story.engineer, files=both).status == 303
    assert [file.media_type for file in story.files] == ["text/csv", "image/png"]
    refused = story.attaches(story.engineer, files=[(BytesIO(samples.PNG), "b.png"), (BytesIO(b""), "空.txt")])
    assert refused.status == 422 and "空.txt 是空的。" in refused.text and len(story.files) == 2
    assert "请选择文件。" in story.attaches(story.engineer, files=[]).text


def test_a_pdf_that_is_none(story: Story) -> None:
    refused = story.attaches(story.engineer, "报告.pdf", samples.TEXT)
    assert refused.status == 422 and "报告.pdf 不是完好的 PDF 文件，请重新导出后再传。" in refused.text


def test_only_images_are_shown_in_their_place(story: Story) -> None:
    story.attaches(story.engineer, "a.png", samples.PNG)
    story.attaches(story.engineer, "b.pdf", samples.PDF)
    client = browser(story.app, story.engineer)
    shown = [client.get(f"/files/{file.id}?inline=1").headers["Content-Disposition"] for file in story.files]
    assert [each.partition(";")[0] for each in shown] == ["inline", "attachment"]


def test_a_draft_and_its_files_are_the_companys_own(story: Story) -> None:
    story.attaches(story.engineer)
    assert story.fetches(story.desk, story.file).status_code == 404
    assert story.attaches(story.desk).status == 404
    story.submits()
    assert story.fetches(story.desk, story.file).status_code == 200
    assert "技术条件.pdf" in Visitor(story.app, story.desk).get(story.where).text


def test_nobody_else_finds_it(story: Story) -> None:
    story.submits()
    story.attaches(story.engineer)
    for person in (story.rival, story.crew, story.world.coordinator()):
        assert story.fetches(person, story.file).status_code == 404
        api = browser(story.app).get(f"/api/v1/files/{story.file.id}/content", headers=program(person))
        assert api.status_code == 404
    assert "技术条件" not in Visitor(story.app, story.crew).get(story.where).html
    assert story.attaches(story.rival).status == 404
    assert story.attaches(story.crew).status == 403
    assert story.fetches(None, story.file).status_code == 303
    assert len(story.files) == 1


def test_what_the_lab_keeps_to_itself(story: Story) -> None:
    story.submits()
    story.attaches(story.desk, "底稿.pdf", internal="y")
    story.attaches(story.desk, "报价.pdf")
    assert [story.fetches(story.desk, file).status_code for file in story.files] == [200, 200]
    assert [story.fetches(story.engineer, file).status_code for file in story.files] == [404, 200]
    page = Visitor(story.app, story.engineer).get(story.where).text
    assert "报价.pdf" in page and "底稿.pdf" not in page


def test_who_fetched_it(story: Story) -> None:
    story.submits()
    story.attaches(story.engineer)
    answer = story.fetches(story.desk, story.file)
    story.fetches(story.desk, story.file, If_None_Match=answer.headers["ETag"])
    browser(story.app, story.desk).head(f"/files/{story.file.id}")
    story.fetches(story.rival, story.file)
    (noted,) = db.session.scalars(select(FileDownload))
    assert (noted.file_id, noted.user_id) == (story.file.id, story.desk.viewer.user_id)


def test_files_come_with_messages(story: Story) -> None:
    story.submits()
    engineer, desk = Visitor(story.app, story.engineer), Visitor(story.app, story.desk)
    engineer.post(f"{story.where}/messages", text="曲线如下。", files=[(BytesIO(samples.TEXT), "曲线.csv")])
    desk.post(f"{story.where}/messages", text="内部。", internal="y", files=[(BytesIO(samples.PNG), "缺陷.png")])
    assert "曲线.csv" in desk.get(story.where).text and "缺陷.png" in desk.get(story.where).text
    assert "缺陷.png" not in engineer.get(story.where).html
    refused = engineer.post(f"{story.where}/messages", text="坏的。", files=[(BytesIO(b"x\x00"), "坏.pdf")])
    assert refused.status == 422 and "坏.pdf" in refused.text
    assert db.session.scalars(select(OrderMessage).where(OrderMessage.text == "坏的。")).all() == []


def test_whoever_attached_it_takes_it_away(story: Story) -> None:
    story.submits()
    story.attaches(story.engineer)
    remove = f"{story.where}/files/{story.file.id}/remove"
    assert Visitor(story.app, story.desk).post(remove).status == 403
    for person in (story.rival, story.crew):
        assert Visitor(story.app, person).post(remove).status == 404
    assert Visitor(story.app, story.engineer).post(remove).status == 303
    assert story.files == []


def multipart(size: int) -> dict[str, Any]:
    """A form with a text of so many bytes."""
    fields = {"purpose": "attachment", "files": FileStorage(BytesIO(b"x" * size), "a.txt")}
    boundary, body = encode_multipart(fields)
    return {"data": body, "content_type": f"multipart/form-data; boundary={boundary}"}


class TestSize:
    def test_half_a_gigabyte_is_refused_by_what_it_says_of_itself(self, story: Story) -> None:
        """Not a byte of it is read: there is none."""
        length = {"CONTENT_LENGTH": str(500 * MEGABYTE), "CONTENT_TYPE": "multipart/form-data; boundary=x"}
        page = browser(story.app, story.engineer).post(f"{story.where}/files", environ_overrides=length)
        assert page.status_code == 413 and "文件太大：一次上传合计最多 50 MB。" in page.get_data(as_text=True)
        api = browser(story.app).post(
            f"/api/v1{story.where}/files", environ_overrides=length, headers=program(story.engineer)
        )
        assert (api.status_code, api.json["code"]) == (413, "invalid")
        assert api.json["detail"] == "文件太大：一次上传合计最多 50 MB。"

    def test_more_than_other_forms_may_hold(self, story: Story) -> None:
        answer = browser(story.app, story.engineer).post(f"{story.where}/files", **multipart(3 * MEGABYTE))
        assert answer.status_code == 303 and story.file.size == 3 * MEGABYTE

    def test_a_visitor_gets_no_room(self, story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
        """The check against forged forms reads his no further than one without files."""
        monkeypatch.setitem(story.app.config, "WTF_CSRF_ENABLED", True)
        answer = browser(story.app).post(f"{story.where}/files", **multipart(3 * MEGABYTE))
        assert answer.status_code == 413 and "一次最多提交 2 MB。" in answer.get_data(as_text=True)

    def test_one_file_too_large(self, story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(story.app.config, "FILE_MAX_MB", 1)
        refused = browser(story.app, story.engineer).post(f"{story.where}/files", **multipart(MEGABYTE + 9))
        assert refused.status_code == 413 and "一次上传合计最多 1 MB" in refused.get_data(as_text=True)


class Slowly(BytesIO):
    """A body that counts the connections which are held while it comes in."""

    held: ClassVar[list[int]] = []

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        pool = db.engine.pool
        assert isinstance(pool, QueuePool)
        self.held.append(pool.checkedout())
        return super().readinto(buffer)


def test_an_upload_keeps_no_connection_while_it_comes_in(story: Story) -> None:
    fields = {"purpose": "attachment", "file": FileStorage(BytesIO(samples.PDF), "a.pdf")}
    boundary, body = encode_multipart(fields)
    headers = program(story.engineer)
    db.session.remove()
    Slowly.held.clear()
    answer = browser(story.app).post(
        f"/api/v1{story.where}/files",
        input_stream=Slowly(body),
        content_length=len(body),
        content_type=f"multipart/form-data; boundary={boundary}",
        headers=headers,
    )
    assert answer.status_code == 201
    assert set(Slowly.held) == {0}


class TestPrograms:
    def sends(self, story: Story, person: Person, scope: Scope = Scope.WRITE, **form: Any) -> Any:
        sent = {"file": (BytesIO(samples.PDF), "报价.pdf")} | form
        return browser(story.app).post(f"/api/v1{story.where}/files", data=sent, headers=program(person, scope))

    def test_attach_list_and_fetch(self, story: Story) -> None:
        story.submits()
        made = self.sends(story, story.desk, purpose="quotation")
        assert made.status_code == 201 and made.json["purpose"] == FilePurpose.QUOTATION
        headers = program(story.engineer)
        client = browser(story.app)
        listed = client.get(f"/api/v1{story.where}/files", headers=headers).json["items"]
        assert listed == [made.json]
        one = f"/api/v1/files/{made.json['id']}"
        assert client.get(one, headers=headers).json == made.json
        assert client.get(f"{one}/content", headers=headers).data == samples.PDF
        assert self.sends(story, story.engineer, Scope.READ).status_code == 403

    def test_what_is_no_file(self, story: Story) -> None:
        for wrong in ({"file": "text"}, {"file": (BytesIO(b""), "a.txt")}, {"internal": "maybe"}, {"purpose": "x"}):
            answer = self.sends(story, story.engineer, **wrong)
            assert answer.status_code == 422 and answer.json["code"] == "invalid", wrong
        assert story.files == []

    def test_to_ones_own_message_only(self, story: Story) -> None:
        story.submits()
        where, mine = f"/api/v1{story.where}", program(story.engineer)
        client = browser(story.app)
        message = client.post(f"{where}/messages", json={"text": "见附件"}, headers=mine).json["id"]
        assert self.sends(story, story.desk, message=message).status_code == 404
        assert self.sends(story, story.engineer, message=message).status_code == 201
        (told,) = client.get(f"{where}/messages", headers=program(story.desk)).json["items"]
        assert [file["name"] for file in told["files"]] == ["报价.pdf"]

    def test_take_away(self, story: Story) -> None:
        made = self.sends(story, story.engineer).json["id"]
        gone = browser(story.app).delete(f"/api/v1{story.where}/files/{made}", headers=program(story.engineer))
        assert gone.status_code == 204 and story.files == []
