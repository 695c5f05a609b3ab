"""Charts as numbers for SVG without text: points of lines, and columns of phase bars. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.timeline import Phase, Piece

WIDTH, HEIGHT = 1200, 400
SMALL_WIDTH, SMALL_HEIGHT = 1100, 100
STEPS = 5
NICE = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100, 200, 400)
BAR_COLUMNS = 48
SHARE_COLUMNS = 14
# A month or quarter alone between two without figures is a short dash.
DASH = 8
PHASES = {
    "review": Phase.REVIEW,
    "waiting": Phase.WAITING,
    "testing": Phase.TESTING,
    "reporting": Phase.REPORTING,
}

Values = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Trend:
    """Two lines over months or quarters: `scale` are the labels of the left axis, from the top down to 0.

    year_ago: the P50 a year before; band: the points around the P50 where chance alone would keep it, "" without;
    target: its height; mark: where a shift begins, from the left.
    """

    keys: Sequence[str]
    scale: Sequence[int]
    median: Sequence[str]
    p80: Sequence[str]
    band: str = ""
    target: int | None = None
    mark: int | None = None
    year_ago: Sequence[str] = ()


def top(values: Sequence[float]) -> int:
    """A round number of days, a multiple of STEPS, that no value exceeds."""
    highest = max(values, default=0.0)
    return next((step for step in NICE if step * STEPS >= highest), NICE[-1] * 2) * STEPS


def trend(
    keys: Sequence[str],
    median: Values,
    p80: Values,
    band: tuple[float, float] | None = None,
    target: int | None = None,
    shift: int | None = None,
    year_ago: Values = (),
) -> Trend:
    """P50 and P80 by month or quarter; None is a gap in the line. band: from where to where chance alone would keep
    the P50. shift: the place since which it is another. year_ago: the P50 a year before each.
    """
    high = top([value for value in (*median, *p80, *year_ago, *(band or ()), target) if value is not None])
    scale = [high * step // STEPS for step in range(STEPS, -1, -1)]
    edges = [_height(edge, high) for edge in band or ()]
    return Trend(
        keys,
        scale,
        points(median, high),
        points(p80, high),
        band=f"0,{edges[1]} {WIDTH},{edges[1]} {WIDTH},{edges[0]} 0,{edges[0]}" if edges else "",
        target=None if target is None else _height(target, high),
        mark=None if shift is None else round((shift + 0.5) * WIDTH / len(keys)),
        year_ago=points(year_ago, high),
    )


def _height(days: float, high: float) -> int:
    return round(HEIGHT * (1 - min(days / high, 1)))


def points(values: Values, high: float, width: int = WIDTH, height: int = HEIGHT) -> list[str]:
    """The `points` of polylines, one for each unbroken run; each value stands in the middle of its column."""
    step = width / len(values) if values else 0
    runs: list[list[tuple[int, int]]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((round((place + 0.5) * step), round(height * (1 - min(value / high, 1)))))
    return [" ".join(f"{x},{y}" for x, y in _at_least_a_dash(run)) for run in runs if run]


def _at_least_a_dash(run: list[tuple[int, int]]) -> list[tuple[int, int]]:
    if len(run) > 1:
        return run
    ((x, y),) = run
    return [(x - DASH, y), (x + DASH, y)]


def phase_bar(phases: Mapping[str, float], high: float) -> list[Piece]:
    """The four phases one after the other on an axis from 0 to `high` days, none of them hidden by the next."""
    pieces, at, days = [], 1, 0.0
    for name, phase in PHASES.items():
        days += phases[name]
        end = max(round(days / high * BAR_COLUMNS) + 1, at + 1)
        pieces.append(Piece(phase, at, end - at))
        at = end
    return pieces


def shares(phases: Mapping[str, float]) -> dict[str, Piece]:
    """Each phase from the left, on one scale that the longest nearly fills."""
    longest = max(*phases.values(), 0.1)
    return {
        name: Piece(phase, 1, max(1, round(phases[name] / longest * (SHARE_COLUMNS - 1))))
        for name, phase in PHASES.items()
    }
