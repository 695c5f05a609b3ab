"""An administrator says what a lab has and can do; what is booked is never lost by it."""

from collections.abc import Callable
from datetime import date

import pytest

from app.booking.models import Booking, Occupancy
from app.booking.rules import OutOfScope, SlotTaken, State
from app.capacity.resources import arranging, scope, service
from app.capacity.resources.rules import (
    NeverRuns,
    PartsCycle,
    PartTaken,
    PlacesBooked,
    StaleRow,
    StillBooked,
    check_no_cycle,
    longer_than_a_way_round,
)
from app.capacity.resources.scope import SetCapability
from app.capacity.resources.service import AddResource, ChangeResource, Facts
from app.database import db
from app.errors import Invalid, NotFound
from app.labs.capacity import BenchState, Nearness
from app.labs.models import Capability, Resource
from app.labs.quantities import Range
from tests.visitor import Visitor
from tests.world import Person, World, at

Visits = Callable[[Person], Visitor]
PATH = "/capacity/lab/resources/"


def facts(**more: object) -> Facts:
    given: dict = {
        "name_zh": "步入舱",
        "name_en": "",
        "places": 1,
        "grain_minutes": 30,
        "shifts": "day",
        "unattended": False,
        "capability_zh": "",
        "capability_en": "",
        "envelope": {},
    }
    return Facts(**(given | more))


def changes(lab: Person, ident: str, whole: str | None = None, **more: object) -> Resource:
    row = db.session.get_one(Resource, ident)
    known = {name: getattr(row, name) for name in ("name_zh", "name_en", "places", "grain_minutes", "shifts")}
    command = ChangeResource(ident, row.version, whole, facts(**(known | more)))
    return service.change_resource(lab.viewer, command, lab.world.now)


def able(lab: Person, pool: str = "chamber", test: str = "t", **more: object) -> Capability:
    row = db.session.get(Capability, (pool, test))
    given: dict = {"version": row.version if row else None} | more
    return scope.set_capability(lab.viewer, SetCapability("lab", pool, test, **given), lab.world.now)


def test_a_new_bench_of_several_units_can_be_booked_at_once(world: World) -> None:
    world.bench()
    lab, company = world.lab_admin("lab"), world.engineer("甲公司")
    command = AddResource("lab", "kind", 2, facts(envelope={"volume": Range(None, 8)}))
    one, two = service.add_resource(lab.viewer, command, world.now)
    assert (one.pool, one.id, two.id) == ("lab-kind", "lab-kind-1", "lab-kind-2")
    assert (one.name_zh, one.origin, one.envelope) == ("步入舱 1#", "lab", {"volume": [None, 8]})
    able(lab, "lab-kind", run_minutes=60, setup_minutes=0, teardown_minutes=0)
    booked = [company.requests(at(5), "lab-kind") for _ in range(2)]
    assert {booking.resource_id for booking in booked} == {"lab-kind-1", "lab-kind-2"}
    assert all(booking.ends_at == at(5, 9, 30) for booking in booked)
    again = service.add_resource(lab.viewer, command, world.now)
    assert again[0].pool == "lab-kind-n2"


def test_places_are_not_lowered_below_what_is_booked(world: World) -> None:
    world.bench(places=3)
    lab = world.lab_admin("lab")
    booked = [world.engineer(f"企业{n}").requests(at(5)) for n in range(2)]
    with pytest.raises(PlacesBooked) as refused:
        changes(lab, "chamber", places=1)
    assert refused.value.facts["codes"] == booked[1].code
    assert changes(lab, "chamber", places=2).places == 2
    assert db.session.get_one(Resource, "chamber").origin == "lab"


def test_two_administrators_and_one_row(world: World) -> None:
    world.bench()
    lab = world.lab_admin("lab")
    changes(lab, "chamber", name_zh="新名")
    with pytest.raises(StaleRow):
        service.change_resource(lab.viewer, ChangeResource("chamber", 1, None, facts()), world.now)
    able(lab, run_minutes=120)
    with pytest.raises(StaleRow):
        able(lab, version=1, run_minutes=60)


def test_the_whole_has_its_parts_and_the_parts_exclude_the_whole(world: World) -> None:
    world.bench(ident="ground", pool="ground")
    for part in ("track", "pad"):
        world.resource(part)
        world.capable(part, "t")
    lab, company, rival = world.lab_admin("lab"), world.engineer("甲公司"), world.engineer("乙公司")
    early = company.requests(at(5), "ground")
    for part in ("track", "pad"):
        changes(lab, part, whole="ground")
    # The booking that stood on the whole has the parts now.
    assert company.sees(early).footprint == ["ground/1", "pad/1", "track/1"] or set(company.sees(early).footprint) == {
        "ground/1",
        "pad/1",
        "track/1",
    }
    with pytest.raises(SlotTaken):
        rival.requests(at(5), "track")
    part = rival.requests(at(6), "track")
    with pytest.raises(SlotTaken):
        company.requests(at(6), "ground")
    assert company.requests(at(6), "pad").state is State.REQUESTED
    assert part.state is State.REQUESTED
    whole = company.requests(at(9), "ground")
    with pytest.raises(SlotTaken):
        rival.requests(at(9), "pad")
    company.does("cancel", whole)
    assert rival.requests(at(9), "pad").state is State.REQUESTED
    with pytest.raises(PartsCycle):
        changes(lab, "ground", whole="track")
    changes(lab, "track", whole=None)
    assert rival.requests(at(5), "track").state is State.REQUESTED


