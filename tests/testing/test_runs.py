"""Runs as the phone of the lab records them: pauses, results, delays, retests, benches that report themselves."""

from datetime import timedelta

import pytest
from flask import Flask

from app.accounts.policy import Viewer
from app.booking.delaying import Delay, announce_delay
from app.booking.models import Booking
from app.booking.rules import NotLater, Stale, State, TooLateToCancel, WrongState
from app.booking.steps import Change
from app.database import db, transaction
from app.errors import Forbidden, NotFound
from app.notifications.queries import inbox
from app.notifications.reading import read_events
from app.notifications.wording import sentence
from app.orders import reviewing
from app.orders.models import Order, OrderLine, OrderState
from app.orders.reviewing import Review
from app.orders.rules import CHECKLIST, RetestAsked
from app.testing import bench_tokens, run_queries, run_rules, runs
from app.testing.bench_tokens import NewBenchToken
from app.testing.run_rules import PauseCause, Result
from app.testing.runs import Finish, Pause, Retest
from tests.http import browser, program
from tests.visitor import Visitor
from tests.world import NOW, World, at


class Story:
    """甲公司 is on the chamber from the 5th at half past eight, 乙公司 follows at half past twelve."""

    def __init__(self, world: World, app: Flask) -> None:
        world.bench(shifts="continuous")
        self.world, self.app = world, app
        self.jia, self.yi = world.engineer("甲公司"), world.engineer("乙公司")
        self.desk, self.crew = world.lab_admin("lab"), world.bench_crew("lab")
        self.first = self.jia.requests(at(5), sample="BP-12")
        self.next = self.yi.requests(at(5, 12, 30), sample="乙包")
        for booking in (self.first, self.next):
            self.desk.does("confirm", booking)
        world.now = self.first.starts_at

    def version(self, booking: Booking) -> int:
        db.session.expire_all()
        found = db.session.get_one(Booking, booking.id).version
        db.session.rollback()
        return found

    def change(self, booking: Booking) -> tuple[str, int]:
        return booking.id, self.version(booking)

    def ends(self, result: Result, why: str = "") -> None:
        runs.finish(self.crew.viewer, Finish(*self.change(self.first), why, result), self.world.now)

    def order(self) -> Order:
        db.session.expire_all()
        return db.session.get_one(Order, self.first.order_line.order_id)

    def retests(self, viewer: Viewer, sample: str = "") -> None:
        order = self.order()
        line = order.lines[0]
        command = Retest(order.id, line.id, order.version, sample)
        db.session.rollback()
        runs.retest(viewer, command, self.world.now)


@pytest.fixture
def story(world: World, clean: Flask) -> Story:
    return Story(world, clean)


def test_pauses_have_a_cause_and_follow_one_another(story: Story) -> None:
    command = Pause(*story.change(story.first), "", PauseCause.EQUIPMENT)
    with pytest.raises(run_rules.NotRunning):
        runs.pause(story.crew.viewer, command, story.world.now)
    story.crew.does("start", story.first)
    runs.pause(story.crew.viewer, Pause(*story.change(story.first), "冷却泵", PauseCause.EQUIPMENT), story.world.now)
    with pytest.raises(run_rules.AlreadyPaused):
        runs.pause(story.crew.viewer, Pause(*story.change(story.first)), story.world.now)
    told = Visitor(story.app, story.jia).get(f"/bookings/{story.first.id}").text
    assert "暂停中：设备故障" in told
    story.world.now += timedelta(hours=1)
    runs.resume(story.crew.viewer, Change(*story.change(story.first)), story.world.now)
    with pytest.raises(run_rules.NotPaused):
        runs.resume(story.crew.viewer, Change(*story.change(story.first)), story.world.now)
    (paused,) = run_queries.pauses(story.first.id)
    assert paused.ended_at is not None and paused.ended_at - paused.started_at == timedelta(hours=1)


