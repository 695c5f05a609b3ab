"""The sentences of a report, in the language spoken."""

from collections.abc import Callable, Mapping

from flask_babel import gettext as _

from app.turnaround import page
from app.turnaround.change import MIX
from app.turnaround.course import shift_sentence
from app.turnaround.queries import Figures
from app.turnaround.rules import LEAST_COMPANIES, LEAST_LINES, PHASES, tenths
from app.turnaround.scheduled.headlines import Facts, Topic, chosen


def sentences(facts: Facts) -> list[str]:
    """The most important ones, the most important first."""
    return [SAID[topic](facts) for topic in chosen(facts)]


def _hidden(_facts: Facts) -> str:
    return _(
        "这段时间的委托项不足 %(lines)d 项或不足 %(companies)d 家企业，不显示数字。",
        lines=LEAST_LINES,
        companies=LEAST_COMPANIES,
    )


def _nothing_issued(_facts: Facts) -> str:
    return _("这段时间没有签发报告。")


def _level(facts: Facts) -> str:
    said = _spread(facts.total) | {"lines": facts.total.lines or 0}
    before = _spread(facts.before, "before_") if facts.before else {}
    year_ago = _spread(facts.year_ago, "ago_") if facts.year_ago else {}
    if before and year_ago:
        text = _(
            "签发了 %(lines)d 份报告，一半在提交后 %(p50)s 天内，八成在 %(p80)s 天内；"
            "上一时段是 %(before_p50)s 天和 %(before_p80)s 天，去年同期是 %(ago_p50)s 天和 %(ago_p80)s 天。"
        )
    elif before:
        text = _(
            "签发了 %(lines)d 份报告，一半在提交后 %(p50)s 天内，八成在 %(p80)s 天内；"
            "上一时段是 %(before_p50)s 天和 %(before_p80)s 天。"
        )
    elif year_ago:
        text = _(
            "签发了 %(lines)d 份报告，一半在提交后 %(p50)s 天内，八成在 %(p80)s 天内；"
            "去年同期是 %(ago_p50)s 天和 %(ago_p80)s 天。"
        )
    else:
        text = _("签发了 %(lines)d 份报告，一半在提交后 %(p50)s 天内，八成在 %(p80)s 天内。")
    return text % (said | before | year_ago)


def _spread(figures: Figures, name: str = "") -> dict[str, float]:
    assert figures.percentiles
    return {f"{name}p50": figures.percentiles[0], f"{name}p80": figures.percentiles[1]}


def _shift(facts: Facts) -> str:
    return shift_sentence(facts.shift, facts.since, facts.months)


def _target(facts: Facts) -> str:
    said = {"target": facts.target, "p50": facts.median}
    if facts.misses_target:
        return _("目标是一半在 %(target)d 天内，这段时间是 %(p50)s 天，没有达到。", **said)
    return _("目标是一半在 %(target)d 天内，这段时间是 %(p50)s 天，达到了。", **said)


def _change(facts: Facts) -> str:
    change = facts.change
    assert change
    told, total = change.told, tenths(change.total)
    phase = max(PHASES, key=lambda name: abs(told[name]))
    text = (
        _(
            "平均 %(after)s 天，比上一时段多 %(days)s 天：项目构成占 %(mix)s 天，同样的项目占 %(own)s 天，"
            "其中变化最大的是%(phase)s（%(phase_days)s 天）。"
        )
        if change.total > 0
        else _(
            "平均 %(after)s 天，比上一时段少 %(days)s 天：项目构成占 %(mix)s 天，同样的项目占 %(own)s 天，"
            "其中变化最大的是%(phase)s（%(phase_days)s 天）。"
        )
    )
    return text % {
        "after": f"{change.after:.1f}",
        "days": abs(total),
        "mix": _signed(told[MIX]),
        "own": _signed(total - told[MIX]),
        "phase": page.phase_label(phase),
        "phase_days": _signed(told[phase]),
    }


def _signed(days: float) -> str:
    """With its sign, as people write it."""
    return f"{days:+.1f}".replace("-", "−")


def _cause(facts: Facts) -> str:
    cause = facts.cause
    assert cause and cause.days is not None
    return _(
        "丢掉天数最多的原因是“%(cause)s”，%(lines)d 项一共 %(days)s 天。",
        cause=page.cause_label(cause),
        lines=cause.lines,
        days=f"{cause.days:.1f}",
    )


def _under_way(facts: Facts) -> str:
    if not facts.under_way:
        return _("现在没有在途的委托项。")
    return _("现在有 %(count)d 项在途，还没有报告。", count=facts.under_way)


def _phase(facts: Facts) -> str:
    phases = facts.total.phases
    assert phases
    phase = page.main_phase(phases)
    return _(
        "时间主要花在%(phase)s：平均 %(mean)s 天里占 %(days)s 天。",
        phase=page.phase_label(phase),
        mean=facts.total.mean,
        days=phases[phase],
    )


def _year(facts: Facts) -> str:
    assert facts.year
    said = _spread(facts.year) | {"lines": facts.year.lines or 0}
    return _("近 12 个月签发了 %(lines)d 份报告，一半在 %(p50)s 天内，八成在 %(p80)s 天内。") % said


SAID: Mapping[Topic, Callable[[Facts], str]] = {
    Topic.HIDDEN: _hidden,
    Topic.NOTHING_ISSUED: _nothing_issued,
    Topic.LEVEL: _level,
    Topic.SHIFT: _shift,
    Topic.TARGET: _target,
    Topic.CHANGE: _change,
    Topic.CAUSE: _cause,
    Topic.UNDER_WAY: _under_way,
    Topic.PHASE: _phase,
    Topic.YEAR: _year,
}
