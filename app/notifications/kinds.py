"""What anybody is told of: the group that it belongs to, the page that it leads to, a sentence for each side told.

A kind more is a member of `Kind`, its row in `KINDS` and the event in `event_kinds` (or a reminder that makes it).
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from app.errors import N_
from app.notifications.groups import Group, Side


class Kind(enum.StrEnum):
    """Everything that anybody is told of."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    MOVED = "moved"
    MOVED_AWAY = "moved_away"
    MOVE_PROPOSED = "move_proposed"
    MOVE_REFUSED = "move_refused"
    MOVE_LAPSED = "move_lapsed"
    TAKEN_BACK = "taken_back"
    HOLD_EXPIRED = "hold_expired"
    REQUEST_EXPIRED = "request_expired"
    EDITION_ASKED = "edition_asked"
    SAMPLE_DISPATCHED = "sample_dispatched"
    SAMPLE_RECEIVED = "sample_received"
    SAMPLE_DEVIATES = "sample_deviates"
    DEVIATION_ACCEPTED = "deviation_accepted"
    SAMPLE_RETURNED = "sample_returned"
    SAMPLE_DISPOSED = "sample_disposed"
    STARTED = "started"
    PAUSED = "paused"
    RESUMED = "resumed"
    DELAYED = "delayed"
    HELD_UP = "held_up"
    FAILED = "failed"
    INVALID = "invalid"
    COMPLETED = "completed"
    NO_SHOW = "no_show"
    REPORT_TO_REVIEW = "report_to_review"
    REPORT_TO_APPROVE = "report_to_approve"
    REPORT_RETURNED = "report_returned"
    REPORT_APPROVED = "report_approved"
    REPORT_ISSUED = "report_issued"
    REPORT_WITHDRAWN = "report_withdrawn"
    ORDER_SUBMITTED = "order_submitted"
    ORDER_ANSWERED = "order_answered"
    ORDER_ACCEPTED = "order_accepted"
    ORDER_RETURNED = "order_returned"
    ORDER_REJECTED = "order_rejected"
    ORDER_CANCELLED = "order_cancelled"
    RETEST_ASKED = "retest_asked"
    AMENDMENT_PROPOSED = "amendment_proposed"
    AMENDMENT_ACCEPTED = "amendment_accepted"
    AMENDMENT_REFUSED = "amendment_refused"
    PAYMENT_AWAITED = "payment_awaited"
    WITNESS_AWAITED = "witness_awaited"
    MESSAGE_WRITTEN = "message_written"
    TIME_KEPT = "time_kept"
    TIME_FREE = "time_free"
    JOIN_ASKED = "join_asked"
    JOIN_ACCEPTED = "join_accepted"
    JOIN_DECLINED = "join_declined"
    HOLD_ENDING = "hold_ending"
    TEST_TOMORROW = "test_tomorrow"
    SAMPLE_DUE = "sample_due"
    REPORT_OVERDUE = "report_overdue"
    TURNAROUND_WEEK = "turnaround_week"
    TURNAROUND_MONTH = "turnaround_month"
    ACCESS_LOST = "access_lost"
    ACCESS_RENEWED = "access_renewed"


@dataclass(frozen=True, slots=True)
class Page:
    """Where a notice leads: an endpoint and the name of its parameter, empty where it has none."""

    endpoint: str
    parameter: str = ""


BOOKING = Page("booking.detail", "booking_id")
INBOX = Page("booking.inbox")
ORDER = Page("orders.detail", "order_id")
SAMPLE = Page("samples.detail", "sample_id")
REPORT = Page("reports.detail", "report_id")
NEW_BOOKING = Page("booking.new")
MEMBERS = Page("accounts.member_list")
ACCOUNT = Page("accounts.profile")
STATISTICS = Page("turnaround_scheduled.report", "report_id")


@dataclass(frozen=True, slots=True)
class Telling:
    """sentences: a msgid for each side that is told. Only that of the lab may name the company."""

    group: Group
    page: Page
    sentences: Mapping[Side, str]


_CHANGED, _ANSWERED, _RUN = Group.CHANGES, Group.ANSWERS, Group.RUNS

