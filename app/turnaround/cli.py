"""The command for reports: the same figures as the page."""

import csv
import io
import json
import sys
from typing import BinaryIO

import click
from flask import Blueprint

from app.accounts import queries as accounts
from app.accounts.models import Role
from app.accounts.policy import Viewer
from app.clock import now
from app.errors import YujianError
from app.turnaround import presenting, queries, workbook
from app.turnaround.asking import asked
from app.turnaround.forecasting.cli import backtest
from app.turnaround.rules import GroupBy
from app.turnaround.simulation import cli as simulation

bp = Blueprint("turnaround_cli", __name__, cli_group="turnaround")
blueprints = (bp, simulation.bp)
BAD_INPUT = 3
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
    try:
        wanted = asked({name: value for name, value in given.items() if value}, _reader(company, lab), now())
    except YujianError as error:
        click.echo(f"{error.field}: {error}", err=True)
        sys.exit(BAD_INPUT)
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


def _reader(company: str | None, lab: str | None) -> Viewer:
    """Through whose eyes: a company's, a lab's, else a coordinator's."""
    if company:
        return Viewer(role=Role.COMPANY_MANAGER, organisation_id=company)
    if lab:
        return Viewer(role=Role.LAB_ADMIN, lab_ids=frozenset({lab}))
    return Viewer(role=Role.COORDINATOR)
