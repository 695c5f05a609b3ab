"""An order of several lines from draft to report: held together, reviewed, tested line by line."""

import threading
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.booking import ordering
from app.booking.lapsing import lapse_all
from app.booking.models import Booking, Occupancy
from app.booking.ordering import LineStep, OrderStep
from app.booking.rules import State
from app.database import db, transaction
from app.errors import Forbidden, Invalid, NotFound
from app.orders import reviewing, rules, service, stops
from app.orders.models import Order, OrderState, StopCause
from app.orders.queries import reviews_of
from app.orders.reviewing import Review
from app.orders.rules import CHECKLIST
from app.orders.service import AddLine, NewLine, NewOrder, Terms
from app.orders.stops import Resume, Stop
from app.testing.service import IssueReport, issue_report
from tests.http import browser, program
from tests.visitor import Seen, Visitor
from tests.waiting import until_one_waits
from tests.world import World, at

ALL = dict.fromkeys(CHECKLIST, True)


class Story:
    """甲公司 asks the laboratory for two tests on one battery pack."""

    def __init__(self, world: World, app: Flask) -> None:
        world.bench()
        world.test("u", run=120)
        self.world, self.app = world, app
        self.engineer, self.desk = world.engineer("甲公司"), world.lab_admin("lab")
        self.crew, self.rival = world.bench_crew("lab"), world.engineer("乙公司")
        lines = (NewLine("t", "BP-12"), NewLine("u", "BP-12"))
        self.id = service.create(self.engineer.viewer, NewOrder("lab", lines), world.now).id

    @property
    def order(self) -> Order:
        db.session.expire_all()
        return db.session.get_one(Order, self.id)

    def step(self) -> OrderStep:
        return OrderStep(self.id, self.order.version)

    def review(self, comment: str = "", **checklist: bool) -> Review:
        return Review(self.id, self.order.version, ALL | checklist, comment)

    def holds_all(self) -> list[Booking]:
        return ordering.hold_all(self.engineer.viewer, self.step(), self.world.now)

    def submits(self) -> None:
        ordering.submit(self.engineer.viewer, self.step(), self.world.now)

    def accepts(self) -> None:
        reviewing.accept_order(self.desk.viewer, self.review(), self.world.now)

    def bookings(self) -> list[Booking]:
        db.session.expire_all()
        return list(db.session.scalars(select(Booking).order_by(Booking.starts_at)))

    def runs(self, booking: Booking, until: timedelta = timedelta(hours=1)) -> None:
        self.world.now = booking.starts_at
        self.desk.does("start", db.session.get_one(Booking, booking.id))
        self.world.now += until
        self.desk.does("complete", db.session.get_one(Booking, booking.id))

    def reports(self, booking: Booking, number: str) -> None:
        self.world.now += timedelta(days=1)
        version = db.session.get_one(Booking, booking.id).version
        command = IssueReport(booking.id, number, self.world.now, version)
        issue_report(self.desk.viewer, command, self.world.now)


@pytest.fixture
def story(world: World, clean: Flask) -> Story:
    return Story(world, clean)


def test_one_sample_goes_from_bench_to_bench(story: Story) -> None:
    first, second = story.holds_all()
    assert second.starts_at >= first.ends_at
    assert first.order_line.order_id == second.order_line.order_id == story.id


def test_all_lines_are_held_or_none(story: Story) -> None:
    story.world.test("far", run=24 * 60, on="chamber")
    service.add_line(
        story.engineer.viewer, AddLine(story.id, story.order.version, NewLine("far", "BP-13")), story.world.now
    )
    # A day's run never fits the day shift of this bench.
    with pytest.raises(rules.YujianError):
        story.holds_all()
    assert db.session.scalars(select(Occupancy)).all() == []


def test_holds_of_one_order_count_as_one(story: Story) -> None:
    story.holds_all()
    for day in (16, 17, 18, 19):
        story.engineer.holds(at(day))
    with pytest.raises(rules.YujianError):
        story.engineer.holds(at(20))


