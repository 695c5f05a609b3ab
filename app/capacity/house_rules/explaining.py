"""Why can't this company book this? Every check that a booking meets, one by one, with its answer."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext

from app.booking import allowances, queries
from app.booking.allowances import Asked
from app.booking.availability import Wish, slot_for, use_at
from app.booking.occupancy import reach
from app.booking.rules import check_start
from app.booking.settings import limits_of
from app.capacity.house_rules.wording import LABELS
from app.database import db
from app.errors import YujianError
from app.labs.queries import CapableBench, capable_benches
from app.language import refusal, span
from app.worktime import Use


@dataclass(frozen=True, slots=True)
class Verdict:
    """One check. kept: nothing speaks against it; waived: something does, but the lab makes an exception."""

    what: str
    kept: bool
    text: str
    waived: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """A company that wants a test on a bench (a unit or a pool) at an instant."""

    company_id: str
    test_id: str
    resource: str
    starts_at: datetime


def verdicts(lab_id: str, case: Case, now: datetime) -> list[Verdict]:
    """All checks in the order in which a booking meets them, for the bench that comes nearest to it."""
    capable = [
        item
        for item in capable_benches([case.test_id], lab_id, case.company_id)
        if case.resource in (item.bench.resource_id, item.bench.pool)
    ]
    if not capable:
        return [Verdict(gettext("检测能力"), False, gettext("这个台架没有登记这项能力。"))]
    return [Verdict(gettext("检测能力"), True, gettext("已登记。")), *_timed(capable, case, now)]


def _timed(capable: Sequence[CapableBench], case: Case, now: datetime) -> Iterator[Verdict]:
    first = capable[0]
    yield _asked(gettext("提前期和可约范围"), lambda: check_start(case.starts_at, now, limits_of(first.bench)))
    try:
        use = use_at(first, case.starts_at)
    except YujianError as error:
        yield Verdict(gettext("工作时间和能力有效期"), False, refusal(error))
        return
    taken = gettext("占台 %(span)s。", span=span(use.starts_at, use.ends_at))
    yield Verdict(gettext("工作时间和能力有效期"), True, taken)
    yield _free(capable, case, use, now)
    yield from _allowed(first, case, use, now)


def _asked(what: str, check: Callable[[], None]) -> Verdict:
    try:
        check()
    except YujianError as error:
        return Verdict(what, False, refusal(error))
    return Verdict(what, True, gettext("符合。"))


def _free(capable: Sequence[CapableBench], case: Case, use: Use, now: datetime) -> Verdict:
    rows = queries.taken({ident for item in capable for ident in item.reads}, reach(capable, use), now)
    free = any(slot_for(item, use, rows, Wish(case.company_id)) for item in capable)
    text = gettext("有空位。") if free else gettext("台架、通道或一起要用的资源已被占用。")
    return Verdict(gettext("占用"), free, text)


def _allowed(first: CapableBench, case: Case, use: Use, now: datetime) -> Iterator[Verdict]:
    asked = Asked(case.company_id, first.bench, use.interval, now)
    allowance = allowances.allowance_for(db.session(), asked)
    if allowance is None:
        return
    for kind, error in allowance.verdicts(use.interval):
        if error is None:
            yield Verdict(gettext(LABELS[kind]), True, gettext("符合。"))
        else:
            yield Verdict(gettext(LABELS[kind]), False, refusal(error), kind in allowance.waived)
