"""The search page in words: heading, what was understood, notes about editions, bars over one axis."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext, ngettext

from app.booking.story import lab_name
from app.errors import N_
from app.labs.labels import week_label
from app.labs.models import Lab, Method, Test
from app.labs.quantities import QUANTITIES, told, unstated
from app.language import clock, dated, day, hours, pick, refusal
from app.search.comparing import Choice, Reason, Unable, stated_of
from app.search.queries import Change
from app.search.results import Results
from app.search.rules import LONGEST_QUERY, SUPERSEDED, Asked, Edition, Match

MOST_NAMED = 5
MANDATORY = "gb_mandatory"


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence, and queries that lead on from it as (label, query)."""

    text: str
    links: tuple[tuple[str, str], ...] = ()
    small: str = ""


# Heading -------------------------------------------------------------------------------------------------


def title(page: Results) -> str:
    """The heading: the method when the query means one, else what was looked for."""
    text = page.found.query.text
    if page.found.leading and page.leading:
        return f"{page.leading.code} {pick(page.leading, 'title')}"
    if page.found.query.empty:
        return gettext("查找")
    if not page.items:
        return gettext("没有找到“%(text)s”", text=text)
    return gettext("与“%(text)s”有关的检测项目", text=text)


def crumb(page: Results) -> str:
    """`查找“GB 38031”：1 项标准、24 个检测项目、5 家实验室`."""
    return gettext(
        "查找“%(text)s”：%(methods)s、%(tests)s、%(labs)s",
        text=page.found.query.text,
        methods=ngettext("%(num)d 项标准", "%(num)d 项标准", len(page.found.method_ids)),
        tests=ngettext("%(num)d 个检测项目", "%(num)d 个检测项目", len(page.found.tests)),
        labs=ngettext("%(num)d 家实验室", "%(num)d 家实验室", page.lab_count),
    )


# What was understood -------------------------------------------------------------------------------------


def remarks(page: Results) -> list[Note]:
    """Where the answer is not to the letter of the query."""
    query = page.found.query
    notes = [note for asked in query.asked if (note := _about_number(asked))]
    for typed, used in page.found.renamed.items():
        notes.append(Note(gettext("“%(typed)s”按“%(used)s”查找。", typed=typed, used=used)))
    if page.found.corrected:
        typed, used = page.found.corrected
        notes.append(Note(gettext("没有“%(typed)s”，按“%(used)s”查找。", typed=typed, used=used)))
    if page.bad_figure:
        notes.append(Note(gettext("“%(text)s”的上限小于下限。", text=page.bad_figure)))
    if page.figures and query.empty:
        notes.append(_figures_alone(page))
    elif page.figures:
        told_all = gettext("、").join(told(key, each) for key, each in page.figures.items())
        notes.append(Note(gettext("只列达得到 %(figures)s 的台架。", figures=told_all), tuple(_without(page))))
    if page.found.loosely:
        notes.append(Note(gettext("没有完全这样写的项目，以下是把词拆开找到的。")))
    if query.cut:
        notes.append(Note(gettext("查询太长，只用了前 %(count)d 个字。", count=LONGEST_QUERY)))
    return notes


def _figures_alone(page: Results) -> Note:
    """That benches are looked for by what they can do, too; and examples with the figures."""
    typed = " ".join(told(key, each) for key, each in page.figures.items())
    text = gettext(
        "%(figures)s 是样品或台架的指标。请再写上检测项目或标准号，就只列达得到的台架，例如：", figures=typed
    )
    words = [gettext("电池包 振动"), "GB 38031", gettext("盐雾")]
    return Note(text, tuple((query, query) for word in words for query in [f"{word} {typed}"]))


def _without(page: Results) -> Iterator[tuple[str, str]]:
    """Queries without one of the figures each."""
    for key in page.figures:
        others = [told(other, each) for other, each in page.figures.items() if other != key]
        label = gettext("不限%(quantity)s", quantity=gettext(QUANTITIES[key].label))
        yield label, " ".join([page.found.query.text, *others])


def unstated_figures(page: Results, row: Choice) -> str:
    """Quantities that were asked for and that the lab hasn't stated of the bench."""
    has = stated_of(row.resource, row.capability)
    names = [gettext(QUANTITIES[key].label) for key in unstated(has, page.figures)]
    return gettext("实验室未写明：%(quantities)s", quantities=gettext("、").join(names)) if names else ""


