"""The schedule in words of the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from flask_babel import gettext, ngettext

from app.booking.models import ClosureKind
from app.booking.rules import CLOSED_LABELS, Limits, State
from app.labs.labels import week_sentence
from app.language import WEEKDAYS_EN, WEEKDAYS_ZH, day, hours, lang, local, moment, pick, refusal, span
from app.schedule.closed import Answer, Reason
from app.schedule.lanes import Mark, Seen, Window
from app.worktime import LAST_OFFICIAL_YEAR, Day, DayKind, Interval, WorkingCalendar

# Those of the working calendar, which refusals name too; what is too soon or too far is said in sentences of its own.
WHY = {Reason(closed.value): label for closed, label in CLOSED_LABELS.items()}
# Widths at which text is drawn, px: a Chinese and a Latin character of 12 px, and what a block has round its text.
HAN, LATIN, ROUND = 12.5, 7.0, 4.0


class Times(NamedTuple):
    """Local clock times of a free window, `08:30`: its first start, its end, the last start at which a test fits."""

    start: str
    end: str
    last_start: str | None


def why(answer: Answer, limits: Limits) -> str:
    """Why a bench can't be had and when it can."""
    if answer.refusal:
        return refusal(answer.refusal)
    if answer.reason is Reason.TOO_SOON and answer.at:
        return ngettext(
            "须提前 %(num)d 个工作日，最早 %(at)s。",
            "须提前 %(num)d 个工作日，最早 %(at)s。",
            limits.notice_working_days,
            at=moment(answer.at),
        )
    if answer.reason is Reason.TOO_FAR and answer.at:
        return gettext("最多提前 %(days)d 天，最晚 %(at)s。", days=limits.horizon.days, at=moment(answer.at))
    reason = (pick(answer) if answer.name_zh else None) or gettext(WHY[answer.reason])
    if answer.at is None:
        return gettext("不开放：%(why)s。一年内不再开放。", why=reason)
    return gettext("不开放：%(why)s。下次开放 %(at)s。", why=reason, at=moment(answer.at))


def opening(calendar: WorkingCalendar, on: date) -> str:
    """When a bench with this calendar works in the week of a date."""
    return gettext("开放：%(hours)s。", hours=week_sentence(calendar.patterns, on))


def times(window: Window) -> Times:
    """A free window without its date."""
    last = local(window.last_start) if window.last_start else None
    start, end = local(window.starts_at), local(window.when.end)
    return Times(f"{start:%H:%M}", f"{end:%H:%M}", f"{last:%H:%M}" if last else None)


def free(at: Times) -> str:
    """When a bench is free, or when a test can start on it."""
    if at.last_start is None:
        return gettext("%(hours)s 可约", hours=_hours(at.start, at.end))
    if at.last_start == at.start:
        return gettext("%(at)s 可上台", at=at.start)
    return gettext("%(first)s–%(last)s 可上台", first=at.start, last=at.last_start)


def idle(at: Times, place: int | None) -> str:
    """When a bench of one's own lab, or one place of it, is free, and what a click there begins."""
    hours = _hours(at.start, at.end)
    if place is None:
        return gettext("%(hours)s 空闲，登记停用", hours=hours)
    return gettext("%(place)d 号位 %(hours)s 空闲，登记停用", place=place, hours=hours)


def free_on(window: Window) -> str:
    """A free window with its date."""
    return gettext("%(day)s %(free)s", day=day(window.when.start, weekday=False), free=free(times(window)))


def first_free(on: date | None) -> str:
    """From which day on a bench can be had."""
    if on is None:
        return gettext("没有空档")
    return gettext("%(day)s 起可约", day=day(on, weekday=False))


def title(mark: Mark, own_lab: bool) -> str:
    """Everything that the viewer may know of the uses in a block, with their exact times."""
    separator = "；" if lang() == "zh" else "; "
    return separator.join(whole(item, own_lab) for item in mark.seen)


def whole(item: Seen, own_lab: bool) -> str:
    """One use with everything that the viewer may know of it."""
    when = span(item.when.start, item.when.end)
    if item.closure or item.changeover:
        return gettext("%(what)s %(when)s", what=short(item, own_lab), when=when)
    if own_lab and item.company_zh:
        company = item.company_zh if lang() == "zh" else item.company_en or item.company_zh
        return gettext(
            "%(test)s %(code)s %(state)s %(company)s %(when)s",
            test=_test(item),
            code=item.code,
            state=_state(item),
            company=company,
            when=when,
        )
    return gettext(
        "%(test)s %(code)s %(state)s %(when)s", test=_test(item), code=item.code, state=_state(item), when=when
    )


def listed(item: Seen, own_lab: bool) -> str:
    """One use in a list below its bench: what and from which day."""
    return gettext("%(what)s %(day)s", what=short(item, own_lab), day=day(item.when.start, weekday=False))


