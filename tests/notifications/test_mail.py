"""What is queued reaches a real mail server: once, in the reader's language, and never whom it does not concern."""

import re
import threading
from datetime import datetime, timedelta

import pytest

from app.accounts import members
from app.accounts import service as accounts
from app.accounts.models import OrganisationKind, Role
from app.accounts.policy import Viewer
from app.database import db, transaction
from app.notifications import digest, queries, sending, service
from app.notifications.groups import Group, How
from app.notifications.models import Mail, MailState, Notice
from app.notifications.reading import read_events
from app.notifications.rules import BACK_OFF
from app.notifications.server import parse
from app.notifications.service import Choose
from tests.http import browser
from tests.notifications.postbox import Postbox
from tests.world import Person, World, at


@pytest.fixture
def asked(world: World) -> tuple[Person, Person]:
    """An engineer who has asked for a bench, and the desk that is told."""
    world.bench(places=9)
    engineer, desk = world.engineer("甲公司"), world.lab_admin("lab")
    engineer.requests(at(4))
    return engineer, desk


def send(world: World) -> int:
    read_events(world.now)
    return sending.send_due(lambda: world.now)


def states() -> list[MailState]:
    db.session.rollback()
    return [mail.state for mail in db.session.query(Mail).order_by(Mail.created_at, Mail.id)]


def text_of(mail) -> str:
    return mail.get_body(("plain",)).get_content().replace("\r\n", "\n")


def test_a_mail_says_what_the_page_says(world: World, box: Postbox, asked) -> None:
    engineer, desk = asked
    assert send(world) == 1 and send(world) == 0
    (mail,) = box.mails
    assert mail["To"] == desk.email and mail["Auto-Submitted"] == "auto-generated"
    assert mail["Subject"].startswith("甲公司申请预约 B2611-") and "11-04 周三 08:30" in mail["Subject"]
    booking = db.session.query(Notice).one()
    assert f"https://yujian.lab.example{booking.path}\n" in text_of(mail)
    assert f'href="https://yujian.lab.example{booking.path}"' in mail.get_body(("html",)).get_content()
    assert states() == [MailState.SENT]
    assert box.to(engineer.email) == []


def test_nothing_is_queued_where_mail_is_off(world: World, asked) -> None:
    assert send(world) == 0 and states() == []
    assert db.session.query(Notice).count() == 1


def test_everybody_reads_his_language(world: World, box: Postbox, asked) -> None:
    engineer, desk = asked
    accounts.choose_language(desk.viewer.user_id, "en")
    desk.does("confirm", engineer.requests(at(5)))
    send(world)
    (english,) = [mail for mail in box.to(desk.email) if "Wed 4 Nov 08:30" in mail["Subject"]]
    (chinese,) = box.to(engineer.email)
    assert 'lang="en"' in english.get_body(("html",)).get_content()
    assert "Test t" in text_of(english) and "Company org-" in text_of(english) and "甲公司" not in text_of(english)
    assert 'lang="zh-CN"' in chinese.get_body(("html",)).get_content()


def test_one_connection_for_a_batch(world: World, box: Postbox, asked) -> None:
    engineer, _desk = asked
    for _ in range(5):
        engineer.requests(at(5))
    assert send(world) == 6 and len(box.connections) == 1


@pytest.mark.parametrize(
    ("answer", "state"), [("550 no such user", MailState.DEAD), ("451 come back later", MailState.QUEUED)]
)
def test_a_receiver_is_refused_and_the_others_get_theirs(world: World, box: Postbox, asked, answer, state) -> None:
    engineer, desk = asked
    desk.does("confirm", engineer.requests(at(5)))
    box.answers[desk.email] = answer
    assert send(world) == 1 and len(box.to(engineer.email)) == 1
    refused = db.session.query(Mail).filter_by(user_id=desk.viewer.user_id).all()
    assert {(mail.state, mail.attempts, mail.last_error) for mail in refused} == {(state, 1, answer)}
    # A later attempt comes only to what may still be taken.
    box.answers.clear()
    world.now += timedelta(minutes=1)
    assert send(world) == (2 if state is MailState.QUEUED else 0)


def test_a_day_without_a_server_loses_nothing(world: World, box: Postbox, asked, app, monkeypatch) -> None:
    monkeypatch.setitem(app.config, "SMTP_URL", "smtp://127.0.0.1:9?from=yujian@lab.example")
    for _ in range(24):
        assert send(world) == 0
        world.now += timedelta(hours=1)
    mail = db.session.query(Mail).one()
    assert mail.state is MailState.QUEUED and 3 < mail.attempts < len(BACK_OFF) and "refused" in mail.last_error.lower()
    monkeypatch.setitem(app.config, "SMTP_URL", box.url)
    world.now += timedelta(days=1)
    assert send(world) == 1 and len(box.mails) == 1


def test_after_four_days_it_is_a_dead_letter_and_can_be_sent_again(world: World, box: Postbox, asked, clean) -> None:
    _engineer, desk = asked
    box.answers[desk.email] = "451 greylisted"
    for _ in range(len(BACK_OFF) + 1):
        send(world)
        world.now += timedelta(days=1)
    assert states() == [MailState.DEAD]
    admin = world.member(world.organisation("运维", OrganisationKind.AUTHORITY), Role.SYSTEM_ADMIN)
    client, mail = browser(clean, admin), db.session.query(Mail).one()
    page = client.get("/admin/mail").text
    assert "451 greylisted" in page and desk.email in page
    assert browser(clean, desk).post(f"/admin/mail/{mail.id}/again").status_code == 403
    assert client.post(f"/admin/mail/{mail.id}/again").status_code == 303
    assert client.post(f"/admin/mail/{mail.id}/again").status_code == 404
    box.answers.clear()
    assert sending.send_due() == 1 and box.mails[0]["Message-ID"] == mail.message_id


