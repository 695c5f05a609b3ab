"""Which figures of all companies may be told: the small ones are hidden, and what would tell them by subtraction. Pure.

What can be asked for are the domains and their tests, and labs, ways from city to province, and months, each as a whole
and by domain. Every sum that a reader can make follows from the families of these nodes, a parent being the sum of its
children. So further nodes are hidden until no small one is the only solution of these equations (Hundepool et al.,
Statistical Disclosure Control, 2012, chapter 4).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, pairwise

from app.turnaround import rules

ALL = ""
# A value of an axis with all that it belongs to: itself first, the whole (ALL) last.
Path = tuple[str, ...]
# Of labs, ways or months a value, of tests a value.
Node = tuple[str, str]
Placed = tuple[Path, Sequence[Path], Mapping[str, int]]
WHOLE: Node = (ALL, ALL)
# Sums are solved modulo this prime: exact, without fractions.
PRIME = (1 << 61) - 1


class Suppression:
    """cells: of each the path of its test, its paths on other axes, and the lines of each company in it.
    again: the same lines on further axes, by domain.
    """

    def __init__(self, cells: Iterable[Placed], again: Iterable[Placed] = ()) -> None:
        self._companies: dict[Node, Counter[str]] = defaultdict(Counter)
        above: dict[Node, set[Node]] = defaultdict(set)
        for test, others, companies in cells:
            for node in chain(((ALL, each) for each in test), _nodes(test[1:], others)):
                self._companies[node].update(companies)
            for child, parent in chain(_upwards(test), _sums(test[1:], others)):
                above[child].add(parent)
        for domain, others, companies in again:
            for node in _nodes(domain, others):
                self._companies[node].update(companies)
            for child, parent in _sums(domain, others):
                above[child].add(parent)
        self._size = {node: sum(companies.values()) for node, companies in self._companies.items()}
        self._families = self._by_parent(above)
        self._small = {node for node in self._companies if not self._enough([node])}
        self._hidden = set(self._small)
        self._spread()
        while told := self._told_by_others():
            self._hide_beside(told)
            self._spread()

    def hides(self, node: Node) -> bool:
        """Whether nothing of this node may be told. A node without lines tells that there are none, as long as it is
        one of those that can be asked for.
        """
        return node in self._hidden

    def _by_parent(self, above: Mapping[Node, Iterable[Node]]) -> list[tuple[Node, list[Node]]]:
        """Each parent with its children of one axis, smallest first."""
        found: dict[tuple[Node, str], list[Node]] = defaultdict(list)
        for child in sorted(above, key=lambda node: (self._size[node], node)):
            for parent in above[child]:
                # Children of the whole along different axes are different families.
                axis = child[0].partition(":")[0] if child[1] == parent[1] else "test"
                found[parent, axis].append(child)
        return [(parent, children) for (parent, _axis), children in found.items()]

    def _spread(self) -> None:
        changed = True
        while changed:
            changed = False
            for parent, children in self._families:
                gone = self._to_hide(parent, children)
                changed = changed or bool(gone)
                self._hidden.update(gone)

    def _to_hide(self, parent: Node, children: Sequence[Node]) -> list[Node]:
        """What of a family has to go so that its sum alone tells nothing small."""
        hidden = [child for child in children if child in self._hidden]
        told = [child for child in children if child not in self._hidden]
        if parent in self._hidden:
            # Its children would add up to it.
            return [] if hidden else told[:1]
        if len(children) == 1:
            return [parent] if hidden else []
        gone: list[Node] = []
        while hidden and told[len(gone) :] and not self._enough([*hidden, *gone]):
            gone.append(told[len(gone)])
        return gone

    def _enough(self, nodes: Sequence[Node]) -> bool:
        """Whether these, which have no line in common, are together large enough to be told."""
        lines = sum(self._size[node] for node in nodes)
        return rules.enough(lines, len(set().union(*(self._companies[node] for node in nodes))))

    def _told_by_others(self) -> list[Node]:
        """The small nodes that all families together leave only one value for."""
        equations = (
            {node: -1 if node == parent else 1 for node in (parent, *children) if node in self._hidden}
            for parent, children in self._families
        )
        return sorted(node for node in determined(equations) if node in self._small)

    def _hide_beside(self, told: Iterable[Node]) -> None:
        """For each of these the smallest that is still told of those nearest to it, the whole last."""
        for node in told:
            self._hidden.add(self._nearest_told(node) or WHOLE)

    def _nearest_told(self, node: Node) -> Node | None:
        seen, ring = {node}, {node}
        while ring:
            families = ((parent, *children) for parent, children in self._families)
            ring = {member for family in families if ring & set(family) for member in family} - seen
            beside = [member for member in ring if member not in self._hidden and member != WHOLE]
            if beside:
                return min(beside, key=lambda member: (self._size[member], member))
            seen |= ring
        return None


def _upwards(test: Path) -> Iterator[tuple[Node, Node]]:
    yield from (((ALL, child), (ALL, parent)) for child, parent in pairwise(test))


def _nodes(domain: Path, others: Sequence[Path]) -> Iterator[Node]:
    yield from ((each, column) for path in others for each in path[:-1] for column in domain)


def _sums(domain: Path, others: Sequence[Path]) -> Iterator[tuple[Node, Node]]:
    """Child and parent of every sum in which the cell stands, but for those of tests."""
    for path in others:
        for child, parent in pairwise(path):
            yield from (((child, column), (parent, column)) for column in domain)
        for each in path[:-1]:
            yield from (((each, child), (each, parent)) for child, parent in pairwise(domain))


def determined(equations: Iterable[Mapping[Node, int]]) -> set[Node]:
    """The unknowns that have one value only in these equations, of each the factors of its unknowns."""
    solved: dict[Node, dict[Node, int]] = {}
    for equation in equations:
        row = _reduced(dict(equation), solved)
        if not row:
            continue
        pivot = next(iter(row))
        scale = pow(row[pivot], PRIME - 2, PRIME)
        row = {node: factor * scale % PRIME for node, factor in row.items()}
        for other in solved.values():
            if pivot in other:
                _subtract(other, row, other[pivot])
        solved[pivot] = row
    return {pivot for pivot, row in solved.items() if len(row) == 1}


def _reduced(row: dict[Node, int], solved: Mapping[Node, Mapping[Node, int]]) -> dict[Node, int]:
    for node in list(row):
        if node in solved and node in row:
            _subtract(row, solved[node], row[node])
    return row


def _subtract(row: dict[Node, int], other: Mapping[Node, int], times: int) -> None:
    for node, factor in other.items():
        left = (row.get(node, 0) - times * factor) % PRIME
        if left:
            row[node] = left
        else:
            row.pop(node, None)
