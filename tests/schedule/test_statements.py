"""However much is booked, the schedule asks one question about taken time."""

import pytest
import time_machine
from flask import Flask

from tests.http import browser
from tests.statements import statements
from tests.world import Person, World, at


@pytest.mark.parametrize("query", ["", "days=1", "free=1", "test=t", "lab=lab&kind=kind"])
def test_the_number_of_statements_does_not_grow_with_the_bookings(world: World, clean: Flask, query: str) -> None:
    for n in range(6):
        world.resource(f"r{n}")
    world.test("t", on="r0")
    for n in range(1, 6):
        world.capable(f"r{n}", "t")
    engineer, rival, lab = world.engineer("甲公司"), world.engineer("乙公司"), world.lab_admin("lab")

    def asked(person: Person) -> list[str]:
        with time_machine.travel(world.now, tick=False):
            client = browser(clean, person)
            client.get(f"/schedule?{query}")
            with statements() as sent:
                assert client.get(f"/schedule?{query}").status_code == 200
        return sent

    before = len(asked(engineer)), len(asked(lab))
    for n in range(6):
        for day in (4, 5, 6, 9, 10, 11):
            (engineer if day % 2 else rival).requests(at(day), resource=f"r{n}")
    after = asked(engineer), asked(lab)
    assert (len(after[0]), len(after[1])) == before
    for sent in after:
        assert len([statement for statement in sent if "FROM occupancy" in statement]) == 1


def test_a_page_is_four_statements(world: World, clean: Flask) -> None:
    """Who looks, the benches, their taken time, and the header."""
    world.bench()
    with time_machine.travel(world.now, tick=False):
        client = browser(clean, world.engineer("甲公司"))
        with statements() as sent:
            assert client.get("/schedule?days=7").status_code == 200
    assert len(sent) == 4
