"""What a company asks for beside a time: the whole of a shared track, nobody beside it, a covered vehicle."""

import pytest
from flask import Flask

from app.booking.models import Booking
from app.booking.rules import SlotTaken, State
from app.database import db, transaction
from app.labs.capacity import Nearness, ResourceLink, touch
from app.labs.models import Resource
from tests.visitor import Visitor
from tests.world import Person, World, at

MORNING = "2026-11-05T08:30"
SHARED, BESIDE, COVERED = "独占整个资源", "相邻场地不安排其他企业", "伪装车"


@pytest.fixture
def engineer(world: World) -> Person:
    """Before a track for three vehicles with a hill beside it, and an indoor bench."""
    world.bench(ident="track", pool="track", places=3)
    for other in ("hill", "indoor"):
        world.resource(other)
        world.capable(other, "t")
    with transaction() as session:
        for outdoor in ("track", "hill"):
            session.get_one(Resource, outdoor).place = "outdoor"
        session.add(ResourceLink(one_id="hill", other_id="track", nearness=Nearness.NEIGHBOUR, lab_id="lab"))
        touch(session, "lab")
    return world.engineer("甲公司")


@pytest.fixture
def visitor(engineer: Person, clean: Flask) -> Visitor:
    return Visitor(clean, engineer)


def test_each_wish_is_offered_where_it_means_something(visitor: Visitor) -> None:
    def offered(resource: str) -> list[bool]:
        page = visitor.get("/bookings/new", test="t", resource=resource, starts_at=MORNING).text
        return [words in page for words in (SHARED, BESIDE, COVERED)]

    assert offered("track") == [True, True, True]
    assert offered("hill") == [False, True, True]
    assert offered("indoor") == [False, False, False]


def test_a_covered_vehicle_is_alone_and_unseen_and_the_rival_learns_nothing(
    world: World, engineer: Person, visitor: Visitor, clean: Flask
) -> None:
    sent = visitor.post("/bookings/new", test="t", resource="track", starts_at=MORNING, state="requested", covered="y")
    booking = db.session.query(Booking).one()
    assert sent.status == 303
    assert (booking.exclusive, booking.shielded, len(booking.footprint)) == (True, True, 3)
    rival = world.engineer("乙公司")
    for surface in ("track", "hill"):
        with pytest.raises(SlotTaken):
            rival.requests(at(5), surface)
        page = Visitor(clean, rival).get(f"/schedule/?resource={surface}&from=2026-11-02").html
        assert not any(word in page for word in (COVERED, "甲公司", booking.code))
    assert engineer.requests(at(5), "hill").state is State.REQUESTED


def test_a_wish_lives_through_the_dialog_of_a_lost_time_and_through_a_move(
    world: World, engineer: Person, visitor: Visitor
) -> None:
    rival = world.engineer("乙公司")
    rival.requests(at(5), "track")
    lost = visitor.post(
        "/bookings/new", test="t", resource="track", starts_at=MORNING, state="requested", exclusive="y", sample="车"
    )
    assert lost.status == 409
    assert lost.field("sample") == "车"
    # The box of each in the form, and what the dialog carries on.
    assert lost.fields["exclusive"] == ["y", "y"]
    assert lost.fields["covered"] == ["y"]
    booking = engineer.requests(at(6), "track", exclusive=True, shielded=True)
    rival.requests(at(9), "track")
    with pytest.raises(SlotTaken):
        engineer.moves(booking, at(9))
    moved = engineer.moves(booking, at(10))
    assert (moved.exclusive, moved.shielded, len(moved.footprint)) == (True, True, 3)
    assert rival.requests(at(6), "track").state is State.REQUESTED
    with pytest.raises(SlotTaken):
        rival.requests(at(10), "hill")