def _about_number(asked: Asked) -> Note | None:
    typed, codes = asked.designation.printed, _codes(asked.editions)
    match asked.match:
        case Match.OTHER_BODY:
            text = gettext("目录里没有 %(typed)s，以下是 %(codes)s。", typed=typed, codes=codes)
        case Match.OTHER_YEAR:
            text = gettext("目录里没有 %(typed)s 这一版，以下是 %(codes)s。", typed=typed, codes=codes)
        case Match.SUCCESSOR:
            text = gettext("%(typed)s 已被代替，现在用的是 %(codes)s。", typed=typed, codes=codes)
        case Match.BEGINNING:
            text = gettext("目录里没有 %(typed)s，以下标准号以它开头。", typed=typed)
        case Match.NONE:
            text = gettext("目录里没有 %(typed)s。", typed=typed)
        case Match.SAME:
            return None
    return Note(text)


def _codes(editions: Iterable[Edition]) -> str:
    return gettext("、").join(edition.code for edition in editions)


def only_at(page: Results) -> Note | None:
    """That the query names labs, and how to see the others."""
    if page.found.at_labs is None:
        return None
    text = gettext("只看与“%(words)s”有关的实验室。", words=" ".join(sorted(page.found.where)))
    everywhere = page.found.everywhere
    return Note(text, ((gettext("看所有实验室"), everywhere),) if everywhere else ())


def parts(page: Results) -> list[tuple[str, int | None, str]]:
    """The query taken apart: (part, tests that it finds by itself or None for a number, query for it alone, which is ''
    where that finds nothing either). Of a word that stands nowhere, what of it does follows.
    """
    numbers: list[tuple[str, int | None, str]] = [
        (asked.designation.printed, None, asked.designation.printed if asked.editions else "")
        for asked in page.found.query.asked
    ]
    words = [(word, count, word if count else "") for word, count in page.found.words.items()]
    return [*numbers, *words, *((part, count, part) for part, count in page.found.parts.values())]


def examples() -> list[tuple[str, str]]:
    """Queries that show what can be typed, each with what it is."""
    return [
        ("GB 38031", gettext("标准号，任意写法，有没有年份都行")),
        (gettext("热扩散"), gettext("检测项目")),
        ("rks", gettext("拼音或首字母")),
        (gettext("电池包 振动"), gettext("样品和项目，几个词都要符合")),
        (gettext("电磁兼容"), gettext("领域")),
        (gettext("招商车研 盐雾"), gettext("实验室和项目")),
    ]


# Editions ------------------------------------------------------------------------------------------------

APPLIES = {
    ("both", True): N_("%(new)s 自 %(date)s 起用于新申请车型，自 %(approved)s 起用于已获批车型；代替 %(old)s。"),
    ("both", False): N_("%(new)s 自 %(date)s 起用于新申请车型，自 %(approved)s 起用于已获批车型。"),
    ("types", True): N_("%(new)s 自 %(date)s 起用于新申请车型；代替 %(old)s。"),
    ("types", False): N_("%(new)s 自 %(date)s 起用于新申请车型。"),
    ("date", True): N_("%(new)s 自 %(date)s 起实施，代替 %(old)s。"),
    ("date", False): N_("%(new)s 自 %(date)s 起实施。"),
    ("unknown", True): N_("%(new)s 代替 %(old)s，启用日期没有查到。"),
    ("unknown", False): N_("%(new)s 的启用日期没有查到。"),
}
STATUS = {
    SUPERSEDED: N_("%(code)s 已被代替。"),
    "upcoming": N_("%(code)s 还没有实施。"),
    "unverified": N_("%(code)s 是否现行没有核实。"),
}


