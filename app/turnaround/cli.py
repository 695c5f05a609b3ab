"""The command for reports: the same figures as the page."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import BinaryIO

import click
from flask import Blueprint

from app.accounts import queries as accounts
from app.accounts.models import Role
from app.accounts.policy import Viewer
from app.clock import now
from app.terminal import refusals
from app.turnaround import documents, presenting, queries, workbook
from app.turnaround.asking import MONTHS, Asked, asked
from app.turnaround.forecasting.cli import backtest
from app.turnaround.rules import OF_TIME, GroupBy
from app.turnaround.simulation import cli as simulation
from app.turnaround.why import Against

bp = Blueprint("turnaround_cli", __name__, cli_group="turnaround")
blueprints = (bp, simulation.bp)
bp.cli.short_help = "检测周期 / turnaround"
bp.cli.add_command(backtest)


@bp.cli.command("report")
@click.option("--from", "first", help="YYYY-MM-DD，含当日 / first day of issue, included")
@click.option("--to", "last", help="YYYY-MM-DD，含当日 / last day of issue, included")
@click.option("--group-by", type=click.Choice([group.value for group in GroupBy]))
@click.option("--format", "kind", type=click.Choice(["csv", "json", "xlsx"]), default="csv", show_default=True)
@click.option("--company", help="只统计一家企业，不隐去小格 / one company's own figures, nothing suppressed")
@click.option("--lab", help="只统计一个实验室，不隐去小格 / one lab's own figures, nothing suppressed")
@click.option("-o", "--output", type=click.File("wb"), default="-", help="默认标准输出 / standard output by default")
def report(
    first: str | None,
    last: str | None,
    group_by: str | None,
    kind: str,
    company: str | None,
    lab: str | None,
    output: BinaryIO,
) -> None:
    """检测周期 / Turnaround as a coordinator sees it, or of one company or lab as it sees its own."""
    given = {"from": first, "to": last, "group_by": group_by}
    with refusals():
        wanted = asked({name: value for name, value in given.items() if value}, _reader(company, lab), now())
    found = queries.turnaround(wanted.question, wanted.group_by, now())
    demo = accounts.any_demo()
    if kind == "json":
        text = json.dumps(presenting.document(found, demo), ensure_ascii=False, indent=2) + "\n"
        output.write(text.encode())
    elif kind == "csv":
        sheet = io.StringIO()
        header, rows = presenting.sheet(found, demo)
        csv.writer(sheet).writerows([header, *rows])
        output.write(sheet.getvalue().encode())
    else:
        output.write(workbook.workbook(found, demo))


DOCUMENTS: Mapping[str, Callable[[Asked, datetime], documents.Document]] = {
    "trend": documents.trend,
    "reasons": lambda wanted, at: documents.reasons(wanted, Against.BEFORE, at),
    "reasons-year": lambda wanted, at: documents.reasons(wanted, Against.YEAR_AGO, at),
    "time-to-report": documents.time_to_report,
    "quality": documents.data_quality,
    "bottlenecks": documents.bottlenecks,
}


@bp.cli.command("show")
@click.argument("what", type=click.Choice(list(DOCUMENTS)))
@click.option("--from", "first", help="YYYY-MM-DD，含当日 / first day of issue, included")
@click.option("--to", "last", help="YYYY-MM-DD，含当日 / last day of issue, included")
@click.option("--months", type=click.Choice([str(count) for count in MONTHS]), help="近几个月 / so many last months")
@click.option("--grain", type=click.Choice([grain.value for grain in OF_TIME]), help="趋势按 / the trend by")
@click.option("--company", help="只统计一家企业，不隐去小格 / one company's own figures, nothing suppressed")
@click.option("--lab", help="只统计一个实验室，不隐去小格 / one lab's own figures, nothing suppressed")
def show(
    what: str,
    first: str | None,
    last: str | None,
    months: str | None,
    grain: str | None,
    company: str | None,
    lab: str | None,
) -> None:
    """趋势、原因、数据质量等，JSON / Trend, reasons, data quality and the like as JSON, as the API tells them."""
    given = {"from": first, "to": last, "months": months, "grain": grain}
    with refusals():
        wanted = asked({name: value for name, value in given.items() if value}, _reader(company, lab), now())
        found = DOCUMENTS[what](wanted, now()) | {"demo": accounts.any_demo()}
    click.echo(json.dumps(found, ensure_ascii=False, indent=2))


def _reader(company: str | None, lab: str | None) -> Viewer:
    """Through whose eyes: a company's, a lab's, else a coordinator's."""
    if company:
        return Viewer(role=Role.COMPANY_MANAGER, organisation_id=company)
    if lab:
        return Viewer(role=Role.LAB_ADMIN, lab_ids=frozenset({lab}))
    return Viewer(role=Role.COORDINATOR)