def short(item: Seen, own_lab: bool) -> str:
    """Taken time in the words of a block."""
    if item.closure:
        return _closure(item)
    if item.changeover:
        return gettext("换型 %(length)s", length=hours(item.changeover))
    if own_lab:
        return gettext("%(test)s %(code)s", test=_test(item), code=(item.code or "").partition("-")[2])
    return gettext("%(test)s %(state)s", test=_test(item), state=_state(item))


def busy() -> tuple[str, ...]:
    """What a grey block could say, longest first."""
    return (gettext("占用"), gettext("占"))


def busy_hours(when: Interval) -> str:
    """A grey block with its clock times; empty when it runs over midnight."""
    end = local(when.end - timedelta(seconds=1))
    if local(when.start).date() != end.date():
        return ""
    return gettext("占用 %(hours)s", hours=_hours(f"{local(when.start):%H:%M}", f"{local(when.end):%H:%M}"))


def of_mark(mark: Mark, own_lab: bool) -> tuple[str, ...]:
    """What a block that the viewer knows of could say, longest first."""
    if len(mark.seen) > 1:
        return (gettext("%(count)d 项", count=len(mark.seen)), str(len(mark.seen)))
    item = mark.seen[0]
    text = short(item, own_lab)
    if item.changeover:
        return (text, gettext("换型"), gettext("换"))
    word = _closure(item) if item.closure else _test(item)
    return (text, word, *shortened(word), text[:2], text[:1])


def shortened(text: str) -> Iterator[str]:
    """A name cut off behind as many letters as there is room for, three at least."""
    return (f"{text[:end].rstrip()}…" for end in range(len(text) - 1, 2, -1))


def of_window(window: Window) -> tuple[str, ...]:
    """What a free window could say, longest first."""
    at = times(window)
    if at.last_start == at.start:
        return (at.start,)
    return (_hours(at.start, at.last_start or at.end), at.start)


def fitting(words: Iterable[str], room: float) -> str:
    """The first of the words that can be read in `room` px of a block; empty when none can."""
    return next((word for word in words if _width(word) + ROUND <= room), "")


@dataclass(frozen=True, slots=True)
class Head:
    """How a day stands in the head: its whole name, and its mark where it is no common day."""

    name: str
    weekday: str
    off: bool
    tag: str = ""
    css: str = ""


def mark(info: Day) -> Head:
    """The head of a day: 休 for holidays, 班 for make-up days, those of unpublished years marked."""
    names = WEEKDAYS_ZH if lang() == "zh" else WEEKDAYS_EN
    weekday = names[info.date.weekday()]
    holiday = (info.name_zh if lang() == "zh" else info.name_en) or ""
    if info.kind is DayKind.HOLIDAY:
        text = gettext("%(day)s 休，%(holiday)s", day=day(info.date), holiday=holiday)
        if info.provisional:
            text = gettext("%(day)s 休，%(holiday)s，尚未公布", day=day(info.date), holiday=holiday)
        return Head(text, weekday, True, gettext("休"), "hol prov" if info.provisional else "hol")
    if info.kind is DayKind.MAKE_UP:
        text = gettext("%(day)s 班，为%(holiday)s调休", day=day(info.date), holiday=holiday)
        return Head(text, weekday, False, gettext("班"), "mkup")
    return Head(day(info.date), weekday, info.kind is DayKind.WEEKEND)


def provisional() -> str:
    """What to know of years whose holidays are not published."""
    return gettext("%(year)d 年以后的放假安排尚未公布，按法定日推算，没有调休班。", year=LAST_OFFICIAL_YEAR)


def days(first: date, last: date) -> str:
    """The days of a page: `2026-04-27 至 05-10`."""
    if first == last:
        return day(first)
    if lang() == "en":
        return gettext("%(first)s 至 %(last)s", first=day(first, weekday=False), last=day(last, weekday=False))
    until = f"{last:%m-%d}" if last.year == first.year else f"{last:%Y-%m-%d}"
    return gettext("%(first)s 至 %(last)s", first=f"{first:%Y-%m-%d}", last=until)


def _state(item: Seen) -> str:
    if item.proposed:
        return gettext("实验室提议改到")
    if item.state is State.HELD and item.hold_expires_at:
        return gettext("暂留至 %(until)s", until=f"{local(item.hold_expires_at):%H:%M}")
    return gettext(item.state.label) if item.state else ""


def _test(item: Seen) -> str:
    return (item.test_zh if lang() == "zh" else item.test_en or item.test_zh) or ""


def _closure(item: Seen) -> str:
    kind = gettext(ClosureKind(item.closure or ClosureKind.OTHER).label)
    return gettext("%(kind)s %(reason)s", kind=kind, reason=item.closure_reason) if item.closure_reason else kind


def _hours(start: str, end: str) -> str:
    """From clock to clock; the midnight that ends a day is 24:00."""
    return f"{start}–{'24:00' if end == '00:00' else end}"


def _width(text: str) -> float:
    return sum(HAN if ord(letter) > 0x2E80 else LATIN for letter in text)
