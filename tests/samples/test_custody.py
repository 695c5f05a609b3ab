"""Samples from registration to return: identified, sent, received, kept, tested, and never in two places."""

import io
import re
from html import unescape
from typing import Any

import pytest
from flask import Flask

from app.booking import ordering
from app.booking.models import Booking
from app.booking.ordering import OrderStep
from app.booking.rules import DestroyedBefore, DestroysOther, SampleBusy
from app.booking.service import Book, book
from app.database import db
from app.errors import Invalid, NotFound
from app.orders import reviewing
from app.orders import service as orders
from app.orders.models import Order
from app.orders.reviewing import Review
from app.orders.rules import CHECKLIST
from app.orders.service import NewLine, NewOrder
from app.samples import condition_rules, conditions, queries, rules, service
from app.samples.condition_rules import Demand
from app.samples.conditions import SetDemand
from app.samples.models import Sample
from app.samples.rules import SampleKind, SampleState
from app.samples.service import Dispatch, Edit, Identity, NewPlace, Receive, Register, SampleStep, Store
from tests.http import browser, program
from tests.visitor import Visitor
from tests.world import World, at

GOOD_VIN, BAD_VIN = "1M8GDM9AXKP042788", "1M8GDM9A1KP042788"


class Story:
    """甲公司's car goes through a handling test and a crash."""

    def __init__(self, world: World, app: Flask) -> None:
        world.bench()
        world.test("crash", destructive=True)
        self.world, self.app = world, app
        self.engineer, self.desk = world.engineer("甲公司"), world.lab_admin("lab")
        self.crew, self.rival = world.bench_crew("lab"), world.engineer("乙公司")
        self.order = self.asks("t", "crash")

    def asks(self, *tests: str, sample: str = "样车 1") -> str:
        lines = tuple(NewLine(test, sample) for test in tests)
        return orders.create(self.engineer.viewer, NewOrder("lab", lines), self.world.now).id

    def registers(self, order: str = "", **said: Any) -> Sample:
        identity = Identity(**{"name": "样车 1", "kind": SampleKind.VEHICLE, "vin": GOOD_VIN} | said)
        return service.register(self.engineer.viewer, Register(order or self.order, identity), self.world.now)

    def submitted(self, order: str = "") -> list[Booking]:
        """Held, submitted, accepted, confirmed."""
        ident = order or self.order
        held = ordering.hold_all(self.engineer.viewer, self.step(ident), self.world.now)
        ordering.submit(self.engineer.viewer, self.step(ident), self.world.now)
        review = Review(ident, self.step(ident).version, dict.fromkeys(CHECKLIST, True))
        reviewing.accept_order(self.desk.viewer, review, self.world.now)
        for booking in held:
            self.desk.does("confirm", db.session.get_one(Booking, booking.id))
        return sorted((db.session.get_one(Booking, each.id) for each in held), key=lambda each: each.starts_at)

    def step(self, order: str) -> OrderStep:
        db.session.expire_all()
        version = db.session.get_one(Order, order).version
        db.session.rollback()
        return OrderStep(order, version)

    def arrives(self, sample: Sample, deviation: str = "") -> None:
        now = self.world.now
        service.dispatch(
            self.engineer.viewer, Dispatch(sample.id, version(sample), carrier="顺丰", waybill="SF-1"), now
        )
        service.receive(self.desk.viewer, Receive(sample.id, version(sample), "完好", deviation), now)


def version(sample: Sample) -> int:
    db.session.expire_all()
    found = db.session.get_one(Sample, sample.id).version
    db.session.rollback()
    return found


@pytest.fixture
def story(world: World, clean: Flask) -> Story:
    return Story(world, clean)


def test_a_vin_with_a_wrong_check_digit_is_kept_with_a_reason(story: Story) -> None:
    assert rules.vin_check_digit(GOOD_VIN) == "X"
    with pytest.raises(rules.VinReasonMissing):
        story.registers(vin=BAD_VIN)
    assert story.registers(vin=BAD_VIN.lower(), vin_reason="试制车").vin == BAD_VIN
    with pytest.raises(Invalid):
        story.registers(name="样车 2", vin="LSVAO4182E2123456")


