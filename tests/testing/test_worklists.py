"""Lists that people work from: the most urgent first, as their reader may see them, in a fixed number of statements."""

import io
from datetime import timedelta

import pytest
from flask import Flask
from python_calamine import CalamineWorkbook

from app.booking import ordering
from app.booking.models import Booking
from app.booking.ordering import OrderStep
from app.database import db
from app.orders import reviewing, stops
from app.orders import service as orders
from app.orders.models import Order, StopCause
from app.orders.reviewing import Review
from app.orders.rules import CHECKLIST
from app.orders.service import NewLine, NewOrder
from app.orders.stops import Stop
from app.samples import service as custody
from app.samples.rules import SampleKind
from app.samples.service import Identity, Receive
from tests.http import browser
from tests.statements import statements
from tests.visitor import Seen, Visitor
from tests.world import Person, World, at


class Story:
    """甲公司 and 乙公司 keep one laboratory busy."""

    def __init__(self, world: World, app: Flask) -> None:
        world.bench()
        world.test("u", run=120)
        self.world, self.app = world, app
        self.engineer, self.rival = world.engineer("甲公司"), world.engineer("乙公司")
        self.desk, self.crew = world.lab_admin("lab"), world.bench_crew("lab")

    def work(self, person: Person, what: str, **asked: str) -> Seen:
        return Visitor(self.app, person).get("/work/", list=what, **asked)

    def order(self, person: Person, sample: str = "BP-12", test: str = "t") -> Order:
        """Submitted, with the earliest time."""
        made = orders.create(person.viewer, NewOrder("lab", (NewLine(test, sample),)), self.world.now)
        ordering.hold_all(person.viewer, self.step(made), self.world.now)
        ordering.submit(person.viewer, self.step(made), self.world.now)
        return self.fresh(made)

    def accepted(self, person: Person, sample: str = "BP-12") -> Booking:
        order = self.order(person, sample)
        review = Review(order.id, order.version, dict.fromkeys(CHECKLIST, True))
        reviewing.accept_order(self.desk.viewer, review, self.world.now)
        booking = db.session.query(Booking).join(Booking.order_line).filter_by(order_id=order.id).one()
        return self.desk.does("confirm", booking)

    def registers(self, booking: Booking, name: str = "BP-12") -> str:
        identity = Identity(name, SampleKind.PART)
        order_id = booking.order_line.order_id
        return custody.register(self.engineer.viewer, custody.Register(order_id, identity), self.world.now).id

    def step(self, order: Order) -> OrderStep:
        return OrderStep(order.id, self.fresh(order).version)

    def fresh(self, order: Order) -> Order:
        db.session.expire_all()
        return db.session.get_one(Order, order.id)


@pytest.fixture
def story(world: World, clean: Flask) -> Story:
    return Story(world, clean)


def test_the_longest_waiting_order_is_reviewed_first(story: Story) -> None:
    first = story.order(story.engineer)
    story.world.now += timedelta(days=2)
    second = story.order(story.rival, "BP-13")
    page = story.work(story.desk, "review")
    assert page.text.index(first.code) < page.text.index(second.code)
    assert (
        "2 天" in page.text
        and "0 小时" not in page.text
        and "甲公司" in page.text
        and f"/orders/{first.id}" in page.html
    )
    assert second.code not in story.work(story.desk, "review", q="甲公").text
    reviewing.return_order(story.desk.viewer, Review(first.id, first.version, comment="请补图。"), story.world.now)
    assert first.code not in story.work(story.desk, "review").text
    assert "实验室有问题，请答复后再提交。" in story.work(story.engineer, "mine").text


def test_samples_are_received_by_when_they_are_needed(story: Story) -> None:
    soon = story.accepted(story.engineer)
    sample = story.registers(soon)
    assert "请发出样品。" in story.work(story.engineer, "mine").text
    page = story.work(story.crew, "receive")
    assert "企业还没有发出。" in page.text and "甲公司" not in page.text
    story.world.now = soon.starts_at
    assert "已过 0 分钟" in story.work(story.crew, "receive").text
    assert "样品 BP-12 还没有收样。" in story.work(story.crew, "start").text
    custody.receive(story.crew.viewer, Receive(sample, 1, "完好", "外壳有划痕"), story.world.now)
    assert "BP-12" not in story.work(story.desk, "receive").text
    assert "样品与委托不符：外壳有划痕" in story.work(story.engineer, "mine").text
    assert "外壳有划痕" not in story.work(story.rival, "mine").text