def test_nothing_is_confirmed_before_its_review(story: Story) -> None:
    story.holds_all()
    story.submits()
    first, second = story.bookings()
    assert first.state is second.state is State.REQUESTED and story.order.state is OrderState.SUBMITTED
    with pytest.raises(rules.ReviewMissing):
        story.desk.does("confirm", first)
    with pytest.raises(rules.ReviewIncomplete) as missing:
        reviewing.accept_order(story.desk.viewer, story.review(samples=False), story.world.now)
    assert missing.value.facts == {"position": 1, "item": CHECKLIST["samples"]}
    story.accepts()
    assert story.order.state is OrderState.ACCEPTED
    assert story.desk.does("confirm", story.bookings()[0]).state is State.CONFIRMED


def test_an_order_ends_with_its_last_report(story: Story) -> None:
    story.holds_all()
    story.submits()
    story.accepts()
    for booking in story.bookings():
        story.desk.does("confirm", booking)
    first, second = story.bookings()
    story.runs(first)
    assert story.order.state is OrderState.TESTING  # the other line still waits
    story.runs(second)
    assert story.order.state is OrderState.REPORTING
    story.reports(first, "JC-1")
    assert story.order.state is OrderState.REPORTING
    story.reports(second, "JC-2")
    assert story.order.state is OrderState.ISSUED
    page = Visitor(story.app, story.engineer).get(f"/orders/{story.id}").text
    assert "JC-1" in page and "JC-2" in page


def test_a_question_stops_the_clock_until_it_is_answered(story: Story) -> None:
    story.holds_all()
    story.submits()
    with pytest.raises(rules.CommentMissing):
        reviewing.return_order(story.desk.viewer, story.review(), story.world.now)
    reviewing.return_order(story.desk.viewer, story.review("请补充充电曲线。"), story.world.now)
    page = Visitor(story.app, story.engineer).get(f"/orders/{story.id}").text
    assert "实验室有问题，请答复后再提交。" in page and "请补充充电曲线。" in page
    story.world.now += timedelta(hours=5)
    story.submits()
    (review,) = reviews_of(story.id)
    assert review.answered_at is not None and review.answered_at - review.reviewed_at == timedelta(hours=5)
    assert not story.order.returned
    story.accepts()
    assert [each.round for each in reviews_of(story.id)] == [1, 2]


def test_what_is_rejected_frees_its_time(story: Story) -> None:
    story.holds_all()
    story.submits()
    ordering.reject(story.desk.viewer, story.review("超出能力范围。"), story.world.now)
    assert story.order.state is OrderState.REJECTED
    assert {booking.state for booking in story.bookings()} == {State.DECLINED}
    assert db.session.scalars(select(Occupancy)).all() == []


def test_a_line_outlives_its_booking(story: Story) -> None:
    story.holds_all()
    story.submits()
    story.accepts()
    story.engineer.does("cancel", story.bookings()[0])
    assert story.order.state is OrderState.ACCEPTED
    again = story.engineer.holds(at(12), state=State.REQUESTED, order_id=story.id)
    assert again.order_line.order_id == story.id and again.order_line.sample == "BP-12"
    assert story.desk.does("confirm", again).state is State.CONFIRMED


def test_a_line_may_be_left_to_the_lab(story: Story) -> None:
    with pytest.raises(rules.SlotMissing):
        story.submits()
    left = tuple(NewLine(test, "BP-12", wants_proposal=True) for test in ("t", "u"))
    story.id = service.create(story.engineer.viewer, NewOrder("lab", left), story.world.now).id
    story.submits()
    assert story.order.state is OrderState.SUBMITTED and story.bookings() == []


def test_cancelling_ends_what_has_not_begun(story: Story) -> None:
    story.holds_all()
    story.submits()
    story.accepts()
    for booking in story.bookings():
        story.desk.does("confirm", booking)
    first, second = story.bookings()
    story.world.now = first.starts_at
    story.desk.does("start", first)
    ordering.cancel(story.desk.viewer, OrderStep(story.id, story.order.version, "停电"), story.world.now)
    assert [line.state for line in story.order.lines] == [OrderState.TESTING, OrderState.CANCELLED]
    assert db.session.get_one(Booking, second.id).state is State.CANCELLED


def test_a_line_is_taken_out_with_its_booking(story: Story) -> None:
    story.holds_all()
    line = story.order.lines[0]
    ordering.remove_line(
        story.engineer.viewer, LineStep(story.id, story.order.version, line_id=line.id), story.world.now
    )
    assert [each.state for each in story.order.lines] == [OrderState.CANCELLED, OrderState.DRAFT]
    assert [b.state for b in story.bookings()].count(State.HELD) == 1