def test_a_run_ends_once_with_its_result_and_equipment(story: Story) -> None:
    story.crew.does("start", story.first)
    story.world.now += timedelta(hours=2)
    with pytest.raises(run_rules.CommentNeeded):
        story.ends(Result.FAILED)
    with pytest.raises(Stale):
        runs.finish(story.crew.viewer, Finish(story.first.id, 1, "", Result.PASSED), story.world.now)
    story.ends(Result.PASSED)
    with pytest.raises(run_rules.AlreadyJudged):
        story.ends(Result.FAILED, "又按了一次")
    found = run_queries.result(db.session(), story.first.id)
    assert found is not None and [each["id"] for each in found.equipment["used"]] == ["chamber"]
    free = Visitor(story.app, story.crew).get(f"/bookings/{story.first.id}/run").text
    assert "结果：合格" in free and "甲公司" not in free


def test_what_was_ended_without_a_word_is_judged_later(story: Story) -> None:
    story.crew.does("start", story.first)
    story.crew.does("complete", story.first)
    story.ends(Result.INVALID, "采集中断")
    told = Visitor(story.app, story.jia).get(f"/orders/{story.first.order_line.order_id}").text
    assert "试验无效 采集中断" in told and "安排复测" in told


def test_two_hours_late_and_the_next_customer_has_three_choices(story: Story) -> None:
    story.crew.does("start", story.first)
    story.world.now = at(5, 12)
    with pytest.raises(NotLater):
        announce_delay(story.crew.viewer, Delay(*story.change(story.first), "", at(5, 12)), story.world.now)
    with pytest.raises(TooLateToCancel):
        story.yi.does("cancel", story.next)
    outcomes = announce_delay(story.crew.viewer, Delay(*story.change(story.first), "", at(5, 14, 30)), story.world.now)
    assert [(each.booking_id, each.refused) for each in outcomes] == [(story.next.id, "")]
    page = Visitor(story.app, story.yi).get(f"/bookings/{story.next.id}")
    assert "前一项试验晚了" in page.text and "11-05 周四 14:30" in page.text
    assert all(choice in page.text for choice in ("同意改期", "改期", "取消预约"))
    assert "甲公司" not in page.text and story.first.code not in page.html
    assert story.next.starts_at == at(5, 12, 30)
    story.yi.does("accept-move", story.next)
    assert story.next.starts_at == at(5, 14, 30)


def test_who_is_delayed_may_cancel_however_late(story: Story) -> None:
    story.crew.does("start", story.first)
    story.world.now = at(5, 12)
    announce_delay(story.crew.viewer, Delay(*story.change(story.first), "", at(5, 14, 30)), story.world.now)
    story.yi.does("cancel", story.next)
    assert story.next.state is State.CANCELLED


def test_a_late_run_also_holds_up_the_other_test_of_its_sample(story: Story) -> None:
    """On another bench, where nothing can be proposed: told all the same, free to choose or to cancel."""
    second = story.world.resource("second", shifts="continuous")
    story.world.test("u", on=second)
    with transaction() as session:
        order = session.get_one(Order, story.first.order_line.order_id)
        order.direct = False
        line = OrderLine(order_id=order.id, company_id=order.company_id, lab_id="lab", test_id="u", sample="BP-12")
        line.state, line.position, line.submitted_at, line.accepted_at = OrderState.ACCEPTED, 2, NOW, NOW
        session.add(line)
    began, story.world.now = story.world.now, NOW
    other = story.jia.requests(at(5, 20), resource="second", test="u", order_id=story.order().id, sample="BP-12")
    story.world.now = began
    story.crew.does("start", story.first)
    story.world.now = at(5, 12)
    announce_delay(story.crew.viewer, Delay(*story.change(story.first), "", at(5, 23)), story.world.now)
    assert db.session.get_one(Booking, other.id).delayed_until == at(5, 23)
    assert "前一项试验晚了，不能按时上台" in Visitor(story.app, story.jia).get(f"/bookings/{other.id}").text
    read_events(story.world.now)
    told = [sum("才结束，预约" in sentence(each) for each in inbox(person.viewer)) for person in (story.jia, story.yi)]
    assert told == [1, 0]
    assert story.jia.does("cancel", db.session.get_one(Booking, other.id)).state is State.CANCELLED


