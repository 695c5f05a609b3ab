"""What happens becomes a notice for the other side, once, and for nobody else."""

from datetime import timedelta

import pytest
from sqlalchemy import insert

from app.accounts import joining, members
from app.accounts.joining import Ask
from app.accounts.models import Membership, Organisation, OrganisationKind, Role
from app.booking import waiting
from app.booking.lapsing import lapse_all
from app.booking.steps import Change
from app.booking.waiting import Wait
from app.database import db, transaction
from app.events import log
from app.events.log import System
from app.events.models import Event
from app.labs.rules import AT_ONCE
from app.notifications.models import Notice, NoticeCursor
from app.notifications.reading import read_events
from app.orders import messages
from app.orders.messages import Write
from app.testing.service import IssueReport, issue_report
from tests.world import World, at


def test_each_side_hears_what_the_other_does(world: World, told) -> None:
    world.bench()
    engineer, desk = world.engineer("甲公司"), world.lab_admin("lab")
    booking = engineer.requests(at(4))
    code = booking.code
    assert told(desk) == [f"甲公司申请预约 {code}：GB TEST-2026 项目 t，11-04 周三 08:30 上台。请确认或婉拒。"]
    assert told(engineer) == []
    desk.does("confirm", booking)
    assert told(engineer) == [f"试验中心确认了预约 {code}：GB TEST-2026 项目 t，11-04 周三 08:30 上台。"]
    world.now = at(4)
    desk.does("start", booking)
    world.now = at(4, 13)
    desk.does("complete", booking)
    world.now = at(5)
    issue_report(desk.viewer, IssueReport(booking.id, "R-1", world.now, booking.version), world.now)
    assert told(engineer)[0].startswith("试验中心签发了报告 R-1：")
    assert len(told(engineer)) == 4 and len(told(desk)) == 1


def test_a_move_and_its_answer(world: World, told) -> None:
    world.bench()
    engineer, desk = world.engineer("甲公司"), world.lab_admin("lab")
    booking = desk.does("confirm", engineer.requests(at(9)))
    desk.moves(booking, at(10), "检修")
    assert any("建议把预约" in text and "改到 11-10 周二 08:30" in text for text in told(engineer))
    world.now += timedelta(hours=1)
    engineer.does("refuse-move", booking)
    assert "没有同意改期" in told(desk)[0] and "11-09 周一 08:30" in told(desk)[0]
    world.now += timedelta(hours=1)
    engineer.moves(booking, at(11))
    assert "把预约" in told(desk)[0] and "改到 11-11 周三 08:30" in told(desk)[0]
    world.now += timedelta(hours=1)
    engineer.does("cancel", booking)
    assert told(desk)[0].startswith("甲公司取消了预约")
    assert "取消" not in "".join(told(engineer))


def test_the_lab_that_a_booking_leaves_hears_that_its_time_is_free_and_not_where_it_went(world: World, told) -> None:
    world.bench()
    world.lab("other", "第二中心")
    world.resource("elsewhere", lab="other")
    world.capable("elsewhere", "t")
    engineer, desk, other = world.engineer("甲公司"), world.lab_admin("lab"), world.lab_admin("other")
    booking = desk.does("confirm", engineer.requests(at(9)))
    world.now += timedelta(hours=1)
    engineer.moves(booking, at(10), resource="elsewhere")
    left = told(desk)[0]
    assert "改到了别的实验室" in left and "11-09 周一 08:30" in left
    assert "第二中心" not in left and "11-10" not in left
    assert any("改到 11-10 周二 08:30" in text for text in told(other))
    notice = db.session.query(Notice).filter_by(kind="moved_away").one()
    assert (notice.lab_id, notice.path) == ("lab", "/inbox") and "第二中心" not in str(notice.facts)


def test_time_itself_tells(world: World, told) -> None:
    world.bench(places=2)
    engineer, desk = world.engineer("甲公司"), world.lab_admin("lab")
    held, asked = engineer.holds(at(4)), engineer.requests(at(4))
    world.now = at(4, 9)
    assert lapse_all(world.now) == 2
    assert len(told(engineer)) == 2
    assert f"{held.code} 暂留到期" in "".join(told(engineer))
    # A hold is nothing to the desk; a request that it never answered is.
    assert [asked.code in text for text in told(desk) if "已失效" in text] == [True]


def test_a_competitor_a_colleague_and_another_lab_hear_nothing(world: World, told) -> None:
    world.bench()
    world.lab("other", "别的中心")
    engineer, desk = world.engineer("甲公司"), world.lab_admin("lab")
    others = (
        world.engineer("乙公司"),
        world.engineer("甲公司"),
        world.lab_admin("other"),
        world.bench_crew("lab"),
        world.coordinator(),
    )
    desk.does("confirm", engineer.requests(at(4)))
    assert [told(each) for each in others] == [[]] * len(others)
    assert told(engineer) and told(desk)


