"""The page of bottlenecks: how the hours of benches were spent, and what one more shift or bench would have brought."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from itertools import accumulate
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _

from app.accounts.current import login_required, viewer
from app.accounts.policy import Action, Viewer, require
from app.booking.models import CLOSURE_LABELS, ClosureKind
from app.booking.reading import companies
from app.capacity.utilisation.queries import NO_SHOW
from app.clock import now
from app.errors import Invalid
from app.testing.run_rules import CAUSE_LABELS, PauseCause
from app.turnaround.asking import LINES_A_PAGE, MONTHS, USUAL_MONTHS, Asked, asked, page_number
from app.turnaround.bottlenecks import of_kinds, of_pools
from app.turnaround.bottlenecks.behind import FIGURES, LOST, behind, known
from app.turnaround.bottlenecks.hours import Row, Told, by_kind, by_pool
from app.turnaround.bottlenecks.months import finished
from app.turnaround.bottlenecks.queries import LATE
from app.turnaround.bottlenecks.spent import BOOKED, CLOSURE, PAUSE, RUNNING, UNUSED, USED, Spent
from app.turnaround.bottlenecks.what_if import Change, Outcome, WhatIf
from app.turnaround.queries import sees_all
from app.turnaround.rules import Period

bp = Blueprint("turnaround_bottlenecks", __name__, url_prefix="/turnaround")
BAR = 1000
# A pool of which most hours are free holds nobody up.
SCARCE = 50
# Rows that are seen at once.
MOST_ROWS = 12
# Days that people would notice.
LITTLE = 0.05


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a bar, on a scale of BAR. css: its class."""

    css: str
    x: int
    width: int


@dataclass(frozen=True, slots=True)
class Page:
    """told: rows and causes. answer: what if, of one row (`chosen`); None before it was reckoned, and for those who see
    all labs. of_kinds: what if, for those.
    """

    asked: Asked
    months: int
    period: Period
    of_all: bool
    told: Told
    chosen: Row | None
    answer: of_pools.Answer | None
    of_kinds: of_kinds.Told | None
    as_of: datetime

    @property
    def study(self) -> WhatIf | None:
        """None also where nothing was asked for."""
        return self.answer.study if self.answer else None

    @property
    def top(self) -> Row | None:
        """The tightest of those that may be told."""
        return next((row for row in self.told.rows if row.spent and row.spent.hours.booked), None)

    @property
    def shown(self) -> list[Row]:
        """Rows with something to draw."""
        return [row for row in self.told.rows if row.spent and (row.spent.hours.booked or row.spent.lost)]

    @property
    def quiet(self) -> list[Row]:
        """Those that nobody had."""
        return [row for row in self.told.rows if row.spent and row not in self.shown]

    @property
    def hidden(self) -> list[Row]:
        """Those that are too small to be told."""
        return [row for row in self.told.rows if row.spent is None]

    @property
    def longest(self) -> float:
        """The longest mean waiting of the study, in days."""
        return max((outcome.waiting for outcome in self.study.outcomes), default=0.0) if self.study else 0.0


@bp.get("/bottlenecks")
@login_required
def index() -> str:
    """Open, booked and used hours, what was lost, and what if. Raises Forbidden."""
    require(viewer(), Action.SEE_BOTTLENECKS)
    found = _page(viewer(), request.args.get("pool"), now())
    words: dict[str, Any] = {
        "bar": bar,
        "most": MOST_ROWS,
        "cause": cause,
        "whole_hours": whole_hours,
        "length": length,
        "changes": Change,
    }
    return render_template(
        "turnaround/bottlenecks.html", page=found, month_choices=MONTHS, scarce=SCARCE, sentence=sentence, **words
    )


@bp.post("/bottlenecks/what-if", endpoint="ask_again")
@login_required
def ask_again() -> Any:
    """Ask the requests of a pool again now. Raises Forbidden, NotFound."""
    require(viewer(), Action.SEE_BOTTLENECKS)
    wanted, pool = _asked(viewer(), now()), request.args.get("pool", "")
    months = wanted.months or USUAL_MONTHS
    of_pools.ask_again(viewer(), of_pools.AskAgain(pool, months), now())
    address: Any = wanted.args(pool=pool)
    return redirect(url_for(".index", _anchor="whatif", **address), HTTPStatus.SEE_OTHER)


