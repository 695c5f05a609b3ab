"""Which tests of the real catalogue a query finds."""

import pytest
from sqlalchemy import select

from app.database import db
from app.labs.models import Lab
from app.language import speaking
from app.search import queries
from app.search.finding import Found, find
from app.search.presenting import examples
from app.search.rules import ALSO_CALLED, covers
from tests.statements import statements

pytestmark = pytest.mark.usefixtures("catalogue")


def names(text: str) -> list[str]:
    return [hit.name_zh for hit in find(text).tests]


def ids(text: str) -> list[str]:
    return [hit.test_id for hit in find(text).tests]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("热扩散", "热扩散"),
        ("热 扩散", "热扩散"),
        ("热扩散试验", "热扩散"),
        ("rekuosan", "热扩散"),
        ("re kuo san", "热扩散"),
        ("rks", "热扩散"),
        ("RKS", "热扩散"),
        ("thermal propagation", "热扩散"),
        ("Thermal  Propagation test", "热扩散"),
        ("gb38031 rks", "热扩散"),
        ("GB38031热扩散", "热扩散"),
        ("电池包 振动", "电池包振动"),
        ("振动,电池包", "电池包振动"),
        ("电池包振动", "电池包振动"),
        ("dcbzd", "电池包振动"),
        ("盐雾 电池包", "电池包盐雾"),
        ("防水", "防水性能验证"),
    ],
)
def test_a_test_is_found_by_its_name_in_any_way_of_writing(typed: str, first: str):
    assert names(typed)[0] == first


def test_every_word_has_to_be_found():
    both = set(ids("电池包 振动"))
    assert both == set(ids("电池包")) & set(ids("振动"))
    assert 0 < len(both) < len(ids("振动"))


@pytest.mark.parametrize("word", ["电", "氢", "振动", "排放", "噪"])
def test_one_and_two_characters_are_enough(word: str):
    found = find(word)
    assert found.tests
    assert found.words[word] == len(found.tests)


def test_what_is_named_so_comes_before_what_only_belongs_there():
    found = names("振动")
    assert "振动" in found[0]
    assert found.index("电池包振动") < found.index("电池包机械冲击")


@pytest.mark.parametrize("typed", ["电池包", "battery pack", "pack", "dianchibao", "dcb"])
def test_a_sample_finds_the_tests_made_on_it(typed: str):
    assert "热扩散" in names(typed)
    assert "正面碰撞(100 %刚性壁障)" not in names(typed)


@pytest.mark.parametrize("typed", ["vehicle", "整车"])
def test_a_vehicle_is_a_sample_too(typed: str):
    assert "正面碰撞(100 %刚性壁障)" in names(typed)


def test_every_domain_finds_its_own_tests_in_both_languages():
    for domain, count in queries.domains():
        for name in (domain.name_zh, domain.name_en):
            assert len(find(name).tests) >= count, name


def test_tests_of_one_method_stand_together():
    methods = [hit.method_id for hit in find("振动").tests]
    assert len(set(methods)) == sum(1 for a, b in zip(methods, [None, *methods], strict=False) if a != b)


def test_a_lab_narrows_the_answer_to_itself():
    found = find("招商车研新能源 振动")
    assert found.at_labs == {"cmvr-new-energy"}
    assert found.everywhere == "振动"
    assert {hit.test_id for hit in found.tests} < set(ids("振动"))


def test_every_lab_is_found_by_each_of_its_names():
    for lab in db.session.scalars(select(Lab)):
        for name in (lab.name_zh, lab.short_zh, lab.name_en):
            found = find(name)
            assert lab.id in (found.at_labs or ()), name
            assert found.tests, name


def test_an_operator_stands_for_its_labs_and_a_number_for_its_tests():
    found = find("GB 38031 招商车研")
    assert found.at_labs is not None
    assert {"cmvr-new-energy", "cmvr-bus-centre"} <= found.at_labs
    assert {hit.method_id for hit in found.tests} == {"gb38031-2025"}


def test_a_place_that_is_also_a_word_of_tests_is_a_place_when_nothing_else_fits():
    found = find("重庆 正面碰撞")
    assert found.tests
    assert found.where == {"重庆"}


def test_what_people_say_is_looked_for_as_the_standards_say_it():
    found = find("刹车")
    assert found.renamed == {"刹车": "制动"}
    assert ids("刹车") == ids("制动")
    assert "侧面碰撞(移动变形壁障)" in names("侧碰")
    assert names("crashes") == names("crash")


