"""Why turnaround is as it is: what changed, which lines cost most, what days were lost to, whether the data add up."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import nsmallest

import numpy as np

from app.turnaround import causes, cohort
from app.turnaround.asking import Asked
from app.turnaround.causes import Cause
from app.turnaround.change import Change, Work, change
from app.turnaround.cohort import Flow
from app.turnaround.course import beside
from app.turnaround.lines import LineRow, costliest
from app.turnaround.naming import names_of
from app.turnaround.own import Own
from app.turnaround.queries import Answer
from app.turnaround.question import DAY_SECONDS
from app.turnaround.rules import PHASES, GroupBy, Period

COSTLIEST = 10
MOST_KINDS = 5
# Days that people would notice.
LEAST_MOVED = 0.05


class Against(enum.StrEnum):
    BEFORE = "before"
    YEAR_AGO = "year"


@dataclass(frozen=True, slots=True)
class Excess:
    """A line, how many days longer than the median of its test it took, and the phase with most of them."""

    line: LineRow
    days: float
    phase: str
    phase_days: float


@dataclass(frozen=True, slots=True)
class Moved:
    """A kind of work whose own time moved the mean: days of the whole change."""

    test_id: str
    lab_id: str
    test_zh: str
    test_en: str
    lab_zh: str
    lab_en: str
    days: float


@dataclass(frozen=True, slots=True)
class Why:
    """Everything of the page. period: as it was counted. Lists of single lines, kinds of work and the flow are for
    one's own lines only.
    """

    asked: Asked
    period: Period
    against: Against
    of_all: bool
    change: Change | None
    moved: Sequence[Moved]
    costliest: Sequence[Excess]
    causes: Sequence[Cause]
    flow: Flow | None
    as_of: datetime


def why(asked: Asked, against: Against, now: datetime) -> Why:
    """Raises Forbidden."""
    answer = Answer(asked.question, now)
    period = asked.question.period
    earlier = beside(asked.question, period.before if against is Against.BEFORE else period.year_ago, now)
    split = difference(answer, earlier) if earlier else None
    return Why(
        asked=asked,
        period=answer.question.period,
        against=against,
        of_all=answer.of_all,
        change=split,
        moved=_moved(split) if split and answer.own else [],
        costliest=_excesses(answer.own) if answer.own else [],
        causes=causes.told(answer) if answer.told else [],
        flow=cohort.flow(answer.own, now) if answer.own else None,
        as_of=now,
    )


def difference(answer: Answer, earlier: Answer) -> Change | None:
    """Why the mean of the one is another than that of the other; None where one has no lines, or none to be told."""
    if not (answer.told and earlier.told):
        return None
    return change(_work(earlier), _work(answer))


def _work(answer: Answer) -> Work:
    kinds = answer.kinds()
    lines = np.array([lines for lines, _sums in kinds.values()], np.int64)
    sums = np.array([sums[: len(PHASES)] for _lines, sums in kinds.values()], np.int64)
    return Work(list(kinds), lines, sums.reshape(-1, len(PHASES)) / lines[:, None] / DAY_SECONDS)


def _means(lines: int, sums: Sequence[int]) -> list[float]:
    """Days of each phase."""
    return [seconds / lines / DAY_SECONDS for seconds in sums[: len(PHASES)]]


def _moved(split: Change) -> list[Moved]:
    """The kinds of work with the largest share in the change, faster or slower."""
    most = nsmallest(MOST_KINDS, split.kinds.items(), key=lambda item: -abs(item[1]))
    tests = names_of(GroupBy.TEST, [test_id for (test_id, _lab), _days in most])
    labs = names_of(GroupBy.LAB, [lab_id for (_test, lab_id), _days in most])
    return [
        Moved(test_id, lab_id, *tests[test_id], *labs[lab_id], days)
        for (test_id, lab_id), days in most
        if abs(days) >= LEAST_MOVED
    ]


def _excesses(own: Own) -> list[Excess]:
    of_tests = own.tallies(GroupBy.TEST)
    found = costliest(own, of_tests, COSTLIEST)
    return [
        _excess(line, days, _means(of_tests[test_id].lines, of_tests[test_id].sums)) for line, test_id, days in found
    ]


def _excess(line: LineRow, days: float, usual: Sequence[float]) -> Excess:
    over = {phase: getattr(line, phase) - mean for phase, mean in zip(PHASES, usual, strict=True)}
    phase = max(PHASES, key=lambda name: over[name])
    return Excess(line, days, phase, getattr(line, phase))
