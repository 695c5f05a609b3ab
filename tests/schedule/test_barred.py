"""Free time that a lab's rules keep from a company: no link, but the rule's own sentence, for that company alone."""

from collections.abc import Callable

import pytest
import time_machine
from flask import Flask

from app.database import transaction
from app.labs import rules as kinds
from app.labs.capacity import LabRule, touch
from app.schedule import rows
from tests.http import browser
from tests.schedule.reading import Page
from tests.statements import statements
from tests.world import Person, World, at

Look = Callable[..., Page]
BENCH = "环境舱 chamber"
USED = "实验室规定每家企业每周最多占台 4 h，11-02 周一 起的一周贵公司已约 4 h。请选别的周。"


@pytest.fixture
def company(world: World) -> Person:
    """It has used up its share of this week."""
    world.bench()
    world.rule(kinds.WEEKLY_HOURS, 4, pool="chamber")
    person = world.engineer("甲公司")
    person.requests(at(5))
    return person


def test_a_week_whose_share_is_used_up_has_no_free_link_and_says_why(company: Person, look: Look) -> None:
    page = look(company)
    assert {when.date() for _, when in page.free(BENCH)} == {at(day).date() for day in range(9, 14)}
    # From Tuesday to Friday one block, on which the own booking lies.
    assert page.closed(BENCH).count(USED) == 1
    assert "yours has booked 4 h in the week from Mon 2 Nov" in " ".join(look(company, language="en").closed("chamber"))
    assert USED in look(company, "days=1&day=2026-11-04&from=2026-11-04").root.text


def test_others_see_it_free_and_learn_nothing(world: World, company: Person, look: Look) -> None:
    rival = look(world.engineer("乙公司"))
    assert at(4) in [when for _, when in rival.free(BENCH)]
    for person in (world.engineer("乙公司"), world.coordinator(), world.lab_admin("lab")):
        assert "每周最多占台" not in look(person).root.text


def test_with_a_test_only_starts_that_the_rules_leave_are_free(world: World, company: Person, look: Look) -> None:
    assert look(company, "test=t").closed(BENCH).count(USED) == 1
    world.rule(kinds.WEEKLY_HOURS, 9, pool="chamber")
    world.test("long", run=6 * 60)
    assert at(4) in [when for _, when in look(company, "test=t").free(BENCH)]
    page = look(company, "test=long")
    assert [when for _, when in page.free(BENCH)] == [at(day) for day in range(9, 14)]
    assert "实验室规定每家企业每周最多占台 9 h，11-02 周一 起的一周贵公司已约 4 h。请选别的周。" in page.closed(BENCH)


def test_who_may_book_nothing_at_a_lab_sees_no_free_time_there(world: World, company: Person, look: Look) -> None:
    world.rule(kinds.OPEN_REQUESTS, 1)
    page = look(company)
    assert page.free(BENCH) == []
    assert any("最多有 1 个未完成的申请和预约" in said for said in page.closed(BENCH))
    assert BENCH not in look(company, "free=1").benches


@pytest.mark.parametrize("query", ["days=7", "days=7&test=t"])
def test_it_costs_one_statement_and_the_same_facts_give_the_row_that_is_kept(
    world: World, company: Person, clean: Flask, query: str
) -> None:
    def sent() -> int:
        with time_machine.travel(world.now, tick=False):
            client = browser(clean, company)
            client.get(f"/schedule?{query}")
            worked_out = rows.row.cache_info().misses
            with statements() as found:
                assert client.get(f"/schedule?{query}").status_code == 200
            assert rows.row.cache_info().misses == worked_out
        return len(found)

    with_rule = sent()
    for unit in range(3):
        world.resource(f"unit-{unit}", pool=f"pool-{unit}")
        world.capable(f"pool-{unit}", "t")
        world.rule(kinds.WEEKLY_HOURS, 4, pool=f"pool-{unit}")
    assert sent() == with_rule
    with transaction() as session:
        session.query(LabRule).delete()
        touch(session, "lab")
    assert sent() == with_rule - 1
