"""Percentiles, phases and working days in SQL, held against a plain reckoning over the same lines."""

import random
import statistics
from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise

import pytest

from app.database import db
from app.errors import Forbidden
from app.orders.models import OrderLine
from app.turnaround import queries, rules
from app.turnaround.listing import Sort, Wanted, listed
from app.turnaround.queries import Figures, Question
from app.turnaround.rules import PHASES, GroupBy, Period
from app.worktime import local_date, working_days_between
from tests.statements import statements
from tests.world import World, at

YEAR = Period(date(2025, 11, 1), date(2026, 11, 30))
COMPANIES = ("甲公司", "乙公司", "丙公司", "丁公司")
DAY = timedelta(days=1)


def percentile(values: list[float], share: int) -> float:
    """Type 7, as the standard library reckons it."""
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1] if len(values) > 1 else values[0]


def reckon(lines: list[OrderLine]) -> dict[str, object]:
    """The figures of a cell, slowly and obviously; rounding is left to the comparison."""
    days = [(line.issued_at - line.submitted_at) / DAY for line in lines]
    working = [working_days_between(local_date(line.submitted_at), local_date(line.issued_at)) for line in lines]
    instants = [(line.submitted_at, line.accepted_at, line.taken_at, line.ended_at, line.issued_at) for line in lines]
    phases = [[(b - a) / DAY for a, b in pairwise(row)] for row in instants]
    return {
        "lines": len(lines),
        "percentiles": [percentile(days, share) for share in (50, 80, 95)],
        "working": [percentile(working, share) for share in (50, 80, 95)],
        "mean": statistics.fmean(days),
        "phases": [statistics.fmean(each) for each in zip(*phases, strict=True)],
    }


def agrees(found: Figures, lines: list[OrderLine]) -> None:
    expected = reckon(lines)
    assert found.lines == expected["lines"]
    assert found.percentiles == pytest.approx(expected["percentiles"], abs=0.0501)
    assert found.working == pytest.approx(expected["working"], abs=0.0501)
    assert found.mean == pytest.approx(expected["mean"], abs=0.0501)
    assert [found.phases[phase] for phase in PHASES] == pytest.approx(expected["phases"], abs=0.1001)
    assert round(sum(found.phases.values()), 1) == found.mean


@pytest.fixture
def year(world: World, issued) -> World:
    """A year of lines at three labs, with the ends of phases anywhere in the day."""
    world.bench()
    world.resource("rig", "other")
    world.test("t2", on="rig")
    world.capable("rig", "t")
    dice = random.Random(7)
    for _ in range(90):
        lab, test = dice.choice([("lab", "t"), ("other", "t"), ("other", "t2")])
        days = tuple(dice.expovariate(1 / mean) for mean in (2, 9, 3, 6))
        on = at(2) - timedelta(minutes=dice.randrange(360 * 1440))
        issued(dice.choice(COMPANIES), lab, test, days, on)
    return world


def own_question(world: World, company: str = "甲公司") -> Question:
    return Question(world.engineer(company).viewer, YEAR)


def key_of(group_by: GroupBy) -> Callable[[OrderLine], str]:
    return {
        GroupBy.LAB: lambda line: line.lab_id,
        GroupBy.TEST: lambda line: line.test_id,
        GroupBy.DOMAIN: lambda line: "battery",
        GroupBy.MONTH: lambda line: f"{local_date(line.issued_at):%Y-%m}",
        GroupBy.QUARTER: lambda line: rules.quarter(f"{local_date(line.issued_at):%Y-%m}"),
        GroupBy.LEVEL: lambda line: "national_centre",
        GroupBy.CITY: lambda line: "四川省/成都市>重庆市",
        GroupBy.ROUTE: lambda line: "四川省>重庆市",
    }[group_by]


