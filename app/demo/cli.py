"""`flask demo`."""

import sys
from pathlib import Path

import click
from flask import Blueprint, current_app

from app.clock import now
from app.demo.service import make_demo
from app.labs.queries import any_lab

bp = Blueprint("demo_cli", __name__, cli_group=None)
blueprints = (bp,)


@bp.cli.command("demo")
def demo() -> None:
    """Make or top up the demo: organisations, accounts, one year of orders and bookings, all labelled."""
    if not any_lab():
        click.echo("先运行 catalogue load。\nRun catalogue load first.", err=True)
        sys.exit(3)
    made = make_demo(Path(current_app.instance_path), now())
    click.echo(f"演示数据：{made.requests} 个请求，{made.accounts} 个新账号")
    click.echo(f"Demo data: {made.requests} requests, {made.accounts} new accounts")
