"""An order that goes to another lab: what the new one reads, what the first reads no more, what the company keeps."""

import threading
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask

from app.booking import moves
from app.booking.models import Booking
from app.booking.moves import Move
from app.database import db, transaction
from app.errors import NotFound
from app.events import log
from app.files.models import FilePurpose, StoredFile
from app.files.service import Upload, note_download
from app.notifications import subjects
from app.orders import messages, stops
from app.orders.attachments import Attach, attach
from app.orders.messages import Write
from app.orders.models import StopCause
from app.orders.stops import Stop
from app.samples import photos, service
from app.samples.photos import Photograph
from app.samples.rules import SampleKind
from app.samples.service import Identity, Register
from app.testing import downloads
from tests.booking.test_races import all_at_once
from tests.files import samples
from tests.http import browser, program
from tests.visitor import Visitor
from tests.waiting import until_one_waits
from tests.world import Person, World, at


class Story:
    """A request of 甲公司 at one lab, and another lab that could do it too."""

    def __init__(self, world: World, app: Flask) -> None:
        world.bench()
        world.resource("chamber-2", "lab-2")
        world.capable("chamber-2", "t")
        self.world, self.app = world, app
        self.company, self.first, self.new = world.engineer("甲公司"), world.lab_admin("lab"), world.lab_admin("lab-2")
        self.booking = self.company.requests(at(6))
        self.order_id = self.booking.order_line.order_id

    def writes(self, person: Person, text: str, internal: bool = False, file: str = "") -> None:
        uploads = (Upload(file, BytesIO(samples.PDF)),) if file else ()
        self.world.now += timedelta(minutes=1)
        messages.write(person.viewer, Write(self.order_id, text, internal, uploads), self.world.now)

    def attaches(self, person: Person, name: str, purpose: FilePurpose = FilePurpose.ATTACHMENT) -> None:
        attach(person.viewer, Attach(self.order_id, (Upload(name, BytesIO(samples.PDF)),), purpose), self.world.now)

    def goes(self, resource: str = "chamber-2") -> None:
        self.company.moves(self.company.sees(self.booking), at(6), resource=resource)

    def reads(self, person: Person) -> list[str]:
        """The texts of the messages, as a program and on the page of the order."""
        answer = browser(self.app).get(f"/api/v1/orders/{self.order_id}/messages", headers=program(person))
        if answer.status_code == 404:
            assert browser(self.app, person).get(f"/orders/{self.order_id}").status_code == 404
            return []
        texts = [each["text"] for each in answer.json["items"]]
        page = Visitor(self.app, person).get(f"/orders/{self.order_id}").text
        assert all(text in page for text in texts)
        return texts

    def fetches(self, person: Person) -> set[str]:
        """Names of all files that the person can fetch."""
        found = db.session.query(StoredFile.id, StoredFile.name).all()
        client = browser(self.app, person)
        return {name for ident, name in found if client.get(f"/files/{ident}").status_code == 200}


@pytest.fixture
def story(world: World, clean: Flask, folder: Path) -> Story:
    return Story(world, clean)


def test_what_was_sent_for_the_test_goes_along(story: Story) -> None:
    story.attaches(story.company, "技术条件.pdf")
    story.writes(story.company, "夹具随箱", file="夹具.pdf")
    story.writes(story.first, "老客户", internal=True, file="内部.pdf")
    story.goes()
    assert story.reads(story.new) == ["夹具随箱"]
    assert story.fetches(story.new) == {"技术条件.pdf", "夹具.pdf"} == story.fetches(story.company)
    assert story.reads(story.first) == [] and story.fetches(story.first) == set()


def test_what_was_answered_stays_between_the_two(story: Story) -> None:
    story.attaches(story.company, "技术条件.pdf")
    story.attaches(story.company, "回签报价.pdf", FilePurpose.QUOTATION)
    story.attaches(story.first, "报价.pdf", FilePurpose.QUOTATION)
    story.writes(story.company, "多少钱", file="清单.pdf")
    story.writes(story.first, "八千", file="明细.pdf")
    story.goes()
    story.writes(story.company, "现在请贵中心做")
    assert story.reads(story.new) == ["现在请贵中心做"] and story.fetches(story.new) == {"技术条件.pdf"}
    assert story.reads(story.first) == [] and story.fetches(story.first) == set()
    assert story.reads(story.company) == ["多少钱", "八千", "现在请贵中心做"]
    assert len(story.fetches(story.company)) == 5
    page = Visitor(story.app, story.company).get(f"/orders/{story.order_id}").text
    assert page.count("原实验室 试验中心") == 2 and "新实验室看不到" in page
    assert "原实验室" not in Visitor(story.app, story.new).get(f"/orders/{story.order_id}").text


