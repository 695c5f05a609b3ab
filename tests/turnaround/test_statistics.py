"""Estimates and splits, held against reference libraries and against what they mean."""

import random
import statistics
from collections import Counter, defaultdict
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter

from app.turnaround import change, survival, tally, trend
from app.turnaround.change import Work
from app.turnaround.columns import Kind, LineFacts, block
from app.turnaround.rules import PHASES
from app.turnaround.table import Table

DAYS = st.lists(st.integers(1, 60).map(lambda tenths: tenths / 4), max_size=40)


VALUES = st.lists(st.integers(0, 10**10), min_size=1, max_size=50)


@given(VALUES, st.sampled_from((0.5, 0.8, 0.9, 0.95)))
def test_percentiles_are_those_of_numpy(values, share) -> None:
    found = tally.percentile(np.sort(np.array(values)), share)
    assert found == pytest.approx(np.quantile(values, share, method="linear"), rel=1e-12)
    assert found == pytest.approx(float(exact(values, Fraction(str(share)))), rel=1e-12)


@given(VALUES.filter(lambda values: len(values) > 1))
def test_percentiles_are_those_of_python(values) -> None:
    every = statistics.quantiles(values, n=100, method="inclusive")
    ordered = sorted(values)
    for hundredths in (50, 80, 90, 95):
        assert tally.percentile(ordered, hundredths / 100) == pytest.approx(every[hundredths - 1], rel=1e-12)


def exact(values: list[int], share: Fraction) -> Fraction:
    """Type 7 of Hyndman and Fan, as they define it."""
    ordered, place = sorted(values), 1 + (len(values) - 1) * share
    below = place.numerator // place.denominator
    following = ordered[min(below, len(ordered) - 1)]
    return ordered[below - 1] + (place - below) * (following - ordered[below - 1])


LINES = st.lists(
    st.builds(
        LineFacts,
        st.uuids().map(str),
        st.builds(Kind, st.sampled_from("ab"), st.sampled_from("tuv"), st.just("d")),
        st.integers(0, 10**8),
        st.integers(0, 400),
        st.integers(-(10**10), 10**10),
        st.integers(1, 28),
        st.tuples(*[st.integers(0, 10**8)] * len(tally.PARTS)),
    ),
    max_size=30,
    unique_by=lambda line: line.line_id,
)


@given(LINES, LINES)
def test_a_table_adds_up_and_parts_as_plain_lists_do(first, second) -> None:
    table = Table([block("2026-10", first), block("2026-11", second)])
    every = [("2026-10", line) for line in first] + [("2026-11", line) for line in second]
    parted = {
        "lab": (table.labs, lambda _month, line: line.kind.lab_id),
        "month": (table.months, lambda month, _line: month),
        "both": (table.tests.by(table.labs), lambda _month, line: (line.kind.test_id, line.kind.lab_id)),
        "all": (table.months.mapped(lambda _month: ""), lambda _month, _line: ""),
    }
    for groups, key_of in parted.values():
        wanted = defaultdict(list)
        for month, line in every:
            wanted[key_of(month, line)].append(line)
        found = table.tallies(groups)
        assert found.keys() == wanted.keys()
        for key, lines in wanted.items():
            assert list(found[key].whole) == sorted(line.whole for line in lines)
            assert list(found[key].working) == sorted(line.working for line in lines)
            assert list(found[key].sums) == [sum(part) for part in zip(*(line.parts for line in lines), strict=True)]
    longest = sorted((line.whole for _month, line in every), reverse=True)[:3]
    most = sorted(table.largest(table.whole, 3), reverse=True)
    assert [whole for whole, _place in most][:3] == longest
    ids = {line.line_id: line.whole for _month, line in every}
    assert all(ids[table.line_id(place)] == whole for whole, place in most)


@settings(max_examples=30, deadline=None)
@given(DAYS.filter(bool), DAYS)
def test_time_to_report_is_that_of_lifelines(issued, still_open) -> None:
    steps = survival.kaplan_meier(Counter(issued), Counter(still_open))
    fitted = KaplanMeierFitter().fit([*issued, *still_open], [1] * len(issued) + [0] * len(still_open))
    for step in steps:
        assert step.open_share == pytest.approx(fitted.predict(step.days))
    # There the other's logarithms decide by rounding.
    assume(not any(step.open_share == pytest.approx(0.5) for step in steps))
    median = fitted.median_survival_time_
    assert survival.reached(steps, 0.5) == (None if median == float("inf") else median)


