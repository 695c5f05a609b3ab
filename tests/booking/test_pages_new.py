"""The form of a new booking: filled in by the page that leads to it, and kept through every refusal."""

from datetime import timedelta

import pytest
from flask import Flask

from app.booking.models import Booking
from app.booking.rules import State
from app.database import db, transaction
from app.labs import rules as kinds
from app.labs.models import Lab
from tests.visitor import Seen, Visitor
from tests.world import Person, World, at

# Thursday the 5th of November 2026, 08:30 in Chongqing.
MORNING = "2026-11-05T08:30"


@pytest.fixture
def engineer(world: World) -> Person:
    world.bench(grain=30)
    return world.engineer("甲公司")


@pytest.fixture
def visitor(engineer: Person, clean: Flask) -> Visitor:
    return Visitor(clean, engineer)


def sends(visitor: Visitor, **changed: str) -> Seen:
    """The form with everything right but for what is changed."""
    filled = {"test": "t", "resource": "chamber", "starts_at": MORNING, "state": "held", "sample": "BP-12"}
    return visitor.post("/bookings/new", **(filled | changed))


def test_a_free_window_leads_to_the_form_with_place_and_time(visitor: Visitor) -> None:
    page = visitor.get("/bookings/new", test="t", resource="chamber", starts_at="2026-11-05T00:30:00+00:00")
    assert page.status == 200
    assert page.field("starts_at") == MORNING
    assert "11-05 周四 08:30，北京时间" in page.text
    assert "占台 11-05 周四 08:30 至 11-05 周四 12:30" in page.text
    assert "样品最迟送到 11-05 周四 08:30" in page.text
    assert "预计 11-12 周四，稳妥 11-17 按计划值" in page.text
    assert "有出处" in page.text and "计划值" in page.text


def test_a_time_in_a_link_may_have_lost_its_plus_sign(visitor: Visitor) -> None:
    page = visitor.get("/bookings/new?test=t&resource=chamber&starts_at=2026-11-05T08:30:00+08:00")
    assert page.field("starts_at") == MORNING


def test_the_search_page_holds_with_one_post(visitor: Visitor) -> None:
    answer = visitor.post(
        "/bookings/new", test="t", resource="chamber", starts_at="2026-11-05T08:30:00+08:00", state="held"
    )
    booking = db.session.query(Booking).one()
    assert (answer.status, answer.location) == (303, f"/bookings/{booking.id}")
    assert (booking.state, booking.starts_at) == (State.HELD, at(5))


def test_local_time_typed_is_stored_as_the_instant_it_means(visitor: Visitor) -> None:
    sends(visitor, state="requested", note="需见证，2 人")
    booking = db.session.query(Booking).one()
    assert (booking.state, booking.starts_at) == (State.REQUESTED, at(5, 8, 30))
    assert (booking.sample, booking.note) == ("BP-12", "需见证，2 人")


def test_sent_twice_by_a_nervous_finger_it_is_one_booking(visitor: Visitor) -> None:
    key = visitor.get("/bookings/new", test="t", resource="chamber", starts_at=MORNING).field("key")
    first, second = sends(visitor, key=key), sends(visitor, key=key)
    assert (first.status, second.status) == (303, 303)
    assert first.location == second.location
    assert db.session.query(Booking).count() == 1


def test_on_a_known_bench_the_test_is_chosen_among_what_it_can_do(world: World, visitor: Visitor) -> None:
    world.test("other", on="elsewhere")
    page = visitor.get("/bookings/new", resource="chamber", starts_at=MORNING)
    assert page.status == 200
    assert "项目 t" in page.text and "项目 other" not in page.text
    assert page.field("starts_at") == "2026-11-05T08:30:00+08:00"


def test_a_known_test_leads_to_the_soonest_bench(visitor: Visitor) -> None:
    page = visitor.get("/bookings/new", test="t")
    assert "选台架和时间" in page.text and "11-03 周二 09:00" in page.text
    chosen = visitor.post("/bookings/new", test="t", choice=page.field("choice"))
    assert chosen.status == 200
    assert chosen.field("starts_at") == "2026-11-03T09:00"
    assert db.session.query(Booking).count() == 0


