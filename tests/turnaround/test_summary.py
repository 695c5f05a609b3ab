"""With the nightly summary the figures are those without it: after new lines, late records, a killed job, two jobs."""

from datetime import date, timedelta

import pytest

from app.accounts.models import Role
from app.database import db
from app.turnaround import queries, summary
from app.turnaround.models import SummarisedCell, SummarisedMonth
from app.turnaround.queries import Question
from app.turnaround.rules import GroupBy, Period
from tests.statements import statements
from tests.world import World, at

YEAR = Period(date(2025, 12, 1), date(2026, 11, 30))
# From early December to the end of October.
MONTHS = 11


@pytest.fixture
def busy(scattered) -> World:
    """Eleven months."""
    return scattered(10, 330)


def told(world: World) -> list[object]:
    """All tables as those see them who look at many lines, but for the instant."""
    viewers = (world.coordinator().viewer, world.lab_admin("other").viewer)
    questions = [Question(viewer, YEAR, domain_id=domain) for viewer in viewers for domain in (None, "battery")]
    return [
        (table.items, table.total)
        for question in questions
        for table in queries.tables(question, list(GroupBy), world.now).values()
    ]


def test_the_same_figures_with_and_without(busy: World, issued) -> None:
    live = told(busy)
    assert summary.summarise(busy.now) == MONTHS
    assert told(busy) == live
    with statements() as sent:
        queries.turnaround(Question(busy.lab_admin("lab").viewer, YEAR), None, busy.now)
    assert any("summarised_lines" in statement for statement in sent)
    issued("甲公司", "other", "t", on=busy.now)
    fresh = told(busy)
    assert fresh != live
    # A report that is recorded late: the summary knows that it lacks one, as long as nothing of it is published.
    issued("乙公司", "other", "t", on=at(1) - timedelta(days=90))
    late = told(busy)
    assert late != fresh
    busy.now += timedelta(days=1)
    # This month and the one before are made again every night, and the month of the late report.
    assert summary.summarise(busy.now) == 3
    assert told(busy) == late
    assert summary.summarise(busy.now) == 2


def test_a_killed_job_leaves_nothing_wrong(busy: World, monkeypatch: pytest.MonkeyPatch) -> None:
    live = told(busy)
    write, made = summary._write, []

    def until_killed(month, as_of):
        if len(made) == 5:
            raise KeyboardInterrupt
        made.append(month)
        return write(month, as_of)

    monkeypatch.setattr(summary, "_write", until_killed)
    with pytest.raises(KeyboardInterrupt):
        summary.summarise(busy.now)
    assert db.session.query(SummarisedMonth).count() == 5
    assert told(busy) == live
    monkeypatch.undo()
    summary.summarise(busy.now)
    assert db.session.query(SummarisedMonth).count() == MONTHS and told(busy) == live


def test_two_leaders_make_each_month_once(busy: World, twice_at_once) -> None:
    live = told(busy)
    db.session.remove()

    twice_at_once(lambda: summary.summarise(busy.now))
    lines = sum(len(cell.whole) for cell in db.session.query(SummarisedCell).filter(SummarisedCell.lab_id.is_not(None)))
    assert lines == 200
    assert told(busy) == live


def test_nothing_is_summarised_of_nothing(world: World) -> None:
    world.bench()
    assert summary.summarise(world.now) == 0
    viewer = world.coordinator().viewer
    assert queries.turnaround(Question(viewer, YEAR), GroupBy.CITY, world.now).items == []
    assert viewer.role is Role.COORDINATOR
