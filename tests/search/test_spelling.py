"""One mistake is forgiven, and only where nothing is written as typed."""

from hypothesis import given
from hypothesis import strategies as st

from app.search.finding import find
from app.search.spelling import number_like, within_one, word_like
from tests.world import World


def slowly(one: str, other: str) -> int:
    """Optimal string alignment distance by the table of the textbook."""
    cost = [[max(i, j) if not min(i, j) else 0 for j in range(len(other) + 1)] for i in range(len(one) + 1)]
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            change = one[i - 1] != other[j - 1]
            cost[i][j] = min(cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + change)
            if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
                cost[i][j] = min(cost[i][j], cost[i - 2][j - 2] + 1)
    return cost[-1][-1]


words = st.text("ab1", max_size=6)


@given(words, words)
def test_one_mistake_is_what_the_table_says(one: str, other: str) -> None:
    assert within_one(one, other) == (slowly(one, other) == 1)


def test_numbers_and_words_of_a_little_catalogue() -> None:
    assert number_like("38013", {"38031": 1, "18384": 1}) == ["38031"]
    assert number_like("3803", {"38031": 1}) == ["38031"]
    assert word_like("vibartion", ["Pack vibration", "Vibration test"], []) == "vibration"
    assert word_like("热扩撒", [], ["热扩散 rekuosan"]) == "热扩散"
    assert word_like("zhendnog", [], ["dianchibaozhendong"]) == "zhendong"
    assert word_like("abc", ["abd"], ["abd"]) is None


def test_an_abbreviation_is_not_made_of_another() -> None:
    assert word_like("wltc", ["Transient cycle (WHTC) emissions"], ["znwlqc wlqcceshi whtc"]) is None
    assert word_like("sprey", ["Salt spray"], []) == "spray"


def test_a_character_is_mistaken_only_for_one_that_sounds_alike_and_at_the_end_of_a_word() -> None:
    assert word_like("充电桩", [], ["充电系统", "充电状态", "车载充电机"]) is None
    assert word_like("电磁兼溶", [], ["电磁兼容"]) == "电磁兼容"
    assert word_like("热散扩", [], ["热扩散"]) == "热扩散"
    assert word_like("电磁容", [], ["电磁兼容"]) == "电磁兼容"
    assert word_like("充电桩", [], ["充电"]) is None


def test_a_misspelt_query_finds_and_says_so(world: World) -> None:
    world.bench()
    found = find("GB TETS")
    assert not found.corrected or found.tests
    right = find("GB TEST")
    assert right.corrected is None
