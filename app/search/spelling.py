"""One mistake forgiven: a letter wrong, missing, too many, or two changed about (Damerau 1964). Pure.

Tried only where nothing is written as it was typed, and only for what is likely meant: an abbreviation is never made
of another, and a Chinese character is mistaken for one that sounds alike, as it comes out of the keyboard.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from app.labs.search_text import chinese_tokens

SHORTEST_LATIN, SHORTEST_CHINESE, SHORTEST_NUMBER, SHORTEST_PINYIN = 4, 3, 4, 6
# In a name: what is written in capitals alone is an abbreviation.
_ENGLISH = re.compile(r"\b[A-Za-z]?[a-z]+\b")


def within_one(one: str, other: str) -> bool:
    """Whether one mistake turns the one into the other; False for the same."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    if len(one) > len(other):
        one, other = other, one
    first = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
    if len(one) < len(other):
        return one[first:] == other[first + 1 :]
    return one[first + 1 :] == other[first + 1 :] or (
        one[first : first + 2] == other[first : first + 2][::-1] and one[first + 2 :] == other[first + 2 :]
    )


def long_enough(word: str) -> bool:
    """Whether a mistake in the word can be told from another word."""
    return word.isalpha() and len(word) >= (SHORTEST_LATIN if word.isascii() else SHORTEST_CHINESE)


def number_like(typed: str, numbers: Collection[str]) -> list[str]:
    """Numbers of standards that one mistake makes of what was typed, in order."""
    if len(typed) < SHORTEST_NUMBER - 1:
        return []
    return sorted(number for number in numbers if len(number) >= SHORTEST_NUMBER and within_one(typed, number))


def word_like(typed: str, names: Iterable[str], texts: Iterable[str]) -> str | None:
    """What one mistake makes of the word: an English word of the names, else a piece of the texts. Of the same length
    before others, the most frequent before others, then the first in order.

    names: English, as printed. texts: lower-case lines of tokens. None for a word that is too short or like nothing.
    """
    if not long_enough(typed):
        return None
    if typed.isascii():
        words = Counter(word.lower() for name in names for word in _ENGLISH.findall(name))
        best = _best(typed, {word: count for word, count in words.items() if within_one(typed, word)})
        # Beside the pinyin stand initials, in which anything short is found.
        if best or len(typed) < SHORTEST_PINYIN:
            return best
    counts: dict[str, int] = {}
    for text in texts:
        for piece in _pieces(text, len(typed), typed.isascii()):
            if piece in counts or _likely(typed, piece):
                counts[piece] = counts.get(piece, 0) + 1
    return _best(typed, counts)


def _best(typed: str, counts: Mapping[str, int]) -> str | None:
    return min(counts, key=lambda piece: (abs(len(piece) - len(typed)), -counts[piece], piece), default=None)


def _likely(typed: str, piece: str) -> bool:
    if not within_one(typed, piece):
        return False
    if typed.isascii():
        return True
    if len(typed) != len(piece):
        # A character lost or doubled inside; at an end it is a shorter or longer word.
        return (typed[0], typed[-1]) == (piece[0], piece[-1])
    return sorted(typed) == sorted(piece) or _sound_alike(typed, piece)


def _sound_alike(one: str, other: str) -> bool:
    (_, first, _), (_, second, _) = chinese_tokens(one), chinese_tokens(other)
    return first == second or within_one(first, second)


def _pieces(text: str, length: int, latin: bool) -> set[str]:
    """Substrings of tokens as long as the word or one letter off, of the same script; of Chinese only those at an end,
    where a word ends, too.
    """
    return {
        token[start : start + size]
        for token in text.split()
        if token.isascii() == latin
        for size in (length - 1, length, length + 1)
        for start in range(0 if latin else len(token) - size, len(token) - size + 1)
        if start >= 0
    }
