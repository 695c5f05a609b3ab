"""The viewer's own lines behind his figures: what the summary keeps of them, and what was issued since read live."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from heapq import nsmallest
from typing import Any

from sqlalchemy import Select, select

from app.database import db
from app.labs.models import Lab
from app.turnaround.columns import (
    EVERY,
    Block,
    Kind,
    LineFacts,
    Runs,
    block,
    column_sums,
    gathered,
    kinds_met,
    unpacked,
)
from app.turnaround.facts import facts
from app.turnaround.faults import LEFT_OUT, FaultyLine
from app.turnaround.kept import covered, theirs
from app.turnaround.models import SummarisedLines
from app.turnaround.question import Question, complete
from app.turnaround.rules import GroupBy, days_of_month, quarter
from app.turnaround.tally import PARTS, Tally

OF_KINDS: Mapping[GroupBy, Callable[[Kind], str]] = {
    GroupBy.LAB: lambda kind: kind.lab_id,
    GroupBy.DOMAIN: lambda kind: kind.domain_id,
    GroupBy.TEST: lambda kind: kind.test_id,
}
BY_LAB = (GroupBy.LAB, GroupBy.LEVEL)
OF_TIME: Mapping[GroupBy | None, Callable[[str], str]] = {
    None: lambda _month: "",
    GroupBy.MONTH: lambda month: month,
    GroupBy.QUARTER: quarter,
}


def wants(question: Question, line: Kind | FaultyLine) -> bool:
    """Whether the filters of the question leave it."""
    return (
        question.lab_id in (None, line.lab_id)
        and question.domain_id in (None, line.domain_id)
        and question.test_id in (None, line.test_id)
    )


class Own:
    """The lines of a question that count. Never of all companies: `theirs` tells whose. Raises Forbidden."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.covered = covered(question.viewer, question.period.months())
        span, months = question.period.span, self.covered.months
        # What is known of them lies in the period as a whole.
        self._inner = [month for month, known in months.items() if span.start <= known.start and known.end <= span.end]
        self._edges = [month for month in months if month not in self._inner]

    def tallies(self, group_by: GroupBy | None) -> dict[str, Tally]:
        """The lines by key of a group of time, labs or tests; for None all under one key, where there are any."""
        return gathered(self._parts(group_by))

    @property
    def total(self) -> Tally:
        return self.tallies(None).get("", Tally())

    def monthly(self, group_by: GroupBy) -> dict[tuple[str, str], Tally]:
        """The lines by key of a group of OF_KINDS, and month."""

        def of(month: str) -> Callable[[Kind], tuple[str, str]]:
            return lambda kind: (OF_KINDS[group_by](kind), month)

        return gathered((runs, of(month)) for month, runs in self._runs(group_by))

    def kinds(self) -> dict[tuple[str, str], tuple[int, Sequence[int]]]:
        """Of each test and lab how many lines, and their seconds by part together."""
        counts, sums = defaultdict[Kind, int](int), defaultdict[Kind, list[int]](list)
        for each in self.blocks:
            for kind, begin, end, parts in each.runs.shares():
                counts[kind] += end - begin
                sums[kind] += parts
        return {
            (kind.test_id, kind.lab_id): (lines, column_sums(sums[kind], len(PARTS))) for kind, lines in counts.items()
        }

    def longest(self, limit: int) -> list[str]:
        """The ids of the lines that took longest."""
        every = (
            (-whole, line_id) for each in self.blocks for whole, line_id in zip(each.runs.whole, each.ids, strict=True)
        )
        return [line_id for _whole, line_id in nsmallest(limit, every)]

    def left_out(self) -> Iterator[FaultyLine]:
        """The lines that count in no figure, of what the summary knows of the period."""
        query = select(SummarisedLines.month, SummarisedLines.faulty)
        for month, kept in self._read(query, self.covered.months):
            first, last = self._days(month)
            for fault in LEFT_OUT:
                lines = (FaultyLine(*line) for line in kept.get(fault, ()))
                yield from (line for line in lines if first <= line.day <= last and wants(self.question, line))

    @cached_property
    def blocks(self) -> list[Block]:
        """All lines, a block for each month and company or lab."""
        return [*self.known, *self._fresh]

    @cached_property
    def known(self) -> list[Block]:
        """Those that the summary knows."""
        inner = [self._asked(each) for each in self._kept(self._inner)]
        return [*inner, *self._at_the_edges]

    def _parts(self, group_by: GroupBy | None) -> Iterator[tuple[Runs, Callable[[Kind], str]]]:
        levels = self._levels() if group_by is GroupBy.LEVEL else {}
        for month, runs in self._runs(group_by):
            if group_by in OF_TIME:
                yield runs, _always(OF_TIME[group_by](month))
            elif group_by is GroupBy.LEVEL:
                yield runs, lambda kind: levels[kind.lab_id]
            else:
                assert group_by
                yield runs, OF_KINDS[group_by]

    def _runs(self, group_by: GroupBy | None) -> Iterator[tuple[str, Runs]]:
        """All lines by month, grouped at least as finely as wanted, and no finer where that is kept."""
        if self.question.narrowed or group_by is GroupBy.TEST:
            return ((each.month, each.runs) for each in self.blocks)
        place = 0 if group_by in OF_TIME else 1 if group_by in BY_LAB else 2
        kept = ((month, margins[place]) for month, *margins in self._margins)
        return iter([*kept, *((each.month, each.runs) for each in (*self._at_the_edges, *self._fresh))])

    @cached_property
    def _margins(self) -> list[tuple[str, Runs, Runs, Runs]]:
        """Of each whole month its lines together, by lab and by domain."""
        kept = SummarisedLines
        query = select(kept.month, kept.total, kept.labs, kept.by_lab, kept.domains, kept.by_domain)
        return [
            (
                month,
                _opened([EVERY], total),
                _opened([Kind(lab_id=lab) for lab in labs], by_lab),
                _opened([Kind(domain_id=domain) for domain in domains], by_domain),
            )
            for month, total, labs, by_lab, domains, by_domain in self._read(query, self._inner)
        ]

    @cached_property
    def _at_the_edges(self) -> list[Block]:
        """Of months that the period has a part of."""
        found = []
        for each in self._kept(self._edges):
            first, last = self._days(each.month)
            found.append(self._asked(each.only(_of_days(first, last))))
        return found

    @cached_property
    def _fresh(self) -> list[Block]:
        period, months = self.question.period, defaultdict[str, list[LineFacts]](list)
        beside = self.covered.beside(period.span)
        for month, _company, line in facts([*complete(self.question), beside], period.first.year, period.last.year):
            months[month].append(line)
        return [block(month, lines) for month, lines in months.items()]

    def _kept(self, months: Sequence[str]) -> Iterator[Block]:
        kept = SummarisedLines
        query = select(kept.month, kept.kinds, kept.by_kind, kept.lines, kept.line_ids)
        for month, kinds, by_kind, lines, ids in self._read(query, months):
            named = kinds_met(kinds["lab"], kinds["test"], kinds["domain"])
            submitted, day, *parts = unpacked(lines)
            yield Block(month, _opened(named, by_kind), ids.split(), submitted, day, parts)

    def _read(self, query: Select[*tuple[Any, ...]], months: Iterable[str]) -> Iterable[Any]:
        """What the summary keeps of these months; no statement for none."""
        wanted = list(months)
        own = theirs(self.question.viewer), SummarisedLines.month.in_(wanted)
        return db.session.execute(query.where(*own)) if wanted else ()

    def _asked(self, found: Block) -> Block:
        return found.only(lambda line: wants(self.question, line.kind)) if self.question.narrowed else found

    def _days(self, month: str) -> tuple[int, int]:
        """The first and the last day of the month that the period has."""
        period, days = self.question.period, days_of_month(month)
        return max(period.first, days.first).day, min(period.last, days.last).day

    def _levels(self) -> dict[str, str]:
        return {row[0]: row[1] for row in db.session.execute(select(Lab.id, Lab.level))}


def _opened(kinds: Sequence[Kind], kept: bytes) -> Runs:
    ends, *columns = unpacked(kept)
    # Whose lines are all left out has none of any kind.
    return Runs(kinds[: len(ends)], ends, *columns)


def _of_days(first: int, last: int) -> Callable[[LineFacts], bool]:
    return lambda line: first <= line.day <= last


def _always(group: str) -> Callable[[Kind], str]:
    return lambda _kind: group
