"""API of how often the dates of the forecast held."""

from typing import Any

from pydantic import BaseModel

from app.accounts.current import require_api_viewer, token_blueprint
from app.api import iso
from app.clock import now
from app.turnaround.forecasting.page import COUNTS, Shares, page

bp = token_blueprint("turnaround_forecast_api", __name__, "turnaround")


class HeldModel(BaseModel):
    """Per cent of lines whose report came by the likely and the safe date, and by those of the baseline; `measured`:
    per cent whose dates rested on measured lines. Null where suppressed, and without lines.
    """

    key: str
    lines: int | None
    measured_percent: int | None
    likely_percent: int | None
    safe_percent: int | None
    base_likely_percent: int | None
    base_safe_percent: int | None
    suppressed: bool

    @classmethod
    def of(cls, shares: Shares, suppressed: bool) -> "HeldModel":
        percents = {f"{name}_percent": getattr(shares, name) for name in COUNTS}
        return cls(key=shares.month, lines=shares.lines, suppressed=suppressed, **percents)


class HeldList(BaseModel):
    """`items`: by the month in which the test ended, oldest first; coordinators see whole months."""

    items: list[HeldModel]
    total: HeldModel
    as_of: str | None


@bp.get("/turnaround/forecast", responses={200: HeldList})
def held() -> Any:
    """How often the dates held of the last two years: of one's own lines exactly, of all with small months suppressed.

    A line counts as soon as its dates have come, with or without its report. The likely date should hold for half of
    them, the safe one for nine in ten.
    """
    found = page(require_api_viewer(), now())
    items = [HeldModel.of(row, row.lines is None) for row in found.rows]
    total = HeldModel.of(found.total, bool(items) and found.total.lines is None)
    return HeldList(items=items, total=total, as_of=iso(found.as_of)).model_dump(mode="json")
