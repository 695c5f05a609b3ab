"""API of the lines behind the figures: the same filters, rows and counts as the page."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from app.accounts import queries as accounts
from app.accounts.current import require_api_viewer, token_blueprint
from app.api import ListQuery, decode_cursor, encode_cursor, example, iso
from app.clock import now
from app.turnaround import listing, rules
from app.turnaround.asking import asked
from app.turnaround.faults import Fault
from app.turnaround.listing import Listed, Of, Sort
from app.turnaround.schemas import PeriodQuery
from app.typed import cleaned

bp = token_blueprint("turnaround_lines_api", __name__, "turnaround")


class LinesQuery(PeriodQuery, ListQuery):
    """`months`: so many up to today, instead of dates. `of`: which lines, those issued without it; `fault` is asked of
    all lines whatever the period. `over`: only lines longer than this percentile; `cause`: only those that lost days
    to it. `sort`: newest first, or the longest, of the whole or of a part, first.
    """

    months: Literal["3", "6", "12", "24"] | None = None
    of: Of = Of.ISSUED
    month: str | None = Field(None, max_length=7)
    quarter: str | None = Field(None, max_length=7)
    over: Literal["50", "80", "95"] | None = None
    cause: str | None = Field(None, max_length=40)
    fault: Fault | None = None
    sort: Sort = Sort.LATEST


class MeasuredLineModel(BaseModel):
    """A line. Calendar days with one decimal, up to now where there is no report; a part is null while it is not known.
    `customer_days` and `paused_days` lie inside the parts. `lost_days`: to the cause asked for; of a test that was done
    again, from its first submission.
    """

    id: str
    order: str
    order_code: str
    lab: str
    test: str
    test_zh: str
    test_en: str
    state: str
    submitted_at: str | None
    issued_at: str | None
    days: float | None
    review_days: float | None
    waiting_days: float | None
    testing_days: float | None
    reporting_days: float | None
    customer_days: float | None
    paused_days: float | None
    lost_days: float | None

    @classmethod
    def of(cls, line: Listed) -> "MeasuredLineModel":
        spans = ("days", *rules.PHASES, "customer", "paused", "lost")
        told = {name: None if (days := getattr(line, name)) is None else round(days, 1) for name in spans}
        return cls(
            id=line.id,
            order=line.order_id,
            order_code=line.order_code,
            lab=line.lab_id,
            test=line.test_id,
            test_zh=line.test_zh,
            test_en=line.test_en,
            state=line.state.value,
            submitted_at=iso(line.submitted_at),
            issued_at=iso(line.issued_at),
            days=told.pop("days"),
            **{f"{name}_days": days for name, days in told.items()},
        )


class LinesList(BaseModel):
    """`lines`: how many there are on all pages; `demo`: demo data are among them."""

    model_config = example(
        items=[
            {
                "id": "p7c2n4k9w3x6m5qa",
                "order": "k3v9x2m7q4t8w5pz",
                "order_code": "W2611-7KQXM",
                "lab": "cmvr-new-energy",
                "test": "gb38031-2025-8-2-1",
                "test_zh": "挤压",
                "test_en": "Crush",
                "state": "issued",
                "submitted_at": "2026-10-08T09:12:00+08:00",
                "issued_at": "2026-11-02T16:40:00+08:00",
                "days": 25.3,
                "review_days": 1.2,
                "waiting_days": 14.9,
                "testing_days": 2.1,
                "reporting_days": 7.1,
                "customer_days": 3.0,
                "paused_days": 0.0,
                "lost_days": None,
            }
        ],
        next=None,
        lines=1,
        demo=False,
    )

    items: list[MeasuredLineModel]
    next: str | None
    lines: int
    demo: bool


@bp.get("/turnaround/lines", responses={200: LinesList})
def lines(query: LinesQuery) -> Any:
    """One's own lines behind a figure of turnaround, as many as it says; who sees all labs is told of none (403)."""
    viewer, at = require_api_viewer(), now()
    args = {name: str(value) for name, value in query.model_dump(mode="json", by_alias=True).items() if value}
    wanted = listing.wanted(asked(args, viewer, at).question, args)
    last = decode_cursor(query.cursor, 1)
    found = listing.listed(wanted, query.limit + 1, 0, at, cleaned(str(last[0])) if last else None)
    shown = found[: query.limit]
    return {
        "items": [MeasuredLineModel.of(line).model_dump(mode="json") for line in shown],
        "next": encode_cursor(shown[-1].id) if len(found) > query.limit else None,
        "lines": listing.count(wanted, at),
        "demo": accounts.any_demo(),
    }
