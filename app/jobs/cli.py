"""Commands: the worker, one pass now, the list."""

import sys

import click
from flask import Blueprint, current_app

from app.clock import now
from app.jobs import queries, scheduler, service
from app.jobs.leader import process_name
from app.jobs.models import Outcome
from app.jobs.registry import JOBS
from app.jobs.schedule import following
from app.language import ZONE

bp = Blueprint("jobs_cli", __name__, cli_group="jobs")
bp.cli.short_help = "定时任务 / scheduled jobs"
blueprints = (bp,)
ALL = "all"


@bp.cli.command("run")
def run() -> None:
    """定时任务进程，直到被终止 / Worker: runs all jobs on schedule until it is ended."""
    scheduler.run_worker(current_app._get_current_object())  # type: ignore[attr-defined]  # the proxy's own way


@bp.cli.command("once")
@click.argument("name", type=click.Choice([*service.names(), ALL]))
def once(name: str) -> None:
    """立即运行一次 / Run one job (or all) now; exit 1 when one fails."""
    asked = [job for job in JOBS if name in (job.name, ALL)]
    runs = [service.run_once(job, now(), process_name()) for job in asked]
    for run in runs:
        click.echo(f"{run.name}: {run.outcome.value} {run.result}".rstrip())
        if run.error:
            click.echo(run.error, err=True)
    sys.exit(any(run.outcome is not Outcome.DONE for run in runs))


@bp.cli.command("list")
def list_jobs() -> None:
    """列出任务、上次与下次运行 / Each job with its last and its next run."""
    at = now()
    for status in queries.statuses(at):
        last = f"{status.last.started_at.astimezone(ZONE):%F %T} {status.last.outcome.value}" if status.last else "-"
        click.echo(f"{status.job.name}\t{last}\t{following(status.job.schedule, at).astimezone(ZONE):%F %T}")
