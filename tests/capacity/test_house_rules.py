"""A lab sets its rules on its pages: as sentences, tried on what was asked before, with exceptions and reasons."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.booking.rules import State
from app.booking.sharing import ShareUsed
from app.capacity.house_rules.rules import PRESETS, Past, tried
from app.database import db
from app.labs import rules as kinds
from app.labs.capacity import LabRule
from app.worktime import Interval
from tests.visitor import Visitor
from tests.world import Person, World, at

Visits = Callable[[Person], Visitor]
PATH = "/capacity/lab/rules/"


def test_a_rule_is_set_shown_and_holds_at_once(world: World, visitor: Visits) -> None:
    world.bench()
    desk, company = visitor(world.lab_admin("lab")), world.engineer("甲公司")
    form = desk.get(f"{PATH}set/{kinds.WEEKLY_HOURS}")
    saved = desk.post(f"{PATH}set/{kinds.WEEKLY_HOURS}", pool="chamber", number="5", seen=form.field("seen"), do="save")
    assert saved.status == 303
    page = desk.get(PATH)
    assert "每家企业每周最多占台 5 小时" in page.text
    assert "Each company may take a bench for at most 5 hours a week" in desk.english().get(PATH).text
    company.requests(at(5))
    with pytest.raises(ShareUsed):
        company.requests(at(6))


@pytest.mark.parametrize("number", ["", "0", "169", "viel", "1.5"])
def test_a_number_out_of_range_is_told_at_its_field(world: World, visitor: Visits, number: str) -> None:
    world.bench()
    desk = visitor(world.lab_admin("lab"))
    answer = desk.post(f"{PATH}set/{kinds.WEEKLY_HOURS}", pool="", number=number, seen="", do="save")
    assert answer.status == 422
    assert "1 到 168" in answer.text or "Not a valid integer" in answer.text or "整数" in answer.text
    assert db.session.query(LabRule).count() == 0


@pytest.mark.parametrize(
    ("kind", "values", "stored"),
    [
        (
            kinds.NO_SHOWS,
            {"count": "2", "days": "90", "blocked_days": "30"},
            {"count": 2, "days": 90, "blocked_days": 30},
        ),
        (kinds.RELEASE, {"days_before": "14", "clock": "09:30"}, {"days_before": 14, "minute": 570}),
        (kinds.AT_ONCE, {"companies": "all"}, "all"),
    ],
)
def test_kinds_with_more_than_one_number(
    world: World, visitor: Visits, kind: str, values: dict, stored: object
) -> None:
    world.bench()
    desk = visitor(world.lab_admin("lab"))
    assert desk.post(f"{PATH}set/{kind}", pool="", seen="", do="save", **values).status == 303
    assert db.session.query(LabRule).one().value == {"value": stored}
    shown = desk.get(f"{PATH}set/{kind}")
    assert all(value in shown.html for value in values.values())


def test_the_second_of_two_administrators_sees_what_the_first_changed(world: World, visitor: Visits) -> None:
    world.bench()
    first, second = visitor(world.lab_admin("lab")), visitor(world.lab_admin("lab"))
    seen = second.get(f"{PATH}set/{kinds.LONGEST}").field("seen")
    first.post(f"{PATH}set/{kinds.LONGEST}", pool="", number="8", seen=seen, do="save")
    late = second.post(f"{PATH}set/{kinds.LONGEST}", pool="", number="12", seen=seen, do="save")
    assert late.status == 409
    assert late.field("number") == "12"
    assert "一次占台最多 8 小时" in late.text
    again = second.post(f"{PATH}set/{kinds.LONGEST}", pool="", number="12", seen=late.field("seen"), do="save")
    assert again.status == 303
    assert db.session.query(LabRule).one().value == {"value": 12}


def test_a_rule_is_tried_on_the_last_quarter_and_nothing_is_stored(world: World, visitor: Visits) -> None:
    world.bench()
    company, desk = world.engineer("甲公司"), visitor(world.lab_admin("lab"))
    kept, over = company.requests(at(5)), company.requests(at(6))
    world.now += timedelta(days=30)
    answer = desk.post(f"{PATH}set/{kinds.WEEKLY_HOURS}", pool="chamber", number="5", do="try")
    assert "2 个申请" in answer.text
    assert "1 个会被拒绝" in answer.text
    assert over.code in answer.text
    assert kept.code not in answer.text
    assert db.session.query(LabRule).count() == 0


def test_a_preset_sets_all_its_rules_and_one_is_dropped(world: World, visitor: Visits) -> None:
    world.bench()
    desk = visitor(world.lab_admin("lab"))
    assert desk.post(f"{PATH}preset/contested", pool="chamber").status == 303
    rules = db.session.query(LabRule).filter_by(pool="chamber").all()
    assert {rule.kind: rule.value["value"] for rule in rules} == PRESETS["contested"][1]
    assert desk.post(f"{PATH}drop/{rules[0].id}").status == 303
    assert db.session.query(LabRule).count() == len(PRESETS["contested"][1]) - 1


def test_an_exception_needs_a_reason_and_is_listed(world: World, visitor: Visits) -> None:
    world.bench()
    company, desk = world.engineer("甲公司"), visitor(world.lab_admin("lab"))
    company.requests(at(5))
    world.rule(kinds.WEEKLY_HOURS, 5)
    with pytest.raises(ShareUsed):
        company.requests(at(6))
    wanted = {"company_id": company.viewer.organisation_id, "kind": kinds.WEEKLY_HOURS, "until": "2026-11-30"}
    assert desk.post(f"{PATH}waive", **wanted, reason=" ").status == 422
    assert desk.post(f"{PATH}waive", **wanted, reason="定型节点").status == 303
    assert company.requests(at(6)).state is State.REQUESTED
    assert "定型节点" in desk.get(PATH).text


def test_why_a_company_cannot_book(world: World, visitor: Visits) -> None:
    world.bench()
    company, desk = world.engineer("甲公司"), visitor(world.lab_admin("lab"))
    company.requests(at(5))
    world.rule(kinds.WEEKLY_HOURS, 5)
    asked = {"company": company.viewer.organisation_id, "test": "t", "resource": "chamber"}
    page = desk.get(f"{PATH}why", **asked, starts_at="2026-11-06T08:30")
    assert "每周最多占台 5 h" in page.text
    assert "不符合" in page.text
    sunday = desk.get(f"{PATH}why", **asked, starts_at="2026-11-08T08:30")
    assert "休息日" in sunday.text
    assert "2026-05-06 08:30" in desk.get(f"{PATH}why", **asked, starts_at="bald").text


def test_nobody_else_sees_or_sets_rules(world: World, visitor: Visits) -> None:
    world.bench()
    world.lab("other", "别处")
    strangers = (world.engineer("甲公司"), world.bench_crew("lab"), world.lab_admin("other"), world.coordinator())
    for person in strangers:
        stranger = visitor(person)
        assert stranger.get(PATH).status == 404
        assert stranger.post(f"{PATH}set/{kinds.LONGEST}", pool="", number="8", seen="", do="save").status == 404
        assert stranger.post(f"{PATH}preset/open", pool="").status == 404
    assert db.session.query(LabRule).count() == 0


hours = st.integers(0, 24 * 60)


@given(
    st.lists(st.tuples(st.sampled_from("ab"), hours, st.integers(1, 48), hours), max_size=8),
    st.integers(1, 60),
)
def test_the_weekly_share_tried_is_the_sum_of_earlier_uses(asked: list, most: int) -> None:
    """Against a slow reading: hour by hour of the week."""
    past = [
        Past(str(n), company, "p", at(1, 0, 0) + n * timedelta(minutes=1),
             Interval(at(2, 0, 0) + timedelta(hours=start % 600), at(2, 0, 0) + timedelta(hours=start % 600 + length)),
             State.CONFIRMED, at(1, 0, 0))
        for n, (company, start, length, _) in enumerate(asked)
    ]  # fmt: skip
    expected = []
    for n, one in enumerate(past):
        counted: dict[int, int] = {}
        earlier = [p for p in past[:n] if p.company_id == one.company_id]
        for each in (*earlier, one):
            hour = each.use.start
            while hour < each.use.end:
                week = (hour - at(2, 0, 0)) // timedelta(days=7)
                counted[week] = counted.get(week, 0) + 1
                hour += timedelta(hours=1)
        mine = {
            (one.use.start + timedelta(hours=h) - at(2, 0, 0)) // timedelta(days=7)
            for h in range(int(one.use.duration / timedelta(hours=1)))
        }
        if any(counted[week] > most for week in mine):
            expected.append(one)
    assert tried(kinds.WEEKLY_HOURS, most, past) == expected
