"""The choices of a search drawn: one phase bar a lab, all on one axis of whole days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext

from app.booking.bars import Course, phases
from app.booking.rules import REVIEW_DAYS
from app.language import day, lang, moment
from app.search.comparing import Choice
from app.timeline import Axis, Phase, Piece, Stretch, draw
from app.worktime import DayKind, after_working_days, local_date, local_day, midnight
from app.worktime import day as calendar_day

TICKS, COLUMNS = 6, 84


@dataclass(frozen=True, slots=True)
class Bars:
    """One bar a lab on one axis. grey: what the shaded days are, empty when there are none."""

    ticks: list[datetime]
    columns: int
    rows: list[list[Piece]]
    grey: str


def bars(choices: Sequence[Choice], now: datetime) -> Bars | None:
    """The choices over whole days from today to the last safe date; None without any."""
    if not choices:
        return None
    courses = [_course(choice, now) for choice in choices]
    today = midnight(local_date(now))
    last = max(max(course.instants) for course in courses)
    axis = Axis.fitting(today, local_day(local_date(last)).end, TICKS, COLUMNS)
    off, grey = _holidays(axis)
    rows = [draw(axis, [*off, *_test_on_top(phases(course, Phase.WAITING))]) for course in courses]
    return Bars(axis.ticks(TICKS), COLUMNS, rows, grey)


def _test_on_top(stretches: Sequence[Stretch]) -> list[Stretch]:
    """A test may be shorter than a column; the report's stripes must not hide it."""
    return sorted(stretches, key=lambda stretch: stretch.phase is Phase.TESTING)


def _course(choice: Choice, now: datetime) -> Course:
    use, report = choice.offer.slot.use, choice.offer.report
    return Course(
        submitted=now,
        accepted=min(after_working_days(now, REVIEW_DAYS), use.starts_at),
        taken=use.starts_at,
        ended=use.ends_at,
        issued=report.expected_at,
        safe=report.safe_at,
    )


def bar_sentence(choice: Choice) -> str:
    """The bar in words."""
    use, report = choice.offer.slot.use, choice.offer.report
    return gettext(
        "%(bench)s 上台，%(end)s 试验结束，预计 %(report)s 出报告，稳妥 %(safe)s",
        bench=moment(use.starts_at),
        end=moment(use.ends_at),
        report=day(report.expected_at),
        safe=day(report.safe_at),
    )


def _holidays(axis: Axis) -> tuple[list[Stretch], str]:
    """Public holidays on the axis, and their names in one sentence."""
    on, stretches = local_date(axis.start), []
    names: dict[str, None] = {}
    provisional = set()
    while midnight(on) < axis.end:
        today = calendar_day(on)
        if today.kind is DayKind.HOLIDAY:
            span = local_day(on)
            stretches.append(Stretch(Phase.CLOSED, span.start, span.end))
            names[(today.name_zh if lang() == "zh" else today.name_en) or ""] = None
            if today.provisional:
                provisional.add(on.year)
        on += timedelta(days=1)
    joined = _joined(stretches)
    if not joined:
        return [], ""
    listed = gettext("、").join(name for name in names if name)
    if provisional:
        years = gettext("、").join(map(str, sorted(provisional)))
        text = gettext(
            "灰底为%(names)s假期；%(years)s 年的放假安排还没有公布，按法定节日推算。", names=listed, years=years
        )
        return joined, text
    return joined, gettext("灰底为%(names)s假期。", names=listed)


def _joined(days: Sequence[Stretch]) -> list[Stretch]:
    """Neighbouring days as one stretch."""
    joined: list[Stretch] = []
    for one in days:
        if joined and joined[-1].end == one.start:
            joined[-1] = joined[-1]._replace(end=one.end)
        else:
            joined.append(one)
    return joined
