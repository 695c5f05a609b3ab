"""What a lab changes under standing bookings: wholes and places grow and shrink, companions come, scopes end."""

from datetime import date, timedelta
from typing import Any

import pytest

from app.booking import relocating
from app.booking.closures import CloseResource, close, reopen
from app.booking.models import Booking, Closure, ClosureKind, MoveProposal, Occupancy
from app.booking.rules import SlotTaken, State
from app.capacity.resources import arranging, scope, service
from app.capacity.resources.rules import PartTaken, PlacesBooked, StandsAround, StillCompanion
from app.capacity.rules import StaleSetup
from app.database import db, transaction
from app.errors import Invalid
from app.labs.capacity import Nearness
from app.labs.models import Lab, Resource, ResourceKind
from app.labs.models import Test as CatalogueTest
from app.labs.quantities import Range
from app.worktime import Interval
from tests.capacity.test_resources import PATH, Visits, able, changes
from tests.world import Person, World, at


def ground(world: World, *parts: str) -> None:
    """A proving ground with parts, all of which can run the test."""
    world.bench(ident="ground", pool="ground")
    for part in parts:
        world.resource(part)
        world.capable(part, "t")


def rows(booking: Booking) -> set[str]:
    """What is taken for the booking, as the table has it."""
    return {f"{row.resource_id}/{row.place}" for row in db.session.query(Occupancy).filter_by(booking_id=booking.id)}


def test_a_part_with_more_places_is_still_had_with_its_whole(world: World) -> None:
    ground(world, "track")
    lab, company, rival = world.lab_admin("lab"), world.engineer("甲公司"), world.engineer("乙公司")
    changes(lab, "track", whole="ground")
    booking = company.requests(at(5), "ground")
    changes(lab, "track", whole="ground", places=3)
    assert rows(booking) == {"ground/1", "track/1", "track/2", "track/3"}
    with pytest.raises(SlotTaken):
        rival.requests(at(5), "track")
    changes(lab, "track", whole="ground", places=2)
    assert rows(booking) == set(company.sees(booking).footprint) == {"ground/1", "track/1", "track/2"}
    company.does("cancel", booking)
    assert [rival.requests(at(5), "track").place for _ in range(2)] == [1, 2]
    with pytest.raises(PlacesBooked):
        changes(lab, "track", whole="ground", places=1)


def shut(lab: Person, resource: str, days: tuple[int, int], **more: Any) -> Closure:
    command = CloseResource(resource, at(days[0], 0), at(days[1], 0), ClosureKind.MAINTENANCE, around=True, **more)
    return close(lab.viewer, command, lab.world.now)


def test_a_closed_whole_closes_its_parts(world: World) -> None:
    ground(world, "track", "slope")
    lab, company, rival = world.lab_admin("lab"), world.engineer("甲公司"), world.engineer("乙公司")
    changes(lab, "track", whole="ground")
    booking = lab.does("confirm", company.requests(at(5), "track"))
    closure = shut(lab, "ground", (5, 7))
    span = Interval(closure.starts_at, closure.ends_at)
    hits = relocating.hits("lab", "ground", (), span, world.now)
    assert [hit.booking.id for hit in hits] == [booking.id]
    with pytest.raises(SlotTaken):
        rival.requests(at(6), "track")
    company.does("cancel", company.sees(booking))
    with pytest.raises(SlotTaken):
        rival.requests(at(5), "track")
    assert rival.requests(at(6), "slope").resource_id == "slope"
    reopen(lab.viewer, closure.id, world.now)
    assert rival.requests(at(6), "track").resource_id == "track"


def test_a_part_of_a_closed_whole_is_closed_as_long_as_it_is_its_part(world: World) -> None:
    ground(world, "track")
    lab, rival = world.lab_admin("lab"), world.engineer("乙公司")
    shut(lab, "ground", (5, 7))
    changes(lab, "track", whole="ground")
    changes(lab, "track", whole="ground", places=2)
    with pytest.raises(SlotTaken):
        rival.requests(at(5), "track")
    changes(lab, "track", whole=None, places=2)
    assert [rival.requests(at(5), "track").place for _ in range(2)] == [1, 2]


