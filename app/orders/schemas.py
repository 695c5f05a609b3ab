"""Addresses of orders and their lines in the API, and what it says of lines and of when their reports come."""

from typing import Any, Literal, cast

from pydantic import BaseModel, Field

from app.api import iso
from app.orders.forecast import LineForecast, OrderForecast
from app.orders.models import OrderLine, OrderState, RetestCause


class OrderPath(BaseModel):
    order_id: str = Field(max_length=24)


class LinePath(OrderPath):
    line_id: str = Field(max_length=24)


class LineForecastModel(BaseModel):
    """When the report of a line is likely (half) and safely (nine in ten) there. `basis`: measured lines, of which
    `learnt_from` names the narrowest group at the lab that is large enough, or planning values. `booked`: from the slot
    of the line; otherwise from how long such lines took, and not before the soonest report that can be booked now.
    `awaiting_sample`: the sample is not there yet, and what such tests begin late is in the dates.
    """

    expected_at: str
    safe_at: str
    basis: Literal["history", "planning"]
    learnt_from: Literal["test", "domain", "lab"] | None
    booked: bool
    awaiting_sample: bool

    @classmethod
    def of(cls, forecast: LineForecast) -> "LineForecastModel":
        return cls(
            expected_at=str(iso(forecast.expected_at)),
            safe_at=str(iso(forecast.safe_at)),
            basis=cast(Any, forecast.basis),
            learnt_from=cast(Any, forecast.learnt_from),
            booked=forecast.booked,
            awaiting_sample=forecast.awaiting_sample,
        )


class OrderForecastModel(BaseModel):
    """When the last report of an order is likely and safely there: all of them, so not before any line's own date.
    `ruling_line`: id of the line that decides it.
    """

    expected_at: str
    safe_at: str
    ruling_line: str

    @classmethod
    def of(cls, forecast: OrderForecast) -> "OrderForecastModel":
        expected_at, safe_at = str(iso(forecast.expected_at)), str(iso(forecast.safe_at))
        return cls(expected_at=expected_at, safe_at=safe_at, ruling_line=forecast.ruling)


class LineModel(BaseModel):
    """A line with the instants at which its phases change; null: not yet. A retest keeps the position of the line
    that it repeats, with the next `attempt`. `customer_seconds`, `paused_seconds`: shares of its turnaround.
    """

    id: str
    position: int
    attempt: int
    retest_of: str | None
    retest_cause: RetestCause | None
    state: OrderState
    test: str
    sample: str
    wants_proposal: bool
    submitted_at: str | None
    accepted_at: str | None
    taken_at: str | None
    ended_at: str | None
    issued_at: str | None
    customer_seconds: int
    paused_seconds: int
    forecast: LineForecastModel | None

    @classmethod
    def of(cls, line: OrderLine, forecast: LineForecast | None) -> "LineModel":
        return cls(
            id=line.id,
            position=line.position,
            attempt=line.attempt,
            retest_of=line.retest_of_id,
            retest_cause=line.retest_cause,
            customer_seconds=line.customer_seconds,
            paused_seconds=line.paused_seconds,
            state=line.state,
            test=line.test_id,
            sample=line.sample,
            wants_proposal=line.wants_proposal,
            submitted_at=iso(line.submitted_at),
            accepted_at=iso(line.accepted_at),
            taken_at=iso(line.taken_at),
            ended_at=iso(line.ended_at),
            issued_at=iso(line.issued_at),
            forecast=LineForecastModel.of(forecast) if forecast else None,
        )