def test_a_part_that_is_taken_cannot_join_a_booked_whole(world: World) -> None:
    world.bench(ident="ground", pool="ground")
    world.resource("track")
    world.capable("track", "t")
    lab = world.lab_admin("lab")
    world.engineer("甲公司").requests(at(5), "ground")
    world.engineer("乙公司").requests(at(5), "track")
    with pytest.raises(PartTaken):
        changes(lab, "track", whole="ground")
    db.session.rollback()
    assert db.session.get_one(Resource, "track").whole_id is None
    assert db.session.query(Occupancy).count() == 2


def test_a_bench_and_a_capability_leave_only_when_nothing_stands(world: World) -> None:
    world.bench()
    lab, company = world.lab_admin("lab"), world.engineer("甲公司")
    booking = company.requests(at(5))
    with pytest.raises(StillBooked) as refused:
        service.retire_resource(lab.viewer, "chamber", world.now)
    assert refused.value.facts["codes"] == booking.code
    with pytest.raises(StillBooked):
        scope.retire_capability(lab.viewer, "lab", "chamber", "t", world.now)
    company.does("cancel", booking)
    scope.retire_capability(lab.viewer, "lab", "chamber", "t", world.now)
    service.retire_resource(lab.viewer, "chamber", world.now)
    with pytest.raises(NotFound):
        service.retire_resource(lab.viewer, "chamber", world.now)


def test_the_scope_holds_from_bench_to_report(world: World) -> None:
    world.bench()
    lab, company = world.lab_admin("lab"), world.engineer("甲公司")
    able(lab, valid_from=date(2026, 11, 9), valid_until=date(2026, 11, 20))
    with pytest.raises(OutOfScope):
        company.requests(at(6))
    # Five working days to the report: the 13th is the last day that does.
    assert company.requests(at(13)).state is State.REQUESTED
    with pytest.raises(OutOfScope):
        company.requests(at(16))
    able(lab, valid_until=None)
    assert company.requests(at(16)).state is State.REQUESTED


def test_times_that_never_fit_are_refused(world: World) -> None:
    world.bench()
    lab = world.lab_admin("lab")
    with pytest.raises(NeverRuns):
        able(lab, run_minutes=24 * 60)
    with pytest.raises(Invalid):
        able(lab, companions=("elsewhere",))
    assert db.session.get_one(Capability, ("chamber", "t")).run_minutes is None


def test_two_states_and_four_hours_between_them(world: World) -> None:
    world.bench()
    world.test("hot", on="chamber", setup=0, run=60, teardown=0)
    lab, company = world.lab_admin("lab"), world.engineer("甲公司")
    names = [(None, "−40 °C", ""), (None, "+85 °C", "")]
    cold, hot = sorted(
        arranging.set_states(lab.viewer, "lab", "chamber", names, {}, world.now), key=lambda s: s.name_zh
    )[::-1]
    minutes = {(cold.id, hot.id): 240}
    kept = [(state.id, state.name_zh, state.name_en) for state in (cold, hot)]
    arranging.set_states(lab.viewer, "lab", "chamber", kept, minutes, world.now)
    able(lab, state_id=cold.id, setup_minutes=0, run_minutes=60, teardown_minutes=0)
    able(lab, test="hot", state_id=hot.id)
    first = company.requests(at(5, 9, 0))
    assert first.ends_at == at(5, 10, 0)
    with pytest.raises(SlotTaken):
        company.requests(at(5, 13, 30), test="hot")
    late = company.requests(at(5, 14, 0), test="hot")
    # Before the hot one there must be room as well.
    with pytest.raises(SlotTaken):
        company.requests(at(5, 10, 0))
    with pytest.raises(SlotTaken):
        company.moves(late, at(5, 13, 0))
    dropped = arranging.set_states(lab.viewer, "lab", "chamber", [(cold.id, "", ""), (hot.id, "热", "")], {}, world.now)
    assert [state.name_zh for state in dropped] == ["热"]
    assert db.session.query(BenchState).count() == 1
    assert db.session.get_one(Capability, ("chamber", "t")).state_id is None


