"""What is a slip of the pen and what is not, on the real catalogue."""

import pytest

from app.search.finding import find


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize("typed", ["WLTC", "WLTP", "CLTC", "NEDC", "SORC", "FMVSS", "充电桩"])
def test_what_the_catalogue_does_not_know_is_not_taken_for_something_else(typed: str) -> None:
    found = find(typed)
    assert not found.tests
    assert found.corrected is None


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize(
    ("typed", "used"),
    [("vibartion", "vibration"), ("热扩撒", "热扩散"), ("zhendnog", "zhendong"), ("电磁兼溶", "电磁兼容")],
)
def test_a_slip_is_still_put_right(typed: str, used: str) -> None:
    assert find(typed).corrected == (typed, used)
