"""Pure rules of orders: the state that follows from the lines, what may be submitted, what a review asks."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation

from app.errors import N_, Invalid, YujianError
from app.typed import cleaned

MOST_LINES = 60
MOST_TEXT = 2000
MOST_AMOUNT = Decimal("9999999999.99")

# What a review settles before work starts (ISO/IEC 17025:2017, 7.1), in the order of the page.
CHECKLIST: Mapping[str, str] = {
    "scope": N_("在本实验室的能力范围内"),
    "edition": N_("标准版本与计划日期相符"),
    "samples": N_("样品数量和状态满足要求"),
    "dates": N_("时间和报告日期可以做到"),
    "deviations": N_("与标准的偏离已经商定"),
}

CLOSED = frozenset({"rejected", "cancelled"})
# The first of these in which any line stands is the order's state; what is done waits for the others.
_BEHIND = ("testing", "draft", "submitted", "accepted", "reporting", "issued")


class OrderClosed(YujianError):
    code, status = "wrong_state", 409
    message = N_("委托单现在的状态不能这样做，请重新打开页面。")


class OrderStale(YujianError):
    code, status = "stale", 409
    message = N_("委托单已经变了，请重新打开后再改。")


class NoLines(YujianError):
    field = "lines"
    message = N_("委托单还没有检测项目，请先加一项。")


class TooManyLines(YujianError):
    field = "test"
    message = N_("一张委托单最多 %(limit)d 项，请另建一张。")


class SlotMissing(YujianError):
    field = "lines"
    message = N_("第 %(position)d 项还没有时段，请选一个，或请实验室建议。")


class ReviewIncomplete(YujianError):
    field = "checklist"
    message = N_("受理前请逐项核对，第 %(position)d 项还差：%(item)s。")


class CommentMissing(YujianError):
    field = "comment"
    message = N_("请写明要企业答复什么，或者为什么不受理。")


class ReviewMissing(YujianError):
    code, status = "wrong_state", 409
    message = N_("委托单 %(code)s 还没有受理，请先做合同评审。")


class ReasonMissing(YujianError):
    field = "reason"
    message = N_("请写明变更的原因。")


class AmendmentOpen(YujianError):
    code, status = "wrong_state", 409
    message = N_("还有一项变更在等答复，请先答复或撤回。")


class WrongAmendment(YujianError):
    code, status = "wrong_state", 409
    message = N_("这项变更已经答复过了，请重新打开页面。")


class LineHasSlot(YujianError):
    code, status = "wrong_state", 409
    message = N_("这一项已有时段，请先改期或取消。")


class NotInThisOrder(YujianError):
    field = "order"
    message = N_("这张委托单里没有这个项目，或实验室不同，请先加上。")


class ClockStopped(YujianError):
    code, status, field = "wrong_state", 409, "cause"
    message = N_("已经在等企业，请先结束那一次。")


class ClockRuns(YujianError):
    code, status = "wrong_state", 409
    message = N_("现在没有在等企业。")


class RetestAsked(YujianError):
    code, status = "wrong_state", 409
    message = N_("这一项已经安排了复测。")


class NotSubmitted(YujianError):
    code, status, field = "wrong_state", 409, "state"
    message = N_("委托单还没有提交：现在可以暂留，提交委托单时一并申请。")


def order_state(lines: Iterable[str]) -> str:
    """The state of an order from those of its lines; closed lines count only where all are closed.

    Testing as soon as one line is on a bench or done while others wait; otherwise what is furthest behind.
    """
    states = list(lines)
    live = {state for state in states if state not in CLOSED}
    if not live:
        return "rejected" if "rejected" in states else "cancelled"
    begun = live & {"testing", "reporting", "issued"}
    if begun and live - {"reporting", "issued"}:
        return "testing"
    return next(state for state in _BEHIND if state in live)


def check_review(positions: Mapping[str, int], lines: Mapping[str, Mapping[str, bool]]) -> None:
    """Every item must hold for every line before an order is accepted. positions: of the lines under review, by id.

    Raises ReviewIncomplete with the first that doesn't.
    """
    for ident, position in positions.items():
        for item, label in CHECKLIST.items():
            if not lines[ident].get(item):
                raise ReviewIncomplete(position=position, item=label)


def checked_lines(
    positions: Mapping[str, int], whole: Mapping[str, bool], lines: Mapping[str, Mapping[str, bool]]
) -> dict[str, dict[str, bool]]:
    """What holds for each line under review: what was said of it, else of the order as a whole.

    Raises Invalid for a line that is not under review.
    """
    if not lines.keys() <= positions.keys():
        raise Invalid(N_("这一项不在评审中，请重新打开页面。"), field="lines")
    return {
        ident: {item: bool(lines.get(ident, {}).get(item, whole.get(item))) for item in CHECKLIST}
        for ident in positions
    }


def check_comment(text: str) -> str:
    """The comment without blanks around it. Raises CommentMissing, Invalid."""
    comment = message_text(text, "comment") if text.strip() else ""
    if not comment:
        raise CommentMissing()
    return comment


def check_reason(text: str) -> str:
    """The reason of an amendment without blanks around it. Raises ReasonMissing, Invalid."""
    if not text.strip():
        raise ReasonMissing()
    return message_text(text, "reason")


def optional_text(given: str) -> str:
    """A text that may be left out. Raises Invalid."""
    return message_text(given, "reason") if given.strip() else ""


def message_text(given: str, field: str = "text") -> str:
    """A text that is worth storing. Raises Invalid."""
    text = cleaned(given)
    if not text:
        raise Invalid(N_("请写下内容。"), field=field)
    if len(text) > MOST_TEXT:
        raise Invalid(N_("最多 %(most)d 个字符，现在 %(length)d 个。"), field=field, most=MOST_TEXT, length=len(text))
    return text


def amount(given: str) -> Decimal | None:
    """The agreed amount in yuan, two decimals; None for an empty text. Raises Invalid at field `amount`."""
    text = given.replace(",", "").replace("，", "").strip()
    if not text:
        return None
    try:
        found = Decimal(text).quantize(Decimal("0.01"))
    except InvalidOperation:
        found = None
    if found is None or not found.is_finite() or not 0 <= found <= MOST_AMOUNT:
        raise Invalid(N_("请填数字，单位元，例如 128000.00。"), field="amount")
    return found


def sample_names(text: str) -> tuple[str, ...]:
    """The samples that a line names, e.g. `BP-12、BP-13`: in one order a name is one sample."""
    return tuple(dict.fromkeys(name for part in re.split(r"[,，、;；\n]", text) if (name := part.strip())))
