"""Forecasts as arithmetic: what they must never do, and that they beat the baseline on a year not made for them."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy
import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from app.turnaround.forecasting import several
from app.turnaround.forecasting.backtest import Moment, midnight_before, pinball, scores
from app.turnaround.forecasting.cli import read
from app.turnaround.forecasting.lines import DAY, History, Line, line
from app.turnaround.forecasting.load import Load, elasticity
from app.turnaround.forecasting.methods import BASELINE, METHODS, SHIPPED, Planned, Recent, quantiles
from app.turnaround.forecasting.several import JOINS
from app.turnaround.forecasting.starts import AHEAD
from app.turnaround.forecasting.times import NINE_TENTHS, CalendarTime, WorkingTime
from app.worktime import SHANGHAI, is_working_day, local_date, working_days_between
from app.worktime.workclock import instant, later, position
from bench import shifted

ORIGIN = datetime(2025, 9, 15, tzinfo=SHANGHAI)
YEARS = st.integers(1_300_000_000, 1_900_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
TEST = Planned("t", "d", 5)


def measured(
    ended_at: datetime, days: float, company: str = "c0", test: str = "t", lab: str = "lab", issued: bool = True
) -> Line:
    issued_at = later(ended_at, days) if issued else None
    return line((test, "d", lab, company), 5, ended_at - timedelta(days=12), ended_at, issued_at)


def working(likely: float, safe: float, load: float = 0.0) -> WorkingTime:
    return WorkingTime(likely, safe, load, ORIGIN, (20.0, 40.0), "test")


@st.composite
def histories(draw: st.DrawFn) -> list[Line]:
    """Lines of two tests at two labs over a year around ORIGIN, drawn from few numbers so that they shrink well."""
    dice = random.Random(draw(st.integers(0, 10_000)))
    return [
        measured(
            ORIGIN + timedelta(days=dice.uniform(-300, 60)),
            dice.expovariate(1 / 5),
            f"c{dice.randrange(4)}",
            dice.choice("tu"),
            dice.choice(["lab", "other"]),
            issued=dice.random() < 0.95,
        )
        for _ in range(draw(st.integers(0, 60)))
    ]


@given(YEARS, st.floats(0, 40))
@settings(deadline=None)
def test_the_working_clock_goes_on_and_stands_still_on_days_off(begin: datetime, days: float) -> None:
    end = later(begin, days)
    assert end >= begin and is_working_day(local_date(end))
    assert position(end) - position(begin) == pytest.approx(days, abs=1e-4)
    assert int(position(end)) - int(position(begin)) == pytest.approx(
        working_days_between(local_date(begin), local_date(end)), abs=1
    )
    if is_working_day(local_date(begin)):
        assert instant(position(begin)) == begin


def test_the_working_clock_knows_the_spring_festival() -> None:
    eve = datetime(2025, 1, 27, 12, tzinfo=SHANGHAI)
    assert later(eve, 1.0) == datetime(2025, 2, 5, 12, tzinfo=SHANGHAI)


@given(st.lists(st.floats(0.1, 100), min_size=1, max_size=40))
def test_equal_weights_give_the_percentiles_of_all_other_figures(values: list[float]) -> None:
    found = quantiles((value, 2.0) for value in values)
    assert (found.likely, found.safe) == pytest.approx(tuple(numpy.quantile(values, [0.5, 0.9])))
    assert found.lines == pytest.approx(len(values))


@given(histories())
@settings(max_examples=40, deadline=None)
def test_safe_is_never_before_likely_and_nothing_later_is_known(lines: list[Line]) -> None:
    """Changing whatever happened after the origin changes no date, of no method."""
    origin = ORIGIN.timestamp()
    changed = [
        replace(each, issued_at=None, working=None) if each.issued_at and each.issued_at > origin else each
        for each in lines
        if each.ended_at <= origin
    ]
    changed += [measured(ORIGIN + timedelta(days=day), 90, f"x{day}") for day in range(1, 9)]
    for method in METHODS:
        for lab in ("lab", "other"):
            found = method.fit(History(lines).past(origin)).of(TEST, lab)
            again = method.fit(History(changed).past(origin)).of(TEST, lab)
            assert found == again
            if found is None:
                continue
            for ends_at in (ORIGIN, ORIGIN + timedelta(days=45)):
                likely, safe = found.after(ends_at)
                assert ends_at <= likely <= safe
            for since in (1, 20, 200):
                likely, safe = found.remaining(ORIGIN - timedelta(days=since), ORIGIN)
                assert ORIGIN <= likely <= safe
                likely, safe = found.without_slot(ORIGIN - timedelta(days=since), ORIGIN)
                assert ORIGIN <= likely <= safe


@given(histories())
@settings(max_examples=30, deadline=None)
def test_more_to_write_never_means_sooner(lines: list[Line]) -> None:
    origin = ORIGIN.timestamp()
    lines = [each for each in lines if each.ended_at < origin - 8 * DAY or each.ended_at > origin]
    waiting = [measured(ORIGIN - timedelta(days=8), 0, f"c{number % 4}", issued=False) for number in range(25)]
    assert 0 <= elasticity(History(lines).past(origin)) <= 1
    before, after = (Load.of(History(found).past(origin)).level("lab") for found in (lines, lines + waiting))
    assert after >= before
    calm, busy = (working(4, 9, load).after(ORIGIN + timedelta(days=3)) for load in (before, after))
    assert busy >= calm


def test_the_load_of_today_fades_for_later_dates() -> None:
    calm, busy = working(4, 9, 0.0), working(4, 9, 0.5)
    soon, far = ORIGIN + timedelta(days=1), ORIGIN + timedelta(days=150)
    assert busy.after(soon)[0] - calm.after(soon)[0] > timedelta(days=1)
    assert busy.after(far)[0] - calm.after(far)[0] <= timedelta(hours=1)


def test_a_backlog_that_slowed_reports_before_is_reckoned_to_slow_them_again() -> None:
    """Weeks of twenty lines at once take three times as long as weeks of two."""
    lines = []
    for week in range(30):
        monday = ORIGIN - timedelta(days=7 * (31 - week))
        count, days = (20, 9) if week % 4 == 0 else (2, 3)
        lines += [measured(monday + timedelta(minutes=number), days, f"c{number % 4}") for number in range(count)]
    lines += [measured(ORIGIN - timedelta(days=9), 0, f"c{number % 4}", issued=False) for number in range(60)]
    past = History(lines).past(ORIGIN.timestamp())
    assert elasticity(past) > 0.1
    plain, loaded = (Recent(loaded=loaded).fit(past).of(TEST, "lab") for loaded in (False, True))
    assert loaded.after(ORIGIN) > plain.after(ORIGIN)


def test_newer_lines_weigh_more_and_small_cells_lean_on_wide_ones() -> None:
    old = [measured(ORIGIN - timedelta(days=150 + day), 4, f"c{day % 4}") for day in range(40)]
    new = [measured(ORIGIN - timedelta(days=40 + day), 12, f"c{day % 4}") for day in range(20)]
    few = [measured(ORIGIN - timedelta(days=70 + day), 40, f"c{day % 4}", "rare") for day in range(5)]
    past = History(old + new + few).past(ORIGIN.timestamp())
    fit = Recent(loaded=False).fit(past)
    usual, rare = fit.of(TEST, "lab"), fit.of(Planned("rare", "d", 5), "lab")
    assert 11 < usual.likely < 14
    assert usual.likely < rare.likely < 40
    # A test that was never measured is judged by its domain, in its own planned days.
    assert fit.of(Planned("new", "d", 10), "lab").likely > usual.likely


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_too_few_lines_or_companies_tell_nothing(method) -> None:
    begin = ORIGIN - timedelta(days=40)
    four = [measured(begin, 5, f"c{number}") for number in range(4)]
    two = [measured(begin, 5, f"c{number % 2}") for number in range(30)]
    elsewhere = [measured(begin, 5, f"c{number}", lab="other") for number in range(30)]
    for lines in ([], four, two, elsewhere):
        assert method.fit(History(lines).past(ORIGIN.timestamp())).of(TEST, "lab") is None
    five = [*four, measured(begin, 5, "c4")]
    assert method.fit(History(five).past(ORIGIN.timestamp())).of(TEST, "lab") is not None


@given(st.floats(0.5, 40), st.floats(1.0, 4.0), st.integers(0, 100))
def test_what_is_left_of_a_report_only_grows_by_waiting(likely: float, wide: float, days: int) -> None:
    time = working(likely, likely * wide)
    earlier, after = (time.remaining(ORIGIN, ORIGIN + timedelta(days=days + more)) for more in (0, 1))
    assert after[0] >= earlier[0] and after[1] >= earlier[1]
    assert time.remaining(ORIGIN, ORIGIN) == time.after(ORIGIN)
    earlier, after = (time.without_slot(ORIGIN, ORIGIN + timedelta(days=days + more)) for more in (0, 1))
    hour = timedelta(hours=1)
    assert after[0] >= earlier[0] - hour and after[1] >= earlier[1] - hour > ORIGIN + timedelta(days=days)


def test_a_calendar_time_is_told_by_the_hour() -> None:
    report = timedelta(days=2, minutes=1), timedelta(days=9)
    time = CalendarTime(report, report, "test")
    assert time.after(ORIGIN) == (ORIGIN + timedelta(days=2, hours=1), ORIGIN + timedelta(days=9))


def test_losses_and_midnights() -> None:
    assert pinball(10, 0.9) == 9 and pinball(-10, 0.9) == pytest.approx(1)
    noon = datetime(2025, 9, 18, 12, tzinfo=SHANGHAI)
    assert midnight_before(noon.timestamp()) == datetime(2025, 9, 18, tzinfo=SHANGHAI).timestamp()
    assert midnight_before(noon.timestamp(), 7) == ORIGIN.timestamp()
    assert midnight_before(ORIGIN.timestamp(), 7) == ORIGIN.timestamp()


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The year whose ninth month brings a shift, as its file."""
    path = tmp_path_factory.mktemp("shifted") / "lines.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        shifted.write(shifted.lines(shifted.SEED), file)
    return str(path)


