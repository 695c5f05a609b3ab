"""What a query means: numbers of standards in any spelling, and words. Pure.

`GB38031`, `gb 38031-2025`, `GB／T 18384` and a bare `38031` all name a standard; what is left are words, of which
every one has to be found.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from app.labs.search_text import normalise, protection

LONGEST_QUERY = 200
MOST_WORDS = 8
# People write "振动试验" and "vibration test" where the catalogue says "振动" and "vibration".
ENDINGS = ("试验", "测试", "检测", "检验", "实验")
# What sort of standard it is, as people say it before a number; then the number is enough.
_SAID = {
    "国标": "national",
    "国家标准": "national",
    "强制性国标": "gb",
    "强制性国家标准": "gb",
    "推荐性国标": "gbt",
    "推荐性国家标准": "gbt",
    "行标": "qct",
    "行业标准": "qct",
    "汽车行标": "qct",
    "汽车行业标准": "qct",
}
FILLERS = frozenset(
    {"of", "the", "a", "an", "and", "for", "in", "on", "test", "tests", "testing", "的", "和", "与", *ENDINGS, *_SAID}
)
SHORT = 3
# What people say, and what the catalogue's standards call it; tried only for a word that stands nowhere.
ALSO_CALLED = {
    "侧碰": "侧面",
    "正碰": "正面",
    "后碰": "后面碰撞",
    "追尾": "后面碰撞",
    "刹车": "制动",
    "续航": "续驶里程",
    "国六": "第六阶段",
    "电芯": "单体",
    "自燃": "热失控",
    "泡水": "浸水",
    "淋雨": "防水",
    "阻燃": "燃烧",
    "甲醛": "醛酮",
    "噪音": "噪声",
    "转毂": "转鼓",
    "大灯": "照明",
    "油耗": "燃料消耗",
    "电耗": "能量消耗",
    "高原": "高海拔",
    "被动安全": "碰撞",
    "网络安全": "信息安全",
    "制动片": "制动衬片",
    "刹车片": "制动衬片",
    "通过噪声": "车外噪声",
    "风阻": "气动阻力",
    "充电枪": "充电连接装置",
    "充电口": "充电接口",
    "儿童座椅": "儿童约束",
    "保险带": "安全带",
    "倒车镜": "后视镜",
    "变速箱": "变速器",
    "随机振动": "振动",
    "扫频": "振动",
}

_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−"), "-")
_BODY = r"gb\s*/?\s*[tz]|gb|qc\s*/?\s*t|iso(?:\s*/\s*iec)?|(?:un\s*/?\s*)?ece[\s-]*r|un[\s-]*r|r|c-?ncap|ivista"
# An edition: -2025, :2023, or 2025 after a blank. A part: .3, or -3 as ISO writes it.
_NUMBER = re.compile(
    rf"(?<![a-z0-9.])(?:(?P<said>{'|'.join(_SAID)})\s*:?\s*)?(?:(?P<body>{_BODY})[\s_-]*)?(?P<number>\d{{2,6}})(?!\d)"
    r"(?:\.(?P<part>\d{1,2})(?!\d)|\s*-\s*(?P<dash>\d{1,2})(?![\d.]))?"
    r"(?:\s*[-:]\s*(?P<year>(?:19|20)\d\d)(?!\d)|\s+(?P<apart>(?:19|20)\d\d)(?![\d.]))?"
    r"(?![a-z%\d]|\.\d)"
)
_PREFIXES = {
    "national": "国标 ",
    "gb": "GB ",
    "gbt": "GB/T ",
    "gbz": "GB/Z ",
    "qct": "QC/T ",
    "iso": "ISO ",
    "unr": "UN R",
    "cncap": "C-NCAP ",
    "ivista": "IVISTA ",
    "": "",
}
_SPELLINGS = {"isoiec": "iso", "ecer": "unr", "uneecer": "unr", "unecer": "unr", "r": "unr"}
# Bodies that number their editions by the year alone.
_YEARLY = frozenset({"cncap", "ivista"})
# A bare number is taken for a standard from this many digits on.
SHORTEST_BARE = 4
LEAST_COMMON = 2
ESCAPE = "\\"


@dataclass(frozen=True, slots=True)
class Designation:
    """A standard's number as printed or typed: GB/T | 31467 | .3 | -2015. Empty: not given.

    weak: it may be something else (a bare number, an R14 that is a rim), so it counts only if it is known.
    """

    prefix: str
    number: str
    part: str = ""
    year: str = ""
    weak: bool = False

    @property
    def family(self) -> str:
        """Whose number it is: GB and GB/T count together, for standards change between the two."""
        return "gb" if self.prefix in ("gbt", "gbz", "national") else self.prefix

    @property
    def printed(self) -> str:
        """As the cover prints it: GB/T 31467.3-2015."""
        part = f".{self.part}" if self.part else ""
        year = f"-{self.year}" if self.year else ""
        return f"{_PREFIXES[self.prefix]}{self.number}{part}{year}"

    def same_number(self, other: "Designation") -> bool:
        """The other is an edition of what is asked here; a part or body that isn't given matches any."""
        return self.number == other.number and self.same_body(other) and self.part in ("", other.part)

    def same_body(self, other: "Designation") -> bool:
        """A number without a body may be anybody's, but not a year's."""
        return self.family == other.family if self.prefix else other.prefix not in _YEARLY

    def begins(self, other: "Designation") -> bool:
        """What is asked here is the beginning of the other's number."""
        return other.number.startswith(self.number) and self.same_body(other)


