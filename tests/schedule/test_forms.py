"""What can't be read in an address falls back and is told."""

from datetime import date

import pytest

from app.schedule.forms import SHOWN, asked

TODAY = date(2026, 11, 4)


def test_without_anything_the_fortnight_of_this_week_is_shown() -> None:
    found = asked({}, TODAY)
    assert (found.first, found.days, found.day, found.page) == (date(2026, 11, 2), 14, None, 1)
    assert not found.remarks


@pytest.mark.parametrize("today", [date(2026, 11, 7), date(2026, 11, 8)])
def test_at_a_weekend_the_page_begins_with_today(today: date) -> None:
    assert asked({}, today).first == asked({"days": "7"}, today).first == today
    assert asked({"day": "2026-11-16"}, today).first == today
    assert asked({"day": "2026-11-04"}, today).first == date(2026, 11, 2)
    assert asked({"day": "2026-12-03"}, today).first == date(2026, 11, 30)
    assert asked({"from": "2026-11-02"}, today).first == date(2026, 11, 2)


def test_a_day_alone_brings_the_fortnight_that_holds_it() -> None:
    assert asked({"day": "2026-11-15"}, TODAY).first == date(2026, 11, 2)
    assert asked({"day": "2026-11-18"}, TODAY).first == date(2026, 11, 16)
    assert asked({"day": "2026-10-14"}, TODAY).first == date(2026, 10, 12)
    assert asked({"day": "2026-10-14"}, TODAY).day == date(2026, 10, 14)


def test_one_day_is_today_or_the_day_asked_for() -> None:
    assert asked({"days": "1"}, TODAY).first == TODAY
    assert asked({"days": "1", "day": "2026-12-01"}, TODAY).first == date(2026, 12, 1)
    assert asked({"days": "1", "from": "2026-12-02"}, TODAY).first == date(2026, 12, 2)


def test_a_day_outside_the_page_is_not_chosen() -> None:
    assert asked({"from": "2026-11-16", "day": "2026-11-03"}, TODAY).day is None


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"from": "garbage"}, "from"),
        ({"from": "2026-02-30"}, "from"),
        ({"day": "soon"}, "day"),
        ({"from": "1066-10-14"}, "from"),
        ({"from": "2100-01-01"}, "from"),
        ({"days": "3"}, "days"),
        ({"days": "-1"}, "days"),
        ({"from": "\0"}, "from"),
    ],
)
def test_what_cannot_be_read_leaves_one_remark_and_the_usual_page(given: dict[str, str], field: str) -> None:
    found = asked(given, TODAY)
    assert [remark.field for remark in found.remarks] == [field]
    assert (found.first, found.days) == (date(2026, 11, 2), 14)


def test_a_long_text_is_told_in_a_length_that_can_be_read() -> None:
    (remark,) = asked({"from": "x" * 10_000}, TODAY).remarks
    assert len(remark.facts["given"]) == SHOWN + 1


@pytest.mark.parametrize("page", ["0", "-3", "many", "99999999999", "²"])
def test_a_page_that_is_no_number_is_the_first(page: str) -> None:
    assert asked({"page": page}, TODAY).page == 1