def test_a_booking_in_a_closure_moves_out_of_it_and_not_within(world: World) -> None:
    world.bench()
    lab, company = world.lab_admin("lab"), world.engineer("甲公司")
    booking = lab.does("confirm", company.requests(at(9)))
    shut(lab, "chamber", (9, 11))
    with pytest.raises(SlotTaken):
        company.moves(company.sees(booking), at(9, 10))
    assert company.moves(company.sees(booking), at(12)).starts_at == at(12)


def test_exclusive_use_goes_on_to_be_exclusive(world: World) -> None:
    world.bench(places=2)
    lab, company = world.lab_admin("lab"), world.engineer("甲公司")
    alone = company.requests(at(5), exclusive=True)
    shared = company.requests(at(6))
    changes(lab, "chamber", places=4)
    assert len(rows(alone)) == 4
    assert len(rows(shared)) == 1
    with pytest.raises(SlotTaken):
        world.engineer("乙公司").requests(at(5))
    changes(lab, "chamber", places=1)
    assert rows(alone) == {"chamber/1"}


def test_a_closed_bench_has_no_open_place_when_it_grows(world: World) -> None:
    world.bench()
    lab, company = world.lab_admin("lab"), world.engineer("甲公司")
    close(lab.viewer, CloseResource("chamber", at(5, 0, 0), at(6, 0, 0), ClosureKind.MAINTENANCE), world.now)
    changes(lab, "chamber", places=2)
    with pytest.raises(SlotTaken):
        company.requests(at(5))
    assert {company.requests(at(6)).place for _ in range(2)} == {1, 2}


def test_a_time_proposed_on_a_whole_takes_a_new_part_along(world: World) -> None:
    ground(world, "track")
    lab, company, rival = world.lab_admin("lab"), world.engineer("甲公司"), world.engineer("乙公司")
    booking = company.requests(at(5), "ground")
    lab.moves(booking, at(6), reason="检修")
    changes(lab, "track", whole="ground")
    assert set(db.session.query(MoveProposal).one().footprint) == {"ground/1", "track/1"}
    for day in (5, 6):
        with pytest.raises(SlotTaken):
            rival.requests(at(day), "track")
    company.does("accept-move", company.sees(booking))
    assert rival.requests(at(5), "track").state is State.REQUESTED
    with pytest.raises(SlotTaken):
        rival.requests(at(6), "track")


def test_a_part_of_a_part_moves_up_when_what_is_between_goes(world: World) -> None:
    ground(world, "track", "lane")
    lab, company = world.lab_admin("lab"), world.engineer("甲公司")
    changes(lab, "lane", whole="track")
    changes(lab, "track", whole="ground")
    assert rows(company.requests(at(5), "ground")) == {"ground/1", "track/1", "lane/1"}
    db.session.query(Booking).one()
    company.does("cancel", db.session.query(Booking).one())
    service.retire_resource(lab.viewer, "track", world.now)
    assert db.session.get_one(Resource, "lane").whole_id == "ground"
    assert rows(company.requests(at(6), "ground")) == {"ground/1", "lane/1"}


def test_what_is_taken_by_another_is_named_and_nothing_changes(world: World) -> None:
    ground(world, "track")
    lab = world.lab_admin("lab")
    whole = world.engineer("甲公司").requests(at(5), "ground")
    part = world.engineer("乙公司").requests(at(5), "track")
    with pytest.raises(PartTaken) as refused:
        changes(lab, "track", whole="ground")
    assert (refused.value.facts["whole"], refused.value.facts["codes"]) == (whole.code, part.code)
    assert db.session.query(Occupancy).count() == 2


