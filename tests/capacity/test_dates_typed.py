"""Hours and dates that no calendar has are told, and never stored: every page of a lab reads its calendar."""

from collections.abc import Callable

import pytest

from app.database import db
from app.labs.capacity import LabDay, LabShiftPattern
from app.labs.models import Lab
from tests.visitor import Visitor
from tests.world import Person, World

PATH = "/capacity/lab/calendars/"
DAYS = {"resource_id": "chamber", "name_zh": "加班", "audience": "all", "company_id": ""}
PATTERN = {
    "name": "白班",
    "resource_id": "chamber",
    "replaces": "",
    "shifts-0-weekdays": ["0"],
    "shifts-0-opens": "08:00",
    "shifts-0-closes": "17:00",
}


@pytest.mark.parametrize("do", ["preview", "save"])
@pytest.mark.parametrize(
    ("page", "typed"),
    [
        ("days/new", DAYS | {"first": "2026-11-14", "opens": "17:00", "closes": "08:00"}),
        ("days/new", DAYS | {"first": "0001-01-01", "opens": "08:00", "closes": "17:00"}),
        ("days/new", DAYS | {"first": "9999-12-31", "opens": "08:00", "closes": "17:00"}),
        ("patterns/new", PATTERN | {"valid_from": "0001-01-01"}),
        ("patterns/new", PATTERN | {"valid_until": "9999-12-31"}),
    ],
)
def test_they_are_told_and_kept_for_who_goes_on_typing(
    world: World, visitor: Callable[[Person], Visitor], do: str, page: str, typed: dict
) -> None:
    world.bench()
    desk = visitor(world.lab_admin("lab"))
    seen = db.session.get_one(Lab, "lab").setup_version
    answer = desk.post(f"{PATH}{page}", **typed, seen=seen, do=do)
    assert answer.status == 422
    assert "加班" in answer.html or "白班" in answer.html
    assert db.session.query(LabDay).count() == db.session.query(LabShiftPattern).count() == 0
    assert desk.get(PATH).status == 200
