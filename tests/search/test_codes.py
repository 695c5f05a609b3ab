"""Codes of one's own bookings, orders and samples in the search field."""

import pytest

from app.samples.rules import SampleKind
from app.samples.service import Identity, Register, register
from app.search import codes
from tests.statements import statements
from tests.visitor import Visitor
from tests.world import at


@pytest.fixture
def booking(world, clean):
    world.resource()
    world.test("t", run=240)
    return world.engineer("甲公司").holds(at(5), sample="BP-12")


def test_a_code_in_any_spelling_leads_to_the_thing(world, clean, booking):
    engineer = world.engineer("甲公司")
    order = booking.order_line.order
    sample = register(engineer.viewer, Register(order.id, Identity("BP-12", SampleKind.BATTERY)), world.now)
    visitor = Visitor(clean, engineer)
    letter, month, letters = booking.code[0], booking.code[1:5], booking.code[6:]
    spellings = (
        booking.code,
        booking.code.lower(),
        f" {letter}{month} {letters} ",
        f"{letter}{month}{letters}",
        f"{letter}{month}—{letters}",
    )
    for typed in spellings:
        answer = visitor.get("/search", q=typed)
        assert (answer.status, answer.location) == (303, f"/bookings/{booking.id}"), typed
    assert visitor.get("/search", q=order.code).location == f"/orders/{order.id}"
    assert visitor.get("/search", q=sample.code).location == f"/samples/{sample.id}"


def test_a_foreign_code_is_like_one_that_does_not_exist(world, clean, booking):
    order = booking.order_line.order
    rival, desk = Visitor(clean, world.engineer("乙公司")), Visitor(clean, world.lab_admin("lab"))
    for code in (booking.code, order.code, "B2611-22222"):
        answer = rival.get("/search", q=code)
        assert answer.status == 200 and "没有找到" in answer.text
    # The lab sees the held time, its order only once that is submitted.
    assert desk.get("/search", q=booking.code).status == 303
    assert desk.get("/search", q=order.code).status == 200


def test_a_foreign_code_is_looked_up_no_longer_than_one_that_does_not_exist(world, clean, booking):
    order, rival = booking.order_line.order.code, world.engineer("乙公司").viewer
    for code in (order, booking.code, f"{order[:6]}22222"):
        with statements() as sent, clean.test_request_context():
            assert codes.address(rival, code) is None
        assert len(sent) == 1, code
