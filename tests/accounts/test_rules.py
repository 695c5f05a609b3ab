"""Pure rules: the credit code of GB 32100-2015, passwords, where a sign-in may lead."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.accounts import rules
from app.errors import Invalid

# The first is the example of the standard's annex, the others stand on the companies' own web pages.
KNOWN = ["91350100M000100Y43", "914403001922038216", "9144030071526726XG", "9150000020286320X6"]


@pytest.mark.parametrize("code", KNOWN)
def test_known_codes_are_accepted(code):
    assert rules.credit_code(code) == code


@pytest.mark.parametrize("typed", ["91350100m000100y43", " 91350100 M000100Y43 "])
def test_blanks_and_small_letters_are_forgiven(typed):
    assert rules.credit_code(typed) == "91350100M000100Y43"


@pytest.mark.parametrize("wrong", ["", "91350100M000100Y4", "91350100M000100Y433", "91350100I000100Y43", "九" * 18])
def test_what_is_no_code_is_refused_at_its_field(wrong):
    with pytest.raises(Invalid) as refused:
        rules.credit_code(wrong)
    assert refused.value.field == "credit_code"


@given(
    first=st.text(rules.CREDIT_ALPHABET, min_size=17, max_size=17),
    place=st.integers(0, 16),
    other=st.sampled_from(rules.CREDIT_ALPHABET),
)
def test_one_wrong_character_is_always_found(first, place, other):
    code = first + rules.credit_check_digit(first)
    assert rules.credit_code(code) == code
    if other != code[place]:
        with pytest.raises(Invalid):
            rules.credit_code(code[:place] + other + code[place + 1 :])


@given(first=st.text(rules.CREDIT_ALPHABET, min_size=17, max_size=17), place=st.integers(0, 15))
def test_two_swapped_neighbours_are_always_found(first, place):
    code = first + rules.credit_check_digit(first)
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    if swapped != code:
        with pytest.raises(Invalid):
            rules.credit_code(swapped)


@pytest.mark.parametrize("given_", ["short", "x" * 201, "engineer@example.cn", "ENGINEER@example.cn"])
def test_bad_passwords_are_refused(given_):
    with pytest.raises(Invalid) as refused:
        rules.password(given_, "engineer@example.cn")
    assert refused.value.field == "password"


@pytest.mark.parametrize(
    "target", ["/", "/search?q=GB 38031", "/bookings/abc#history", "/a//b", "/?next=https://else.example"]
)
def test_paths_of_this_site_are_followed(target):
    assert rules.safe_path(target) == target


@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "https://else.example/",
        "//else.example/",
        "/\\else.example",
        "\\\\else.example",
        "/\t/else.example",
        "/\n/else.example",
        "javascript:alert(1)",
        "else.example",
        " //else.example",
    ],
)
def test_other_places_are_not(target):
    assert rules.safe_path(target) is None
