"""Lines of several months in one table of columns: grouped, added up, and the longest of them found. Pure."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from functools import cached_property
from itertools import chain
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from app.turnaround.columns import Block, Column
from app.turnaround.tally import PARTS, Tally

Key = TypeVar("Key", bound=Hashable)
Other = TypeVar("Other", bound=Hashable)
# Lines are sorted by group and length in one number; no line takes 2⁴⁰ seconds.
BITS = 40
NONE: Column = np.empty(0, np.int64)


class Groups(NamedTuple, Generic[Key]):
    """keys: each once; of: the place of its key, of each line."""

    keys: Sequence[Key]
    of: Column

    def mapped(self, name: Callable[[Key], Other]) -> "Groups[Other]":
        """The groups that have the same name together."""
        places: dict[Other, int] = {}
        found = [places.setdefault(name(key), len(places)) for key in self.keys]
        return Groups(list(places), np.array(found, np.int64)[self.of])

    def by(self, other: "Groups[Other]") -> "Groups[tuple[Key, Other]]":
        """Each group parted by the other ones, as far as there are lines."""
        found, of = np.unique(self.of * len(other.keys) + other.of, return_inverse=True)
        keys = map(self.keys.__getitem__, (found // len(other.keys)).tolist())
        under = map(other.keys.__getitem__, (found % len(other.keys)).tolist())
        return Groups(list(zip(keys, under, strict=True)), of)


class Table:
    """All lines of these blocks. whole, working, submitted: as in `columns.Block`."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self._blocks = blocks
        self._sizes = [len(block.whole) for block in blocks]
        self.whole = _joined([block.whole for block in blocks])

    def __len__(self) -> int:
        return len(self.whole)

    @cached_property
    def working(self) -> Column:
        return _joined([block.working for block in self._blocks])

    @cached_property
    def submitted(self) -> Column:
        return _joined([block.submitted for block in self._blocks])

    @cached_property
    def months(self) -> Groups[str]:
        every = Groups([block.month for block in self._blocks], np.repeat(np.arange(len(self._blocks)), self._sizes))
        return every.mapped(str)

    @cached_property
    def labs(self) -> Groups[str]:
        return self._named("lab")

    @cached_property
    def tests(self) -> Groups[str]:
        return self._named("test")

    @cached_property
    def domains(self) -> Groups[str]:
        return self._named("domain")

    def tallies(self, groups: Groups[Key]) -> dict[Key, Tally]:
        """The lines of each group that has any."""
        counts, sums = self.sums(groups)
        ends = counts.cumsum()
        whole, working = _ascending(groups.of, self.whole), _ascending(groups.of, self.working)
        return {
            groups.keys[place]: Tally(whole[begin:end], working[begin:end], sums[place])
            for place, (begin, end) in enumerate(zip((ends - counts).tolist(), ends.tolist(), strict=True))
            if begin < end
        }

    def sums(self, groups: Groups[Key]) -> tuple[Column, Sequence[Sequence[int]]]:
        """Of each group how many lines, and their seconds by part together."""
        size, parts = len(groups.keys), []
        for place in range(len(PARTS)):
            found = np.zeros(size, np.int64)
            np.add.at(found, groups.of, self._parts[place])
            parts.append(found.tolist())
        return np.bincount(groups.of, minlength=size), list(zip(*parts, strict=True))

    def largest(self, numbers: NDArray[np.int64] | NDArray[np.float64], limit: int) -> Iterator[tuple[float, int]]:
        """The lines by place whose numbers are no smaller than the `limit` largest, with these; in no order."""
        if len(numbers) > limit:
            least = np.partition(numbers, len(numbers) - limit)[len(numbers) - limit]
            places = np.flatnonzero(numbers >= least)
        else:
            places = np.arange(len(numbers))
        return zip(numbers[places].tolist(), places.tolist(), strict=True)

    def line_id(self, place: int) -> str:
        """The id of a line."""
        ends = np.cumsum(self._sizes)
        block = int(np.searchsorted(ends, place, "right"))
        return self._blocks[block].ids.split()[place - int(ends[block]) + self._sizes[block]]

    @cached_property
    def _parts(self) -> Sequence[Column]:
        return [_joined([block.parts[place] for block in self._blocks]) for place in range(len(PARTS))]

    def _named(self, name: str) -> Groups[str]:
        keys = dict.fromkeys(chain.from_iterable(block.names[name] for block in self._blocks))
        numbers = {key: number for number, key in enumerate(keys)}
        return Groups(list(keys), _joined([block.places(name, numbers) for block in self._blocks]))


def _joined(columns: Sequence[Column]) -> Column:
    return np.concatenate([NONE, *columns], dtype=np.int64, casting="unsafe")


def _ascending(of: Column, numbers: Column) -> Column:
    """The numbers, none below zero, group after group, in ascending order in each."""
    found: Column = np.sort(of << BITS | numbers) & ((1 << BITS) - 1)
    return found