def test_without_anything_known_one_searches_first(visitor: Visitor) -> None:
    assert visitor.get("/bookings/new").location == "/search"


@pytest.mark.parametrize(
    ("starts_at", "says"),
    [
        ("2026-11-05T20:00", "不开放：班次以外。下次开放 11-06 周五 08:30。"),
        ("2026-11-07T08:30", "不开放：休息日。下次开放 11-09 周一 08:30。"),
        ("2027-01-01T08:30", "不开放：元旦。下次开放"),
        ("2026-11-05T08:40", "上台时间要落在 30 min 的刻度上，最近的是 11-05 周四 09:00。"),
        ("2026-10-05T08:30", "上台时间已经过去。"),
        ("2026-11-02T15:00", "须提前 1 个工作日，最早 11-03 周二 09:00。"),
        ("2027-08-05T08:30", "最多提前 180 天，最晚 2027-05-01 周六 09:00。"),
        ("2026-11-05T14:00", "从这个时间开始，试验排不进这个台架的工作时间。"),
        ("", "请填日期和时间，例如 2026-05-06 08:30。"),
        ("morgen", "请填日期和时间，例如 2026-05-06 08:30。"),
        ("0001-01-01T08:30", "请填日期和时间，例如 2026-05-06 08:30。"),
        ("9999-12-31T23:59", "请填日期和时间，例如 2026-05-06 08:30。"),
    ],
)
def test_a_time_that_cannot_be_had_is_told_at_its_field_and_all_is_kept(
    world: World, visitor: Visitor, starts_at: str, says: str
) -> None:
    if "14:00" in starts_at:
        world.test("long", run=20 * 60)
        page = sends(visitor, test="long", note="请轻放")
    else:
        page = sends(visitor, starts_at=starts_at, note="请轻放")
    assert page.status == 422
    assert says in page.text
    assert page.field("note").strip() == "请轻放"
    assert page.field("sample") == "BP-12"
    assert db.session.query(Booking).count() == 0


def test_a_closed_time_offers_what_comes_next(visitor: Visitor) -> None:
    page = sends(visitor, starts_at="2026-11-07T08:30")
    assert "接下来的空档" in page.text and "11-09 周一 08:30" in page.text


def test_ten_thousand_characters_are_refused_clearly_and_kept(visitor: Visitor) -> None:
    page = sends(visitor, note="长" * 10_000, sample="样" * 201)
    assert page.status == 422
    assert "最多 2000 个字符，现在 10000 个。" in page.text
    assert "最多 200 个字符，现在 201 个。" in page.text
    assert page.field("note").strip() == "长" * 10_000
    assert db.session.query(Booking).count() == 0


def test_nul_bytes_do_no_harm(visitor: Visitor) -> None:
    assert sends(visitor, note="a\x00b", sample="\x00BP", test="t\x00").status == 303
    booking = db.session.query(Booking).one()
    assert (booking.note, booking.sample) == ("ab", "BP")
    assert visitor.get("/bookings/new?test=%00t&resource=chamber").status < 500
    assert visitor.get("/bookings/%00").status == 404


@pytest.mark.parametrize(
    "changed",
    [{"test": "nonsense"}, {"resource": "nonsense"}, {"test": "x" * 5000}, {"resource": "x" * 5000}],
)
def test_a_tampered_test_or_bench_is_not_there(visitor: Visitor, changed: dict[str, str]) -> None:
    assert sends(visitor, **changed).status == 404
    assert db.session.query(Booking).count() == 0


def test_a_bench_that_cannot_do_the_test_is_refused(world: World, visitor: Visitor) -> None:
    world.resource("other")
    page = sends(visitor, resource="other")
    assert page.status == 422
    assert "这个台架不能做这个检测项目。" in page.text


@pytest.mark.parametrize("state", ["confirmed", "running", "HELD", "x"])
def test_nobody_gives_himself_another_state(visitor: Visitor, state: str) -> None:
    page = sends(visitor, state=state)
    assert page.status == 422
    assert "请选暂留或提交申请。" in page.text
    assert db.session.query(Booking).count() == 0


