"""Lists that people work from: what waits, the most urgent first, each row with a way to what it is about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext, ngettext

from app.accounts.models import Organisation, Role
from app.accounts.policy import Viewer
from app.booking import reading
from app.booking.models import Booking
from app.booking.presenting import elapsed
from app.booking.rules import REVIEW_DAYS
from app.labs.models import Lab
from app.language import day, moment, pick
from app.orders import queries as orders
from app.orders import stops
from app.orders.parts import parts
from app.orders.queries import OrderRow
from app.orders.rules import sample_names
from app.orders.sentences import summary
from app.samples import queries as samples
from app.samples.models import Sample
from app.samples.rules import DUE_DAYS
from app.testing import work_keys, work_queries
from app.testing.work_keys import FAR, Key
from app.testing.work_queries import Asked, Kind, Question, Source, Work
from app.worktime import after_working_days

PAGE = 50
ALL = Asked()
DESK = (Work.REVIEW, Work.RECEIVE, Work.START, Work.LATE, Work.REPORT)
CREW = (Work.START, Work.LATE, Work.RECEIVE)
COMPANY = (Work.MINE, Work.OPEN)


@dataclass(frozen=True, slots=True)
class Item:
    """One row. endpoint, ident: the page that it leads to. when: by when or since when, in words; urgent: that is
    past or near. company: where the reader may know it. said: what is to be done, or what stands in the way.
    """

    key: Key
    endpoint: str
    ident: str
    code: str
    title: str
    lab: Lab
    when: str
    said: str = ""
    small: str = ""
    sample: str = ""
    bench: str = ""
    urgent: bool = False
    company: Organisation | None = None

    @property
    def address(self) -> dict[str, str]:
        """The arguments of the page."""
        return {_ARGUMENT[self.endpoint]: self.ident}


ORDER, BOOKING, RUN, SAMPLE = "orders.detail", "booking.detail", "runs.run", "samples.detail"
_ARGUMENT = {ORDER: "order_id", BOOKING: "booking_id", RUN: "booking_id", SAMPLE: "sample_id"}


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a list; after: the key behind which the next one begins."""

    what: Work
    items: list[Item]
    total: int
    after: str | None


def lists(viewer: Viewer) -> Sequence[Work]:
    """The lists of this role, the first one first seen; none for those who neither book nor test."""
    if viewer.is_company:
        return COMPANY
    if viewer.role is Role.LAB_ADMIN:
        return DESK
    return CREW if viewer.is_lab else ()


def list_asked(viewer: Viewer, text: str) -> Work:
    """The list of an address; the role's first one for anything else."""
    known = {what.value: what for what in lists(viewer)}
    return known.get(text, lists(viewer)[0])


def counts(viewer: Viewer, now: datetime, asked: Asked = ALL) -> dict[Work, int]:
    """How much waits on each list of this role; one statement."""
    return work_queries.counts(Question(viewer, asked, now), lists(viewer))


def listing(
    viewer: Viewer, what: Work, asked: Asked, now: datetime, after: tuple[datetime, str] | None = None, most: int = PAGE
) -> Listing:
    """The page of a list behind `after`."""
    ask = Question(viewer, asked, now)
    found = work_keys.keys(ask, what)
    left = [key for key in found if after is None or (key.at, key.ident) > after]
    shown = left[:most]
    last = shown[-1] if len(left) > most else None
    return Listing(what, _items(ask, shown), len(found), f"{last.at.isoformat()}|{last.ident}" if last else None)


def _items(ask: Question, keys: Sequence[Key]) -> list[Item]:
    """Rows of keys, in their order; a few statements for any number of them."""
    loaded = _Loaded(ask, keys)
    return [item for key in keys if (item := _ITEMS[key.kind](loaded, key))]


MODELS: Mapping[Kind, Source] = {
    kind: source for sources in work_queries.SOURCES.values() for kind, source in sources.items()
}


