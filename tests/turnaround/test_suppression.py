"""What is told of all companies' lines, and whether what is hidden can be reckoned from it."""

import random
from collections import Counter, defaultdict
from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from app.turnaround import rules
from app.turnaround.suppression import ALL, Suppression

LABS = {"lab-a": "national", "lab-b": "national", "lab-c": "provincial"}
TESTS = {"t-a": "battery", "t-b": "battery", "t-c": "emc"}
CITIES = {"chengdu": "sc", "yibin": "sc", "chongqing": "cq"}
MONTHS = {"2026-01": "2026-Q1", "2026-02": "2026-Q1", "2026-04": "2026-Q2"}
AXES = (LABS, TESTS, CITIES, MONTHS)


def paths(leaves):
    """Of a leaf of each axis: the path of its test, and the other three."""
    lab, test, *rest = [
        (f"{name}:{leaf}", f"{name}:{axis[leaf]}", ALL)
        for name, leaf, axis in zip(("lab", "test", "way", "time"), leaves, AXES, strict=True)
    ]
    return test, (lab, *rest)


def suppressed(cells) -> Suppression:
    """Ways are another look at the same lines."""
    placed = [(*paths(leaves), companies) for leaves, companies in cells.items()]
    return Suppression(
        ((test, (lab, time), companies) for test, (lab, _way, time), companies in placed),
        ((test[1:], (way,), companies) for test, (_lab, way, _time), companies in placed),
    )


EVERY = list(product(*AXES))


def nodes_of(cells):
    """Each node that can be asked for with the places of its cells."""
    found = {}
    for place, leaves in enumerate(cells):
        test, others = paths(leaves)
        below = {(ALL, column) for column in test}
        below |= {(row, column) for path in others for row in path for column in test[1:]}
        for node in below:
            found.setdefault(node, []).append(place)
    return found


CELLS = st.dictionaries(
    st.tuples(*(st.sampled_from(sorted(axis)) for axis in AXES)),
    st.dictionaries(st.sampled_from("甲乙丙丁戊"), st.integers(1, 9), min_size=1),
    max_size=14,
)


def is_small(cells, places) -> bool:
    told = [cells.get(EVERY[place], {}) for place in places]
    return not rules.enough(sum(sum(each.values()) for each in told), len(set().union(*told)))


@settings(max_examples=40, deadline=None)
@given(CELLS)
def test_no_small_cell_follows_from_all_that_is_told(cells) -> None:
    """Every sum and difference that a reader can make: is a small one among them? By rank, over all tables at once.

    A reader knows which rows have no lines at all; what lies there is nothing, for no cell is below zero.
    """
    suppression = suppressed(cells)
    nodes = nodes_of(EVERY)
    lines = {node: sum(sum(cells.get(EVERY[place], {}).values()) for place in places) for node, places in nodes.items()}
    nothing = {place for node, places in nodes.items() if not lines[node] for place in places}
    left = [place for place in range(len(EVERY)) if place not in nothing]

    def row(places):
        return [float(place in places) for place in left]

    told = [row(places) for node, places in nodes.items() if lines[node] and not suppression.hides(node)]
    rank = np.linalg.matrix_rank(np.array(told)) if told else 0
    for node, places in nodes.items():
        if lines[node] and is_small(cells, places):
            assert suppression.hides(node)
            assert np.linalg.matrix_rank(np.array([*told, row(places)])) == rank + 1


def test_the_whole_is_told_however_much_is_small() -> None:
    """A region of few companies at many labs: most rows are small, the whole is not."""
    dice = random.Random(4)
    labs = {f"l{n}": ("national", "provincial")[n % 2] for n in range(20)}
    cells: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for _ in range(700):
        company = dice.choice("甲乙丙丁戊己庚")
        lab = dice.choice(sorted(labs))
        leaves = (lab, f"t{lab}{dice.randrange(4)}", f"city-{company}", f"2026-{dice.randrange(1, 13):02d}")
        cells[leaves][company] += 1
    domains = {leaves[1]: f"domain:{leaves[1][-2:]}" for leaves in cells}

    def placed(leaves):
        lab, test, city, month = leaves
        way = (f"way:{city}", f"way:{'cq' if city.endswith('庚') else 'sc'}", ALL)
        time = (f"time:{month}", f"time:{rules.quarter(month)}", ALL)
        return (test, domains[test], ALL), (f"lab:{lab}", f"lab:{labs[lab]}", ALL), way, time

    looks = [(*placed(leaves), companies) for leaves, companies in cells.items()]
    suppression = Suppression(
        ((test, (lab, time), companies) for test, lab, _way, time, companies in looks),
        ((test[1:], (way,), companies) for test, _lab, way, _time, companies in looks),
    )
    assert not suppression.hides((ALL, ALL))
    assert sum(not suppression.hides((f"lab:{lab}", ALL)) for lab in labs) > 15
    assert not any(suppression.hides((f"time:2026-{month:02d}", ALL)) for month in range(1, 13))


LARGE = st.fixed_dictionaries({company: st.integers(2, 9) for company in "甲乙丙"})


@given(st.dictionaries(st.tuples(*(st.sampled_from(sorted(axis)) for axis in AXES)), LARGE, max_size=8))
def test_nothing_is_hidden_without_need(cells) -> None:
    suppression = suppressed(cells)
    assert not [node for node in nodes_of(EVERY) if suppression.hides(node)]


def test_one_small_lab_takes_the_next_smallest_with_it() -> None:
    large = {"甲": 9, "乙": 9, "丙": 9}
    labs = {"lab:s": {"甲": 2}, "lab:m": {"甲": 3, "乙": 3, "丙": 3}, "lab:l": large, "lab:xl": large | {"丁": 9}}
    test = ("t-a", "domain:battery", ALL)
    suppression = Suppression((test, [(lab, "lab:level:all", ALL)], companies) for lab, companies in labs.items())
    assert [lab for lab in labs if suppression.hides((lab, ALL))] == ["lab:s", "lab:m"]
    assert not suppression.hides(("lab:level:all", ALL)) and not suppression.hides((ALL, ALL))
