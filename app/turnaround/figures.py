"""What is told of the lines of a cell. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.turnaround import rules
from app.turnaround.rules import SHARES
from app.turnaround.tally import PARTS, Tally, percentile

DAY_SECONDS = 86_400
Three = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Figures:
    """One cell. percentiles: P50, P80, P95 in calendar days; `working` the same in working days; one decimal.

    phases: means over the same lines in calendar days; they add up to `mean`. shares: means of what lies inside them,
    waiting for the customer and paused. Suppressed cells and cells
    without lines have no figures; of a suppressed one not even the count is told.
    """

    key: str
    name_zh: str
    name_en: str
    lines: int | None
    percentiles: Three | None = None
    working: Three | None = None
    mean: float | None = None
    phases: Mapping[str, float] | None = None
    shares: Mapping[str, float] | None = None
    suppressed: bool = False


def figures(key: str, tally: Tally) -> Figures:
    """What is told of these lines; the names are left empty."""
    if not tally.lines:
        return Figures(key, "", "", 0)
    means = {part: seconds / tally.lines / DAY_SECONDS for part, seconds in zip(PARTS, tally.sums, strict=True)}
    phases = {phase: means[phase] for phase in rules.PHASES}
    mean = sum(phases.values())
    return Figures(
        key=key,
        name_zh="",
        name_en="",
        lines=tally.lines,
        percentiles=_three(percentile(tally.whole, share) / DAY_SECONDS for share in SHARES),
        working=_three(percentile(tally.working, share) for share in SHARES),
        mean=rules.tenths(mean),
        phases=rules.split(mean, phases),
        shares={part: rules.tenths(means[part]) for part in rules.INSIDE},
    )


def _three(numbers: Iterable[float]) -> Three:
    low, middle, high = (rules.tenths(float(number)) for number in numbers)
    return low, middle, high
