"""The report date of an offer: from experience where there is enough of it, and never telling of single lines."""

from datetime import timedelta

import time_machine
from flask import Flask

from app.booking import offers
from app.booking.forecast import Basis
from app.booking.settings import limits
from app.turnaround.forecast import Forecast, experience
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
