"""What is told from the summary is what is told without it, whatever was recorded when, and reads no foreign lines."""

import itertools
import random
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import null, select, update

from app.database import db, transaction
from app.orders.models import ClockStop, Order, OrderLine, OrderState, RetestCause, StopCause
from app.turnaround import causes, chains, cohort, columns, kept, lines, own, quality, queries, summary
from app.turnaround.columns import Block, Kind, LineFacts, block
from app.turnaround.models import SummarisedLines
from app.turnaround.queries import Answer, Question
from app.turnaround.rules import GROUPS_OF_OWN, GroupBy, Period
from app.turnaround.tally import PARTS
from tests.statements import statements
from tests.world import World, at

DAY = timedelta(days=1)
COMPANIES = ("甲公司", "乙公司", "丙公司")
PERIODS = (
    Period(date(2025, 12, 1), date(2026, 11, 2)),
    Period(date(2025, 12, 10), date(2026, 9, 17)),
    Period(date(2026, 10, 3), date(2026, 10, 20)),
)
NARROWED = ({}, {"lab_id": "other"}, {"test_id": "t2"}, {"domain_id": "battery", "lab_id": "lab"})


@pytest.fixture
def house(world: World, issued) -> World:
    """A year of lines at two labs: retests, times that can't be right, stops of the clock, some still open."""
    world.bench()
    world.resource("rig", "other")
    world.test("t2", on="rig")
    world.capable("rig", "t")
    dice = random.Random(31)
    for number in range(150):
        line = some(issued, dice, at(1) - timedelta(minutes=dice.randrange(340 * 1440)))
        with transaction() as session:
            spoil(session.merge(line), number, dice)
    return world


def some(issued, dice: random.Random, on) -> OrderLine:
    lab, test = dice.choice((("lab", "t"), ("other", "t"), ("other", "t2")))
    days = tuple(dice.expovariate(1 / mean) for mean in (2, 9, 3, 6))
    return issued(dice.choice(COMPANIES), lab, test, days, on)


def spoil(line: OrderLine, number: int, dice: random.Random) -> None:
    match number % 10:
        case 0:
            line.customer_seconds = 10**8
        case 1:
            line.accepted_at = None
        case 2:
            line.ended_at = line.taken_at
        case 3:
            line.submitted_at -= 800 * DAY
        case 4:
            line.attempt, line.retest_cause = 2, RetestCause.FAILED
        case 5:
            line.issued_at = line.ended_at = None
            line.state = dice.choice((OrderState.TESTING, OrderState.CANCELLED))
        case 6:
            began, by = line.submitted_at + DAY, db.session.get(Order, line.order_id).created_by_id
            whose = {"order_id": line.order_id, "company_id": line.company_id, "lab_id": line.lab_id}
            stop = ClockStop(cause=StopCause.SAMPLE, started_at=began, started_by_id=by, **whose)
            stop.ended_at = line.issued_at + dice.choice((-1, 1)) * DAY / 2
            # Some at a lab from which the line has moved since.
            stop.lab_id = dice.choice((line.lab_id, "lab"))
            db.session.add(stop)


def told(world: World) -> list[object]:
    """All that pages tell of their own lines, and reports of them, by whom, of which period, narrowed how."""
    found: list[object] = []
    viewers = [world.engineer("甲公司").viewer, world.lab_admin("other").viewer]
    viewers.append(replace(viewers[1], lab_ids=frozenset({"lab", "other"})))
    for viewer in viewers:
        for period in PERIODS:
            for wanted in NARROWED:
                question = Question(viewer, period, **wanted)
                answer = Answer(question, world.now)
                found += [answer.table(group_by).items for group_by in (*GROUPS_OF_OWN, GroupBy.LEVEL, GroupBy.CITY)]
                found += [answer.total, answer.monthly(GroupBy.DOMAIN), answer.kinds()]
                found += [cohort.time_to_report(answer, world.now), cohort.flow(answer.own, world.now)]
                found += [lines.longest(answer.own, 5), quality.left_out(answer, world.now)]
                found += [lines.costliest(answer.own, answer.own.tallies(GroupBy.TEST), 5)]
                found += [quality.quality(question, world.now), causes.told(answer), chains.chains(question)]
    return found


def agree(world: World) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for module in (own, quality):
            patch.setattr(module, "covered", lambda _viewer, _months=None: kept.Covered({}))
        live = told(world)
    assert told(world) == live


def test_what_is_kept_is_what_is_read_live(house: World, issued) -> None:
    summary.summarise(house.now)
    agree(house)
    house.now += DAY
    dice = random.Random(32)
    for _ in range(5):
        some(issued, dice, house.now - DAY / 3)
    # Recorded late, in a month long over.
    late = some(issued, dice, at(1) - 100 * DAY)
    with transaction() as session:
        for line in session.query(OrderLine).filter(OrderLine.state == OrderState.TESTING).limit(3):
            line.state = OrderState.CANCELLED
        for line in session.query(OrderLine).filter(OrderLine.state == OrderState.TESTING).limit(3):
            line.ended_at = line.issued_at = house.now - DAY / 2
            line.state = OrderState.ISSUED
    agree(house)
    summary.summarise(house.now)
    agree(house)
    with transaction() as session:
        session.get_one(OrderLine, late.id).issued_at = None
    agree(house)


