"""Nonsense sent to the pages of benches is refused and changes nothing."""

from app.database import db
from app.labs.capacity import BenchState, ResourceLink
from app.labs.models import Capability, Lab, Resource
from tests.capacity.test_resources import PATH, Visits
from tests.world import World

NONSENSE = (
    "",
    "\x00",
    "-1",
    "0",
    "1e9",
    "99999999999999999999",
    "9" * 400,
    "<b>",
    "'; DROP TABLE resource; --",
    "名" * 3000,
)
FIELDS = {
    "kind_id": "kind", "name_zh": "舱", "name_en": "", "quantity": "1", "places": "1", "grain_minutes": "30",
    "shifts": "day", "envelope": "", "capability_zh": "", "capability_en": "",
}  # fmt: skip


def test_nonsense_in_each_field_of_a_bench(world: World, visitor: Visits) -> None:
    world.bench()
    desk = visitor(world.lab_admin("lab"))
    for field in ("kind_id", "quantity", "places", "grain_minutes", "shifts", "envelope"):
        for nonsense in NONSENSE[1:]:
            if field != "envelope" or nonsense != "\x00":
                answer = desk.post(f"{PATH}new", **(FIELDS | {field: nonsense}))
                assert answer.status == 422, (field, nonsense, answer.status)
    assert desk.post(f"{PATH}new", **(FIELDS | {"name_zh": "名" * 61})).status == 422
    assert desk.post(f"{PATH}new").status == 422
    for figure in ("9" * 400 + " kW", "1e400 kW", "nan kW", "inf °C", "85…−40 °C", "40 °C 无"):
        assert desk.post(f"{PATH}new", **(FIELDS | {"envelope": figure})).status == 422, figure
    edited = FIELDS | {"version": "1", "whole_id": ""}
    for field in ("version", "whole_id", "places"):
        for nonsense in NONSENSE[1:]:
            assert desk.post(f"{PATH}chamber", **(edited | {field: nonsense})).status in (409, 422)
    assert [row.id for row in db.session.query(Resource)] == ["chamber"]


def test_nonsense_in_capabilities_and_changeovers(world: World, visitor: Visits) -> None:
    world.bench()
    desk = visitor(world.lab_admin("lab"))
    path = f"{PATH}pools/chamber/tests/t"
    right = {"version": "1", "run_minutes": "60", "state_id": ""}
    for field in ("run_minutes", "setup_minutes", "report_days", "valid_from", "state_id", "companions", "version"):
        for nonsense in NONSENSE[2:]:
            if (field, nonsense) not in {("setup_minutes", "0"), ("report_days", "0"), ("version", "9")}:
                answer = desk.post(path, **(right | {field: nonsense}))
                assert answer.status in (409, 422), (field, nonsense, answer.status)
    assert desk.post(path, **right, valid_from="2026-12-01", valid_until="2026-11-01").status == 422
    assert desk.post(path, **right, needs="85…−40 °C").status == 422
    seen = db.session.get_one(Lab, "lab").setup_version
    states = f"{PATH}pools/chamber/states"
    assert desk.post(states, **{"zh-new0": "冷", "zh-new1": "热", "seen": seen}).status == 303
    one, two = (state.id for state in db.session.query(BenchState))
    seen = db.session.get_one(Lab, "lab").setup_version
    for nonsense in ("-1", "1e3", "10081", "x", "９"):
        names = {f"zh-{one}": "冷", f"zh-{two}": "改名"}
        answer = desk.post(states, **names, **{f"m-{one}-{two}": nonsense, "seen": seen})
        assert answer.status == 422
        assert answer.field(f"zh-{two}") == "改名"
        assert answer.field(f"m-{one}-{two}") == nonsense
    assert db.session.get_one(Capability, ("chamber", "t")).version == 1


def test_addresses_and_links_that_are_none(world: World, visitor: Visits) -> None:
    world.bench()
    desk = visitor(world.lab_admin("lab"))
    for ident in ("nothing", "%00", "a%00b", "名", "x" * 200):
        for path in (ident, f"pools/{ident}/states", f"pools/{ident}/tests/new", f"pools/chamber/tests/{ident}"):
            assert desk.get(f"{PATH}{path}").status == 404, path
        assert desk.post(f"{PATH}{ident}/retire").status == 404
        assert desk.post(f"{PATH}pools/{ident}/tests/t/retire").status == 404
        assert desk.post(f"{PATH}pools/chamber/tests/{ident}/retire").status == 404
        assert desk.get(f"{PATH}editions/{ident}/{ident}").status == 404
    for one in NONSENSE:
        assert desk.post(f"{PATH}links", one=one, other="chamber", nearness="excludes").status == 404
        assert desk.post(f"{PATH}links", one="chamber", other=one, nearness=one).status == 404
    assert desk.post(f"{PATH}links").status == 404
    assert desk.post(f"{PATH}links", one="chamber", other="chamber", nearness="excludes").status == 422
    assert db.session.query(ResourceLink).count() == 0
