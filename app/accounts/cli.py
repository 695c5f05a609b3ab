"""`flask user …` and `flask token …`. Exit 3 when it is refused, with the reason on standard error."""

import secrets
import sys
from collections.abc import Iterator

import click
from flask import Blueprint

from app.accounts import closing, members, queries, service
from app.accounts.models import Organisation, Role, Scope
from app.clock import now
from app.errors import N_, Invalid
from app.events.log import System
from app.terminal import refusals

AUTHORITY_ROLES = (Role.COORDINATOR, Role.SYSTEM_ADMIN)
AUTHORITY = "平台运营"

users = Blueprint("user_cli", __name__, cli_group="user")
users.cli.short_help = "账号 / accounts"
tokens = Blueprint("token_cli", __name__, cli_group="token")
tokens.cli.short_help = "接口令牌 / API tokens"
organisations = Blueprint("organisation_cli", __name__, cli_group="organisation")
organisations.cli.short_help = "机构 / organisations"
blueprints = (users, tokens, organisations)


@users.cli.command("create")
@click.option("--email", required=True)
@click.option("--name", required=True, help="姓名 / name")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--organisation", help="机构的编号或全称 / its id or full Chinese name")
@click.option("--lab", "labs", multiple=True, help="实验室编号，可重复 / id of a lab, repeatable; lab roles need one")
@click.option("--password", help="不给则询问；没有终端时生成并打印 / asked for, or made and printed, when left out")
def create(
    email: str, name: str, role: str, organisation: str | None, labs: tuple[str, ...], password: str | None
) -> None:
    """建账号并给一个角色；已有账号的只加角色 / Make an account with a role, or add a role to one.

    协同管理和系统管理员可以不给 --organisation / A coordinator or system administrator may go without one.
    """
    known = queries.user_by_email(email) is not None
    made = None if known or password else _asked_password()
    with refusals():
        where = _organisation(organisation, Role(role), labs)
        person = service.Person(email, name, password or made or secrets.token_urlsafe(12))
        membership = members.create(System(), now(), person, members.Seat(where, Role(role), labs))
    click.echo(f"{membership.user.email} {role} {where}")
    if made and not sys.stdin.isatty():
        click.echo(made)


@users.cli.command("password")
@click.argument("email")
@click.option("--password", help="不给则询问；没有终端时生成并打印 / asked for, or made and printed, when left out")
def reset(email: str, password: str | None) -> None:
    """给 EMAIL 一个新密码，旧的登录都结束 / Give EMAIL a new password; all sessions end."""
    made = password or _asked_password()
    with refusals():
        service.reset_password(System(), email, made, now())
    if not password and not sys.stdin.isatty():
        click.echo(made)


@tokens.cli.command("create")
@click.argument("email")
@click.option("--name", required=True, help="用途 / what it is for")
@click.option(
    "--scope", type=click.Choice([scope.value for scope in Scope]), default=Scope.WRITE.value, show_default=True
)
@click.option(
    "--role", type=click.Choice([role.value for role in Role]), help="多个角色时选哪个 / which one of several"
)
def create_token(email: str, name: str, scope: str, role: str | None) -> None:
    """为 EMAIL 建接口令牌，只打印令牌 / Make an API token for EMAIL; prints the token alone."""
    with refusals():
        user = queries.user_by_email(email)
        own = queries.memberships_of(user.id) if user else ()
        membership = next((one for one in own if role in (None, one.role.value)), None)
        if membership is None:
            raise Invalid(N_("没有这个账号或角色：%(email)s"), field="email", email=email)
        _, secret = service.create_token(queries.viewer_of(membership), now(), service.NewToken(name, Scope(scope)))
    click.echo(secret)


@organisations.cli.command("close")
@click.argument("organisation")
@click.option("--dry-run", is_flag=True, help="只看能不能关闭 / only tell whether it can be closed")
def close(organisation: str, dry_run: bool) -> None:
    """关闭机构（编号或全称）：成员失效，历史保留；有在途委托单或预约时拒绝 / Close an organisation by id or full
    Chinese name: its members lose their seats, its history stays; refused while orders or bookings are open.
    """
    with refusals():
        known = _first(one for one in queries.organisations() if organisation in (one.id, one.name_zh))
        found = closing.close(System(), known.id if known else organisation, now(), dry_run)
    click.echo(f"{found.id} {found.name_zh}")


def _asked_password() -> str:
    """From the terminal, or a made-up one where there is none."""
    if sys.stdin.isatty():
        asked: str = click.prompt("密码 / Password", hide_input=True, confirmation_prompt=True)
        return asked
    return secrets.token_urlsafe(12)


def _organisation(given: str | None, role: Role, labs: tuple[str, ...]) -> str:
    """The id of the organisation that was named, or that runs the labs, or the platform's own authority."""
    everywhere = queries.organisations()
    if given:
        found = _first(one for one in everywhere if given in (one.id, one.name_zh))
    else:
        found = _first(one for one in everywhere if labs and labs[0] in {lab.id for lab in queries.labs_of(one.id)})
    if found:
        return found.id
    if role in AUTHORITY_ROLES:
        return members.authority(given or AUTHORITY, now())
    raise Invalid(N_("没有这个机构。企业在网页上登记，实验室随目录装入。"), field="organisation")


def _first(found: Iterator[Organisation]) -> Organisation | None:
    return next(found, None)
