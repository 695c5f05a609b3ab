"""What a calendar program gets: well-formed text, the right bookings, and nothing of others."""

from datetime import date, timedelta

import recurring_ical_events
from icalendar import Calendar, Event

from app.accounts.models import Membership, OrganisationKind, User
from app.booking import closures
from app.booking.models import Booking, ClosureKind
from app.database import db, transaction
from app.feeds import queries, service
from app.labs.models import Lab
from tests.feeds import strict
from tests.statements import statements
from tests.world import World, at


def events(text: bytes) -> list[Event]:
    return list(Calendar.from_ical(text).events)


def on(text: bytes, day: int) -> list[str]:
    """Summaries of what a calendar program shows on a day of November 2026."""
    found = recurring_ical_events.of(Calendar.from_ical(text)).at(date(2026, 11, day))
    return sorted(str(event["SUMMARY"]) for event in found)


def test_a_company_subscribes_and_its_calendar_follows(world: World, subscribe, fetch) -> None:
    world.bench()
    engineer, lab = world.engineer("甲公司"), world.lab_admin("lab")
    token = subscribe(engineer, "company")
    booking = engineer.requests(at(5), sample="BP-12")
    assert on(fetch(token).data, 5) == ["待确认：项目 t，环境舱 chamber"]
    lab.does("confirm", booking)
    (event,) = events(fetch(token).data)
    assert event["UID"] == f"{booking.id}@yujian"
    assert (event["STATUS"], event["SEQUENCE"]) == ("CONFIRMED", booking.version)
    assert (event.start, event.end) == (booking.starts_at, booking.ends_at)
    assert event["DTSTART"].params["TZID"] == "Asia/Shanghai"
    assert event["LOCATION"] == "试验中心，两江新区"
    assert event["URL"].endswith(f"/bookings/{booking.id}")
    assert event["DTSTAMP"].dt == event["LAST-MODIFIED"].dt == booking.changed_at
    assert "BP-12" in event["DESCRIPTION"] and "GB TEST-2026" in event["DESCRIPTION"]


def test_a_move_is_the_same_event_with_a_higher_sequence(world: World, subscribe, fetch) -> None:
    world.bench()
    engineer = world.engineer("甲公司")
    token = subscribe(engineer, "me")
    booking = engineer.requests(at(5))
    (before,) = events(fetch(token).data)
    engineer.moves(booking, at(9))
    (after,) = events(fetch(token).data)
    assert after["UID"] == before["UID"] and after["SEQUENCE"] > before["SEQUENCE"]
    assert on(fetch(token).data, 5) == [] and len(on(fetch(token).data, 9)) == 1


def test_a_cancelled_booking_stays_for_thirty_days(world: World, subscribe, fetch) -> None:
    world.bench()
    engineer = world.engineer("甲公司")
    token = subscribe(engineer, "company")
    engineer.does("cancel", engineer.requests(at(5)))
    (event,) = events(fetch(token, at(2) + timedelta(days=29)).data)
    assert (event["STATUS"], event["TRANSP"]) == ("CANCELLED", "TRANSPARENT")
    assert events(fetch(token, at(2) + timedelta(days=32)).data) == []


def test_twelve_months_back_and_ahead(world: World, subscribe, fetch) -> None:
    world.bench()
    engineer = world.engineer("甲公司")
    token = subscribe(engineer, "company")
    booking = engineer.requests(at(5))
    assert len(events(fetch(token, booking.ends_at + timedelta(days=364)).data)) == 1
    assert events(fetch(token, booking.ends_at + timedelta(days=367)).data) == []


def test_the_text_keeps_every_rule_of_the_standard(world: World, subscribe, fetch) -> None:
    world.bench()
    engineer = world.engineer("甲公司")
    sample = '电池包;甲,乙\\丙\n第二行"引号" ' + "长" * 120
    engineer.requests(at(5), sample=sample)
    text = fetch(subscribe(engineer, "company")).data
    found = strict.components(text)
    assert [name for name, _ in found if name in ("VCALENDAR", "VTIMEZONE", "VEVENT")] == [
        "VTIMEZONE",
        "VEVENT",
        "VCALENDAR",
    ]
    calendar = found[-1][1]
    assert calendar["VERSION"] == "2.0" and "PRODID" in calendar and "METHOD" not in calendar
    assert calendar["REFRESH-INTERVAL;VALUE=DURATION"] == calendar["X-PUBLISHED-TTL"] == "PT30M"
    (zone,) = [properties for name, properties in found if name == "VTIMEZONE"]
    assert zone["TZID"] == "Asia/Shanghai"
    (event,) = events(text)
    assert sample in str(event["DESCRIPTION"])


