"""The command that holds methods of forecasting against each other."""

import csv
import sys
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TextIO

import click

from app.clock import now
from app.turnaround.forecasting import several
from app.turnaround.forecasting.backtest import Moment, Score, scores
from app.turnaround.forecasting.history import history, tests
from app.turnaround.forecasting.lines import DAY, History, line
from app.turnaround.forecasting.methods import BASELINE, METHODS, SHIPPED

BAD_INPUT = 3
QUARTER_DAYS, LEARNT_FROM = 92, timedelta(days=3 * 365)
COLUMNS = ("test", "domain", "lab", "company", "report_days", "submitted_at", "ended_at", "issued_at")
HEADER = ("moment", "method", "lines", "loss P50", "loss P90", "held P50", "held P90", "measured")
MOMENTS = {
    Moment.UNBOOKED: "提交时无时段 / submitted without a slot",
    Moment.ASKED: "提交时 / when asked",
    Moment.ENDED: "试验结束时 / test over",
    Moment.AWAITED: "等报告的每周一 / Mondays while awaited",
}
SEVERAL = "多项的委托单 / orders of several lines"


@click.command("backtest")
@click.option("--lines", "sheet", type=click.File(), help="各项时刻的 CSV，默认数据库 / CSV, else database")
@click.option("--days", default=QUARTER_DAYS, show_default=True, help="留出最后多少天 / days held out at the end")
def backtest(sheet: TextIO | None, days: int) -> None:
    """预测方法在留出时段上的比较 / Methods compared on the last days, which they could not know.

    Losses are mean pinball losses in calendar days. Exit 1 when what is shipped doesn't beat the baseline.
    """
    try:
        past = read(sheet) if sheet else history(now() - LEARNT_FROM, tests())
    except (KeyError, ValueError) as error:
        click.echo(f"{sheet.name if sheet else ''}: {error!r}", err=True)
        sys.exit(BAD_INPUT)
    last = max((each.ended_at for each in past.lines if each.issued_at is not None), default=0.0) + 1
    click.echo(",".join(HEADER))
    lost = False
    for moment, label in MOMENTS.items():
        found = scores(past, METHODS, moment, last - days * DAY, last)
        for name, score in found.items():
            click.echo(",".join((label, name, *_told(score))))
        lost = lost or not found[SHIPPED.name].beats(found[BASELINE.name])
    for name, score in several.scores(past, last - days * DAY, last).items():
        click.echo(",".join((SEVERAL, name, *_told(score))))
    sys.exit(1 if lost else 0)


def read(sheet: Iterable[str]) -> History:
    """Lines of a CSV with COLUMNS: instants ISO 8601 with offset, the last one may be empty. Raises ValueError."""
    rows = csv.DictReader(sheet)
    if missing := set(COLUMNS) - set(rows.fieldnames or ()):
        raise ValueError(f"columns missing: {', '.join(sorted(missing))}")
    return History(
        line(
            (row["test"], row["domain"], row["lab"], row["company"]),
            int(row["report_days"]),
            datetime.fromisoformat(row["submitted_at"]),
            datetime.fromisoformat(row["ended_at"]),
            datetime.fromisoformat(row["issued_at"]) if row["issued_at"] else None,
        )
        for row in rows
    )


def _told(score: Score) -> list[str]:
    shares = (score.held_likely, score.held_safe, score.measured)
    return [
        str(score.lines),
        f"{score.loss_likely:.3f}",
        f"{score.loss_safe:.3f}",
        *(f"{share:.1%}" for share in shares),
    ]
