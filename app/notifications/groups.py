"""Whom a notice is for, what is chosen together, and how people want to hear of it."""

import enum

from app.errors import N_


class Side(enum.StrEnum):
    """Who is told: who ordered, the order desk, the bench crew, who decides about a seat, who asked for one; inside a
    lab who may review a report, who may sign it, and who drafted it; who subscribed, in that very seat.
    """

    COMPANY = "company"
    LAB = "lab"
    CREW = "crew"
    DECIDERS = "deciders"
    ASKER = "asker"
    REVIEWERS = "reviewers"
    SIGNATORIES = "signatories"
    DRAFTER = "drafter"
    SUBSCRIBER = "subscriber"


SIDES = {
    "engineer": Side.COMPANY,
    "company_manager": Side.COMPANY,
    "lab_admin": Side.LAB,
    "bench_crew": Side.LAB,
}


# Sides of people who work on reports, told of each other's steps.
REPORTERS = frozenset({Side.REVIEWERS, Side.SIGNATORIES, Side.DRAFTER})


class How(enum.StrEnum):
    """How somebody wants to hear by mail; the inbox holds everything."""

    AT_ONCE = "at_once"
    DAILY = "daily"
    OFF = "off"

    @property
    def label(self) -> str:
        """The msgid that people read."""
        return HOW_LABELS[self]


HOW_LABELS = {How.AT_ONCE: N_("立即发邮件"), How.DAILY: N_("每天一封汇总"), How.OFF: N_("不发邮件")}


class Group(enum.StrEnum):
    """What is chosen and filtered together."""

    REQUESTS = "requests"
    ANSWERS = "answers"
    CHANGES = "changes"
    SAMPLES = "samples"
    RUNS = "runs"
    REPORTS = "reports"
    MESSAGES = "messages"
    WAITING = "waiting"
    REMINDERS = "reminders"
    SEATS = "seats"
    STATISTICS = "statistics"
    ACCOUNT = "account"

    @property
    def label(self) -> str:
        """The msgid that people read."""
        return GROUP_LABELS[self]


GROUP_LABELS = {
    Group.REQUESTS: N_("新的申请和委托单"),
    Group.ANSWERS: N_("确认、婉拒、受理和退回"),
    Group.CHANGES: N_("改期、取消和失效"),
    Group.SAMPLES: N_("样品收发"),
    Group.RUNS: N_("试验开始、延迟、完成和未到场"),
    Group.REPORTS: N_("报告审批和签发"),
    Group.MESSAGES: N_("留言"),
    Group.WAITING: N_("候补空出时段"),
    Group.REMINDERS: N_("到期提醒"),
    Group.SEATS: N_("加入机构的申请"),
    Group.STATISTICS: N_("检测周期的定期报告"),
    Group.ACCOUNT: N_("账号安全"),
}
# Mailed at once whatever somebody has chosen.
ALWAYS_MAILED = frozenset({Group.ACCOUNT})
