"""`flask closure …`: closures by command, until the lab's own pages set them."""

import sys
from datetime import datetime

import click
from flask import Blueprint

from app.accounts.queries import memberships_of, user_by_email, viewer_of
from app.booking import closures
from app.booking.models import ClosureKind
from app.clock import now
from app.errors import YujianError
from app.language import ZONE, refusal, span

bp = Blueprint("closure_cli", __name__, cli_group="closure")
blueprints = (bp,)

LOCAL = click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d"])


@bp.cli.command("add")
@click.argument("resource")
@click.option("--from", "starts", type=LOCAL, required=True, help="Local start, e.g. 2026-12-01T08:30.")
@click.option("--to", "ends", type=LOCAL, required=True, help="Local end.")
@click.option("--kind", type=click.Choice([kind.value for kind in ClosureKind]), default="maintenance")
@click.option("--reason", default="")
@click.option("--as", "email", required=True, help="Address of the lab administrator who closes.")
def add(resource: str, starts: datetime, ends: datetime, kind: str, reason: str, email: str) -> None:
    """Close RESOURCE for a time. Exit 3 with the codes of bookings that are in the way; then nothing changes."""
    command = closures.CloseResource(
        resource, starts.replace(tzinfo=ZONE), ends.replace(tzinfo=ZONE), ClosureKind(kind), reason
    )
    user = user_by_email(email)
    viewers = [viewer_of(membership) for membership in memberships_of(user.id)] if user else []
    viewer = next((found for found in viewers if found.is_lab), None)
    if viewer is None:
        click.echo(f"不是实验室成员 / not a member of a lab: {email}", err=True)
        sys.exit(3)
    try:
        closure = closures.close(viewer, command, now())
    except YujianError as error:
        click.echo(refusal(error), err=True)
        sys.exit(3)
    click.echo(f"{closure.id} {resource} {span(closure.starts_at, closure.ends_at)}")
