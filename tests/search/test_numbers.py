"""What a typed number means, against every standard of the real catalogue."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.search.rules import LONGEST_QUERY, MOST_WORDS, Edition, Match, Query, designation_of, escaped, understand
from tests.conftest import CATALOGUE


def _editions() -> list[Edition]:
    with (CATALOGUE / "methods.csv").open(encoding="utf-8", newline="") as file:
        return [
            Edition(row["id"], row["code"], row["status"], tuple(filter(None, row["replaces"].split("|"))))
            for row in csv.DictReader(file)
        ]


EDITIONS = _editions()
NUMBERED = [edition for edition in EDITIONS if designation_of(edition.code)]


def asked(text: str) -> Query:
    return understand(text, EDITIONS)


def codes(text: str) -> list[str]:
    return [edition.code for edition in asked(text).editions]


BOTH_BATTERY = ["GB 38031-2025", "GB 38031-2020"]
BOTH_VEHICLE = ["GB 18384-2025", "GB 18384-2020"]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("GB 38031", BOTH_BATTERY),
        ("GB38031", BOTH_BATTERY),
        ("gb38031", BOTH_BATTERY),
        ("Gb  38031", BOTH_BATTERY),
        ("GB-38031", BOTH_BATTERY),
        ("GB_38031", BOTH_BATTERY),
        ("38031", BOTH_BATTERY),
        ("ＧＢ３８０３１", BOTH_BATTERY),
        ("GB　38031", BOTH_BATTERY),
        ("GB/T 38031", BOTH_BATTERY),
        ("gb 38031-2025", ["GB 38031-2025"]),
        ("GB38031-2025", ["GB 38031-2025"]),
        ("GB 38031—2025", ["GB 38031-2025"]),
        ("GB 38031–2025", ["GB 38031-2025"]),
        ("GB 38031－2025", ["GB 38031-2025"]),
        ("GB 38031:2025", ["GB 38031-2025"]),
        ("GB 38031 2025", ["GB 38031-2025"]),
        ("GB 38031-25", ["GB 38031-2025"]),
        ("38031-2020", ["GB 38031-2020"]),
        ("GB/T18384", BOTH_VEHICLE),
        ("GB／T 18384", BOTH_VEHICLE),
        ("GB／Ｔ　１８３８４", BOTH_VEHICLE),
        ("gbt18384", BOTH_VEHICLE),
        ("GB/T-18384", BOTH_VEHICLE),
        ("GB 18384-2020", ["GB 18384-2020"]),
        ("GB/T 31467", ["GB/T 31467-2023", "GB/T 31467.3-2015"]),
        ("GB/T 31467.3", ["GB/T 31467.3-2015"]),
        ("GBT31467.3—2015", ["GB/T 31467.3-2015"]),
        ("GB/T 39901", ["GB/T 39901-2021", "GB 39901-2025"]),
        ("QC/T 413", ["QC/T 413-2002"]),
        ("qct413", ["QC/T 413-2002"]),
        ("ISO 26262", ["ISO 26262:2018"]),
        ("iso16750-3", ["ISO 16750-3:2023"]),
        ("ISO 16750-3:2023", ["ISO 16750-3:2023"]),
        ("UN R155", ["UN R155"]),
        ("UNR155", ["UN R155"]),
        ("ECE R100", ["UN R100"]),
        ("UN/ECE R10", ["UN R10"]),
        ("R156", ["UN R156"]),
        ("国标38031", BOTH_BATTERY),
        ("国标 38031", BOTH_BATTERY),
        ("国标：38031-2025", ["GB 38031-2025"]),
        ("国标GB38031", BOTH_BATTERY),
        ("38031国标", BOTH_BATTERY),
        ("强制性国家标准 GB 38031", BOTH_BATTERY),
        ("推荐性国标GB/T 31467.3", ["GB/T 31467.3-2015"]),
        ("国标18655", ["GB/T 18655-2025"]),
        ("行标413", ["QC/T 413-2002"]),
        ("汽车行业标准QC/T413", ["QC/T 413-2002"]),
        ("GB 38031 试验", BOTH_BATTERY),
        ("C-NCAP 2024", ["C-NCAP 2024"]),
        ("cncap2021", ["C-NCAP 2021"]),
        ("IVISTA 2023", ["IVISTA 2023修订版"]),
    ],
)
def test_a_number_is_understood_however_it_is_spelt(typed: str, found: list[str]):
    assert codes(typed) == found
    assert asked(typed).words == ()


@pytest.mark.parametrize("edition", NUMBERED, ids=lambda edition: edition.id)
def test_every_standard_is_found_as_printed_and_however_it_is_squeezed(edition: Edition):
    printed = edition.code.removesuffix("修订版")
    for typed in (printed, printed.lower(), printed.replace(" ", ""), printed.replace("/", "").replace(" ", "")):
        assert codes(typed) == [edition.code], typed


@pytest.mark.parametrize("edition", NUMBERED, ids=lambda edition: edition.id)
def test_every_standard_is_found_without_its_year(edition: Edition):
    number = designation_of(edition.code)
    assert number is not None
    if number.year:
        bare = number.printed.removesuffix(f"-{number.year}")
        assert edition.code in codes(bare)


def test_the_edition_in_force_leads_however_the_catalogue_is_sorted():
    for editions in (EDITIONS, EDITIONS[::-1]):
        assert [e.status for e in understand("38031", editions).editions] == ["in_force", "superseded"]
        assert [e.status for e in understand("34660", editions).editions] == ["in_force", "upcoming"]


def test_a_number_runs_into_words_and_leaves_them():
    assert codes("gb38031热扩散") == BOTH_BATTERY
    assert asked("gb38031热扩散").words == ("热扩散",)
    assert asked("热扩散 GB 38031-2025，电池包").words == ("热扩散", "电池包")


def test_several_numbers_are_looked_for_side_by_side():
    assert codes("GB 38031-2025、GB 18384-2025") == ["GB 38031-2025", "GB 18384-2025"]
    assert codes("GB38031/GB18384") == [*BOTH_BATTERY, *BOTH_VEHICLE]


@pytest.mark.parametrize(
    ("typed", "match", "found"),
    [
        ("GB/T 18384", Match.OTHER_BODY, BOTH_VEHICLE),
        ("GB 18384-2015", Match.OTHER_YEAR, BOTH_VEHICLE),
        ("GB 1495-79", Match.OTHER_YEAR, ["GB 1495-2002"]),
        ("GB/T 31485-2015", Match.SUCCESSOR, ["GB 38031-2025"]),
        ("GB/T 31485", Match.SUCCESSOR, ["GB 38031-2025"]),
        ("GB/T 31467.1", Match.SUCCESSOR, ["GB/T 31467-2023"]),
        ("C-NCAP 2018", Match.SUCCESSOR, ["C-NCAP 2024"]),
        ("GB 3803", Match.BEGINNING, ["GB 38031-2025", "GB 38032-2020", "GB 38031-2020"]),
        ("GB 38033", Match.NONE, []),
        ("ISO 9001", Match.NONE, []),
    ],
)
def test_what_is_not_there_leads_to_what_is(typed: str, match: Match, found: list[str]):
    (answer,) = asked(typed).asked
    assert answer.match is match
    assert [edition.code for edition in answer.editions] == found


def test_a_slip_is_told_the_codes_that_look_alike():
    assert [edition.code for edition in asked("GB 38033").closest][:2] == ["GB 38031-2025", "GB 38032-2020"]
    assert asked("18383").closest[0].code.startswith("GB 1838")
    assert asked("热扩散").closest == ()


@pytest.mark.parametrize("typed", ["12V", "R16", "2000 h", "100 %", "97号", "3.5 t", "60 km/h", "20256", "1.2345"])
def test_a_number_that_no_standard_has_stays_a_word(typed: str):
    assert asked(typed).asked == ()
    assert asked(typed).words


def test_a_national_standard_may_be_of_either_sort_and_is_no_other_body_s():
    assert [asked(typed).asked[0].match for typed in ("国标38031", "国标18655")] == [Match.SAME, Match.SAME]
    assert asked("推荐性国标18384").asked[0].match is Match.OTHER_BODY
    assert codes("国标 16750") == []


def test_fillers_and_endings_say_nothing():
    assert asked("振动试验").words == ("振动",)
    assert asked("test of thermal propagation").words == ("thermal", "propagation")
    assert asked("试验").words == ("试验",)
    assert asked("test").words == ("test",)


@given(text=st.text(max_size=400))
def test_any_text_is_understood(text: str):
    query = asked(text)
    assert len(query.text) <= LONGEST_QUERY
    assert len(query.words) <= MOST_WORDS
    assert all(word and not any(letter.isspace() or letter == "\0" for letter in word) for word in query.words)


def test_a_very_long_query_is_cut_and_says_so():
    query = asked("GB 38031 " * 1_200)
    assert query.cut
    assert codes("GB 38031 " * 1_200) == BOTH_BATTERY
    assert not asked("GB 38031").cut


def test_wildcards_mean_themselves():
    assert escaped("100%_\\") == "100\\%\\_\\\\"
