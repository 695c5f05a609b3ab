"""Estimates and splits, held against reference libraries and against what they mean."""

import random
import statistics

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter

from app.turnaround import change, survival, tally, trend
from app.turnaround.change import Share
from app.turnaround.rules import PHASES

DAYS = st.lists(st.integers(1, 60).map(lambda tenths: tenths / 4), max_size=40)


@given(st.lists(st.integers(0, 10_000_000), min_size=1, max_size=50), st.sampled_from((0.5, 0.8, 0.9, 0.95)))
def test_percentiles_are_those_of_numpy(values, share) -> None:
    assert tally.percentile(sorted(values), share) == pytest.approx(np.quantile(values, share, method="linear"))


@settings(max_examples=30, deadline=None)
@given(DAYS.filter(bool), DAYS)
def test_time_to_report_is_that_of_lifelines(issued, still_open) -> None:
    steps = survival.kaplan_meier(issued, still_open)
    fitted = KaplanMeierFitter().fit([*issued, *still_open], [1] * len(issued) + [0] * len(still_open))
    for step in steps:
        assert step.open_share == pytest.approx(fitted.predict(step.days))
    # There the other's logarithms decide by rounding.
    assume(not any(step.open_share == pytest.approx(0.5) for step in steps))
    median = fitted.median_survival_time_
    assert survival.reached(steps, 0.5) == (None if median == float("inf") else median)


def test_open_lines_make_the_estimate_longer() -> None:
    assert survival.reached(survival.kaplan_meier([10, 20, 30], []), 0.5) == 20
    assert survival.reached(survival.kaplan_meier([10, 20, 30], [25, 40, 40]), 0.5) == 30
    assert survival.reached(survival.kaplan_meier([10], [15, 15]), 0.5) is None
    assert survival.kaplan_meier([], [3]) == [] and survival.kaplan_meier([], []) == []


SHARES = st.dictionaries(
    st.tuples(st.sampled_from("abc"), st.sampled_from("xy")),
    st.builds(Share, st.integers(1, 9), st.tuples(*[st.floats(0, 60)] * 4)),
    min_size=1,
)


@given(SHARES, SHARES)
def test_a_change_is_its_mix_and_its_phases(before, after) -> None:
    found = change.change(before, after)
    means = [
        sum(share.lines * sum(share.phases) for share in period.values())
        / sum(share.lines for share in period.values())
        for period in (before, after)
    ]
    assert (found.before, found.after) == pytest.approx(means)
    assert found.mix + sum(found.phases.values()) == pytest.approx(found.total, abs=1e-9)
    assert sum(found.kinds.values()) == pytest.approx(sum(found.phases.values()), abs=1e-9)


def test_other_tests_are_mix_and_the_same_tests_faster_are_phases() -> None:
    quick, slow = Share(5, (1, 2, 1, 1)), Share(5, (1, 20, 1, 3))
    found = change.change({"q": quick, "s": slow}, {"q": Share(9, quick.phases), "s": Share(1, slow.phases)})
    assert found.mix == pytest.approx(found.total) and found.total < 0
    assert list(found.phases.values()) == pytest.approx([0] * 4)
    found = change.change({"q": quick}, {"q": Share(7, (1, 1, 1, 0.5))})
    assert found.mix == 0 and found.phases == pytest.approx(dict(zip(PHASES, (0, -1, 0, -0.5), strict=True)))
    assert change.change({}, {"q": quick}) is None


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
