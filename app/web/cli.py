"""`flask backup FILE` and `flask restore FILE`. Exit 3 when it is refused, with the reason on standard error."""

import sys
from collections.abc import Callable
from pathlib import Path

import click
from flask import Blueprint, current_app

from app import backup
from app.language import refusal_in_both

REFUSED = 3

bp = Blueprint("backup_cli", __name__, cli_group=None)
blueprints = (bp,)


@bp.cli.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
def back_up(file: Path) -> None:
    """把数据库完整地复制到 FILE，服务不必停 / Copy the database to FILE while the server runs.

    签名密钥（实例文件夹里的 secret）不在其中 / The signing key is not in it.
    """
    _told(backup.backup, file)
    click.echo(f"已备份 / Backed up: {file}")


@bp.cli.command("restore")
@click.argument("file", type=click.Path(path_type=Path))
def restore(file: Path) -> None:
    """从 FILE 恢复到还没有的数据库 / Make the database from FILE; refuses when there is one."""
    _told(backup.restore, file)
    click.echo(f"已恢复，接着运行 flask --app app db upgrade / Restored; run flask --app app db upgrade next: {file}")


def _told(work: Callable[[str, Path], None], file: Path) -> None:
    try:
        work(current_app.config["SQLALCHEMY_DATABASE_URI"], file)
    except backup.CannotBackUp as error:
        click.echo(refusal_in_both(error), err=True)
        sys.exit(REFUSED)
