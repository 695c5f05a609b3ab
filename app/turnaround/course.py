"""How turnaround went, by month or by quarter: the band of chance, a shift told from noise, and the year before."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from flask_babel import gettext as _

from app.errors import Invalid
from app.turnaround import charts, rules, trend
from app.turnaround.charts import Trend
from app.turnaround.queries import Answer, Figures, Question, Three
from app.turnaround.rules import GroupBy, Period
from app.turnaround.trend import Band, Shift

# So many of the last are drawn; all of them stand in the table and count for a shift.
DRAWN = 24


@dataclass(frozen=True, slots=True)
class Stretch:
    """A month or quarter. figures: None where no report was issued. year_ago: P50 a year before, in days.

    whole: False where the period has only a part of it.
    """

    key: str
    figures: Figures | None
    year_ago: float | None
    whole: bool

    @property
    def percentiles(self) -> Three | None:
        """P50, P80, P95 in days; None where there are none, or none that may be told."""
        return self.figures.percentiles if self.figures else None


@dataclass(frozen=True, slots=True)
class Course:
    """The months or quarters of a period. shift: since `since` the P50 is another; band: in days."""

    grain: GroupBy
    stretches: Sequence[Stretch]
    band: Band | None
    shift: Shift | None
    since: str
    target: int | None

    @property
    def measured(self) -> int:
        """How many have figures."""
        return sum(1 for stretch in self.stretches if stretch.percentiles)

    @property
    def has_year_ago(self) -> bool:
        return any(stretch.year_ago is not None for stretch in self.stretches[-DRAWN:])

    @property
    def sentence(self) -> str:
        """Whether it got faster or slower."""
        return shift_sentence(self.shift, self.since, self.measured, self.grain)

    @property
    def chart(self) -> Trend:
        """The last of them, as it is drawn."""
        drawn = self.stretches[-DRAWN:]
        told = [stretch.percentiles for stretch in drawn]
        keys = [stretch.key for stretch in drawn]
        return charts.trend(
            keys,
            [days[0] if days else None for days in told],
            [days[1] if days else None for days in told],
            band=(self.band.low, self.band.high) if self.band else None,
            target=self.target,
            shift=keys.index(self.since) if self.since in keys else None,
            year_ago=[stretch.year_ago for stretch in drawn],
        )


def course(answer: Answer, year_ago: Answer | None, grain: GroupBy, target: int | None) -> Course:
    """Of the answer's period. grain: one of rules.OF_TIME; year_ago: the same a year before, where there is one."""
    period = answer.question.period
    cells = {cell.key: cell for cell in answer.table(grain).items}
    before = _medians(year_ago, grain) if year_ago else {}
    stretches = [
        Stretch(key, cells.get(key), before.get(rules.year_before(key)), _is_whole(key, period))
        for key in (period.months() if grain is GroupBy.MONTH else period.quarters())
    ]
    measured = [(stretch.key, stretch.percentiles[0]) for stretch in stretches if stretch.percentiles]
    medians = [median for _key, median in measured]
    shift = trend.shift(medians)
    return Course(grain, stretches, trend.band(medians), shift, measured[shift.since][0] if shift else "", target)


def beside(question: Question, other: Callable[[], Period], now: datetime) -> Answer | None:
    """The answer for another period; None before the first that can be asked for. Raises Forbidden."""
    try:
        return Answer(replace(question, period=other()), now)
    except Invalid:
        return None


def _medians(answer: Answer, grain: GroupBy) -> Mapping[str, float]:
    return {cell.key: cell.percentiles[0] for cell in answer.table(grain).items if cell.percentiles}


def _is_whole(key: str, period: Period) -> bool:
    days = rules.days_of(key)
    return period.first <= days.first and days.last <= period.last


def shift_sentence(shift: Shift | None, since: str, count: int, grain: GroupBy = GroupBy.MONTH) -> str:
    """Whether the P50 of so many months or quarters is another since one of them, or only varies.

    Where they are too few to tell: of quarters that, of months nothing.
    """
    quarterly = grain is GroupBy.QUARTER
    if count < trend.LEAST:
        least = trend.LEAST
        return _("有数字的季度不到 %(least)d 个，还分不清变化和偶然波动。", least=least) if quarterly else ""
    if shift is None:
        if quarterly:
            return _("%(quarters)d 个季度的 P50 只有偶然波动，没有变快也没有变慢。", quarters=count)
        return _("%(months)d 个月的 P50 只有偶然波动，没有变快也没有变慢。", months=count)
    said = {"since": since, "length": shift.length, "centre": f"{shift.centre:.1f}"}
    if quarterly and shift.faster:
        return _("%(since)s 起变快，不是波动：连续 %(length)d 个季度低于各季度的中位数 %(centre)s 天。", **said)
    if quarterly:
        return _("%(since)s 起变慢，不是波动：连续 %(length)d 个季度高于各季度的中位数 %(centre)s 天。", **said)
    if shift.faster:
        return _("%(since)s 起变快，不是波动：连续 %(length)d 个月低于各月的中位数 %(centre)s 天。", **said)
    return _("%(since)s 起变慢，不是波动：连续 %(length)d 个月高于各月的中位数 %(centre)s 天。", **said)
