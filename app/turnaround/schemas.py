"""What the API takes and gives for turnaround."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

GroupName = Literal["lab", "domain", "test", "month", "quarter", "level", "city", "route"]


class TurnaroundQuery(BaseModel):
    """`from` and `to`: local dates of issue, both included; twelve months up to today without them."""

    model_config = ConfigDict(populate_by_name=True)

    from_: str | None = Field(None, alias="from", max_length=40)
    to: str | None = Field(None, max_length=40)
    group_by: GroupName | None = None
    lab: str | None = Field(None, max_length=64)
    domain: str | None = Field(None, max_length=64)
    test: str | None = Field(None, max_length=64)


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
