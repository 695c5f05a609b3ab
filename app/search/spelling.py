"""One mistake forgiven: a letter wrong, missing, too many, or two changed about (Damerau 1964). Pure.

Tried only where nothing is written as it was typed.
"""

from collections.abc import Collection, Iterable

SHORTEST_LATIN, SHORTEST_CHINESE, SHORTEST_NUMBER = 4, 3, 4


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


def word_like(typed: str, texts: Iterable[str]) -> str | None:
    """A piece of the texts that one mistake makes of the word: of the same length before others, the most
    frequent before others, then the first in order.

    texts: lower-case lines of tokens. None for a word that is too short or like nothing.
    """
    if not long_enough(typed):
        return None
    counts: dict[str, int] = {}
    for text in texts:
        for piece in _pieces(text, len(typed), typed.isascii()):
            if piece in counts or within_one(typed, piece):
                counts[piece] = counts.get(piece, 0) + 1
    return min(counts, key=lambda piece: (abs(len(piece) - len(typed)), -counts[piece], piece), default=None)


def _pieces(text: str, length: int, latin: bool) -> set[str]:
    """Substrings of tokens as long as the word or one letter off, of the same script."""
    return {
        token[start : start + size]
        for token in text.split()
        if token.isascii() == latin
        for size in (length - 1, length, length + 1)
        for start in range(len(token) - size + 1)
    }
