"""`flask catalogue check|load DIR`: the catalogue's CSV files into the database.

Exit 3 with `file:line: column: reason` on bad input; then nothing is loaded.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click
from flask import Blueprint
from flask_babel import gettext, pgettext

from app.clock import now
from app.errors import N_, P_
from app.labs.loading import checks, store
from app.labs.loading.files import Problem
from app.labs.loading.store import BadCatalogue, Difference
from app.language import speaking
from app.terminal import REFUSED

MOST_LINES = 100

bp = Blueprint("catalogue", __name__, cli_group="catalogue")
bp.cli.short_help = "检查或装入目录 / check or load the catalogue"
blueprints = (bp,)

TABLE_NAMES = {
    "source": P_("list", "出处"),
    "organisation": P_("list", "机构"),
    "domain": P_("list", "领域"),
    "lab": P_("list", "实验室"),
    "resource_kind": P_("list", "资源种类"),
    "resource": P_("list", "试验资源"),
    "method": P_("list", "标准方法"),
    "method_transition": P_("list", "版本过渡"),
    "test": P_("list", "检测项目"),
    "capability": P_("list", "检测能力"),
}


@bp.cli.command("check")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def check(folder: Path) -> None:
    """检查目录文件，不写库 / Check the CSV files in DIR; nothing is stored."""
    try:
        read = store.check(folder, now())
    except BadCatalogue as error:
        _refuse(error.problems)
    for test_id in checks.without_resource(read):
        _say(N_("提示：检测项目 %(test)s 没有任何试验资源"), test=test_id)
    _say(
        N_("目录没有问题：%(files)s 个文件，%(rows)s 行。"),
        files=len(read.rows),
        rows=sum(map(len, read.rows.values())),
    )


@bp.cli.command("load")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="只列出差异，不写库 / list the differences only")
def load(folder: Path, dry_run: bool) -> None:
    """检查后装入目录，可重复执行 / Check, then load the CSV files in DIR; idempotent."""
    try:
        found = store.load(folder, now(), dry_run)
    except BadCatalogue as error:
        _refuse(error.problems)
    if not found:
        _say(N_("目录没有变化。"))
        return
    for difference in found:
        _tell(difference)
    _say(N_("以上是差异，没有写入。") if dry_run else N_("目录已装入。"))


def _tell(difference: Difference) -> None:
    _say(
        N_("%(table)s：新增 %(added)s，改动 %(changed)s，停用 %(retired)s，恢复 %(returned)s，实验室自管 %(kept)s"),
        table=TABLE_NAMES[difference.table],
        added=len(difference.added),
        changed=len(difference.changed),
        retired=len(difference.retired),
        returned=len(difference.returned),
        kept=len(difference.kept),
    )
    if difference.first:  # every row is new: a list of all of them tells nothing
        return
    changed = [f"{name} ({', '.join(columns)})" for name, columns in difference.changed]
    for sign, names in (
        ("+", difference.added),
        ("~", changed),
        ("-", difference.retired),
        ("^", difference.returned),
        ("=", difference.kept),
    ):
        for name in names:
            click.echo(f"  {sign} {name}")


def _refuse(problems: Sequence[Problem]) -> NoReturn:
    for problem in problems[:MOST_LINES]:
        reason = _both(problem.message, **problem.facts)
        click.echo(f"{problem.file}:{problem.line}: {problem.column}: {reason}", err=True)
    if len(problems) > MOST_LINES:
        click.echo(_both(N_("还有 %(more)s 处"), more=len(problems) - MOST_LINES), err=True)
    click.echo(_both(N_("目录有 %(count)s 处错误，没有装入任何内容。"), count=len(problems)), err=True)
    sys.exit(REFUSED)


def _say(message: str, **facts: object) -> None:
    click.echo(_both(message, **facts))


def _both(message: str, **facts: object) -> str:
    """The message in Chinese and English: a terminal's locale seldom tells who reads its log."""
    texts = []
    for language in ("zh", "en"):
        with speaking(language):
            told = {name: pgettext("list", value) if name == "table" else value for name, value in facts.items()}
            texts.append(gettext(message, **told))
    return " / ".join(dict.fromkeys(texts))
