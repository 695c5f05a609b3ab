"""The lines of one month of one company or lab, column by column, so that thousands of them are read at once. Pure.

All numbers are whole, so sums of them are exact; only figures that are told are fractions.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.turnaround.tally import PARTS

Column = NDArray[np.int64]
KEPT = np.dtype("<i8")
# Of a kind, in the order of `Kind`.
NAMES = ("lab", "test", "domain")


class Kind(NamedTuple):
    """What was done where: the finest that lines are grouped by within a month."""

    lab_id: str
    test_id: str
    domain_id: str


class LineFacts(NamedTuple):
    """What figures need of a line. whole: seconds from submission to issue; working: working days of the same;
    submitted: seconds since 1970; day: local day of the month of the issue; parts: seconds, in the order of PARTS.
    """

    line_id: str
    kind: Kind
    whole: int
    working: int
    submitted: int
    day: int
    parts: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """The lines of a month (`YYYY-MM`) by kind. names: the labs, tests and domains that it has; kinds: of each kind the
    places of its lab, its test and its domain among them, a column of each; counts: how many lines each kind has;
    whole, working, submitted, day: as in `LineFacts`, of each line; parts: a column of each; ids: of all lines, a space
    between two.
    """

    month: str
    names: Mapping[str, Sequence[str]]
    kinds: Sequence[Column]
    counts: Column
    whole: Column
    working: Column
    submitted: Column
    day: Column
    parts: Sequence[Column]
    ids: str

    def packed(self) -> tuple[bytes, bytes]:
        """The columns as they are kept, in two."""
        by_kind = [self.counts, *self.kinds, self.whole, self.working]
        return packed(by_kind), packed([self.submitted, self.day, *self.parts])

    def places(self, name: str, numbers: Mapping[str, int]) -> Column:
        """Of each line the number of its lab, test or domain."""
        found = np.array([numbers[each] for each in self.names[name]], np.int64)
        return np.repeat(found[self.kinds[NAMES.index(name)]], self.counts)

    def only(self, wanted: NDArray[np.bool_]) -> "Block":
        """The lines that are wanted."""
        places = np.repeat(np.arange(len(self.counts)), self.counts)[wanted]
        columns = {name: getattr(self, name)[wanted] for name in ("whole", "working", "submitted", "day")}
        return replace(
            self,
            counts=np.bincount(places, minlength=len(self.counts)),
            **columns,
            parts=[part[wanted] for part in self.parts],
            ids=" ".join(compress(self.ids.split(), wanted.tolist())),
        )


def block(month: str, lines: Iterable[LineFacts]) -> Block:
    """The lines of a month, in whatever order."""
    ordered = sorted(lines, key=lambda line: line.kind)
    counts = Counter(line.kind for line in ordered)
    names = {name: list(dict.fromkeys(kind[place] for kind in counts)) for place, name in enumerate(NAMES)}
    columns = {
        name: np.array([getattr(line, name) for line in ordered], np.int64)
        for name in ("whole", "working", "submitted", "day")
    }
    return Block(
        month=month,
        names=names,
        kinds=[
            np.array([names[name].index(kind[place]) for kind in counts], np.int64) for place, name in enumerate(NAMES)
        ],
        counts=np.array([*counts.values()], np.int64),
        **columns,
        parts=list(np.array([line.parts for line in ordered], np.int64).reshape(-1, len(PARTS)).T),
        ids=" ".join(line.line_id for line in ordered),
    )


def opened(month: str, names: Mapping[str, Sequence[str]], by_kind: bytes, lines: bytes, ids: str) -> Block:
    """A block of what `packed` made of its columns."""
    counts, *kinds, whole, working = unpacked(by_kind)
    submitted, day, *parts = unpacked(lines)
    return Block(month, names, kinds, counts, whole, working, submitted, day, parts, ids)


def packed(columns: Sequence[Sequence[int] | Column]) -> bytes:
    """Columns of integers as they are kept: how many, how long each is, then all of them, little-endian."""
    head = np.array([len(columns), *map(len, columns)])
    return np.concatenate([head, *columns], dtype=KEPT, casting="unsafe").tobytes()


def unpacked(kept: bytes) -> list[Column]:
    """The columns of `packed`."""
    numbers = np.frombuffer(kept, KEPT)
    begin = int(numbers[0]) + 1
    found = list[Column]()
    for length in numbers[1:begin].tolist():
        found.append(numbers[begin : begin + length])
        begin += length
    return found