@pytest.mark.parametrize("typed", ALSO_CALLED)
def test_every_word_of_the_trade_leads_to_tests(typed: str):
    assert ids(typed)


@pytest.mark.parametrize(("typed", "method"), [("LKA", "gbt39323-2020"), ("aebs", "gbt39901-2021")])
def test_a_system_is_found_by_the_abbreviation_in_brackets(typed: str, method: str):
    assert method in {hit.method_id for hit in find(typed).tests}


@pytest.mark.parametrize(
    ("typed", "word"),
    [("IPX7", "防水"), ("ipx9k", "防水"), ("IP6X", "防尘"), ("IP67", "防尘防水"), ("防水 IPX7", "防水")],
)
def test_an_ip_code_finds_the_tests_of_what_it_is_about(typed: str, word: str):
    assert ids(typed) == ids(word) != []
    assert list(find(typed).renamed.values()) == [word]


def test_an_ip_code_in_a_note_of_the_catalogue_is_found_as_well():
    assert "bus-ip" in ids("IP67")
    assert "bus-ip" in ids("防水 客车")


@pytest.mark.parametrize("typed", ["CISPR 25", "cispr25", "CISPR 25:2021"])
def test_a_standard_is_found_by_the_international_one_that_it_adopts(typed: str):
    assert {hit.method_id for hit in find(typed).tests} == {"gbt18655-2025"}
    assert find(typed).corrected is None


@pytest.mark.parametrize("typed", ["国标38031", "推荐性国标 GB/T 31467", "汽车行业标准QC/T413"])
def test_what_sort_of_standard_it_is_may_stand_before_its_number(typed: str):
    assert find(typed).tests


def test_of_a_word_that_stands_nowhere_the_part_that_does_is_offered():
    found = find("交流充电桩")
    assert found.parts == {"交流充电桩": ("交流充电", len(ids("交流充电")))}
    assert find("WLTC").parts == {}


def test_words_run_together_are_taken_apart():
    found = find("动力电池包热扩散试验")
    assert found.loosely
    assert [hit.name_zh for hit in found.tests] == ["热扩散"]
    assert not find("热扩散").loosely
    assert covers("动力电池 电池包 热扩散", "动力电池包热扩散")
    assert not covers("动力电池 电池包 热扩散", "动力电池包热失控")


@pytest.mark.parametrize("typed", ["%", "_", "%%", "热%散", "%热扩散", "\\", "\\%", "--", '"'])
def test_wildcards_and_quotes_find_nothing_by_themselves(typed: str):
    assert find(typed).tests == ()


def test_a_percent_sign_is_found_where_it_stands_and_an_underscore_is_only_spelling():
    assert names("热_扩散") == ["热扩散"]
    assert names("100%_") == names("100%")
    assert names("100%") == ["正面碰撞(100 %刚性壁障)", "C-NCAP正面100 %刚性壁障(55 km/h)"]


def test_few_letters_are_not_found_inside_other_words():
    assert find("hud").tests == ()  # it stands in the pinyin of 接触电流
    assert "自动紧急制动:车辆目标" in names("AEB")
    assert len(find("EMC").tests) >= 20


@pytest.mark.parametrize("typed", ["", "   ", "，。", "\0", "\0\0 \n\t"])
def test_nothing_asked_is_nothing_found(typed: str):
    found = find(typed)
    assert found.query.empty
    assert found == Found(found.query, found.editions)


@pytest.mark.parametrize("typed", ["热扩散\0", "\0热扩散", "热\0扩散", "热扩散\r\n", "热扩散\u200b", "\u202e热扩散"])
def test_invisible_characters_are_blanks(typed: str):
    assert names(typed) == ["热扩散"]


def test_ten_thousand_characters_are_cut():
    assert find("热扩散 " * 2_500).query.cut
    assert names("热扩散 " * 2_500) == ["热扩散"]
    assert find("长" * 10_000).tests == ()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_example_on_the_page_finds_something(language: str):
    with speaking(language):
        shown = examples()
    for query, _what in shown:
        assert find(query).tests, query


@pytest.mark.parametrize("typed", ["GB 38031", "热扩散", "电", "vehicle", "GB 38031 招商车研 振动"])
def test_the_number_of_statements_does_not_depend_on_what_is_found(typed: str):
    with statements() as sent:
        find(typed)
    assert len(sent) <= 4
