"""The page of a booking: who does what next, what one may do, what happened, and who sees what of it."""

from datetime import timedelta

import pytest
from flask import Flask

from app.booking.lapsing import lapse_all
from app.booking.models import Booking
from app.booking.rules import State
from app.booking.story import TITLES
from app.database import db, transaction
from app.events.models import Event
from tests.visitor import Seen, Visitor
from tests.world import Person, World, at


def _bench(world: World) -> str:
    resource = world.resource()
    world.test("t", setup=60, run=240, teardown=30)
    return resource


class Story:
    """One booking of 甲公司 at the laboratory, and everybody who may look at it."""

    def __init__(self, world: World, app: Flask) -> None:
        _bench(world)
        self.world, self.app = world, app
        self.engineer, self.rival = world.engineer("甲公司"), world.engineer("乙公司")
        self.desk, self.crew = world.lab_admin("lab"), world.bench_crew("lab")
        self.booking = self.engineer.holds(at(5), sample="BP-12", note="请轻放，甲公司机密")

    def seen_by(self, person: Person) -> Seen:
        return Visitor(self.app, person).get(f"/bookings/{self.booking.id}")

    def sends(self, person: Person, step: str, **data: str) -> Seen:
        """The step from the page as it is now, unless another version is given."""
        version = db.session.get_one(Booking, self.booking.id).version
        filled = {"version": str(version)} | data
        return Visitor(self.app, person).post(f"/bookings/{self.booking.id}/{step}", **filled)

    @property
    def state(self) -> State:
        return db.session.get_one(Booking, self.booking.id).state


@pytest.fixture
def story(world: World, clean: Flask) -> Story:
    return Story(world, clean)


def test_a_hold_says_until_when_and_what_comes_then(story: Story) -> None:
    story.world.now += timedelta(minutes=48)
    page = story.seen_by(story.engineer)
    assert "请在今天 11:00 前提交申请，还剩 1 小时 12 分。" in page.text
    assert "暂留 120 分钟，之后自动失效，2 小时内不能再暂留同一时段。提交后由试验中心确认。" in page.text
    assert "提交申请" in page.text and "改期" in page.text and "放弃暂留" in page.text
    assert 'class="next need"' in page.html


def test_a_lapsed_hold_is_over_though_no_job_has_run(story: Story) -> None:
    story.world.now += timedelta(minutes=121)
    page = story.seen_by(story.engineer)
    assert "暂留到期没有提交，时段已放开。" in page.text and "已失效" in page.text
    assert "提交申请</button>" not in page.html
    assert story.sends(story.engineer, "request").status == 409


def test_the_page_shows_the_use_of_the_bench(story: Story) -> None:
    page = story.seen_by(story.engineer)
    assert "占台 11-05 周四 08:30 至 11-05 周四 14:00" in page.text
    assert "准备 1 h11-05 周四 08:30–09:30" in page.text
    assert "试验 4 h11-05 周四 09:30–13:30 一班内做完" in page.text
    assert "清理 30 min11-05 周四 13:30–14:00" in page.text
    assert "样品最迟送到 11-05 周四 08:30" in page.text
    assert "预计 11-12 周四，稳妥 11-17" in page.text


def test_the_whole_line_by_buttons(story: Story) -> None:
    assert story.sends(story.engineer, "request").location == f"/bookings/{story.booking.id}"
    assert "等试验中心确认。您现在不用做什么。" in story.seen_by(story.engineer).text
    story.world.now += timedelta(hours=3)
    desk = story.seen_by(story.desk)
    assert "请确认或婉拒，已等 3 小时。" in desk.text and "确认预约" in desk.text
    story.sends(story.desk, "confirm")
    assert "请在11-05 周四 08:30 前把样品送到试验中心。" in story.seen_by(story.engineer).text
    assert "等样品，11-05 周四 08:30 上台。" in story.seen_by(story.desk).text
    story.world.now = at(5)
    assert "上台时间今天 08:30 已到。请开始试验，样品没有来就记为未到场。" in story.seen_by(story.crew).text
    story.sends(story.crew, "start")
    assert "试验中心正在做试验，计划今天 14:00 结束。" in story.seen_by(story.engineer).text
    story.world.now = at(5, 13, 0)
    story.sends(story.crew, "complete")
    assert story.state is State.COMPLETED
    assert "试验已完成，等试验中心出报告。您现在不用做什么。" in story.seen_by(story.engineer).text
    assert "试验已完成，请出报告：上传后审核、签发，或只登记编号和日期。" in story.seen_by(story.desk).text
    assert "试验已完成，等业务受理登记报告。" in story.seen_by(story.crew).text


