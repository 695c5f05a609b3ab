"""What the API takes and gives for turnaround."""

from typing import Literal, cast

from pydantic import BaseModel, ConfigDict, Field

from app.api import Query, WholeQuery, example

GroupName = Literal["lab", "domain", "test", "month", "quarter", "level", "city", "route"]


class TurnaroundQuery(WholeQuery):
    """`from` and `to`: local dates of issue, both included; twelve months up to today without them."""

    from_: str | None = Field(None, alias="from", max_length=40)
    to: str | None = Field(None, max_length=40)
    group_by: GroupName | None = None
    lab: str | None = Field(None, max_length=64)
    domain: str | None = Field(None, max_length=64)
    test: str | None = Field(None, max_length=64)


class PeriodQuery(Query):
    """What answers without a grouping take of it."""

    from_: str | None = Field(None, alias="from", max_length=40)
    to: str | None = Field(None, max_length=40)
    lab: str | None = Field(None, max_length=64)
    domain: str | None = Field(None, max_length=64)
    test: str | None = Field(None, max_length=64)


class TrendQuery(PeriodQuery):
    grain: Literal["month", "quarter"] = "month"


class ReasonsQuery(PeriodQuery):
    """`against`: the period of the same length before, or the same days a year earlier."""

    against: Literal["before", "year"] = "before"


class BottlenecksQuery(Query):
    """`months`: so many months that are over."""

    months: Literal["3", "6", "12", "24"] = "12"


class PhasesModel(BaseModel):
    review: float | None
    waiting: float | None
    testing: float | None
    reporting: float | None


class FiguresModel(BaseModel):
    """Days with one decimal; null without lines and where suppressed. phases: means that add up to `mean_days`.
    `customer_days` and `paused_days`: means of the shares inside them in which the next step was the customer's, and in
    which a run stood still.
    """

    key: str
    name_zh: str
    name_en: str
    lines: int | None
    median_days: float | None
    p80_days: float | None
    p95_days: float | None
    mean_days: float | None
    median_working_days: float | None
    p80_working_days: float | None
    p95_working_days: float | None
    phases: PhasesModel
    customer_days: float | None
    paused_days: float | None
    suppressed: bool


class TurnaroundModel(BaseModel):
    """`from` and `to` are the period that was counted: for coordinators whole months."""

    model_config = ConfigDict(populate_by_name=True)

    from_: str = Field(alias="from")
    to: str
    group_by: GroupName | None
    items: list[FiguresModel]
    total: FiguresModel
    as_of: str
    demo: bool


def _shown(**values: object) -> ConfigDict:
    """The configuration of an answer with `from`, shown with these values as its example."""
    period = {"from": "2025-12-01", "to": "2026-11-28"}
    told = {"as_of": "2026-11-28T02:10:00+08:00", "demo": False}
    return cast(ConfigDict, {**example(**period, **values, **told), "populate_by_name": True})


class Told(BaseModel):
    """`from` and `to` are the period that was counted; `demo`: demo data are among the lines."""

    from_: str = Field(alias="from")
    to: str
    as_of: str
    demo: bool


class StretchModel(BaseModel):
    """A month or quarter; `whole` is false where the period has only a part of it. Days as in the table of figures."""

    key: str
    whole: bool
    lines: int | None
    median_days: float | None
    p80_days: float | None
    p95_days: float | None
    median_days_year_ago: float | None
    suppressed: bool


class BandModel(BaseModel):
    """Where chance alone keeps the median: centre ± 3 sigma, the sigma from the median moving range."""

    low_days: float
    centre_days: float
    high_days: float


class ShiftModel(BaseModel):
    """Since `since`, `length` months or quarters in a row lie on one side of the median of all."""

    since: str
    length: int
    faster: bool
    centre_days: float


class TrendModel(Told):
    """`band` needs three, `shift` at least ten months or quarters with figures. `target_days`: for the median."""

    model_config = _shown(
        grain="quarter",
        items=[
            {
                "key": "2026-Q3",
                "whole": True,
                "lines": 112,
                "median_days": 22.4,
                "p80_days": 40.1,
                "p95_days": 57.3,
                "median_days_year_ago": 24.0,
                "suppressed": False,
            }
        ],
        band={"low_days": 15.2, "centre_days": 22.9, "high_days": 30.6},
        shift=None,
        target_days=20,
    )

    grain: Literal["month", "quarter"]
    items: list[StretchModel]
    band: BandModel | None
    shift: ShiftModel | None
    target_days: int | None


class ChangeModel(BaseModel):
    """Why the mean differs from that of the other period, negative for faster: `mix_days` (other tests) and `phases`
    (the same tests) add up to `total_days` (Kitagawa, 1955).
    """

    before_days: float
    after_days: float
    total_days: float
    mix_days: float
    phases: PhasesModel


