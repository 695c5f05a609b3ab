"""What stands in a report: reckoned for its reader whenever it is opened or sent, never kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.accounts.policy import Viewer
from app.turnaround import causes, charts, queries, targets
from app.turnaround import trend as trends
from app.turnaround.charts import Trend
from app.turnaround.queries import Answer, Figures, Question, Turnaround
from app.turnaround.rules import GroupBy, Period
from app.turnaround.scheduled import periods
from app.turnaround.scheduled.headlines import Facts
from app.turnaround.scheduled.periods import Every
from app.turnaround.why import difference

# A shift is looked for in two years; the chart and the table of months show the last.
MONTHS, MONTHS_OF_SHIFT = 12, 24
TABLES = (GroupBy.LAB, GroupBy.DOMAIN, GroupBy.TEST)


@dataclass(frozen=True, slots=True)
class Report:
    """period: as its figures cover it. tables: of the period by lab, domain and test, and the months of a year."""

    every: Every
    period: Period
    facts: Facts
    tables: Sequence[Turnaround]
    chart: Trend
    as_of: datetime

    @property
    def total(self) -> Figures:
        return self.tables[0].total

    @property
    def months(self) -> Turnaround:
        """The table of months, the last of all."""
        return self.tables[-1]

    @property
    def of_all(self) -> bool:
        return self.tables[0].of_all


def report(viewer: Viewer, every: Every, period: Period, now: datetime) -> Report:
    """The report of a period for the viewer's eyes of now. Raises Forbidden."""
    answer = Answer(Question(viewer, period), now)
    before = Answer(Question(viewer, periods.before(every, period)), now)
    year_ago = Answer(Question(viewer, periods.year_ago(every, period)), now)
    year = Answer(Question(viewer, periods.months_up_to(period, MONTHS)), now)
    months, target = year.table(GroupBy.MONTH), targets.target(viewer, None)
    medians = _medians(viewer, period, now)
    shift = trends.shift([median for _month, median in medians])
    worst = causes.told(answer) if answer.total.percentiles else []
    facts = Facts(
        total=answer.total,
        before=_told(before),
        year_ago=_told(year_ago),
        year=_told(year),
        change=difference(answer, before),
        shift=shift,
        since=medians[shift.since][0] if shift else "",
        months=len(medians),
        lasts=shift is not None and shift.since + shift.length >= len(medians),
        target=target,
        cause=next((cause for cause in worst if cause.days is not None), None),
        under_way=None if answer.of_all else queries.under_way(viewer),
    )
    tables = [*(answer.table(group_by) for group_by in TABLES), months]
    return Report(every, answer.question.period, facts, tables, _chart(months, target), now)


def _told(answer: Answer) -> Figures | None:
    return answer.total if answer.total.percentiles else None


def _medians(viewer: Viewer, period: Period, now: datetime) -> list[tuple[str, float]]:
    """The P50 of each month that has one, up to the last that is complete."""
    long = periods.months_up_to(period, MONTHS_OF_SHIFT)
    cells = Answer(Question(viewer, long), now).table(GroupBy.MONTH).items
    over = long.months() if period.last == period.whole_months().last else long.months()[:-1]
    return [(cell.key, cell.percentiles[0]) for cell in cells if cell.percentiles and cell.key in over]


def _chart(months: Turnaround, target: int | None) -> Trend:
    known = {cell.key: cell.percentiles for cell in months.items if cell.percentiles}
    shown = months.question.period.months()
    medians, p80 = ([known[month][place] if month in known else None for month in shown] for place in (0, 1))
    return charts.trend(shown, medians, p80, target=target)
