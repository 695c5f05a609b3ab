"""The one sentence on top of a booking: who does what next, by when; for each state and role."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext

from app.accounts.models import Role
from app.booking.presenting import MINUTE, Seen, by, elapsed, office
from app.booking.rules import State, office_time
from app.language import day, moment


@dataclass(frozen=True, slots=True)
class Next:
    """The one sentence on top: who does what by when; `need` when it is the reader."""

    text: str
    small: str = ""
    need: bool = False


def next_step(seen: Seen) -> Next:
    """The sentence for this state and role."""
    if seen.viewer.is_company:
        return _NEXT_COMPANY[seen.state](seen)
    if seen.viewer.role is Role.LAB_ADMIN:
        return _NEXT_DESK[seen.state](seen)
    return _NEXT_CREW.get(seen.state, _NEXT_DESK[seen.state])(seen)


# Sentences of the company


def _held(seen: Seen) -> Next:
    expires_at = seen.booking.hold_expires_at or seen.now
    until, left = by(expires_at, seen.now), elapsed(expires_at - seen.now)
    if seen.with_order:
        code = seen.booking.order_line.order.code
        return Next(
            gettext("请在%(by)s 前提交委托单 %(code)s，还剩 %(left)s。", by=until, code=code, left=left),
            gettext("暂留到期自动失效。提交委托单时，各项一起申请。"),
            need=True,
        )
    return Next(
        gettext("请在%(by)s 前提交申请，还剩 %(left)s。", by=until, left=left),
        gettext(
            "暂留 %(minutes)d 分钟，之后自动失效，%(again)s内不能再暂留同一时段。提交后由%(lab)s确认。",
            minutes=int(seen.limits.hold.total_seconds() // 60),
            again=elapsed(seen.limits.hold_again),
            lab=seen.lab,
        ),
        need=True,
    )


def _requested(seen: Seen) -> Next:
    if seen.proposed:
        return _proposal(seen)
    since = seen.booking.requested_at or seen.booking.created_at
    text = gettext("等%(lab)s确认。您现在不用做什么。", lab=seen.lab)
    if seen.now - since < MINUTE:
        return Next(text, gettext("刚刚提交。到上台时间还没有确认就自动失效。"))
    return Next(
        text,
        gettext(
            "%(at)s 提交，已等 %(waited)s，其中%(office)s。到上台时间还没有确认就自动失效。",
            at=by(since, seen.now),
            waited=elapsed(seen.now - since),
            office=office(office_time(since, seen.now)),
        ),
    )


def _proposal(seen: Seen) -> Next:
    proposal = seen.booking.proposal
    assert proposal is not None
    if proposal.delay:
        to, answer = moment(proposal.starts_at), by(proposal.expires_at, seen.now)
        return Next(
            gettext("前一项试验晚了，%(lab)s建议改到 %(to)s。请在%(by)s 前答复。", lab=seen.lab, to=to, by=answer),
            gettext("您可以同意，也可以另选时段或取消，不受取消期限限制。"),
            need=True,
        )
    return Next(
        gettext(
            "%(lab)s建议改到 %(to)s。请在%(by)s 前答复。",
            lab=seen.lab,
            to=moment(proposal.starts_at),
            by=by(proposal.expires_at, seen.now),
        ),
        gettext("原因：%(reason)s。在您同意之前，原时段一直为您保留。", reason=proposal.reason.rstrip("。.")),
        need=True,
    )


def _confirmed(seen: Seen) -> Next:
    if seen.proposed:
        return _proposal(seen)
    if seen.booking.delayed_until is not None:
        return _held_up(seen, seen.booking.delayed_until)
    if seen.start_due:
        return Next(gettext("上台时间已到，等%(lab)s开始试验。您现在不用做什么。", lab=seen.lab))
    text = gettext("请在%(by)s 前把样品送到%(lab)s。", by=by(seen.booking.starts_at, seen.now), lab=seen.lab)
    if not seen.may_cancel:
        return Next(text, _too_late(seen))
    deadline = seen.booking.starts_at - seen.limits.cancel_deadline
    return Next(text, gettext("%(deadline)s 之前可以自己改期或取消。", deadline=by(deadline, seen.now)))


def _held_up(seen: Seen, until: datetime) -> Next:
    """The use before takes longer, and no other time could be proposed."""
    return Next(
        gettext("前一项试验要到%(until)s 才结束，不能按时上台。", until=by(until, seen.now)),
        gettext("您可以等，也可以另选时段或取消，不受取消期限限制。"),
        need=True,
    )


def _too_late(seen: Seen) -> str:
    return gettext(
        "离上台不足 %(hours)d 小时，改期或取消要先和实验室商量，由实验室处理。",
        hours=int(seen.limits.cancel_deadline.total_seconds() // 3600),
    )


def _running(seen: Seen) -> Next:
    return Next(
        gettext(
            "%(lab)s正在做试验，计划%(end)s 结束。您现在不用做什么。",
            lab=seen.lab,
            end=by(seen.booking.ends_at, seen.now),
        ),
        _report_dates(seen),
    )


def _report_dates(seen: Seen) -> str:
    return gettext(
        "报告预计 %(likely)s，稳妥 %(safe)s。", likely=day(seen.dates.expected_at), safe=day(seen.dates.safe_at)
    )


def _completed(seen: Seen) -> Next:
    if seen.report_number is not None:
        return _issued(seen)
    return Next(gettext("试验已完成，等%(lab)s出报告。您现在不用做什么。", lab=seen.lab), _report_dates(seen))


def _issued(seen: Seen) -> Next:
    assert seen.report_issued_at is not None
    if seen.report_withdrawn:
        return Next(gettext("报告 %(number)s 已撤回，不再有效。", number=seen.report_number))
    return Next(gettext("报告 %(number)s 已于 %(at)s 签发。", number=seen.report_number, at=day(seen.report_issued_at)))


def _declined(seen: Seen) -> Next:
    return Next(gettext("%(lab)s没有接受这次申请。可以另选时段。", lab=seen.lab), _because(seen))


def _cancelled(seen: Seen) -> Next:
    if seen.ended and seen.ended.by_lab:
        return Next(gettext("%(lab)s取消了预约，时段已放开。", lab=seen.lab), _because(seen))
    if seen.viewer.is_company:
        return Next(gettext("贵公司取消了预约，时段已放开。"), _because(seen))
    return Next(gettext("委托方取消了预约，时段已放开。"), _because(seen))


def _because(seen: Seen) -> str:
    reason = seen.ended.reason.strip().rstrip("。.") if seen.ended else ""
    return gettext("原因：%(reason)s。", reason=reason) if reason else ""


def _expired(seen: Seen) -> Next:
    if seen.booking.requested_at is None:
        return Next(gettext("暂留到期没有提交，时段已放开。"), gettext("还想要这个时段，请重新查找。"))
    return Next(gettext("到上台时间还没有确认，申请已失效。"), gettext("请另选时段，或先和实验室联系。"))


def _no_show(seen: Seen) -> Next:
    return Next(gettext("样品没有按时送到，%(lab)s记为未到场。", lab=seen.lab), _because(seen))


# Sentences of the lab


def _desk_held(seen: Seen) -> Next:
    expires_at = seen.booking.hold_expires_at or seen.now
    return Next(gettext("委托方暂留到%(by)s，还没有提交。您现在不用做什么。", by=by(expires_at, seen.now)))


def _desk_requested(seen: Seen) -> Next:
    if seen.proposed:
        return _desk_proposal(seen)
    since = seen.booking.requested_at or seen.booking.created_at
    start = by(seen.booking.starts_at, seen.now)
    if seen.now - since < MINUTE:
        small = gettext("到%(start)s 还没有答复就自动失效。", start=start)
        return Next(gettext("请确认或婉拒，刚刚提交。"), small, need=True)
    return Next(
        gettext("请确认或婉拒，已等 %(waited)s。", waited=elapsed(seen.now - since)),
        gettext(
            "%(at)s 提交，其中%(office)s。到%(start)s 还没有答复就自动失效。",
            at=by(since, seen.now),
            office=office(office_time(since, seen.now)),
            start=start,
        ),
        need=True,
    )


def _desk_proposal(seen: Seen) -> Next:
    proposal = seen.booking.proposal
    assert proposal is not None
    return Next(
        gettext(
            "已建议改到 %(to)s，等委托方答复，到%(by)s 为止。",
            to=moment(proposal.starts_at),
            by=by(proposal.expires_at, seen.now),
        ),
        gettext("在委托方同意之前，两个时段都保留。"),
    )


def _desk_confirmed(seen: Seen) -> Next:
    if seen.start_due:
        return Next(
            gettext(
                "上台时间%(at)s 已到。请开始试验，样品没有来就记为未到场。", at=by(seen.booking.starts_at, seen.now)
            ),
            need=True,
        )
    if seen.proposed:
        return _desk_proposal(seen)
    return Next(gettext("等样品，%(at)s 上台。您现在不用做什么。", at=by(seen.booking.starts_at, seen.now)))


def _desk_running(seen: Seen) -> Next:
    ends_at = seen.booking.ends_at
    if ends_at <= seen.now:
        return Next(
            gettext("计划%(at)s 离台，已经过了。做完后请记为完成。", at=by(ends_at, seen.now)),
            need=True,
        )
    return Next(gettext("试验中，计划%(at)s 离台。做完后请记为完成。", at=by(ends_at, seen.now)))


def _desk_completed(seen: Seen) -> Next:
    if seen.report_number is not None:
        return _issued(seen)
    return Next(gettext("试验已完成，请出报告：上传后审核、签发，或只登记编号和日期。"), _report_dates(seen), need=True)


def _crew_requested(_seen: Seen) -> Next:
    return Next(gettext("等业务受理答复。您现在不用做什么。"))


def _crew_completed(seen: Seen) -> Next:
    return _issued(seen) if seen.report_number is not None else Next(gettext("试验已完成，等业务受理登记报告。"))


def _desk_declined(seen: Seen) -> Next:
    return Next(gettext("申请已婉拒，时段已放开。"), _because(seen))


def _desk_no_show(_seen: Seen) -> Next:
    return Next(gettext("样品没有按时送到，已记为未到场，时段已放开。"))


Sentence = Callable[[Seen], Next]

_NEXT_COMPANY: dict[State, Sentence] = {
    State.HELD: _held,
    State.REQUESTED: _requested,
    State.CONFIRMED: _confirmed,
    State.RUNNING: _running,
    State.COMPLETED: _completed,
    State.DECLINED: _declined,
    State.CANCELLED: _cancelled,
    State.EXPIRED: _expired,
    State.NO_SHOW: _no_show,
}
_NEXT_DESK: dict[State, Sentence] = {
    State.HELD: _desk_held,
    State.REQUESTED: _desk_requested,
    State.CONFIRMED: _desk_confirmed,
    State.RUNNING: _desk_running,
    State.COMPLETED: _desk_completed,
    State.DECLINED: _desk_declined,
    State.CANCELLED: _cancelled,
    State.EXPIRED: _expired,
    State.NO_SHOW: _desk_no_show,
}
_NEXT_CREW: dict[State, Sentence] = {State.REQUESTED: _crew_requested, State.COMPLETED: _crew_completed}
