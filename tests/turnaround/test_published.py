"""What the night publishes of all companies is what their cells would tell, as of the night, and names none of them."""

import json
from datetime import timedelta
from itertools import product

import pytest

from app.database import db
from app.orders.models import OrderLine
from app.turnaround import causes, cohort, published, publishing, quality, queries, rules, summary
from app.turnaround.asking import MONTHS
from app.turnaround.jobs import summarise
from app.turnaround.models import PublishedPeriod
from app.turnaround.queries import Answer, Question
from app.turnaround.rules import GroupBy, Period
from tests.statements import statements
from tests.world import World, at


@pytest.fixture
def region(scattered) -> World:
    """Fifteen months; some cells are small."""
    return scattered(41, 450, (20, 10, 1))


def usual(world: World) -> list[Period]:
    """The periods that pages ask for, as they ask."""
    periods = [rules.last_months(months, world.now) for months in MONTHS]
    return [each for period in periods for each in (period, period.before(), period.year_ago())]


def told(world: World) -> list[object]:
    found: list[object] = []
    for period in usual(world):
        answer = Answer(Question(world.coordinator().viewer, period), world.now)
        found += [answer.table(group_by).items for group_by in GroupBy]
        found += [answer.total, answer.provinces(), answer.kinds(), causes.told(answer)]
        found += [cohort.time_to_report(answer, world.now), quality.left_out(answer, world.now)]
    return found


def test_what_is_published_is_what_cells_tell(region: World) -> None:
    live = told(region)
    summarise(region.now)
    assert told(region) == live
    question = Question(region.coordinator().viewer, rules.last_months(12, region.now))
    with statements() as sent:
        assert all(Answer(question, region.now).table(group_by).items for group_by in GroupBy)
    assert not [text for text in sent if "order_line" in text or "summarised_cell" in text]
    hidden = [
        row.suppressed for table in live if isinstance(table, list) for row in table if hasattr(row, "suppressed")
    ]
    assert any(hidden) and not all(hidden)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queries, "published", lambda _period: None)
        assert told(region) == live


def test_nothing_changes_until_the_next_night(region: World, issued) -> None:
    summarise(region.now)
    before = told(region)
    viewer = region.coordinator().viewer
    narrowed = [Question(viewer, period, lab_id="other") for period in usual(region)]
    parts = [Answer(question, region.now).total for question in narrowed]
    # One is recorded with a date long past: told apart from the rest, it would stand there alone.
    issued("甲公司", "other", "t", on=at(1) - timedelta(days=90))
    issued("乙公司", "other", "t", on=region.now)
    region.now += timedelta(hours=2)
    assert told(region) == before and [Answer(question, region.now).total for question in narrowed] == parts
    summarise(region.now)
    assert told(region) != before
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queries, "published", lambda _period: None)
        again = told(region)
    assert told(region) == again


def test_a_night_that_is_killed_before_it_publishes_leaves_nothing_old(region: World, issued) -> None:
    summarise(region.now)
    issued("甲公司", "other", "t", on=region.now)
    region.now += timedelta(days=1)
    summary.summarise(region.now)
    after = told(region)
    period = rules.last_months(12, region.now).whole_months()
    assert published.published(period) is None
    assert publishing.publish(region.now) > 0 and publishing.publish(region.now) == 0
    assert told(region) == after


def test_two_leaders_publish_each_period_once(region: World, twice_at_once) -> None:
    summary.summarise(region.now)
    db.session.remove()

    twice_at_once(lambda: publishing.publish(region.now))
    kept = {(row.first, row.last) for row in db.session.query(PublishedPeriod)}
    wanted = {(each.whole_months().first, each.whole_months().last) for each in usual(region)}
    assert kept == {period for period in wanted if summary.kept(Period(*period))}
    region.now += timedelta(days=40)
    summarise(region.now)
    wanted = {(each.whole_months().first, each.whole_months().last) for each in usual(region)}
    later = {(row.first, row.last) for row in db.session.query(PublishedPeriod)}
    assert later <= wanted and kept - later


def test_what_is_published_names_no_company_and_no_line(region: World) -> None:
    summarise(region.now)
    rows = [(row.facts, row.tests, row.kinds) for row in db.session.query(PublishedPeriod)]
    text = json.dumps(rows, ensure_ascii=False)
    lines = db.session.query(OrderLine).all()
    assert rows and not [word for line in lines for word in (line.id, line.company_id) if word in text]


def test_only_what_is_asked_for_as_a_whole_is_published(region: World) -> None:
    summarise(region.now)
    viewer = region.coordinator().viewer
    period = rules.last_months(12, region.now)
    for lab_id, domain_id in product((None, "other"), (None, "battery")):
        answer = Answer(Question(viewer, period, lab_id=lab_id, domain_id=domain_id), region.now)
        assert (answer.published is not None) == (lab_id is domain_id is None)
