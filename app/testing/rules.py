"""Pure rules of reports: when one may be issued, and what its number looks like."""

from datetime import UTC, date, datetime, time

from app.errors import N_, Invalid, YujianError
from app.worktime import SHANGHAI, local_date

NUMBER_LENGTH = 60
# A report of which only the day is known counts as issued when the office closes.
OFFICE_CLOSES = time(17, 30)


class AlreadyIssued(YujianError):
    code, status, field = "wrong_state", 409, "number"
    message = N_("这项试验的报告已经登记，编号 %(number)s。")


class NumberTaken(YujianError):
    field = "number"
    message = N_("编号 %(number)s 在本实验室已用于另一份报告，请核对。")


class IssuedTooEarly(YujianError):
    field = "issued_on"
    message = N_("签发不能早于试验结束（%(ended_at)s）。")


class IssuedInFuture(YujianError):
    field = "issued_on"
    message = N_("签发时间还没到，请在签发后登记。")


def report_number(given: str) -> str:
    """The number without blanks around it. Raises Invalid at field `number`."""
    number = given.strip()
    if not number or "\x00" in number:
        raise Invalid(N_("请填报告编号，例如 %(example)s。"), field="number", example="JC-2026-0412")
    if len(number) > NUMBER_LENGTH:
        raise Invalid(
            N_("报告编号最多 %(most)d 个字符，现在 %(length)d 个。"),
            field="number",
            most=NUMBER_LENGTH,
            length=len(number),
        )
    return number


def issued_at(given: date | datetime, ended_at: datetime, now: datetime) -> datetime:
    """The instant of issue, UTC, within [ended_at, now]. Raises IssuedTooEarly, IssuedInFuture.

    given: an aware instant, or a local date. A date stands for the office's closing time, moved as little as
    needed where the test ended later that day or that time is still to come.
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
        raise IssuedTooEarly(ended_at=ended_at)
    if instant > now:
        raise IssuedInFuture()
    return instant.astimezone(UTC)
