"""The inputs of a study as facts that people read, each measured or a planning value."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

PERCENT = 100


@dataclass(frozen=True, slots=True)
class Fact:
    """name and value in the language spoken; measured: from order lines, else a planning value."""

    name: str
    value: str
    measured: bool


def facts(inputs: Mapping[str, Any]) -> list[Fact]:
    """What went into the study, in the order in which a line meets it. inputs: as `study.run` stores them."""
    measured = set(inputs["measured"])

    def fact(key: str, name: str, value: str) -> Fact:
        return Fact(name, value, key in measured)

    low, high = inputs["programme"]
    many = _("%(share)s 的委托项，一次 %(low)d–%(high)d 项", share=_share(inputs["programmes"]), low=low, high=high)
    late = {"share": _share(inputs["late"]), "days": _days(inputs["late_by"])}
    broken = {"count": inputs["breakdowns"], "days": _days(inputs["repair"])}
    return [
        fact("tests", _("各检测项目的多少"), _("按记录；没有的按一项计") if "tests" in measured else _("一样多")),
        fact("months", _("各月的申请"), _("按各月的比例") if "months" in measured else _("各月一样")),
        fact("hours", _("一天里的申请"), _("工作日，按各小时的比例") if "hours" in measured else _("工作日 9–17 时")),
        fact("programmes", _("成批的试验计划"), many),
        *_on_samples(inputs, fact),
        fact("uneven", _("实验室的知名度与产能之差"), _("标准差 %(share)s", share=_share(inputs["uneven"]))),
        fact("review", _("评审"), _days(inputs["review"])),
        fact("lead", _("提交到样品备好"), _days(inputs["lead"])),
        fact("late", _("样品迟到"), _("%(share)s，平均迟 %(days)s，提前一天告知", **late)),
        fact("no_show", _("未到场"), _share(inputs["no_show"])),
        fact("back", _("未到场的几天后再来"), _("平均 %(share)s", share=_days(inputs["back"]))),
        fact("cancelled", _("上台前取消"), _share(inputs["cancelled"])),
        fact("testing", _("用台时间占预约时间"), _share(inputs["testing"])),
        fact("breakdowns", _("故障"), _("每个工位一年 %(count)s 次，平均 %(days)s", **broken)),
        fact("maintenance", _("计划检修"), _("每个工位一年 %(count)s 天", count=inputs["maintenance"])),
        fact("reporting", _("编制报告与计划天数之比"), _("平均 %(share)s", share=_share(inputs["reporting"]))),
        fact("writing", _("其中占用一名编制人员"), _share(inputs["writing"])),
        fact("nimble", _("能在一天前接受更早时间的"), _share(inputs["nimble"])),
    ]


def _on_samples(inputs: Mapping[str, Any], fact: Callable[[str, str, str], Fact]) -> list[Fact]:
    """How tests of a programme share samples, where the study knows it."""
    if "sharing" not in inputs:
        return []
    low, high = inputs["sharing"]
    return [
        fact("sharing", _("计划里同一样品上先后做的"), _("%(low)d–%(high)d 项，样品种类相同", low=low, high=high)),
        fact("transport", _("样品送到另一家实验室"), _days(inputs["transport"])),
    ]


def _share(value: float) -> str:
    return f"{value * PERCENT:.0f}%"


def _days(value: float) -> str:
    return _("%(days)s 天", days=f"{value:.1f}")