def test_the_limit_of_holds_is_told_above_the_form(engineer: Person, visitor: Visitor) -> None:
    for day in (5, 6, 9, 10, 11):
        engineer.holds(at(day))
    page = sends(visitor, starts_at="2026-11-12T08:30")
    assert page.status == 409
    assert "贵公司已有 5 个暂留。请先提交或放弃一个。" in page.text
    assert page.field("sample") == "BP-12"


def test_a_dropped_hold_cannot_be_held_again_at_once_but_requested(engineer: Person, visitor: Visitor) -> None:
    engineer.does("cancel", engineer.holds(at(5)))
    page = sends(visitor)
    assert page.status == 409
    assert "贵公司刚暂留过这个时段" in page.text
    assert sends(visitor, state="requested").status == 303


def test_looking_at_a_time_stores_nothing_and_keeps_what_was_typed(visitor: Visitor) -> None:
    page = sends(visitor, state="preview", starts_at="2026-11-06T09:00", note="请轻放")
    assert page.status == 200
    assert "占台 11-06 周五 09:00 至 11-06 周五 13:00" in page.text
    assert page.field("note").strip() == "请轻放"
    assert db.session.query(Booking).count() == 0


class TestALostSlot:
    """Somebody was faster: 409, the nearest free times as one click, everything typed kept."""

    @pytest.fixture
    def page(self, world: World, visitor: Visitor) -> Seen:
        world.engineer("乙公司").holds(at(5))
        return sends(visitor, state="requested", note="需见证，2 人；<b>", sample="BP-12，412 kg")

    def test_says_so_and_offers_the_three_nearest(self, page: Seen) -> None:
        assert page.status == 409
        assert "11-05 周四 08:30 已不可约" in page.text
        assert page.html.count('name="choice"') == 3
        assert "同一台架" in page.text
        assert "报告日期不变" in page.text or "个工作日" in page.text

    def test_says_not_whose_it_is_nor_when_it_was_taken(self, page: Seen) -> None:
        assert "乙公司" not in page.html
        for word in ("刚被", "有人", "只剩", "暂留中"):
            assert word not in page.text

    def test_keeps_everything_for_one_click(self, page: Seen, visitor: Visitor) -> None:
        assert page.fields["note"][-1] == "需见证，2 人；<b>"
        assert page.fields["sample"][-1] == "BP-12，412 kg"
        sent = {name: page.fields[name][-1] for name in ("test", "resource", "starts_at", "sample", "note", "key")}
        answer = visitor.post("/bookings/new", state="requested", choice=page.field("choice"), **sent)
        booking = db.session.query(Booking).filter_by(state=State.REQUESTED).one()
        assert answer.location == f"/bookings/{booking.id}"
        assert (booking.sample, booking.note) == ("BP-12，412 kg", "需见证，2 人；<b>")
        assert booking.starts_at != at(5)

    def test_leads_back_to_the_form_with_everything_in_it(self, page: Seen, visitor: Visitor) -> None:
        form = sends(visitor, state="preview", note=page.fields["note"][-1])
        assert form.status == 200
        assert form.field("note").strip() == "需见证，2 人；<b>"
        assert "已不可约" in form.text and "<dialog" not in form.html


def test_ones_own_booking_in_the_way_is_named(engineer: Person, visitor: Visitor) -> None:
    mine = engineer.requests(at(5))
    page = sends(visitor)
    assert page.status == 409
    assert "这段时间贵公司已有预约" in page.text and mine.code in page.text


def test_a_lapsed_hold_of_another_blocks_nobody(world: World, visitor: Visitor) -> None:
    world.engineer("乙公司").holds(at(5))
    world.now += timedelta(minutes=121)
    assert sends(visitor).status == 303


