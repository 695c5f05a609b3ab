"""The table of kinds is whole, and nobody's name goes where it must not."""

import re

from flask import Flask

from app.notifications.event_kinds import EVENTS, kind_of
from app.notifications.forms import ChoicesForm
from app.notifications.groups import ALWAYS_MAILED, Group, Side
from app.notifications.kinds import KINDS, Kind
from app.notifications.rules import BACK_OFF, next_attempt, sides_told
from tests.world import NOW


def test_every_kind_can_be_told(app: Flask) -> None:
    assert set(KINDS) == set(Kind) and set(EVENTS.values()) <= set(Kind)
    for telling in KINDS.values():
        assert telling.page.endpoint in app.view_functions
        rules = app.url_map.iter_rules(telling.page.endpoint)
        assert any(rule.arguments == ({telling.page.parameter} - {""}) for rule in rules)
    assert set(Group) - ALWAYS_MAILED == set(Group) & vars(ChoicesForm).keys()


def test_only_the_desk_reads_a_company_s_name() -> None:
    for kind, telling in KINDS.items():
        for side, sentence in telling.sentences.items():
            assert ("%(company)s" in sentence) <= (side is Side.LAB), kind
            assert len(re.findall("。", sentence)) >= 1 and "！" not in sentence


def test_the_side_that_did_it_is_not_told() -> None:
    assert sides_told(Kind.CANCELLED, "engineer") == [Side.LAB]
    assert sides_told(Kind.CANCELLED, "lab_admin") == [Side.COMPANY]
    assert sides_told(Kind.MOVE_LAPSED, "system") == [Side.COMPANY, Side.LAB]
    assert kind_of("booking.judged", {"result": "passed"}) is None
    assert kind_of("future.thing", {}) is None


def test_back_off_ends() -> None:
    waits = [next_attempt(attempts, NOW) for attempts in range(1, len(BACK_OFF) + 2)]
    assert waits[:-1] == sorted(waits[:-1]) and waits[-1] is None
    assert sum(BACK_OFF, BACK_OFF[0] * 0).days >= 3
