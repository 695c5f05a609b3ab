"""API of turnaround."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from app.accounts import queries as accounts
from app.accounts.current import require_api_viewer, token_blueprint
from app.clock import now
from app.turnaround import documents, lines_api, presenting, queries
from app.turnaround.asking import Asked, asked
from app.turnaround.forecasting import api as forecasting
from app.turnaround.schemas import (
    BottlenecksModel,
    BottlenecksQuery,
    PeriodQuery,
    QualityModel,
    ReasonsModel,
    ReasonsQuery,
    TimeToReportModel,
    TrendModel,
    TrendQuery,
    TurnaroundModel,
    TurnaroundQuery,
)
from app.turnaround.why import Against

bp = token_blueprint("turnaround_api", __name__, "turnaround")
blueprints = (bp, forecasting.bp, lines_api.bp)


@bp.get("/turnaround", responses={200: TurnaroundModel})
def turnaround(query: TurnaroundQuery) -> Any:
    """Turnaround of issued lines: one's own exactly, all companies' with small cells suppressed.

    Without `group_by` the only item is the total.
    """
    wanted = _asked(query)
    found = queries.turnaround(wanted.question, wanted.group_by, now())
    return presenting.document(found, accounts.any_demo())


@bp.get("/turnaround/trend", responses={200: TrendModel})
def trend(query: TrendQuery) -> Any:
    """P50, P80 and P95 by month or quarter, with the band of chance, a shift told from noise, and the year before."""
    return _told(documents.trend, query)


@bp.get("/turnaround/reasons", responses={200: ReasonsModel})
def reasons(query: ReasonsQuery) -> Any:
    """Why turnaround changed, which lines cost most, what days were lost to, and whether the data add up."""
    against = Against(query.against)
    return _told(lambda wanted, at: documents.reasons(wanted, against, at), query)


@bp.get("/turnaround/time-to-report", responses={200: TimeToReportModel})
def time_to_report(query: PeriodQuery) -> Any:
    """Days from submission to report, the lines that still wait included; tests done again as one."""
    return _told(documents.time_to_report, query)


@bp.get("/turnaround/quality", responses={200: QualityModel})
def quality(query: PeriodQuery) -> Any:
    """Lines whose recorded times can't be right, counted, and one's own listed."""
    return _told(documents.data_quality, query)


@bp.get("/turnaround/bottlenecks", responses={200: BottlenecksModel})
def bottlenecks(query: BottlenecksQuery) -> Any:
    """How the open hours of benches were spent: of one's own lab by pool, of all labs by kind. Not for companies."""
    return _told(documents.bottlenecks, query)


def _told(document: Callable[[Asked, datetime], documents.Document], query: BaseModel) -> documents.Document:
    return document(_asked(query), now()) | {"demo": accounts.any_demo()}


def _asked(query: BaseModel) -> Asked:
    args = {name: value for name, value in query.model_dump(by_alias=True).items() if value is not None}
    return asked(args, require_api_viewer(), now())