def test_an_empty_feed_is_still_a_calendar(world: World, subscribe, fetch) -> None:
    world.bench()
    text = fetch(subscribe(world.engineer("甲公司"), "company")).data
    assert [name for name, _ in strict.components(text)][-2:] == ["VTIMEZONE", "VCALENDAR"]


def test_the_texts_are_in_the_subscribers_language(world: World, subscribe, fetch) -> None:
    world.bench()
    engineer = world.engineer("甲公司")
    engineer.requests(at(5))
    token = subscribe(engineer, "company", language="en")
    (event,) = events(fetch(token, Accept_Language="zh-CN").data)
    assert "Test t" in event["SUMMARY"] and event["LOCATION"] == "Test centre lab, Liangjiang New Area"


def test_my_feed_has_my_bookings_only(world: World, subscribe, fetch) -> None:
    world.bench(places=3)
    me, colleague = world.engineer("甲公司"), world.engineer("甲公司")
    mine = me.requests(at(5))
    colleague.requests(at(6))
    assert [event["UID"] for event in events(fetch(subscribe(me, "me")).data)] == [f"{mine.id}@yujian"]
    assert len(events(fetch(subscribe(me, "company")).data)) == 2


def test_the_order_desk_sees_the_company_and_the_crew_does_not(world: World, subscribe, fetch) -> None:
    world.bench()
    world.engineer("秘密汽车公司").requests(at(5), sample="BP-12", note="秘密备注")
    desk, crew = world.lab_admin("lab"), world.bench_crew("lab")
    assert "秘密汽车公司" in fetch(subscribe(desk, "lab", "lab")).get_data(as_text=True).replace("\r\n ", "")
    for scope, target in (("lab", "lab"), ("resource", "chamber"), ("me", None)):
        text = fetch(subscribe(crew, scope, target)).get_data(as_text=True).replace("\r\n ", "")
        assert "BP-12" in text and "GB TEST-2026" in text
        assert "秘密" not in text


def test_a_lab_feed_shows_that_lab_alone(world: World, subscribe, fetch) -> None:
    world.bench()
    world.resource("rig", "other")
    world.test("t2", on="rig")
    engineer = world.engineer("甲公司")
    engineer.requests(at(5))
    engineer.requests(at(6), "rig", "t2")
    desk = world.lab_admin("lab", "other")
    assert len(events(fetch(subscribe(desk, "lab", "other")).data)) == 1
    assert len(events(fetch(subscribe(desk, "me")).data)) == 2


def test_a_competitor_gets_merged_grey_and_his_own_in_full(world: World, subscribe, fetch) -> None:
    world.bench()
    rival, engineer, lab = world.engineer("秘密汽车公司"), world.engineer("甲公司"), world.lab_admin("lab")
    first, second = rival.requests(at(5, 8, 30), sample="秘密样品"), rival.requests(at(5, 12, 30))
    own = engineer.requests(at(6))
    token = subscribe(engineer, "resource", "chamber")
    response = fetch(token)
    text = response.get_data(as_text=True).replace("\r\n ", "")
    assert "秘密" not in text
    assert first.id not in text and first.code not in text
    busy, mine = sorted(events(response.data), key=lambda event: event.start)
    assert (busy.start, busy.end) == (first.starts_at, second.ends_at)
    assert (busy["SUMMARY"], busy["SEQUENCE"], "DESCRIPTION" in busy) == ("占用", 0, False)
    assert mine["UID"] == f"{own.id}@yujian" and own.code in mine["DESCRIPTION"]
    strict.components(response.data)
    lab.does("decline", second, "设备检修")
    busy = min(events(fetch(token).data), key=lambda event: event.start)
    assert (busy.end, busy["STATUS"]) == (first.ends_at, "CONFIRMED")