def test_the_chain_of_custody_and_its_places(story: Story) -> None:
    first, second = story.registers(), story.registers(name="样车 2", vin="")
    shelf = service.add_place(story.desk.viewer, NewPlace("lab", "东院车位", 1), story.world.now)
    bookings = story.submitted()
    for sample in (first, second):
        story.arrives(sample)
    service.store(story.crew.viewer, Store(first.id, version(first), place_id=shelf.id), story.world.now)
    with pytest.raises(rules.PlaceFull):
        service.store(story.crew.viewer, Store(second.id, version(second), place_id=shelf.id), story.world.now)
    story.world.now = bookings[0].starts_at
    story.crew.does("start", bookings[0])
    assert queries.chain(first.id)[-1].state is SampleState.ON_BENCH
    db.session.rollback()
    service.store(story.crew.viewer, Store(second.id, version(second), place_id=shelf.id), story.world.now)
    with pytest.raises(rules.WrongStep):
        service.give_back(story.desk.viewer, SampleStep(first.id, version(first)), story.world.now)
    story.world.now = bookings[0].ends_at
    story.crew.does("complete", bookings[0])
    service.give_back(story.desk.viewer, SampleStep(first.id, version(first), "自提"), story.world.now)
    states = [step.state.value for step in queries.chain(first.id)]
    assert states == ["dispatched", "received", "stored", "on_bench", "received", "returned"]


def test_no_test_starts_without_its_sample(story: Story) -> None:
    sample = story.registers()
    bookings = story.submitted()
    story.world.now = bookings[0].starts_at
    with pytest.raises(rules.NotHere):
        story.crew.does("start", bookings[0])
    story.arrives(sample, deviation="少一把钥匙")
    with pytest.raises(rules.DeviationOpen):
        story.crew.does("start", bookings[0])
    told = Visitor(story.app, story.engineer).get(f"/samples/{sample.id}").text
    assert "少一把钥匙" in told and "请答复" in told
    service.answer_deviation(story.engineer.viewer, SampleStep(sample.id, version(sample)), story.world.now)
    story.crew.does("start", bookings[0])
    assert bookings[0].state.value == "running"


@pytest.mark.parametrize(
    "identity",
    [{"vin": GOOD_VIN}, {"kind": SampleKind.PART, "vin": "", "serial_number": "HV-20260007"}],
    ids=["car", "part"],
)
def test_what_crashed_is_not_tested_again(story: Story, identity: dict[str, Any]) -> None:
    """The crash comes last, and a wreck can't be booked in another order either: the page says why."""
    story.registers(**identity)
    first, crash = story.submitted()
    assert (first.test_id, crash.test_id) == ("t", "crash")
    for booking in (first, crash):
        story.world.now = booking.starts_at
        if booking is first:
            story.arrives(db.session.query(Sample).one())
        story.crew.does("start", booking)
        story.crew.does("complete", booking)
    again = story.asks("t")
    story.registers(again, **identity)
    with pytest.raises(rules.Consumed) as refused:
        book(story.engineer.viewer, Book("t", "chamber", at(25), sample="样车 1", order_id=again), story.world.now)
    assert refused.value.facts["test"].id == "crash"
    page = Visitor(story.app, story.engineer).post(
        "/bookings/new",
        test="t",
        resource="chamber",
        starts_at="2026-11-25T08:30",
        order=again,
        sample="样车 1",
        state="held",
    )
    assert page.status == 422 and "已经损坏" in page.text


def test_one_sample_is_at_one_test_at_a_time(story: Story) -> None:
    second = story.world.resource("second")
    story.world.capable(second, "t")
    story.world.capable(second, "crash")
    book(
        story.engineer.viewer, Book("crash", "chamber", at(10), sample="样车 1", order_id=story.order), story.world.now
    )
    for start, refusal in ((at(10), SampleBusy), (at(12), DestroyedBefore)):
        with pytest.raises(refusal):
            command = Book("t", "second", start, sample="样车 1", order_id=story.order)
            book(story.engineer.viewer, command, story.world.now)
    other = story.asks("t", "crash", sample="样车 3")
    book(story.engineer.viewer, Book("t", "chamber", at(12), sample="样车 3", order_id=other), story.world.now)
    with pytest.raises(DestroysOther):
        book(story.engineer.viewer, Book("crash", "second", at(5), sample="样车 3", order_id=other), story.world.now)


def test_dangerous_goods_travel_with_papers_and_a_waybill_belongs_to_one_order(story: Story) -> None:
    pack = story.registers(name="BP-1", kind=SampleKind.BATTERY, vin="")
    with pytest.raises(rules.PaperMissing):
        story.arrives(pack)
    story.submitted()
    send = Dispatch(pack.id, version(pack), carrier="德邦", waybill="DB-7", transport_paper="UN38.3-2026-7")
    service.dispatch(story.engineer.viewer, send, story.world.now)
    other = story.asks("t", sample="样车 9")
    car = story.registers(other, name="样车 9", vin="")
    with pytest.raises(rules.WaybillTaken):
        again = Dispatch(car.id, version(car), carrier="德邦", waybill="DB-7")
        service.dispatch(story.engineer.viewer, again, story.world.now)


