"""When a job is due."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.jobs.schedule import Daily, Every, following
from tests.world import at

SCHEDULES = [Every(1), Every(15), Every(60), Daily(2, 30), Daily(0, 0), Daily(23, 59)]
BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
INSTANTS = st.integers(0, 6 * 366 * 86_400).map(lambda seconds: BEGIN + timedelta(seconds=seconds))


@pytest.mark.parametrize("schedule", SCHEDULES)
@given(now=INSTANTS)
def test_the_latest_slot_has_come_and_the_next_has_not(schedule, now) -> None:
    slot, after = schedule.latest(now), following(schedule, now)
    assert slot <= now < after
    assert after - slot == schedule.period
    assert schedule.latest(after) == after
    assert schedule.latest(after - timedelta(seconds=1)) == slot


def test_the_day_is_that_of_the_labs() -> None:
    assert Daily(2, 30).latest(at(5, 2, 29)) == at(4, 2, 30)
    assert Daily(2, 30).latest(at(5, 2, 30)) == at(5, 2, 30)
    assert Every(60).latest(at(5, 9, 59)) == at(5, 9, 0)
