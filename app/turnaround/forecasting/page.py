"""The page that says how often the dates held, month by month, beside the baseline."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, render_template, request
from sqlalchemy import func, select

from app.accounts.current import login_required, viewer
from app.accounts.policy import Action, Viewer, visible
from app.clock import now
from app.database import db
from app.turnaround import charts, rules
from app.turnaround.asking import LINES_A_PAGE, page_number
from app.turnaround.forecasting import behind
from app.turnaround.forecasting.models import ForecastHeld, ForecastMonth
from app.turnaround.queries import sees_all

bp = Blueprint("turnaround_forecast", __name__, url_prefix="/turnaround")
CHART_MONTHS = 12
HUNDRED = 100
MARKS = tuple(range(HUNDRED, -1, -20))
COUNTS = ("measured", "likely", "safe", "base_likely", "base_safe")


@dataclass(frozen=True, slots=True)
class Shares:
    """Per cent of the lines of a month, or of all months, of which the report came by each date; None: not told."""

    month: str
    lines: int | None
    measured: int | None = None
    likely: int | None = None
    safe: int | None = None
    base_likely: int | None = None
    base_safe: int | None = None


@dataclass(frozen=True, slots=True)
class Curve:
    """Shares of dates that held and of the baseline's over the months as polylines; wanted: its height on the chart."""

    held: Sequence[str]
    base: Sequence[str]
    wanted: int


@dataclass(frozen=True, slots=True)
class Page:
    """rows: newest month last. chart: the months under the curves."""

    rows: Sequence[Shares]
    total: Shares
    chart: Sequence[str]
    likely: Curve
    safe: Curve
    of_all: bool
    as_of: datetime | None


@bp.get("/forecast")
@login_required
def index() -> str:
    """How often the dates held. Raises Forbidden."""
    return render_template("turnaround/forecast.html", page=page(viewer(), now()), marks=MARKS)


@bp.get("/forecast/lines")
@login_required
def lines() -> str:
    """The lines behind a figure of one's own: of a month or all of them, and one of their dates. Raises Forbidden."""
    date = behind.date_of(request.args.get("date", behind.Date.SAFE.value))
    month = rules.month(request.args["month"]) if "month" in request.args else None
    number = page_number(request.args)
    found = behind.lines(viewer(), date, month, now(), LINES_A_PAGE + 1, number * LINES_A_PAGE)
    return render_template(
        "turnaround/forecast_lines.html",
        date=date,
        dates=behind.Date,
        month=month,
        lines=found[:LINES_A_PAGE],
        number=number,
        more=len(found) > LINES_A_PAGE,
    )


def page(viewer: Viewer, now: datetime) -> Page:
    """Own lines as they are; of all companies whole months that are large enough. Two statements. Raises Forbidden."""
    of_all = sees_all(viewer)
    counts = _counts(viewer, of_all, rules.last_months(behind.MONTHS, now).months())
    rows = [_shares(month, found) for month, found in counts]
    chart = rules.last_months(CHART_MONTHS, now).months()
    by_month = {row.month: row for row in rows}
    told = [found for _, found in counts if found is not None]
    return Page(
        rows=rows,
        total=_shares("", tuple(sum(each) for each in zip(*told, strict=True)) or None),
        chart=chart,
        likely=_curve([by_month.get(month) for month in chart], "likely", 50),
        safe=_curve([by_month.get(month) for month in chart], "safe", 90),
        of_all=of_all,
        as_of=db.session.scalar(select(func.max(ForecastMonth.as_of))),
    )


# Lines, then COUNTS.
Counts = tuple[int, ...]


def _counts(viewer: Viewer, of_all: bool, months: Sequence[str]) -> list[tuple[str, Counts | None]]:
    """By month; None where it may not be told."""
    scope = Action.SEE_ALL_TURNAROUND if of_all else Action.SEE_TURNAROUND
    sums = [func.sum(getattr(ForecastHeld, name)) for name in ("lines", *COUNTS)]
    query = (
        select(ForecastHeld.month, func.count(ForecastHeld.company_id.distinct()), *sums)
        .join(ForecastMonth, ForecastMonth.month == ForecastHeld.month)
        .where(visible(viewer, scope, ForecastHeld), ForecastHeld.month >= months[0])
        .group_by(ForecastHeld.month)
        .order_by(ForecastHeld.month)
    )
    if of_all:
        # What a month gains from one night to the next would tell of single lines.
        query = query.where(ForecastMonth.open == 0, ForecastHeld.month < months[-1])
    return [
        (month, tuple(map(int, counts)) if not of_all or rules.enough(counts[0], companies) else None)
        for month, companies, *counts in db.session.execute(query)
    ]


def _shares(month: str, counts: Counts | None) -> Shares:
    if not counts:
        return Shares(month, None)
    lines, *held = counts
    return Shares(
        month, lines, **{name: round(HUNDRED * count / lines) for name, count in zip(COUNTS, held, strict=True)}
    )


def _curve(rows: Sequence[Shares | None], name: str, wanted: int) -> Curve:
    held, base = ([getattr(row, each) if row else None for row in rows] for each in (name, f"base_{name}"))
    height = charts.HEIGHT * (HUNDRED - wanted) // HUNDRED
    return Curve(charts.points(held, HUNDRED), charts.points(base, HUNDRED), height)