class TestALabThatNobodyHasConfirmed:
    """Low confidence: what is known and what isn't comes first, and nothing is held unless one says so."""

    @pytest.fixture(autouse=True)
    def doubtful(self, engineer: Person) -> None:
        with transaction() as session:
            session.get_one(Lab, "lab").confidence = "low"

    def test_is_told_before_the_form(self, visitor: Visitor) -> None:
        page = visitor.get("/bookings/new", test="t", resource="chamber", starts_at=MORNING)
        assert "暂留前请先核实" in page.text
        assert "公开资料没有证实试验中心目前对外运营。请先向实验室核实，再送样。" in page.text
        assert "仍然暂留 120 分钟" in page.text

    def test_holds_nothing_for_a_post_that_has_not_seen_it(self, visitor: Visitor) -> None:
        page = sends(visitor, note="请轻放")
        assert page.status == 422
        assert "暂留前请先核实" in page.text
        assert page.field("note") == "请轻放"
        assert db.session.query(Booking).count() == 0

    def test_holds_after_the_tick(self, visitor: Visitor) -> None:
        assert sends(visitor, acknowledged="y").status == 303
        assert db.session.query(Booking).count() == 1

    def test_leads_to_the_form_with_the_tick_kept(self, visitor: Visitor) -> None:
        page = sends(visitor, acknowledged="y", state="preview")
        assert page.status == 200
        assert "暂留前请先核实" not in page.text and "提交申请" in page.text
        assert "checked" in page.html


def test_a_pool_gives_any_unit(world: World, clean: Flask) -> None:
    world.resource("cell-1", pool="cell")
    world.resource("cell-2", pool="cell")
    world.test("p", on="cell")
    one = Visitor(clean, world.engineer("甲公司"))
    assert "等 2 台，任意一台" in one.get("/bookings/new", test="p", resource="cell", starts_at=MORNING).text
    for _ in range(2):
        assert sends(one, test="p", resource="cell").status == 303
    assert {b.resource_id for b in db.session.query(Booking)} == {"cell-1", "cell-2"}


def test_only_companies_book(world: World, clean: Flask) -> None:
    world.bench()
    for person in (world.lab_admin("lab"), world.bench_crew("lab"), world.coordinator()):
        assert sends(Visitor(clean, person)).status == 403
    assert db.session.query(Booking).count() == 0


def test_the_form_speaks_english(visitor: Visitor) -> None:
    page = visitor.english().get("/bookings/new", test="t", resource="chamber", starts_at=MORNING)
    assert page.status == 200
    assert "Test t" in page.text and "Thu 5 Nov 08:30" in page.text


def test_a_time_behind_a_used_up_share_is_refused_before_it_is_sent_with_the_next_that_can_be_had(
    world: World, engineer: Person, visitor: Visitor
) -> None:
    world.rule(kinds.WEEKLY_HOURS, 5, pool="chamber")
    engineer.requests(at(4))
    page = visitor.get("/bookings/new", test="t", resource="chamber", starts_at=MORNING)
    assert "11-02 周一 起的一周贵公司已约 4 h。请选别的周。" in page.text
    assert "11-02 起的一周贵公司已用 4 h，共 5 h" in page.text
    assert "最近的空档： 11-09 周一 08:30 同一台架" in page.text
    english = visitor.english().get("/bookings/new", test="t", resource="chamber", starts_at=MORNING)
    assert "yours has booked 4 h in the week from Mon 2 Nov. Choose another week." in english.text
    # Sent all the same it is refused in the same words, once.
    sent = sends(visitor)
    assert (sent.status, sent.text.count("请选别的周")) == (409, 1)
    assert sends(visitor, starts_at="2026-11-09T08:30").status == 303


def test_without_a_time_the_form_offers_what_the_rules_leave_or_says_why_there_is_nothing(
    world: World, engineer: Person, visitor: Visitor
) -> None:
    world.rule(kinds.WEEKLY_HOURS, 5, pool="chamber")
    engineer.requests(at(4))
    assert "11-09 周一 08:30" in visitor.get("/bookings/new", test="t", resource="chamber").text
    world.rule(kinds.LONGEST, 3)
    page = visitor.get("/bookings/new", test="t", resource="chamber").text
    assert "实验室规定一次占台最多 3 h，这次要 4 h。" in page
    assert "接下来的空档" not in page
