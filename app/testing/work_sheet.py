"""A list that people work from as a spreadsheet."""

from datetime import datetime

from flask_babel import gettext

from app import workbooks
from app.accounts.policy import Viewer
from app.errors import N_
from app.language import pick
from app.testing.work_keys import FAR, MOST
from app.testing.work_queries import Asked, Work
from app.testing.worklists import Item, listing
from app.workbooks import Page, text_of

NAMES = {
    Work.REVIEW: N_("待评审"),
    Work.RECEIVE: N_("待收样"),
    Work.START: N_("该上台"),
    Work.LATE: N_("超时"),
    Work.REPORT: N_("待出报告"),
    Work.MINE: N_("等您处理"),
    Work.OPEN: N_("在途委托"),
}


def list_name(what: Work) -> str:
    """What a list is called."""
    return gettext(NAMES[what])


def workbook(viewer: Viewer, what: Work, asked: Asked, now: datetime) -> bytes:
    """The whole list as it is filtered."""
    heads = [
        gettext("时间"),
        gettext("编号"),
        gettext("项目"),
        gettext("实验室"),
        gettext("台架"),
        gettext("样品"),
        gettext("委托方"),
        gettext("要做的事"),
        gettext("紧急"),
    ]
    found = listing(viewer, what, asked, now, most=MOST)
    return workbooks.written([Page(list_name(what), heads, map(_row, found.items))])


def _row(item: Item) -> list[str]:
    return [
        text_of(item.key.at) if item.key.at < FAR else "",
        item.code,
        item.title,
        pick(item.lab),
        item.bench,
        item.sample,
        pick(item.company) if item.company else "",
        item.said,
        text_of(item.urgent),
    ]