def test_history_tells_organisation_and_role_never_a_person(story: Story) -> None:
    story.sends(story.engineer, "request")
    story.sends(story.desk, "decline", reason="夹具不合适")
    for person in (story.engineer, story.desk):
        page = story.seen_by(person)
        assert "暂留 11-05 周四 08:30 上台，环境舱 chamber 甲公司·工程师" in page.text
        assert "婉拒 试验中心·业务受理 原因：夹具不合适" in page.text
        assert "用户" not in page.text
        assert page.text.index("婉拒 试验中心") < page.text.index("暂留 11-05")


def test_every_change_that_a_booking_logs_has_a_name(story: Story, world: World) -> None:
    story.sends(story.engineer, "request")
    story.desk.moves(db.session.get_one(Booking, story.booking.id), at(6), reason="校准")
    story.sends(story.engineer, "refuse-move", reason="样品当天才到")
    story.desk.moves(db.session.get_one(Booking, story.booking.id), at(9), reason="校准")
    story.sends(story.engineer, "accept-move")
    story.sends(story.desk, "confirm")
    story.engineer.moves(db.session.get_one(Booking, story.booking.id), at(11))
    story.sends(story.engineer, "cancel")
    kinds = {kind for (kind,) in db.session.query(Event.kind).filter(Event.subject_id == story.booking.id)}
    assert kinds <= set(TITLES)
    text = story.seen_by(story.engineer).text
    assert "建议改期 到 11-06 周五 08:30，环境舱 chamber" in text
    assert "保留原时段 甲公司·工程师 原因：样品当天才到" in text
    assert "改期 从 11-05 周四 08:30 到 11-09 周一 08:30，环境舱 chamber" in text


class TestWhoSees:
    """A company its own, the desk all of its lab, the crew code, method and sample."""

    def test_a_competitor_finds_nothing(self, story: Story) -> None:
        for path in ("", "/move"):
            assert Visitor(story.app, story.rival).get(f"/bookings/{story.booking.id}{path}").status == 404
        for step in ("request", "cancel", "confirm", "move", "start"):
            assert story.sends(story.rival, step, starts_at="2026-11-06T08:30").status == 404
        assert story.state is State.HELD

    def test_another_lab_and_the_coordinator_find_nothing(self, story: Story, world: World) -> None:
        world.lab("other", "别的中心")
        for person in (world.lab_admin("other"), world.bench_crew("other"), world.coordinator()):
            assert story.seen_by(person).status == 404
            assert story.sends(person, "confirm").status == 404

    def test_the_crew_see_no_company(self, story: Story) -> None:
        story.sends(story.engineer, "request")
        story.engineer.moves(db.session.get_one(Booking, story.booking.id), at(6), reason="甲公司的样品晚到")
        page = story.seen_by(story.crew)
        assert story.booking.code in page.text and "BP-12" in page.text and "GB TEST-2026" in page.text
        assert "甲公司" not in page.html
        assert "委托方·工程师" in page.text

    def test_the_desk_sees_company_and_note(self, story: Story) -> None:
        page = story.seen_by(story.desk)
        assert "委托方 甲公司" in page.text and "请轻放" in page.text

    def test_a_lab_reads_nothing_of_what_happened_at_another(self, story: Story, world: World) -> None:
        world.resource("far", lab="farlab")
        world.capable("far", "t")
        story.sends(story.engineer, "request")
        story.engineer.moves(db.session.get_one(Booking, story.booking.id), at(6), resource="far")
        told = story.seen_by(world.lab_admin("farlab"))
        assert told.status == 200
        assert "环境舱 chamber" not in told.text
        assert story.seen_by(story.desk).status == 404

    def test_a_visitor_is_asked_to_sign_in(self, story: Story, clean: Flask) -> None:
        answer = clean.test_client().get(f"/bookings/{story.booking.id}")
        assert answer.status_code == 303
        assert "/accounts/sign-in" in answer.headers["Location"]


