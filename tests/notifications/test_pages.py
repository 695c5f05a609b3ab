"""The inbox, its count on every page, and how people choose to hear."""

from flask import Flask

from app.accounts.models import OrganisationKind, Role, Scope
from app.booking.models import Booking
from app.database import db
from app.notifications import queries, service
from app.notifications.groups import Group, How
from app.notifications.models import Notice
from app.notifications.reading import read_events
from tests.http import browser, program
from tests.statements import statements
from tests.world import Person, World, at


def told_of(world: World, count: int) -> tuple[Person, Person, list[Booking]]:
    """An engineer, the desk that was told of so many requests, and these."""
    world.bench(places=9)
    engineer, desk = world.engineer("甲公司"), world.lab_admin("lab")
    bookings = [engineer.requests(at(4 + n % 2)) for n in range(count)]
    read_events(world.now)
    return engineer, desk, bookings


def test_an_empty_inbox_says_what_to_expect(world: World, clean: Flask) -> None:
    world.bench()
    for person in (world.engineer("甲公司"), world.lab_admin("lab"), world.bench_crew("lab"), world.coordinator()):
        page = browser(clean, person).get("/notices/").text
        assert "还没有通知" in page and '<b class="n"' not in page


def test_a_notice_is_followed_and_is_read_then(world: World, clean: Flask) -> None:
    _engineer, desk, bookings = told_of(world, 2)
    client = browser(clean, desk)
    assert '<b class="n" title="未读通知">2</b>' in client.get("/more").text
    notice = db.session.query(Notice).filter(Notice.facts["code"].as_string() == bookings[0].code).one()
    answer = client.get(f"/notices/{notice.id}")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/bookings/{bookings[0].id}")
    page = client.get("/notices/?kind=requests").text
    assert '<b class="n" title="未读通知">1</b>' in page and page.count("标为已读</button>") == 2
    # The unread one stands first.
    assert page.index(bookings[1].code) < page.index(bookings[0].code)
    assert bookings[0].code not in client.get("/notices/?kind=messages").text
    client.post("/notices/read", data={"kind": "messages"})
    assert queries.header(desk.viewer).unread == 1
    assert client.post("/notices/read").status_code == 303
    assert '<b class="n"' not in client.get("/more").text


def test_pages_of_the_inbox_hold_everything_once(world: World) -> None:
    _engineer, desk, _bookings = told_of(world, 9)
    first = queries.inbox(desk.viewer, limit=9)
    for notice in first[3:7]:
        service.read(desk.viewer, notice.id, world.now)
    seen, place = [], None
    while page := queries.inbox(desk.viewer, after=place, limit=2):
        seen += [notice.id for notice in page]
        place = queries.Place(page[-1].read_at is not None, page[-1].created_at, page[-1].id)
    assert sorted(seen) == sorted(notice.id for notice in first)
    unread = [notice.id for notice in first if notice.read_at is None]
    assert seen[: len(unread)] == unread


def test_a_notice_of_somebody_else_is_not_there(world: World, clean: Flask) -> None:
    engineer, _desk, _bookings = told_of(world, 1)
    notice = db.session.query(Notice).one()
    for person in (engineer, world.lab_admin("lab")):
        client = browser(clean, person)
        assert client.get(f"/notices/{notice.id}").status_code == 404
        assert client.post(f"/notices/{notice.id}/read").status_code == 404
        assert client.post(f"/api/v1/notices/{notice.id}/read", headers=program(person)).status_code == 404
    db.session.expire_all()
    assert db.session.query(Notice).one().read_at is None


def test_the_count_is_one_statement_however_much_is_unread(world: World, clean: Flask) -> None:
    _engineer, desk, _bookings = told_of(world, 9)
    with statements() as sent:
        browser(clean, desk).get("/more")
    assert len([statement for statement in sent if "FROM notice" in statement]) == 1


def test_programs_read_notices(world: World, clean: Flask) -> None:
    _engineer, desk, bookings = told_of(world, 3)
    client, headers = browser(clean), program(desk)
    page = client.get("/api/v1/notices?limit=2", headers=headers).get_json()
    rest = client.get(f"/api/v1/notices?limit=2&cursor={page['next']}", headers=headers).get_json()
    items = page["items"] + rest["items"]
    assert rest["next"] is None and len({item["id"] for item in items}) == 3
    assert {item["path"] for item in items} == {f"/bookings/{booking.id}" for booking in bookings}
    assert items[0]["kind"] == "requested" and items[0]["read_at"] is None and "甲公司申请预约" in items[0]["text"]
    address = f"/api/v1/notices/{items[0]['id']}/read"
    assert client.post(address, headers=program(desk, Scope.READ)).status_code == 403
    assert client.post(address, headers=headers).get_json()["read_at"] is not None
    left = client.get("/api/v1/notices?unread=true", headers=headers).get_json()["items"]
    assert len(left) == 2


def test_choosing_how_to_hear(world: World, clean: Flask) -> None:
    world.bench()
    engineer, desk = world.engineer("甲公司"), world.lab_admin("lab")
    client = browser(clean, engineer)
    page = client.get("/notices/choices").text
    assert "还没有设置邮件服务器" in page and "新的申请和委托单" not in page
    assert "新的申请和委托单" in browser(clean, desk).get("/notices/choices").text
    groups = ("answers", "changes", "samples", "runs", "reports", "messages", "waiting", "reminders", "seats")
    sent = {**dict.fromkeys((*groups, "statistics"), "at_once"), "runs": "off", "reports": "daily"}
    assert client.post("/notices/choices", data=sent).status_code == 303
    chosen = queries.choices_of({engineer.viewer.user_id})
    assert chosen[engineer.viewer.user_id, Group.RUNS] is How.OFF
    assert client.post("/notices/choices", data={**sent, "runs": "never"}).status_code == 422


def test_only_the_administrator_sees_mails(world: World, clean: Flask) -> None:
    world.bench()
    admin = world.member(world.organisation("运维", OrganisationKind.AUTHORITY), Role.SYSTEM_ADMIN)
    for person in (world.engineer("甲公司"), world.lab_admin("lab"), world.coordinator()):
        assert browser(clean, person).get("/admin/mail").status_code == 403
    assert "没有发不出的邮件" in browser(clean, admin).get("/admin/mail").text
