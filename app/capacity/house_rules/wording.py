"""Rules as people read them: what a kind is called, what it asks for, and one sentence for each rule."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext, ngettext

from app.errors import N_
from app.labs import rules as kinds

LABELS = {
    kinds.NOTICE: N_("提前期"),
    kinds.HORIZON: N_("可约范围"),
    kinds.LONGEST: N_("单次最长"),
    kinds.GRAIN: N_("起始刻度"),
    kinds.OPEN_REQUESTS: N_("待做预约数"),
    kinds.WEEKLY_HOURS: N_("每周份额"),
    kinds.AT_ONCE: N_("立即确认"),
    kinds.CANCEL_DEADLINE: N_("取消期限"),
    kinds.NO_SHOWS: N_("未到场的后果"),
    kinds.RELEASE: N_("按季度开放"),
}


@dataclass(frozen=True, slots=True)
class Asks:
    """What a rule of one number asks for: label of its field, least and most."""

    label: str
    least: int
    most: int


NUMBERS = {
    kinds.NOTICE: Asks(N_("至少提前的工作日数"), 0, 60),
    kinds.HORIZON: Asks(N_("最多提前的天数"), 1, 730),
    kinds.LONGEST: Asks(N_("一次占台最多的小时数"), 1, 9600),
    kinds.GRAIN: Asks(N_("可选起始时间之间的分钟数"), 5, 1440),
    kinds.OPEN_REQUESTS: Asks(N_("每家企业最多的待做预约数"), 1, 500),
    kinds.WEEKLY_HOURS: Asks(N_("每家企业每周最多的小时数"), 1, 168),
    kinds.CANCEL_DEADLINE: Asks(N_("上台前多少小时之前可以自己取消"), 0, 720),
}


def sentence(kind: str, value: Any, companies: Mapping[str, str]) -> str:
    """One rule in one sentence. companies: names by id, for those who are confirmed at once."""
    if kind in _SENTENCES:
        return _SENTENCES[kind](value)
    return gettext("%(who)s的申请不经人工，立即确认", who=_who(value, companies))


def public(rules: Iterable[tuple[str, Any]]) -> list[str]:
    """The rules of a bench as everybody may read them: what sets nobody apart by name, and is not told elsewhere."""
    elsewhere = (kinds.NOTICE, kinds.HORIZON, kinds.GRAIN, kinds.CANCEL_DEADLINE)
    told = [(kind, value) for kind, value in rules if kind not in elsewhere]
    shown = [(kind, value) for kind, value in told if kind != kinds.AT_ONCE or value == kinds.ANY_COMPANY]
    return [sentence(kind, dict(value) if isinstance(value, tuple) else value, {}) for kind, value in shown]


def _who(value: Any, companies: Mapping[str, str]) -> str:
    if value == kinds.ANY_COMPANY:
        return gettext("所有企业")
    return gettext("、").join(companies.get(ident, ident) for ident in value)


def _notice(days: int) -> str:
    return ngettext("至少提前 %(num)d 个工作日", "至少提前 %(num)d 个工作日", days)


def _horizon(days: int) -> str:
    return ngettext("最多提前 %(num)d 天", "最多提前 %(num)d 天", days)


def _no_shows(value: Mapping[str, int]) -> str:
    return gettext(
        "%(days)d 天内未到场 %(count)d 次，之后 %(blocked)d 天不能预约",
        days=value["days"],
        count=value["count"],
        blocked=value["blocked_days"],
    )


def _release(value: Mapping[str, int]) -> str:
    return gettext(
        "每季度的时段在季度开始前 %(days)d 天的 %(clock)s 开放预约",
        days=value["days_before"],
        clock=clock_of(value["minute"]),
    )


def clock_of(minute: int) -> str:
    """A minute of the day on the clock, `09:00`."""
    return f"{minute // 60:02}:{minute % 60:02}"


_SENTENCES: dict[str, Callable[[Any], str]] = {
    kinds.NOTICE: _notice,
    kinds.HORIZON: _horizon,
    kinds.LONGEST: lambda hours: gettext("一次占台最多 %(hours)s 小时", hours=hours),
    kinds.GRAIN: lambda minutes: gettext("每 %(minutes)d 分钟一个起始时间", minutes=minutes),
    kinds.OPEN_REQUESTS: lambda count: gettext("每家企业最多有 %(count)d 个待做的预约", count=count),
    kinds.WEEKLY_HOURS: lambda hours: gettext("每家企业每周最多占台 %(hours)s 小时", hours=hours),
    kinds.CANCEL_DEADLINE: lambda hours: gettext("确认后，上台前 %(hours)d 小时之前可以自己取消或改期", hours=hours),
    kinds.NO_SHOWS: _no_shows,
    kinds.RELEASE: _release,
}