def test_a_booking_is_for_a_line_of_its_own_order(story: Story) -> None:
    with pytest.raises(rules.NotSubmitted):
        story.engineer.requests(at(12), order_id=story.id)
    with pytest.raises(NotFound):
        story.rival.holds(at(12), order_id=story.id)
    story.engineer.holds(at(12), order_id=story.id)
    with pytest.raises(rules.LineHasSlot):
        story.engineer.holds(at(13), order_id=story.id)


def test_who_may_do_what(story: Story) -> None:
    for person in (story.rival, story.desk, story.crew):
        assert Visitor(story.app, person).get(f"/orders/{story.id}").status == 404
    with pytest.raises(NotFound):
        ordering.submit(story.rival.viewer, story.step(), story.world.now)
    story.holds_all()
    story.submits()
    with pytest.raises(Forbidden):
        reviewing.accept_order(story.crew.viewer, story.review(), story.world.now)
    with pytest.raises(Forbidden):
        reviewing.accept_order(story.engineer.viewer, story.review(), story.world.now)
    with pytest.raises(rules.OrderStale):
        reviewing.accept_order(story.desk.viewer, Review(story.id, 1, ALL), story.world.now)


def test_the_lab_is_asked_for_what_it_can(story: Story) -> None:
    with pytest.raises(Invalid):
        service.create(story.engineer.viewer, NewOrder("lab", (NewLine("nothing"),)), story.world.now)
    with pytest.raises(Invalid):
        service.create(story.engineer.viewer, NewOrder("nowhere"), story.world.now)


def test_a_copy_starts_again(story: Story) -> None:
    story.holds_all()
    story.submits()
    terms = Terms(contract_number="HT-1", note="同上次")
    db.session.get_one(Order, story.id)
    made = service.copy(story.engineer.viewer, story.id, story.world.now)
    assert made.state is OrderState.DRAFT and [line.test_id for line in made.lines] == ["t", "u"]
    assert made.contract_number != terms.contract_number


def test_each_line_is_reviewed_by_itself(story: Story) -> None:
    story.holds_all()
    story.submits()
    first, second = (line.id for line in story.order.lines)
    holds = {first: ALL, second: ALL | {"edition": False}}
    command = Review(story.id, story.order.version, comment="第 2 项按哪一版？", lines=holds)
    with pytest.raises(rules.ReviewIncomplete, match="第 2 项还差：标准版本"):
        reviewing.accept_order(story.desk.viewer, command, story.world.now)
    with pytest.raises(Invalid, match="不在评审中"):
        reviewing.accept_order(
            story.desk.viewer, Review(story.id, story.order.version, ALL, lines={"x": ALL}), story.world.now
        )
    reviewing.return_order(story.desk.viewer, command, story.world.now)
    page = Visitor(story.app, story.engineer).get(f"/orders/{story.id}").text
    assert "还不行：标准版本与计划日期相符" in page and "还不行：样品" not in page
    story.submits()
    path, headers = f"/api/v1/orders/{story.id}", program(story.desk)
    sent = {"version": story.order.version, "checklist": ALL, "lines": {second: {"edition": False}}}
    refused = browser(story.app).post(f"{path}/accept", json=sent, headers=headers)
    assert refused.status_code == 422 and refused.get_json()["errors"][0]["field"] == "checklist"
    sent["lines"] = {second: {"edition": True}}
    assert browser(story.app).post(f"{path}/accept", json=sent, headers=headers).status_code == 200
    rounds = browser(story.app).get(f"{path}/reviews", headers=program(story.engineer)).get_json()["items"]
    assert [(each["outcome"], each["checklist"]["edition"]) for each in rounds] == [
        ("returned", False),
        ("accepted", True),
    ]
    assert rounds[0]["lines"][first]["edition"] and not rounds[0]["lines"][second]["edition"]
    assert browser(story.app).get(f"{path}/reviews", headers=program(story.crew)).get_json()["items"] == []