def test_who_sees_a_sample(story: Story) -> None:
    sample = story.registers(configuration="甲公司 X 车型")
    where = f"/samples/{sample.id}"
    assert [Visitor(story.app, who).get(where).status for who in (story.engineer, story.desk)] == [200, 404]
    story.submitted()
    assert Visitor(story.app, story.rival).get(where).status == 404
    assert GOOD_VIN in Visitor(story.app, story.desk).get(where).text
    crew = Visitor(story.app, story.crew).get(where).text
    assert "042788" in crew and GOOD_VIN not in crew and "甲公司" not in crew
    label = browser(story.app, story.crew).get(f"{where}/qr.svg")
    assert label.mimetype == "image/svg+xml" and b"<path" in label.data
    with pytest.raises(NotFound):
        queries.visible_sample(story.rival.viewer, sample.id)


def test_a_program_registers_and_sends(story: Story) -> None:
    client, headers = browser(story.app), program(story.engineer)
    body = {"name": "样车 1", "kind": "vehicle", "vin": GOOD_VIN}
    made = client.post(f"/api/v1/orders/{story.order}/samples", json=body, headers=headers)
    assert made.status_code == 201 and made.json["state"] == "expected"
    step = {"version": made.json["version"], "step": "dispatch", "carrier": "顺丰", "waybill": "SF-3"}
    where = f"/api/v1/orders/{story.order}/samples/{made.json['id']}/custody"
    assert client.post(where, json=step, headers=headers).json["waybill"] == "SF-3"
    assert client.post(where, json=step, headers=headers).json["code"] == "stale"
    chain = client.get(where, headers=headers).json["items"]
    assert [(link["state"], link["by"]) for link in chain] == [("dispatched", "company")]
    assert client.get(f"/api/v1/samples/{made.json['id']}", headers=program(story.rival)).status_code == 404


def test_photos_are_taken_where_the_sample_is(story: Story) -> None:
    """The crew photographs what arrived; company and order desk look at it, the rival finds nothing."""
    sample = story.registers()
    story.submitted()
    story.arrives(sample)
    png = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(13) + b"\x00\x00\x00\x00IEND\xaeB`\x82"
    crew = browser(story.app, story.crew)
    sent = crew.post(f"/samples/{sample.id}/photos", data={"photos": (io.BytesIO(png), "到货.png")})
    assert sent.status_code == 303
    seen = Visitor(story.app, story.engineer).get(f"/samples/{sample.id}").html
    address = re.search(r'<img src="(/files/[^"]+)" alt="到货.png"', seen)
    assert address is not None
    for person, status in ((story.engineer, 200), (story.desk, 200), (story.rival, 404), (story.crew, 200)):
        assert browser(story.app, person).get(unescape(address.group(1))).status_code == status
    # What the company sends may show whose it is.
    sent = browser(story.app, story.engineer).post(
        f"/samples/{sample.id}/photos", data={"photos": (io.BytesIO(png), "甲公司样车.png")}
    )
    assert sent.status_code == 303
    assert "甲公司样车.png" in Visitor(story.app, story.desk).get(f"/samples/{sample.id}").html
    page = crew.get(f"/samples/{sample.id}").text
    assert "到货.png" in page and "甲公司" not in page
    none = crew.post(f"/samples/{sample.id}/photos", data={"photos": (io.BytesIO(b"%PDX"), "坏.png")})
    assert none.status_code == 422


