"""What more capacity would have brought to a lab's pools is kept: as reckoned live, of a killed job, of two at once."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest
import time_machine
from flask import Flask

from app.booking.offers import Question, offers
from app.booking.settings import limits
from app.database import db, transaction
from app.errors import Forbidden, NotFound
from app.labs.capacity import touch
from app.turnaround.asking import MONTHS
from app.turnaround.bottlenecks import of_pools
from app.turnaround.bottlenecks.models import PoolWhatIf
from app.turnaround.bottlenecks.what_if import Change, WhatIf, what_if, what_ifs
from tests.http import browser
from tests.statements import statements
from tests.world import World, at

AFTER = at(1, 9, 0, month=12)
NIGHT = timedelta(days=1)
COMPANIES = ("甲公司", "乙公司", "丙公司")


@pytest.fixture
def asked(world: World) -> World:
    """Five long tests on one bench, each at the earliest time; another pool of the lab, and one of another lab."""
    world.bench(unattended=True)
    world.resource("idle", pool="idle")
    world.resource("rig", "other")
    world.test("long", run=15 * 60)
    world.now = at(2, 8, 0)
    for number in range(5):
        (first, *_rest) = offers(Question("long"), world.now, limits())
        world.engineer(COMPANIES[number % 3]).requests(first.starts_at, test="long")
    return world


def made() -> dict[tuple[str, str, int], object]:
    db.session.expire_all()
    rows = db.session.query(PoolWhatIf)
    return {(row.lab_id, row.pool, row.months): row.made_at for row in rows}


def test_every_pool_has_for_every_period_what_would_be_reckoned_live(asked: World) -> None:
    assert of_pools.newest("lab", "chamber", 3) is None
    assert of_pools.keep(AFTER) == 3 * len(MONTHS)
    for months in MONTHS:
        live, answer = what_if("lab", "chamber", months, AFTER), of_pools.newest("lab", "chamber", months)
        assert live and answer and answer.study
        assert (answer.study.outcomes, answer.study.is_faithful) == (live.outcomes, True)
        assert answer.study.of(Change.BENCH) == live.of(Change.BENCH)
        assert (answer.study.lines, answer.study.left, answer.study.companies) == (5, 0, frozenset())
        assert (answer.made_at, answer.period.months()[-1]) == (AFTER, "2026-11")
    nothing = of_pools.newest("lab", "idle", 12)
    assert nothing and nothing.study is None


def test_it_is_reckoned_anew_with_other_benches_and_after_another_month_and_else_not(asked: World) -> None:
    of_pools.keep(AFTER)
    assert of_pools.keep(AFTER + NIGHT) == 0
    with transaction() as session:
        touch(session, "lab")
    assert of_pools.keep(AFTER + 2 * NIGHT) == 2 * len(MONTHS)
    assert made()["other", "rig", 3] == AFTER < made()["lab", "chamber", 3]
    assert of_pools.keep(at(1, 9, 0, month=12) + 31 * NIGHT) == 3 * len(MONTHS)


def test_a_killed_job_is_finished_by_the_next(asked: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(lab_id: str, pool: str, months: list[int], now: datetime) -> Mapping[int, WhatIf | None]:
        if pool == "idle":
            raise KeyboardInterrupt
        return what_ifs(lab_id, pool, months, now)

    with monkeypatch.context() as patch:
        patch.setattr(of_pools, "what_ifs", killed)
        with pytest.raises(KeyboardInterrupt):
            of_pools.keep(AFTER)
    assert made().keys() == {("lab", "chamber", months) for months in MONTHS}
    assert of_pools.keep(AFTER + NIGHT) == 2 * len(MONTHS)


def test_two_jobs_keep_one_answer_and_an_older_one_does_not_outlast_a_newer(asked: World, twice_at_once) -> None:
    desk = asked.lab_admin("lab")
    db.session.remove()
    twice_at_once(lambda: of_pools.keep(AFTER))
    assert len(made()) == 3 * len(MONTHS)
    with transaction() as session:
        touch(session, "lab")
    of_pools.ask_again(desk.viewer, of_pools.AskAgain("chamber", 3), AFTER + NIGHT)
    # A job that began before it was asked.
    of_pools.keep(AFTER + NIGHT / 2)
    assert made()["lab", "chamber", 3] == AFTER + NIGHT
    assert made()["lab", "chamber", 6] == AFTER + NIGHT / 2


def test_a_lab_asks_again_for_its_own_pools_only(asked: World) -> None:
    desk, command = asked.lab_admin("lab"), of_pools.AskAgain("chamber", 12)
    with pytest.raises(NotFound):
        of_pools.ask_again(desk.viewer, of_pools.AskAgain("rig", 12), AFTER)
    for person in (asked.engineer("甲公司"), asked.bench_crew("lab")):
        with pytest.raises(Forbidden):
            of_pools.ask_again(person.viewer, command, AFTER)
    with pytest.raises(NotFound):
        of_pools.ask_again(asked.coordinator().viewer, command, AFTER)
    assert made() == {}


def test_the_page_only_reads_and_says_of_when_it_is(asked: World, clean: Flask) -> None:
    def asks_again(sent: list[str]) -> bool:
        return any("booking.created_at >=" in text for text in sent)

    address = "/turnaround/bottlenecks?months=3&pool=chamber"
    with time_machine.travel(AFTER, tick=False):
        client = browser(clean, asked.lab_admin("lab"))
        before = client.get(address).text
        assert "还没有算过" in before and "现在算" in before
        with statements() as sent:
            answer = client.post("/turnaround/bottlenecks/what-if?months=3&pool=chamber")
        assert asks_again(sent) and made().keys() == {("lab", "chamber", 3)}
        assert (answer.status_code, answer.location) == (303, f"{address}#whatif")
        assert client.post("/turnaround/bottlenecks/what-if?months=3&pool=rig").status_code == 404
    with time_machine.travel(AFTER + NIGHT, tick=False), statements() as sent:
        page = client.get(address).text
    assert "2026-09 到 2026-11 的申请，12-01 周二 09:00 计算" in page
    assert "按现在重算" in page and "还没有算过" not in page and not asks_again(sent)