def test_who_has_left_hears_nothing_and_his_manager_does(world: World, told) -> None:
    world.bench()
    engineer, desk = world.engineer("甲公司"), world.lab_admin("lab")
    manager = world.member(engineer.viewer.organisation_id, Role.COMPANY_MANAGER)
    booking = engineer.requests(at(4))
    members.end(manager.viewer, engineer.viewer.membership_id, world.now)
    desk.does("confirm", booking)
    assert len(told(manager)) == 1 and told(engineer) == []


def test_reading_twice_tells_once(world: World, told) -> None:
    world.bench()
    engineer, desk = world.engineer("甲公司"), world.lab_admin("lab")
    engineer.requests(at(4))
    assert read_events(world.now) == 1 and read_events(world.now) == 0
    # The place was lost: everything is read again, and nobody is told twice.
    with transaction() as session:
        session.query(NoticeCursor).delete()
    assert read_events(world.now) == 0 and db.session.query(Notice).count() == 1
    with transaction() as session:
        unknown = session.get(Organisation, engineer.viewer.organisation_id)
        log.record(session, "future.thing", unknown, by=System(), at=world.now)
    engineer.requests(at(5))
    assert len(told(desk)) == 2


@pytest.mark.pg
def test_a_row_that_commits_late_is_told_all_the_same(world: World, told) -> None:
    world.bench(places=2)
    engineer, desk = world.engineer("甲公司"), world.lab_admin("lab")
    early, late = engineer.requests(at(4)), engineer.requests(at(4))
    read_events(world.now)
    seen = {"kind": "booking.declined", "subject_type": "booking", "subject_id": early.id, "data": {}, "at": world.now}
    seen |= {"company_id": early.company_id, "lab_id": "lab", "actor_role": "lab_admin"}
    with db.engine.connect() as slow:
        slow.execute(insert(Event), {**seen, "key": "slow", "actor_id": desk.viewer.user_id})
        desk.does("confirm", late)
        assert told(engineer) == []
        slow.commit()
    assert len(told(engineer)) == 2


def test_old_history_is_told_to_nobody(world: World) -> None:
    world.bench()
    world.lab_admin("lab")
    world.engineer("甲公司").requests(at(4))
    assert read_events(world.now + timedelta(days=8)) == 0


def test_at_once_by_the_rule_is_told_to_the_company(world: World, told) -> None:
    world.bench()
    engineer, desk = world.engineer("甲公司"), world.lab_admin("lab")
    world.rule(AT_ONCE, [engineer.viewer.organisation_id], owner=desk)
    engineer.requests(at(4))
    assert told(engineer)[0].startswith("试验中心确认了预约")


def test_messages_reach_the_other_side_and_notes_of_the_lab_nobody(world: World, told) -> None:
    world.bench()
    engineer, desk = world.engineer("甲公司"), world.lab_admin("lab")
    order = engineer.requests(at(4)).order_line.order
    messages.write(desk.viewer, Write(order.id, "样品要带夹具"), world.now)
    messages.write(desk.viewer, Write(order.id, "老客户", internal=True), world.now)
    messages.write(engineer.viewer, Write(order.id, "好的"), world.now)
    assert told(engineer) == [f"试验中心在委托单 {order.code} 上给您留了言。"]
    assert f"甲公司在委托单 {order.code} 上给您留了言。" in told(desk)


def test_who_waited_is_told_of_the_time_kept(world: World, told) -> None:
    world.bench()
    engineer, rival, desk = world.engineer("甲公司"), world.engineer("乙公司"), world.lab_admin("lab")
    booking = engineer.requests(at(4))
    wish = waiting.wait(rival.viewer, Wait("t", at(3), at(5)), world.now)
    waiting.give(desk.viewer, Change(booking.id, booking.version, "检修"), wish.id, world.now)
    assert "已为您暂留 11-04 周三 08:30" in told(rival)[0]
    assert "甲公司" not in "".join(told(rival)) and "乙公司" not in "".join(told(engineer))


def test_a_seat_asked_for(world: World, told) -> None:
    company = world.organisation("甲公司", OrganisationKind.COMPANY)
    with transaction() as session:
        session.get(Organisation, company).credit_code = "91510100MA0000000H"
    manager, asker = world.member(company, Role.COMPANY_MANAGER), world.engineer("乙公司")
    asked = joining.ask(asker.viewer.user_id, world.now, Ask(Role.ENGINEER, "91510100MA0000000H"))
    assert told(manager) == [f"{asker.viewer.name}申请加入甲公司，请答复。"]
    assert told(asker) == []
    joining.decide(manager.viewer, asked.id, True, world.now)
    read_events(world.now)
    notice = db.session.query(Notice).filter_by(kind="join_accepted").one()
    assert db.session.get(Membership, notice.membership_id).organisation_id == company
