"""Several approvals, each with its owner and a deadline; counter-offers; the waiting list and who competes with it."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from app.booking import approvals, waiting
from app.booking.approvals import ApprovalMissing, NotYourStep
from app.booking.desk_models import Approval, WaitlistEntry
from app.booking.lapsing import lapse_all
from app.booking.rules import State, WrongState
from app.booking.steps import Change
from app.booking.waiting import Wait
from app.capacity.approving import service
from app.capacity.approving.service import Step
from app.database import db
from app.errors import Forbidden, Invalid, NotFound
from app.notifications.free_times import tell_waiting
from app.notifications.reading import read_events
from app.worktime import local_date
from tests.visitor import Visitor
from tests.world import Person, World, at


@pytest.fixture
def visitor(clean: Flask) -> Callable[[Person], Visitor]:
    return lambda person: Visitor(clean, person)


def two_steps(world: World) -> tuple[Person, Person, Person]:
    desk, technical, safety = (world.lab_admin("lab") for _ in range(3))
    steps = [
        Step("技术", technical.viewer.user_id or "", desk.viewer.user_id, 9),
        Step("安全", safety.viewer.user_id or "", None, 9),
    ]
    service.set_steps(desk.viewer, "lab", steps, world.now)
    return desk, technical, safety


def test_every_step_in_turn_and_only_then_confirmed(world: World) -> None:
    world.bench()
    desk, technical, safety = two_steps(world)
    company = world.engineer("甲公司")
    booking = company.requests(at(6))
    with pytest.raises(ApprovalMissing) as missing:
        desk.does("confirm", booking)
    assert missing.value.facts["step"] == "技术"
    with pytest.raises(NotYourStep):
        safety.does("approve", booking)
    booking = technical.does("approve", booking)
    with pytest.raises(ApprovalMissing):
        desk.does("confirm", booking)
    booking = safety.does("approve", booking)
    with pytest.raises(WrongState):
        safety.does("approve", booking)
    assert desk.does("confirm", booking).state is State.CONFIRMED


def test_a_held_one_begins_its_steps_when_it_is_requested_and_a_move_begins_them_anew(world: World) -> None:
    world.bench()
    _, technical, _ = two_steps(world)
    company = world.engineer("甲公司")
    booking = company.holds(at(6))
    assert db.session.query(Approval).count() == 0
    booking = technical.does("approve", company.does("request", booking))
    moved = company.moves(booking, at(9))
    assert all(step.decided_at is None for step in approvals.open_steps(db.session(), moved.id, decided=True))
    assert len(approvals.open_steps(db.session(), moved.id)) == 2


def test_a_deputy_decides_on_his_days_and_a_late_step_goes_on(world: World) -> None:
    world.bench()
    desk, technical, safety = two_steps(world)
    company = world.engineer("甲公司")
    booking = company.requests(at(12))
    today = local_date(world.now)
    ids = (technical.viewer.user_id or "", safety.viewer.user_id or "")
    with pytest.raises(Invalid):
        service.name_deputy(desk.viewer, "lab", ids[0], ids[0], today, today, world.now)
    row = service.name_deputy(desk.viewer, "lab", *ids, today, today, world.now)
    assert safety.does("approve", booking).state is State.REQUESTED
    service.drop_deputy(desk.viewer, "lab", row.id, world.now)
    late = company.requests(at(13))
    with pytest.raises(NotYourStep):
        desk.does("approve", late)
    world.now += timedelta(days=1, minutes=1)
    assert approvals.escalate(world.now) == 1
    assert approvals.escalate(world.now) == 0
    assert desk.does("approve", late).state is State.REQUESTED


def test_companies_see_nothing_of_it_and_labs_do(world: World, visitor: Callable[[Person], Visitor]) -> None:
    world.bench()
    _, technical, _ = two_steps(world)
    company = world.engineer("甲公司")
    booking = company.requests(at(6))
    inbox = visitor(technical).get("/inbox").text
    assert "等“技术”审批" in inbox
    page = visitor(technical).get(f"/bookings/{booking.id}")
    assert "同意" in page.text
    done = visitor(technical).post(f"/bookings/{booking.id}/approve", version=page.field("version"))
    assert done.status == 303
    assert "技术" in visitor(technical).get(f"/bookings/{booking.id}").text
    assert "技术" not in visitor(company).get(f"/bookings/{booking.id}").text
    with pytest.raises(NotYourStep):
        company.does("approve", company.sees(booking))
    settings = visitor(technical).get("/capacity/lab/approvals/")
    assert settings.field("name-0") == "技术"
    assert visitor(company).get("/capacity/lab/approvals/").status == 404
    wrong = visitor(technical).post(
        "/capacity/lab/approvals/", **{"name-0": "技术", "hours-0": "viele", "owner-0": "x"}
    )
    assert wrong.status == 422


def test_a_counter_offer_to_a_request_is_confirmed_by_its_acceptance(world: World) -> None:
    world.bench()
    company, lab = world.engineer("甲公司"), world.lab_admin("lab")
    offered = lab.moves(company.requests(at(6)), at(9), "那天检修")
    agreed = company.does("accept-move", offered)
    assert (agreed.state, agreed.starts_at) == (State.CONFIRMED, at(9))
    assert agreed.confirmed_by_id == lab.viewer.user_id
    with pytest.raises(WrongState):
        company.does("accept-move", agreed)


def test_who_waits_is_told_nothing_and_gets_the_time_when_the_lab_gives_it(
    world: World, visitor: Callable[[Person], Visitor]
) -> None:
    world.bench()
    company, rival, lab = world.engineer("甲公司"), world.engineer("乙公司"), world.lab_admin("lab")
    booking = company.requests(at(6))
    wish = waiting.wait(rival.viewer, Wait("t", at(5), at(10), "lab"), world.now)
    with pytest.raises(Invalid):
        waiting.wait(rival.viewer, Wait("t", at(10), at(5)), world.now)
    with pytest.raises(Forbidden):
        waiting.wait(lab.viewer, Wait("t", at(5), at(10)), world.now)
    (found,) = waiting.competing(lab.viewer, world.now)
    assert found.booking.id == booking.id
    screen = visitor(lab).get("/inbox/competing")
    assert "乙公司" in screen.text
    assert visitor(rival).get("/inbox/competing").status == 404
    unexplained = visitor(lab).post("/inbox/competing", booking=booking.id, version="1", entry=wish.id, reason="")
    assert unexplained.status == 422
    given = visitor(lab).post("/inbox/competing", booking=booking.id, version="1", entry=wish.id, reason="定型在先")
    assert given.status == 303
    assert company.sees(booking).state is State.DECLINED
    assert db.session.query(WaitlistEntry).one().ended_at is None
    (mine,) = visitor(rival).get("/bookings/").html.split("B2611-")[1:2]
    assert mine
    assert "甲公司" not in visitor(rival).get("/bookings/").text
    assert waiting.competing(lab.viewer, world.now) == []
    with pytest.raises(NotFound):
        waiting.give(lab.viewer, Change(booking.id, 2, "x"), wish.id, world.now)


@pytest.mark.parametrize("asks", [True, False])
def test_a_time_that_was_given_ends_the_wait_when_it_is_agreed_and_not_when_it_lapses(world: World, asks: bool) -> None:
    world.bench()
    company, rival, lab = world.engineer("甲公司"), world.engineer("乙公司"), world.lab_admin("lab")
    booking, another = company.requests(at(6)), company.requests(at(9))
    wish = waiting.wait(rival.viewer, Wait("t", at(5), at(10), "lab"), world.now)
    world.now += timedelta(minutes=1)
    held = waiting.give(lab.viewer, Change(booking.id, booking.version, "定型在先"), wish.id, world.now)
    # It has a time already: nothing competes, and it is given no other.
    assert waiting.competing(lab.viewer, world.now) == []
    change = Change(another.id, another.version, "定型在先")
    with pytest.raises(NotFound):
        waiting.give(lab.viewer, change, wish.id, world.now)
    if asks:
        lab.does("confirm", rival.does("request", held))
    world.now += timedelta(hours=3)
    lapse_all(world.now)
    read_events(world.now)
    tell_waiting(world.now)
    assert (waiting.entries(rival.viewer, world.now) == []) is asks
    assert [each.booking.id for each in waiting.competing(lab.viewer, world.now)] == ([] if asks else [another.id])


def test_a_lab_learns_nothing_of_what_a_company_holds_elsewhere(world: World) -> None:
    world.bench()
    for name in (f"elsewhere-{number}" for number in range(5)):
        world.resource(name, lab="other", pool="elsewhere")
    world.capable("elsewhere", "t")
    company, rival, lab = world.engineer("甲公司"), world.engineer("乙公司"), world.lab_admin("lab")
    booking = company.requests(at(6))
    wish = waiting.wait(rival.viewer, Wait("t", at(5), at(10), "lab"), world.now)
    for number in range(5):
        rival.holds(at(9), f"elsewhere-{number}")
    with pytest.raises(waiting.CannotHold) as refused:
        waiting.give(lab.viewer, Change(booking.id, booking.version, "定型在先"), wish.id, world.now)
    assert refused.value.facts == {}
    db.session.expire_all()
    assert booking.state is State.REQUESTED and wish.ended_at is None


def test_a_wish_ends_by_itself_and_is_the_company_s_own(world: World) -> None:
    world.bench()
    company, other = world.engineer("甲公司"), world.engineer("乙公司")
    wish = waiting.wait(company.viewer, Wait("t", at(5), at(6)), world.now)
    with pytest.raises(NotFound):
        waiting.leave(other.viewer, wish.id, world.now)
    assert waiting.entries(other.viewer, world.now) == []
    assert [entry.id for entry in waiting.entries(company.viewer, world.now)] == [wish.id]
    assert waiting.entries(company.viewer, at(6)) == []
    waiting.leave(company.viewer, wish.id, world.now)
    assert waiting.entries(company.viewer, world.now) == []


def test_the_form_shows_the_steps_there_are_and_one_more(world: World, visitor: Callable[[Person], Visitor]) -> None:
    world.bench()
    desk = visitor(world.lab_admin("lab"))
    shown = desk.get("/capacity/lab/approvals/").html.partition("更多步骤")[0]
    assert "第 1 步" in shown and "第 2 步" not in shown
    owner = re.search(r'<option value="([^"]+)"', shown)[1]
    desk.post("/capacity/lab/approvals/", **{"name-0": "技术", "hours-0": "9", "owner-0": owner})
    shown = desk.get("/capacity/lab/approvals/").html.partition("更多步骤")[0]
    assert "第 2 步" in shown and "第 3 步" not in shown