@bp.get("/bottlenecks/hours", endpoint="hours")
@login_required
def hours_behind() -> str:
    """The bookings and closures behind a figure of one's own benches. Raises Forbidden, NotFound, Invalid."""
    require(viewer(), Action.SEE_BOTTLENECKS)
    wanted, pool, number = (
        asked(request.args, viewer(), now()),
        request.args.get("pool") or None,
        page_number(request.args),
    )
    what, months = known(request.args.get("of", BOOKED)), wanted.months or USUAL_MONTHS
    found = behind(viewer(), pool, what, months, now(), LINES_A_PAGE, number * LINES_A_PAGE)
    return render_template(
        "turnaround/bench_hours.html",
        asked=wanted,
        found=found,
        what=what,
        pool=pool,
        figures=FIGURES,
        period=finished(months, now()),
        companies=companies(viewer(), [line.booking for line in found.lines if line.booking]),
        number=number,
        a_page=LINES_A_PAGE,
        cause=cause,
        figure=figure,
        whole_hours=whole_hours,
    )


def _page(viewer: Viewer, pool: str | None, now: datetime) -> Page:
    wanted = _asked(viewer, now)
    months, of_all = wanted.months or USUAL_MONTHS, sees_all(viewer)
    told = by_kind(months, now) if of_all else by_pool(sorted(viewer.lab_ids), months, now)
    chosen = None if of_all else _chosen(told.rows, pool)
    answer = of_pools.newest(chosen.lab_id, chosen.key, months) if chosen else None
    kinds = of_kinds.newest() if of_all else None
    return Page(wanted, months, finished(months, now), of_all, told, chosen, answer, kinds, now)


def _asked(viewer: Viewer, now: datetime) -> Asked:
    """The period of the address, the usual one where it makes no sense."""
    try:
        return asked(request.args, viewer, now)
    except Invalid:
        return asked({}, viewer, now)


def _chosen(rows: Sequence[Row], pool: str | None) -> Row | None:
    """The pool in the address, else the tightest."""
    tightest = next((row for row in rows if row.spent and row.spent.hours.booked), None)
    return next((row for row in rows if row.key == pool), tightest)


def bar(spent: Spent) -> list[Piece]:
    """Ran, booked without a run, lost; what is left was free."""
    lengths = (("ran", spent.running), ("unu", spent.unused), ("los", spent.lost_all))
    if not spent.hours.open:
        return []
    ends = [round(BAR * (end / spent.hours.open)) for end in accumulate(each for _css, each in lengths)]
    return [
        Piece(css, begin, end - begin)
        for (css, _length), begin, end in zip(lengths, [0, *ends], ends, strict=False)
        if end > begin
    ]


def length(days: float, longest: float) -> int:
    """A bar of days on a scale that the longest fills."""
    return round(BAR * days / longest) if longest > 0 else 0


def whole_hours(length: timedelta) -> str:
    """Hours without a fraction, `1,240`."""
    return f"{length / timedelta(hours=1):,.0f}"


def figure(key: str) -> str:
    """What a list is of, in the reader's language: a figure, or why time was lost."""
    labels = {
        BOOKED: _("已约"),
        USED: _("已用"),
        RUNNING: _("试验中"),
        UNUSED: _("约了没用"),
        LOST: _("损失"),
    }
    return labels.get(key) or cause(key)


def cause(key: str) -> str:
    """Why time was lost, in the reader's language."""
    if key in (NO_SHOW, LATE):
        return _("委托方未到场") if key == NO_SHOW else _("取消太晚")
    if key.startswith(CLOSURE):
        return _(
            "%(kind)s：%(cause)s", kind=_("停用时间"), cause=_(CLOSURE_LABELS[ClosureKind(key.removeprefix(CLOSURE))])
        )
    return _("%(kind)s：%(cause)s", kind=_("试验暂停"), cause=_(CAUSE_LABELS[PauseCause(key.removeprefix(PAUSE))]))


def sentence(outcome: Outcome) -> str:
    """What a change would have brought."""
    days, report = f"{outcome.sooner:.1f}", f"{outcome.report_sooner:.1f}"
    if outcome.sooner < -LITTLE:
        return _("加了以后，先来先得的顺序变了，这些申请平均反而晚 %(days)s 天上台。", days=f"{-outcome.sooner:.1f}")
    if max(outcome.sooner, outcome.report_sooner) < LITTLE:
        if outcome.change is Change.SHIFT:
            return _("多一个班次，这些申请的上台和报告日期几乎不变。")
        return _("多一个台架，这些申请的上台和报告日期几乎不变。")
    if outcome.change is Change.SHIFT:
        return _("多一个班次，这些申请平均早 %(days)s 天上台，报告早 %(report)s 天。", days=days, report=report)
    return _("多一个台架，这些申请平均早 %(days)s 天上台，报告早 %(report)s 天。", days=days, report=report)