def test_a_lab_to_which_the_order_comes_back_reads_on(story: Story) -> None:
    story.attaches(story.company, "技术条件.pdf")
    story.writes(story.company, "多少钱")
    story.writes(story.first, "八千")
    story.goes()
    story.writes(story.company, "贵中心呢")
    story.goes("chamber")
    assert story.reads(story.first) == ["多少钱", "八千", "贵中心呢"]
    assert story.fetches(story.first) == {"技术条件.pdf"} and story.fetches(story.new) == set()


def test_a_photo_of_what_is_yet_to_be_sent_goes_along(story: Story) -> None:
    sample = service.register(
        story.company.viewer, Register(story.order_id, Identity("BP-12", SampleKind.PART)), story.world.now
    )
    pictures = (Upload("外观.png", BytesIO(samples.PNG)),)
    photos.photograph(story.company.viewer, Photograph(sample.id, pictures), story.world.now)
    story.goes()
    assert story.fetches(story.new) == {"外观.png"} and story.fetches(story.first) == set()


def test_the_new_lab_waits_for_nothing_that_the_first_one_asked(story: Story) -> None:
    version = story.booking.order_line.order.version
    stops.stop(story.first.viewer, Stop(story.order_id, version, StopCause.PAYMENT, "预付三成"), story.world.now)
    story.goes()
    assert "预付三成" not in Visitor(story.app, story.new).get(f"/orders/{story.order_id}").text
    assert "预付三成" in Visitor(story.app, story.company).get(f"/orders/{story.order_id}").text
    order = db.session.get_one(Booking, story.booking.id).order_line.order
    stops.stop(story.new.viewer, Stop(order.id, order.version, StopCause.SAMPLE), story.world.now)


def test_the_new_lab_learns_no_names_of_the_first_ones_people(story: Story) -> None:
    story.attaches(story.company, "技术条件.pdf")
    (file,) = db.session.query(StoredFile)
    for person in (story.first, story.company):
        note_download(person.viewer, file, story.world.now)
    story.goes()
    note_download(story.new.viewer, db.session.get_one(StoredFile, file.id), story.world.now)
    told = downloads.of_order(story.new.viewer, story.order_id, story.world.now).fetched
    assert sorted((each.by_lab, each.name or "") for each in told) == [(False, ""), (True, story.new.viewer.name)]


def test_nobody_attaches_to_what_was_written_to_the_first_lab(story: Story) -> None:
    story.writes(story.company, "多少钱")
    story.writes(story.first, "八千")
    ident = messages.messages_of(story.company.viewer, story.order_id)[0].message.id
    story.goes()
    more = Attach(story.order_id, (Upload("a.pdf", BytesIO(samples.PDF)),), message_id=ident)
    with pytest.raises(NotFound):
        attach(story.company.viewer, more, story.world.now)


def test_the_new_lab_is_not_told_of_what_it_does_not_read(story: Story) -> None:
    """The order has gone when those who tell of messages come by."""
    story.writes(story.first, "八千")
    story.writes(story.company, "太贵")
    story.goes()
    about = [
        event for each in messages.messages_of(story.company.viewer, story.order_id)
        for event in log.history(each.message.id)
    ]  # fmt: skip
    told = subjects.happenings(about, story.world.now)
    assert [each.event.actor_role for each in told] == ["lab_admin"]


@pytest.mark.pg
def test_what_is_written_while_the_order_goes_is_written_to_the_new_lab(story: Story) -> None:
    """And what the first lab writes then is written to nobody."""
    told: list[str] = []

    def writes(person: Person) -> None:
        try:
            story.writes(person, person.email)
        except NotFound:
            told.append("not found")

    command = Move(story.booking.id, story.booking.version, starts_at=at(6), resource="chamber-2")
    people, viewer = (story.company, story.first), story.company.viewer
    acts = [lambda person=person: writes(person) for person in people]
    writers = threading.Thread(target=lambda: all_at_once(story.app, acts))
    db.session.remove()
    with transaction() as session:
        moves.move(viewer, command, story.world.now)
        session.flush()
        writers.start()
        until_one_waits(session)
    writers.join()
    db.session.remove()
    assert told == ["not found"]
    assert story.reads(story.new) == [story.company.email] == story.reads(story.company)
