"""The main navigation of each role: what it needs, in the order it needs it, and only what is there."""

from dataclasses import dataclass

from flask import current_app, request
from flask_babel import pgettext

from app.accounts.models import Role
from app.accounts.policy import Viewer
from app.errors import P_
from app.web import queries

PHONE_ITEMS = 4


@dataclass(frozen=True, slots=True)
class Entry:
    """A place one can go to. `label` is a msgid; `prefixes`: endpoints on which it is the current one."""

    endpoint: str
    label: str
    prefixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """An entry as shown: translated, with what waits there, and whether we are there."""

    endpoint: str
    label: str
    current: bool
    waiting: int = 0


HOME = Entry("web.home", P_("navigation", "首页"))
SEARCH = Entry("search.results", P_("navigation", "查找"))
LABS = Entry("labs.index", P_("navigation", "实验室"), ("labs.",))
SCHEDULE = Entry("schedule.index", P_("navigation", "排期"), ("schedule.",))
BOOKINGS = Entry("booking.index", P_("navigation", "预约"), ("booking.", "booking_series.", "booking_waitlist."))
ORDERS = Entry("orders.index", P_("navigation", "委托单"), ("orders.", "samples.", "testing."))
TURNAROUND = Entry("turnaround.index", P_("navigation", "检测周期"), ("turnaround.", "turnaround_"))
CAPACITY = Entry("capacity.index", P_("navigation", "产能"), ("capacity.",))
INBOX = Entry("booking.inbox", P_("navigation", "收件箱"))
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


def items(viewer: Viewer) -> list[Item]:
    """The main navigation; the first PHONE_ITEMS stand at the foot of a phone, the others under 更多."""
    return [_item(entry, viewer) for entry in MAIN[viewer.role] if _built(entry)]


def more(viewer: Viewer) -> list[Item]:
    """What a phone shows under 更多."""
    last = _item(ACCOUNT if viewer.signed_in else SIGN_IN, viewer)
    told = [_item(NOTICES, viewer)] if viewer.signed_in else []
    beyond = [_item(entry, viewer) for entry in MAIN[viewer.role][PHONE_ITEMS:] if _built(entry)]
    return [*told, *beyond, *account_items(viewer), last]


def account_items(viewer: Viewer) -> list[Item]:
    """What leads off from one's account."""
    return [_item(entry, viewer) for entry in (FEEDS,) if viewer.role in SUBSCRIBERS and _built(entry)]


def admin_items(viewer: Viewer) -> list[Item]:
    """What leads off from the administration."""
    return [_item(entry, viewer) for entry in (JOBS, MAIL) if _built(entry)]


def _built(entry: Entry) -> bool:
    return entry.endpoint in current_app.view_functions


def _item(entry: Entry, viewer: Viewer) -> Item:
    waiting = queries.requests_waiting(viewer) if entry is INBOX else 0
    return Item(entry.endpoint, pgettext("navigation", entry.label), _current(entry), waiting)


def _current(entry: Entry) -> bool:
    there = request.endpoint or ""
    # The inbox has an entry of its own beside the bookings.
    return there == entry.endpoint or (there.startswith(entry.prefixes) and there != INBOX.endpoint)