@pytest.mark.parametrize("moment", [Moment.UNBOOKED, Moment.ASKED, Moment.AWAITED])
def test_what_is_shipped_beats_the_baseline_in_the_quarter_after_a_shift(year: str, moment: Moment) -> None:
    with open(year, encoding="utf-8") as file:
        history = read(file)
    last = datetime(2026, 1, 1, tzinfo=SHANGHAI).timestamp()
    found = scores(history, [BASELINE, SHIPPED], moment, last - 91 * DAY, last, every=7)
    shipped, baseline = found[SHIPPED.name], found[BASELINE.name]
    assert shipped.lines == baseline.lines > 500
    assert shipped.beats(baseline)
    assert abs(shipped.held_safe - 0.9) <= abs(baseline.held_safe - 0.9)


def test_joined_dates_of_an_order_beat_the_largest_of_its_lines(year: str) -> None:
    with open(year, encoding="utf-8") as file:
        history = read(file)
    last = datetime(2026, 1, 1, tzinfo=SHANGHAI).timestamp()
    found = several.scores(history, last - 91 * DAY, last)
    joined, largest = found["together"], found["largest"]
    assert joined.lines == largest.lines > 100 and joined.beats(largest)
    assert abs(joined.held_likely - 0.5) < abs(largest.held_likely - 0.5)
    assert abs(joined.held_safe - 0.9) < abs(largest.held_safe - 0.9)


