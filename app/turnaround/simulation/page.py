"""The page of the last simulation: its numbers, put into rows, bars, a curve and sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, render_template
from flask_babel import gettext as _

from app.accounts.current import login_required, viewer
from app.accounts.policy import Action, allowed, require
from app.timeline import Phase, Piece
from app.turnaround import charts
from app.turnaround.simulation import storing
from app.turnaround.simulation.figures import WITHIN
from app.turnaround.simulation.models import Simulation
from app.turnaround.simulation.policies import Policy
from app.turnaround.simulation.wording import Fact, facts

bp = Blueprint("turnaround_simulation", __name__, url_prefix="/turnaround")
# The load that details are shown for, where it was simulated.
SHOWN = 85
HUNDRED = 100
PARTS = {
    "review": Phase.REVIEW,
    "sample": Phase.SAMPLE,
    "bench": Phase.WAITING,
    "testing": Phase.TESTING,
    "reporting": Phase.REPORTING,
}
PHASES = ("review", "waiting", "testing", "reporting")


@bp.app_template_global()
def sees_simulation() -> bool:
    """Whether the viewer may read the page, for links to it."""
    return bool(allowed(viewer(), Action.SEE_SIMULATION))


@bp.get("/simulation")
@login_required
def index() -> str:
    """What was simulated last, and what came out. Raises Forbidden."""
    require(viewer(), Action.SEE_SIMULATION)
    kept = storing.newest()
    return render_template(
        "turnaround/simulation.html", page=Page.of(kept) if kept else None, policies=list(Policy), phases=PHASES
    )


@dataclass(frozen=True, slots=True)
class Cell:
    """One policy at one load. figures, against: mean and half width of the interval by name; `bar`: its phases."""

    load: int
    policy: Policy
    figures: Mapping[str, Sequence[float | None]]
    against: Mapping[str, Sequence[float | None]]
    parts: Mapping[str, float]
    bar: Sequence[Piece]

    def __getitem__(self, name: str) -> float:
        return self.figures[name][0] or 0.0

    @property
    def is_known(self) -> bool:
        return self.policy is Policy.KNOWN

    def gain(self, name: str = "total") -> float:
        """By how much it is below policy KNOWN."""
        return -(self.against[name][0] or 0.0)

    def half(self, name: str = "total") -> float:
        """Half the width of the interval of the difference."""
        return self.against[name][1] or 0.0

    @property
    def vanishes(self) -> float | None:
        """Which share of the gain of tests at several labs those at one lab don't have; None where nothing is gone."""
        several, alone = self.gain("several_labs_days"), self.gain("one_lab_days")
        return 1 - alone / several if several > self.half("several_labs_days") and alone < several else None


@dataclass(frozen=True, slots=True)
class Page:
    """A stored study. loads: its cells by load, in the order of the policies; `shown` those of one load in detail."""

    made_at: datetime
    seconds: int
    result: Mapping[str, Any]
    loads: Mapping[int, Sequence[Cell]]
    shown: Sequence[Cell]
    high: int
    curves: Mapping[Policy, Sequence[str]]
    facts: Sequence[Fact]

    @classmethod
    def of(cls, kept: Simulation) -> "Page":
        result = kept.result
        high = charts.top([cell["figures"]["total"][0] for cell in result["cells"]])
        loads: dict[int, list[Cell]] = {}
        for each in result["cells"]:
            loads.setdefault(each["load"], []).append(_cell(each, high))
        shown = loads[min(loads, key=lambda load: abs(load - SHOWN))]
        curves = {cell.policy: charts.points([cell[name] * HUNDRED for name in _within()], HUNDRED) for cell in shown}
        return cls(kept.made_at, kept.seconds, result, loads, shown, high, curves, facts(result["inputs"]))

    @property
    def load(self) -> int:
        return self.shown[0].load

    @property
    def first(self) -> Cell:
        """Policy KNOWN at the load shown."""
        return self.shown[0]

    @property
    def last(self) -> Cell:
        """Policy OFFERED at the load shown."""
        return self.shown[-1]

    @property
    def fixed(self) -> float:
        """Days that no way of booking shortens: all but the time in which only the bench is waited for."""
        return self.first["total"] - self.first.parts["bench"]

    @property
    def in_order(self) -> bool:
        """Whether tests on one sample followed one another: older studies don't say so."""
        return "sharing" in self.result["inputs"]

    @property
    def within(self) -> Sequence[int]:
        return WITHIN


def _within() -> list[str]:
    return [f"within{days}" for days in WITHIN]


def _cell(given: Mapping[str, Any], high: int) -> Cell:
    means = {name: figure[0] for name, figure in given["figures"].items()}
    parts = {name: means[name] for name in ("review", "sample", "testing", "reporting")}
    parts = {name: parts.get(name, means["waiting"] - means["sample"]) for name in PARTS}
    return Cell(given["load"], Policy(given["policy"]), given["figures"], given["against"], parts, _bar(parts, high))


def _bar(parts: Mapping[str, float], high: int) -> list[Piece]:
    """The parts one after the other on an axis from 0 to `high` days."""
    pieces, at, days = [], 1, 0.0
    for name, phase in PARTS.items():
        days += parts[name]
        end = max(round(days / high * charts.BAR_COLUMNS) + 1, at + 1)
        pieces.append(Piece(phase, at, end - at))
        at = end
    return pieces


@bp.app_template_filter()
def bar_sentence(cell: Cell) -> str:
    """A bar in words."""
    return _(
        "评审 %(review)s 天，等样品 %(sample)s 天，等台架 %(bench)s 天，试验 %(testing)s 天，报告 %(reporting)s 天",
        **{name: f"{days:.1f}" for name, days in cell.parts.items()},
    )
