"""A report as a mail encloses it: its sentences, its chart as a table, its tables as a spreadsheet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import render_template
from markupsafe import Markup

from app.accounts import queries as accounts
from app.accounts.policy import Viewer
from app.enclosures import EnclosedFile, Enclosure
from app.turnaround.rules import Period
from app.turnaround.scheduled import queries
from app.turnaround.scheduled.periods import Every
from app.turnaround.scheduled.report import Report, report
from app.turnaround.scheduled.wording import sentences
from app.turnaround.workbook import workbook_of

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Pixels of the longest bar; a phone shows the table whole.
LONGEST_BAR = 180


@dataclass(frozen=True, slots=True)
class Bar:
    """A month of the chart; width: pixels, None where there are no figures."""

    month: str
    width: int | None
    median: float | None
    p80: float | None


def enclosure(viewer: Viewer, report_id: str, now: datetime) -> Enclosure:
    """What the mail about a report encloses, by what its reader may see now. Raises NotFound, Forbidden."""
    found = queries.report(viewer, report_id)
    return enclosure_of(viewer, found.every, found.period, accounts.any_demo(), now)


def enclosure_of(viewer: Viewer, every: Every, period: Period, demo: bool, now: datetime) -> Enclosure:
    """The same of a report that is not made yet, in the language spoken. Raises Forbidden."""
    found = report(viewer, every, period, now)
    page = {"report": found, "bars": bars(found)}
    return Enclosure(
        sentences=sentences(found.facts),
        html=Markup(render_template("turnaround/enclosure.html", **page)),  # noqa: S704 - from an escaping template
        text=render_template("turnaround/enclosure.txt", **page),
        files=[EnclosedFile(file_name(found), XLSX, workbook_of(found.tables, demo))],
    )


def bars(found: Report) -> Sequence[Bar]:
    """The months of the chart, on one scale."""
    known = {cell.key: cell.percentiles for cell in found.months.items if cell.percentiles}
    longest = max((each[0] for each in known.values()), default=0.0) or 1.0
    return [_bar(month, known.get(month), longest) for month in found.months.question.period.months()]


def _bar(month: str, told: tuple[float, float, float] | None, longest: float) -> Bar:
    if told is None:
        return Bar(month, None, None, None)
    return Bar(month, max(1, round(told[0] / longest * LONGEST_BAR)), told[0], told[1])


def file_name(found: Report) -> str:
    """`turnaround-week-2026-11-16.xlsx`: sorts by time in a folder."""
    return f"turnaround-{found.every.value}-{found.period.first.isoformat()}.xlsx"
