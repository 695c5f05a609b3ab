"""Bookings over the API, from the hold to the report."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.accounts.models import Scope
from app.database import transaction
from app.labs.capacity import Companion, touch
from tests.contract.conftest import Program
from tests.world import World, at

FIELDS = {
    *("id", "code", "state", "version", "company", "lab", "resource", "test", "starts_at", "ends_at"),
    *("run_from", "run_until", "hold_expires_at", "order"),
}
OFFER = {
    *("resource", "lab", "starts_at", "ends_at", "run_from", "run_until"),
    *("report_expected_at", "report_safe_at", "basis"),
}
Speaks = Callable[..., Program]


def wanted(start: datetime, **more: Any) -> dict[str, Any]:
    return {"test": "t", "resource": "chamber", "starts_at": start.isoformat(), "state": "requested"} | more


@pytest.fixture
def engineer(world: World, speaks: Speaks) -> Program:
    """A program of 甲公司, in a world with one bench of half-hour starts."""
    world.bench(places=1)
    return speaks(world.engineer("甲公司"))


@pytest.fixture
def desk(world: World, engineer: Program, speaks: Speaks) -> Program:
    return speaks(world.lab_admin("lab"))


def step(program: Program, booking: dict[str, Any], name: str, **more: Any) -> dict[str, Any]:
    """The booking after a step that is taken."""
    status, answer = program.send(f"/bookings/{booking['id']}/{name}", {"version": booking["version"], **more})
    assert status == 200, answer
    return answer


def refused(answer: tuple[int, Any]) -> tuple[int, str]:
    """Status and code of a problem document."""
    status, problem = answer
    assert {"type", "title", "status", "detail", "code"} <= problem.keys() and problem["status"] == status
    return status, problem["code"]


def test_from_the_hold_to_the_report(world: World, engineer: Program, desk: Program, speaks: Speaks) -> None:
    status, held = engineer.send("/bookings", wanted(at(9), state="held", sample="电池包", note="轻放"))
    assert status == 201 and held.keys() >= FIELDS
    assert (held["state"], held["version"], held["lab"], held["resource"]) == ("held", 1, "lab", "chamber")
    assert (held["starts_at"], held["ends_at"]) == ("2026-11-09T08:30:00+08:00", "2026-11-09T12:30:00+08:00")
    assert held["hold_expires_at"] == "2026-11-02T11:00:00+08:00"
    asked = step(engineer, held, "request")
    assert (asked["state"], asked["version"], asked["hold_expires_at"]) == ("requested", 2, None)
    booking = step(desk, asked, "confirm")
    crew = speaks(world.bench_crew("lab"))
    assert crew.ask(f"/bookings/{held['id']}")[1]["company"] is None
    assert desk.ask(f"/bookings/{held['id']}")[1]["company"] == held["company"]
    world.now = at(9)
    booking = step(crew, booking, "start")
    world.now = at(9, 12, 0)
    booking = step(crew, booking, "complete")
    report = {"version": booking["version"], "number": "JC-1", "issued_at": "2026-11-09T12:00:00+08:00"}
    status, issued = desk.send(f"/bookings/{held['id']}/report", report)
    assert (status, issued["number"], issued["booking"]) == (201, "JC-1", held["id"])
    status, order = engineer.ask(f"/orders/{held['order']}")
    (line,) = order["lines"]
    assert (status, order["state"]) == (200, "issued")
    assert [line[f"{name}_at"] for name in ("submitted", "accepted", "taken", "ended", "issued")] == [
        *["2026-11-02T09:00:00+08:00"] * 2,
        "2026-11-09T08:30:00+08:00",
        *["2026-11-09T12:00:00+08:00"] * 2,
    ]
    assert [event["kind"] for event in engineer.ask("/events")[1]["items"] if event["subject"] == held["id"]] == [
        f"booking.{state}" for state in ("held", "requested", "confirmed", "running", "completed")
    ]


def test_the_turnaround_of_what_was_issued(world: World, engineer: Program, desk: Program) -> None:
    _, booking = engineer.send("/bookings", wanted(at(9)))
    booking = step(desk, booking, "confirm")
    for day, name in ((9, "start"), (10, "complete")):
        world.now = at(day)
        booking = step(desk, booking, name)
    world.now = at(12)
    report = {"version": booking["version"], "number": "JC-1", "issued_at": world.now.isoformat()}
    assert desk.send(f"/bookings/{booking['id']}/report", report)[0] == 201
    for group, key in (("lab", "lab"), ("domain", "battery"), ("test", "t"), ("month", "2026-11")):
        status, answer = engineer.ask("/turnaround", from_="2026-11-01", to="2026-11-30", group_by=group)
        assert status == 200 and answer.keys() >= {"items", "as_of"}
        (item,) = answer["items"]
        assert (item["key"], item["lines"], item["suppressed"]) == (key, 1, False)
        assert item["phases"] == {"review": 0.0, "waiting": 7.0, "testing": 1.0, "reporting": 2.0}
        assert item["median_days"] == item["p80_days"] == item["mean_days"] == 10.0


def test_all_other_ends(world: World, engineer: Program, desk: Program) -> None:
    def asked(day: int) -> dict[str, Any]:
        return engineer.send("/bookings", wanted(at(day)))[1]

    assert step(desk, asked(9), "decline", reason="停电")["state"] == "declined"
    assert step(engineer, asked(9), "cancel")["state"] == "cancelled"
    assert step(desk, step(desk, asked(9), "confirm"), "cancel", reason="停电")["state"] == "cancelled"
    moved = step(engineer, asked(9), "move", starts_at=at(10).isoformat())
    assert (moved["state"], moved["starts_at"]) == ("requested", "2026-11-10T08:30:00+08:00")
    proposed = step(desk, step(desk, moved, "confirm"), "move", starts_at=at(11).isoformat(), reason="检修")
    assert (proposed["state"], proposed["starts_at"]) == ("confirmed", moved["starts_at"])
    assert proposed["proposal"]["starts_at"] == "2026-11-11T08:30:00+08:00"
    kept = step(engineer, proposed, "refuse-move")
    assert (kept["starts_at"], kept["proposal"]) == (moved["starts_at"], None)
    world.now = at(10, 10)
    assert step(desk, kept, "no-show")["state"] == "no_show"


@pytest.mark.parametrize(
    ("start", "code"),
    [
        (at(9, 8, 0), "outside_working_time"),
        (at(8, 9), "outside_working_time"),
        (at(9, 8, 45), "outside_working_time"),
        (at(3, 8), "outside_working_time"),
        (at(30, 9, month=10), "in_the_past"),
        (at(3, 9, month=5, year=2027), "too_far_ahead"),
    ],
)
def test_times_that_can_not_be_had(engineer: Program, start: datetime, code: str) -> None:
    answer = engineer.send("/bookings", wanted(start))
    assert refused(answer) == (422, code)
    assert [error["field"] for error in answer[1]["errors"]] == ["starts_at"]
    assert engineer.ask("/bookings")[1]["items"] == []


def test_what_the_bench_can_not_do(world: World, engineer: Program) -> None:
    world.resource("rig")
    world.test("other", on="rig")
    answer = engineer.send("/bookings", wanted(at(9), test="other"))
    assert refused(answer) == (422, "not_capable")
    assert [error["field"] for error in answer[1]["errors"]] == ["resource"]


def test_a_taken_slot_comes_with_the_three_nearest_offers(world: World, engineer: Program, speaks: Speaks) -> None:
    engineer.send("/bookings", wanted(at(9)))
    rival = speaks(world.engineer("乙公司"))
    for state in ("held", "requested"):
        answer = rival.send("/bookings", wanted(at(9, 10), state=state))
        assert refused(answer) == (409, "slot_taken")
        offers = answer[1]["offers"]
        assert len(offers) == 3 and all(offer.keys() >= OFFER for offer in offers)
    assert rival.send("/bookings", wanted(at(9, 12, 0)))[0] == 409
    assert rival.send("/bookings", wanted(at(9, 12, 30)))[0] == 201, "adjacent times do not meet"


def test_what_has_changed_meanwhile(engineer: Program, desk: Program) -> None:
    _, booking = engineer.send("/bookings", wanted(at(9)))
    path = f"/bookings/{booking['id']}"
    confirmed = step(desk, booking, "confirm")
    assert refused(engineer.send(f"{path}/cancel", {"version": booking["version"]})) == (409, "stale")
    assert refused(desk.send(f"{path}/confirm", {"version": confirmed["version"]})) == (409, "wrong_state")
    assert refused(engineer.send(f"{path}/confirm", {"version": confirmed["version"]})) == (403, "forbidden")
    answer = desk.send(f"{path}/cancel", {"version": confirmed["version"]})
    assert refused(answer) == (422, "invalid")
    assert [error["field"] for error in answer[1]["errors"]] == ["reason"]
    assert desk.ask(path)[1] == confirmed


def test_a_retry_is_one_booking(world: World, engineer: Program, speaks: Speaks) -> None:
    first = engineer.send("/bookings", wanted(at(9)), Idempotency_Key="k1")
    again = engineer.send("/bookings", wanted(at(9)), Idempotency_Key="k1")
    assert first == again and first[0] == 201
    other = engineer.send("/bookings", wanted(at(10)), Idempotency_Key="k1")
    assert refused(other) == (409, "idempotency_mismatch")
    assert len(engineer.ask("/bookings")[1]["items"]) == 1
    rival = speaks(world.engineer("乙公司"))
    assert rival.send("/bookings", wanted(at(10)), Idempotency_Key="k1")[0] == 201, "keys are each caller's own"


def test_a_pool_gives_any_unit(world: World, speaks: Speaks) -> None:
    for unit in (1, 2):
        world.resource(f"rig-{unit}", pool="rig")
    world.test("t", on="rig")
    engineer = speaks(world.engineer("甲公司"))
    taken = [engineer.send("/bookings", wanted(at(9), resource="rig")) for _ in range(3)]
    assert [status for status, _ in taken] == [201, 201, 409]
    assert [answer["resource"] for _, answer in taken[:2]] == ["rig-1", "rig-2"]
    assert engineer.send("/bookings", wanted(at(10), resource="rig-2"))[1]["resource"] == "rig-2"


def test_who_may_not(world: World, engineer: Program, desk: Program, speaks: Speaks) -> None:
    _, booking = engineer.send("/bookings", wanted(at(9)))
    path = f"/bookings/{booking['id']}"
    visitor, reader = speaks(), speaks(world.engineer("甲公司"), Scope.READ)
    answer = visitor.call("GET", path)
    assert refused((answer.status_code, answer.get_json())) == (401, "unauthenticated")
    assert answer.mimetype == "application/problem+json" and answer.headers["WWW-Authenticate"] == "Bearer"
    wrong = visitor.call("GET", path, headers={"Authorization": "Bearer yj_wrong"})
    assert wrong.status_code == 401
    assert reader.ask(path)[0] == 200
    assert refused(reader.send("/bookings", wanted(at(10)))) == (403, "forbidden")
    assert refused(reader.send(f"{path}/cancel", {"version": 1})) == (403, "forbidden")
    rival = speaks(world.engineer("乙公司"))
    for ident in (booking["id"], "a" * 16):
        assert refused(rival.ask(f"/bookings/{ident}")) == (404, "not_found")
        assert refused(rival.send(f"/bookings/{ident}/cancel", {"version": 1})) == (404, "not_found")
    assert refused(desk.send("/bookings", wanted(at(10)))) == (403, "forbidden")


def test_lists_are_read_page_by_page(engineer: Program) -> None:
    made = [engineer.send("/bookings", wanted(at(day)))[1]["id"] for day in (9, 10, 11, 12, 13)]
    found, cursor = [], None
    while True:
        status, answer = engineer.ask("/bookings", limit=2, **({"cursor": cursor} if cursor else {}))
        assert status == 200 and answer.keys() == {"items", "next"} and len(answer["items"]) <= 2
        found += [item["id"] for item in answer["items"]]
        cursor = answer["next"]
        if cursor is None:
            break
    assert found == made
    inside = engineer.ask("/bookings", from_="2026-11-10", to="2026-11-12")[1]["items"]
    assert [item["id"] for item in inside] == made[1:3]
    assert engineer.ask("/bookings", state="held")[1]["items"] == engineer.ask("/bookings", lab="x")[1]["items"] == []
    for query in ({"limit": 0}, {"limit": 201}, {"limit": "x"}, {"cursor": "x"}, {"state": "x"}, {"from_": "x"}):
        answer = engineer.ask("/bookings", **query)
        assert refused(answer) == (422, "invalid")
        assert [error["field"] for error in answer[1]["errors"]] == [name.rstrip("_") for name in query]


def test_the_log_is_read_on_from_where_one_stood(engineer: Program) -> None:
    engineer.send("/bookings", wanted(at(9)))
    first = engineer.ask("/events", limit=1)[1]
    assert first["items"][0].keys() == {"id", "at", "kind", "subject", "actor_role", "data"}
    rest = engineer.ask("/events", after=first["next"])[1]
    assert engineer.ask("/events", cursor=first["next"])[1] == rest
    assert rest["items"] and first["items"][0] not in rest["items"]
    nothing_new = engineer.ask("/events", after=rest["next"])[1]
    assert nothing_new == {"items": [], "next": rest["next"]}
    assert refused(engineer.ask("/events", after="a" * 16)) == (422, "invalid")


def test_availability_is_merged_and_limited(world: World, engineer: Program) -> None:
    for hour in ((8, 30), (12, 30)):
        engineer.send("/bookings", wanted(at(9, *hour)))
    status, seen = engineer.ask("/resources/chamber/availability", from_="2026-11-09", to="2026-11-10")
    assert status == 200 and seen.keys() == {"working", "busy", "free"}
    assert seen["working"] == [{"start": "2026-11-09T08:30:00+08:00", "end": "2026-11-09T17:30:00+08:00"}]
    assert seen["busy"] == [{"start": "2026-11-09T08:30:00+08:00", "end": "2026-11-09T16:30:00+08:00"}]
    assert seen["free"] == [{"start": "2026-11-09T16:30:00+08:00", "end": "2026-11-09T17:30:00+08:00"}]
    first = at(1)
    for length, status in ((timedelta(days=92), 200), (timedelta(days=92, minutes=1), 422)):
        span = {"from_": first.isoformat(), "to": (first + length).isoformat()}
        assert engineer.ask("/resources/chamber/availability", **span)[0] == status
    for span in ({"from_": "2026-11-10", "to": "2026-11-09"}, {"from_": "2026-11-09", "to": "2026-11-09"}):
        answer = engineer.ask("/resources/chamber/availability", **span)
        assert refused(answer) == (422, "invalid") and answer[1]["errors"][0]["field"] == "to"
    assert refused(engineer.ask("/resources/none/availability", from_="2026-11-09", to="2026-11-10"))[0] == 404


def test_offers_come_soonest_report_first(world: World, engineer: Program) -> None:
    world.resource("rig", "other")
    world.capable("rig", "t")
    status, answer = engineer.ask("/offers", test="t", limit=20)
    assert status == 200 and len(answer["items"]) == 20
    assert all(item.keys() >= OFFER and item["basis"] in ("history", "planning") for item in answer["items"])
    reports = [item["report_expected_at"] for item in answer["items"]]
    assert reports == sorted(reports)
    assert {item["lab"] for item in answer["items"]} == {"lab", "other"}
    assert {item["lab"] for item in engineer.ask("/offers", test="t", lab="other")[1]["items"]} == {"other"}
    window = {"earliest": "2026-11-16", "latest": "2026-11-17"}
    starts = [item["starts_at"] for item in engineer.ask("/offers", test="t", **window)[1]["items"]]
    assert starts and all(start.startswith("2026-11-16") for start in starts)
    assert refused(engineer.ask("/offers", test="none")) == (422, "invalid")


def test_the_whole_of_a_shared_bench_and_all_that_is_taken(world: World, speaks: Speaks) -> None:
    world.bench(places=2)
    world.resource("cycler")
    with transaction() as session:
        session.add(Companion(pool="chamber", test_id="t", companion_pool="cycler", lab_id="lab"))
        touch(session, "lab")
    company, rival = speaks(world.engineer("甲公司")), speaks(world.engineer("乙公司"))
    status, booking = company.send("/bookings", wanted(at(9), exclusive=True, shielded=True))
    assert status == 201
    assert booking["resources"] == ["chamber", "cycler"]
    assert refused(rival.send("/bookings", wanted(at(9)))) == (409, "slot_taken")
    for wrong in ("yes", 1, None):
        assert refused(company.send("/bookings", wanted(at(10), exclusive=wrong)))[0] == 422
