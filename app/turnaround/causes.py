"""What the days were lost to: the customer's time by cause, pauses of runs by cause, tests done again, and moves for
late samples.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Subquery, func, select

from app.booking.move_rules import MoveCause
from app.errors import N_
from app.orders.models import STOP_LABELS, RetestCause, StopCause
from app.testing.run_rules import CAUSE_LABELS, PauseCause
from app.turnaround import losses
from app.turnaround.losses import Lost
from app.turnaround.queries import Answer
from app.turnaround.question import DAY_SECONDS, Question, sees_all
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
    # Of the causes of moves the one whose time is counted.
    f"move:{MoveCause.SAMPLE_LATE.value}": MoveCause.SAMPLE_LATE.label,
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
    return _ranked(losses.of_own(answer.own), of_all=False) if answer.own else pareto(answer.question)


def pareto(question: Question) -> list[Cause]:
    """Causes in the lines issued in the period, read now. Raises Forbidden."""
    return _ranked(losses.of_all(question), sees_all(question.viewer))


def _ranked(lost: Lost, of_all: bool) -> list[Cause]:
    """The costliest first (Juran's vital few). of_all: of all companies, so that some may be hidden."""
    hidden = set[str]()
    if of_all:
        suppression = Suppression(((key, ALL), (), told) for key, told in lost.companies.items())
        hidden = {key for key in lost.companies if suppression.hides((ALL, key))}
    told = Counter({key: seconds for key, seconds in lost.seconds.items() if key not in hidden and seconds > 0})
    found, running = [], 0
    for key, seconds in told.most_common():
        running += seconds
        share = None if hidden else running / told.total()
        found.append(Cause(key, len(lost.lines[key]), seconds / DAY_SECONDS, share))
    return found + [Cause(key, None, None, None) for key in sorted(hidden)]


def lost_by_line(question: Question, key: str) -> Subquery:
    """Of a cause of LABELS `line_id` and `seconds` of each line of the question that lost time to it."""
    kind, _, cause = key.partition(":")
    lost = losses.queries(question)[kind].subquery()
    of_cause, line_id, _company, seconds = lost.c
    kept = select(line_id.label("line_id"), func.sum(seconds).label("seconds"))
    return kept.where(of_cause == _CAUSES[kind](cause)).group_by(line_id).subquery()


_CAUSES: Mapping[str, type[StopCause | PauseCause | RetestCause | MoveCause]] = {
    "customer": StopCause,
    "pause": PauseCause,
    "retest": RetestCause,
    "move": MoveCause,
}