def test_surfaces_that_exclude_one_another_and_neighbours_out_of_sight(world: World) -> None:
    world.bench(ident="circle", pool="circle")
    for other in ("brake", "hill"):
        world.resource(other)
        world.capable(other, "t")
    lab, company, rival = world.lab_admin("lab"), world.engineer("甲公司"), world.engineer("乙公司")
    arranging.link(lab.viewer, "lab", "circle", "brake", Nearness.EXCLUDES, world.now)
    arranging.link(lab.viewer, "lab", "hill", "circle", Nearness.NEIGHBOUR, world.now)
    company.requests(at(5), "circle")
    with pytest.raises(SlotTaken):
        rival.requests(at(5), "brake")
    with pytest.raises(SlotTaken):
        company.requests(at(5), "brake")
    assert rival.availability("brake").busy == rival.availability("circle").busy
    # Neighbours: only when either asked for it, and never between a company and itself.
    assert rival.requests(at(5), "hill").state is State.REQUESTED
    shy = company.requests(at(6), "circle", shielded=True)
    with pytest.raises(SlotTaken):
        rival.requests(at(6), "hill")
    assert company.requests(at(6), "hill").state is State.REQUESTED
    rival.requests(at(9), "hill")
    with pytest.raises(SlotTaken):
        company.requests(at(9), "circle", shielded=True)
    with pytest.raises(SlotTaken):
        company.moves(shy, at(9))
    arranging.link(lab.viewer, "lab", "circle", "brake", None, world.now)
    assert rival.requests(at(5), "brake").state is State.REQUESTED


def test_exclusive_use_takes_all_places(world: World) -> None:
    world.bench(places=3)
    company, rival = world.engineer("甲公司"), world.engineer("乙公司")
    booking = company.requests(at(5), exclusive=True)
    assert len(booking.footprint) == 3
    with pytest.raises(SlotTaken):
        rival.requests(at(5))
    rival.requests(at(6))
    with pytest.raises(SlotTaken):
        company.moves(booking, at(6))
    assert company.requests(at(6)).state is State.REQUESTED


def test_all_that_a_test_needs_or_nothing(world: World) -> None:
    world.bench()
    for pool in ("cycler", "operator"):
        world.resource(pool)
    lab, company = world.lab_admin("lab"), world.engineer("甲公司")
    world.resource("second", pool="chamber-b")
    world.capable("chamber-b", "t")
    able(lab, companions=("cycler", "operator"))
    able(lab, "chamber-b", companions=("operator",))
    booking = company.requests(at(5))
    assert set(booking.footprint) == {"chamber/1", "cycler/1", "operator/1"}
    with pytest.raises(SlotTaken):
        company.requests(at(5), "second")
    assert db.session.query(Booking).count() == 1
    assert db.session.query(Occupancy).count() == 3
    moved = company.moves(booking, at(6))
    assert {row.starts_at for row in db.session.query(Occupancy)} == {moved.starts_at}
    company.does("cancel", moved)
    assert db.session.query(Occupancy).count() == 0


def test_the_pages_add_a_bench_and_a_test(world: World, visitor: Visits) -> None:
    world.bench()
    desk = visitor(world.lab_admin("lab"))
    typed = {
        "kind_id": "kind", "name_zh": "大舱", "name_en": "", "quantity": "1", "places": "2", "grain_minutes": "60",
        "shifts": "two", "envelope": "−40…85 °C, 8 m³", "capability_zh": "", "capability_en": "",
    }  # fmt: skip
    wrong = desk.post(f"{PATH}new", **(typed | {"envelope": "viel Platz"}))
    assert wrong.status == 422
    assert "看不懂“viel Platz”" in wrong.text
    assert wrong.field("name_zh") == "大舱"
    assert desk.post(f"{PATH}new", **typed).status == 303
    row = db.session.get_one(Resource, "lab-kind")
    assert row.envelope == {"temperature": [-40, 85], "volume": [None, 8]}
    added = desk.post(f"{PATH}pools/lab-kind/tests/new", test_id="t", run_minutes="90", needs="-20…60 °C", state_id="")
    assert added.status == 303
    capability = db.session.get_one(Capability, ("lab-kind", "t"))
    assert (capability.run_minutes, capability.needs) == (90, {"temperature": [-20, 60]})
    page = desk.get(PATH)
    assert "大舱" in page.text
    assert "实验室自述" in page.text
    assert "−40…85 °C" in desk.get(f"{PATH}lab-kind").html
    assert "实验室自述" in visitor(world.engineer("甲公司")).get("/resources/lab-kind").text
    for stranger in (world.engineer("乙公司"), world.bench_crew("lab")):
        assert visitor(stranger).get(PATH).status == 404
        assert visitor(stranger).post(f"{PATH}new", **typed).status == 404
        assert visitor(stranger).post(f"{PATH}chamber/retire").status == 404


def test_a_cycle_and_a_way_round_are_found() -> None:
    with pytest.raises(PartsCycle):
        check_no_cycle("a", "b", {"b": "c", "c": "a", "a": None})
    check_no_cycle("a", "b", {"b": "c", "c": None, "a": None})
    assert longer_than_a_way_round({("a", "b"): 240, ("a", "c"): 30, ("c", "b"): 60})[0] == ("a", "c", "b")
