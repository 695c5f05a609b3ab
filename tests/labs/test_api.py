"""The catalogue for programs, as the contract says."""

from typing import Any

import pytest
from flask import Flask

from app.database import transaction
from app.labs.models import EarliestWeek
from tests.http import FreshClient, browser
from tests.world import World

LAB = {"id", "name_zh", "name_en", "operator", "district", "domains", "approvals", "level"}
TEST = {
    *("id", "method", "name_zh", "name_en", "domain", "sample_kind", "samples", "destructive"),
    *("setup_minutes", "run_minutes", "teardown_minutes", "labs", "earliest_week"),
}
RESOURCE = {"id", "pool", "lab", "kind", "name_zh", "name_en", "places", "grain_minutes", "outdoor", "evidence"}


@pytest.fixture
def program(app: Flask, real: World) -> FreshClient:
    return browser(app)


def answer(program: FreshClient, path: str, **query: Any) -> Any:
    found = program.get(f"/api/v1{path}", query_string=query)
    assert found.status_code == 200, found.text
    return found.get_json()


def all_items(program: FreshClient, path: str, **query: Any) -> list[dict[str, Any]]:
    """Every item of a list, page by page."""
    items: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = answer(program, path, **query, **({"cursor": cursor} if cursor else {}))
        assert set(page) == {"items", "next"}
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            return items


@pytest.mark.parametrize(
    "path, fields, count, ident",
    [
        ("/labs", LAB, 22, "cmvr-new-energy"),
        ("/tests", TEST, 449, "crash-front"),
        ("/resources", RESOURCE, 190, "cvc-voc"),
    ],
)
def test_lists_and_single_rows_have_the_fields_of_the_contract_without_a_token(
    program: FreshClient, path: str, fields: set[str], count: int, ident: str
) -> None:
    items = all_items(program, path, limit=50)
    assert len(items) == len({item["id"] for item in items}) == count
    assert fields <= set(items[0])
    one = answer(program, f"{path}/{ident}")
    assert one == next(item for item in items if item["id"] == ident)


def test_a_lab_is_told_with_its_operator_and_what_was_reported_of_it(program: FreshClient) -> None:
    lab = answer(program, "/labs/caeri-safety")
    assert (lab["operator"], lab["district"], lab["level"]) == ("caeri", "两江新区（渝北区）", "national_centre")
    assert lab["approvals"] == ["国家重点实验室", "Euro NCAP认可试验室(2019)"]
    assert "vehicle_safety" in lab["domains"]


def test_a_test_is_told_with_its_method_and_labs(program: FreshClient) -> None:
    test = answer(program, "/tests/crash-front")
    assert set(test["method"]) == {"code", "title_zh", "title_en", "status"}
    assert test["method"]["code"] == "GB 11551-2014"
    assert test["labs"] == ["caeri-safety", "cmvr-bus-centre"]
    assert (test["setup_minutes"], test["run_minutes"], test["teardown_minutes"]) == (1440, 60, 360)
    assert test["destructive"] is True


def test_a_unit_of_several_names_its_pool(program: FreshClient) -> None:
    unit = answer(program, "/resources/cvc-dyno4-2")
    assert (unit["pool"], unit["lab"], unit["kind"]) == ("cvc-dyno4", "caeri-vehicle-centre", "chassis_dyno_4wd")
    assert (unit["places"], unit["grain_minutes"], unit["outdoor"]) == (1, 120, False)


@pytest.mark.parametrize("spelled", ["GB38031", "gb 38031-2025", "GB/T38031"])
def test_tests_are_found_by_a_number_in_any_spelling(program: FreshClient, spelled: str) -> None:
    found = all_items(program, "/tests", q=spelled)
    assert len([test for test in found if test["method"]["code"] == "GB 38031-2025"]) == 24


@pytest.mark.parametrize("words", ["热扩散", "rekuosan", "rks", "thermal propagation", "电池包 热扩散"])
def test_tests_are_found_by_words_in_either_language(program: FreshClient, words: str) -> None:
    assert "b-pack-thermalprop" in [test["id"] for test in all_items(program, "/tests", q=words)]


@pytest.mark.parametrize("mistyped", ["GB 38013", "thremal"])
def test_one_mistake_is_forgiven_on_every_page_of_a_list(program: FreshClient, mistyped: str) -> None:
    assert len(answer(program, "/tests", q=mistyped, limit=1)["items"]) == 1
    found = all_items(program, "/tests", q=mistyped, limit=5)
    assert "b-pack-thermalprop" in [test["id"] for test in found]
    assert answer(program, "/tests", q="GB 99999")["items"] == []


def test_lists_are_filtered(program: FreshClient) -> None:
    at_lab = all_items(program, "/tests", lab="cmvr-new-energy", domain="charging")
    assert at_lab
    assert all("cmvr-new-energy" in test["labs"] and test["domain"] == "charging" for test in at_lab)
    benches = all_items(program, "/resources", test="crash-front")
    assert {bench["lab"] for bench in benches} == {"caeri-safety", "cmvr-bus-centre"}
    assert {bench["kind"] for bench in benches} == {"crash_lane"}
    assert all_items(program, "/resources", lab="caeri-safety", kind="crash_lane")
    assert all("nvh" in lab["domains"] for lab in all_items(program, "/labs", domain="nvh"))
    assert [lab["id"] for lab in all_items(program, "/labs", q="垫江")] == ["changan-dianjiang"]
    for path, query in (("/labs", {"domain": "none"}), ("/tests", {"lab": "none"}), ("/resources", {"kind": "none"})):
        assert answer(program, path, **query) == {"items": [], "next": None}


def test_the_earliest_week_is_the_soonest_of_all_benches(program: FreshClient, real: World) -> None:
    assert answer(program, "/tests/b-cell-short")["earliest_week"] is None
    with transaction() as session:
        for pool, lab, week in (
            ("mne-abuse", "cmvr-new-energy", "2027-W02"),
            ("chy-abuse", "caeri-hydrogen", "2026-W52"),
        ):
            session.add(EarliestWeek(pool=pool, test_id="b-cell-short", lab_id=lab, week=week, as_of=real.now))
    assert answer(program, "/tests/b-cell-short")["earliest_week"] == "2026-W52"
    assert answer(program, "/labs/cmvr-new-energy")["earliest_week"] == "2027-W02"
    assert answer(program, "/resources/mne-abuse-2")["earliest_week"] == "2027-W02"


@pytest.mark.parametrize("path", ["/labs/none", "/tests/none", "/resources/none", "/resources/cvc-dyno4", "/labs/%00"])
def test_what_is_not_there_is_a_problem_not_found(program: FreshClient, path: str) -> None:
    found = program.get(f"/api/v1{path}")
    assert found.status_code == 404
    assert found.mimetype == "application/problem+json"
    assert found.get_json()["code"] == "not_found"


@pytest.mark.parametrize(
    "query, field",
    [
        ("limit=0", "limit"),
        ("limit=x", "limit"),
        ("cursor=x", "cursor"),
        ("cursor=WzFd", "cursor"),
        ("q=%00", "q"),
        ("domain=" + "x" * 65, "domain"),
    ],
)
def test_bad_queries_name_the_field(program: FreshClient, query: str, field: str) -> None:
    found = program.get(f"/api/v1/labs?{query}")
    assert found.status_code == 422
    assert [error["field"] for error in found.get_json()["errors"]] == [field]


def test_a_wrong_token_is_refused_although_none_is_needed(program: FreshClient) -> None:
    found = program.get("/api/v1/labs", headers={"Authorization": "Bearer none"})
    assert found.status_code == 401
