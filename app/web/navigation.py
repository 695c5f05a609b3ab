"""The main navigation of each role: what it needs, in the order it needs it."""

from functools import lru_cache
from typing import NamedTuple

from flask import request
from flask_babel import pgettext

from app.accounts.models import Role
from app.accounts.policy import Viewer
from app.errors import P_
from app.language import lang
from app.web import queries

PHONE_ITEMS = 4


class Entry(NamedTuple):
    """A place one can go to. `label` is a msgid; `prefixes`: endpoints on which it is the current one."""

    endpoint: str
    label: str
    prefixes: tuple[str, ...] = ()


class Item(NamedTuple):
    """An entry as shown: translated, with what waits there, and whether we are there."""

    endpoint: str
    label: str
    current: bool
    waiting: int = 0


HOME = Entry("web.home", P_("navigation", "首页"))
SEARCH = Entry("search.results", P_("navigation", "查找"))
LABS = Entry("labs.index", P_("navigation", "实验室"), ("labs.",))
SCHEDULE = Entry("schedule.index", P_("navigation", "排期"), ("schedule.",))
BOOKINGS = Entry(
    "booking.index",
    P_("navigation", "预约"),
    ("booking.", "booking_placing.", "booking_series.", "booking_waitlist.", "runs.", "testing.", "reports.draft"),
)
ORDERS = Entry(
    "orders.index",
    P_("navigation", "委托单"),
    (
        *("orders.", "orders_sheet.", "booking_amending.", "booking_ordering.", "samples.", "evidence."),
        *("reports.detail", "reports.cover_sheet", "reports.step"),
    ),
)
TURNAROUND = Entry("turnaround.index", P_("navigation", "检测周期"), ("turnaround.", "turnaround_"))
CAPACITY = Entry("capacity.index", P_("navigation", "产能"), ("capacity.", "capacity_"))
INBOX = Entry("booking.inbox", P_("navigation", "收件箱"), ("booking.inbox", "booking_waitlist.competing"))
WORK = Entry("work.index", P_("navigation", "待办"), ("work.",))
FEEDS = Entry("feeds.index", P_("navigation", "日历订阅"))
NOTICES = Entry("notifications.index", P_("navigation", "通知"))
MAIL = Entry("notifications.mail", P_("navigation", "邮件"))
JOBS = Entry("jobs.index", P_("navigation", "定时任务"))
ADMIN = Entry("web.admin", P_("navigation", "管理"), ("web.admin",))
ACCOUNT = Entry("accounts.profile", P_("navigation", "账号"))
SIGN_IN = Entry("accounts.sign_in", P_("navigation", "登录"))

MAIN: dict[Role | None, tuple[Entry, ...]] = {
    None: (SEARCH, LABS),
    Role.ENGINEER: (HOME, SEARCH, SCHEDULE, BOOKINGS, WORK, ORDERS, TURNAROUND, LABS),
    Role.COMPANY_MANAGER: (HOME, SEARCH, SCHEDULE, BOOKINGS, WORK, ORDERS, TURNAROUND, LABS),
    Role.LAB_ADMIN: (HOME, INBOX, WORK, SCHEDULE, BOOKINGS, CAPACITY, ORDERS, TURNAROUND, LABS),
    Role.BENCH_CREW: (HOME, WORK, SCHEDULE, BOOKINGS, LABS),
    Role.COORDINATOR: (HOME, TURNAROUND, SEARCH, LABS),
    Role.SYSTEM_ADMIN: (HOME, ADMIN, JOBS, TURNAROUND, SEARCH, LABS),
}
SUBSCRIBERS = frozenset({Role.ENGINEER, Role.COMPANY_MANAGER, Role.LAB_ADMIN, Role.BENCH_CREW})


def items(viewer: Viewer) -> tuple[Item, ...]:
    """The main navigation; the first PHONE_ITEMS stand at the foot of a phone, the others under 更多."""
    entries = MAIN[viewer.role]
    return _items(entries, lang(), request.endpoint or "", queries.requests_waiting(viewer) if INBOX in entries else 0)


def more(viewer: Viewer) -> tuple[Item, ...]:
    """What a phone shows under 更多."""
    first, last = ((NOTICES,), ACCOUNT) if viewer.signed_in else ((), SIGN_IN)
    return _here((*first, *MAIN[viewer.role][PHONE_ITEMS:], *_account(viewer), last))


def account_items(viewer: Viewer) -> tuple[Item, ...]:
    """What leads off from one's account."""
    return _here(_account(viewer))


def admin_items() -> tuple[Item, ...]:
    """What leads off from the administration."""
    return _here((JOBS, MAIL))


def _account(viewer: Viewer) -> tuple[Entry, ...]:
    return (FEEDS,) if viewer.role in SUBSCRIBERS else ()


def _here(entries: tuple[Entry, ...]) -> tuple[Item, ...]:
    return _items(entries, lang(), request.endpoint or "", 0)


@lru_cache(maxsize=1024)
def _items(entries: tuple[Entry, ...], _language: str, there: str, requests: int) -> tuple[Item, ...]:
    """The entries as an endpoint shows them. requests: how many wait in the inbox."""
    return tuple(
        Item(
            entry.endpoint,
            pgettext("navigation", entry.label),
            _current(entry, there),
            requests if entry is INBOX else 0,
        )
        for entry in entries
    )


def _current(entry: Entry, there: str) -> bool:
    # The inbox has an entry of its own beside the bookings.
    return there == entry.endpoint or (
        there.startswith(entry.prefixes) and (entry is INBOX or there not in INBOX.prefixes)
    )
