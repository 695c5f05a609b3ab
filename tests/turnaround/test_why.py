"""What the pages beside the figures say: causes, open lines, arrivals, doubtful times, targets, and what changed."""

from datetime import date, timedelta

import pytest
import time_machine
from flask import Flask

from app.accounts.models import Role
from app.accounts.policy import Viewer
from app.database import db, transaction
from app.errors import Forbidden, Invalid
from app.orders.models import ClockStop, OrderLine, OrderState, RetestCause, StopCause
from app.testing.models import RunPause
from app.testing.run_rules import PauseCause
from app.turnaround import causes, chains, cohort, quality, queries, targets
from app.turnaround.asking import asked
from app.turnaround.faults import Fault
from app.turnaround.listing import Sort, Wanted, listed
from app.turnaround.models import TurnaroundTarget
from app.turnaround.own import Own
from app.turnaround.queries import Answer, Question
from app.turnaround.rules import PHASES, Period
from app.turnaround.targets import SetTarget
from app.turnaround.why import Against, why
from tests.http import browser
from tests.world import World, at

YEAR = Period(date(2025, 12, 1), date(2026, 11, 30))
DAY = timedelta(days=1)


@pytest.fixture
def house(world: World) -> World:
    world.bench()
    return world


def stop(line: OrderLine, cause: StopCause, begin, end, by: str) -> None:
    order = line.order_id
    owner = {"company_id": line.company_id, "lab_id": line.lab_id, "started_by_id": by}
    with transaction() as session:
        session.add(ClockStop(order_id=order, cause=cause, started_at=begin, ended_at=end, **owner))


def test_causes_add_up_within_the_lines_own_time(house: World, issued) -> None:
    desk = house.lab_admin("lab")
    line, other = issued("甲公司", days=(1, 5, 2, 4)), issued("甲公司")
    stop(line, StopCause.QUESTION, line.ended_at, line.ended_at + 3 * DAY, desk.viewer.user_id)
    # Half of this one lies before the line was submitted.
    stop(line, StopCause.SAMPLE, line.submitted_at - DAY, line.submitted_at + DAY, desk.viewer.user_id)
    stop(other, StopCause.QUESTION, other.ended_at, other.ended_at + DAY, desk.viewer.user_id)
    with transaction() as session:
        booking = house.engineer("甲公司").requests(at(5))
        session.add(
            RunPause(
                booking_id=booking.id,
                order_line_id=line.id,
                company_id=line.company_id,
                lab_id="lab",
                cause=PauseCause.EQUIPMENT,
                started_at=line.taken_at,
                ended_at=line.taken_at + DAY / 2,
                by_id=desk.viewer.user_id,
            )
        )
    found = causes.pareto(Question(desk.viewer, YEAR))
    assert [(cause.key, cause.lines, cause.days) for cause in found] == [
        ("customer:question", 2, 4.0),
        ("customer:sample", 1, 1.0),
        ("pause:equipment", 1, 0.5),
    ]
    assert [cause.running_share for cause in found] == pytest.approx([4 / 5.5, 5 / 5.5, 1])
    # Of all companies: one or two lines of one company are told to nobody.
    told = causes.pareto(Question(house.coordinator().viewer, YEAR))
    assert [(cause.lines, cause.days) for cause in told] == [(None, None)] * 3


def test_open_lines_count_and_cancelled_ones_do_not(house: World, issued) -> None:
    desk, engineer = house.lab_admin("lab"), house.engineer("甲公司")
    for days in (4, 8, 12):
        issued("甲公司", days=(1, 1, 1, days - 3), on=at(2, 8, 0))
    question = Question(desk.viewer, YEAR)
    assert cohort.time_to_report(Answer(question, house.now), house.now).median == 8
    house.now = at(2)
    waiting, gone = engineer.requests(at(5)), engineer.requests(at(6))
    engineer.does("cancel", gone)
    house.now = at(2) + 30 * DAY
    late = Question(desk.viewer, Period(date(2025, 12, 1), date(2026, 12, 31)))
    with transaction() as session:
        # Its start passed without an answer in a real house; here it is still under way.
        session.get_one(OrderLine, waiting.order_line_id).state = OrderState.ACCEPTED
    reached = cohort.time_to_report(Answer(late, house.now), house.now)
    assert (reached.issued, reached.still_open, reached.median) == (3, 1, 8)
    assert reached.p80 is None
    nothing = Answer(Question(house.lab_admin("lab").viewer, YEAR, test_id="none"), house.now)
    assert cohort.time_to_report(nothing, house.now) is None


