"""What the page of turnaround shows, put together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from app.language import MONTHS_EN, lang
from app.timeline import Piece
from app.turnaround import charts, cohort, lines, quality, queries, targets
from app.turnaround.asking import Asked
from app.turnaround.causes import LABELS, Cause
from app.turnaround.chains import Chains, chains
from app.turnaround.cohort import TimeToReport
from app.turnaround.course import Course, beside, course
from app.turnaround.lines import LineRow
from app.turnaround.listing import Listed
from app.turnaround.queries import Answer, Figures, Question, Turnaround
from app.turnaround.rules import PHASES, GroupBy

CHART_MONTHS = 12
LONGEST = 4
WAITING_LONGEST = 3
MULTIPLES = 8
MOST_LABELS = 12
# Tables that may be long show so many rows, those with most lines; all of them when asked, and in the sheet.
MOST_ROWS, LONG = 100, (GroupBy.TEST, GroupBy.CITY)
# Of more columns than that these are named, the first of a year by its year.
NAMED = ("01", "04", "07", "10", "Q1", "Q3")


@dataclass(frozen=True, slots=True)
class Row:
    """A cell of the table with its phase bar."""

    figures: Figures
    bar: Sequence[Piece]
    sentence: str


@dataclass(frozen=True, slots=True)
class Multiple:
    """A small chart of one domain. more: days by which its P50 is longer than a year before; None without both."""

    figures: Figures
    points: Sequence[str]
    more: float | None


@dataclass(frozen=True, slots=True)
class Compared:
    """The whole of the same period last year; where there is none, of the period before."""

    before: Figures | None
    year_ago: Figures | None


@dataclass(frozen=True, slots=True)
class Page:
    """The figures of an address, and what is drawn of them. Lists of single lines are empty for coordinators.

    left_out: issued lines whose times can't be right. rows: of the table, the first of them unless all are asked for.
    """

    asked: Asked
    table: Turnaround
    compared: Compared
    reached: TimeToReport | None
    chains: Chains | None
    left_out: int | None
    rows: Sequence[Row]
    bar_days: int
    shares: Mapping[str, Piece]
    course: Course
    target_of: tuple[bool, str | None]
    multiples: Sequence[Multiple]
    multiple_days: int
    longest: Sequence[LineRow]
    waiting: Sequence[Figures]
    under_way: int | None

    @property
    def total(self) -> Figures:
        return self.table.total

    @property
    def of_all(self) -> bool:
        return self.table.of_all


def page(asked: Asked, now: datetime, all_rows: bool = False) -> Page:
    """Everything for the page. Raises Forbidden."""
    question, viewer = asked.question, asked.question.viewer
    group_by = asked.group_by or (GroupBy.DOMAIN if queries.sees_all(viewer) else GroupBy.LAB)
    answer = Answer(question, now)
    most = MOST_ROWS if group_by in LONG and not all_rows else None
    own, table, domains = answer.own, answer.table(group_by, most), answer.table(GroupBy.DOMAIN).items
    year_ago = beside(question, question.period.year_ago, now)
    high = charts.top([cell.mean for cell in table.items if cell.mean is not None])
    multiples, multiple_days = _multiples(answer, domains, year_ago) if own else ([], 0)
    return Page(
        asked=asked,
        table=table,
        compared=_compared(question, year_ago, now),
        reached=cohort.time_to_report(answer, now),
        chains=chains(answer.question) if own else None,
        left_out=quality.left_out(answer, now),
        rows=[_row(cell, high) for cell in table.items],
        bar_days=high,
        shares=charts.shares(table.total.phases) if table.total.phases else {},
        course=course(answer, year_ago, asked.grain, targets.target(viewer, question.lab_id)),
        target_of=targets.settable(viewer, question.lab_id),
        multiples=multiples,
        multiple_days=multiple_days,
        longest=lines.longest(own, LONGEST) if own else [],
        waiting=[] if own else _waiting(domains),
        under_way=queries.under_way(viewer) if own else None,
    )


def month_label(month: str) -> str:
    """A month or quarter under a chart: `5 月`, `May`, `Q2`."""
    if "Q" in month:
        return month[5:]
    number = int(month[5:])
    return MONTHS_EN[number - 1] if lang() == "en" else f"{number} 月"


def axis_labels(keys: Sequence[str]) -> list[str]:
    """What stands under the columns of a chart. Where they are many only some are named, and a year by its number."""
    if len(keys) > MOST_LABELS:
        return [_sparse_label(key) if key[5:] in NAMED else "" for key in keys]
    with_year = [place == 0 or key.endswith("Q1") for place, key in enumerate(keys)]
    return [
        f"{key[:4]} {key[5:]}" if "Q" in key and year else month_label(key)
        for key, year in zip(keys, with_year, strict=True)
    ]


def _sparse_label(key: str) -> str:
    return key[:4] if key[5:] in ("01", "Q1") else month_label(key)


def phase_label(phase: str) -> str:
    return {"review": _("评审"), "waiting": _("等待"), "testing": _("试验"), "reporting": _("报告")}[phase]


def cause_label(cause: Cause) -> str:
    """A cause with the kind of loss that it is."""
    return cause_name(cause.key)


def cause_name(key: str) -> str:
    """The cause of a key of `causes.LABELS`."""
    kind = {"customer": _("等企业"), "pause": _("试验暂停"), "retest": _("重做"), "move": _("改期")}[
        key.partition(":")[0]
    ]
    return _("%(kind)s：%(cause)s", kind=kind, cause=_(LABELS[key]))


def main_phase(phases: Mapping[str, float]) -> str:
    """The phase that takes longest."""
    return max(PHASES, key=lambda phase: phases[phase])


def longest_phase(line: Listed | LineRow) -> str:
    """In words, what took longest in a line."""
    phase = max(PHASES, key=lambda name: float(getattr(line, name)))
    return _("%(phase)s %(days)s 天", phase=phase_label(phase), days=f"{getattr(line, phase):.1f}")


def _compared(question: Question, year_ago: Answer | None, now: datetime) -> Compared:
    told = _told(year_ago)
    return Compared(None if told else _told(beside(question, question.period.before, now)), told)


def _told(answer: Answer | None) -> Figures | None:
    return answer.total if answer and answer.total.percentiles else None


def _row(cell: Figures, high: int) -> Row:
    if cell.phases is None:
        return Row(cell, [], "")
    sentence = _(
        "评审 %(review)s 天，等待 %(waiting)s 天，试验 %(testing)s 天，报告 %(reporting)s 天",
        **{name: str(days) for name, days in cell.phases.items()},
    )
    return Row(cell, charts.phase_bar(cell.phases, high), sentence)


def _multiples(answer: Answer, domains: Sequence[Figures], year_ago: Answer | None) -> tuple[list[Multiple], int]:
    by_month, months = answer.monthly(GroupBy.DOMAIN), answer.question.period.months()[-CHART_MONTHS:]
    shown = domains[:MULTIPLES]
    before = {cell.key: cell for cell in year_ago.table(GroupBy.DOMAIN).items} if year_ago else {}
    high = charts.top([days for cell in shown for days in by_month[cell.key].values()])
    size = (charts.SMALL_WIDTH, charts.SMALL_HEIGHT)
    return [
        Multiple(
            cell,
            charts.points([by_month[cell.key].get(month) for month in months], high, *size),
            _longer(cell, before.get(cell.key)),
        )
        for cell in shown
    ], high


def _longer(now: Figures, before: Figures | None) -> float | None:
    """Days by which the one P50 is longer than the other."""
    if before is None or now.percentiles is None or before.percentiles is None:
        return None
    return now.percentiles[0] - before.percentiles[0]


def _waiting(domains: Sequence[Figures]) -> list[Figures]:
    """Where the time before the bench is longest, among the cells that may be told."""
    told = [cell for cell in domains if cell.phases]
    return sorted(told, key=lambda cell: -cell.phases["waiting"] if cell.phases else 0)[:WAITING_LONGEST]