def test_a_company_does_not_do_the_labs_part(story: Story) -> None:
    story.sends(story.engineer, "request")
    for step in ("confirm", "decline", "start", "complete", "no-show"):
        assert story.sends(story.engineer, step, reason="x").status == 403
    page = story.seen_by(story.engineer)
    for label in ("确认预约", "婉拒…", "开始试验", "记为完成"):
        assert label not in page.text
    assert story.state is State.REQUESTED


def test_the_crew_decide_nothing(story: Story) -> None:
    story.sends(story.engineer, "request")
    assert "确认预约" not in story.seen_by(story.crew).text
    assert story.sends(story.crew, "confirm").status == 403
    assert story.sends(story.crew, "decline", reason="x").status == 403


def test_a_stale_page_is_told_and_shows_what_is_there_now(story: Story) -> None:
    old = str(story.booking.version)
    story.sends(story.engineer, "request")
    page = story.sends(story.engineer, "cancel", version=old)
    assert page.status == 409
    assert "这条预约刚刚变过，请看过现在的内容再改。" in page.text
    assert "待确认" in page.text and page.field("version") != old
    assert story.state is State.REQUESTED


@pytest.mark.parametrize("version", ["", "x", "1 OR 1=1", "-1", "9" * 40, "１", "\x00"])
def test_a_tampered_version_is_refused(story: Story, version: str) -> None:
    page = story.sends(story.engineer, "cancel", version=version)
    assert page.status == 422
    assert "这个页面不完整，请重新打开。" in page.text
    assert story.state is State.HELD


def test_a_step_that_does_not_exist_is_not_there(story: Story) -> None:
    for step in ("destroy", "held", "__class__", "new"):
        assert story.sends(story.engineer, step).status == 404


def test_the_lab_says_why_and_what_it_wrote_is_kept(story: Story) -> None:
    story.sends(story.engineer, "request")
    page = story.sends(story.desk, "decline", reason="  ")
    assert page.status == 422
    assert "请写明原因，对方会看到。" in page.text
    assert "<details" in page.html and " open>" in page.html
    page = story.sends(story.desk, "decline", reason="长" * 10_000)
    assert "最多 500 个字符，现在 10000 个。" in page.text
    assert "长" * 10_000 in page.field("reason")
    assert story.state is State.REQUESTED
    story.sends(story.desk, "decline", reason="夹具\x00不合适")
    told = story.seen_by(story.engineer).text
    assert "试验中心没有接受这次申请。可以另选时段。" in told and "原因：夹具不合适。" in told


def test_the_address_of_the_inbox_opens_the_reason(story: Story) -> None:
    story.sends(story.engineer, "request")
    page = Visitor(story.app, story.desk).get(f"/bookings/{story.booking.id}", do="decline")
    assert '<details class="reason" id="decline" open>' in page.html


def test_an_early_start_tells_for_when_it_was_booked(story: Story) -> None:
    story.sends(story.engineer, "request")
    story.sends(story.desk, "confirm")
    story.world.now = at(4)
    story.sends(story.desk, "start")
    assert "比预约早，原定 11-05 周四 08:30 上台" in story.seen_by(story.engineer).text