def test_a_late_run_keeps_its_bench_while_nobody_comes(story: Story) -> None:
    story.desk.does("cancel", story.next, reason="停电")
    story.crew.does("start", story.first)
    story.world.now = at(5, 12)
    announce_delay(story.crew.viewer, Delay(*story.change(story.first), "", at(5, 14, 30)), story.world.now)
    assert db.session.get_one(Booking, story.first.id).ends_at == at(5, 14, 30)


def test_a_retest_keeps_its_place_and_names_its_cause(story: Story) -> None:
    """After a failure the lab reviews what the company asks for; what was not valid it repeats by itself."""
    story.crew.does("start", story.first)
    story.ends(Result.FAILED, "泄漏")
    with pytest.raises(run_rules.ResultMissing):
        story.retests(story.desk.viewer)
    with pytest.raises(NotFound):
        story.retests(story.yi.viewer)
    story.retests(story.jia.viewer, "BP-13")
    with pytest.raises(RetestAsked):
        story.retests(story.jia.viewer)
    order = story.order()
    first, again = order.lines
    assert (again.position, again.attempt, again.retest_of_id) == (first.position, 2, first.id)
    assert (again.retest_cause, again.state, again.sample) == ("failed", OrderState.SUBMITTED, "BP-13")
    review = Review(order.id, order.version, dict.fromkeys(CHECKLIST, True))
    reviewing.accept_order(story.desk.viewer, review, story.world.now)
    assert story.order().lines[1].state is OrderState.ACCEPTED
    slot = story.jia.holds(at(12), order_id=order.id)
    assert slot.order_line_id == again.id and slot.sample == "BP-13"


@pytest.mark.parametrize("result", [Result.FAILED, Result.INVALID])
def test_the_order_says_who_arranges_the_retest(story: Story, result: Result) -> None:
    story.crew.does("start", story.first)
    story.ends(result, "泄漏")
    path, line = f"/orders/{story.order().id}", story.order().lines[0].id
    told = {
        Result.FAILED: ("要复测，请由贵公司安排；不复测就等报告。", "复测由企业安排；不复测请出报告。"),
        Result.INVALID: ("试验无效，等实验室安排复测。", "试验无效，请安排复测。"),
    }[result]
    for person, said in zip((story.jia, story.desk), told, strict=True):
        page = Visitor(story.app, person).get(path)
        may = person is story.jia or result is Result.INVALID
        assert said in page.text and (f'href="#retest-{line}"' in page.html) is may
        assert (f'<details id="retest-{line}" open>' in page.html) is may
    story.retests(story.jia.viewer)
    assert told[0] not in Visitor(story.app, story.jia).get(path).text


def test_days_before_the_start_nobody_starts_by_one_press(story: Story) -> None:
    path = f"/bookings/{story.first.id}/run"
    assert "提前开始" not in Visitor(story.app, story.crew).get(path).text
    story.world.now -= timedelta(days=2)
    page = Visitor(story.app, story.crew).get(path)
    assert "提前开始… 预约的上台时间还没有到。现在开始，占台从现在算起，原来的时段放开。" in page.text
    version = page.field("version")
    assert Visitor(story.app, story.crew).post(f"{path}/start", version=version).status == 303
    assert db.session.get_one(Booking, story.first.id).starts_at == story.world.now


def test_only_the_lab_runs(story: Story) -> None:
    story.crew.does("start", story.first)
    for viewer, refusal in ((story.jia.viewer, Forbidden), (story.yi.viewer, NotFound)):
        with pytest.raises(refusal):
            runs.pause(viewer, Pause(*story.change(story.first)), story.world.now)
        with pytest.raises(refusal):
            runs.finish(viewer, Finish(*story.change(story.first)), story.world.now)
    assert Visitor(story.app, story.jia).get(f"/bookings/{story.first.id}/run").status == 403
    assert Visitor(story.app, story.yi).get(f"/bookings/{story.first.id}/run").status == 404


