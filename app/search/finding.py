"""Which tests a query means: its numbers and words put to the catalogue."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from app.search import queries
from app.search.queries import Hit, LabWords
from app.search.rules import Edition, Match, Query, also_called, covers, known_part, understand
from app.search.spelling import number_like, word_like

Labs = frozenset[str]


@dataclass(frozen=True, slots=True)
class Found:
    """What a query finds.

    editions: of the whole catalogue. tests: in the order of the page, those of one method together. words: those
    looked for, with the number of tests that each finds by itself. renamed: words looked for under another name.
    where: words that named labs; at_labs: those labs, others are left out (None: none was named). named_labs: labs
    that a word may also mean. loosely: nothing is written as typed, the words were taken apart. corrected: what was
    typed and what was looked for instead, one mistake away. parts: where nothing is found, what of a word that stands
    nowhere does stand somewhere, with its number of tests.
    """

    query: Query
    editions: tuple[Edition, ...] = ()
    tests: tuple[Hit, ...] = ()
    words: Mapping[str, int] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)
    where: frozenset[str] = frozenset()
    at_labs: Labs | None = None
    named_labs: tuple[str, ...] = ()
    loosely: bool = False
    corrected: tuple[str, str] | None = None
    parts: Mapping[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def everywhere(self) -> str:
        """The query without the words that name labs."""
        about = (word for word in self.words if word not in self.where)
        return " ".join([*(asked.designation.printed for asked in self.query.asked), *about])

    @property
    def method_ids(self) -> tuple[str, ...]:
        """Methods of the tests, in order."""
        return tuple(dict.fromkeys(test.method_id for test in self.tests))

    @property
    def leading(self) -> Edition | None:
        """The one edition that the query means, for the heading."""
        return leading(self.query)


def leading(query: Query) -> Edition | None:
    """The edition in force when the query is about one number; None when it is about several or none."""
    if len(query.asked) != 1 or query.asked[0].match is Match.BEGINNING:
        return None
    editions = query.asked[0].editions
    first = [edition for edition in editions if edition.status == editions[0].status]
    return editions[0] if len({_family(edition) for edition in first}) == 1 else None


def _family(edition: Edition) -> tuple[str, str, str] | str:
    number = edition.designation
    return (number.family, number.number, number.part) if number else edition.id


def find(text: str) -> Found:
    """What the text finds; where that is nothing, what it finds with one mistake put right. A fixed number of
    statements.
    """
    found = _find(text)
    if found.tests or found.at_labs or found.named_labs or found.query.empty:
        return found
    written = queries.texts()
    typed, other = _put_right(found, written)
    if other and (again := _find(other)).tests:
        return replace(again, corrected=(typed, other))
    return replace(found, parts=_parts(found.words, [text for _, text in written]))


def corrected(text: str) -> str:
    """The text with one mistake put right; '' where it finds something as it is, or nothing either way."""
    found = find(text)
    return found.corrected[1] if found.corrected else ""


def _parts(words: Mapping[str, int], texts: Sequence[str]) -> dict[str, tuple[str, int]]:
    """Of the words that stand nowhere the part that does, with its number of tests."""
    known = {word: part for word, count in words.items() if not count and (part := known_part(word, texts))}
    return {word: (part, sum(part in text for text in texts)) for word, part in known.items()}


def _put_right(found: Found, written: Sequence[tuple[Hit, str]]) -> tuple[str, str]:
    """The query as it was typed and with one mistake put right; '' where none can be."""
    query = found.query
    numbers = {d.number: d for edition in found.editions if (d := edition.designation)}
    typed = query.text
    for asked in query.asked:
        likely = number_like(asked.designation.number, numbers)
        if not asked.editions and likely:
            return typed, typed.replace(asked.designation.number, likely[0])
    names, lines = [hit.name_en for hit, _ in written], [text for _, text in written]
    for word in found.words:
        if found.words[word]:
            continue
        if word.isdigit():
            likely = number_like(word, numbers)
            other = likely[0] if likely else None
        else:
            other = word_like(word, names, lines)
        if other:
            rest = [each for each in found.words if each != word]
            codes = [asked.designation.printed for asked in query.asked]
            return typed, " ".join([*codes, *rest, other])
    return typed, ""


def _find(text: str) -> Found:
    editions = queries.editions()
    query = understand(text, editions)
    if query.empty:
        return Found(query, tuple(editions))
    words, renamed = _counted(query.words)
    labs = queries.lab_words() if words else []
    # A word that finds no test but a laboratory says where; so does part of a lab's name when nothing else fits.
    where = {word for word, count in words.items() if not count and any(word in lab.text for lab in labs)}
    about, at_labs = _told_apart(words, where, labs)
    found = _search(query, about, at_labs)
    if not found and (more := _places(about, labs)):
        wider, elsewhere = _told_apart(words, where | more, labs)
        if found := _search(query, wider, elsewhere):
            where, about, at_labs = where | more, wider, elsewhere
    loosely = not found and any(not words[word] and not word.isascii() for word in about)
    if loosely:
        found = _taken_apart(query, about)
    return Found(
        query=query,
        editions=tuple(editions),
        tests=tuple(_in_order(found, query)),
        words=words,
        renamed=renamed,
        where=frozenset(where),
        at_labs=at_labs,
        named_labs=tuple(at_labs or (lab.lab_id for lab in labs if any(word in lab.name for word in words))),
        loosely=loosely and bool(found),
    )


def _counted(words: Sequence[str]) -> tuple[dict[str, int], dict[str, str]]:
    """Tests by word; a word that stands nowhere is looked for under its other name, if it has one that is there."""
    counts = dict(zip(words, queries.word_counts(words), strict=True))
    others = {word: other for word, count in counts.items() if not count and (other := also_called(word))}
    again = dict(zip(others.values(), queries.word_counts(list(others.values())), strict=True))
    renamed = {word: other for word, other in others.items() if again[other]}
    return {renamed.get(word, word): again.get(renamed.get(word, ""), count) for word, count in counts.items()}, renamed


def _told_apart(
    words: Iterable[str], where: set[str], labs: Iterable[LabWords]
) -> tuple[list[str], frozenset[str] | None]:
    """Words about tests, and the labs that the others name."""
    about = [word for word in words if word not in where]
    if not where:
        return about, None
    return about, frozenset(
        lab.lab_id for lab in labs if all(word in lab.text or word in lab.identity for word in where)
    )


def _places(words: Iterable[str], labs: Iterable[LabWords]) -> set[str]:
    """Words that are part of a lab's name or address."""
    return {word for word in words if any(word in lab.identity for lab in labs)}


