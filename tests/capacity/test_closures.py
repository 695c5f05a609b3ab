"""A bench goes out: whom it hits, what is proposed to them, and that nothing moves before they answer."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.booking import closures, relocating
from app.booking.closures import CloseResource
from app.booking.models import Booking, Closure, ClosureKind, Occupancy
from app.booking.relocating import Proposal
from app.booking.rules import CalibrationOverdue, SlotTaken, State, WrongState
from app.capacity.closures import service
from app.capacity.closures.rules import Recurrence, occurrences, places_typed
from app.capacity.closures.service import Calibrate, Limit
from app.database import db, transaction
from app.labs.capacity import touch
from app.labs.models import Capability
from app.worktime import Interval, local_date
from tests.visitor import Visitor
from tests.world import Person, World, at

Visits = Callable[[Person], Visitor]
PATH = "/capacity/lab/closures/"
HOUR = timedelta(hours=1)


def closes(lab: Person, start, end, resource: str = "chamber", **more: object) -> Closure:
    command = CloseResource(resource, start, end, ClosureKind.BREAKDOWN, "压缩机坏了", around=True, **more)
    return closures.close(lab.viewer, command, lab.world.now)


def proposals(closure: Closure, world: World) -> list[Proposal]:
    span = Interval(closure.starts_at, closure.ends_at)
    found = relocating.hits("lab", closure.resource_id, closure.places, span, world.now)
    return [
        Proposal(hit.booking.id, hit.booking.version, hit.slot.bench.resource_id, hit.slot.use.starts_at)
        for hit in found
        if hit.slot
    ]


def overlaps() -> int:
    rows = db.session.query(Occupancy).all()
    return sum(
        a.resource_id == b.resource_id and a.place == b.place and a.starts_at < b.ends_at and b.starts_at < a.ends_at
        for n, a in enumerate(rows)
        for b in rows[n + 1 :]
    )


def test_the_scene_chamber_two_is_down(world: World) -> None:
    """Eleven bookings are hit; proposals go out at once; companies accept, choose another time, or decline."""
    world.bench()
    world.resource("second")
    world.capable("second", "t")
    lab = world.lab_admin("lab")
    companies = [world.engineer(f"企业{n}") for n in range(11)]
    starts = [at(day, hour) for day in (4, 5, 6, 9, 10, 11) for hour in (8, 13)][:11]
    made = [lab.does("confirm", company.requests(start)) for company, start in zip(companies, starts, strict=True)]
    closure = closes(lab, world.now, at(12, 8, 0), open_end=True)
    asked = proposals(closure, world)
    assert len(asked) == 11
    assert len({(each.resource_id, each.starts_at) for each in asked}) == 11
    # The least change: the same time on the equal bench.
    assert {each.resource_id for each in asked} == {"second"}
    assert [each.starts_at for each in asked] == starts
    outcomes = relocating.propose(lab.viewer, closure.id, asked, "台架临时停用", world.now)
    assert not any(outcome.refused for outcome in outcomes)
    before = [company.sees(booking) for company, booking in zip(companies, made, strict=True)]
    assert [booking.starts_at for booking in before] == starts
    assert {booking.resource_id for booking in before} == {"chamber"}
    accepted = companies[0].does("accept-move", before[0])
    assert accepted.resource_id == "second"
    chosen = companies[1].moves(before[1], at(16), resource="second")
    assert chosen.starts_at == at(16)
    declined = companies[2].does("refuse-move", before[2])
    assert (declined.resource_id, declined.starts_at) == ("chamber", starts[2])
    with pytest.raises(WrongState):
        companies[0].does("accept-move", accepted)
    world.now += timedelta(days=1)
    late = companies[3].sees(made[3])
    world.now = late.starts_at
    with pytest.raises(WrongState):
        companies[3].does("accept-move", late)
    assert overlaps() == 0


def test_what_a_booking_gives_back_inside_a_closure_is_closed(world: World) -> None:
    world.bench()
    company, lab = world.engineer("甲公司"), world.lab_admin("lab")
    booking = lab.does("confirm", company.requests(at(5)))
    closes(lab, at(5, 8, 0), at(7, 8, 0))
    company.does("cancel", company.sees(booking))
    with pytest.raises(SlotTaken):
        world.engineer("乙公司").requests(at(5))
    assert overlaps() == 0


def test_two_of_eight_channels_fail(world: World) -> None:
    """Of five bookings three keep their channel, two get another one at the same time."""
    world.bench(places=8)
    lab = world.lab_admin("lab")
    made = [lab.does("confirm", world.engineer(f"企业{n}").requests(at(9))) for n in range(5)]
    assert [booking.place for booking in made] == [1, 2, 3, 4, 5]
    closure = closes(lab, at(9, 9, 0), at(13, 9, 0), places=(3, 5))
    span = Interval(closure.starts_at, closure.ends_at)
    hits = relocating.hits("lab", "chamber", closure.places, span, world.now)
    assert [hit.booking.place for hit in hits] == [3, 5]
    assert [hit.slot.place for hit in hits] == [6, 7]
    assert all(hit.same_time for hit in hits)
    outcomes = relocating.propose(lab.viewer, closure.id, proposals(closure, world), "两个通道故障", world.now)
    assert not any(outcome.refused for outcome in outcomes)
    assert [lab.sees(booking).proposal for booking in made if booking.place not in (3, 5)] == [None, None, None]
    named = [lab.sees(booking).proposal for booking in made if booking.place in (3, 5)]
    assert [(each.starts_at, each.place) for each in named if each] == [(at(9), 6), (at(9), 7)]
    others = world.engineer("己公司")
    for _ in range(1):
        others.requests(at(9))
    with pytest.raises(SlotTaken):
        others.requests(at(9))
    with pytest.raises(Exception, match="工位"):
        closes(lab, at(16), at(17), places=(9,))


def test_a_limitation_closes_only_what_needs_more(world: World) -> None:
    world.bench()
    world.test("mild", on="chamber")
    lab, company = world.lab_admin("lab"), world.engineer("甲公司")
    with transaction() as session:
        session.get_one(Capability, ("chamber", "t")).needs = {"temperature": [-40, 85]}
        session.get_one(Capability, ("chamber", "mild")).needs = {"temperature": [-20, 60]}
        touch(session, "lab")
    friday = Limit("chamber", "temperature", -30, None, world.now, at(6, 17, 30), "压缩机")
    row = service.limit(lab.viewer, friday, world.now)
    with pytest.raises(SlotTaken):
        company.requests(at(5))
    assert company.requests(at(5), test="mild").state is State.REQUESTED
    assert company.requests(at(9)).state is State.REQUESTED
    service.lift(lab.viewer, row.id, world.now)
    assert company.requests(at(6)).state is State.REQUESTED


def test_an_overdue_bench_is_not_confirmed(world: World) -> None:
    world.bench()
    company, lab = world.engineer("甲公司"), world.lab_admin("lab")
    booking = company.requests(at(5))
    service.calibrate(lab.viewer, Calibrate("chamber", date(2026, 11, 4), 12), world.now)
    with pytest.raises(CalibrationOverdue):
        lab.does("confirm", booking)
    service.calibrate(lab.viewer, Calibrate("chamber", date(2026, 11, 5), 12), world.now)
    assert lab.does("confirm", booking).state is State.CONFIRMED


def test_an_open_end_is_put_off_until_the_bench_is_back(world: World) -> None:
    world.bench()
    lab = world.lab_admin("lab")
    closure = closes(lab, world.now, at(3, 9, 0), open_end=True)
    world.now = at(3, 9, 0)
    assert closures.put_off_open_ends(world.now) == 1
    assert closures.put_off_open_ends(world.now) == 0
    assert db.session.get_one(Closure, closure.id).ends_at == at(4, 9, 0)
    closures.reopen(lab.viewer, closure.id, world.now)
    assert db.session.get_one(Closure, closure.id).ends_at == world.now
    assert world.engineer("甲公司").requests(at(4, 12, 30)).state is State.REQUESTED


def test_a_longer_end_leaves_bookings_and_a_shorter_one_frees(world: World) -> None:
    world.bench()
    lab, company = world.lab_admin("lab"), world.engineer("甲公司")
    booking = company.requests(at(6))
    closure = closes(lab, at(5, 8, 0), at(5, 18, 0))
    closures.change_end(lab.viewer, closure.id, at(9, 18, 0), False, world.now)
    assert company.sees(booking).starts_at == at(6)
    with pytest.raises(SlotTaken):
        company.requests(at(9))
    closures.change_end(lab.viewer, closure.id, at(5, 12, 0), False, world.now)
    assert company.requests(at(9)).state is State.REQUESTED
    assert overlaps() == 0


def test_the_pages_from_the_breakdown_to_the_answers(world: World, visitor: Visits) -> None:
    world.bench()
    world.resource("second")
    world.capable("second", "t")
    company, person = world.engineer("甲公司"), world.lab_admin("lab")
    desk = visitor(person)
    booking = person.does("confirm", company.requests(at(5)))
    typed = {
        "resources": "chamber",
        "places": "",
        "kind": "breakdown",
        "starts_at": "2026-11-04T08:00",
        "ends_at": "2026-11-08T08:00",
        "open_end": "y",
        "recurrence": "once",
        "reason": "压缩机坏了",
    }
    preview = desk.post(f"{PATH}new", **typed, do="preview")
    assert booking.code in preview.text
    assert "同一时间" in preview.text
    assert db.session.query(Closure).count() == 0
    saved = desk.post(f"{PATH}new", **typed, do="save")
    assert saved.status == 303
    page = desk.get(saved.location)
    refused = desk.post(f"{saved.location}/propose", hit=page.fields["hit"], reason="")
    assert refused.status == 422
    assert desk.post(f"{saved.location}/propose", hit=page.fields["hit"], reason="建议改台架").status == 303
    assert "等企业答复" in desk.get(saved.location).text
    told = visitor(company).get(f"/bookings/{booking.id}")
    assert "压缩机" not in told.html
    assert "故障" not in told.html
    company.does("accept-move", company.sees(booking))
    assert "已改到别处" in desk.get(saved.location).text
    assert "故障" in desk.get(PATH).text
    assert "Breakdown" in desk.english().get(PATH).text
    for stranger in (company, world.bench_crew("lab")):
        assert visitor(stranger).get(PATH).status == 404
        assert visitor(stranger).get(saved.location).status == 404
        assert visitor(stranger).post(f"{PATH}new", **typed, do="save").status == 404


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"places": "drei"}, "请填编号"),
        ({"places": "2"}, "1 个工位"),
        ({"ends_at": "2026-11-03T08:00"}, "结束时间要在开始时间之后"),
        ({"recurrence": "weekly"}, "请填重复到哪天"),
        ({"starts_at": "morgen"}, "请填日期和时间"),
    ],
)
def test_bad_input_is_told_and_kept(world: World, visitor: Visits, change: dict, told: str) -> None:
    world.bench()
    typed = {
        "resources": "chamber",
        "places": "",
        "kind": "maintenance",
        "starts_at": "2026-11-04T08:00",
        "ends_at": "2026-11-04T12:00",
        "recurrence": "once",
        "reason": "换油",
    } | change
    page = visitor(world.lab_admin("lab")).post(f"{PATH}new", **typed, do="save")
    assert page.status == 422
    assert told in page.text
    assert page.field("reason") == "换油"
    assert db.session.query(Closure).count() == 0


def test_a_recurring_closure_is_stored_whole_and_ended_from_here_on(world: World) -> None:
    world.bench()
    lab = world.lab_admin("lab")
    first = Interval(at(2, 13, 0), at(2, 17, 0))
    spans = occurrences(first, Recurrence.MONTHLY, date(2027, 3, 31))
    assert [local_date(span.start) for span in spans] == [
        date(2026, 11, 2), date(2026, 12, 7), date(2027, 1, 4), date(2027, 2, 1), date(2027, 3, 1),
    ]  # fmt: skip
    commands = [CloseResource("chamber", s.start, s.end, ClosureKind.MAINTENANCE, around=True) for s in spans]
    made = closures.close_all(lab.viewer, commands, world.now)
    assert len({closure.series_id for closure in made}) == 1
    assert closures.reopen_series(lab.viewer, made[2].id, world.now) == 3
    assert db.session.query(Closure).count() == 2


@given(st.integers(0, 60), st.sampled_from(list(Recurrence)), st.integers(0, 400))
def test_occurrences_keep_weekday_time_and_length(offset: int, recurrence: Recurrence, days: int) -> None:
    start = at(2, 13, 0) + timedelta(days=offset)
    first, until = Interval(start, start + 4 * HOUR), local_date(start) + timedelta(days=days)
    spans = occurrences(first, recurrence, until)
    assert spans[0] == first
    assert all(local_date(span.start) <= until for span in spans)
    assert all(span.duration == 4 * HOUR for span in spans)
    assert len({local_date(span.start).weekday() for span in spans}) == 1
    if recurrence is Recurrence.MONTHLY:
        months = [(local_date(span.start).year, local_date(span.start).month) for span in spans]
        assert len(set(months)) == len(months)
        assert len({(local_date(span.start).day - 1) // 7 for span in spans}) == 1


def test_places_are_numbers() -> None:
    assert places_typed(" 5, 3，3、7# ") == (3, 5, 7)
    assert places_typed("") == ()
    for wrong in ("a", "1-3", "-1", "²"):
        with pytest.raises(ValueError, match=wrong):
            places_typed(wrong)


def test_every_booking_is_there_afterwards(world: World) -> None:
    world.bench()
    lab = world.lab_admin("lab")
    made = [world.engineer(f"企业{n}").requests(at(day)) for n, day in enumerate((4, 5, 6))]
    closes(lab, world.now, at(30, 8, 0))
    assert db.session.query(Booking).count() == len(made)
    assert db.session.query(Occupancy).filter(Occupancy.booking_id.is_not(None)).count() == len(made)
    assert overlaps() == 0


def test_a_link_fills_in_the_form_and_one_that_is_damaged_harms_nothing(world: World, visitor: Visits) -> None:
    world.bench()
    desk = visitor(world.lab_admin("lab"))
    page = desk.get(f"{PATH}new?resource=chamber&starts_at=2026-11-05T00:30Z&ends_at=2026-11-05T09:30Z").html
    assert 'value="2026-11-05T08:30"' in page and 'value="2026-11-05T17:30"' in page
    page = desk.get(f"{PATH}new?resource=nothing&places=x&starts_at=yesterday&ends_at=9999-99-99").html
    assert 'value="2026-11-02T09:00"' in page and 'value="2026-11-06T09:00"' in page and "checked" in page