def test_maintenance_looks_like_a_booking_from_outside(world: World, subscribe, fetch) -> None:
    world.bench()
    lab, engineer = world.lab_admin("lab"), world.engineer("甲公司")
    token = subscribe(engineer, "resource", "chamber")
    booked = world.engineer("乙公司").requests(at(5))
    (busy,) = events(fetch(token).data)
    as_booking = {name: busy[name].to_ical() for name in ("SUMMARY", "SEQUENCE", "DTSTAMP", "UID", "DTEND")}
    lab.does("decline", booked, "检修")
    closure = closures.CloseResource("chamber", at(5, 8, 30), at(5, 12, 30), ClosureKind.MAINTENANCE)
    closures.close(lab.viewer, closure, world.now)
    (busy,) = events(fetch(token).data)
    assert {name: busy[name].to_ical() for name in as_booking} == as_booking


def test_a_shared_bench_is_busy_only_when_it_is_full(world: World, subscribe, fetch) -> None:
    world.bench(places=2)
    rival, engineer = world.engineer("乙公司"), world.engineer("甲公司")
    token = subscribe(engineer, "resource", "chamber")
    rival.requests(at(5))
    assert events(fetch(token).data) == []
    rival.requests(at(5))
    assert [str(event["SUMMARY"]) for event in events(fetch(token).data)] == ["占用"]


def test_an_address_ends_with_what_it_stands_for(world: World, subscribe, fetch) -> None:
    world.bench()
    person = {who: world.engineer("甲公司") for who in ("revokes", "leaves", "is switched off")}
    desk = world.lab_admin("lab")
    tokens = {who: subscribe(engineer, "company") for who, engineer in person.items()}
    lab_token = subscribe(desk, "lab", "lab")
    assert {fetch(token).status_code for token in (*tokens.values(), lab_token)} == {200}
    (feed,) = queries.feeds_of(person["revokes"].viewer)
    service.revoke(person["revokes"].viewer, feed.id, world.now)
    with transaction() as session:
        session.get(Membership, person["leaves"].viewer.membership_id).ended_at = world.now
        session.get(User, person["is switched off"].viewer.user_id).active = False
        session.get(Membership, desk.viewer.membership_id).lab_ids = []
    assert {fetch(token).status_code for token in (*tokens.values(), lab_token, "x")} == {404}


def test_the_calendar_of_demo_data_says_so(world: World, subscribe, fetch) -> None:
    world.bench()
    engineer = world.engineer("甲公司")
    token = subscribe(engineer, "company")
    assert "演示数据" not in fetch(token).get_data(as_text=True)
    world.organisation("示例公司", OrganisationKind.COMPANY, demo=True)
    name = Calendar.from_ical(fetch(token).data)["X-WR-CALNAME"]
    assert name == "渝检：甲公司的预约（演示数据）"


def test_the_body_takes_one_statement_however_many_bookings(world: World, subscribe, fetch) -> None:
    world.bench(places=9)
    engineer = world.engineer("甲公司")
    token = subscribe(engineer, "company")
    engineer.requests(at(5))
    # The first one is noted.
    fetch(token)
    with statements() as few:
        fetch(token)
    for day in (5, 6, 9, 10, 11):
        engineer.requests(at(day))
    with statements() as many:
        fetch(token)
    assert len(events(fetch(token).data)) == db.session.query(Booking).count() == 6
    assert len(few) == len(many)
    assert sum("test.name_zh" in statement for statement in many) == 1


def test_a_point_that_stands_for_a_district_leads_nobody_astray(world: World, subscribe, fetch) -> None:
    world.bench()
    engineer, rival = world.engineer("甲公司"), world.engineer("乙公司")
    engineer.requests(at(5))
    own, busy = subscribe(engineer, "me"), subscribe(rival, "resource", "chamber")
    for basis, lat in (("district", 29.72), ("", None)):
        with transaction() as session:
            lab = session.get_one(Lab, "lab")
            lab.coord_basis, lab.lat, lab.address_zh = basis, lat, "金渝大道 9 号"
        for token in (own, busy):
            (event,) = events(fetch(token).data)
            assert "GEO" not in event
            assert event["LOCATION"] == "试验中心，两江新区金渝大道 9 号"
    with transaction() as session:
        lab = session.get_one(Lab, "lab")
        lab.lat = 29.72
    for token in (own, busy):
        (event,) = events(fetch(token).data)
        assert event["GEO"].to_ical() == "29.72;106.63"