@dataclass(frozen=True, slots=True)
class Edition:
    """A method as the query sees it. replaces: codes as printed, also of methods that the catalogue doesn't hold."""

    id: str
    code: str
    status: str
    replaces: tuple[str, ...] = ()

    @property
    def designation(self) -> Designation | None:
        """None for a method without a number, such as a client's own specification."""
        return designation_of(self.code)


class Match(StrEnum):
    """How the editions found belong to the number typed."""

    SAME = "same"
    OTHER_BODY = "other_body"
    """GB/T was typed and only a GB is there, or the other way round."""
    OTHER_YEAR = "other_year"
    """The number is known, the edition isn't."""
    SUCCESSOR = "successor"
    """The catalogue knows the number only as replaced by these."""
    BEGINNING = "beginning"
    """What was typed is only the beginning of these numbers."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Asked:
    """A number that was typed, and what the catalogue holds for it; editions in force come first."""

    designation: Designation
    match: Match
    editions: tuple[Edition, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """A query understood.

    cut: it was longer than is read. words: normalised, all have to be found. closest: codes that begin like a
    number nothing is known of.
    """

    text: str
    cut: bool
    asked: tuple[Asked, ...]
    words: tuple[str, ...]
    closest: tuple[Edition, ...] = ()

    @property
    def empty(self) -> bool:
        return not self.asked and not self.words

    @property
    def editions(self) -> tuple[Edition, ...]:
        """Every edition that a typed number stands for, each once."""
        return tuple(dict.fromkeys(edition for asked in self.asked for edition in asked.editions))

    @property
    def phrase(self) -> str:
        """All words in one: `re kuo san` is how some write rekuosan."""
        return "".join(self.words)

    @property
    def in_syllables(self) -> bool:
        """Several words, one of them a few Latin letters: it may be pinyin."""
        return len(self.words) > 1 and any(len(word) <= SHORT and word.isascii() for word in self.words)


@lru_cache(maxsize=2048)
def designation_of(code: str) -> Designation | None:
    """The number in a code of the catalogue; None when it has none of the known kinds."""
    found, _rest = _designations(_folded(code))
    return next((designation for designation in found if not designation.weak), None)


def understand(text: str, editions: Sequence[Edition]) -> Query:
    """The query against the editions of the catalogue."""
    clean = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    found, rest = _designations(_folded(clean[:LONGEST_QUERY]))
    looked_up = [(_lookup(designation, editions), typed) for designation, typed in found.items()]
    unknown = [(asked.designation, typed) for asked, typed in looked_up if not asked.editions]
    rest = " ".join([rest, *(typed for designation, typed in unknown if designation.weak)])
    numbers = tuple(asked for asked, _ in looked_up if asked.editions or not asked.designation.weak)
    return Query(
        text=clean[:LONGEST_QUERY],
        cut=len(clean) > LONGEST_QUERY,
        asked=numbers,
        words=_words(rest, alone=not numbers),
        closest=tuple(dict.fromkeys(like for number, _ in unknown for like in _closest(number, editions))),
    )


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).translate(_DASHES).casefold()


def _designations(folded: str) -> tuple[dict[Designation, str], str]:
    """The numbers in a folded text with how each was typed, and the text without them."""
    found: dict[Designation, str] = {}

    def take(match: re.Match[str]) -> str:
        body = re.sub(r"[\s/-]", "", match["body"] or "")
        if not body and match["said"]:
            body = _SAID[match["said"]]
        if not body and len(match["number"]) < SHORTEST_BARE:
            return match[0]
        designation = Designation(
            prefix=_SPELLINGS.get(body, body),
            number=match["number"],
            part=match["part"] or match["dash"] or "",
            year=match["year"] or match["apart"] or "",
            weak=body in ("", "r"),
        )
        found.setdefault(designation, match[0])
        return " "

    return found, _NUMBER.sub(take, folded)


def _lookup(asked: Designation, editions: Sequence[Edition]) -> Asked:
    known = [(edition, number) for edition in editions if (number := edition.designation)]
    same = [(edition, number) for edition, number in known if asked.same_number(number)]
    if not same and len(asked.part) == 2 and not asked.year:
        # GB 1495-79: what looks like a part is the short year of an older edition.
        return _lookup(replace(asked, part="", year=("19" if asked.part > "49" else "20") + asked.part), editions)
    if of_year := [edition for edition, number in same if asked.year in ("", number.year)]:
        body_known = asked.prefix in ("", "national", *(number.prefix for _, number in same))
        return Asked(asked, Match.SAME if body_known else Match.OTHER_BODY, _leading_first(of_year))
    if successors := _successors(asked, editions):
        return Asked(asked, Match.SUCCESSOR, _leading_first(successors))
    if same:
        return Asked(asked, Match.OTHER_YEAR, _leading_first(edition for edition, _ in same))
    if begun := [edition for edition, number in known if asked.prefix and asked.begins(number)]:
        return Asked(asked, Match.BEGINNING, _leading_first(begun))
    return Asked(asked, Match.NONE)


def _successors(asked: Designation, editions: Sequence[Edition]) -> list[Edition]:
    """What replaces the number asked, and what replaced that in turn, to the editions not replaced themselves."""
    found: list[Edition] = []
    wanted = [asked]
    while wanted:
        following = [e for e in editions if e not in found and any(_replaces(e, old) for old in wanted)]
        found += following
        wanted = [number for edition in following if (number := edition.designation)]
    return [edition for edition in found if edition.status != SUPERSEDED] or found


def _replaces(edition: Edition, asked: Designation) -> bool:
    olds = (designation_of(code) for code in edition.replaces)
    return any(old and asked.same_number(old) and asked.year in ("", old.year) for old in olds)


SUPERSEDED = "superseded"
_RANK = {"in_force": 0, "upcoming": 1, "unverified": 2, SUPERSEDED: 3}


def _leading_first(editions: Iterable[Edition]) -> tuple[Edition, ...]:
    """In force first, then what comes, then what was; newer editions before older ones."""
    by_age = sorted(editions, key=lambda edition: edition.designation.year if edition.designation else "", reverse=True)
    return tuple(sorted(by_age, key=lambda edition: _RANK[edition.status]))


def _closest(asked: Designation, editions: Iterable[Edition], most: int = 5) -> list[Edition]:
    """Numbers that begin like the one asked, longest common beginning first; superseded ones are left out."""
    alike = [
        (common, edition)
        for edition in editions
        if edition.status != SUPERSEDED
        and (number := edition.designation)
        and asked.same_body(number)
        and (common := _common(asked.number, number.number)) >= LEAST_COMMON
    ]
    alike.sort(key=lambda pair: (-pair[0], pair[1].code))
    return [edition for _, edition in alike[:most]]


def _common(one: str, other: str) -> int:
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _words(text: str, alone: bool) -> tuple[str, ...]:
    """The words of a text, normalised, each once; fillers only when there is nothing else. alone: without a number."""
    parts = [normalise(part) for part in re.split(r"[\s,，、;；。?？!！()（）\[\]【】“”‘’\"'·|+&/\\]+", text)]
    words = [_without_ending(word).strip("-.:") for word in parts]
    words = list(dict.fromkeys(word for word in words if word))
    telling = [word for word in words if word not in FILLERS]
    return tuple((telling or words * alone)[:MOST_WORDS])


def _without_ending(word: str) -> str:
    ending = next((ending for ending in ENDINGS if word.endswith(ending) and word != ending), "")
    return word.removesuffix(ending)


def also_called(word: str) -> str | None:
    """Another word to try for one that stands nowhere: the standards' own, what an IP code (IPX7, IP6K9K) is about, or
    an English singular.
    """
    if word in ALSO_CALLED:
        return ALSO_CALLED[word]
    if about := protection(word):
        return about
    if not word.isascii() or not word.endswith("s") or len(word) <= SHORT + 1:
        return None
    return word[:-2] if word.endswith(("ses", "xes", "ches", "shes")) else word[:-1]


def escaped(word: str) -> str:
    """The word for LIKE with ESCAPE: `%` and `_` mean themselves."""
    return re.sub(r"([\\%_])", r"\\\1", word)


def known_part(word: str, texts: Sequence[str]) -> str:
    """The longest part of a Chinese word, of two characters or more, that stands in a text; the first of several."""
    if word.isascii():
        return ""
    parts = (word[at : at + size] for size in range(len(word) - 1, 1, -1) for at in range(len(word) - size + 1))
    return next((part for part in parts if any(part in text for text in texts)), "")


def covers(text: str, word: str) -> bool:
    """The word stands in the text, or is Chinese and can be cut into pieces of two or more that all do."""
    if word.isascii():
        return word in text
    reached = {0}
    for end in range(2, len(word) + 1):
        if any(start in reached and word[start:end] in text for start in range(end - 1)):
            reached.add(end)
    return len(word) in reached
