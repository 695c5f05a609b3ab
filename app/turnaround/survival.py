"""Time to report of all lines that were submitted, the open ones not forgotten (Kaplan and Meier, 1958). Pure.

The median of issued lines alone is too short as long as slow lines are still open: whoever waits is not in it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

Days = Mapping[float, int]


@dataclass(frozen=True, slots=True)
class Step:
    """After `days` the share `open_share` of all lines is still open."""

    days: float
    open_share: float


def kaplan_meier(issued: Days, still_open: Days) -> list[Step]:
    """The product-limit estimate. issued: days that closed lines took; still_open: days that open ones have lasted,
    or until they were cancelled; each with how many lines have them. A line that ends on the day of an issue counts as
    open on that day.
    """
    every = sorted(issued.keys() | still_open.keys())
    ends = np.array([issued.get(days, 0) for days in every], np.int64)
    gone = ends + np.array([still_open.get(days, 0) for days in every], np.int64)
    at_risk = gone[::-1].cumsum()[::-1]
    shares = np.cumprod(1 - ends / at_risk).tolist()
    return [Step(days, share) for days, share in zip(every, shares, strict=True) if issued.get(days)]


def reached(steps: Iterable[Step], share: float) -> float | None:
    """Days after which at least `share` of the lines have their report; None while not so many have."""
    return next((step.days for step in steps if step.open_share <= 1 - share + 1e-12), None)
