"""When the report of a line without a slot is there, and the order with it: the same on page, list, API and sheet."""

import io
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from python_calamine import CalamineWorkbook

from app.api import iso
from app.booking import offers, ordering
from app.booking.line_forecasts import forecasts_of_lines
from app.booking.offers import Offer, Question
from app.booking.ordering import LineStep, OrderStep
from app.booking.settings import limits
from app.database import db
from app.language import day
from app.orders import service
from app.orders.forecast import LineForecast, together
from app.orders.models import Order
from app.orders.service import NewLine, NewOrder
from app.workbooks import text_of
from tests.http import browser, program
from tests.statements import statements
from tests.visitor import Visitor
from tests.world import Person, World, at

COMPANIES = ("甲公司", "乙公司", "丙公司")


class Story:
    """甲公司 leaves the time of a test to the lab."""

    def __init__(self, world: World, issued) -> None:
        world.bench()
        self.world, self.issued = world, issued
        self.engineer, self.desk = world.engineer("甲公司"), world.lab_admin("lab")

    def measured(self, days: tuple[float, float, float, float], companies: tuple[str, ...] = COMPANIES) -> None:
        for number in range(6):
            self.issued(companies[number % len(companies)], days=days)

    def orders(self, *lines: NewLine) -> Order:
        found = lines or (NewLine("t", "BP-1", wants_proposal=True),)
        order = service.create(self.engineer.viewer, NewOrder("lab", found), self.world.now)
        ordering.submit(self.engineer.viewer, OrderStep(order.id, order.version), self.world.now)
        return order

    def soonest(self, test: str = "t") -> Offer:
        """Of what can be booked now."""
        with time_machine.travel(self.world.now, tick=False):
            return offers.offers(Question(test, lab_id="lab"), self.world.now, limits(), 1)[0]

    def told(self, order: Order, person: Person | None = None) -> dict[str, LineForecast]:
        db.session.expire_all()
        with time_machine.travel(self.world.now, tick=False):
            lines = db.session.get_one(Order, order.id).lines
            found = forecasts_of_lines((person or self.engineer).viewer, lines, self.world.now)
        return {line.test_id: found[line.id] for line in lines if line.id in found}


@pytest.fixture
def story(world: World, issued) -> Story:
    return Story(world, issued)


def test_without_measured_lines_it_is_the_soonest_that_can_be_booked(story: Story) -> None:
    soonest = story.soonest().report
    (found,) = story.told(story.orders()).values()
    assert (found.expected_at, found.safe_at) == (soonest.expected_at, soonest.safe_at)
    assert (found.basis, found.learnt_from, found.booked) == ("planning", None, False)


def test_measured_lines_say_how_long_it_takes_from_submission(story: Story) -> None:
    story.measured((1, 30, 2, 4))
    (found,) = story.told(story.orders()).values()
    assert (found.basis, found.learnt_from) == ("history", "test")
    assert timedelta(days=35) < found.expected_at - story.world.now < timedelta(days=42)
    assert found.safe_at >= found.expected_at > story.soonest().report.expected_at


def test_it_is_never_sooner_than_what_can_be_booked(story: Story) -> None:
    story.measured((0.1, 0.1, 0.2, 0.5))
    order = story.orders()
    before, first = story.told(order)["t"], story.soonest().report
    assert before.expected_at == first.expected_at
    for _ in range(12):
        story.engineer.requests(story.soonest().starts_at)
    after, later = story.told(order)["t"], story.soonest().report
    assert after.expected_at == later.expected_at > first.expected_at and after.safe_at >= later.safe_at


def test_who_has_waited_long_is_told_a_date_to_come(story: Story) -> None:
    story.measured((1, 3, 1, 2))
    order = story.orders()
    soon = story.told(order)["t"]
    story.world.now += timedelta(days=40)
    late = story.told(order)["t"]
    assert late.safe_at >= late.expected_at > story.world.now > soon.safe_at


def test_lines_of_two_companies_tell_nothing(story: Story) -> None:
    story.measured((1, 30, 2, 4), ("乙公司", "丙公司"))
    assert story.told(story.orders())["t"].basis == "planning"


def test_what_is_booked_goes_by_its_slot_and_what_is_over_has_no_date(story: Story) -> None:
    story.world.test("u", run=120)
    order = story.orders(NewLine("t", "BP-1", wants_proposal=True), NewLine("u", "BP-2", wants_proposal=True))
    line = order.lines[0]
    story.engineer.requests(at(16), order_id=order.id)
    found = story.told(order)
    assert found["t"].booked and not found["u"].booked and found["t"].begins_at > at(16)
    step = LineStep(order.id, db.session.get_one(Order, order.id).version, line_id=line.id)
    ordering.remove_line(story.engineer.viewer, step, story.world.now)
    assert story.told(order).keys() == {"u"}


def test_lines_of_a_company_get_their_time_one_after_another_as_if_each_were_booked(story: Story) -> None:
    story.world.test("u", run=120)
    orders = []
    for lines in (("t",), ("t", "u"), ("t",), ("u",)):
        orders.append(story.orders(*(NewLine(test, f"BP-{test}", wants_proposal=True) for test in lines)))
        story.world.now += timedelta(minutes=1)
    told = [(test, story.told(order)[test].expected_at) for order in orders for test in story.told(order)]
    assert [test for test, _ in told] == ["t", "t", "u", "t", "u"]
    for test, expected_at in told:
        offer = story.soonest(test)
        assert expected_at == offer.report.expected_at
        story.engineer.requests(offer.starts_at, test=test)
    # The first is as before: what takes a bench now is busy for all of them.
    assert len({expected_at for test, expected_at in told if test == "t"}) == 3


