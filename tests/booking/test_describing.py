"""A hold by one click knows no sample yet: the company writes it before, and while, the lab decides."""

import pytest
import time_machine
from flask import Flask

from app.booking.models import Booking
from app.booking.rules import State
from app.database import db
from app.samples import service as samples
from app.samples.rules import SampleKind
from app.samples.service import Identity, Register
from tests.http import browser, program
from tests.visitor import Seen, Visitor
from tests.world import Person, World, at


class Hold:
    """A bench held by one click, without a word about the sample."""

    def __init__(self, world: World, app: Flask) -> None:
        world.resource()
        world.test("t", run=240)
        self.app, self.world = app, world
        self.engineer, self.desk = world.engineer("甲公司"), world.lab_admin("lab")
        self.id = self.engineer.holds(at(5)).id

    @property
    def booking(self) -> Booking:
        return db.session.get_one(Booking, self.id)

    def page(self, person: Person) -> Seen:
        return Visitor(self.app, person).get(f"/bookings/{self.id}")

    def sends(self, person: Person, to: str = "describe", **data: str) -> Seen:
        filled = {"version": str(self.booking.version)} | data
        return Visitor(self.app, person).post(f"/bookings/{self.id}/{to}", **filled)


@pytest.fixture
def hold(world: World, clean: Flask) -> Hold:
    return Hold(world, clean)


def test_a_hold_asks_for_the_sample_and_submits_with_it(hold: Hold) -> None:
    assert "sample" in hold.page(hold.engineer).fields
    assert hold.sends(hold.engineer, sample=" BP-12 ", note="轻放", then="request").status == 303
    assert (hold.booking.sample, hold.booking.note, hold.booking.state) == ("BP-12", "轻放", State.REQUESTED)
    assert hold.booking.order_line.sample == "BP-12"
    told = hold.page(hold.desk).text
    assert "写了样品 BP-12 甲公司" in told and "轻放" in told


def test_it_can_be_kept_for_later(hold: Hold) -> None:
    hold.sends(hold.engineer, sample="BP-12", note="")
    assert (hold.booking.sample, hold.booking.state) == ("BP-12", State.HELD)


def test_what_was_typed_outlives_a_refusal(hold: Hold) -> None:
    long = "x" * 6000
    page = hold.sends(hold.engineer, sample="BP-12", note=long, then="request")
    assert page.status == 422 and page.field("sample") == "BP-12" and page.field("note").strip() == long
    assert hold.booking.state is State.HELD


def test_until_the_lab_has_confirmed_and_later_only_where_nothing_was_said(hold: Hold) -> None:
    hold.sends(hold.engineer, sample="", note="", then="request")
    hold.sends(hold.desk, "confirm")
    assert "写上样品和备注" in hold.page(hold.engineer).text
    assert hold.sends(hold.engineer, sample="BP-12", note="").status == 303
    assert "改样品和备注" not in hold.page(hold.engineer).text
    assert hold.sends(hold.engineer, sample="BP-13", note="").status == 409
    assert hold.booking.sample == "BP-12"


def test_a_registered_sample_stays_on_its_order(hold: Hold) -> None:
    hold.sends(hold.engineer, sample="BP-12", note="")
    command = Register(hold.booking.order_line.order_id, Identity("BP-12", SampleKind.BATTERY))
    samples.register(hold.engineer.viewer, command, hold.world.now)
    page = hold.sends(hold.engineer, sample="BP-13", note="")
    assert page.status == 422 and "样品 BP-12 已经登记" in page.text and page.field("sample") == "BP-13"
    assert hold.sends(hold.engineer, sample="BP-12、BP-13", note="").status == 303


def test_others_do_not_write_it(hold: Hold, world: World) -> None:
    assert hold.sends(world.engineer("乙公司"), sample="x").status == 404
    hold.sends(hold.engineer, then="request", sample="BP-12", note="")
    assert hold.sends(hold.desk, sample="x").status == 403
    assert hold.booking.sample == "BP-12"


def test_home_leads_to_the_sample_before_the_request(hold: Hold) -> None:
    home = Visitor(hold.app, hold.engineer)
    assert "写样品并提交" in home.get("/").text
    hold.sends(hold.engineer, sample="BP-12", note="")
    assert "提交申请" in home.get("/").text


def test_programs_do_the_same(hold: Hold) -> None:
    client = browser(hold.app)
    body = {"version": hold.booking.version, "sample": "BP-12", "note": "轻放"}
    path, headers = f"/api/v1/bookings/{hold.id}/describe", program(hold.engineer)
    with time_machine.travel(hold.world.now, tick=False):
        answer = client.post(path, json=body, headers=headers)
        again = client.post(path, json=body, headers=headers)
    assert answer.status_code == 200 and answer.json["sample"] == "BP-12" and answer.json["note"] == "轻放"
    assert again.json["code"] == "stale"