class TestPages:
    """The same, as people click through it."""

    def test_from_nothing_to_a_reviewed_order(self, story: Story) -> None:
        engineer, desk = Visitor(story.app, story.engineer), Visitor(story.app, story.desk)
        made = engineer.post("/orders/new", lab="lab")
        where = made.location
        assert "请加检测项目。" in engineer.get(where).text
        assert '<option value="t">GB TEST-2026 项目 t</option>' in engineer.get(where).html
        hasty = engineer.post(f"{where}/lines", version=engineer.get(where).field("version"), test="", sample="BP-9")
        assert hasty.status == 422 and "请选择检测项目。" in hasty.text and 'value="BP-9"' in hasty.html
        engineer.post(f"{where}/lines", version=engineer.get(where).field("version"), test="t", sample="BP-9")
        assert "请给每一项选时段" in engineer.get(where).text
        engineer.post(f"{where}/hold-all", version=engineer.get(where).field("version"))
        assert "可以提交了。" in engineer.get(where).text
        engineer.post(f"{where}/submit", version=engineer.get(where).field("version"))
        assert "等实验室做合同评审。" in engineer.get(where).text
        page = desk.get(where)
        assert "请做合同评审" in page.text
        line = db.session.get_one(Order, where.rpartition("/")[2]).lines[0].id
        refused = desk.post(f"{where}/accept", version=page.field("version"), checklist=[f"{line}:scope"])
        assert refused.status == 422 and "第 1 项还差：标准版本与计划日期相符" in refused.text
        assert f'value="{line}:scope" checked' in refused.html
        desk.post(f"{where}/accept", version=page.field("version"), checklist=[f"{line}:all"])
        assert "在本实验室的能力范围内" in engineer.get(where).text

    def test_terms_are_between_the_two(self, story: Story) -> None:
        engineer = Visitor(story.app, story.engineer)
        where, version = f"/orders/{story.id}", engineer.get(f"/orders/{story.id}").field("version")
        typed = {"purpose": "development", "remains": "", "report_language": "both", "contract_number": "HT-77"}
        refused = engineer.post(f"{where}/terms", version=version, amount="很多", **typed)
        assert refused.status == 422 and "请填数字，单位元" in refused.text and "HT-77" in refused.html
        assert engineer.post(f"{where}/terms", version=version, amount="128,000", **typed).status == 303
        story.holds_all()
        story.submits()
        assert "128000.00" in Visitor(story.app, story.desk).get(f"/orders/{story.id}").text
        crew = Visitor(story.app, story.crew).get(f"/orders/{story.id}").text
        assert "HT-77" not in crew and "128000" not in crew

    def test_what_was_typed_into_the_terms_is_kept_by_every_button_of_the_draft(self, story: Story) -> None:
        """Without a script: one form, sent to where the button says."""
        engineer, where = Visitor(story.app, story.engineer), f"/orders/{story.id}"

        def sends(address: str, **more: str) -> Seen:
            page = engineer.get(where)
            names = ("version", "contract_number", "decision_rule", "amount")
            return engineer.post(f"{where}/{address}", **({name: page.field(name) for name in names} | more))

        terms = {"purpose": "development", "remains": "", "report_language": "both"}
        assert sends("lines", test="t", sample="BP-9", contract_number="HT-1", **terms).status == 303
        assert [line.sample for line in story.order.lines][-1] == "BP-9" and story.order.contract_number == "HT-1"
        added = story.order.lines[-1].id
        # Refused terms add nothing and lose nothing, whichever of the two forms is wrong.
        lines = len(story.order.lines)
        refused = sends("lines", test="t", sample="BP-10", amount="很多", decision_rule="限值", **terms)
        assert refused.status == 422 and "请填数字，单位元" in refused.text
        assert refused.field("sample") == "BP-10" and refused.field("decision_rule").strip() == "限值"
        refused = sends("lines", test="nothing", sample="BP-10", note="请先做", **terms)
        assert refused.status == 422 and refused.field("sample") == "BP-10"
        assert refused.field("note").strip() == "请先做"
        assert len(story.order.lines) == lines
        # Enter in a field of the terms adds nothing.
        assert sends("lines", test="t", sample="", enter="1", contract_number="HT-2", **terms).status == 303
        assert len(story.order.lines) == lines and story.order.contract_number == "HT-2"
        assert sends("remove-line", line=added, contract_number="HT-3", **terms).status == 303
        states = {line.id: line.state for line in story.order.lines}
        assert states[added] is OrderState.CANCELLED and story.order.contract_number == "HT-3"
        assert sends("hold-all", contract_number="HT-4", **terms).status == 303
        assert sends("submit", contract_number="HT-5", **terms).status == 303
        assert story.order.submitted_at and story.order.contract_number == "HT-5"

    def test_messages_and_notes(self, story: Story) -> None:
        engineer, desk = Visitor(story.app, story.engineer), Visitor(story.app, story.desk)
        where = f"/orders/{story.id}"
        story.holds_all()
        story.submits()
        engineer.post(f"{where}/messages", text="样品周三到。")
        desk.post(f"{where}/messages", text="留意老客户。", internal="y")
        assert "未读留言" in desk.get("/orders/").html or "样品周三到。" in desk.get(where).text
        seen = engineer.get(where).text
        assert "样品周三到。" in seen and "留意老客户。" not in seen
        assert "样品周三到。" not in Visitor(story.app, story.crew).get(where).text
        assert Visitor(story.app, story.crew).post(f"{where}/messages", text="我也说").status == 403
        assert Visitor(story.app, story.rival).post(f"{where}/messages", text="你好").status == 404

    def test_unread_until_read(self, story: Story) -> None:
        engineer, desk = Visitor(story.app, story.engineer), Visitor(story.app, story.desk)
        story.holds_all()
        story.submits()
        story.world.now += timedelta(minutes=5)
        engineer.post(f"/orders/{story.id}/messages", text="样品周三到。")
        assert "未读留言" in desk.get("/orders/").html
        story.world.now += timedelta(minutes=5)
        desk.get(f"/orders/{story.id}")
        assert "未读留言" not in desk.get("/orders/").html


