"""The command that holds methods of forecasting against each other."""

import csv
import sys
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TextIO

import click

from app.clock import now
from app.terminal import REFUSED
from app.turnaround.forecasting import missing, several
from app.turnaround.forecasting.backtest import Moment, Score, scores
from app.turnaround.forecasting.history import history, tests
from app.turnaround.forecasting.lines import DAY, History, Line, line
from app.turnaround.forecasting.methods import BASELINE, METHODS, SHIPPED
from app.turnaround.forecasting.starts import Start

QUARTER_DAYS, LEARNT_FROM = 92, timedelta(days=3 * 365)
COLUMNS = ("test", "domain", "lab", "company", "report_days", "submitted_at", "ended_at", "issued_at")
# Of the start, where the sheet has them: as booked, as it was, and when the sample came.
STARTS = ("starts_at", "ends_at", "taken_at", "received_at")
HEADER = ("moment", "method", "lines", "loss P50", "loss P90", "held P50", "held P90", "measured")
MOMENTS = {
    Moment.UNBOOKED: "提交时无时段 / submitted without a slot",
    Moment.ASKED: "提交时 / when asked",
    Moment.ENDED: "试验结束时 / test over",
    Moment.AWAITED: "等报告的每周一 / Mondays while awaited",
}
SEVERAL = "多项的委托单 / orders of several lines"
MISSING = "上台前 {days} 天样品未到 / sample not there {days} days before"


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
        sys.exit(REFUSED)
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
    for (ahead, name), score in missing.scores(past, last - days * DAY, last).items():
        if score.lines:
            click.echo(",".join((MISSING.format(days=ahead), name, *_told(score))))
    sys.exit(1 if lost else 0)


def read(sheet: Iterable[str]) -> History:
    """Lines of a CSV with COLUMNS, and STARTS if it has them: instants ISO 8601 with offset, the last one of each may
    be empty. Raises ValueError.
    """
    rows = csv.DictReader(sheet)
    heads = set(rows.fieldnames or ())
    if missing := set(COLUMNS) - heads:
        raise ValueError(f"columns missing: {', '.join(sorted(missing))}")
    read_rows = [(str(number), row) for number, row in enumerate(rows)]
    starts = (_start(ident, row) for ident, row in read_rows) if heads >= set(STARTS) else ()
    return History((_line(ident, row) for ident, row in read_rows), starts)


def _line(ident: str, row: Mapping[str, str]) -> Line:
    return line(
        (row["test"], row["domain"], row["lab"], row["company"]),
        int(row["report_days"]),
        datetime.fromisoformat(row["submitted_at"]),
        datetime.fromisoformat(row["ended_at"]),
        datetime.fromisoformat(row["issued_at"]) if row["issued_at"] else None,
        ident,
    )


def _start(ident: str, row: Mapping[str, str]) -> Start:
    instants = [datetime.fromisoformat(row[name]).timestamp() if row[name] else None for name in STARTS]
    starts_at, ends_at, taken_at, received_at = instants
    if starts_at is None or ends_at is None or taken_at is None:
        raise ValueError(f"line {ident}: {', '.join(STARTS[:3])} are needed")
    return Start(ident, row["company"], starts_at, ends_at, taken_at, received_at)


def _told(score: Score) -> list[str]:
    shares = (score.held_likely, score.held_safe, score.measured)
    return [
        str(score.lines),
        f"{score.loss_likely:.3f}",
        f"{score.loss_safe:.3f}",
        *(f"{share:.1%}" for share in shares),
    ]