KINDS: dict[Kind, Telling] = {
    Kind.REQUESTED: Telling(
        Group.REQUESTS,
        BOOKING,
        {Side.LAB: N_("%(company)s申请预约 %(code)s：%(test)s，%(start)s 上台。请确认或婉拒。")},
    ),
    Kind.CONFIRMED: Telling(
        _ANSWERED, BOOKING, {Side.COMPANY: N_("%(lab)s确认了预约 %(code)s：%(test)s，%(start)s 上台。")}
    ),
    Kind.DECLINED: Telling(
        _ANSWERED, BOOKING, {Side.COMPANY: N_("%(lab)s婉拒了预约 %(code)s：%(test)s，%(start)s。可以另选时段。")}
    ),
    Kind.CANCELLED: Telling(
        _CHANGED,
        BOOKING,
        {
            Side.COMPANY: N_("%(lab)s取消了预约 %(code)s：%(test)s，%(start)s。时段已放开。"),
            Side.LAB: N_("%(company)s取消了预约 %(code)s：%(test)s，%(start)s。时段已放开。"),
        },
    ),
    Kind.MOVED: Telling(_CHANGED, BOOKING, {Side.LAB: N_("%(company)s把预约 %(code)s 改到 %(start)s：%(test)s。")}),
    Kind.MOVED_AWAY: Telling(
        _CHANGED,
        INBOX,
        {Side.LAB: N_("%(company)s把预约 %(code)s 改到了别的实验室：%(test)s，%(start)s。时段已放开。")},
    ),
    Kind.MOVE_PROPOSED: Telling(
        _CHANGED,
        BOOKING,
        {Side.COMPANY: N_("%(lab)s建议把预约 %(code)s 改到 %(start)s：%(test)s。请答复，在此之前原时段一直保留。")},
    ),
    Kind.MOVE_REFUSED: Telling(
        _CHANGED, BOOKING, {Side.LAB: N_("%(company)s没有同意改期，预约 %(code)s 保留原时段 %(start)s：%(test)s。")}
    ),
    Kind.MOVE_LAPSED: Telling(
        _CHANGED,
        BOOKING,
        {
            Side.COMPANY: N_("%(lab)s的改期建议已过期，预约 %(code)s 保留原时段 %(start)s：%(test)s。"),
            Side.LAB: N_("%(company)s没有答复改期建议，预约 %(code)s 保留原时段 %(start)s：%(test)s。"),
        },
    ),
    Kind.TAKEN_BACK: Telling(
        _CHANGED, BOOKING, {Side.COMPANY: N_("%(lab)s撤销了刚才的操作，%(code)s 恢复原状：%(test)s，%(start)s。")}
    ),
    Kind.HOLD_EXPIRED: Telling(
        _CHANGED, BOOKING, {Side.COMPANY: N_("预约 %(code)s 暂留到期没有提交：%(test)s，%(start)s。时段已放开。")}
    ),
    Kind.REQUEST_EXPIRED: Telling(
        _CHANGED,
        BOOKING,
        {
            Side.COMPANY: N_("预约 %(code)s 到上台时间还没有确认，已失效：%(test)s，%(start)s。请另选时段。"),
            Side.LAB: N_("%(company)s的申请 %(code)s 到上台时间还没有答复，已失效：%(test)s，%(start)s。"),
        },
    ),
    Kind.EDITION_ASKED: Telling(
        _CHANGED,
        BOOKING,
        {Side.COMPANY: N_("标准将换版，请为预约 %(code)s 选保留、提前或取消：%(test)s，%(start)s。")},
    ),
    Kind.SAMPLE_DISPATCHED: Telling(
        Group.SAMPLES, SAMPLE, {Side.LAB: N_("%(company)s发出了样品 %(code)s（%(name)s），请准备收样。")}
    ),
    Kind.SAMPLE_RECEIVED: Telling(
        Group.SAMPLES, SAMPLE, {Side.COMPANY: N_("%(lab)s收到了样品 %(code)s（%(name)s）。")}
    ),
    Kind.SAMPLE_DEVIATES: Telling(
        Group.SAMPLES,
        SAMPLE,
        {Side.COMPANY: N_("%(lab)s收到的样品 %(code)s（%(name)s）和委托单不一致，请答复，答复前不能上台。")},
    ),
    Kind.DEVIATION_ACCEPTED: Telling(
        Group.SAMPLES, SAMPLE, {Side.LAB: N_("%(company)s答复了样品 %(code)s（%(name)s）的偏差，可以上台了。")}
    ),
    Kind.SAMPLE_RETURNED: Telling(
        Group.SAMPLES, SAMPLE, {Side.COMPANY: N_("%(lab)s退还了样品 %(code)s（%(name)s）。")}
    ),
    Kind.SAMPLE_DISPOSED: Telling(
        Group.SAMPLES, SAMPLE, {Side.COMPANY: N_("%(lab)s处置了样品 %(code)s（%(name)s）。")}
    ),
    Kind.STARTED: Telling(_RUN, BOOKING, {Side.COMPANY: N_("%(lab)s开始了试验 %(code)s：%(test)s。")}),
    Kind.PAUSED: Telling(_RUN, BOOKING, {Side.COMPANY: N_("%(lab)s暂停了试验 %(code)s：%(test)s。")}),
    Kind.RESUMED: Telling(_RUN, BOOKING, {Side.COMPANY: N_("%(lab)s继续了试验 %(code)s：%(test)s。")}),
    Kind.DELAYED: Telling(
        _RUN, BOOKING, {Side.COMPANY: N_("%(lab)s的试验 %(code)s 要晚结束，预计 %(until)s：%(test)s。")}
    ),
    Kind.HELD_UP: Telling(
        _RUN,
        BOOKING,
        {Side.COMPANY: N_("前一项试验要到 %(until)s 才结束，预约 %(code)s 不能按时上台：%(test)s，%(lab)s。")},
    ),
    Kind.FAILED: Telling(_RUN, BOOKING, {Side.COMPANY: N_("试验 %(code)s 不合格：%(test)s，%(lab)s。可以复测。")}),
    Kind.INVALID: Telling(_RUN, BOOKING, {Side.COMPANY: N_("试验 %(code)s 无效：%(test)s，%(lab)s。可以复测。")}),
    Kind.COMPLETED: Telling(_RUN, BOOKING, {Side.COMPANY: N_("%(lab)s完成了试验 %(code)s：%(test)s。接下来出报告。")}),
    Kind.NO_SHOW: Telling(
        _RUN,
        BOOKING,
        {Side.COMPANY: N_("样品没有按时送到，%(lab)s把预约 %(code)s 记为未到场：%(test)s，%(start)s。")},
    ),
    Kind.REPORT_TO_REVIEW: Telling(
        Group.REPORTS, REPORT, {Side.REVIEWERS: N_("报告等您审核：%(test)s（%(code)s），%(lab)s。")}
    ),
    Kind.REPORT_TO_APPROVE: Telling(
        Group.REPORTS, REPORT, {Side.SIGNATORIES: N_("报告已审核，等您批准：%(test)s（%(code)s），%(lab)s。")}
    ),
    Kind.REPORT_RETURNED: Telling(
        Group.REPORTS, REPORT, {Side.DRAFTER: N_("您编制的报告被退回，请改好再传：%(test)s（%(code)s），%(lab)s。")}
    ),
    Kind.REPORT_APPROVED: Telling(
        Group.REPORTS, REPORT, {Side.DRAFTER: N_("您编制的报告已批准，可以签发：%(test)s（%(code)s），%(lab)s。")}
    ),
    Kind.REPORT_ISSUED: Telling(
        Group.REPORTS, BOOKING, {Side.COMPANY: N_("%(lab)s签发了报告 %(number)s：%(test)s（%(code)s）。")}
    ),
    Kind.REPORT_WITHDRAWN: Telling(
        Group.REPORTS, BOOKING, {Side.COMPANY: N_("%(lab)s撤回了报告 %(number)s，不再有效：%(test)s（%(code)s）。")}
    ),
    Kind.ORDER_SUBMITTED: Telling(Group.REQUESTS, ORDER, {Side.LAB: N_("%(company)s提交了委托单 %(code)s，请评审。")}),
    Kind.ORDER_ANSWERED: Telling(
        Group.REQUESTS, ORDER, {Side.LAB: N_("%(company)s答复了委托单 %(code)s 的问题，请继续评审。")}
    ),
    Kind.ORDER_ACCEPTED: Telling(_ANSWERED, ORDER, {Side.COMPANY: N_("%(lab)s受理了委托单 %(code)s。")}),
    Kind.ORDER_RETURNED: Telling(
        _ANSWERED, ORDER, {Side.COMPANY: N_("%(lab)s退回了委托单 %(code)s，请答复其中的问题。")}
    ),
    Kind.ORDER_REJECTED: Telling(_ANSWERED, ORDER, {Side.COMPANY: N_("%(lab)s没有受理委托单 %(code)s。")}),
    Kind.ORDER_CANCELLED: Telling(
        _CHANGED,
        ORDER,
        {
            Side.COMPANY: N_("%(lab)s取消了委托单 %(code)s。"),
            Side.LAB: N_("%(company)s取消了委托单 %(code)s。"),
        },
    ),
    Kind.RETEST_ASKED: Telling(
        _CHANGED,
        ORDER,
        {
            Side.COMPANY: N_("%(lab)s在委托单 %(code)s 里安排了一次复测。"),
            Side.LAB: N_("%(company)s在委托单 %(code)s 里要求一次复测，请安排时段。"),
        },
    ),
    Kind.AMENDMENT_PROPOSED: Telling(
        _CHANGED,
        ORDER,
        {
            Side.COMPANY: N_("%(lab)s建议修改委托单 %(code)s，请答复。"),
            Side.LAB: N_("%(company)s建议修改委托单 %(code)s，请答复。"),
        },
    ),
    Kind.AMENDMENT_ACCEPTED: Telling(
        _CHANGED,
        ORDER,
        {
            Side.COMPANY: N_("%(lab)s同意了委托单 %(code)s 的修改。"),
            Side.LAB: N_("%(company)s同意了委托单 %(code)s 的修改。"),
        },
    ),
    Kind.AMENDMENT_REFUSED: Telling(
        _CHANGED,
        ORDER,
        {
            Side.COMPANY: N_("%(lab)s没有同意委托单 %(code)s 的修改。"),
            Side.LAB: N_("%(company)s没有同意委托单 %(code)s 的修改。"),
        },
    ),
    Kind.PAYMENT_AWAITED: Telling(
        _ANSWERED, ORDER, {Side.COMPANY: N_("委托单 %(code)s 在等您付款，%(lab)s收到后继续。")}
    ),
    Kind.WITNESS_AWAITED: Telling(
        _ANSWERED, ORDER, {Side.COMPANY: N_("委托单 %(code)s 在等您到场见证，请和%(lab)s约定时间。")}
    ),
    Kind.MESSAGE_WRITTEN: Telling(
        Group.MESSAGES,
        ORDER,
        {
            Side.COMPANY: N_("%(lab)s在委托单 %(code)s 上给您留了言。"),
            Side.LAB: N_("%(company)s在委托单 %(code)s 上给您留了言。"),
        },
    ),
    Kind.TIME_KEPT: Telling(
        Group.WAITING,
        BOOKING,
        {Side.COMPANY: N_("您候补的 %(test)s 空出了时段，已为您暂留 %(start)s，%(lab)s（%(code)s）。请提交申请。")},
    ),
    Kind.TIME_FREE: Telling(
        Group.WAITING, NEW_BOOKING, {Side.COMPANY: N_("您候补的 %(test)s 现在有空档：%(start)s，%(lab)s。")}
    ),
    Kind.JOIN_ASKED: Telling(Group.SEATS, MEMBERS, {Side.DECIDERS: N_("%(person)s申请加入%(organisation)s，请答复。")}),
    Kind.JOIN_ACCEPTED: Telling(Group.SEATS, ACCOUNT, {Side.ASKER: N_("您加入%(organisation)s的申请已通过。")}),
    Kind.JOIN_DECLINED: Telling(Group.SEATS, ACCOUNT, {Side.ASKER: N_("您的一个加入申请没有通过。")}),
    Kind.HOLD_ENDING: Telling(
        Group.REMINDERS,
        BOOKING,
        {Side.COMPANY: N_("预约 %(code)s 的暂留 %(by)s 到期：%(test)s，%(start)s 上台。还要这个时段，请提交申请。")},
    ),
    Kind.TEST_TOMORROW: Telling(
        Group.REMINDERS,
        BOOKING,
        {
            Side.COMPANY: N_("提醒：%(start)s 上台，%(test)s，%(lab)s（%(code)s）。"),
            Side.LAB: N_("提醒：%(start)s 上台，%(company)s的 %(test)s（%(code)s）。"),
            Side.CREW: N_("提醒：%(start)s 上台，%(test)s（%(code)s）。"),
        },
    ),
    Kind.SAMPLE_DUE: Telling(
        Group.REMINDERS,
        BOOKING,
        {
            Side.COMPANY: N_("样品还没有到%(lab)s，请在 %(start)s 前送到：%(test)s（%(code)s）。"),
            Side.LAB: N_("样品还没有到：%(company)s的 %(test)s，%(start)s 上台（%(code)s）。"),
        },
    ),
    Kind.REPORT_OVERDUE: Telling(
        Group.REMINDERS,
        BOOKING,
        {
            Side.COMPANY: N_("报告过了稳妥日期 %(due)s 还没有签发：%(test)s，%(lab)s（%(code)s）。"),
            Side.LAB: N_("报告过了稳妥日期 %(due)s 还没有签发：%(company)s的 %(test)s（%(code)s）。"),
        },
    ),
    Kind.TURNAROUND_WEEK: Telling(
        Group.STATISTICS, STATISTICS, {Side.SUBSCRIBER: N_("检测周期周报：%(first)s 至 %(last)s。")}
    ),
    Kind.TURNAROUND_MONTH: Telling(
        Group.STATISTICS, STATISTICS, {Side.SUBSCRIBER: N_("检测周期月报：%(first)s 至 %(last)s。")}
    ),
    Kind.ACCESS_LOST: Telling(
        Group.ACCOUNT,
        ACCOUNT,
        {
            Side.ASKER: N_(
                "有人要为您的账号设新密码。是您本人，请在 %(until)s 前打开邮件里的链接；不是您，不必理会，密码没有变。"
            )
        },
    ),
    Kind.ACCESS_RENEWED: Telling(
        Group.ACCOUNT,
        ACCOUNT,
        {Side.ASKER: N_("您的账号设了新密码，之前的登录都已结束。不是您本人，请马上联系平台的系统管理员。")},
    ),
}
