"""Pure rules of reports: when one may be issued, what its number looks like, and what stands after what."""

import enum
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time

from app.errors import N_, Invalid, YujianError
from app.typed import NUL, cleaned
from app.worktime import SHANGHAI, local_date

NUMBER_LENGTH = 60
MOST_REASON = 2000
PDF = "application/pdf"
# A report of which only the day is known counts as issued when the office closes.
OFFICE_CLOSES = time(17, 30)


class ReportState(enum.StrEnum):
    """How far a version of a report is. Returned: back to be drafted again."""

    DRAFTED = "drafted"
    RETURNED = "returned"
    REVIEWED = "reviewed"
    APPROVED = "approved"
    ISSUED = "issued"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        """The msgid that people read."""
        return STATE_LABELS[self]


STATE_LABELS = {
    ReportState.DRAFTED: N_("待审核"),
    ReportState.RETURNED: N_("退回修改"),
    ReportState.REVIEWED: N_("待批准"),
    ReportState.APPROVED: N_("待签发"),
    ReportState.ISSUED: N_("已签发"),
    ReportState.WITHDRAWN: N_("已撤回"),
}

# What the company may know of; everything before is the lab's own work.
SHOWN = (ReportState.ISSUED, ReportState.WITHDRAWN)
OPEN = tuple(state for state in ReportState if state not in SHOWN)


class Step(enum.StrEnum):
    """What people do with a version."""

    REVIEW = "review"
    RETURN = "return"
    APPROVE = "approve"
    ISSUE = "issue"
    WITHDRAW = "withdraw"


# From which states a step leads on.
FROM = {
    Step.REVIEW: (ReportState.DRAFTED,),
    Step.RETURN: (ReportState.DRAFTED, ReportState.REVIEWED),
    Step.APPROVE: (ReportState.REVIEWED,),
    Step.ISSUE: (ReportState.APPROVED,),
    Step.WITHDRAW: (ReportState.ISSUED,),
}


class Right(enum.StrEnum):
    """What a lab lets some of its members do with its reports (ISO/IEC 17025:2017, 6.2.6 and 7.8.1.1)."""

    REVIEWER = "reviewer"
    SIGNATORY = "signatory"

    @property
    def label(self) -> str:
        """The msgid that people read."""
        return RIGHT_LABELS[self]


RIGHT_LABELS = {Right.REVIEWER: N_("审核人"), Right.SIGNATORY: N_("授权签字人")}


# Which right the next step asks for; in the other open states it is for whoever drafts and issues.
NEXT_RIGHT: Mapping[ReportState, Right] = {
    ReportState.DRAFTED: Right.REVIEWER,
    ReportState.REVIEWED: Right.SIGNATORY,
}


class Standing(enum.StrEnum):
    """What an issued version is worth now."""

    VALID = "valid"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        """The msgid that people read."""
        return STANDING_LABELS[self]


STANDING_LABELS = {
    Standing.VALID: N_("有效"),
    Standing.REPLACED: N_("已被新版代替"),
    Standing.WITHDRAWN: N_("已撤回"),
}


class AlreadyIssued(YujianError):
    code, status, field = "wrong_state", 409, "number"
    message = N_("这项试验的报告已经登记，编号 %(number)s。")


class DraftOpen(YujianError):
    code, status, field = "wrong_state", 409, "number"
    message = N_("这项试验的报告正在编制，请在报告里签发。")


class NumberTaken(YujianError):
    field = "number"
    message = N_("编号 %(number)s 在本实验室已用于另一份报告，请核对。")


class IssuedTooEarly(YujianError):
    field = "issued_on"
    message = N_("签发不能早于试验结束（%(ended_at)s）。")


class IssuedBeforeApproval(YujianError):
    field = "issued_on"
    message = N_("签发不能早于批准（%(ended_at)s）。")


class IssuedInFuture(YujianError):
    field = "issued_on"
    message = N_("签发时间还没到，请在签发后登记。")


class NotPdf(YujianError):
    field = "file"
    message = N_("%(name)s 不是 PDF，报告请传 PDF 文件。")