def test_close_to_the_start_a_company_asks_the_lab(story: Story) -> None:
    story.sends(story.engineer, "request")
    story.sends(story.desk, "confirm")
    early = story.seen_by(story.engineer)
    assert "11-03 周二 08:30 之前可以自己改期或取消。" in early.text and "给实验室留言" not in early.text
    story.world.now = at(4)
    page = story.seen_by(story.engineer)
    assert "离上台不足 48 小时，改期或取消要先和实验室商量" in page.text
    assert "取消预约" not in page.text
    assert f'href="/orders/{story.booking.order_line.order_id}#messages">给实验室留言' in page.html
    old = Visitor(story.app, story.engineer).get(f"/bookings/{story.booking.id}/move")
    assert old.status == 409 and old.text.count("离上台不足 48 小时，改期或取消要先和实验室商量，由实验室处理。") == 2
    assert f"预约 / {story.booking.code}" in old.text and "给实验室留言" in old.text
    assert story.sends(story.engineer, "cancel").status == 409
    assert story.sends(story.desk, "cancel", reason="台架故障").status == 303
    assert "试验中心取消了预约，时段已放开。" in story.seen_by(story.engineer).text


def test_what_came_a_moment_ago_is_not_counted_in_minutes(story: Story) -> None:
    story.sends(story.engineer, "request")
    assert "刚刚提交。到上台时间还没有确认就自动失效。" in story.seen_by(story.engineer).text
    assert "请确认或婉拒，刚刚提交。" in story.seen_by(story.desk).text
    assert "刚刚提交" in Visitor(story.app, story.desk).get("/inbox").text
    story.sends(story.desk, "confirm")
    page = story.seen_by(story.engineer)
    assert "评审11-02 提交并确认" in page.text
    assert "0 分钟" not in page.text


def test_a_soonest_report_is_offered_only_when_the_nearest_times_have_none_as_soon(story: Story) -> None:
    address = f"/bookings/{story.booking.id}/move"
    assert "最早出报告" in Visitor(story.app, story.engineer).get(address).text
    story.engineer.moves(story.booking, at(3, 9))
    near = Visitor(story.app, story.engineer).get(address)
    assert "最近的空档" in near.text and "最早出报告" not in near.text


def test_what_was_typed_has_its_language_where_it_is_not_the_pages(story: Story) -> None:
    chinese, english = Visitor(story.app, story.engineer), Visitor(story.app, story.engineer).english()
    address = f"/bookings/{story.booking.id}"
    assert '<span lang="zh-CN">请轻放，甲公司机密</span>' in english.get(address).html
    assert '<dd class="typed">请轻放' in chinese.get(address).html
    story.sends(story.engineer, "describe", sample="BP-12", note="Keep <dry> and upright")
    assert '<span lang="en">Keep &lt;dry&gt; and upright</span>' in chinese.get(address).html
    assert '<dd class="typed">Keep &lt;dry&gt; and upright' in english.get(address).html
    assert "<dd>BP-12" in chinese.get(address).html


def test_both_sides_find_the_way_to_the_messages_of_the_order(story: Story) -> None:
    link = f'href="/orders/{story.booking.order_line.order_id}#messages">在委托单里留言'
    assert link not in story.seen_by(story.engineer).html
    story.sends(story.engineer, "request")
    engineer, desk, crew = map(story.seen_by, (story.engineer, story.desk, story.crew))
    assert link in engineer.html and "联系实验室" in engineer.text
    assert link in desk.html and "联系委托方" in desk.text
    assert "#messages" not in crew.html
    assert 'href="/labs/lab"' in engineer.html


def test_what_the_company_cancelled_is_said_to_each_side_in_its_words(story: Story) -> None:
    story.sends(story.engineer, "request")
    story.sends(story.engineer, "cancel")
    assert "贵公司取消了预约，时段已放开。" in story.seen_by(story.engineer).text
    assert "委托方取消了预约，时段已放开。" in story.seen_by(story.desk).text


