"""Everything one search page shows, put together once: what was found, and the chosen test at every lab."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby

from app.accounts.policy import Action, Viewer, allowed
from app.booking.availability import Wish
from app.booking.offers import best_of_each_bench
from app.booking.rules import Limits, bookable_span
from app.labs.models import Domain, Lab, Method, Test
from app.labs.quantities import BadFigure, Statement, parse
from app.search import queries
from app.search.comparing import Choice, Outline, Unable, by_report, compare, outline
from app.search.finding import Found, find
from app.search.forms import Question
from app.search.queries import Change, Hit
from app.worktime import midnight

PER_PAGE = 30


@dataclass(frozen=True, slots=True)
class Item:
    """A test in the list: when its first report can be there, for visitors the week of its first free time."""

    test: Hit
    report_at: datetime | None = None
    week: str | None = None


@dataclass(frozen=True, slots=True)
class Results:
    """One search page.

    methods: by id, all that tests or numbers stand for. changes: into and out of the leading method. lab_count: labs
    that can run any of the tests. items: this page of the tests. times: the viewer may see free times and gets
    `choices` and `unable`; visitors get `outlines`, computed at `as_of`. bookable: the viewer may hold. until: last
    start. domains: with their numbers of tests, when nothing was found. figures: what benches have to reach;
    bad_figure: a range that ends before it begins.
    """

    question: Question
    found: Found
    methods: Mapping[str, Method]
    changes: Sequence[Change]
    lab_count: int
    named_labs: Sequence[Lab]
    items: Sequence[Item]
    page_number: int
    page_count: int
    chosen: Test | None
    times: bool
    bookable: bool
    now: datetime
    until: datetime
    choices: Sequence[Choice] = ()
    unable: Sequence[Unable] = ()
    outlines: Sequence[Outline] = ()
    as_of: datetime | None = None
    domains: Sequence[tuple[Domain, int]] = field(default_factory=tuple)
    figures: Statement = field(default_factory=dict)
    bad_figure: str = ""

    @property
    def leading(self) -> Method | None:
        """The method that the query means; else that of the chosen test."""
        if edition := self.found.leading:
            return self.methods[edition.id]
        return self.chosen.method if self.chosen else None

    @property
    def groups(self) -> list[tuple[Method, list[Item]]]:
        """The tests of this page by method."""
        by_method = groupby(self.items, key=lambda item: item.test.method_id)
        return [(self.methods[method_id], list(items)) for method_id, items in by_method]


def results(question: Question, viewer: Viewer, now: datetime, limits: Limits) -> Results:
    """The page for a question; the number of statements doesn't depend on how much is found."""
    figures, text, bad_figure = _figures(question.text)
    found = find(text)
    page = _page_of(found.tests, question)
    hits = found.tests[(page - 1) * PER_PAGE : page * PER_PAGE]
    chosen = _chosen(hits, question)
    methods = queries.methods([*found.method_ids, *(edition.id for edition in found.query.editions)])
    able = queries.labs_able([hit.test_id for hit in found.tests])
    shell = Results(
        question=question,
        found=found,
        methods=methods,
        changes=(),
        lab_count=len(able if found.at_labs is None else able & found.at_labs),
        named_labs=queries.labs(found.named_labs) if found.named_labs else (),
        items=[Item(hit) for hit in hits],
        page_number=page,
        page_count=-(-len(found.tests) // PER_PAGE),
        chosen=chosen,
        times=bool(allowed(viewer, Action.SEE_AVAILABILITY)),
        bookable=bool(allowed(viewer, Action.BOOK)),
        now=now,
        until=bookable_span(now, limits).end,
        figures=figures,
        bad_figure=bad_figure,
    )
    if shell.leading:
        shell = replace(shell, changes=queries.changes(shell.leading.id))
    if chosen is None:
        return replace(shell, domains=queries.domains())
    return _with_times(shell, chosen, viewer.company_id, limits) if shell.times else _with_weeks(shell, chosen)


def _figures(text: str) -> tuple[Statement, str, str]:
    """Figures in the query, its other words, and a range that makes no sense."""
    try:
        figures, rest = parse(text)
    except BadFigure as error:
        return {}, text.replace(str(error), " "), str(error)
    return figures, rest if figures else text, ""


def _page_of(hits: Sequence[Hit], question: Question) -> int:
    """The page that shows the chosen test, else the one asked for, else the last."""
    for place, hit in enumerate(hits):
        if hit.test_id == question.test:
            return place // PER_PAGE + 1
    return max(1, min(question.page, -(-len(hits) // PER_PAGE)))


def _chosen(hits: Sequence[Hit], question: Question) -> Test | None:
    """The test asked for if it is among those found, else the first."""
    ids = [hit.test_id for hit in hits]
    if not ids:
        return None
    return queries.test(question.test if question.test in ids else ids[0])


def _with_times(shell: Results, chosen: Test, company_id: str | None, limits: Limits) -> Results:
    """Offers for every test of the page, in three statements, and one where labs have rules about companies."""
    earliest = midnight(shell.question.earliest) if shell.question.earliest else None
    tests = [item.test.test_id for item in shell.items]
    best = best_of_each_bench(tests, shell.now, limits, earliest, Wish(company_id))
    at_labs = shell.found.at_labs
    offers = [offer for offer in best.offers if at_labs is None or offer.slot.bench.lab_id in at_labs]
    first: dict[str, datetime] = {}
    for offer in sorted(offers, key=by_report):
        first.setdefault(offer.capable.test_id, offer.report.expected_at)
    of_chosen = [offer for offer in offers if offer.capable.test_id == chosen.id]
    refused = {resource: said for (test_id, resource), said in best.refused.items() if test_id == chosen.id}
    asked = shell.question.order, at_labs, shell.figures
    choices, unable = compare(of_chosen, queries.scopes(chosen.id), *asked, refused)
    items = [replace(item, report_at=first.get(item.test.test_id)) for item in shell.items]
    return replace(shell, items=items, choices=choices, unable=unable)


def _with_weeks(shell: Results, chosen: Test) -> Results:
    """What visitors see: cached weeks."""
    weeks, as_of = queries.earliest_weeks([item.test.test_id for item in shell.items])
    at_labs = shell.found.at_labs
    first: dict[str, str] = {}
    for (test_id, lab_id), week in weeks.items():
        if week and (at_labs is None or lab_id in at_labs):
            first[test_id] = min(week, first.get(test_id, week))
    of_chosen = {lab_id: week for (test_id, lab_id), week in weeks.items() if test_id == chosen.id}
    items = [replace(item, week=first.get(item.test.test_id)) for item in shell.items]
    return replace(shell, items=items, outlines=outline(queries.scopes(chosen.id), of_chosen, at_labs), as_of=as_of)