def test_open_lines_make_the_estimate_longer() -> None:
    assert median([10, 20, 30], []) == 20
    assert median([10, 20, 30], [25, 40, 40]) == 30
    assert median([10], [15, 15]) is None
    assert survival.kaplan_meier({}, {3: 1}) == [] and survival.kaplan_meier({}, {}) == []


def median(issued: list[int], still_open: list[int]) -> float | None:
    return survival.reached(survival.kaplan_meier(Counter(issued), Counter(still_open)), 0.5)


# By kind of work its lines and the mean days of its phases.
Shares = dict[tuple[str, str], tuple[int, tuple[float, ...]]]
SHARES = st.dictionaries(
    st.tuples(st.sampled_from("abc"), st.sampled_from("xy")),
    st.tuples(st.integers(1, 9), st.tuples(*[st.floats(0, 60)] * 4)),
    min_size=1,
)


def changed(before: Shares, after: Shares) -> change.Change | None:
    return change.change(*(work(period) for period in (before, after)))


def work(period: Shares) -> Work:
    lines, phases = ([share[place] for share in period.values()] for place in (0, 1))
    return Work(list(period), np.array(lines, np.int64), np.array(phases).reshape(-1, 4))


@given(SHARES, SHARES)
def test_a_change_is_its_mix_and_its_phases(before, after) -> None:
    found = changed(before, after)
    means = [
        sum(lines * sum(phases) for lines, phases in period.values()) / sum(lines for lines, _phases in period.values())
        for period in (before, after)
    ]
    assert (found.before, found.after) == pytest.approx(means)
    assert found.mix + sum(found.phases.values()) == pytest.approx(found.total, abs=1e-9)
    assert sum(found.kinds.values()) == pytest.approx(sum(found.phases.values()), abs=1e-9)
    assert found.kinds == pytest.approx(
        {
            kind: (sum(after[kind][1]) - sum(before[kind][1])) * (_weight(before, kind) + _weight(after, kind)) / 2
            for kind in before.keys() & after.keys()
        },
        abs=1e-9,
    )


def _weight(period: Shares, kind: tuple[str, str]) -> float:
    return period[kind][0] / sum(lines for lines, _phases in period.values())


def test_other_tests_are_mix_and_the_same_tests_faster_are_phases() -> None:
    quick, slow = (5, (1, 2, 1, 1)), (5, (1, 20, 1, 3))
    found = changed({("q", ""): quick, ("s", ""): slow}, {("q", ""): (9, quick[1]), ("s", ""): (1, slow[1])})
    assert found.mix == pytest.approx(found.total) and found.total < 0
    assert list(found.phases.values()) == pytest.approx([0] * 4)
    found = changed({("q", ""): quick}, {("q", ""): (7, (1, 1, 1, 0.5))})
    assert found.mix == 0 and found.phases == pytest.approx(dict(zip(PHASES, (0, -1, 0, -0.5), strict=True)))
    assert changed({}, {("q", ""): quick}) is None


def test_a_shift_is_told_from_noise_and_when_it_happened() -> None:
    dice = random.Random(5)
    noise = [[20 + dice.gauss(0, 3) for _ in range(24)] for _ in range(400)]
    # Anhøj and Olesen: about one chart in twenty of pure noise signals.
    assert sum(trend.shift(values) is not None for values in noise) / len(noise) < 0.1
    found = [trend.shift(values[:12] + [value - 8 for value in values[12:]]) for values in noise]
    assert sum(each is not None for each in found) / len(noise) > 0.8
    assert statistics.median(each.since for each in found if each and each.faster) == 12
    assert trend.shift([20, 21] * 4) is None and trend.shift([]) is None and trend.shift([5.0] * 30) is None


def test_limits_of_run_charts_are_those_published() -> None:
    # Table 1 of Anhøj and Olesen (2014).
    published = {10: (6, 2), 15: (7, 4), 20: (7, 6), 24: (8, 8)}
    for useful, limits in published.items():
        assert (trend.longest_by_chance(useful), trend.fewest_by_chance(useful)) == limits


def test_one_wild_month_hardly_moves_the_band() -> None:
    calm = [20.0, 21, 19, 20, 22, 20, 19, 21, 20, 21]
    usual, wild = trend.band(calm), trend.band([*calm[:5], 80.0, *calm[6:]])
    assert usual.low < min(calm) and usual.high > max(calm)
    assert wild.high < 30 and abs(wild.centre - usual.centre) <= 1
    assert trend.band([1, 2]) is None