def test_the_time_to_the_bench_and_that_of_the_report_are_added_as_they_spread() -> None:
    """Against draws: half of 4,000 lines are there by the likely date, nine in ten by the safe one."""
    dice, time = random.Random(5), working(6, 15)
    likely, safe = time.without_slot(ORIGIN, ORIGIN)
    drawn = []
    for _ in range(4_000):
        lead, report = (dice.gauss(0, 1) / NINE_TENTHS for _ in range(2))
        drawn.append(later(ORIGIN + timedelta(days=20 * 2**lead), 6 * 2.5**report))
    assert sum(at <= likely for at in drawn) / len(drawn) == pytest.approx(0.5, abs=0.04)
    assert sum(at <= safe for at in drawn) / len(drawn) == pytest.approx(0.9, abs=0.03)


def test_the_command_compares_and_names_bad_input(year: str, app: Flask, tmp_path) -> None:
    told = app.test_cli_runner().invoke(args=["turnaround", "backtest", "--lines", year, "--days", "6"])
    rows = told.output.splitlines()
    assert len(rows) == 1 + 4 * len(METHODS) + len(JOINS) + 2 * len(AHEAD) and rows[1].split(",")[1] == "baseline"
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("test,lab\nt,lab\n")
    refused = app.test_cli_runner().invoke(args=["turnaround", "backtest", "--lines", str(wrong)])
    assert refused.exit_code == 3 and "columns missing" in refused.output


def test_the_shift_is_in_the_data() -> None:
    lines = shifted.lines(shifted.SEED)
    assert {date.fromisoformat(row["ended_at"][:10]).year for row in lines} <= {2024, 2025}
    assert lines == shifted.lines(shifted.SEED) != shifted.lines(shifted.SEED + 1)
