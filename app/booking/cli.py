"""`flask closure …`: benches closed by command, for programs that know of a breakdown first."""

from datetime import datetime

import click
from flask import Blueprint

from app.accounts.policy import Viewer
from app.accounts.queries import memberships_of, user_by_email, viewer_of
from app.booking import closures
from app.booking.models import ClosureKind
from app.clock import has_calendar, now
from app.errors import N_, Invalid
from app.labs import queries as labs
from app.language import ZONE, span
from app.terminal import refusals

bp = Blueprint("closure_cli", __name__, cli_group="closure")
bp.cli.short_help = "停用台架 / closing of benches"
blueprints = (bp,)

LOCAL = click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d"])


@bp.cli.command("add")
@click.argument("resource")
@click.option("--from", "starts", type=LOCAL, required=True, help="当地时间 / local time, e.g. 2026-12-01T08:30")
@click.option("--to", "ends", type=LOCAL, required=True, help="当地时间 / local time")
@click.option("--kind", type=click.Choice([kind.value for kind in ClosureKind]), default="maintenance")
@click.option("--reason", default="", help="只有本实验室看得到 / for the lab alone")
@click.option("--as", "email", required=True, help="以哪位实验室管理员的名义 / the lab administrator who closes")
def add(resource: str, starts: datetime, ends: datetime, kind: str, reason: str, email: str) -> None:
    """停用台架 RESOURCE 一段时间；其中有预约时拒绝并列出编号 / Close RESOURCE for a time; refused with the codes of
    bookings that are in the way.
    """
    with refusals():
        command = closures.CloseResource(resource, _instant(starts), _instant(ends), ClosureKind(kind), reason)
        closure = closures.close(_administrator(email, resource), command, now())
    click.echo(f"{closure.id} {resource} {span(closure.starts_at, closure.ends_at)}")


def _administrator(email: str, resource: str) -> Viewer:
    """The account in its seat at the bench's lab. Raises Invalid where it has none."""
    user = user_by_email(email)
    seats = [viewer_of(membership) for membership in memberships_of(user.id)] if user else []
    lab_ids = {row.lab_id for row in labs.resources([resource])}
    found = next((seat for seat in seats if lab_ids & seat.lab_ids), None)
    if found is None:
        raise Invalid(N_("%(email)s 的实验室没有这个台架：%(resource)s"), email=email, resource=resource)
    return found


def _instant(local: datetime) -> datetime:
    if not has_calendar(local):
        raise Invalid(N_("请填日期和时间，例如 %(example)s。"), example="2026-05-06 08:30")
    return local.replace(tzinfo=ZONE)
