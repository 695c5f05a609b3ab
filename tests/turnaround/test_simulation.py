"""The simulated year: known results of queueing, the same numbers again, and nothing that could not happen."""

import pickle
import random
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from math import factorial
from statistics import fmean

import pytest

from app.turnaround.simulation import study
from app.turnaround.simulation.agenda import Agenda
from app.turnaround.simulation.demand import Demand, Line, draw, on_samples
from app.turnaround.simulation.figures import STUDENT, estimate, figures
from app.turnaround.simulation.house import DAY, DAYS, OFFICE, OFFICE_DAY, Group, House, Item, Option
from app.turnaround.simulation.inputs import Inputs, Spread
from app.turnaround.simulation.openings import Openings, Task, minutes_since, openings_of
from app.turnaround.simulation.policies import Policy
from app.turnaround.simulation.run import Outcome, simulate
from app.worktime import PATTERNS, Interval, Need, Starts, WorkingCalendar, merge, midnight

FIRST = date(2025, 10, 3)
ALWAYS = Openings([(0, DAYS * DAY)])
CALENDARS = [
    WorkingCalendar((PATTERNS[name],), *((29.7, 106.6) if name == "daylight" else (None, None))) for name in PATTERNS
]


def test_minutes_agree_with_working_time() -> None:
    """A use is found at the same time as by the availability of the product, on every shift and around busy time."""
    dice, begin = random.Random(4), midnight(FIRST)
    laid = [openings_of(calendar, FIRST, 300) for calendar in CALENDARS]
    for _ in range(400):
        which = dice.randrange(len(CALENDARS))
        lengths = [timedelta(minutes=dice.choice((0, 30, 90, 240))) for _ in range(2)]
        run = timedelta(minutes=dice.choice((20, 120, 500, 900, 3000)))
        need = Need(lengths[0], run, lengths[1], splits=dice.random() < 0.5, unattended=dice.random() < 0.4)
        grain = timedelta(minutes=dice.choice((15, 60, 240)))
        busy = merge(_span(begin, dice) for _ in range(dice.randrange(12)))
        at = begin + timedelta(minutes=dice.randrange(20 * DAY))
        wanted = Starts(need, CALENDARS[which], grain, ((busy,),), at, begin + timedelta(days=150)).earliest()
        agenda = Agenda(laid[which], int(grain.total_seconds() // 60))
        for span in busy:
            agenda.take(minutes_since(begin, span.start), minutes_since(begin, span.end))
        found = agenda.earliest(Task.of(need), minutes_since(begin, at), 150 * DAY)
        told = wanted and (minutes_since(begin, wanted.starts_at), minutes_since(begin, wanted.ends_at))
        assert found == told


def _span(begin: datetime, dice: random.Random) -> Interval:
    start = begin + timedelta(minutes=dice.randrange(40 * DAY))
    return Interval(start, start + timedelta(minutes=dice.randrange(30, 3 * DAY)))


def test_time_given_back_is_whole_again() -> None:
    dice = random.Random(5)
    agenda, untouched = Agenda(ALWAYS, 10), Agenda(ALWAYS, 10)
    taken: list[tuple[int, int]] = []
    for _ in range(300):
        if taken and dice.random() < 0.4:
            agenda.free(*taken.pop(dice.randrange(len(taken))))
        else:
            length = dice.randrange(10, 400)
            found = agenda.earliest(Task(0, length, 0, False, False), dice.randrange(5000))
            assert found and all(found[1] <= start or end <= found[0] for start, end in taken)
            agenda.take(*found)
            taken.append(found)
    with pytest.raises(ValueError, match="taken"):
        agenda.take(*taken[0])
    for span in taken:
        agenda.free(*span)
    assert [getattr(agenda, name) for name in Agenda.__slots__[:3]] == [
        getattr(untouched, name) for name in Agenda.__slots__[:3]
    ]


# Queues whose answers are known.


def one_bench(places: int, run: int, writers: int = 1000, report: int = 1) -> House:
    """One lab that never closes, with alike places for one test, and writers."""
    option = Option(0, 0, Task(0, run, 0, False, False), report)
    item = Item("t", "d", [option])
    return House(FIRST, ["lab"], [ALWAYS], ALWAYS, [Group(0, 0, 1, range(places))], [item], [writers])


def poisson(every: float, count: int, dice: random.Random, report: bool = False) -> Demand:
    """Lines without mishaps; report: their reports take exponential times."""
    lines, at = [], 0.0
    for number in range(count):
        at += dice.expovariate(1 / every)
        took = dice.expovariate(1.0) if report else 0.0
        lines.append(Line(number, int(at), 0, 0, False, int(at), int(at), -1.0, 0, 0, 1.0, took, False))
    return Demand(lines, [])


ALL_WRITING = replace(Inputs(), writing=1.0)


def within(values: list[float], wanted: float, of: float) -> bool:
    """Whether the wanted mean lies in the interval of these years, and the interval tells something."""
    mean, half = estimate(values)
    return abs(mean - wanted) <= half < of * wanted


@pytest.mark.parametrize("policy", [Policy.KNOWN, Policy.EARLIEST])
def test_one_bench_with_equal_tests_waits_as_in_m_d_1(policy: Policy) -> None:
    """Pollaczek and Khinchine: half the length times load / (1 - load)."""
    length, load, house = 200, 0.7, one_bench(1, 200)
    waits = []
    for seed in range(12):
        demand = poisson(length / load, 700, random.Random(seed))
        jobs = simulate(house, ALL_WRITING, demand, policy).jobs[150:]
        waits.append(fmean(job.taken - job.line.submitted for job in jobs))
    assert within(waits, length / 2 * load / (1 - load), 0.2)


def test_reports_wait_for_writers_as_in_m_m_c() -> None:
    """Erlang's formula for three writers."""
    writers, mean, load = 3, 300, 0.8
    house, offered = one_bench(200, 1, writers, mean), 3 * 0.8
    last = offered**writers / factorial(writers) / (1 - load)
    waiting = last / (sum(offered**count / factorial(count) for count in range(writers)) + last)
    waits = []
    for seed in range(12):
        outcome = simulate(house, ALL_WRITING, poisson(mean / offered, 900, random.Random(seed), True), Policy.KNOWN)
        ended = sorted(job.ended for job in outcome.jobs)
        begun = sorted(start for _lab, start, _end in outcome.written)
        waits.append(fmean(start - end for start, end in zip(begun[200:], ended[200:], strict=True)))
    assert within(waits, waiting * mean / (writers * (1 - load)), 0.35)


# A small house with all mishaps.


@pytest.fixture(scope="module")
def stage() -> study.Stage:
    """Three labs on two shifts; the first test can be done at one of them only."""
    laid = [openings_of(calendar, FIRST, DAYS) for calendar in CALENDARS[:2]]
    short, night, alone = Task(60, 300, 30, False, False), Task(60, 2000, 60, False, True), Task(0, 900, 0, True, False)
    groups = [Group(0, 0, 30, range(2)), Group(1, 1, 60, range(2, 5)), Group(2, 1, 60, range(5, 6))]
    items = [
        Item("alone", "d", [Option(0, 0, alone, 5 * OFFICE_DAY)]),
        Item("short", "d", [Option(group, group, short, 4 * OFFICE_DAY) for group in range(3)], "pack"),
        Item("night", "d", [Option(group, group, night, 6 * OFFICE_DAY) for group in (1, 2)], "pack", True),
    ]
    office = openings_of(OFFICE, FIRST, DAYS)
    house = House(FIRST, ["a", "b", "c"], laid, office, groups, items, [1, 1, 1])
    return study.stage(house, replace(Inputs(), breakdowns=6.0), 1)


@pytest.fixture(scope="module")
def demand(stage: study.Stage) -> Demand:
    return draw(stage.house, stage.inputs, stage.market, 0.9, "7")


@pytest.fixture(scope="module")
def outcomes(stage: study.Stage, demand: Demand) -> dict[Policy, Outcome]:
    return {policy: simulate(stage.house, stage.inputs, demand, policy) for policy in Policy}


def test_all_policies_meet_the_same_requests(
    stage: study.Stage, demand: Demand, outcomes: dict[Policy, Outcome]
) -> None:
    again = draw(stage.house, stage.inputs, stage.market, 0.9, "7")
    assert demand == again != draw(stage.house, stage.inputs, stage.market, 0.9, "8")
    for outcome in outcomes.values():
        assert [job.line for job in outcome.jobs] == demand.lines
    lines = demand.lines
    mishaps = [fmean(line.cancels >= 0 for line in lines), fmean(line.no_show > 0 for line in lines)]
    assert mishaps == pytest.approx([stage.inputs.cancelled, stage.inputs.no_show], abs=0.03)
    assert len({line.submitted for line in lines}) < len(lines) * 0.9  # programmes


def test_nobody_is_served_twice_and_no_place_holds_two(outcomes: dict[Policy, Outcome]) -> None:
    for outcome in outcomes.values():
        by_unit, last = defaultdict(list), {}
        for unit, start, end, line in outcome.uses:
            by_unit[unit].append((start, end))
            last[line] = max(last.get(line, -1), end)
        for uses in by_unit.values():
            assert all(before[1] <= after[0] for before, after in pairwise(sorted(uses)))
        for job in outcome.jobs:
            served = job.ended >= 0
            assert served == (job.line.cancels < 0)
            assert not served or job.ended == last[job.line.number]
        assert len(outcome.written) == sum(job.ended >= 0 for job in outcome.jobs)


def test_phases_follow_one_another_and_add_up(stage: study.Stage, outcomes: dict[Policy, Outcome]) -> None:
    for outcome in outcomes.values():
        for job in outcome.jobs:
            if job.line.cancels < 0:
                line = job.line
                assert line.submitted <= line.accepted <= line.ready <= job.taken < job.ended < job.issued
        found = figures(stage.house, outcome, outcomes[Policy.KNOWN])
        phases = sum(found[name] for name in ("review", "waiting", "testing", "reporting"))
        assert phases == pytest.approx(found["total"])
        assert 0 < found["benches"] < 1 and 0 < found["writers"] < 1 and found["benches"] + found["lost"] <= 1


def test_what_each_policy_may_do(stage: study.Stage, outcomes: dict[Policy, Outcome]) -> None:
    found = {policy: figures(stage.house, outcome, outcomes[Policy.KNOWN]) for policy, outcome in outcomes.items()}
    known = outcomes[Policy.KNOWN]
    assert all(job.option.lab == job.line.known for job in known.jobs if job.option)
    assert any(job.option.lab != job.line.known for job in outcomes[Policy.ALL].jobs if job.option)
    assert found[Policy.KNOWN]["lost"] > 0.05 > found[Policy.EARLIEST]["lost"]
    assert found[Policy.OFFERED]["moved"] > 0.01 and found[Policy.EARLIEST]["moved"] == 0
    assert found[Policy.OFFERED]["total"] < found[Policy.ALL]["total"] < found[Policy.KNOWN]["total"]
    assert found[Policy.KNOWN]["worse"] == 0 < found[Policy.ALL]["worse"] < 0.5


def test_tests_on_one_sample_follow_one_another_and_the_destructive_one_comes_last(
    stage: study.Stage, demand: Demand, outcomes: dict[Policy, Outcome]
) -> None:
    followers = [line.number for line in demand.lines if line.follows]
    assert len(followers) > 0.05 * len(demand.lines)
    items = stage.house.items
    assert not any(items[demand.lines[number - 1].item].destructive for number in followers)
    assert all(items[demand.lines[number].item].sample == "pack" for number in followers)
    carried = 0
    for outcome in outcomes.values():
        last = {line: start for _unit, start, _end, line in outcome.uses}
        for job in outcome.jobs:
            before = job.before
            while before and before.line.cancels >= 0:
                before = before.before
            if before and job.ended >= 0:
                elsewhere = before.option.lab != job.option.lab
                carried += elsewhere
                assert job.taken >= before.ended
                assert last[job.line.number] >= before.ended + elsewhere * stage.inputs.transport
    assert carried


def test_who_waits_for_a_sample_waits_longer_when_the_test_before_is_put_off() -> None:
    """Three tests of 100 minutes asked at once on three places; the first sample of the second case is late."""
    house, day = one_bench(3, 100), DAY

    def taken(follows: bool, late: int, cancels: float = -1.0) -> list[int]:
        lines = [
            Line(
                number,
                0,
                0,
                0,
                follows and number > 0,
                0,
                2 * day,
                cancels if number == 1 else -1.0,
                0,
                late if number == 0 else 0,
                1.0,
                1.0,
                False,
            )
            for number in range(3)
        ]
        return [job.taken for job in simulate(house, ALL_WRITING, Demand(lines, []), Policy.EARLIEST).jobs]

    assert taken(False, 0) == [2 * day] * 3
    assert taken(True, 0) == [2 * day, 2 * day + 100, 2 * day + 200]
    assert taken(True, day) == [3 * day, 3 * day + 100, 3 * day + 200]
    # The one in the middle is withdrawn before the first is put off.
    assert taken(True, day, 0.1) == [3 * day, -1, 3 * day + 100]


def test_a_programme_is_dealt_to_samples(stage: study.Stage) -> None:
    asked = [0, 1, 2, 1, 2, 2, 1, 0, 1, 1, 1, 1]
    for seed in range(50):
        samples = on_samples(stage.house, asked, (1, 4), random.Random(seed))
        assert sorted(item for sample in samples for item in sample) == sorted(asked)
        # The first test needs samples of its own; the last one destroys what it is done on.
        assert samples.count([0]) == 2
        assert all(len(sample) <= 4 and 2 not in sample[:-1] for sample in samples)


def test_the_same_seed_gives_the_same_study(stage: study.Stage) -> None:
    """Also for the copy of the house that another process gets."""
    wanted = study.Study(loads=(80,), replications=2, seed=3)
    found, again = (study.run(on, wanted, 1) for on in (stage, pickle.loads(pickle.dumps(stage))))
    assert found == again
    assert found["cells"][3]["against"]["total"][0] < 0
    assert study.run(stage, replace(wanted, seed=4), 1)["cells"] != found["cells"]


def test_intervals_by_student() -> None:
    assert estimate([1.0, 3.0]) == pytest.approx((2.0, STUDENT[0] * 2**0.5 / 2**0.5))
    assert estimate([5.0] * 40) == (5.0, 0.0)
    assert estimate([5.0]) == (5.0, float("inf"))
    assert Spread((0, 10, 20)).at(0.75) == 15 and Spread((0, 10, 20)).mean == 10


def test_the_year_begins_on_its_day() -> None:
    assert midnight(FIRST) == datetime(2025, 10, 2, 16, tzinfo=UTC)
    assert one_bench(1, 1).year_begins == date(2026, 1, 1)