class _Loaded:
    """What the rows of a page show, read at once."""

    def __init__(self, ask: Question, keys: Sequence[Key]) -> None:
        self.viewer, self.now = ask.viewer, ask.now
        ids: dict[type, list[str]] = {}
        for key in keys:
            ids.setdefault(MODELS[key.kind].model, []).append(key.ident)
        self.bookings = reading.by_ids(self.viewer, ids[Booking]) if Booking in ids else {}
        self.samples = samples.samples_by_id(self.viewer, ids[Sample]) if Sample in ids else {}
        wanted = [*ids.get(orders.Order, ()), *(sample.order_id for sample in self.samples.values())]
        self.orders = orders.orders_by_id(self.viewer, wanted) if wanted else {}
        self.companies = reading.companies(self.viewer, self.bookings.values())
        lines = [booking.order_line for booking in self.bookings.values()]
        self.named: Mapping[str, Any] = parts("samples", self.viewer, lines, self.now) if self.viewer.is_lab else {}
        held_up = [key.ident for key in keys if key.kind is Kind.STOPPED]
        self.stops = stops.open_stops(held_up) if held_up else {}
        open_ones = [self.orders[key.ident] for key in keys if key.kind is Kind.OPEN]
        order_lines = [each.line for row in open_ones for each in row.lines]
        self.booked: Mapping[str, Any] = parts("booking", self.viewer, order_lines, self.now)

    def of_order(self, key: Key, when: str, **more: Any) -> Item | None:
        row = self.orders.get(key.ident)
        if row is None:
            return None
        named = [each.line.sample for each in row.lines if each.line.sample]
        told = gettext("、").join(dict.fromkeys(named))
        return Item(
            key, ORDER, key.ident, row.order.code, _title(row), row.lab, when, sample=told, company=row.company, **more
        )

    def of_booking(self, key: Key, when: str, page: str = BOOKING, **more: Any) -> Item | None:
        booking = self.bookings.get(key.ident)
        if booking is None:
            return None
        return Item(
            key,
            page,
            key.ident,
            booking.code,
            gettext("%(method)s %(test)s", method=pick(booking.test.method), test=pick(booking.test)),
            booking.resource.lab,
            when,
            sample=booking.sample,
            bench=pick(booking.resource),
            company=self.companies.get(booking.company_id),
            **more,
        )

    def of_sample(self, key: Key, when: str, **more: Any) -> Item | None:
        sample = self.samples.get(key.ident)
        row = self.orders.get(sample.order_id) if sample else None
        if sample is None or row is None:
            return None
        return Item(
            key,
            SAMPLE,
            key.ident,
            sample.code,
            _title(row, sample.name),
            row.lab,
            when,
            sample=sample.name,
            company=row.company,
            **more,
        )


def _title(row: OrderRow, sample: str = "") -> str:
    """The first test of an order, of those that name the sample where one is given, and how many there are."""
    named = [each.test for each in row.lines if sample in sample_names(each.line.sample)] if sample else []
    tests = named or list(row.tests)
    if not tests:
        return gettext("还没有检测项目")
    first = gettext("%(method)s %(test)s", method=pick(tests[0].method), test=pick(tests[0]))
    return first if len(tests) == 1 else gettext("%(test)s 等 %(count)d 项", test=first, count=len(tests))


# Rows of each kind


def _review(loaded: _Loaded, key: Key) -> Item | None:
    row = loaded.orders.get(key.ident)
    direct = row is not None and row.order.direct
    said = gettext("请在预约上确认或婉拒。") if direct else gettext("请做合同评审。")
    late = after_working_days(key.at, REVIEW_DAYS) < loaded.now
    small = ngettext("一般 %(num)d 个工作日内答复", "一般 %(num)d 个工作日内答复", REVIEW_DAYS) if late else ""
    return loaded.of_order(key, _waited(loaded, key), said=said, small=small, urgent=late)


def _receive(loaded: _Loaded, key: Key) -> Item | None:
    sample = loaded.samples.get(key.ident)
    shipment = sample.shipment if sample else None
    sent = gettext("%(carrier)s %(waybill)s", carrier=shipment.carrier, waybill=shipment.waybill) if shipment else ""
    said = gettext("在途中，%(sent)s", sent=sent) if sent else gettext("企业还没有发出。")
    return loaded.of_sample(key, _needed(key), said=said, small=_past(loaded, key), urgent=_due(loaded, key))


def _start(loaded: _Loaded, key: Key) -> Item | None:
    booking = loaded.bookings.get(key.ident)
    named = loaded.named.get(booking.order_line_id, ()) if booking else ()
    away = [each.name for each in named if each.sample is not None and not each.sample.in_house]
    said = gettext("样品 %(names)s 还没有收样。", names=gettext("、").join(away)) if away else ""
    past = key.at <= loaded.now
    said = said or (gettext("请开始，或记为未到场。") if past else gettext("到时间请开始。"))
    return loaded.of_booking(key, moment(key.at), RUN, said=said, small=_past(loaded, key), urgent=past)


