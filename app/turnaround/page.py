"""What the page of turnaround shows, put together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from flask_babel import gettext as _

from app.errors import Invalid
from app.language import MONTHS_EN, lang
from app.timeline import Piece
from app.turnaround import charts, cohort, lines, quality, queries, targets
from app.turnaround import trend as trends
from app.turnaround.asking import Asked
from app.turnaround.causes import Cause
from app.turnaround.chains import Chains, chains
from app.turnaround.charts import Trend
from app.turnaround.cohort import TimeToReport
from app.turnaround.lines import LineRow
from app.turnaround.queries import Answer, Figures, Question, Turnaround
from app.turnaround.rules import PHASES, GroupBy, Period
from app.turnaround.trend import Shift

CHART_MONTHS = 12
LONGEST = 4
WAITING_LONGEST = 3
MULTIPLES = 8


@dataclass(frozen=True, slots=True)
class Row:
    """A cell of the table with its phase bar."""

    figures: Figures
    bar: Sequence[Piece]
    sentence: str


@dataclass(frozen=True, slots=True)
class Multiple:
    """A small chart of one domain."""

    figures: Figures
    points: Sequence[str]


@dataclass(frozen=True, slots=True)
class Compared:
    """The whole of the same period last year; where there is none, of the period before."""

    before: Figures | None
    year_ago: Figures | None


@dataclass(frozen=True, slots=True)
class Page:
    """The figures of an address, and what is drawn of them. Lists of single lines are empty for coordinators.

    left_out: issued lines whose times can't be right. shift: since which month the P50 is another, in a sentence.
    """

    asked: Asked
    table: Turnaround
    compared: Compared
    reached: TimeToReport | None
    chains: Chains | None
    left_out: int
    rows: Sequence[Row]
    bar_days: int
    shares: Mapping[str, Piece]
    trend: Trend
    shift: str
    target: int | None
    target_of: tuple[bool, str | None]
    by_month: Sequence[Figures]
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


def page(asked: Asked, now: datetime) -> Page:
    """Everything for the page. Raises Forbidden."""
    question, viewer = asked.question, asked.question.viewer
    group_by = asked.group_by or (GroupBy.DOMAIN if queries.sees_all(viewer) else GroupBy.LAB)
    answer = Answer(question, now)
    own, table, domains = not answer.of_all, answer.table(group_by), answer.table(GroupBy.DOMAIN).items
    by_month, target = answer.table(GroupBy.MONTH).items, targets.target(viewer, question.lab_id)
    trend, shift = _trend(table.question.period.months(), by_month, target)
    high = charts.top([cell.mean for cell in table.items if cell.mean is not None])
    multiples, multiple_days = _multiples(answer, domains) if own else ([], 0)
    return Page(
        asked=asked,
        table=table,
        compared=_compared(question, now),
        reached=cohort.time_to_report(answer.question, now),
        chains=chains(answer.question) if own else None,
        left_out=quality.left_out(answer.question, now),
        rows=[_row(cell, high) for cell in table.items],
        bar_days=high,
        shares=charts.shares(table.total.phases) if table.total.phases else {},
        trend=trend,
        shift=shift,
        target=target,
        target_of=targets.settable(viewer, question.lab_id),
        by_month=by_month,
        multiples=multiples,
        multiple_days=multiple_days,
        longest=lines.lines(question, None, longest_first=True, limit=LONGEST) if own else [],
        waiting=[] if own else _waiting(domains),
        under_way=queries.under_way(viewer) if own else None,
    )


def month_label(month: str) -> str:
    """A month under a chart: `5 月`, `May`."""
    number = int(month[5:])
    return MONTHS_EN[number - 1] if lang() == "en" else f"{number} 月"


def phase_label(phase: str) -> str:
    return {"review": _("评审"), "waiting": _("等待"), "testing": _("试验"), "reporting": _("报告")}[phase]


def cause_label(cause: Cause) -> str:
    """A cause with the kind of loss that it is."""
    kind = {"customer": _("等企业"), "pause": _("试验暂停"), "retest": _("重做")}[cause.key.partition(":")[0]]
    return _("%(kind)s：%(cause)s", kind=kind, cause=_(cause.label))


def main_phase(phases: Mapping[str, float]) -> str:
    """The phase that takes longest."""
    return max(PHASES, key=lambda phase: phases[phase])


def longest_phase(line: LineRow) -> str:
    """In words, what took longest in a line."""
    phase = max(PHASES, key=lambda name: float(getattr(line, name)))
    return _("%(phase)s %(days)s 天", phase=phase_label(phase), days=f"{getattr(line, phase):.1f}")


def _compared(question: Question, now: datetime) -> Compared:
    year_ago = _told(question, question.period.year_ago, now)
    return Compared(None if year_ago else _told(question, question.period.before, now), year_ago)


def _told(question: Question, other: Callable[[], Period], now: datetime) -> Figures | None:
    """The whole of another period; None without figures, and before the first that can be asked for."""
    try:
        total = Answer(replace(question, period=other()), now).total
    except Invalid:
        return None
    return total if total.percentiles else None


def _row(cell: Figures, high: int) -> Row:
    if cell.phases is None:
        return Row(cell, [], "")
    sentence = _(
        "评审 %(review)s 天，等待 %(waiting)s 天，试验 %(testing)s 天，报告 %(reporting)s 天",
        **{name: str(days) for name, days in cell.phases.items()},
    )
    return Row(cell, charts.phase_bar(cell.phases, high), sentence)


def _trend(months: Sequence[str], cells: Sequence[Figures], target: int | None) -> tuple[Trend, str]:
    """The chart of the last months, and in a sentence whether all months of the period say more than chance would."""
    known = {cell.key: cell.percentiles for cell in cells if cell.percentiles}
    measured = [month for month in months if month in known]
    medians = [known[month][0] for month in measured]
    shift, band = trends.shift(medians), trends.band(medians)
    shown = months[-CHART_MONTHS:]
    since = measured[shift.since] if shift else ""
    chart = charts.trend(
        shown,
        [known[month][0] if month in known else None for month in shown],
        [known[month][1] if month in known else None for month in shown],
        band=(band.low, band.high) if band else None,
        target=target,
        shift=shown.index(since) if since in shown else None,
    )
    return chart, shift_sentence(shift, since, len(medians))


def shift_sentence(shift: Shift | None, since: str, months: int) -> str:
    """Whether the P50 of so many months is another since a month, or only varies; empty where they are too few."""
    if months < trends.LEAST:
        return ""
    if shift is None:
        return _("%(months)d 个月的 P50 只有偶然波动，没有变快也没有变慢。", months=months)
    text = (
        _("%(since)s 起变快，不是波动：连续 %(length)d 个月低于各月的中位数 %(centre)s 天。")
        if shift.faster
        else _("%(since)s 起变慢，不是波动：连续 %(length)d 个月高于各月的中位数 %(centre)s 天。")
    )
    return text % {"since": since, "length": shift.length, "centre": f"{shift.centre:.1f}"}


def _multiples(answer: Answer, domains: Sequence[Figures]) -> tuple[list[Multiple], int]:
    by_month, months = answer.monthly(GroupBy.DOMAIN), answer.question.period.months()[-CHART_MONTHS:]
    shown = domains[:MULTIPLES]
    high = charts.top([days for cell in shown for days in by_month[cell.key].values()])
    size = (charts.SMALL_WIDTH, charts.SMALL_HEIGHT)
    return [
        Multiple(cell, charts.points([by_month[cell.key].get(month) for month in months], high, *size))
        for cell in shown
    ], high


def _waiting(domains: Sequence[Figures]) -> list[Figures]:
    """Where the time before the bench is longest, among the cells that may be told."""
    told = [cell for cell in domains if cell.phases]
    return sorted(told, key=lambda cell: -cell.phases["waiting"] if cell.phases else 0)[:WAITING_LONGEST]