def test_a_use_goes_from_list_to_list(story: Story) -> None:
    booking = story.engineer.requests(at(5), sample="BP-12")
    story.desk.does("confirm", booking)
    assert booking.code not in story.work(story.crew, "start").text
    story.world.now = at(5)
    assert booking.code in story.work(story.crew, "start").text
    story.crew.does("start", booking)
    assert booking.code not in story.work(story.crew, "late").text
    story.world.now = booking.ends_at + timedelta(minutes=30)
    assert "已过 30 分钟" in story.work(story.crew, "late").text
    story.crew.does("complete", booking)
    page = story.work(story.desk, "report")
    assert booking.code in page.text and "11-17 周二" in page.text  # eight working days for a safe report
    assert booking.code not in story.work(story.crew, "report").text  # their first list instead
    assert story.work(story.world.coordinator(), "report").status == 404


def test_what_a_company_has_to_answer(story: Story) -> None:
    held = story.engineer.holds(at(5))
    moved = story.engineer.requests(at(9))
    story.desk.moves(moved, at(10), "检修")
    page = story.work(story.engineer, "mine")
    assert page.text.index(held.code) < page.text.index(moved.code)
    assert "暂留将失效，请提交申请。" in page.text and "实验室建议改到 11-10 周二 08:30，请答复。" in page.text
    story.world.now += timedelta(hours=3)
    assert held.code not in story.work(story.engineer, "mine").text


def test_a_stopped_clock_stands_among_what_the_company_has_to_do(story: Story) -> None:
    order = story.fresh(story.accepted(story.engineer).order_line.order)
    stops.stop(story.desk.viewer, Stop(order.id, order.version, StopCause.PAYMENT, "预付一半"), story.world.now)
    page = story.work(story.engineer, "mine").text
    assert order.code in page and "预付一半" in page


def test_open_orders_stand_by_their_report_date(story: Story) -> None:
    late = story.engineer.requests(at(20)).order_line.order.code
    soon = story.engineer.requests(at(9)).order_line.order.code
    page = story.work(story.engineer, "open")
    assert page.text.index(soon) < page.text.index(late) and "11-16 周一" in page.text
    assert soon not in story.work(story.rival, "open").text
    assert soon in story.work(story.engineer, "open", domain="battery", bench="chamber", q="w26").text
    assert soon not in story.work(story.engineer, "open", bench="elsewhere").text
    book = CalamineWorkbook.from_filelike(
        io.BytesIO(browser(story.app, story.engineer).get("/work/work.xlsx?list=open").get_data())
    )
    assert [row[1] for row in book.get_sheet_by_index(0).to_python()[1:]] == [soon, late]


def test_more_rows_take_no_more_statements(story: Story) -> None:
    def sent(person: Person, what: str) -> int:
        with statements() as found:
            assert story.work(person, what).status == 200
        return len(found)

    asked = [
        *((story.desk, what) for what in ("review", "receive", "start", "late", "report")),
        *((story.engineer, what) for what in ("mine", "open")),
    ]
    story.registers(story.accepted(story.engineer))
    story.order(story.engineer, "BP-20")
    story.engineer.holds(at(19))
    before = [sent(*each) for each in asked]
    for number in range(3):
        name = f"BP-3{number}"
        story.registers(story.accepted(story.engineer, name), name)
        story.order(story.engineer, f"BP-4{number}", "u")
        story.engineer.holds(at(23 + number))
    assert [sent(*each) for each in asked] == before


def test_a_filter_is_kept_for_its_owner_alone(story: Story) -> None:
    visitor = Visitor(story.app, story.desk)
    assert "保存这个筛选" not in story.work(story.desk, "start").text
    kept = visitor.post("/work/filters", name="舱", list="start", bench="chamber", q="")
    assert kept.location.endswith("/work/?list=start&bench=chamber")
    page = story.work(story.desk, "start")
    assert "舱" in page.text and "/work/?list=start&amp;bench=chamber" in page.html
    assert "/work/filters/" not in story.work(story.crew, "start").html
    for number in range(19):
        visitor.post("/work/filters", name=f"舱 {number}", list="late", q="BP")
    assert visitor.post("/work/filters", name="再一个", list="late", q="BP").status == 422
    assert visitor.post("/work/filters", name="舱", list="late", q="BP-1").status == 303