def test_only_the_month_that_is_not_right_is_read_live(house: World, issued) -> None:
    summary.summarise(house.now)
    months = set(kept.covered(house.engineer("甲公司").viewer).months)
    issued("甲公司", on=at(1) - 100 * DAY)
    assert months - set(kept.covered(house.engineer("甲公司").viewer).months) == {"2026-07"}
    assert set(kept.covered(house.engineer("乙公司").viewer).months) == months


def test_pages_of_ones_own_lines_read_none_that_is_kept(house: World, monkeypatch: pytest.MonkeyPatch) -> None:
    summary.summarise(house.now)
    read: list[LineFacts] = []
    facts = own.facts

    def noted(*args):
        for found in facts(*args):
            read.append(found[2])
            yield found

    monkeypatch.setattr(own, "facts", noted)
    with statements() as sent:
        answer = Answer(Question(house.engineer("甲公司").viewer, PERIODS[0]), house.now)
        lines.longest(answer.own, 5)
    assert answer.total.lines > 20 and read == []
    assert any("summarised_lines" in statement for statement in sent)


def test_what_ends_after_the_night_is_told_at_once_and_kept_by_the_next(house: World, issued) -> None:
    """A stop of the clock in a month long over: it was open when its line was issued, and ends months later."""
    line = issued("甲公司", "lab", "t", (2, 9, 3, 6), at(1) - 100 * DAY)
    by = db.session.get(Order, line.order_id).created_by_id
    whose = {"order_id": line.order_id, "company_id": line.company_id, "lab_id": line.lab_id}
    began = line.issued_at - 3 * DAY
    with transaction() as session:
        session.add(ClockStop(cause=StopCause.PAYMENT, started_at=began, started_by_id=by, **whose))
    viewer, months = house.engineer("甲公司").viewer, []

    def days() -> list[float]:
        causes_of = causes.told(Answer(Question(viewer, PERIODS[0]), house.now))
        return [cause.days for cause in causes_of if cause.key == "customer:payment"]

    write = summary._write
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(summary, "_write", lambda month, as_of: months.append(month) or write(month, as_of))
        summary.summarise(house.now)
        assert days() == []
        house.now += DAY
        with transaction() as session:
            session.scalars(select(ClockStop).where(ClockStop.ended_at.is_(None))).one().ended_at = house.now
        house.now += DAY / 4
        assert days() == [3.0]
        agree(house)
        months.clear()
        summary.summarise(house.now)
        assert months == ["2026-07", "2026-10"] and days() == [3.0]
        agree(house)
        summary.summarise(house.now)
        assert months[2:] == ["2026-10"]


def test_months_of_before_losses_were_kept_are_read_live_and_made_anew(house: World) -> None:
    summary.summarise(house.now)
    with transaction() as session:
        session.execute(update(SummarisedLines).values(losses=null()))
    agree(house)
    summary.summarise(house.now)
    assert not db.session.scalars(select(SummarisedLines.id).where(SummarisedLines.losses.is_(None))).all()
    agree(house)


def test_nobody_reads_the_columns_of_another(house: World) -> None:
    summary.summarise(house.now)
    rows = db.session.query(SummarisedLines).all()
    companies = {line.id: line.company_id for line in db.session.query(OrderLine)}
    labs = {line.id: line.lab_id for line in db.session.query(OrderLine)}
    for row in rows:
        ids = [*row.line_ids.split(), *(line[1] for faulty in row.faulty.values() for line in faulty)]
        assert {companies[line_id] for line_id in ids} == {row.company_id} or row.lab_id
        assert {labs[line_id] for line_id in ids} == {row.lab_id} or row.company_id
    engineer, desk = house.engineer("甲公司").viewer, house.lab_admin("other").viewer
    for viewer, side in ((engineer, "company_id"), (desk, "lab_id")):
        whose = db.session.query(SummarisedLines).filter(kept.theirs(viewer))
        assert {getattr(row, side) for row in whose} == {viewer.company_id or "other"}
    assert queries.turnaround(Question(engineer, PERIODS[0]), None, house.now).total.lines < len(companies)


def test_columns_are_packed_and_opened_again() -> None:
    dice = random.Random(33)
    every = [
        LineFacts(
            f"line{number:02d}",
            Kind(dice.choice("ab"), dice.choice("tuv"), "d"),
            dice.randrange(10**9),
            dice.randrange(400),
            dice.randrange(-(10**10), 10**10),
            dice.randrange(1, 32),
            tuple(dice.randrange(10**9) for _ in PARTS),
        )
        for number in range(40)
    ]
    found = block("2026-11", every)
    assert len(found.whole) == found.counts.sum() == 40 and len(found.ids.split()) == 40
    kept = columns.opened("2026-11", found.names, *found.packed(), found.ids)
    assert sorted(lines_of(kept)) == sorted(every)
    assert sorted(lines_of(kept.only(kept.day < 10))) == sorted(line for line in every if line.day < 10)
    nothing = block("2026-11", [])
    assert lines_of(columns.opened("2026-11", nothing.names, *nothing.packed(), nothing.ids)) == []


def lines_of(found: Block) -> list[LineFacts]:
    names = [[found.names[name][place] for place in found.kinds[at]] for at, name in enumerate(columns.NAMES)]
    of = [Kind(*kind) for kind, count in zip(zip(*names, strict=True), found.counts, strict=True) for _ in range(count)]
    parts = [tuple(line) for line in zip(*(part.tolist() for part in found.parts), strict=True)]
    numbers = (getattr(found, name).tolist() for name in ("whole", "working", "submitted", "day"))
    return list(itertools.starmap(LineFacts, zip(found.ids.split(), of, *numbers, parts, strict=True)))