def test_links_reach_from_wholes_to_parts_and_back(world: World) -> None:
    ground(world, "track", "pad", "road", "hill")
    lab, company, rival = world.lab_admin("lab"), world.engineer("甲公司"), world.engineer("乙公司")
    for part in ("track", "pad"):
        changes(lab, part, whole="ground")
    arranging.link(lab.viewer, "lab", "track", "road", Nearness.EXCLUDES, world.now)
    arranging.link(lab.viewer, "lab", "ground", "hill", Nearness.NEIGHBOUR, world.now)
    company.requests(at(5), "road")
    with pytest.raises(SlotTaken):
        rival.requests(at(5), "ground")
    assert rival.requests(at(5), "pad").state is State.REQUESTED
    company.requests(at(6), "pad", shielded=True)
    with pytest.raises(SlotTaken):
        rival.requests(at(6), "hill")
    with pytest.raises(Invalid):
        arranging.link(lab.viewer, "lab", "pad", "ground", Nearness.EXCLUDES, world.now)


def test_a_companion_with_parts_is_taken_with_all_of_them(world: World) -> None:
    world.bench()
    for other in ("rack", "channel"):
        world.resource(other)
    world.capable("channel", "t")
    lab, company = world.lab_admin("lab"), world.engineer("甲公司")
    changes(lab, "channel", whole="rack")
    able(lab, companions=("rack",))
    booking = company.requests(at(5))
    assert rows(booking) == {"chamber/1", "rack/1", "channel/1"}
    with pytest.raises(SlotTaken):
        company.requests(at(5), "channel")
    company.requests(at(6), "channel")
    with pytest.raises(SlotTaken):
        company.requests(at(6))
    with pytest.raises(Invalid):
        able(lab, companions=("rack", "channel"))
    with pytest.raises(Invalid):
        changes(lab, "chamber", whole="rack")


def test_the_last_unit_that_a_test_needs_too_stays(world: World) -> None:
    world.bench()
    world.resource("operator")
    lab = world.lab_admin("lab")
    able(lab, companions=("operator",))
    with pytest.raises(StillCompanion) as refused:
        service.retire_resource(lab.viewer, "operator", world.now)
    assert [test.id for test in refused.value.facts["tests"]] == ["t"]
    able(lab, companions=())
    service.retire_resource(lab.viewer, "operator", world.now)


def test_bookings_that_stand_around_a_change_are_listed_first(world: World, visitor: Visits) -> None:
    world.bench(shifts="two")
    lab, company = world.lab_admin("lab"), world.engineer("甲公司")
    late, early = company.requests(at(5, 15, 0)), company.requests(at(6))
    with pytest.raises(StandsAround) as refused:
        changes(lab, "chamber", shifts="day")
    assert refused.value.facts["codes"] == late.code
    desk = visitor(lab)
    typed = {
        "version": "1", "name_zh": "一班舱", "name_en": "", "places": "1", "grain_minutes": "30", "shifts": "day",
        "envelope": "", "capability_zh": "", "capability_en": "", "whole_id": "",
    }  # fmt: skip
    shown = desk.post(f"{PATH}chamber", **typed)
    assert shown.status == 409
    assert late.code in shown.text
    assert early.code not in shown.text
    assert shown.field("accepted") == late.code
    assert shown.field("name_zh") == "一班舱"
    assert desk.post(f"{PATH}chamber", **typed, accepted=late.code).status == 303
    assert company.sees(late).starts_at == at(5, 15, 0)
    assert db.session.get_one(Resource, "chamber").shifts == "day"


def test_a_scope_that_ends_lists_who_is_booked_beyond(world: World) -> None:
    world.bench()
    world.resource("operator")
    lab, company = world.lab_admin("lab"), world.engineer("甲公司")
    before, beyond = company.requests(at(5)), company.requests(at(24))
    with pytest.raises(StandsAround) as refused:
        able(lab, valid_until=date(2026, 11, 20))
    assert refused.value.facts["codes"] == beyond.code
    able(lab, valid_until=date(2026, 11, 20), accepted=beyond.code)
    with pytest.raises(StandsAround) as refused:
        able(lab, valid_until=date(2026, 11, 20), companions=("operator",))
    assert refused.value.facts["codes"] == f"{before.code}, {beyond.code}"
    # What doesn't touch scope and companions asks nothing.
    able(lab, valid_until=date(2026, 11, 20), run_minutes=60)
    assert company.sees(beyond).state is State.REQUESTED


