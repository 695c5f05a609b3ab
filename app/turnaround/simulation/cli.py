"""`flask simulate`: a study of ways of asking for a time, on the house and the demand that the database knows."""

import json
import os
import sys
import time
from datetime import date
from typing import Any

import click
from flask import Blueprint

from app.clock import now
from app.terminal import REFUSED
from app.turnaround.simulation import measuring, reading, storing, study
from app.turnaround.simulation.policies import Policy
from app.worktime import LAST_OFFICIAL_YEAR

bp = Blueprint("simulation_cli", __name__, cli_group=None)
LEAST_LOAD, MOST_LOAD = 10, 100


class Loads(click.ParamType[tuple[int, ...]]):
    """`65,75,85,95`: percent."""

    name = "loads"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        parts = [part.strip() for part in str(value).split(",")]
        if not all(part.isdecimal() and LEAST_LOAD <= int(part) <= MOST_LOAD for part in parts):
            self.fail(
                f"负荷是 {LEAST_LOAD} 到 {MOST_LOAD} 的百分数 / loads are percentages from {LEAST_LOAD} to {MOST_LOAD}"
            )
        return tuple(dict.fromkeys(int(part) for part in parts))


@bp.cli.command("simulate")
@click.option("--loads", type=Loads(), default=study.LOADS, help="百分数，逗号分隔 / percent, by commas: 65,75,85,95")
@click.option("--replications", type=click.IntRange(2, 1000), default=study.REPLICATIONS, show_default=True)
@click.option(
    "--seed", type=int, default=study.SEED, show_default=True, help="同一个数，同样的结果 / same seed, same numbers"
)
@click.option("--jobs", type=click.IntRange(1, 256), default=os.cpu_count, help="进程数 / processes")
@click.option("--dry-run", is_flag=True, help="只打印，不保存 / print without keeping it for the page")
@click.option("--format", "kind", type=click.Choice(["text", "json"]), default="text", show_default=True)
def simulate(loads: tuple[int, ...], replications: int, seed: int, jobs: int, dry_run: bool, kind: str) -> None:
    """模拟一年的预约方式 / Simulate a year under four ways of asking for a time; the last study is shown on a page."""
    house = reading.read_house(date(LAST_OFFICIAL_YEAR, 1, 1))
    if not house.items:
        click.echo("目录是空的，先装入目录 / The catalogue is empty; load one first", err=True)
        sys.exit(REFUSED)
    wanted = study.Study(loads, replications, seed)
    began = time.monotonic()
    result = study.run(study.stage(house, measuring.measured(now()), seed), wanted, jobs, _progress(wanted.years))
    if not dry_run:
        storing.keep(result, round(time.monotonic() - began), now())
    click.echo(json.dumps(result, ensure_ascii=False, indent=2) if kind == "json" else _table(result))


def _progress(years: int) -> Any:
    """A line on a terminal's standard error."""

    def told(count: int) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r{count}/{years}", nl=count == years, err=True)

    return told


def _table(result: dict[str, Any]) -> str:
    """Mean turnaround in days by load and policy, with the difference to the first policy."""
    lines = ["load\tpolicy\tdays\tP50\tP80\tP95\tdifference\t±\tworse"]
    for cell in result["cells"]:
        figures, against = cell["figures"], cell["against"]["total"]
        days = "\t".join(f"{figures[name][0]:.1f}" for name in ("total", "total_p50", "total_p80", "total_p95"))
        own = cell["policy"] == Policy.KNOWN
        apart = "–\t–\t–" if own else f"{against[0]:+.2f}\t{against[1]:.2f}\t{figures['worse'][0]:.0%}"
        lines.append(f"{cell['load']}%\t{cell['policy']}\t{days}\t{apart}")
    return "\n".join(lines)
