"""What the page of turnaround shows, put together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from app.language import MONTHS_EN, lang
from app.timeline import Piece
from app.turnaround import charts, queries
from app.turnaround.asking import Asked
from app.turnaround.charts import Trend
from app.turnaround.queries import Figures, LineRow, Turnaround
from app.turnaround.rules import PHASES, GroupBy

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
class Page:
    """The figures of an address, and what is drawn of them. Lists of single lines are empty for coordinators."""

    asked: Asked
    table: Turnaround
    before: Figures | None
    rows: Sequence[Row]
    bar_days: int
    shares: Mapping[str, Piece]
    trend: Trend
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
    group_by = asked.group_by or (GroupBy.DOMAIN if queries.sees_all(asked.question.viewer) else GroupBy.LAB)
    wanted = list(dict.fromkeys([group_by, GroupBy.MONTH, GroupBy.DOMAIN]))
    found = queries.tables(asked.question, wanted, now)
    table, domains = found[group_by], found[GroupBy.DOMAIN].items
    own = not table.of_all
    high = charts.top([cell.mean for cell in table.items if cell.mean is not None])
    multiples, multiple_days = _multiples(asked, table.question.period.months(), domains) if own else ([], 0)
    return Page(
        asked=asked,
        table=table,
        before=_before(table, now),
        rows=[_row(cell, high) for cell in table.items],
        bar_days=high,
        shares=charts.shares(table.total.phases) if table.total.phases else {},
        trend=_trend(table.question.period.months(), found[GroupBy.MONTH].items),
        by_month=found[GroupBy.MONTH].items,
        multiples=multiples,
        multiple_days=multiple_days,
        longest=queries.lines(asked.question, None, longest_first=True, limit=LONGEST) if own else [],
        waiting=[] if own else _waiting(domains),
        under_way=queries.under_way(asked.question.viewer) if own else None,
    )


def month_label(month: str) -> str:
    """A month under a chart: `5 月`, `May`."""
    number = int(month[5:])
    return MONTHS_EN[number - 1] if lang() == "en" else f"{number} 月"


def phase_label(phase: str) -> str:
    return {"review": _("评审"), "waiting": _("等待"), "testing": _("试验"), "reporting": _("报告")}[phase]


def main_phase(phases: Mapping[str, float]) -> str:
    """The phase that takes longest."""
    return max(PHASES, key=lambda phase: phases[phase])


def longest_phase(line: LineRow) -> str:
    """In words, what took longest in a line."""
    phase = max(PHASES, key=lambda name: float(getattr(line, name)))
    return _("%(phase)s %(days)s 天", phase=phase_label(phase), days=f"{getattr(line, phase):.1f}")


def _before(table: Turnaround, now: datetime) -> Figures | None:
    """The period of the same length before this one, where there are figures of it."""
    earlier = queries.Question(
        table.question.viewer,
        table.question.period.before(),
        table.question.lab_id,
        table.question.domain_id,
        table.question.test_id,
    )
    total = queries.turnaround(earlier, None, now).total
    return total if total.percentiles else None


def _row(cell: Figures, high: int) -> Row:
    if cell.phases is None:
        return Row(cell, [], "")
    sentence = _(
        "评审 %(review)s 天，等待 %(waiting)s 天，试验 %(testing)s 天，报告 %(reporting)s 天",
        **{name: str(days) for name, days in cell.phases.items()},
    )
    return Row(cell, charts.phase_bar(cell.phases, high), sentence)


def _trend(months: Sequence[str], cells: Sequence[Figures]) -> Trend:
    months = months[-CHART_MONTHS:]
    known = {cell.key: cell.percentiles for cell in cells if cell.percentiles}
    median = [known[month][0] if month in known else None for month in months]
    p80 = [known[month][1] if month in known else None for month in months]
    return charts.trend(months, median, p80)


def _multiples(asked: Asked, months: Sequence[str], domains: Sequence[Figures]) -> tuple[list[Multiple], int]:
    by_month = queries.monthly(asked.question, GroupBy.DOMAIN)
    months = months[-CHART_MONTHS:]
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
