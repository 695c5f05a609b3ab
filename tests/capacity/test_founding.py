"""A new lab of an operator: its administrator sets it up, everybody finds it, and it is marked as its own word."""

from collections.abc import Callable

from app.capacity.founding.service import FoundLab, found_lab
from app.database import db, transaction
from app.errors import Forbidden
from app.labs.models import Lab
from tests.visitor import Visitor
from tests.world import Person, World

Visits = Callable[[Person], Visitor]
TYPED = {
    "name_zh": "新试验中心",
    "name_en": "New Test Centre",
    "short_zh": "",
    "district_zh": "两江新区",
    "district_en": "",
    "address_zh": "",
    "lat": "",
    "lon": "",
    "domains": "battery",
    "summary_zh": "",
    "summary_en": "",
}


def test_a_lab_from_nothing(world: World, visitor: Visits) -> None:
    world.bench()
    person = world.lab_admin("lab")
    desk = visitor(person)
    wrong = desk.post("/capacity/new", **(TYPED | {"lat": "29.5"}))
    assert wrong.status == 422
    assert "纬度和经度" in wrong.text
    assert desk.post("/capacity/new", **TYPED).location == "/capacity/new-test-centre/resources/"
    lab = db.session.get_one(Lab, "new-test-centre")
    assert (lab.origin, lab.confidence, lab.organisation_id) == ("lab", "medium", person.viewer.organisation_id)
    again = desk.post("/capacity/new", **TYPED).location
    assert again != "/capacity/new-test-centre/resources/"
    assert "新试验中心" in visitor(world.engineer("甲公司")).get("/labs/", q="新试验").text


def test_only_the_administrator_of_an_operator_adds_a_lab(world: World, visitor: Visits) -> None:
    world.bench()
    for person in (world.engineer("甲公司"), world.bench_crew("lab"), world.coordinator()):
        assert visitor(person).post("/capacity/new", **TYPED).status == 404
        command = FoundLab("x", "", "", "y", "", "", None, None, ("battery",), "", "")
        with transaction():
            try:
                found_lab(person.viewer, command, world.now)
            except Forbidden:
                continue
            raise AssertionError
    assert db.session.query(Lab).count() == 1