def edition_notes(page: Results) -> list[Note]:
    """What replaces what from when, for the leading method: only where there is something to know."""
    method = page.leading
    if method is None:
        return []
    notes = [Note(gettext(STATUS[method.status], code=method.code))] if method.status in STATUS else []
    following = [change for change in page.changes if change.old is not None and change.old.id == method.id]
    arriving = [change for change in page.changes if change.new.id == method.id]
    known = {edition.code for edition in page.found.editions}
    notes += [_applies(change.new, change, [method.code], [change.new.code]) for change in following]
    if method.status == SUPERSEDED and not following:
        notes += [
            Note(gettext("%(old)s 已由 %(new)s 代替。", old=method.code, new=edition.code), (_look(edition.code),))
            for edition in page.found.editions
            if method.code in edition.replaces
        ]
    if arriving or method.replaces:
        olds = dict.fromkeys([*(change.old.code for change in arriving if change.old), *method.replaces])
        change = arriving[-1] if arriving else None
        notes.append(_applies(method, change, list(olds), [code for code in olds if code in known]))
    return notes


def _applies(new: Method, change: Change | None, olds: Sequence[str], leading_on: Sequence[str]) -> Note:
    """From when the new edition applies and what it replaces; leading_on: codes that can be looked at."""
    types_from = change.transition.new_types_from if change else None
    approved_from = change.transition.approved_types_from if change else None
    start = types_from or new.effective
    if new.kind != MANDATORY or not types_from:
        case = "date" if start else "unknown"
    else:
        case = "both" if approved_from else "types"
    text = gettext(
        APPLIES[case, bool(olds)],
        new=new.code,
        old=gettext("、").join(olds),
        date=dated(start) if start else "",
        approved=dated(approved_from) if approved_from else "",
    )
    return Note(text, tuple(map(_look, leading_on)), pick(change.transition, "note") if change else "")


def _look(code: str) -> tuple[str, str]:
    return gettext("查看 %(code)s", code=code), code


# The chosen test -----------------------------------------------------------------------------------------


def sample(test: Test) -> str:
    """`样品：电池包 1 件，破坏性`."""
    facts = {"sample": pick(test, "sample"), "count": test.samples}
    if test.destructive:
        return gettext("样品：%(sample)s %(count)d 件，破坏性", **facts)
    return gettext("样品：%(sample)s %(count)d 件", **facts)


def bench_time(test: Test) -> str:
    """`占台 13 h，含准备 4 h、清理 4 h`."""
    total = hours(test.setup_minutes + test.run_minutes + test.teardown_minutes)
    if not test.setup_minutes and not test.teardown_minutes:
        return gettext("占台 %(total)s", total=total)
    return gettext(
        "占台 %(total)s，含准备 %(setup)s、清理 %(teardown)s",
        total=total,
        setup=hours(test.setup_minutes),
        teardown=hours(test.teardown_minutes),
    )


def needs(test: Test) -> str:
    """Sample and time on the bench in one line."""
    return gettext("%(sample)s·%(bench)s", sample=sample(test), bench=bench_time(test))


def place(lab: Lab) -> str:
    """`国家客车中心·重庆高新区`; in English the full name and the district."""
    name, district = lab_name(lab), pick(lab, "district")
    return gettext("%(lab)s·%(district)s", lab=name, district=district)


def cannot(row: Unable, until: datetime) -> str:
    """Why a lab can't do the test."""
    if row.reason is Reason.WITHDRAWN:
        return gettext("不能做：目录里已撤下这项能力。")
    if row.misfit:
        quantity = QUANTITIES[row.misfit.key]
        return gettext(
            "达不到：%(quantity)s %(has)s %(unit)s，您需要 %(asked)s %(unit)s。",
            quantity=gettext(quantity.label),
            has=row.misfit.has,
            asked=row.misfit.asked,
            unit=quantity.unit,
        )
    if row.refusal:
        return gettext("约不了：%(why)s", why=refusal(row.refusal))
    return gettext("排不上：到 %(until)s 没有空档。", until=day(until))


def week(of: str | None) -> str:
    """`第 52 周` from `2026-W52`, a dash when it is not known."""
    return gettext("第 %(week)d 周", week=int(of[-2:])) if of else "–"


def week_of(of: str | None) -> str:
    """`第 52 周（12-21 起）` from `2026-W52`, a dash when it is not known."""
    return week_label(of) if of else "–"


def slot_name(choice: Choice) -> str:
    """What a booking button books, for those who don't see the row."""
    start = choice.offer.starts_at
    return gettext(
        "预约 %(day)s %(time)s，%(lab)s，%(resource)s",
        day=day(start, False),
        time=clock(start),
        lab=lab_name(choice.lab),
        resource=pick(choice.resource),
    )
