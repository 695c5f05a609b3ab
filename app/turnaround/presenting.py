"""Figures as plain values: one shape for API, command, sheets and daily reports."""

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _

from app.api import iso
from app.language import pick
from app.turnaround.queries import Figures, Turnaround
from app.turnaround.rules import INSIDE, PHASES, GroupBy

Cell = str | int | float | None


def item(figures: Figures) -> dict[str, Any]:
    """One cell. Numbers: days with one decimal; None where there are no lines or the cell is suppressed."""
    median, p80, p95 = figures.percentiles or (None, None, None)
    working_median, working_p80, working_p95 = figures.working or (None, None, None)
    return {
        "key": figures.key,
        "name_zh": figures.name_zh,
        "name_en": figures.name_en,
        "lines": figures.lines,
        "median_days": median,
        "p80_days": p80,
        "p95_days": p95,
        "mean_days": figures.mean,
        "median_working_days": working_median,
        "p80_working_days": working_p80,
        "p95_working_days": working_p95,
        "phases": {phase: figures.phases[phase] if figures.phases else None for phase in PHASES},
        **{f"{part}_days": figures.shares[part] if figures.shares else None for part in INSIDE},
        "suppressed": figures.suppressed,
    }


def document(found: Turnaround, demo: bool) -> dict[str, Any]:
    """The whole answer. demo: demo data are among the lines."""
    period = found.question.period
    return {
        "from": period.first.isoformat(),
        "to": period.last.isoformat(),
        "group_by": found.group_by.value if found.group_by else None,
        "items": [item(figures) for figures in found.items],
        "total": item(found.total),
        "as_of": iso(found.as_of),
        "demo": demo,
    }


def sheet(found: Turnaround, demo: bool) -> tuple[list[str], list[list[Cell]]]:
    """Header and rows of a sheet in the language spoken; the whole stands last. A suppressed cell has dashes."""
    rows = [_row(figures, pick(figures)) for figures in found.items]
    if found.group_by:
        rows.append(_row(found.total, _("合计")))
    return _header(found.group_by, demo), rows


def _header(group_by: GroupBy | None, demo: bool) -> list[str]:
    first = _(group_by.label) if group_by else _("范围")
    return [
        _("%(name)s（演示数据）", name=first) if demo else first,
        _("编号"),
        _("委托项"),
        _("P50（自然日）"),
        _("P80（自然日）"),
        _("P95（自然日）"),
        _("P50（工作日）"),
        _("P80（工作日）"),
        _("P95（工作日）"),
        _("平均（自然日）"),
        _("评审"),
        _("等待"),
        _("试验"),
        _("报告"),
        _("其中等企业"),
        _("其中暂停"),
    ]


def _row(figures: Figures, name: str) -> list[Cell]:
    if figures.lines is None:
        return [name, figures.key, *["–"] * 14]
    none: Sequence[Cell] = (None, None, None)
    phases = [figures.phases[phase] if figures.phases else None for phase in PHASES]
    percentiles, working = figures.percentiles or none, figures.working or none
    shares = [figures.shares[part] if figures.shares else None for part in INSIDE]
    return [name, figures.key, figures.lines, *percentiles, *working, figures.mean, *phases, *shares]
