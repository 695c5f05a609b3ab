"""The English catalogue: nothing missing, nothing stale, every placeholder kept."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

ROOT = Path(__file__).parent.parent.parent
ENGLISH = ROOT / "app" / "translations" / "en" / "LC_MESSAGES" / "messages.po"
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{n\}")
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
# Examples of what can be typed stay as they are typed.
TYPED = {"热扩散"}


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """The texts as they stand in the code now."""
    pot = tmp_path_factory.mktemp("texts") / "messages.pot"
    keywords = ["-k", "_l", "-k", "N_", "-k", "lazy_gettext", "-k", "P_:1c,2"]
    command = [Path(sys.executable).parent / "pybabel", "-q", "extract", "-F", "app/translations/babel.cfg"]
    subprocess.run([*command, *keywords, "-o", pot, "app"], cwd=ROOT, check=True)
    with pot.open("rb") as file:
        return read_po(file)


@pytest.fixture(scope="module")
def english() -> Catalog:
    with ENGLISH.open("rb") as file:
        return read_po(file, locale="en")


def _texts(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _keys(catalogue: Catalog, complete: bool = False) -> set[tuple[str | None, str | tuple[str, ...]]]:
    """Context and id of each message; complete: only those with an English text that is no guess."""
    messages = [message for message in catalogue if message.id]
    if complete:
        messages = [message for message in messages if all(_texts(message.string)) and not message.fuzzy]
    return {(message.context, message.id) for message in messages}


def test_every_text_has_its_english(extracted: Catalog, english: Catalog) -> None:
    assert _keys(extracted) - _keys(english, complete=True) == set()


def test_nothing_is_kept_that_the_code_no_longer_says(extracted: Catalog, english: Catalog) -> None:
    assert _keys(english) - _keys(extracted) == set()


def test_placeholders_are_those_of_the_chinese(english: Catalog) -> None:
    wrong = [
        (message.id, text)
        for message in english
        if message.id
        for text in _texts(message.string)
        if sorted(PLACEHOLDER.findall(text)) != sorted(PLACEHOLDER.findall(_texts(message.id)[0]))
    ]
    assert wrong == []


def test_english_is_english(english: Catalog) -> None:
    texts = [text for message in english if message.id for text in _texts(message.string)]
    left = [text for text in texts if CHINESE.search(_without_typed(text))]
    assert left == []
    assert [text for text in texts if "!" in text or "please" in text.lower()] == []


def _without_typed(text: str) -> str:
    for typed in TYPED:
        text = text.replace(typed, "")
    return text