def test_a_test_asks_no_more_than_its_bench_reaches(world: World) -> None:
    world.bench()
    lab = world.lab_admin("lab")
    changes(lab, "chamber", envelope={"temperature": Range(-40, 85)})
    with pytest.raises(Invalid) as refused:
        able(lab, needs={"temperature": Range(-60, 20)})
    assert refused.value.field == "needs"
    able(lab, needs={"temperature": Range(-20, 20)})
    with pytest.raises(Invalid) as refused:
        changes(lab, "chamber", envelope={"temperature": Range(-10, 85)})
    assert refused.value.field == "envelope"


def test_the_second_administrator_sees_what_the_first_stored(world: World, visitor: Visits) -> None:
    world.bench()
    lab = world.lab_admin("lab")
    changes(lab, "chamber", name_zh="甲的名称", places=2)
    typed = {
        "version": "1", "name_zh": "乙的名称", "name_en": "", "places": "1", "grain_minutes": "30", "shifts": "day",
        "envelope": "", "capability_zh": "", "capability_en": "", "whole_id": "",
    }  # fmt: skip
    desk = visitor(lab)
    shown = desk.post(f"{PATH}chamber", **typed)
    assert shown.status == 409
    assert "甲的名称" in shown.text
    assert shown.field("name_zh") == "乙的名称"
    assert desk.post(f"{PATH}chamber", **(typed | {"version": str(shown.field("version"))})).status == 303
    able(lab, run_minutes=120)
    shown = desk.post(f"{PATH}pools/chamber/tests/t", version="1", run_minutes="60", state_id="")
    assert shown.status == 409
    assert "120" in shown.text


def test_two_administrators_and_one_table_of_changeovers(world: World, visitor: Visits) -> None:
    world.bench()
    lab = world.lab_admin("lab")
    seen = db.session.get_one(Lab, "lab").setup_version
    arranging.set_states(lab.viewer, "lab", "chamber", [(None, "冷", "")], {}, world.now, seen)
    with pytest.raises(StaleSetup):
        arranging.set_states(lab.viewer, "lab", "chamber", [(None, "热", "")], {}, world.now, seen)
    desk = visitor(lab)
    shown = desk.post(f"{PATH}pools/chamber/states", **{"zh-new0": "热", "seen": seen})
    assert shown.status == 409
    assert shown.field("zh-new0") == "热"
    assert "冷" in shown.text


def test_any_test_of_the_catalogue_with_a_warning(world: World, visitor: Visits) -> None:
    world.bench()
    desk = visitor(world.lab_admin("lab"))
    world.test("other", on="elsewhere")
    with transaction() as session:
        known = session.get_one(ResourceKind, "kind")
        columns = {c.key: getattr(known, c.key) for c in ResourceKind.__mapper__.column_attrs}
        session.add(ResourceKind(**(columns | {"id": "rig"})))
        session.flush()
        session.get_one(CatalogueTest, "other").kind_id = "rig"
    path = f"{PATH}pools/chamber/tests/new"
    assert "项目 other" not in desk.get(path).text
    every = desk.get(f"{path}?all=1")
    assert "项目 other" in every.text
    assert "请先核实" in every.text
    assert desk.post(f"{path}?all=1", test_id="other", run_minutes="60", note_zh="带夹具", state_id="").status == 303
    assert world.engineer("甲公司").requests(at(5), test="other").ends_at == at(5) + timedelta(hours=1)


def test_an_operator_is_freed_with_the_booking(world: World) -> None:
    world.bench()
    world.resource("operator")
    lab, company = world.lab_admin("lab"), world.engineer("甲公司")
    able(lab, companions=("operator",))
    booking = company.requests(at(5))
    with pytest.raises(StandsAround):
        scope.set_capability(
            lab.viewer,
            scope.SetCapability("lab", "chamber", "t", 2, valid_until=date(2026, 11, 4), companions=("operator",)),
            world.now,
        )
    company.does("cancel", booking)
    assert rows(booking) == set()