class TestConditions:
    """A lab says what its tests need of a sample and what they leave of it."""

    @pytest.fixture
    def pole(self, story: Story) -> Story:
        """The pole test bends the car; wet handling needs it whole, with little on the clock."""
        story.world.test("pole")
        story.world.test("wet")
        for test, demand in (
            ("pole", Demand(leaves_damage="右侧门槛凹陷", adds_km=5)),
            ("wet", Demand(undamaged=True, mileage_to=3000, charge_from=80, build_levels=("PT", "SOP"))),
        ):
            conditions.set_demand(story.desk.viewer, SetDemand("lab", test, 0, demand), story.world.now)
        story.order = story.asks("pole", "wet")
        return story

    def book(self, story: Story, test: str, day: int) -> Any:
        command = Book(test, "chamber", at(day), sample="样车 1", order_id=story.order)
        return book(story.engineer.viewer, command, story.world.now)

    def test_a_car_that_did_the_pole_test_cant_be_booked_for_wet_handling(self, pole: Story) -> None:
        pole.registers()
        self.book(pole, "pole", 10)
        page = Visitor(pole.app, pole.engineer).post(
            "/bookings/new",
            test="wet",
            resource="chamber",
            starts_at="2026-11-12T08:30",
            order=pole.order,
            sample="样车 1",
            state="held",
        )
        assert page.status == 422 and "到那时已有损伤" in page.text and "把这项排到前面做" in page.text
        assert "样品开始时要：" in page.text
        self.book(pole, "wet", 9)

    def test_nor_is_what_spoils_a_later_test_put_before_it(self, pole: Story) -> None:
        pole.registers()
        self.book(pole, "wet", 12)
        with pytest.raises(condition_rules.Damaged) as refused:
            self.book(pole, "pole", 10)
        assert refused.value.facts["test"].id == "wet"

    @pytest.mark.parametrize(
        ("said", "refusal"),
        [
            ({"mileage": 3001}, condition_rules.WrongMileage),
            ({"build_level": "VP"}, condition_rules.WrongBuild),
            ({"damage": "前保险杠裂"}, condition_rules.Damaged),
            ({"mileage": 3000, "build_level": "pt", "state_of_charge": 20}, None),
            ({}, None),
        ],
    )
    def test_what_was_registered_counts(self, pole: Story, said: dict[str, Any], refusal: Any) -> None:
        pole.registers(**said)
        if refusal is None:
            assert self.book(pole, "wet", 10)
            return
        with pytest.raises(refusal):
            self.book(pole, "wet", 10)

    def test_a_battery_is_charged_before_the_start_and_the_test_leaves_its_marks(self, pole: Story) -> None:
        sample = pole.registers(state_of_charge=20, mileage=100)
        wet, pole_test = sorted(pole.submitted(pole.order), key=lambda each: each.test_id != "wet")
        pole.arrives(sample)
        pole.world.now = wet.starts_at
        with pytest.raises(condition_rules.WrongCharge):
            pole.crew.does("start", wet)
        identity = Identity("样车 1", SampleKind.VEHICLE, vin=GOOD_VIN, state_of_charge=90, mileage=100)
        with pytest.raises(rules.WrongStep):
            service.edit(pole.engineer.viewer, Edit(sample.id, version(sample), identity), pole.world.now)
        service.edit(pole.desk.viewer, Edit(sample.id, version(sample), identity), pole.world.now)
        for booking in (wet, pole_test):
            pole.world.now = booking.starts_at
            pole.crew.does("start", booking)
            pole.crew.does("complete", booking)
        db.session.expire_all()
        found = db.session.get_one(Sample, sample.id)
        assert (found.damage, found.mileage) == ("右侧门槛凹陷", 105)

    def test_the_lab_sets_it_on_a_page_and_programs_read_it(self, pole: Story) -> None:
        desk, where = Visitor(pole.app, pole.desk), "/capacity/lab/conditions/"
        assert "里程 ≤ 3000 km" in desk.get(where).text and "留下损伤：右侧门槛凹陷" in desk.get(where).text
        page = desk.get(f"{where}wet")
        typed = {"version": page.field("version"), "build_levels": "PT，SOP", "mileage_from": "500"}
        refused = desk.post(f"{where}wet", **typed, mileage_to="400")
        assert refused.status == 422 and "上限不能小于下限" in refused.text
        assert desk.post(f"{where}wet", **typed, mileage_to="900").status == 303
        assert "已经有了新的记录" in desk.post(f"{where}wet", **typed).text
        api, path = browser(pole.app), "/api/v1/labs/lab/sample-demands"
        items = api.get(path, headers=program(pole.rival)).get_json()["items"]
        (wet,) = [each for each in items if each["test"] == "wet"]
        assert (wet["mileage_from"], wet["mileage_to"], wet["build_levels"]) == (500, 900, ["PT", "SOP"])
        sent = {"version": wet["version"], "undamaged": True}
        for person, status in ((pole.rival, 404), (pole.crew, 404), (pole.desk, 200), (pole.desk, 409)):
            answer = api.post(f"{path}/wet", json=sent, headers=program(person))
            assert answer.status_code == status
        for person in (pole.engineer, pole.crew):
            assert Visitor(pole.app, person).get(where).status == 404


def test_a_part_is_known_by_its_serial_number_in_another_order(story: Story) -> None:
    part = {"kind": SampleKind.PART, "vin": "", "serial_number": " hv-2026 0007 "}
    first = story.registers(**part)
    assert first.serial_number == "HV-20260007" and first.item == "HV-20260007"
    other = story.registers(story.asks("t"), **part)
    with db.session.no_autoflush:
        assert {each.id for each in queries.same_items(db.session(), [first])} == {first.id, other.id}
    another = story.registers(story.asks("t"), **part | {"serial_number": "HV-20260008"})
    assert queries.same_items(db.session(), [another]) == [another]


def test_a_short_serial_number_is_refused_at_its_field(story: Story) -> None:
    with pytest.raises(Invalid) as refused:
        story.registers(kind=SampleKind.PART, vin="", serial_number="1#")
    assert refused.value.field == "serial_number"
    assert story.registers(kind=SampleKind.PART, vin="", serial_number="  ").serial_number is None
