"""The one text a row is found by, and the one way to write a query so that it can be found in it.

A row's `search_text` is a line of tokens parted by SEPARATOR: names and codes in Chinese and English, pinyin in
full and in initials. Every token is written by `normalise`, and so is the query: a plain LIKE then finds it.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

SEPARATOR = " "
# Where the search hands in how to put one mistake of a query right: '' where that finds nothing either.
SPELLING = "yujian_spelling"
# Kept besides letters and digits: what tells one code from another (33014.4, 16750-3:2023, C-NCAP).
_KEPT = frozenset("-.:+%")
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−－"), "-")
_CHINESE_CODE = re.compile(r"(gb|qc|jt|sn)t?(?=\d)")
# IP code: the first numeral is about dust, the second about water; X stands for one that isn't given.
_IP_CODE = re.compile(r"ip(?P<dust>[0-6]k?|x)(?P<water>[0-9]k?|x)")
_IN_TEXT = re.compile(r"(?<![a-z0-9])ip[0-9kx]{2,4}(?![a-z0-9])", re.ASCII | re.IGNORECASE)

# How people call a thing, in brackets behind its name: lane keeping assist (LKA).
_ABBREVIATION = re.compile(r"[(（]([A-Z][A-Za-z]{1,4})[)）]")


def normalise(text: str) -> str:
    """The spelling-free form of a text or query: lower case, half width, no blanks, slashes or brackets.

    `GB/T 18384` and `gbt18384` become the same, so do `GB 38031—2025` and `gb38031-2025`. May be empty.
    """
    folded = unicodedata.normalize("NFKC", text).translate(_DASHES).casefold()
    return "".join(letter for letter in folded if letter.isalnum() or letter in _KEPT)


def code_tokens(code: str) -> list[str]:
    """How a method's code may be typed: as printed, without hyphens, and with or without the T of a
    recommended standard, which people mix up (GB 18384 was once GB/T 18384.1).
    """
    plain = normalise(code)
    other = _CHINESE_CODE.sub(_other_spelling, plain, count=1)
    return [plain, plain.replace("-", ""), other]


def _other_spelling(prefix: re.Match[str]) -> str:
    letters = prefix[1]
    return letters if prefix[0].endswith("t") and prefix[0] != letters else f"{letters}t"


@lru_cache(maxsize=8192)
def chinese_tokens(text: str) -> tuple[str, ...]:
    """The text itself, its pinyin in full without tones, its initials: 热扩散, rekuosan, rks."""
    from pypinyin import Style, lazy_pinyin  # here, for its dictionary is only needed when the catalogue is loaded

    full = normalise("".join(lazy_pinyin(text)))
    initials = normalise("".join(lazy_pinyin(text, style=Style.FIRST_LETTER)))
    return normalise(text), full, initials


def protection(code: str) -> str:
    """What an IP code (ipx7, ip6k9k) is about, as the standards say it; '' for any other word."""
    found = _IP_CODE.fullmatch(code)
    return "防尘" * (found["dust"] != "x") + "防水" * (found["water"] != "x") if found else ""


def protection_in(text: str) -> list[str]:
    """The same for each code within a text."""
    return [protection(normalise(code)) for code in _IN_TEXT.findall(text)]


def compose(*, codes: Iterable[str] = (), chinese: Iterable[str] = (), english: Iterable[str] = ()) -> str:
    """The `search_text` of a row from its codes as printed, its Chinese and its English names."""
    chinese, english = list(chinese), list(english)
    tokens = [token for code in codes for token in code_tokens(code)]
    tokens += [token for text in chinese for token in chinese_tokens(text)]
    tokens += [normalise(short) for text in (*chinese, *english) for short in _ABBREVIATION.findall(text)]
    for text in english:
        plain = normalise(text)
        tokens += [plain, plain.replace("-", "")]
    return SEPARATOR.join(dict.fromkeys(token for token in tokens if token))
