"""Working days in China, against the State Council's notices for 2025 and 2026."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from holidays.countries.china import ChinaStaticHolidays
from hypothesis import given
from hypothesis import strategies as st

from app.worktime import (
    LAST_OFFICIAL_YEAR,
    SHANGHAI,
    CalendarUnknown,
    DayKind,
    add_working_days,
    after_working_days,
    day,
    is_working_day,
    working_days_between,
)

# 国务院办公厅关于2026年部分节假日安排的通知: first and last day off, name.
CLOSED_2026 = [
    ("2026-01-01", "2026-01-03", "元旦"),
    ("2026-02-15", "2026-02-23", "春节"),
    ("2026-04-04", "2026-04-06", "清明节"),
    ("2026-05-01", "2026-05-05", "劳动节"),
    ("2026-06-19", "2026-06-21", "端午节"),
    ("2026-09-25", "2026-09-27", "中秋节"),
    ("2026-10-01", "2026-10-07", "国庆节"),
]
MAKE_UP_2026 = {
    "2026-01-04": "元旦",
    "2026-02-14": "春节",
    "2026-02-28": "春节",
    "2026-05-09": "劳动节",
    "2026-09-20": "国庆节",
    "2026-10-10": "国庆节",
}

dates = st.dates(date(2001, 1, 1), date(2090, 12, 31))


def days(first: str, last: str) -> list[date]:
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    return [begin + timedelta(days=i) for i in range((end - begin).days + 1)]


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def test_the_year_2026_is_exactly_as_the_notice_says():
    off = {on: name for first, last, name in CLOSED_2026 for on in days(first, last)}
    make_up = {date.fromisoformat(text) for text in MAKE_UP_2026}
    for on in days("2026-01-01", "2026-12-31"):
        if on in off:
            expected = DayKind.HOLIDAY
        elif on in make_up:
            expected = DayKind.MAKE_UP
        else:
            expected = DayKind.WEEKEND if on.weekday() > 4 else DayKind.WORKING
        assert (on, day(on).kind) == (on, expected)
        assert not day(on).provisional


def test_holidays_are_named_in_both_languages_also_on_the_weekend_inside():
    sunday = day(date(2026, 10, 4))
    assert (sunday.name_zh, sunday.name_en) == ("国庆节", "National Day")
    assert day(date(2026, 2, 16)).name_zh == "农历除夕"
    for first, last, name in CLOSED_2026:
        names = {day(on).name_zh for on in days(first, last)}
        assert name in names
        assert names <= {name, "农历除夕"}


@pytest.mark.parametrize(("on", "holiday"), MAKE_UP_2026.items())
def test_a_make_up_day_names_the_holiday_it_makes_up_for(on, holiday):
    assert day(date.fromisoformat(on)).name_zh == holiday
    assert is_working_day(date.fromisoformat(on))


def test_two_festivals_in_one_span_keep_their_names():
    names = [day(on).name_zh for on in days("2025-10-01", "2025-10-08")]
    assert names == ["国庆节"] * 5 + ["中秋节"] + ["国庆节"] * 2


def test_a_notice_may_make_the_december_before_work():
    assert [day(date(2006, 12, d)).kind for d in (30, 31)] == [DayKind.MAKE_UP] * 2
    assert day(date(2007, 12, 31)).kind is DayKind.HOLIDAY


def test_an_ordinary_day_has_no_name():
    assert day(date(2026, 11, 25)).name_zh is None
    assert day(date(2026, 11, 28)).kind is DayKind.WEEKEND


def test_the_last_official_year_is_the_last_one_the_package_has_a_notice_for():
    assert max(ChinaStaticHolidays.special_public_holidays) == LAST_OFFICIAL_YEAR
    assert not day(date(LAST_OFFICIAL_YEAR, 12, 31)).provisional
    assert day(date(LAST_OFFICIAL_YEAR + 1, 1, 1)).provisional
    assert day(date(LAST_OFFICIAL_YEAR + 1, 3, 3)).provisional


@pytest.mark.parametrize("year", [1999, 2000, 2101, 9998])
def test_years_out_of_reach_are_refused(year):
    with pytest.raises(CalendarUnknown):
        day(date(year, 6, 1))


def test_every_year_in_reach_is_known():
    for year in range(2001, 2101):
        assert day(date(year, 10, 1)).kind is DayKind.HOLIDAY
        assert day(date(year, 1, 1)).kind is DayKind.HOLIDAY


def test_three_working_days_before_national_day_end_after_it():
    assert add_working_days(date(2026, 9, 29), 1) == date(2026, 9, 30)
    assert add_working_days(date(2026, 9, 29), 2) == date(2026, 10, 8)
    assert add_working_days(date(2026, 10, 8), 2) == date(2026, 10, 10)  # the Saturday is worked
    assert add_working_days(date(2026, 10, 10), 1) == date(2026, 10, 12)
    assert working_days_between(date(2026, 9, 29), date(2026, 10, 12)) == 5


@given(dates, st.integers(0, 40))
def test_counting_back_undoes_counting_forward(on, n):
    later = add_working_days(on, n)
    assert working_days_between(on, later) == n
    assert n == 0 or is_working_day(later)


def test_counting_backwards_is_refused():
    with pytest.raises(ValueError, match="forwards"):
        add_working_days(date(2026, 3, 2), -1)
    with pytest.raises(ValueError, match="before the first"):
        working_days_between(date(2026, 3, 2), date(2026, 3, 1))


@pytest.mark.parametrize(
    ("instant", "n", "expected"),
    [
        ("2026-11-25T15:20", 1, "2026-11-26T15:20"),
        ("2026-11-27T15:20", 1, "2026-11-30T15:20"),  # over a weekend
        ("2026-09-30T09:00", 1, "2026-10-08T09:00"),  # over National Day
        ("2026-10-03T18:00", 1, "2026-10-09T00:00"),  # asked in the holiday: the 8th lies whole between
        ("2026-10-09T23:59", 1, "2026-10-10T23:59"),  # the make-up Saturday counts
        ("2026-11-28T10:00", 0, "2026-11-30T00:00"),
        ("2026-11-25T15:20", 0, "2026-11-25T15:20"),
    ],
)
def test_notice_in_working_days(instant, n, expected):
    assert after_working_days(local(instant).astimezone(UTC), n) == local(expected)


def test_the_local_date_counts_not_the_date_in_utc():
    # 16:30 UTC on Friday is Saturday half past midnight in Chongqing.
    friday_utc = datetime(2026, 11, 27, 16, 30, tzinfo=UTC)
    assert after_working_days(friday_utc, 1) == local("2026-12-01T00:00")
    assert after_working_days(friday_utc, 1).utcoffset() == timedelta(0)


def test_a_naive_instant_is_refused():
    with pytest.raises(ValueError, match="aware"):
        after_working_days(datetime.fromisoformat("2026-03-02T09:00"), 1)


@given(dates, st.times(), st.integers(1, 5))
def test_n_whole_working_days_lie_between(on, clock, n):
    begin = datetime.combine(on, clock, SHANGHAI)
    end = after_working_days(begin, n).astimezone(SHANGHAI)
    worked = [each for each in days(str(on), str(end.date())) if is_working_day(each)]
    if is_working_day(on):  # both ends are part of a day: together one whole
        assert (len(worked), end.time()) == (n + 1, clock)
    else:
        assert (len(worked), end.time()) == (n + 1, time.min)  # the last one has only begun