def _late(loaded: _Loaded, key: Key) -> Item | None:
    booking = loaded.bookings.get(key.ident)
    over = booking is not None and booking.ends_at <= loaded.now
    said = gettext("台架本应已空出，后面的预约可能受影响。") if over else gettext("试验超时，清理时间已开始。")
    return loaded.of_booking(key, moment(key.at), RUN, said=said, small=_past(loaded, key), urgent=over)


def _report(loaded: _Loaded, key: Key) -> Item | None:
    past = key.at < loaded.now
    return loaded.of_booking(
        key, day(key.at), said=gettext("请出报告，或登记已签发的报告。"), small=_past(loaded, key), urgent=past
    )


def _returned(loaded: _Loaded, key: Key) -> Item | None:
    said = gettext("实验室有问题，请答复后再提交。")
    return loaded.of_order(key, _waited(loaded, key), said=said, urgent=True)


def _amendment(loaded: _Loaded, key: Key) -> Item | None:
    return loaded.of_order(key, _waited(loaded, key), said=gettext("对方提出合同变更，请答复。"), urgent=True)


def _stopped(loaded: _Loaded, key: Key) -> Item | None:
    stop = loaded.stops.get(key.ident)
    said = gettext("等贵公司：%(cause)s。%(note)s", cause=gettext(stop.cause.label), note=stop.note) if stop else ""
    return loaded.of_order(key, _waited(loaded, key), said=said, urgent=True)


def _deviation(loaded: _Loaded, key: Key) -> Item | None:
    sample = loaded.samples.get(key.ident)
    said = gettext("样品与委托不符：%(what)s", what=sample.deviation) if sample else ""
    return loaded.of_sample(key, _waited(loaded, key), said=said, urgent=True)


def _hold(loaded: _Loaded, key: Key) -> Item | None:
    left = gettext("还剩 %(left)s", left=elapsed(key.at - loaded.now))
    return loaded.of_booking(key, moment(key.at), said=gettext("暂留将失效，请提交申请。"), small=left, urgent=True)


def _proposal(loaded: _Loaded, key: Key) -> Item | None:
    booking = loaded.bookings.get(key.ident)
    proposal = booking.proposal if booking else None
    said = gettext("实验室建议改到 %(to)s，请答复。", to=moment(proposal.starts_at)) if proposal else ""
    return loaded.of_booking(key, moment(key.at), said=said, urgent=True)


def _dispatch(loaded: _Loaded, key: Key) -> Item | None:
    said = gettext("请发出样品。")
    return loaded.of_sample(key, _needed(key), said=said, small=_past(loaded, key), urgent=_due(loaded, key))


def _failed(loaded: _Loaded, key: Key) -> Item | None:
    return loaded.of_order(key, _waited(loaded, key), said=gettext("有一项不合格，请安排复测，或等报告。"))


def _open(loaded: _Loaded, key: Key) -> Item | None:
    row = loaded.orders[key.ident]
    told = summary(loaded.viewer, row, loaded.booked, {}, {}).next
    when = day(key.at) if key.at < FAR else gettext("还没有时段")
    small = gettext("稳妥 %(day)s", day=day(key.safe, False)) if key.safe else ""
    urgent = bool(told and told.need)
    return loaded.of_order(key, when, said=told.text if told else "", small=small, urgent=urgent)


_ITEMS = {
    Kind.REVIEW: _review,
    Kind.RECEIVE: _receive,
    Kind.START: _start,
    Kind.LATE: _late,
    Kind.REPORT: _report,
    Kind.AMENDMENT: _amendment,
    Kind.RETURNED: _returned,
    Kind.STOPPED: _stopped,
    Kind.DEVIATION: _deviation,
    Kind.HOLD: _hold,
    Kind.PROPOSAL: _proposal,
    Kind.DISPATCH: _dispatch,
    Kind.FAILED: _failed,
    Kind.OPEN: _open,
}


def _waited(loaded: _Loaded, key: Key) -> str:
    """How long; among deadlines, as those of a company are, it says that it is no deadline."""
    if loaded.viewer.is_lab:
        return elapsed(loaded.now - key.at)
    return gettext("已等 %(length)s", length=elapsed(loaded.now - key.at))


def _needed(key: Key) -> str:
    return moment(key.at) if key.at < FAR else gettext("还没有时段")


def _past(loaded: _Loaded, key: Key) -> str:
    return gettext("已过 %(length)s", length=elapsed(loaded.now - key.at)) if key.at <= loaded.now else ""


def _due(loaded: _Loaded, key: Key) -> bool:
    """Whether a sample should be there by now (`samples.rules.DUE_DAYS`)."""
    return key.at < FAR and key.at - timedelta(days=DUE_DAYS) <= loaded.now
