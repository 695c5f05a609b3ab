"""The catalogue's codes and patterns in words."""

from collections.abc import Collection, Iterable
from datetime import date

from flask_babel import gettext

from app.errors import N_
from app.labs.models import Resource, Test
from app.language import WEEKDAYS_EN, WEEKDAYS_ZH, day, lang
from app.worktime import PATTERNS, ShiftPattern
from app.worktime.shifts import MINUTES_A_DAY

LEVELS = {
    "national_centre": N_("国家级中心"),
    "national_proving_ground": N_("国家级试验场"),
    "provincial": N_("省级机构"),
    "joint": N_("多方共建"),
    "enterprise_open": N_("对外承接"),
}
METHOD_KINDS = {
    "gb_mandatory": N_("强制性国家标准"),
    "gb_t": N_("推荐性国家标准"),
    "qc_t": N_("汽车行业标准"),
    "iso": N_("ISO 标准"),
    "ece": N_("联合国法规"),
    "protocol": N_("规程或文件"),
    "cncap": N_("新车评价规程"),
}
METHOD_STATUSES = {
    "in_force": N_("现行"),
    "superseded": N_("已被替代"),
    "upcoming": N_("即将实施"),
    "unverified": N_("未核"),
}
SAMPLE_KINDS = {
    "vehicle": N_("整车"),
    "pack": N_("电池包"),
    "module": N_("模组"),
    "cell": N_("单体"),
    "motor": N_("电机"),
    "ecu": N_("控制器"),
    "part": N_("零部件"),
    "tank": N_("气瓶"),
    "stack": N_("电堆"),
    "system": N_("系统"),
}
WEATHER = {
    "dry": N_("路面干燥"),
    "wind_max_5ms": N_("风速不超过 5 m/s"),
    "visibility_min_1km": N_("能见度 1 km 以上"),
    "background_noise_low": N_("环境噪声低"),
}
DAYS = {frozenset(range(5)): N_("周一至周五"), frozenset(range(6)): N_("周一至周六"), frozenset(range(7)): N_("每天")}


def level_label(level: str) -> str:
    """A lab's level."""
    return gettext(LEVELS[level])


def method_kind_label(kind: str) -> str:
    """What sort of method it is."""
    return gettext(METHOD_KINDS[kind])


def method_status_label(status: str) -> str:
    """Whether an edition is in force, as far as was seen."""
    return gettext(METHOD_STATUSES[status])


def sample_kind_label(kind: str) -> str:
    """What sort of specimen it is."""
    return gettext(SAMPLE_KINDS[kind])


def weather_label(condition: str) -> str:
    """Weather that a kind of track asks for; an unknown code as it stands."""
    return gettext(WEATHER[condition]) if condition in WEATHER else condition


def week_label(week: str) -> str:
    """`第 14 周（03-30 起）` from `2026-W14`."""
    monday = date.fromisoformat(f"{week}-1")
    return gettext("第 %(week)d 周（%(monday)s 起）", week=monday.isocalendar().week, monday=day(monday, False))


def week_sentence(patterns: Iterable[ShiftPattern], on: date) -> str:
    """When the patterns that are valid on a date work."""
    told = [pattern_sentence(pattern) for pattern in patterns if pattern.is_valid(on)]
    return gettext("；").join(told) if told else gettext("没有排班")


def later_weeks(patterns: Iterable[ShiftPattern], on: date) -> list[str]:
    """From when other hours hold, and which, in order of time."""
    known = list(patterns)
    later = sorted({pattern.valid_from for pattern in known if pattern.valid_from and pattern.valid_from > on})
    return [gettext("自 %(day)s 起：%(hours)s", day=day(at, False), hours=week_sentence(known, at)) for at in later]


def is_planned(patterns: Iterable[ShiftPattern], shifts: str) -> bool:
    """Whether the hours are those of the catalogue, which no lab has stated."""
    return tuple(patterns) == (PATTERNS[shifts],)


def pattern_sentence(pattern: ShiftPattern) -> str:
    """When a pattern works, in one sentence."""
    if pattern.continuous:
        return gettext("全天不间断，节假日也开放")
    by_hours: dict[tuple[int, int], set[int]] = {}
    for shift in pattern.shifts:
        by_hours.setdefault((shift.opens, shift.closes), set()).update(shift.weekdays)
    if pattern.daylight and set(by_hours) == {(0, MINUTES_A_DAY)}:
        days = weekdays_label(by_hours[0, MINUTES_A_DAY])
        return gettext("%(days)s 日出到日落；法定节假日不开放，调休上班日照常", days=days)
    told = [
        gettext("%(days)s %(opens)s–%(closes)s", days=weekdays_label(days), opens=_wall(opens), closes=_wall(closes))
        for (opens, closes), days in sorted(by_hours.items())
    ]
    hours = gettext("，").join(told)
    if pattern.daylight:
        return gettext("%(hours)s，只在日出到日落之间；法定节假日不开放，调休上班日照常", hours=hours)
    return gettext("%(hours)s；法定节假日不开放，调休上班日照常", hours=hours)


def weekdays_label(weekdays: Collection[int]) -> str:
    """`周一至周五`, `每天`, `周二、周四`."""
    if frozenset(weekdays) in DAYS:
        return gettext(DAYS[frozenset(weekdays)])
    names = WEEKDAYS_EN if lang() == "en" else [f"周{name}" for name in WEEKDAYS_ZH]
    return gettext("、").join(names[day] for day in sorted(weekdays))


def _wall(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def run_sentence(test: Test, unattended: bool) -> str:
    """How the run goes over shifts on a kind of bench that runs unattended or not."""
    if test.one_window or not (unattended or test.run_splits):
        return gettext("试验须在一班内做完；准备和清理可跨班，台架为您保留")
    if unattended:
        return gettext("试验可无人值守连续进行；准备和清理只在班内进行，台架为您保留")
    return gettext("试验可分几班进行，台架为您保留")


def unit_run_sentence(resource: Resource) -> str:
    """How runs go over shifts on this bench, whatever the test."""
    if resource.unattended:
        return gettext("试验可无人值守连续进行，班外也算；准备和清理只在班内进行")
    return gettext("试验在班内进行，能分段的可跨几班；准备和清理可跨班，台架为您保留")


def written_in(text: str) -> str:
    """The language of a text from somewhere else: `zh-CN` when it has Chinese in it, else `en`."""
    return "zh-CN" if any("\u4e00" <= letter <= "\u9fff" for letter in text) else "en"
