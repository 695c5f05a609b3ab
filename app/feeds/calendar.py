"""Feeds as RFC 5545 text, in the language that is spoken when they are written."""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from functools import cache, lru_cache

from flask import current_app
from flask_babel import gettext as _
from icalendar import STATUS, Calendar, Event, Timezone, vDuration

from app.booking.rules import State
from app.errors import N_
from app.feeds import rules
from app.feeds.models import FeedScope
from app.feeds.queries import Entry, Feed, Target
from app.language import ZONE, clock, lang, local, moment, pick
from app.worktime import Interval

MIME = "text/calendar; charset=utf-8"
# Clients may ask again after this; an unchanged feed costs them and us a 304.
REFRESH = timedelta(minutes=30)
NAMES = {
    FeedScope.RESOURCE: N_("渝检：%(name)s"),
    FeedScope.LAB: N_("渝检：%(name)s"),
    FeedScope.COMPANY: N_("渝检：%(name)s的预约"),
    FeedScope.ME: N_("渝检：%(name)s的预约"),
}
Address = Callable[[str], str]
END = b"END:VCALENDAR\r\n"
# Events written in full; some 800 bytes each.
KEPT = 20_000


def feed_text(feed: Feed, entries: Iterable[Entry], busy: Iterable[Interval], now: datetime, address: Address) -> bytes:
    """The whole calendar. address: booking id → absolute address of its page."""
    today = rules.reach(now).today
    year, language = local(today).year, lang()
    events = [_booking_text(entry, address(entry.booking_id), language, year) for entry in entries]
    events += [_busy_event(feed, span, today).to_ical() for span in busy]
    return _calendar(_feed_name(feed), f"{feed.subscription.id}@yujian", events)


def booking_text(entry: Entry, demo: bool, address: str) -> bytes:
    """A calendar of one booking, for a download."""
    event = _booking_event(entry, address).to_ical()
    return _calendar(_demo_name(entry.code, demo), rules.booking_uid(entry.code), [event])


def _calendar(name: str, uid: str, events: Iterable[bytes]) -> bytes:
    calendar = Calendar.new(
        uid=uid,
        name=name,
        prodid=f"-//Yujian//Bookings 1//{lang().upper()}",
        calscale="GREGORIAN",
        refresh_interval=REFRESH,
    )
    # RFC 7986, 5.7: the value type must be named; Outlook reads the older property.
    calendar["REFRESH-INTERVAL"].params["VALUE"] = "DURATION"
    calendar.add("x-published-ttl", vDuration(REFRESH).to_ical().decode())
    calendar.add("x-wr-timezone", ZONE.key)
    calendar.add_component(_timezone())
    head, end, _rest = calendar.to_ical().rpartition(END)
    return b"".join([head, *events, end])


@cache
def _timezone() -> Timezone:
    """Asia/Shanghai, present even where a feed is empty: a calendar needs a component. One offset since 1991."""
    return Timezone.from_tzid(ZONE.key, first_date=date(2000, 1, 1))


def _feed_name(feed: Feed) -> str:
    return _demo_name(_(NAMES[feed.subscription.scope], name=pick(feed.target)), feed.demo)


def _demo_name(name: str, demo: bool) -> str:
    return _("%(name)s（演示数据）", name=name) if demo else name


@lru_cache(maxsize=KEPT)
def _booking_text(entry: Entry, address: str, _language: str, _year: int) -> bytes:
    """The event as text. It follows from the arguments alone, the language spoken and the year that goes unsaid
    among them: where one booking changed, the others of the feed are not written anew.
    """
    text: bytes = _booking_event(entry, address).to_ical()
    return text


def _booking_event(entry: Entry, address: str) -> Event:
    """DTSTAMP and LAST-MODIFIED are both the row's last change: without METHOD they mean the same."""
    event = Event.new(
        uid=rules.booking_uid(entry.booking_id),
        start=local(entry.starts_at),
        end=local(entry.ends_at),
        stamp=entry.changed_at,
        last_modified=entry.changed_at,
        sequence=entry.version,
        status=STATUS(rules.STATUS[entry.state]),
        summary=_summary(entry),
        description=_description(entry),
        url=address,
    )
    _place(event, entry)
    if entry.state in rules.ENDED:
        event.add("transp", "TRANSPARENT")
    return event


def _summary(entry: Entry) -> str:
    what = _("%(test)s，%(resource)s", test=pick(entry, "test"), resource=pick(entry, "resource"))
    if entry.state in (State.CONFIRMED, State.RUNNING, State.COMPLETED):
        return what
    return _("%(state)s：%(what)s", state=_(entry.state.label), what=what)


def _description(entry: Entry) -> str:
    lines = [
        _("预约 %(code)s，委托单 %(order)s", code=entry.code, order=entry.order_code)
        if entry.order_code
        else _("预约 %(code)s", code=entry.code),
        _("状态：%(state)s", state=_(entry.state.label)),
        _("检测依据：%(method)s", method=entry.method_code),
        _("试验：%(start)s 至 %(end)s", start=moment(entry.run_from), end=_until(entry.run_from, entry.run_until)),
    ]
    if entry.sample:
        lines.append(_("样品：%(sample)s", sample=entry.sample))
    if entry.company_zh:
        lines.append(_("委托方：%(company)s", company=pick(entry, "company")))
    return "\n".join(lines)


def _until(start: datetime, end: datetime) -> str:
    return clock(end) if local(start).date() == local(end).date() else moment(end)


def _busy_event(feed: Feed, span: Interval, today: datetime) -> Event:
    """Nothing but the time: no change is ever dated, none is numbered."""
    event = Event.new(
        uid=rules.busy_uid(str(current_app.secret_key), feed.subscription.target_id, span.start),
        start=local(span.start),
        end=local(span.end),
        stamp=today,
        last_modified=today,
        sequence=0,
        status=STATUS.CONFIRMED,
        summary=_("占用"),
    )
    _place(event, feed.target)
    return event


def _place(event: Event, where: Entry | Target) -> None:
    """Where the lab is, as far as that is known: name, district, address, and a point only where it is its own."""
    place = pick(where, "district") + (where.address_zh if lang() == "zh" else "")
    lab = pick(where, "lab")
    event.add("location", _("%(lab)s，%(district)s", lab=lab, district=place) if place else lab)
    if where.lat is not None and where.lon is not None:
        event.add("geo", (where.lat, where.lon))