class MovedModel(BaseModel):
    """A test at a lab whose own time moved the mean by so many days."""

    test: str
    lab: str
    days: float


class CostliestModel(BaseModel):
    """A line of one's own, `days_over` more than the median of its test, and the phase that was longest beyond it."""

    order: str
    order_code: str
    test_zh: str
    test_en: str
    days: float
    days_over: float
    phase: Literal["review", "waiting", "testing", "reporting"]
    phase_days: float


class CauseModel(BaseModel):
    """What days were lost to, the costliest first; `running_share`: it and those before it of all lost days, from 0
    to 1, null where a cause is suppressed.
    """

    cause: str
    lines: int | None
    days: float | None
    running_share: float | None
    suppressed: bool


class FlowModel(BaseModel):
    """Little (1961): lines under way = arrivals a day × days each takes. `holds`: both agree within a fifth."""

    arrived: int
    left: int
    open_mean: float
    days_by_law: float
    days_measured: float
    holds: bool


class ReasonsModel(Told):
    """`moved`, `costliest` and `flow` are of one's own lines only: empty for who sees all."""

    model_config = _shown(
        against="before",
        change={
            "before_days": 26.3,
            "after_days": 24.1,
            "total_days": -2.2,
            "mix_days": 0.4,
            "phases": {"review": -0.1, "waiting": -2.3, "testing": 0.0, "reporting": -0.2},
        },
        moved=[{"test": "gb38031-2025-8-2-1", "lab": "cmvr-new-energy", "days": -1.3}],
        costliest=[],
        causes=[
            {
                "cause": "customer:sample",
                "lines": 14,
                "days": 41.5,
                "running_share": 0.62,
                "suppressed": False,
            }
        ],
        flow=None,
    )

    against: Literal["before", "year"]
    change: ChangeModel | None
    moved: list[MovedModel]
    costliest: list[CostliestModel]
    causes: list[CauseModel]
    flow: FlowModel | None


class RetestsModel(BaseModel):
    """Tests done more than once; `median_days` from the first submission to the last report."""

    count: int
    median_days: float | None


class TimeToReportModel(Told):
    """Kaplan–Meier (1958) over the lines submitted in the period, `still_open` ones not forgotten: days until half and
    four fifths have their report, null while not so many have. `retests`: of one's own, null for who sees all.
    """

    model_config = _shown(
        median_days=23.8,
        p80_days=41.0,
        issued=430,
        still_open=31,
        suppressed=False,
        retests={"count": 6, "median_days": 51.2},
    )

    median_days: float | None
    p80_days: float | None
    issued: int | None
    still_open: int | None
    suppressed: bool
    retests: RetestsModel | None


class FaultModel(BaseModel):
    """`lines` whatever the period; `left_out`: such lines count in no figure."""

    fault: str
    lines: int
    left_out: bool


class DoubtfulModel(BaseModel):
    fault: str
    order: str
    order_code: str
    test_zh: str
    test_en: str


class QualityModel(Told):
    """`left_out`: lines of the period that count in no figure; null under a filter for who sees all. `items`: the first
    of one's own with each fault.
    """

    model_config = _shown(
        left_out=1,
        faults=[{"fault": "missing", "lines": 1, "left_out": True}],
        items=[
            {
                "fault": "missing",
                "order": "k3v9x2m7q4t8w5pz",
                "order_code": "W2611-7KQXM",
                "test_zh": "挤压",
                "test_en": "Crush",
            }
        ],
    )

    left_out: int | None
    faults: list[FaultModel]
    items: list[DoubtfulModel]


class BenchHoursModel(BaseModel):
    """A pool of one's own lab, or a kind of bench of all labs. Whole hours and per cent of open hours.
    `running_hours` + `unused_hours` + `lost_hours` + `free_hours` = `open_hours`; who sees all is not told what of the
    last two is which.
    """

    key: str
    name_zh: str
    name_en: str
    lab: str | None
    units: int
    open_hours: int | None
    booked_percent: int | None
    used_percent: int | None
    running_hours: int | None
    unused_hours: int | None
    lost_hours: int | None
    free_hours: int | None
    suppressed: bool


class LostModel(BaseModel):
    cause: str
    hours: int


class BottlenecksModel(Told):
    """The tightest first; `lost`: hours of all of them by cause."""

    model_config = _shown(
        items=[
            {
                "key": "cmvr-ne-climatic",
                "name_zh": "步入式环境舱",
                "name_en": "Walk-in climatic chamber",
                "lab": "cmvr-new-energy",
                "units": 2,
                "open_hours": 8760,
                "booked_percent": 64,
                "used_percent": 58,
                "running_hours": 5081,
                "unused_hours": 412,
                "lost_hours": 230,
                "free_hours": 3037,
                "suppressed": False,
            }
        ],
        lost=[{"cause": "closure:maintenance", "hours": 180}],
    )

    items: list[BenchHoursModel]
    lost: list[LostModel]