class ReportStale(YujianError):
    code, status = "stale", 409
    message = N_("报告刚刚变过，请重新打开后再做。")


class ReportWrongState(YujianError):
    code, status = "wrong_state", 409
    message = N_("报告现在的状态不能这样做，请重新打开页面。")


class NotHolder(YujianError):
    """facts: the names of those who may."""

    code, status = "forbidden", 403
    message = N_("这一步要有相应权利的人来做：%(names)s。")


class SamePerson(YujianError):
    """facts: the names of those who may, or nobody's."""

    code, status = "forbidden", 403
    message = N_("编制、审核、批准要由不同的人做，这一步可以由这些人做：%(names)s。")


class NobodyElse(YujianError):
    code, status = "forbidden", 403
    message = N_("编制、审核、批准要由不同的人做，现在没有别人有这个权利，请实验室管理员在“报告审批”里指定。")


def report_number(given: str) -> str:
    """The number without blanks around it. Raises Invalid at field `number`."""
    number = given.strip()
    if not number or NUL in number:
        raise Invalid(N_("请填报告编号，例如 %(example)s。"), field="number", example="JC-2026-0412")
    if len(number) > NUMBER_LENGTH:
        raise Invalid(
            N_("报告编号最多 %(most)d 个字符，现在 %(length)d 个。"),
            field="number",
            most=NUMBER_LENGTH,
            length=len(number),
        )
    return number


def next_number(first: str | None, edition: int) -> str:
    """What is proposed for a replacement: the first version's number with the edition behind it, `JC-2026-041-2`.

    Every issued version has a number of its own (ISO/IEC 17025:2017, 7.8.8.3). Empty where there is none before.
    """
    return f"{first}-{edition}"[:NUMBER_LENGTH] if first else ""


def reason_given(given: str) -> str:
    """A reason without blanks around it. Raises Invalid at field `reason`."""
    reason = cleaned(given)
    if not reason:
        raise Invalid(N_("请写明原因。"), field="reason")
    if len(reason) > MOST_REASON:
        message = N_("最多 %(most)d 个字符，现在 %(length)d 个。")
        raise Invalid(message, field="reason", most=MOST_REASON, length=len(reason))
    return reason


def standing(state: ReportState, replaced: bool) -> Standing | None:
    """What a version is worth; None before its issue. replaced: a later version was issued, whatever came of it."""
    if state not in SHOWN:
        return None
    if state is ReportState.WITHDRAWN:
        return Standing.WITHDRAWN
    return Standing.REPLACED if replaced else Standing.VALID


def check_step(step: Step, state: ReportState) -> None:
    """Raises ReportWrongState."""
    if state not in FROM[step]:
        raise ReportWrongState()


def check_somebody_else(user_id: str | None, before: Iterable[str | None], may: Iterable[tuple[str, str]]) -> None:
    """Who did an earlier step does not do this one. may: id and name of those with the right.

    Raises SamePerson with the names of the others, NobodyElse where there is none.
    """
    done = set(before)
    if user_id not in done:
        return
    names = [name for ident, name in may if ident not in done]
    if not names:
        raise NobodyElse()
    raise SamePerson(names="、".join(names))


def issued_at(
    given: date | datetime,
    ended_at: datetime,
    now: datetime,
    early: type[YujianError] = IssuedTooEarly,
) -> datetime:
    """The instant of issue, UTC, within [ended_at, now]. Raises `early`, IssuedInFuture.

    given: an aware instant, or a local date. A date stands for the office's closing time, moved as little as
    needed where the test ended later that day or that time is still to come. ended_at: what comes before the issue.
    """
    if isinstance(given, datetime):
        instant = given
    else:
        instant = datetime.combine(given, OFFICE_CLOSES, SHANGHAI)
        if given == local_date(ended_at):
            instant = max(instant, ended_at)
        if given == local_date(now):
            instant = min(instant, now)
    if instant < ended_at:
        raise early(ended_at=ended_at)
    if instant > now:
        raise IssuedInFuture()
    return instant.astimezone(UTC)