@pytest.mark.parametrize("group_by", list(GroupBy))
def test_a_companys_own_figures_are_exact_however_few(year: World, group_by: GroupBy) -> None:
    question = own_question(year)
    mine = db.session.query(OrderLine).filter_by(company_id=question.viewer.organisation_id).all()
    cells = defaultdict(list)
    for line in mine:
        cells[key_of(group_by)(line)].append(line)
    found = queries.turnaround(question, group_by, year.now)
    assert {item.key for item in found.items} == cells.keys()
    for item in found.items:
        agrees(item, cells[item.key])
    agrees(found.total, mine)
    assert any(len(lines) < 5 for lines in cells.values()) or group_by is not GroupBy.MONTH


def test_a_lab_sees_its_lines_of_all_companies_and_no_other_labs(year: World) -> None:
    desk = year.lab_admin("other")
    found = queries.turnaround(Question(desk.viewer, YEAR), GroupBy.TEST, year.now)
    agrees(found.total, db.session.query(OrderLine).filter_by(lab_id="other").all())
    assert {item.key for item in found.items} == {"t", "t2"}
    assert not found.of_all


def test_filters_narrow_and_the_period_goes_by_the_day_of_issue(year: World) -> None:
    viewer = own_question(year).viewer
    lines = db.session.query(OrderLine).filter_by(company_id=viewer.organisation_id, lab_id="other").all()
    narrow = Question(viewer, YEAR, lab_id="other", test_id="t2", domain_id="battery")
    agrees(queries.turnaround(narrow, None, year.now).total, [line for line in lines if line.test_id == "t2"])
    assert queries.turnaround(Question(viewer, YEAR, domain_id="no-such"), None, year.now).total.lines == 0
    issued_on = local_date(lines[0].issued_at)
    same_day = [line for line in lines if local_date(line.issued_at) == issued_on]
    one_day = Question(viewer, Period(issued_on, issued_on), lab_id="other")
    assert queries.turnaround(one_day, None, year.now).total.lines == len(same_day)


def test_what_is_not_issued_does_not_count(world: World) -> None:
    world.bench()
    engineer, desk = world.engineer("甲公司"), world.lab_admin("lab")
    booking = engineer.requests(at(5))
    desk.does("confirm", booking)
    world.now = at(5)
    desk.does("start", booking)
    desk.does("complete", booking)
    found = queries.turnaround(Question(engineer.viewer, YEAR), GroupBy.LAB, world.now)
    assert (found.total.lines, found.items, found.total.percentiles) == (0, [], None)
    assert queries.under_way(engineer.viewer) == 1


def test_every_figure_has_its_lines(year: World) -> None:
    question = own_question(year)
    found = queries.turnaround(question, GroupBy.MONTH, year.now)
    for item in found.items:
        behind = listed(Wanted(question, month=item.key, sort=Sort.LONGEST), 100, 0, year.now)
        assert len(behind) == item.lines
        assert [line.days for line in behind] == sorted((line.days for line in behind), reverse=True)
        assert statistics.fmean(line.days for line in behind) == pytest.approx(item.mean, abs=0.0501)
        for line in behind:
            assert line.days == pytest.approx(line.review + line.waiting + line.testing + line.reporting)


def test_roles_without_figures_are_refused(world: World) -> None:
    world.bench()
    for person in (world.bench_crew("lab"),):
        with pytest.raises(Forbidden):
            queries.turnaround(Question(person.viewer, YEAR), None, world.now)
    with pytest.raises(Forbidden):
        listed(Wanted(Question(world.coordinator().viewer, YEAR)), 1, 0, world.now)


def test_a_coordinator_sees_the_same_reckoning_over_all(year: World) -> None:
    found = queries.turnaround(Question(year.coordinator().viewer, YEAR), GroupBy.LAB, year.now)
    assert found.of_all
    agrees(found.total, db.session.query(OrderLine).all())
    for item in found.items:
        agrees(item, db.session.query(OrderLine).filter_by(lab_id=item.key).all())


def test_statements_do_not_grow_with_the_lines(year: World) -> None:
    question = own_question(year)
    with statements() as sent:
        queries.tables(question, list(GroupBy), year.now)
    # What the summary knows, all lines at once and once more by way, levels, and the names of labs, domains and tests.
    assert len(sent) == 1 + 2 + 1 + 3