def test_a_proposed_time_is_accepted_with_one_click(story: Story) -> None:
    story.sends(story.engineer, "request")
    story.desk.moves(db.session.get_one(Booking, story.booking.id), at(6), reason="台架校准")
    page = story.seen_by(story.engineer)
    assert "试验中心建议改到 11-06 周五 08:30。" in page.text and "原因：台架校准。" in page.text
    assert "已建议改到 11-06 周五 08:30，等委托方答复" in story.seen_by(story.desk).text
    story.sends(story.engineer, "accept-move")
    assert db.session.get_one(Booking, story.booking.id).starts_at == at(6)


def test_a_sample_that_did_not_come(story: Story) -> None:
    story.sends(story.engineer, "request")
    story.sends(story.desk, "confirm")
    assert "记为未到场" not in story.seen_by(story.crew).text
    story.world.now = at(5, 10)
    assert "记为未到场" in story.seen_by(story.crew).text
    story.sends(story.crew, "no-show")
    assert "样品没有按时送到，试验中心记为未到场。" in story.seen_by(story.engineer).text


def test_html_in_what_people_type_stays_text(story: Story) -> None:
    with transaction() as session:
        booking = session.get_one(Booking, story.booking.id)
        booking.note, booking.sample = "<script>alert(1)</script>", "<b>BP</b>"
    page = story.seen_by(story.desk)
    assert "<script>alert" not in page.html and "<b>BP</b>" not in page.html
    assert "&lt;script&gt;" in page.html


def test_the_calendar_is_one_click_away(story: Story) -> None:
    page = story.seen_by(story.engineer)
    assert f"/bookings/{story.booking.id}.ics" in page.html and "/feeds/" in page.html


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_a_sentence_for_every_role_in_both_languages(story: Story, state: State) -> None:
    reach(story, state)
    assert story.state is state
    for person in (story.engineer, story.desk, story.crew):
        for visitor in (Visitor(story.app, person), Visitor(story.app, person).english()):
            page = visitor.get(f"/bookings/{story.booking.id}")
            assert page.status == 200
            assert 'class="next' in page.html


def reach(story: Story, state: State) -> None:
    """Bring the booking into the state by the steps that lead there."""
    steps = {
        State.HELD: [],
        State.REQUESTED: ["request"],
        State.CONFIRMED: ["request", "confirm"],
        State.DECLINED: ["request", "decline"],
        State.CANCELLED: ["cancel"],
        State.EXPIRED: ["lapse"],
        State.RUNNING: ["request", "confirm", "start"],
        State.COMPLETED: ["request", "confirm", "start", "complete"],
        State.NO_SHOW: ["request", "confirm", "no-show"],
    }
    for step in steps[state]:
        if step == "lapse":
            story.world.now += timedelta(hours=3)
            lapse_all(story.world.now)
            continue
        if step in ("start", "no-show"):
            story.world.now = at(5, 9)
        if step == "complete":
            story.world.now = at(5, 12)
        person = story.engineer if step in ("request", "cancel") else story.desk
        assert story.sends(person, step, reason="因为").status == 303


@pytest.mark.parametrize("end", ["declined", "cancelled", "expired"])
def test_who_has_lost_a_time_is_led_to_another(story: Story, end: str) -> None:
    if end == "declined":
        story.sends(story.engineer, "request")
        story.sends(story.desk, "decline", reason="夹具不合适")
    elif end == "cancelled":
        story.sends(story.engineer, "cancel")
    else:
        story.world.now += timedelta(minutes=121)
    page = story.seen_by(story.engineer)
    assert '<a class="btn " href="/bookings/new?test=t&amp;sample=BP-12">另选时段</a>' in page.html
    assert "另选时段</a>" not in story.seen_by(story.desk).html
    choices = Visitor(story.app, story.engineer).get("/bookings/new", test="t", sample="BP-12")
    assert choices.status == 200 and choices.field("sample") == "BP-12"
