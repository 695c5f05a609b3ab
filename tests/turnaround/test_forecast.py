"""The report date of an offer: from experience where there is enough of it, and never telling of single lines."""

import re
from datetime import timedelta

import time_machine
from flask import Flask

from app.booking import offers, preview
from app.booking.forecast import Basis
from app.booking.settings import limits
from app.turnaround.forecast import Forecast, experience
from tests.http import browser
from tests.statements import statements
from tests.world import World, at

COMPANIES = ("甲公司", "乙公司", "丙公司")


def reports(issued, days: list[float], companies: tuple[str, ...] = COMPANIES, **more) -> None:
    for number, took in enumerate(days):
        issued(companies[number % len(companies)], days=(1, 5, 2, took), **more)


def basis(world: World, test: str = "t") -> Basis:
    with time_machine.travel(world.now, tick=False):
        (offer,) = offers.offers(offers.Question(test), world.now, limits(), limit=1)
    return offer.report.basis


def test_five_reports_of_three_companies_make_history(world: World, issued) -> None:
    world.bench()
    assert basis(world) is Basis.PLANNING
    reports(issued, [2, 4, 6, 8])
    assert basis(world) is Basis.PLANNING
    reports(issued, [10])
    assert basis(world) is Basis.HISTORY
    with time_machine.travel(world.now, tick=False):
        (offer,) = offers.offers(offers.Question("t"), world.now, limits(), limit=1)
    likely, safe = experience(world.now).of("t", "lab").after(offer.slot.use.ends_at)
    assert (offer.report.expected_at, offer.report.safe_at) == (likely, safe)


def test_two_companies_are_not_enough_however_many_their_lines(world: World, issued) -> None:
    world.bench()
    reports(issued, [3] * 20, ("甲公司", "乙公司"))
    assert basis(world) is Basis.PLANNING


def test_a_year_old_report_no_longer_counts(world: World, issued) -> None:
    world.bench()
    reports(issued, [3] * 5, on=at(2) - timedelta(days=366))
    assert basis(world) is Basis.PLANNING


def test_where_a_test_has_little_history_its_domain_at_the_lab_speaks(world: World, issued) -> None:
    world.bench()
    world.test("rare", on="chamber")
    reports(issued, [2, 2, 2, 2])
    reports(issued, [9], test="rare")
    found = experience(world.now)
    assert found.of("rare", "lab").after(world.now) == found.of("t", "lab").after(world.now)
    assert found.of("t", "elsewhere") is None


def test_another_lab_has_its_own_history(world: World, issued) -> None:
    world.bench()
    world.resource("rig", "other")
    world.capable("rig", "t")
    reports(issued, [2] * 5)
    reports(issued, [7] * 5, lab="other")
    found = experience(world.now)
    assert found.of("t", "lab").after(world.now) < found.of("t", "other").after(world.now)


def test_a_process_asks_once_in_a_while_whoever_asks(clean: Flask, world: World, issued) -> None:
    world.bench()
    reports(issued, [2] * 5)
    remembering = Forecast(timedelta(minutes=10))
    with time_machine.travel(world.now, tick=False):
        first = remembering([("t", "lab")])
        with statements() as asked:
            again = remembering([("t", "lab"), ("t", "elsewhere")])
    assert first == again and first and asked == []


def test_a_report_that_is_late_is_not_expected_in_the_past(world: World, issued) -> None:
    """Whoever waits is told a date to come; reminders keep to the date as it was when the bench was freed."""
    world.bench()
    reports(issued, [2, 3, 4, 5, 6])
    with time_machine.travel(world.now, tick=False):
        desk = world.lab_admin("lab")
        booking = desk.does("confirm", world.engineer("甲公司").requests(at(16)))
        world.now = booking.starts_at
        booking = desk.does("start", booking)
        world.now = booking.ends_at
        booking = desk.does("complete", booking)
    later = world.now + timedelta(days=60)
    with time_machine.travel(later, tick=False):
        told, first = preview.awaited_reports([booking], later), preview.expected_reports([booking], later)
    assert first[booking.id].safe_at < later < told[booking.id].expected_at <= told[booking.id].safe_at
    assert told[booking.id].first_expected_at == first[booking.id].expected_at


def test_a_use_that_has_not_begun_is_expected_to_take_its_length_from_now(world: World) -> None:
    world.bench()
    booking = world.lab_admin("lab").does("confirm", world.engineer("甲公司").requests(at(16)))
    planned = preview.expected_reports([booking], world.now)[booking.id]
    waiting = preview.expected_reports([booking], booking.starts_at + timedelta(days=3))[booking.id]
    assert waiting.expected_at - planned.expected_at >= timedelta(days=3)


def test_the_desk_is_told_from_which_date_a_report_is_late(world: World, issued, clean: Flask) -> None:
    world.bench()
    reports(issued, [2, 4, 6, 8, 10, 12])
    desk = world.lab_admin("lab")
    booking = desk.does("confirm", world.engineer("甲公司").requests(at(4)))
    for step, hour in (("start", 8), ("complete", 13)):
        world.now = at(4, hour, 30)
        desk.does(step, booking)
    world.now = at(13)
    with time_machine.travel(world.now, tick=False):
        page = browser(clean, desk).get("/").text
    told = re.search(r"原计 (11-\d\d) 周.，现在预计 (11-\d\d) 周.", page)
    assert told is not None and told[1] < "11-13" <= told[2]
