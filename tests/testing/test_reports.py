"""A report's issue ends the turnaround: by the lab that tested, once, with a number of its own, not before the end."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from app.booking.models import Booking
from app.booking.rules import Stale, WrongState
from app.database import db
from app.errors import Forbidden, Invalid, NotFound, YujianError
from app.events import log
from app.orders.models import OrderLine, OrderState
from app.testing import models, rules
from app.testing.service import IssueReport, issue_report
from app.worktime import local_date
from tests.visitor import Seen, Visitor
from tests.world import Person, World, at


class Story:
    """A test that ended on Thursday the 5th of November at 12:00."""

    def __init__(self, world: World) -> None:
        world.bench()
        self.world = world
        self.engineer, self.desk, self.crew = world.engineer("甲公司"), world.lab_admin("lab"), world.bench_crew("lab")
        self.booking = self.tested(at(5))

    def tested(self, start: datetime) -> Booking:
        """A completed booking; the world is at its end."""
        booking = self.engineer.requests(start, sample="BP-12")
        self.desk.does("confirm", booking)
        self.world.now = start
        self.desk.does("start", booking)
        self.world.now = start + timedelta(hours=3, minutes=30)
        self.desk.does("complete", booking)
        return booking

    def issues(self, by: Person | None = None, **changed: Any) -> models.TestReport:
        filled: dict[str, Any] = {
            "booking_id": self.booking.id,
            "number": "JC-1",
            "issued_on": self.world.now,
            "version": self.booking.version,
        }
        return issue_report((by or self.desk).viewer, IssueReport(**(filled | changed)), self.world.now)

    @property
    def line(self) -> OrderLine:
        return db.session.get_one(OrderLine, self.booking.order_line_id)


@pytest.fixture
def story(world: World) -> Story:
    return Story(world)


def refused(kind: type[YujianError], story: Story, **changed: Any) -> None:
    """The issue is refused and nothing is stored."""
    with pytest.raises(kind):
        story.issues(**changed)
    assert db.session.query(models.TestReport).count() == 0
    assert story.line.issued_at is None and story.line.order.state is OrderState.REPORTING


def test_the_issue_ends_the_turnaround(story: Story) -> None:
    story.world.now = at(12, 16)
    report = story.issues(issued_on=at(12, 10), number="  JC-2026-0412 ")
    assert (report.number, report.issued_at, report.recorded_at) == ("JC-2026-0412", at(12, 10), at(12, 16))
    assert story.line.issued_at == at(12, 10)
    assert story.line.order.state is OrderState.ISSUED
    (event,) = log.history(report.id)
    assert (event.kind, event.actor_role) == ("report.issued", "lab_admin")
    assert event.data["number"] == "JC-2026-0412" and event.data["booking"] == story.booking.id


def test_there_is_one_report_a_line(story: Story) -> None:
    story.issues()
    with pytest.raises(rules.AlreadyIssued):
        story.issues(number="JC-2")
    assert db.session.query(models.TestReport).one().number == "JC-1"


def test_a_number_belongs_to_one_report_of_a_lab(story: Story, world: World) -> None:
    story.issues()
    story.booking = story.tested(at(9))
    with pytest.raises(rules.NumberTaken):
        story.issues(number=" JC-1 ")
    assert story.issues(number="JC-2").number == "JC-2"


def test_two_labs_may_use_the_same_number(story: Story, world: World) -> None:
    story.issues()
    world.resource("far", lab="farlab")
    world.capable("far", "t")
    other = world.lab_admin("farlab")
    booking = story.engineer.requests(at(9), "far")
    other.does("confirm", booking)
    world.now = at(9)
    other.does("start", booking)
    other.does("complete", booking)
    story.booking = booking
    assert story.issues(by=other).number == "JC-1"


def test_not_before_the_end_and_not_in_the_future(story: Story) -> None:
    refused(rules.IssuedTooEarly, story, issued_on=at(5, 11, 59))
    refused(rules.IssuedTooEarly, story, issued_on=date(2026, 11, 4))
    refused(rules.IssuedInFuture, story, issued_on=story.world.now + timedelta(minutes=1))
    refused(rules.IssuedInFuture, story, issued_on=date(2026, 11, 6))


def test_only_for_a_completed_booking(story: Story) -> None:
    story.booking = story.engineer.requests(at(9))
    with pytest.raises(WrongState):
        story.issues()


def test_only_by_the_order_desk_of_that_lab(story: Story, world: World) -> None:
    world.lab("other")
    refused(Forbidden, story, by=story.crew)
    refused(Forbidden, story, by=story.engineer)
    refused(NotFound, story, by=world.lab_admin("other"))
    refused(NotFound, story, by=world.engineer("乙公司"))
    refused(NotFound, story, by=world.coordinator())
    refused(NotFound, story, booking_id="nonsense")


def test_not_from_a_stale_page(story: Story) -> None:
    refused(Stale, story, version=story.booking.version - 1)


@pytest.mark.parametrize("number", ["", "   ", "x" * 61, "a\x00b"])
def test_a_number_can_be_read(story: Story, number: str) -> None:
    refused(Invalid, story, number=number)


instants = st.integers(0, 364 * 1440).map(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes))


@given(ended_at=instants, later=st.timedeltas(timedelta(0), timedelta(days=40)), days=st.integers(0, 40))
def test_a_date_stands_for_an_instant_of_that_day_after_the_end(
    ended_at: datetime, later: timedelta, days: int
) -> None:
    now, on = ended_at + later, local_date(ended_at) + timedelta(days=days)
    if on > local_date(now):
        with pytest.raises(rules.IssuedInFuture):
            rules.issued_at(on, ended_at, now)
    else:
        instant = rules.issued_at(on, ended_at, now)
        assert ended_at <= instant <= now
        assert local_date(instant) == on


class TestThePage:
    """The form stands on the page of the booking; what it refuses is told at its field and kept."""

    def sends(self, story: Story, app: Flask, by: Person | None = None, **changed: str) -> Seen:
        filled = {"number": "JC-1", "issued_on": "2026-11-05", "version": str(story.booking.version)}
        return Visitor(app, by or story.desk).post(f"/bookings/{story.booking.id}/report", **(filled | changed))

    def test_the_desk_fills_it_in_on_the_booking(self, story: Story, clean: Flask) -> None:
        page = Visitor(clean, story.desk).get(f"/bookings/{story.booking.id}")
        assert page.field("issued_on") == "2026-11-05"
        answer = self.sends(story, clean)
        assert (answer.status, answer.location) == (303, f"/bookings/{story.booking.id}")
        assert story.line.issued_at == story.world.now

    def test_the_company_sees_number_and_date(self, story: Story, clean: Flask) -> None:
        self.sends(story, clean)
        story.world.now += timedelta(days=3)
        page = Visitor(clean, story.engineer).get(f"/bookings/{story.booking.id}")
        assert "报告 JC-1 已于 11-05 周四 签发。" in page.text
        assert "编号 JC-1，签发 11-05 周四 12:00" in page.text and "试验中心·业务受理" in page.text
        assert "用户" not in page.text
        order = Visitor(clean, story.engineer).get(f"/orders/{story.line.order_id}")
        assert "JC-1" in order.text and "已签发" in order.text

    def test_others_have_no_form(self, story: Story, clean: Flask) -> None:
        for person in (story.engineer, story.crew):
            assert 'name="number"' not in Visitor(clean, person).get(f"/bookings/{story.booking.id}").html
            assert self.sends(story, clean, by=person).status == 403
            assert Visitor(clean, person).get(f"/bookings/{story.booking.id}/report").status == 403
        rival = story.world.engineer("乙公司")
        assert self.sends(story, clean, by=rival).status == 404

    @pytest.mark.parametrize(
        ("changed", "status", "says"),
        [
            ({"number": ""}, 422, "请填报告编号，例如 JC-2026-0412。"),
            ({"number": "长" * 10_000}, 422, "最多 60 个字符，现在 10000 个。"),
            ({"issued_on": "2026-11-04"}, 422, "签发不能早于试验结束（11-05 周四 12:00）。"),
            ({"issued_on": "2026-11-06"}, 422, "签发时间还没到，请在签发后登记。"),
            ({"issued_on": "0001-01-01"}, 422, "签发不能早于试验结束"),
            ({"issued_on": "9999-12-31"}, 422, "签发时间还没到"),
            ({"issued_on": "gestern"}, 422, "请填日期，例如 2026-05-18。"),
            ({"issued_on": ""}, 422, "请填日期，例如 2026-05-18。"),
            ({"version": "1"}, 409, "这条预约刚刚变过，请看过现在的内容再改。"),
            ({"version": "x"}, 422, "这个页面不完整，请重新打开。"),
        ],
    )
    def test_a_refusal_says_what_is_wrong_and_keeps_the_rest(
        self, story: Story, clean: Flask, changed: dict[str, str], status: int, says: str
    ) -> None:
        page = self.sends(story, clean, **changed)
        assert page.status == status
        assert says in page.text
        assert page.field("number") == changed.get("number", "JC-1")
        assert db.session.query(models.TestReport).count() == 0

    def test_a_taken_number_is_told(self, story: Story, clean: Flask) -> None:
        story.issues()
        story.booking = story.tested(at(9))
        page = self.sends(story, clean, issued_on="2026-11-09")
        assert page.status == 422
        assert "编号 JC-1 在本实验室已用于另一份报告，请核对。" in page.text

    def test_the_page_speaks_english(self, story: Story, clean: Flask) -> None:
        page = Visitor(clean, story.desk).english().get(f"/bookings/{story.booking.id}/report")
        assert page.status == 200
        assert "Test t" in page.text
