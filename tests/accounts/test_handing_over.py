"""Leaving staff: what they answer for goes to a colleague, all or nothing."""

from datetime import date

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts import handing_over
from app.accounts.models import Membership, Role
from app.accounts.rules import NobodyTakesOver
from app.booking import waiting
from app.booking.desk_models import Approval, Deputy, WaitlistEntry
from app.booking.models import Booking
from app.booking.waiting import Wait
from app.database import db, transaction
from app.errors import NotFound
from app.events.models import Event
from app.labs.capacity import ApprovalStep, LabRule
from app.orders.models import Order
from app.testing.models import LabRight
from app.testing.rules import Right
from tests.visitor import Visitor
from tests.world import World, at


def ended(membership_id: str | None) -> bool:
    return db.session.get_one(Membership, membership_id, populate_existing=True).ended_at is not None


def test_an_engineers_bookings_orders_and_waits_go_to_a_colleague(world: World, clean: Flask) -> None:
    world.bench()
    engineer = world.engineer("甲公司")
    organisation = engineer.viewer.organisation_id or ""
    manager, heir = (world.member(organisation, role) for role in (Role.COMPANY_MANAGER, Role.ENGINEER))
    booking, over = engineer.requests(at(6)), engineer.requests(at(9))
    engineer.does("cancel", over)
    waiting.wait(engineer.viewer, Wait("t", at(10), at(20)), world.now)
    seat = engineer.viewer.membership_id or ""
    desk = Visitor(clean, manager)
    page = desk.get(f"/accounts/members/{seat}/end")
    assert "未结束的预约 1" in page.text and booking.code in page.text and over.code not in page.text
    refused = desk.post(f"/accounts/members/{seat}/end", to="")
    assert (refused.status, ended(seat)) == (409, False)
    assert desk.post(f"/accounts/members/{seat}/end", to=heir.viewer.membership_id).status == 303
    assert ended(seat)
    assert db.session.get_one(Booking, booking.id, populate_existing=True).created_by_id == heir.viewer.user_id
    order = db.session.get_one(Order, booking.order_line.order_id, populate_existing=True)
    assert order.created_by_id == heir.viewer.user_id
    assert db.session.query(WaitlistEntry).one().membership_id == heir.viewer.membership_id
    assert db.session.get_one(Booking, over.id, populate_existing=True).created_by_id == engineer.viewer.user_id
    told = db.session.scalars(select(Event).where(Event.kind == "membership.handed_over")).one()
    assert told.data["given"]["bookings"] == [booking.id]


def test_a_labs_rules_steps_approvals_and_rights_go_to_another_administrator(world: World) -> None:
    world.bench()
    leaver, heir, crew = world.lab_admin("lab"), world.lab_admin("lab"), world.bench_crew("lab")
    old, new = leaver.viewer.user_id or "", heir.viewer.user_id or ""
    with transaction() as session:
        session.add(
            LabRule(
                lab_id="lab",
                pool="",
                kind="notice_working_days",
                value={"value": 2},
                owner_id=old,
                created_at=world.now,
            )
        )
        session.add(ApprovalStep(lab_id="lab", position=1, name="技术", owner_id=old, next_owner_id=new, hours=8))
        right = LabRight(lab_id="lab", membership_id=leaver.viewer.membership_id, right=Right.REVIEWER)
        right.granted_by_id, right.granted_at = new, world.now
        session.add(right)
        session.add(Deputy(lab_id="lab", user_id=new, deputy_id=old, first=date(2026, 11, 1), last=date(2026, 12, 1)))
    booking = world.engineer("甲公司").requests(at(6))
    with transaction() as session:
        session.merge(
            Approval(booking_id=booking.id, position=1, name="技术", lab_id="lab", owner_id=old, next_owner_id=new)
        )
    seat, to = leaver.viewer.membership_id or "", heir.viewer.membership_id or ""
    with pytest.raises(NobodyTakesOver):
        handing_over.end(heir.viewer, seat, crew.viewer.membership_id or "", world.now)
    handing_over.end(heir.viewer, seat, to, world.now)
    for row in (db.session.query(LabRule).one(), *db.session.query(ApprovalStep), *db.session.query(Approval)):
        assert row.owner_id == new
    assert db.session.query(ApprovalStep).one().next_owner_id is None
    assert db.session.query(LabRight).one().membership_id == to
    assert db.session.scalar(select(func.count()).select_from(Deputy)) == 0
    assert ended(seat)


def test_nobody_else_sees_what_somebody_answers_for(world: World) -> None:
    world.bench()
    engineer, rival = world.engineer("甲公司"), world.engineer("乙公司")
    engineer.requests(at(6))
    for viewer in (rival.viewer, engineer.viewer):
        with pytest.raises(NotFound):
            handing_over.leaving(viewer, engineer.viewer.membership_id or "", world.now)
