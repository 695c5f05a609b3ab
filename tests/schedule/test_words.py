"""What a block of the schedule says when its name is longer than the block."""

import pytest

from app.schedule.words import fitting, shortened


@pytest.mark.parametrize(
    ("name", "room", "read"),
    [
        ("Overcharge protection", 151, "Overcharge protection"),
        ("Overcharge protection", 90, "Overcharge…"),
        ("Overcharge protection", 60, "Overcha…"),
        ("Overcharge protection", 32, "Ove…"),
        ("Overcharge protection", 31, ""),
        ("EV windshield defrost and demist", 90, "EV windshie…"),
        ("过充电保护", 80, "过充电保护"),
        ("过充电保护", 60, "过充电…"),
    ],
)
def test_a_name_is_cut_where_it_has_to_be(name: str, room: float, read: str) -> None:
    assert fitting((name, *shortened(name)), room) == read