def test_a_crash_between_sending_and_marking_sends_the_same_letter_once_more(world: World, box: Postbox, asked) -> None:
    read_events(world.now)
    instants = iter([world.now] * 3)

    def clock_of_a_dying_process() -> datetime:
        """Asked at the beginning, to claim, before the letter, and to note that it went: there the power is cut."""
        return next(instants)

    with pytest.raises(StopIteration):
        sending.send_due(clock_of_a_dying_process)
    assert len(box.mails) == 1 and states() == [MailState.SENDING]
    assert send(world) == 0
    world.now += sending.CLAIM
    assert send(world) == 1 and states() == [MailState.SENT]
    world.now += timedelta(days=1)
    assert send(world) == 0
    first, second = box.mails
    assert first["Message-ID"] == second["Message-ID"]


def test_two_senders_lose_nothing_and_send_nothing_twice(world: World, box: Postbox, asked, clean) -> None:
    _engineer, desk = asked
    read_events(world.now)
    with transaction() as session:
        for number in range(60):
            values = {"user_id": desk.viewer.user_id, "membership_id": desk.viewer.membership_id}
            session.add(
                Mail(
                    **values,
                    notice_ids=[db.session.query(Notice).one().id],
                    to_address=f"user{number}@test.example",
                    message_id=f"<{number}@lab.example>",
                    created_at=world.now,
                    next_attempt_at=world.now,
                )
            )
    counts: list[int] = []

    def work() -> None:
        with clean.app_context():
            counts.append(sending.send_due(lambda: world.now))

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(counts) == 61 and set(states()) == {MailState.SENT}
    ids = [mail["Message-ID"] for mail in box.mails]
    assert len(ids) == len(set(ids)) == 61


def test_who_left_since_gets_nothing(world: World, box: Postbox, asked) -> None:
    engineer, desk = asked
    manager = world.member(engineer.viewer.organisation_id, Role.COMPANY_MANAGER)
    other, switched_off = world.engineer("乙公司"), world.engineer("丙公司")
    for person in (engineer, other, switched_off):
        desk.does("confirm", person.requests(at(5)))
    read_events(world.now)
    members.end(manager.viewer, engineer.viewer.membership_id, world.now)
    admin = Viewer(user_id=manager.viewer.user_id, role=Role.SYSTEM_ADMIN)
    members.switch(admin, switched_off.viewer.user_id, False, world.now)
    sending.send_due(lambda: world.now)
    assert box.to(engineer.email) == box.to(switched_off.email) == [] and len(box.to(other.email)) == 1
    assert states().count(MailState.DROPPED) == 2
    # What one company is told names no other.
    assert not any(name in text_of(mail) for mail in box.to(other.email) for name in ("甲公司", "丙公司"))


def test_the_daily_mail_gathers_what_is_still_unread(world: World, box: Postbox, asked) -> None:
    engineer, desk = asked
    service.choose(engineer.viewer, Choose({Group.ANSWERS: How.DAILY, Group.CHANGES: How.OFF}), world.now)
    bookings = [desk.does("confirm", engineer.requests(at(5))) for _ in range(3)]
    desk.does("cancel", engineer.requests(at(6)), "检修")
    send(world)
    assert box.to(engineer.email) == []
    read = queries.inbox(engineer.viewer, Group.ANSWERS)[0]
    service.read(engineer.viewer, read.id, world.now)
    assert digest.queue_daily(world.now) == 1 and digest.queue_daily(world.now) == 0
    assert send(world) == 1
    (mail,) = box.to(engineer.email)
    assert mail["Subject"] == "渝检：今天的汇总，2 条通知"
    told = [booking.code for booking in bookings if booking.code in text_of(mail)]
    assert len(told) == 2 and read.facts["code"] not in told


def test_one_click_ends_such_mails(world: World, box: Postbox, asked, clean, monkeypatch) -> None:
    engineer, desk = asked
    send(world)
    (mail,) = box.to(desk.email)
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    path = re.fullmatch(r"<https://yujian\.lab\.example(/notices/unsubscribe/[\w.-]+)>", mail["List-Unsubscribe"])[1]
    assert f"https://yujian.lab.example{path}" in text_of(mail)
    # A mail program knows neither cookies nor form tokens; looking at the page changes nothing.
    monkeypatch.setitem(clean.config, "WTF_CSRF_ENABLED", True)
    client = browser(clean)
    assert "新的申请和委托单" in client.get(path).text
    assert queries.choices_of({desk.viewer.user_id}) == {}
    for _ in range(2):
        assert client.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert queries.choices_of({desk.viewer.user_id}) == {(desk.viewer.user_id, Group.REQUESTS): How.OFF}
    forged = path.replace("unsubscribe/W", "unsubscribe/X")
    assert forged != path and client.post(forged).status_code == 404
    engineer.requests(at(5))
    assert send(world) == 0 and len(queries.inbox(desk.viewer)) == 2


def test_the_setting_is_read_as_a_whole() -> None:
    server = parse("smtps://me%40lab.example:p%2Fw@mail.example?from=渝检 <yujian@lab.example>")
    assert (server.host, server.port, server.tls, server.user, server.password) == (
        "mail.example",
        465,
        True,
        "me@lab.example",
        "p/w",
    )
    assert server.domain == "lab.example" and parse("smtp://h:2525?starttls=1").starttls
    for wrong in ("mail.example:25", "http://mail.example", "smtp://", "smtp://h?from=nobody", "smtp://h:port"):
        with pytest.raises(ValueError):
            parse(wrong)
