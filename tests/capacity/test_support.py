"""People and instruments: a test needs them, only their lab sees them."""

from app.capacity.resources import service
from app.capacity.resources.service import AddResource
from app.labs.rules import PEOPLE
from tests.capacity.test_resources import PATH, Visits, able, facts
from tests.world import World, at


def test_a_certified_operator_is_needed_and_never_shown(world: World, visitor: Visits) -> None:
    world.bench()
    lab, company = world.lab_admin("lab"), world.engineer("甲公司")
    desk, engineer = visitor(lab), visitor(company)
    assert "人员（如持证操作员）" in desk.get(f"{PATH}new").text
    (one,) = service.add_resource(lab.viewer, AddResource("lab", PEOPLE, 1, facts(name_zh="王师傅")), world.now)
    able(lab, companions=(one.pool,))
    booking = company.requests(at(5))
    assert f"{one.id}/1" in booking.footprint
    page = engineer.get(f"/bookings/{booking.id}").text
    assert "人员（如持证操作员）" in page
    assert "王师傅" not in page
    assert "王师傅" in desk.get(f"/bookings/{booking.id}").text
    for path in ("/labs/lab", "/schedule?lab=lab&start=2026-11-02", "/schedule", "/resources/chamber", "/labs/"):
        assert "王师傅" not in engineer.get(path).html
    assert engineer.get(f"/resources/{one.id}").status == 404
    assert "王师傅" in desk.get(f"/resources/{one.id}").text
    assert "王师傅" in desk.get("/schedule?start=2026-11-02").text
    assert 'value="operator"' in desk.get("/schedule?lab=").html
    assert 'value="operator"' not in engineer.get("/schedule?lab=").html
    assert 'value="operator"' not in engineer.get("/schedule?lab=lab").html
    # A second lab needs the kind too.
    world.lab("other")
    world.resource("there", lab="other")
    other = world.lab_admin("other")
    service.add_resource(other.viewer, AddResource("other", PEOPLE, 2, facts(name_zh="李师傅")), world.now)
