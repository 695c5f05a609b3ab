"""What the days were lost to: the customer's time by cause, pauses of runs by cause, and tests done again."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, Subquery, case, func, select

from app.accounts.policy import Action, visible
from app.database import db
from app.errors import N_
from app.labs.models import Test
from app.orders.models import STOP_LABELS, ClockStop, OrderLine, RetestCause, StopCause
from app.testing.models import RunPause
from app.testing.run_rules import CAUSE_LABELS, PauseCause
from app.turnaround import sql
from app.turnaround.cells import WHOLE
from app.turnaround.chains import REPEATED
from app.turnaround.queries import Answer
from app.turnaround.question import DAY_SECONDS, Question, complete, sees_all
from app.turnaround.suppression import ALL, Suppression

RETEST_LABELS = {
    RetestCause.FAILED: N_("不合格后重做"),
    RetestCause.INVALID: N_("试验无效后重做"),
}
# The msgids of all causes by the kind of loss.
LABELS = {
    **{f"customer:{cause.value}": label for cause, label in STOP_LABELS.items()},
    **{f"pause:{cause.value}": label for cause, label in CAUSE_LABELS.items()},
    **{f"retest:{cause.value}": label for cause, label in RETEST_LABELS.items()},
}


@dataclass(frozen=True, slots=True)
class Cause:
    """What a cause took: days of all its lines together, None where it may not be told; and how large a share of all
    lost days it and those before it are.
    """

    key: str
    lines: int | None
    days: float | None
    running_share: float | None

    @property
    def label(self) -> str:
        """The msgid that people read."""
        return LABELS[self.key]


def told(answer: Answer) -> list[Cause]:
    """`pareto` of the answer's question, as the night has published it where it did."""
    if answer.published:
        return [Cause(*row) for row in answer.published.facts["causes"]]
    return pareto(answer.question)


def pareto(question: Question) -> list[Cause]:
    """Causes in the lines issued in the period, the costliest first (Juran's vital few). Raises Forbidden."""
    seconds, lines, companies = Counter[str](), defaultdict[str, set[str]](set), defaultdict[str, Counter[str]](Counter)
    for key, line_id, company_id, lost in _losses(question):
        seconds[key] += lost
        if line_id not in lines[key]:
            lines[key].add(line_id)
            companies[key][company_id] += 1
    hidden = set[str]()
    if sees_all(question.viewer):
        suppression = Suppression(((key, ALL), (), told) for key, told in companies.items())
        hidden = {key for key in companies if suppression.hides((ALL, key))}
    told = Counter({key: lost for key, lost in seconds.items() if key not in hidden and lost > 0})
    found, running = [], 0
    for key, lost in told.most_common():
        running += lost
        share = None if hidden else running / told.total()
        found.append(Cause(key, len(lines[key]), lost / DAY_SECONDS, share))
    return found + [Cause(key, None, None, None) for key in sorted(hidden)]


def _losses(question: Question) -> Iterable[tuple[str, str, str, int]]:
    """Cause, line, company and seconds of every loss in the lines of the question. Three statements."""
    for kind, query in _queries(question).items():
        for cause, line_id, company_id, lost in db.session.execute(query):
            yield f"{kind}:{cause.value}", line_id, company_id, int(lost)


def lost_by_line(question: Question, key: str) -> Subquery:
    """Of a cause of LABELS `line_id` and `seconds` of each line of the question that lost time to it."""
    kind, _, cause = key.partition(":")
    lost = _queries(question)[kind].subquery()
    of_cause, line_id, _company, seconds = lost.c
    kept = select(line_id.label("line_id"), func.sum(seconds).label("seconds"))
    return kept.where(of_cause == _CAUSES[kind](cause)).group_by(line_id).subquery()


def _queries(question: Question) -> Mapping[str, Select[*tuple[Any, ...]]]:
    """By kind of loss: cause, line, company and seconds of the lines of the question."""
    scope = Action.SEE_ALL_TURNAROUND if sees_all(question.viewer) else Action.SEE_TURNAROUND
    losses = {"customer": (_stops(), ClockStop), "pause": (_pauses(), RunPause), "retest": (_retests(), OrderLine)}
    # Lines are many, losses are few: they are looked for from their own side.
    return {
        kind: query.where(visible(question.viewer, scope, model), *complete(question))
        for kind, (query, model) in losses.items()
    }


_CAUSES: Mapping[str, type[StopCause | PauseCause | RetestCause]] = {
    "customer": StopCause,
    "pause": PauseCause,
    "retest": RetestCause,
}


def _stops() -> Select[*tuple[Any, ...]]:
    """Stops of the order's clock, as far as they lie in the line's own time."""
    began = case((ClockStop.started_at > OrderLine.submitted_at, ClockStop.started_at), else_=OrderLine.submitted_at)
    ended = case((ClockStop.ended_at < OrderLine.issued_at, ClockStop.ended_at), else_=OrderLine.issued_at)
    return (
        select(ClockStop.cause, OrderLine.id, OrderLine.company_id, sql.seconds_between(began, ended))
        .join(OrderLine, OrderLine.order_id == ClockStop.order_id)
        .join(Test, Test.id == OrderLine.test_id)
        .where(ClockStop.started_at < OrderLine.issued_at, ClockStop.ended_at > OrderLine.submitted_at)
    )


def _pauses() -> Select[*tuple[Any, ...]]:
    lost = sql.seconds_between(RunPause.started_at, func.coalesce(RunPause.ended_at, OrderLine.ended_at))
    return (
        select(RunPause.cause, OrderLine.id, OrderLine.company_id, lost)
        .join(OrderLine, OrderLine.id == RunPause.order_line_id)
        .join(Test, Test.id == OrderLine.test_id)
    )


def _retests() -> Select[*tuple[Any, ...]]:
    """A test that is done again costs all of its own time."""
    return (
        select(OrderLine.retest_cause, OrderLine.id, OrderLine.company_id, WHOLE)
        .join(Test, Test.id == OrderLine.test_id)
        .where(REPEATED, OrderLine.retest_cause.is_not(None))
    )
