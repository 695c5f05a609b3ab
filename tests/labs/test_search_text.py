"""A text and a query meet whatever way they are spelled."""

import pytest

from app.labs.search_text import SEPARATOR, compose, normalise


@pytest.mark.parametrize(
    "spelled, same",
    [
        ("GB/T 31467.3-2015", "gbt31467.3-2015"),
        ("gb　38031—2025", "gb38031-2025"),
        ("ＧＢ３８０３１", "gb38031"),
        ("ISO 16750-3:2023", "iso16750-3:2023"),
        ("整车安全(碰撞与乘员保护)", "整车安全碰撞与乘员保护"),
        ("Thermal  Propagation", "thermalpropagation"),
        ("100 %", "100%"),
        ("\0 / （）", ""),
    ],
)
def test_spellings_become_the_same(spelled: str, same: str) -> None:
    assert normalise(spelled) == same
    assert normalise(same) == same


@pytest.mark.parametrize(
    "typed",
    ["GB18384", "gb/t 18384", "GB 18384-2025", "动力电池", "donglidianchi", "dldc", "Traction BATTERY", "cncap"],
)
def test_what_is_typed_is_found_in_the_text(typed: str) -> None:
    text = compose(codes=["GB 18384-2025", "C-NCAP 2024"], chinese=["动力电池"], english=["Traction battery"])
    assert normalise(typed) in text


def test_a_recommended_standard_is_found_without_its_t() -> None:
    assert "gb31467-2023" in compose(codes=["GB/T 31467-2023"]).split(SEPARATOR)


def test_words_of_two_names_do_not_run_together() -> None:
    assert normalise("池电") not in compose(chinese=["电池", "电机"])


def test_names_are_read_as_people_of_chongqing_say_them() -> None:
    text = compose(chinese=["重庆", "长安"])
    assert "chongqing" in text and "changan" in text and "cq" in text.split(SEPARATOR)


def test_an_abbreviation_in_brackets_is_a_token_of_its_own() -> None:
    text = compose(chinese=["乘用车车道保持辅助(LKA)系统"], english=["Lane keeping assist (LKA) of cars (M1 only)"])
    assert text.split(SEPARATOR).count("lka") == 1
    assert "m1only" not in text.split(SEPARATOR)