def test_the_clock_stands_still_while_the_customer_is_asked(story: Story) -> None:
    """A question and a payment: both are the company's time, and the turnaround of each line counts them apart."""
    story.holds_all()
    story.submits()
    reviewing.return_order(story.desk.viewer, story.review("电压多少"), story.world.now)
    told = Visitor(story.app, story.desk).get(f"/orders/{story.id}").text
    assert "答复问题 电压多少" in told
    story.world.now += timedelta(hours=5)
    story.submits()
    assert {line.customer_seconds for line in story.order.lines} == {5 * 3600}
    story.accepts()
    waits = Stop(story.id, story.order.version, StopCause.PAYMENT, "预付款")
    with pytest.raises(Forbidden):
        stops.stop(story.engineer.viewer, waits, story.world.now)
    stops.stop(story.desk.viewer, waits, story.world.now)
    with pytest.raises(rules.ClockStopped):
        stops.stop(story.desk.viewer, Stop(story.id, story.order.version, StopCause.WITNESS), story.world.now)
    told = Visitor(story.app, story.engineer).get(f"/orders/{story.id}").text
    assert "实验室在等贵公司：付款" in told and "预付款" in told
    assert "付款" not in Visitor(story.app, story.crew).get(f"/orders/{story.id}").text
    story.world.now += timedelta(hours=2)
    stops.resume(story.desk.viewer, Resume(story.id, story.order.version), story.world.now)
    assert {line.customer_seconds for line in story.order.lines} == {7 * 3600}
    with pytest.raises(rules.ClockRuns):
        stops.resume(story.desk.viewer, Resume(story.id, story.order.version), story.world.now)


@pytest.mark.pg
def test_what_lapses_while_its_order_is_submitted_is_not_asked_for(story: Story, app: Flask) -> None:
    """The holds are given up by the job, not stored yet, when the order is sent with a clock that is a little slow."""
    story.holds_all()
    holds, step = story.bookings(), story.step()
    last, later = (holds[0].hold_expires_at + n * timedelta(seconds=1) for n in (-1, 1))
    told: list[type[Exception]] = []

    def submits() -> None:
        with app.app_context():
            try:
                ordering.submit(story.engineer.viewer, step, last)
            except rules.SlotMissing as refused:
                told.append(type(refused))
            db.session.remove()

    sender = threading.Thread(target=submits)
    with transaction() as session:
        lapse_all(later)
        session.flush()
        sender.start()
        until_one_waits(session)
    sender.join()
    assert told == [rules.SlotMissing]
    assert {booking.state for booking in story.bookings()} == {State.EXPIRED}
    assert db.session.query(Occupancy).count() == 0
