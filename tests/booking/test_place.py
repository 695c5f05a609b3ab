"""The form behind a drop on a lab's timeline."""

from flask import Flask

from app.booking.models import Booking
from app.database import db
from tests.visitor import Visitor
from tests.world import World, at


def test_a_drop_says_what_it_would_be_and_is_proposed_with_a_reason(world: World, clean: Flask) -> None:
    world.bench()
    booking = world.engineer("甲公司").requests(at(6))
    desk = Visitor(clean, world.lab_admin("lab"))
    desk.person.does("confirm", booking)
    page = desk.get(f"/bookings/{booking.id}/place", starts_at="2026-11-09T00:30Z", back="/schedule?days=7")
    assert "改到 11-09 周一 08:30 至" in page.text and "甲公司" in page.text
    sent = {name: page.field(name) for name in ("version", "resource", "starts_at", "back")}
    refused = desk.post(f"/bookings/{booking.id}/place", **sent, reason="")
    assert (refused.status, refused.field("back")) == (422, "/schedule?days=7")
    done = desk.post(f"/bookings/{booking.id}/place", **sent, reason="校准延后")
    assert (done.status, done.location) == (303, "/schedule?days=7")
    proposal = db.session.get_one(Booking, booking.id).proposal
    assert proposal is not None and proposal.starts_at == at(9)


def test_what_cannot_be_is_said_before_a_reason_is_asked_for(world: World, clean: Flask) -> None:
    world.bench()
    booking = world.engineer("甲公司").requests(at(6))
    world.engineer("乙公司").requests(at(9))
    world.resource("other")
    desk = Visitor(clean, world.lab_admin("lab"))
    place = f"/bookings/{booking.id}/place"
    assert "该时段已不可约" in desk.get(place, starts_at="2026-11-09T00:30Z").text
    assert "不开放" in desk.get(place, starts_at="2026-11-08T00:30Z").text
    assert "不能做这个检测项目" in desk.get(place, starts_at="2026-11-10T00:30Z", resource="other").text
    lost = {"version": str(booking.version), "starts_at": "2026-11-09T08:30", "resource": "", "reason": "校准"}
    taken = desk.post(place, **lost)
    assert taken.status == 409 and len(taken.fields["choice"]) == 3


def test_only_the_order_desk_of_the_lab_moves_what_is_booked_there(world: World, clean: Flask) -> None:
    world.bench()
    engineer, rival = world.engineer("甲公司"), world.engineer("乙公司")
    booking = engineer.requests(at(6))
    crew = world.bench_crew("lab")
    answers = [Visitor(clean, who).get(f"/bookings/{booking.id}/place").status for who in (engineer, crew, rival)]
    assert answers == [403, 403, 404]
    assert "data-at" in Visitor(clean, world.lab_admin("lab")).get("/schedule").html
    assert "data-at" not in Visitor(clean, crew).get("/schedule").html