def test_a_steady_house_keeps_littles_law_and_a_growing_backlog_does_not(house: World, issued) -> None:
    for day in range(100):
        issued("甲公司", days=(1, 5, 1, 3), on=at(2) - day * DAY)
    question = Question(house.lab_admin("lab").viewer, Period(date(2026, 8, 15), date(2026, 10, 15)))
    flow = cohort.flow(Own(question), house.now)
    assert flow.open_mean == pytest.approx(10, abs=0.3) and flow.holds
    assert (flow.by_law, flow.measured) == (pytest.approx(10, abs=0.3), pytest.approx(10))
    with transaction() as session:
        for line in session.query(OrderLine).filter(OrderLine.issued_at > at(1) - 40 * DAY):
            line.issued_at = None
            line.ended_at = line.taken_at = None
            line.state = OrderState.ACCEPTED
    assert not cohort.flow(Own(question), house.now).holds
    empty = Question(house.engineer("乙公司").viewer, YEAR)
    assert cohort.flow(Own(empty), house.now) is None


def test_lines_that_cannot_be_right_are_listed_and_left_out(house: World, issued) -> None:
    right, missing, too_much, instant = (issued("甲公司") for _ in range(4))
    with transaction() as session:
        session.get_one(OrderLine, missing.id).accepted_at = None
        session.get_one(OrderLine, too_much.id).customer_seconds = 10**8
        line = session.get_one(OrderLine, instant.id)
        line.ended_at = line.taken_at
    question = Question(house.engineer("甲公司").viewer, YEAR)
    found = quality.quality(question, house.now)
    assert found.faults == {Fault.MISSING: 1, Fault.SHARES: 1, Fault.NO_TIME: 1, Fault.VERY_LONG: 0, Fault.ON_BENCH: 0}
    assert quality.left_out(Answer(question, house.now), house.now) == 2
    assert queries.turnaround(question, None, house.now).total.lines == 2
    listed = {line.order_code: line.fault for line in found.lines}
    assert listed == {
        missing.order.code: Fault.MISSING,
        too_much.order.code: Fault.SHARES,
        instant.order.code: Fault.NO_TIME,
    }
    assert right.order.code not in listed
    rival = quality.quality(Question(house.engineer("乙公司").viewer, YEAR), house.now)
    assert rival.lines == [] and not any(rival.faults.values())
    of_all = quality.quality(Question(house.coordinator().viewer, YEAR), house.now)
    assert of_all.lines == [] and of_all.faults == found.faults


def test_coordinators_are_not_told_how_many_lines_of_one_test_are_wrong(house: World, issued) -> None:
    wrong, _right = issued("甲公司"), issued("甲公司")
    with transaction() as session:
        session.get_one(OrderLine, wrong.id).accepted_at = None
    for narrow in ({"lab_id": "lab"}, {"test_id": "t"}, {"lab_id": "elsewhere"}):
        question = Question(house.coordinator().viewer, YEAR, **narrow)
        assert quality.left_out(Answer(question, house.now), house.now) is None
        assert quality.quality(question, house.now).faults[Fault.MISSING] == 1
    own = Question(house.engineer("甲公司").viewer, YEAR, test_id="t")
    assert quality.left_out(Answer(own, house.now), house.now) == 1


def test_a_retest_counts_by_itself_and_in_its_chain(house: World, issued) -> None:
    first, again = issued("甲公司", on=at(2) - 20 * DAY), issued("甲公司")
    with transaction() as session:
        line = session.get_one(OrderLine, again.id)
        line.order_id, line.position, line.attempt = first.order_id, 1, 2
        line.retest_of_id, line.retest_cause = first.id, RetestCause.INVALID
    question = Question(house.engineer("甲公司").viewer, YEAR)
    found = chains.chains(question)
    assert (found.count, found.median) == (1, pytest.approx((again.issued_at - first.submitted_at) / DAY, abs=0.05))
    assert queries.turnaround(question, None, house.now).total.lines == 2


