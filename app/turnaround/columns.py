"""The lines of one month of one company or lab, column by column, so that thousands of them are read at once. Pure.

Columns are kept as 64-bit integers in a row, which takes a thousandth of the time of as many objects.
"""

import sys
from array import array
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple, TypeVar

from app.turnaround.tally import PARTS, Tally

Group = TypeVar("Group", bound=Hashable)


class Kind(NamedTuple):
    """What was done where: the finest that lines are grouped by within a month. Empty for what is not told apart."""

    lab_id: str = ""
    test_id: str = ""
    domain_id: str = ""


EVERY = Kind()
# One object for each kind that was met: thousands of new ones would set off the collector of garbage.
_met: dict[tuple[str, str, str], Kind] = {}


def kinds_met(labs: Iterable[str], tests: Iterable[str], domains: Iterable[str]) -> list[Kind]:
    """The kinds of these columns. There are as many as labs can do tests, so all are remembered."""
    found = []
    for key in zip(labs, tests, domains, strict=True):
        kind = _met.get(key)
        if kind is None:
            kind = _met[key] = Kind(*key)
        found.append(kind)
    return found


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


@dataclass(frozen=True, slots=True)
class Runs:
    """Lines by kind. ends: of each kind the place after its last line; whole and working: as in `LineFacts`, of each
    line; sums: of each kind the seconds of all its lines by part, one after the other.
    """

    kinds: Sequence[Kind]
    ends: Sequence[int]
    whole: Sequence[int]
    working: Sequence[int]
    sums: Sequence[int]

    def packed(self) -> bytes:
        return packed([self.ends, self.whole, self.working, self.sums])

    def shares(self) -> Iterator[tuple[Kind, int, int, Sequence[int]]]:
        """Each kind with where its lines begin and end, and its sums."""
        begin, sums = 0, zip(*[iter(self.sums)] * len(PARTS), strict=True)
        for kind, end, parts in zip(self.kinds, self.ends, sums, strict=True):
            yield kind, begin, end, parts
            begin = end


@dataclass(frozen=True, slots=True)
class Block:
    """The lines of a month (`YYYY-MM`) by kind, the shortest first in each. submitted, day: as in `LineFacts`;
    parts: a column of each. The places of all columns are those of `runs`.
    """

    month: str
    runs: Runs
    ids: Sequence[str]
    submitted: Sequence[int]
    day: Sequence[int]
    parts: Sequence[Sequence[int]]

    def packed_lines(self) -> bytes:
        """All columns that are not those of `runs`, but for the ids."""
        return packed([self.submitted, self.day, *self.parts])

    def lines(self) -> Iterator[LineFacts]:
        parts = list(zip(*self.parts, strict=True))
        runs = self.runs
        for kind, begin, end, _sums in runs.shares():
            for place in range(begin, end):
                yield LineFacts(
                    self.ids[place],
                    kind,
                    runs.whole[place],
                    runs.working[place],
                    self.submitted[place],
                    self.day[place],
                    parts[place],
                )

    def only(self, wanted: Callable[[LineFacts], bool]) -> "Block":
        """The lines that are wanted."""
        return block(self.month, filter(wanted, self.lines()))


def block(month: str, lines: Iterable[LineFacts]) -> Block:
    """The lines of a month, in whatever order."""
    ordered = sorted(lines, key=lambda line: (line.kind, line.whole, line.line_id))
    parts = [[line.parts[place] for line in ordered] for place in range(len(PARTS))]
    submitted, day = [line.submitted for line in ordered], [line.day for line in ordered]
    return Block(
        month, _runs(ordered, lambda line: line.kind), [line.line_id for line in ordered], submitted, day, parts
    )


def margin(lines: Iterable[LineFacts], part: Callable[[Kind], Kind]) -> Runs:
    """The lines by a part of their kind, all columns in ascending order in each."""
    found = _runs(sorted(lines, key=lambda line: (part(line.kind), line.whole)), lambda line: part(line.kind))
    working: list[int] = []
    for _kind, begin, end, _sums in found.shares():
        working += sorted(found.working[begin:end])
    return Runs(found.kinds, found.ends, found.whole, working, found.sums)


def _runs(ordered: Sequence[LineFacts], kind_of: Callable[[LineFacts], Kind]) -> Runs:
    kinds, ends, sums = list[Kind](), list[int](), list[int]()
    for kind, group in groupby(ordered, kind_of):
        lines = list(group)
        kinds.append(kind)
        ends.append((ends[-1] if ends else 0) + len(lines))
        sums += map(sum, zip(*(line.parts for line in lines), strict=True))
    return Runs(kinds, ends, [line.whole for line in ordered], [line.working for line in ordered], sums)


def gathered(parts: Iterable[tuple[Runs, Callable[[Kind], Group]]]) -> dict[Group, Tally]:
    """The lines of all these together, each grouped by what stands beside it."""
    found: dict[Group, tuple[list[int], list[int], list[int]]] = {}
    for runs, group_of in parts:
        for kind, begin, end, each in runs.shares():
            group = group_of(kind)
            known = found.get(group)
            if known is None:
                known = found[group] = [], [], []
            whole, working, sums = known
            whole += runs.whole[begin:end]
            working += runs.working[begin:end]
            sums += each
    return {
        group: Tally(sorted(whole), sorted(working), column_sums(sums, len(PARTS)))
        for group, (whole, working, sums) in found.items()
    }


def column_sums(numbers: Sequence[int], width: int) -> list[int]:
    """Of rows of so many numbers, one row after the other, the sum of each column."""
    return [sum(numbers[place::width]) for place in range(width)]


def packed(columns: Sequence[Sequence[int]]) -> bytes:
    """Columns of integers as they are kept: how many, how long each is, then all of them, little-endian."""
    numbers = array("q", [len(columns), *map(len, columns)])
    for column in columns:
        numbers.extend(column)
    return _little_endian(numbers).tobytes()


def unpacked(kept: bytes) -> list[Sequence[int]]:
    """The columns of `packed`."""
    numbers = array("q")
    numbers.frombytes(kept)
    numbers = _little_endian(numbers)
    begin, columns = numbers[0] + 1, list[Sequence[int]]()
    for length in numbers[1:begin]:
        columns.append(numbers[begin : begin + length])
        begin += length
    return columns


def _little_endian(numbers: "array[int]") -> "array[int]":
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
