"""`flask demo`."""

import sys
from pathlib import Path

import click
from flask import Blueprint, current_app

from app.clock import now
from app.demo.service import YEAR, make_demo
from app.labs.queries import any_lab
from app.terminal import REFUSED

bp = Blueprint("demo_cli", __name__, cli_group=None)
blueprints = (bp,)


@bp.cli.command("demo")
@click.option(
    "--months",
    type=click.IntRange(1, 36),
    default=12,
    show_default=True,
    help="首次生成多久的历史 / of history, at first",
)
def demo(months: int) -> None:
    """建立或补足演示：机构、账号、一年或更久的委托和预约，都有标记 / Make or top up the demo: organisations, accounts,
    a year of orders and bookings or more, all labelled.
    """
    if not any_lab():
        click.echo("先运行 catalogue load。\nRun catalogue load first.", err=True)
        sys.exit(REFUSED)
    made = make_demo(Path(current_app.instance_path), now(), YEAR * months / 12)
    click.echo(f"演示数据：{made.requests} 个请求，{made.accounts} 个新账号")
    click.echo(f"Demo data: {made.requests} requests, {made.accounts} new accounts")