def test_a_bench_reports_with_a_token_of_its_own(story: Story) -> None:
    with pytest.raises(Forbidden):
        bench_tokens.create(story.crew.viewer, NewBenchToken("chamber", "采集"), story.world.now)
    token, secret = bench_tokens.create(story.desk.viewer, NewBenchToken("chamber", "采集"), story.world.now)
    client, headers = browser(story.app), {"Authorization": f"Bearer {secret}"}

    def says(event: str, **more: str) -> tuple[int, str]:
        answer = client.post("/api/v1/bench/events", json={"event": event, **more}, headers=headers)
        return answer.status_code, answer.json.get("state") or answer.json["code"]

    story.crew.does("start", story.first)
    assert says("fault", at="2031-01-01T00:00:00+08:00") == (200, "running")
    assert run_queries.pauses(story.first.id)[0].cause is PauseCause.EQUIPMENT
    assert says("resume") == (200, "running")
    assert says("pause", booking=story.next.code) == (409, "wrong_state")
    assert says("end") == (200, "completed")
    assert client.get("/api/v1/bookings", headers=headers).status_code == 401
    assert client.post("/api/v1/bench/events", json={"event": "end"}, headers=program(story.desk)).status_code == 401
    bench_tokens.revoke(story.desk.viewer, token.id, story.world.now)
    assert says("end") == (401, "unauthenticated")


def test_a_program_runs_a_booking(story: Story) -> None:
    client, headers = browser(story.app), program(story.desk)
    story.crew.does("start", story.first)
    where = f"/api/v1/runs/{story.first.id}"
    body = {"version": story.version(story.first), "cause": "supply", "reason": "停电"}
    assert client.post(f"{where}/pause", json=body, headers=headers).json["pauses"][0]["cause"] == "supply"
    body = {"version": story.version(story.first), "result": "failed", "reason": "泄漏"}
    done = client.post(f"{where}/finish", json=body, headers=headers).json
    assert (done["state"], done["result"], done["comment"]) == ("completed", "failed", "泄漏")
    assert done["pauses"][0]["ended_at"]
    assert client.post(f"{where}/finish", json=body, headers=headers).status_code == 409


def test_a_run_that_is_over_is_not_ended_again(story: Story) -> None:
    story.crew.does("start", story.first)
    story.crew.does("complete", story.first)
    with pytest.raises(WrongState):
        runs.complete(story.crew.viewer, Change(*story.change(story.first)), story.world.now)


def test_a_time_for_the_retest_is_asked_for_on_its_page(story: Story) -> None:
    story.crew.does("start", story.first)
    story.ends(Result.INVALID, "采集中断")
    story.retests(story.desk.viewer)
    order = story.order()
    engineer = Visitor(story.app, story.jia)
    assert "选时段" in engineer.get(f"/orders/{order.id}").text
    found = engineer.get("/bookings/new", test="t", order=order.id, sample="BP-12")
    shown = engineer.post("/bookings/new", test="t", order=order.id, sample="BP-12", choice=found.field("choice"))
    left = ("choice", "state", "csrf_token")
    fields = {name: values[-1] for name, values in shown.fields.items() if name not in left}
    made = engineer.post("/bookings/new", **fields, state="requested")
    assert made.status == 303, made.text


def test_a_failed_test_waits_for_its_company_until_it_is_repeated(story: Story) -> None:
    story.crew.does("start", story.first)
    story.ends(Result.FAILED, "绝缘电阻过低")
    code, said = story.order().code, "有一项不合格，请安排复测，或等报告。"
    jia, yi = Visitor(story.app, story.jia), Visitor(story.app, story.yi)
    for path in ("/", "/work/?list=mine"):
        page = jia.get(path)
        assert said in page.text and code in page.text and f"/orders/{story.order().id}" in page.html
        assert said not in yi.get(path).text
    story.retests(story.jia.viewer)
    assert said not in jia.get("/").text and said not in jia.get("/work/", list="mine").text
