"""`flask backup FILE` and `flask restore FILE`. Exit 3 when it is refused, with the reason on standard error."""

from pathlib import Path

import click
from flask import Blueprint, current_app

from app import backup
from app.files.settings import store
from app.files.stores import FolderStore
from app.terminal import refusals

bp = Blueprint("backup_cli", __name__, cli_group=None)
blueprints = (bp,)


@bp.cli.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
def back_up(file: Path) -> None:
    """把数据库完整地复制到 FILE，附件到 FILE.files，服务不必停 / Copy the database to FILE and attachments to
    FILE.files while the server runs.

    签名密钥（实例文件夹里的 secret）和 S3 里的附件不在其中 / The signing key, and attachments in S3, are not in it.
    """
    with refusals():
        _back_up(_database(), file)
    click.echo(f"已备份 / Backed up: {file}")


@bp.cli.command("restore")
@click.argument("file", type=click.Path(path_type=Path))
def restore(file: Path) -> None:
    """从 FILE 恢复到还没有的数据库，旁边有 FILE.files 就连附件一起 / Make the database from FILE, and attachments from
    FILE.files where it lies beside; refuses when there is one.
    """
    with refusals():
        _restore(_database(), file)
    click.echo(f"已恢复，接着运行 flask --app app db upgrade / Restored; run flask --app app db upgrade next: {file}")


def _back_up(address: str, file: Path) -> None:
    kept = store()
    if isinstance(kept, FolderStore) and backup.files_beside(file).exists():
        raise backup.FileExists(file=backup.files_beside(file))
    backup.backup(address, file)
    if isinstance(kept, FolderStore):
        backup.backup_files(kept.folder, file)


def _restore(address: str, file: Path) -> None:
    kept = store()
    if not isinstance(kept, FolderStore):
        backup.restore(address, file)
        return
    if not backup.files_beside(file).exists():
        backup.restore(address, file)
        click.echo(f"旁边没有附件 / No attachments beside it: {backup.files_beside(file)}", err=True)
        return
    backup.check_no_files(kept.folder)
    backup.restore(address, file)
    backup.restore_files(file, kept.folder)


def _database() -> str:
    return str(current_app.config["SQLALCHEMY_DATABASE_URI"])
