"""The history of a booking in words, told from its events: who is an organisation and a role, never a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import gettext

from app.accounts.models import COMPANY_ROLES, LAB_ROLES, Organisation, Role
from app.accounts.policy import Viewer
from app.booking.move_rules import MoveCause
from app.errors import N_
from app.events.models import Event
from app.labs.models import Lab, Resource
from app.language import day, lang, moment, pick

TITLES = {
    "booking.held": N_("暂留"),
    "booking.requested": N_("已提交申请"),
    "booking.confirmed": N_("已确认"),
    "booking.declined": N_("已婉拒"),
    "booking.cancelled": N_("已取消"),
    "booking.expired": N_("已失效"),
    "booking.running": N_("试验开始"),
    "booking.completed": N_("试验完成"),
    "booking.no_show": N_("未到场"),
    "booking.moved": N_("已改期"),
    "booking.moved_away": N_("已改到别的实验室"),
    "booking.move_proposed": N_("已建议改期"),
    "booking.move_refused": N_("没有改期，保留原时段"),
    "booking.move_lapsed": N_("改期建议已过期"),
    "booking.undone": N_("刚才的操作已撤销"),
    "booking.approved": N_("审批通过"),
    "booking.approval_passed_on": N_("审批超时，转交下一位"),
    "booking.paused": N_("试验暂停"),
    "booking.resumed": N_("试验继续"),
    "booking.delayed": N_("试验要晚结束"),
    "booking.held_up": N_("前一项试验晚了，不能按时上台"),
    "booking.judged": N_("结果判定"),
    "booking.described": N_("写了样品"),
    "booking.edition_asked": N_("标准将换版，请选保留、提前或取消"),
    "report.drafted": N_("报告已上传，待审核"),
    "report.reviewed": N_("报告审核通过"),
    "report.returned": N_("报告退回修改"),
    "report.approved": N_("报告已批准"),
    "report.issued": N_("报告已签发"),
    "report.withdrawn": N_("报告已撤回"),
}


@dataclass(frozen=True, slots=True)
class Names:
    """What events point at, by id; only what the viewer may know by name stands in it."""

    resources: Mapping[str, Resource]
    labs: Mapping[str, Lab]
    companies: Mapping[str, Organisation]


@dataclass(frozen=True, slots=True)
class Told:
    """One event as read: `who` is an organisation (empty where none belongs to it), `role` a role or the system."""

    at: datetime
    title: str
    text: str
    who: str
    role: str
    reason: str


def readable(viewer: Viewer, events: Sequence[Event]) -> list[Event]:
    """Events that this viewer may read: a lab only what happened at its own labs."""
    if viewer.is_company:
        # What a lab decides inside has no company on it.
        return [event for event in events if event.company_id]
    return [event for event in events if event.lab_id in viewer.lab_ids]


def told(viewer: Viewer, events: Sequence[Event], names: Names) -> list[Told]:
    """The history, newest first."""
    return [_told(viewer, event, names) for event in sorted(events, key=lambda e: (e.at, e.id), reverse=True)]


def _told(viewer: Viewer, event: Event, names: Names) -> Told:
    return Told(
        at=event.at,
        title=gettext(TITLES[event.kind]),
        text=_text(event.kind, event.data, names),
        who=_who(event, names),
        role=gettext(Role(event.actor_role).label) if event.actor_role in set(Role) else gettext("系统"),
        reason=reason(viewer, event),
    )


def _text(kind: str, data: Mapping[str, Any], names: Names) -> str:
    resource = names.resources.get(str(data.get("resource")))
    bench = pick(resource) if resource else ""
    if kind == "booking.moved":
        return _because(
            data,
            gettext(
                "从 %(before)s 到 %(after)s，%(bench)s", before=_at(data["from"]), after=_at(data["to"]), bench=bench
            ),
        )
    if kind == "booking.described":
        return str(data["sample"]) or gettext("没有写")
    if kind in ("booking.approved", "booking.approval_passed_on"):
        return str(data["step"])
    if kind == "booking.undone":
        return gettext("撤销：%(what)s", what=gettext(TITLES[f"booking.{data['what']}"]))
    if kind == "booking.edition_asked":
        return gettext("%(day)s 起按新版标准", day=day(date.fromisoformat(data["on"])))
    if kind == "booking.move_proposed":
        return _because(data, gettext("到 %(after)s，%(bench)s", after=_at(data["to"]), bench=bench))
    if kind == "booking.expired":
        held = data.get("was") == "held"
        return gettext("暂留到期，没有提交") if held else gettext("上台时间已到，实验室没有确认")
    if kind == "report.withdrawn":
        return gettext("编号 %(number)s", number=data["number"])
    if kind in ("report.drafted", "report.reviewed", "report.returned", "report.approved"):
        return gettext("第 %(edition)d 版", edition=data["edition"])
    if kind == "report.issued":
        return gettext("编号 %(number)s，签发 %(at)s", number=data["number"], at=_at(data["issued_at"]))
    if "booked_for" in data:
        return gettext("比预约早，原定 %(at)s 上台", at=_at(data["booked_for"]))
    if "starts_at" in data:
        return gettext("%(at)s 上台，%(bench)s", at=_at(data["starts_at"]), bench=bench)
    return ""


def _at(iso: str) -> str:
    return moment(datetime.fromisoformat(iso))


def _who(event: Event, names: Names) -> str:
    if event.actor_role in LAB_ROLES:
        lab = names.labs.get(event.lab_id or "")
        return lab_name(lab) if lab else gettext("实验室")
    if event.actor_role in COMPANY_ROLES:
        company = names.companies.get(event.company_id or "")
        return pick(company, "short") if company else gettext("委托方")
    return ""


def _because(data: Mapping[str, Any], text: str) -> str:
    """A move with its cause, where one was chosen."""
    cause = data.get("cause")
    return gettext("%(move)s（%(cause)s）", move=text, cause=gettext(MoveCause(cause).label)) if cause else text


def reason(viewer: Viewer, event: Event) -> str:
    """What was written; the bench crew read no free text of a company."""
    if viewer.role is Role.BENCH_CREW and event.actor_role in COMPANY_ROLES:
        return ""
    return str(event.data.get("reason") or "")


def lab_name(lab: Lab) -> str:
    """The short Chinese name, on an English page the English one."""
    return lab.short_zh if lang() == "zh" and lab.short_zh else pick(lab)
