"""The page of the waiting list: it is reached from a search, and nobody types an id."""

from app.booking.desk_models import WaitlistEntry
from app.database import db
from tests.visitor import Visitor
from tests.world import at

PATH = "/bookings/waitlist"


def test_who_comes_from_a_search_finds_test_and_time(world, clean):
    world.resource()
    world.test("t", run=240)
    engineer = world.engineer("甲公司")
    visitor = Visitor(clean, engineer)
    page = visitor.get(PATH, test="t", latest=at(9).isoformat())
    assert "GB TEST-2026" in page.text and page.field("test") == "t"
    assert (page.field("earliest"), page.field("latest")) == ("2026-11-02T10:00", "2026-11-09T08:30")
    sent = {name: page.field(name) for name in ("test", "earliest", "latest")}
    assert visitor.post(PATH, lab="", **sent).status == 303
    assert db.session.query(WaitlistEntry).one().latest == at(9)
    assert "GB TEST-2026" in visitor.get(PATH).text


def test_without_a_test_it_asks_to_search_for_one(world, clean):
    page = Visitor(clean, world.engineer("甲公司")).get(PATH)
    assert "先查找检测项目" in page.text and "q" in page.fields and "latest" not in page.fields


def test_what_was_typed_is_kept(world, clean):
    world.resource()
    world.test("t", run=240)
    visitor = Visitor(clean, world.engineer("甲公司"))
    page = visitor.post(PATH, test="t", lab="lab", earliest="2026-11-05T08:30", latest="2026-11-04T08:30")
    assert page.status == 422 and "最晚时间要在最早时间之后" in page.text
    assert (page.field("test"), page.field("latest")) == ("t", "2026-11-04T08:30")
    assert visitor.post(PATH, test="nothing", lab="", earliest="", latest="").status == 422