def test_the_costliest_lines_by_their_own_test(house: World, issued) -> None:
    for _ in range(5):
        issued("甲公司", days=(1, 5, 2, 4))
    slow = issued("甲公司", days=(1, 35, 2, 4))
    viewer = house.engineer("甲公司").viewer
    page = why(asked({}, viewer, house.now), Against.BEFORE, house.now)
    assert [each.line.line_id for each in page.costliest] == [slow.id]
    assert (page.costliest[0].days, page.costliest[0].phase) == (pytest.approx(30), "waiting")
    (longest,) = listed(Wanted(Question(viewer, YEAR), sort=Sort.LONGEST), 1, 0, house.now)
    assert longest.order_id == slow.order_id


def test_what_changed_is_told_with_its_parts(house: World, issued, clean: Flask) -> None:
    for month in range(1, 11):
        issued("甲公司", days=(1, 9, 2, 6), on=at(2) - (365 + 20 * month) * DAY)
        issued("甲公司", days=(1, 4, 2, 5), on=at(2) - 20 * month * DAY)
    engineer = house.engineer("甲公司")
    page = why(asked({}, engineer.viewer, house.now), Against.YEAR_AGO, house.now)
    assert page.change.total == pytest.approx(-6) and page.change.mix == pytest.approx(0)
    assert [page.change.phases[phase] for phase in PHASES] == pytest.approx([0, -5, 0, -1])
    assert [each.days for each in page.moved] == [pytest.approx(-6)]
    with time_machine.travel(house.now, tick=False):
        text = browser(clean, engineer).get("/turnaround/why?against=year").get_data(as_text=True)
        assert "平均 12.0 天，比对比时段少 6.0 天。" in text and "−5.0" in text
        assert browser(clean, house.bench_crew("lab")).get("/turnaround/why").status_code == 403
        assert browser(clean, engineer).get("/turnaround/quality").status_code == 200
        assert "没有发现时间缺失或矛盾" in browser(clean, engineer).get("/turnaround/quality").get_data(as_text=True)


def test_a_lab_and_the_coordinators_set_their_targets(house: World, issued, clean: Flask) -> None:
    issued("甲公司")
    desk, coordinator, engineer = house.lab_admin("lab"), house.coordinator(), house.engineer("甲公司")
    targets.set_target(coordinator.viewer, SetTarget(None, 20), house.now)
    assert targets.target(desk.viewer, None) == 20
    targets.set_target(desk.viewer, SetTarget("lab", 12), house.now)
    assert (targets.target(desk.viewer, None), targets.target(engineer.viewer, None)) == (12, 20)
    assert targets.target(engineer.viewer, "lab") == 12
    for person, command in (
        (engineer, SetTarget(None, 5)),
        (desk, SetTarget(None, 5)),
        (desk, SetTarget("other", 5)),
        (coordinator, SetTarget("lab", 5)),
    ):
        with pytest.raises(Forbidden):
            targets.set_target(person.viewer, command, house.now)
    with pytest.raises(Invalid):
        targets.set_target(desk.viewer, SetTarget("lab", 0), house.now)
    with time_machine.travel(house.now, tick=False):
        client = browser(clean, desk)
        refused = client.post("/turnaround/target", data={"days": "zehn"})
        assert refused.status_code == 422 and "1 到 365 天之间的整数" in refused.get_data(as_text=True)
        client.post("/turnaround/target", data={"days": ""})
    assert db.session.query(TurnaroundTarget).filter_by(lab_id="lab").count() == 0
    assert targets.target(desk.viewer, None) == 20


def test_whoever_may_see_nothing_is_refused(house: World) -> None:
    nobody = Viewer(role=Role.BENCH_CREW, lab_ids=frozenset({"lab"}))
    for ask in (
        lambda: causes.pareto(Question(nobody, YEAR)),
        lambda: Answer(Question(nobody, YEAR), house.now),
        lambda: Own(Question(nobody, YEAR)),
        lambda: chains.chains(Question(nobody, YEAR)),
        lambda: quality.quality(Question(nobody, YEAR), house.now),
    ):
        with pytest.raises(Forbidden):
            ask()
