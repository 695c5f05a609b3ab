"""The viewer's own lines behind his figures: what the summary keeps of them, and what was issued since read live."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from heapq import nsmallest
from itertools import compress
from typing import Any

from sqlalchemy import Select, select

from app.database import db
from app.labs.models import Lab
from app.turnaround.columns import NAMES, Block, LineFacts, block, opened
from app.turnaround.facts import facts
from app.turnaround.faults import LEFT_OUT, FaultyLine
from app.turnaround.kept import covered, theirs
from app.turnaround.models import SummarisedLines
from app.turnaround.question import Question, countable
from app.turnaround.rules import GroupBy, days_of_month, quarter
from app.turnaround.table import Groups, Table
from app.turnaround.tally import Tally

OF_KINDS: Mapping[GroupBy, Callable[[Table], Groups[str]]] = {
    GroupBy.LAB: lambda lines: lines.labs,
    GroupBy.DOMAIN: lambda lines: lines.domains,
    GroupBy.TEST: lambda lines: lines.tests,
}

# By cause (`causes.LABELS`) the lines that lost time to it, and how many seconds each; a line may stand there again.
Losses = Mapping[str, tuple[Sequence[str], Sequence[int]]]


def wants(question: Question, line: FaultyLine) -> bool:
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
        span, months = question.period.span, self.covered.months.items()
        # What is known of them does not lie in the period as a whole.
        self._edges = {month for month, known in months if not (span.start <= known.start and known.end <= span.end)}

    def tallies(self, group_by: GroupBy | None) -> dict[str, Tally]:
        """The lines by key of a group of time, labs or tests; for None all under one key, where there are any."""
        return self.lines.tallies(self._groups(group_by))

    @property
    def total(self) -> Tally:
        return self.tallies(None).get("", Tally())

    def monthly(self, group_by: GroupBy) -> dict[tuple[str, str], Tally]:
        """The lines by key of a group of OF_KINDS, and month."""
        return self.lines.tallies(OF_KINDS[group_by](self.lines).by(self.lines.months))

    def kinds(self) -> dict[tuple[str, str], tuple[int, Sequence[int]]]:
        """Of each test and lab how many lines, and their seconds by part together."""
        kinds = self.lines.tests.by(self.lines.labs)
        counts, sums = self.lines.sums(kinds)
        return dict(zip(kinds.keys, zip(counts.tolist(), sums, strict=True), strict=True))

    def longest(self, limit: int) -> list[str]:
        """The ids of the lines that took longest."""
        lines = self.lines
        most = ((-whole, lines.line_id(place)) for whole, place in lines.largest(lines.whole, limit))
        return [line_id for _whole, line_id in nsmallest(limit, most)]

    def left_out(self) -> Iterator[FaultyLine]:
        """The lines that count in no figure, of what the summary knows of the period."""
        query = select(SummarisedLines.month, SummarisedLines.faulty)
        for month, kept in self._read(query):
            first, last = self._days(month)
            for fault in LEFT_OUT:
                lines = (FaultyLine(*line) for line in kept.get(fault, ()))
                yield from (line for line in lines if first <= line.day <= last and wants(self.question, line))

    @cached_property
    def lines(self) -> Table:
        """All lines."""
        return Table([*self._kept, *self._fresh])

    @cached_property
    def known(self) -> Table:
        """Those that the summary knows."""
        return Table(self._kept) if self._fresh else self.lines

    def losses(self) -> Iterator[tuple[str, Losses | None]]:
        """By month what the summary knows that lines lost time to; None where it does not know it."""
        for month, kept in self._read(select(SummarisedLines.month, SummarisedLines.losses)):
            if kept is not None and (self.question.narrowed or month in self._edges):
                wanted = {line_id for each in self._kept if each.month == month for line_id in each.ids.split()}
                kept = {cause: _only(lost, wanted) for cause, lost in kept.items()}
            yield month, kept

    def _groups(self, group_by: GroupBy | None) -> Groups[str]:
        match group_by:
            case None:
                return self.lines.months.mapped(lambda _month: "")
            case GroupBy.MONTH:
                return self.lines.months
            case GroupBy.QUARTER:
                return self.lines.months.mapped(quarter)
            case GroupBy.LEVEL:
                return self.lines.labs.mapped(_levels().__getitem__)
            case _:
                return OF_KINDS[group_by](self.lines)

    @cached_property
    def _kept(self) -> list[Block]:
        kept = SummarisedLines
        return [
            self._asked(opened(*row))
            for row in self._read(select(kept.month, kept.kinds, kept.by_kind, kept.lines, kept.line_ids))
        ]

    @cached_property
    def _fresh(self) -> list[Block]:
        period, months = self.question.period, defaultdict[str, list[LineFacts]](list)
        beside = self.covered.beside(period.span)
        for month, _company, line in facts([*countable(self.question), beside], period.first.year, period.last.year):
            months[month].append(line)
        return [block(month, lines) for month, lines in months.items()]

    def _read(self, query: Select[*tuple[Any, ...]]) -> Iterable[Any]:
        """What the summary keeps of the period's months; no statement for none."""
        wanted = list(self.covered.months)
        own = theirs(self.question.viewer), SummarisedLines.month.in_(wanted)
        return db.session.execute(query.where(*own)) if wanted else ()

    def _asked(self, found: Block) -> Block:
        """Its lines that the question is about."""
        question = self.question
        for name, wanted in zip(NAMES, (question.lab_id, question.test_id, question.domain_id), strict=True):
            if wanted:
                found = found.only(found.places(name, {each: each == wanted for each in found.names[name]}) > 0)
        if found.month in self._edges:
            first, last = self._days(found.month)
            found = found.only((first <= found.day) & (found.day <= last))
        return found

    def _days(self, month: str) -> tuple[int, int]:
        """The first and the last day of the month that the period has."""
        period, days = self.question.period, days_of_month(month)
        return max(period.first, days.first).day, min(period.last, days.last).day


def _only(lost: tuple[Sequence[str], Sequence[int]], wanted: set[str]) -> tuple[Sequence[str], Sequence[int]]:
    chosen = [line_id in wanted for line_id in lost[0]]
    return list(compress(lost[0], chosen)), list(compress(lost[1], chosen))


def _levels() -> dict[str, str]:
    return {row[0]: row[1] for row in db.session.execute(select(Lab.id, Lab.level))}