def _search(query: Query, words: Sequence[str], at_labs: Labs | None) -> list[Hit]:
    if query.asked and not query.editions:
        return []
    method_ids = [edition.id for edition in query.editions] if query.asked else None
    if query.in_syllables and (whole := queries.hits([query.phrase], method_ids, at_labs)):
        return whole
    return queries.hits(words, method_ids, at_labs)


def _taken_apart(query: Query, words: Sequence[str]) -> list[Hit]:
    """Tests whose text holds every word piece by piece: 动力电池挤压 as 动力电池 and 挤压."""
    methods = {edition.id for edition in query.editions} if query.asked else None
    return [
        hit
        for hit, text in queries.texts()
        if (methods is None or hit.method_id in methods) and all(covers(text, word) for word in words)
    ]


def _in_order(hits: Iterable[Hit], query: Query) -> Iterable[Hit]:
    """Tests of one method together: methods as the query ranks them, else best match first; in each the best first."""
    asked = {edition.id: place for place, edition in enumerate(query.editions)}
    by_method = {
        method_id: sorted(tests, key=lambda hit: (hit.quality, hit.position))
        for method_id, tests in groupby(sorted(hits, key=lambda hit: hit.method_id), key=lambda hit: hit.method_id)
    }
    groups = sorted(
        by_method.values(),
        key=lambda tests: (asked.get(tests[0].method_id, len(asked)), tests[0].quality, tests[0].position),
    )
    return (hit for tests in groups for hit in tests)
