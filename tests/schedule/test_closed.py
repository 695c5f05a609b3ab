"""Each closed run has one answer: why, and when it opens."""

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from app.schedule.closed import Reason, runs, whole_days
from app.worktime import PATTERNS, DayException, Interval, WorkingCalendar

CHONGQING = (29.56, 106.55)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai")).astimezone(UTC)


def calendar(shifts: str, *exceptions: DayException) -> WorkingCalendar:
    return WorkingCalendar((PATTERNS[shifts],), *CHONGQING, exceptions=exceptions)


LABOUR_DAY = Interval(at("2026-04-27"), at("2026-05-11"))


def test_a_holiday_is_one_run_up_to_the_next_shift() -> None:
    (holiday, sunday) = whole_days(calendar("day"), LABOUR_DAY)
    assert holiday.when == Interval(at("2026-05-01"), at("2026-05-06"))
    assert (holiday.answer.reason, holiday.answer.name_zh) == (Reason.HOLIDAY, "劳动节")
    assert holiday.answer.at == at("2026-05-06T08:30")
    # The Saturday before is a make-up day, and worked.
    assert sunday.when == Interval(at("2026-05-10"), at("2026-05-11"))
    assert (sunday.answer.reason, sunday.answer.at) == (Reason.WEEKEND, at("2026-05-11T08:30"))


def test_the_evening_before_and_the_morning_after_belong_to_the_run() -> None:
    found = [run for run in runs(calendar("day"), LABOUR_DAY) if run.answer.reason is Reason.HOLIDAY]
    assert [run.when for run in found] == [Interval(at("2026-04-30T17:30"), at("2026-05-06T08:30"))]


@pytest.mark.parametrize("shifts", ["day", "two", "continuous", "daylight"])
def test_closed_runs_and_working_time_fill_the_span(shifts: str) -> None:
    working = calendar(shifts)
    edges = [(run.when.start, run.when.end) for run in runs(working, LABOUR_DAY)]
    edges += [
        (max(span.start, LABOUR_DAY.start), min(span.end, LABOUR_DAY.end)) for span in working.windows(LABOUR_DAY)
    ]
    edges.sort()
    assert (edges[0][0], edges[-1][1]) == (LABOUR_DAY.start, LABOUR_DAY.end)
    assert all(one[1] == other[0] for one, other in pairwise(edges))


def test_every_run_ends_when_its_answer_says_it_opens() -> None:
    for shifts in ("day", "two", "daylight"):
        for run in runs(calendar(shifts), LABOUR_DAY):
            assert run.answer.at is not None
            assert run.when.end == min(run.answer.at, LABOUR_DAY.end)


def test_a_day_that_the_lab_itself_closed_names_its_reason() -> None:
    stocktaking = DayException(at("2026-04-28T12:00").date(), (), "盘点", "Stocktaking")
    first, *_ = whole_days(calendar("day", stocktaking), LABOUR_DAY)
    assert (first.answer.reason, first.answer.name_en) == (Reason.EXCEPTION, "Stocktaking")
    assert first.answer.at == at("2026-04-29T08:30")


def test_a_bench_that_always_works_is_never_closed() -> None:
    assert runs(calendar("continuous"), LABOUR_DAY) == ()