def test_one_order_and_a_list_of_all_say_the_same_to_company_and_lab(story: Story) -> None:
    orders = [story.orders() for _ in range(3)]
    alone = {line.id: story.told(order)["t"] for order in orders for line in order.lines}
    db.session.expire_all()
    with time_machine.travel(story.world.now, tick=False):
        lines = [line for order in db.session.query(Order) for line in order.lines]
        for person in (story.engineer, story.desk):
            assert forecasts_of_lines(person.viewer, list(reversed(lines)), story.world.now) == alone


def test_what_others_wait_for_moves_no_date(story: Story) -> None:
    other = story.world.engineer("乙公司")
    before = story.told(story.orders())["t"]
    wish = NewOrder("lab", (NewLine("t", "X", wants_proposal=True),))
    for minutes in range(3):
        submitted = story.world.now + timedelta(minutes=minutes)
        order = service.create(other.viewer, wish, submitted)
        ordering.submit(other.viewer, OrderStep(order.id, order.version), submitted)
    (mine,) = db.session.query(Order).filter_by(company_id=story.engineer.viewer.organisation_id)
    assert story.told(mine)["t"] == before
    assert story.told(order, other)["t"].expected_at > before.expected_at


def test_a_draft_comes_behind_what_is_submitted_and_not_behind_another_draft(story: Story) -> None:
    drafts = [
        service.create(
            story.engineer.viewer, NewOrder("lab", (NewLine("t", "BP-9", wants_proposal=True),)), at(2, 8, 0)
        )
        for _ in range(2)
    ]
    alone = story.told(drafts[0])["t"].expected_at
    submitted = story.told(story.orders())["t"].expected_at
    first, second = (story.told(draft)["t"].expected_at for draft in drafts)
    assert submitted == alone < first == second


def test_two_benches_of_a_pool_take_two_lines_at_once(story: Story) -> None:
    for number in (1, 2):
        story.world.resource(f"rig-{number}", pool="rig")
    story.world.test("u", run=120, on="rig")
    orders = [story.orders(NewLine("u", f"BP-{n}", wants_proposal=True)) for n in range(3)]
    first, second, third = (story.told(order)["u"].expected_at for order in orders)
    assert len({first, second, third}) == 2 and max(first, second, third) > min(first, second, third)


def test_a_list_asks_no_more_for_more_lines(story: Story) -> None:
    def asked() -> int:
        orders = list(db.session.query(Order))
        lines = [line for order in orders for line in order.lines]
        with time_machine.travel(story.world.now, tick=False), statements() as found:
            forecasts_of_lines(story.engineer.viewer, lines, story.world.now)
        return len(found)

    story.orders()
    few = asked()
    for _ in range(5):
        story.orders()
    assert asked() == few


def test_page_list_api_and_sheet_say_the_same(story: Story, clean: Flask) -> None:
    story.measured((1, 20, 2, 4))
    story.world.test("u", run=120)
    order = story.orders(NewLine("t", "BP-1", wants_proposal=True), NewLine("u", "BP-2", wants_proposal=True))
    told = story.told(order)
    with time_machine.travel(story.world.now, tick=False):
        client, token = browser(clean, story.engineer), program(story.engineer)
        api = client.get(f"/api/v1/orders/{order.id}", headers=token).json
        (listed,) = client.get("/api/v1/orders", headers=token).json["items"]
        page, rows = (Visitor(clean, story.engineer).get(path).text for path in (f"/orders/{order.id}", "/orders/"))
        sheet = client.get("/orders/orders.xlsx?state=open").data
        crew = client.get(f"/api/v1/orders/{order.id}", headers=program(story.world.bench_crew("lab"))).json
    assert listed == api and crew["forecast"] == api["forecast"] and crew["company"] is None
    for line in api["lines"]:
        found = told[line["test"]]
        assert line["forecast"] == {
            "expected_at": iso(found.expected_at),
            "safe_at": iso(found.safe_at),
            "basis": "history",
            "learnt_from": found.learnt_from,
            "booked": False,
            "awaiting_sample": False,
        }
    whole = together({line.id: told[line.test_id] for line in order.lines})
    assert api["forecast"] == {
        "expected_at": iso(whole.expected_at),
        "safe_at": iso(whole.safe_at),
        "ruling_line": whole.ruling,
    }
    head = f"预计 {day(whole.expected_at)}，稳妥 {day(whole.safe_at, False)}"
    assert head in page and "2 份报告有一半把握出齐" in page and page.count("按历史，不早于最早空档") == 2
    assert f"预计 {day(whole.expected_at, False)}" in rows
    cells = CalamineWorkbook.from_filelike(io.BytesIO(sheet)).get_sheet_by_index(0).to_python()
    columns = [cells[0].index(name) for name in ("预计报告", "稳妥日期")]
    assert [[row[column] for column in columns] for row in cells[1:]] == [
        [text_of(told[test].expected_at), text_of(told[test].safe_at)] for test in ("t", "u")
    ]
