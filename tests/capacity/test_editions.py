"""A standard is replaced on a date: what the lab could do under the old edition it can do under the new one."""

from datetime import date

import pytest

from app.booking.rules import OutOfScope, State
from app.capacity.resources import editions
from app.capacity.resources.editions import ReplaceEdition
from app.database import db, transaction
from app.errors import Invalid
from app.events.models import Event
from app.labs.models import Capability, Method, MethodTransition
from app.labs.models import Test as CatalogueTest
from tests.capacity.test_resources import PATH, Visits, able
from tests.world import World, at


def two_editions(world: World) -> None:
    """A bench for the test `t`; `new-t` is the same test in the edition that follows."""
    world.bench()
    world.test("new-t", on="chamber")
    with transaction() as session:
        old = session.get_one(Method, "gbtest-2026")
        session.add(
            Method(
                id="gbtest-2027", code="GB TEST-2027", code_norm="gbtest-2027", title_zh="试验方法",
                title_en="Test method", kind="gb_t", domain_id=old.domain_id, status="upcoming", replaces=[],
            )
        )  # fmt: skip
        session.flush()
        session.get_one(CatalogueTest, "new-t").method_id = "gbtest-2027"
        session.get_one(CatalogueTest, "new-t").name_zh = session.get_one(CatalogueTest, "t").name_zh
        session.delete(session.get_one(Capability, ("chamber", "new-t")))
        session.add(
            MethodTransition(
                id="gbtest-2026>gbtest-2027", old_method_id="gbtest-2026", new_method_id="gbtest-2027",
                note_zh="", note_en="",
            )
        )  # fmt: skip


def test_an_edition_is_replaced_on_a_date(world: World, visitor: Visits) -> None:
    two_editions(world)
    lab, company = world.lab_admin("lab"), world.engineer("甲公司")
    before, beyond = company.requests(at(5)), company.requests(at(24))
    desk = visitor(lab)
    path = f"{PATH}editions/gbtest-2026/gbtest-2027"
    typed = {"on": "2026-11-20", "to-t": "new-t"}
    seen = desk.post(path, **typed, do="preview")
    assert beyond.code in seen.text
    assert before.code not in seen.text
    assert desk.post(path, **typed, do="save").status == 303
    assert db.session.get_one(Capability, ("chamber", "t")).valid_until == date(2026, 11, 19)
    assert db.session.get_one(Capability, ("chamber", "new-t")).valid_from == date(2026, 11, 20)
    assert company.sees(beyond).starts_at == at(24)
    asked = db.session.query(Event).filter_by(kind="booking.edition_asked").all()
    assert [event.subject_id for event in asked] == [beyond.id]
    told = visitor(company).get(f"/bookings/{beyond.id}").text
    assert "标准将换版" in told
    assert "11-20 周五 起这项试验按新版标准做" in told
    assert "已询问企业" in desk.get(f"/bookings/{beyond.id}").text
    company.moves(company.sees(beyond), at(6))
    assert "起这项试验按新版标准做" not in visitor(company).get(f"/bookings/{beyond.id}").text
    assert company.requests(at(25), test="new-t").state is State.REQUESTED
    for wrong in ("bald", "0001-01-01", "9999-12-31", "2026-11-02", ""):
        refused = desk.post(path, **(typed | {"on": wrong}), do="save")
        assert refused.status == 422
        assert refused.field("on") == wrong
    assert desk.post(path, on="2026-11-20", **{"to-t": ""}, do="save").status == 422
    assert desk.post(path, on="2026-11-20", **{"to-t": "t"}, do="save").status == 404


def test_a_report_beyond_the_date_is_asked_about_once(world: World) -> None:
    two_editions(world)
    lab, company = world.lab_admin("lab"), world.engineer("甲公司")
    in_time, late_report = company.requests(at(12)), company.requests(at(16))
    command = ReplaceEdition("lab", date(2026, 11, 20), {"t": "new-t"})
    assert [booking.id for booking in editions.replace_edition(lab.viewer, command, world.now)] == [late_report.id]
    assert [booking.id for booking in editions.replace_edition(lab.viewer, command, world.now)] == [late_report.id]
    assert db.session.query(Event).filter_by(kind="booking.edition_asked").count() == 1
    # What would be asked about now can't be booked any more.
    with pytest.raises(OutOfScope):
        company.requests(at(17))
    assert company.sees(in_time).version == in_time.version


def test_what_a_lab_said_of_the_new_edition_stays(world: World) -> None:
    two_editions(world)
    lab, company = world.lab_admin("lab"), world.engineer("甲公司")
    able(lab, valid_until=date(2026, 11, 16))
    able(lab, test="new-t", run_minutes=60, valid_from=date(2026, 11, 9))
    early = company.requests(at(12), test="new-t")
    command = ReplaceEdition("lab", date(2026, 11, 13), {"t": "new-t"})
    editions.replace_edition(lab.viewer, command, world.now)
    old, new = (db.session.get_one(Capability, ("chamber", test)) for test in ("t", "new-t"))
    assert (new.valid_from, new.valid_until, new.run_minutes) == (date(2026, 11, 9), None, 60)
    assert old.valid_until == date(2026, 11, 12)
    # An old edition that ends earlier anyway doesn't live longer by it.
    editions.replace_edition(lab.viewer, ReplaceEdition("lab", date(2026, 12, 1), {"t": "new-t"}), world.now)
    assert old.valid_until == date(2026, 11, 12)
    assert company.sees(early).state is State.REQUESTED
    for wrong in ({}, {"t": "new-t"}):
        with pytest.raises(Invalid):
            editions.replace_edition(lab.viewer, ReplaceEdition("lab", date(2026, 11, 2), wrong), world.now)
