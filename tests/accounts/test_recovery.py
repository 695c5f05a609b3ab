"""A forgotten password, from the page over a real mail server to the new one."""

import re
from datetime import timedelta
from time import monotonic

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts import recovery, service
from app.accounts.models import Membership, User
from app.accounts.policy import ANONYMOUS, Viewer
from app.accounts.rules import RecoveryGone
from app.database import db, transaction
from app.events.log import history
from app.notifications import queries, sending
from app.notifications.digest import KEPT_NOTICES, prune
from app.notifications.groups import Group, How
from app.notifications.models import Notice
from app.notifications.reading import read_events
from app.notifications.service import Choose, choose
from tests.accounts.conftest import PASSWORD
from tests.http import browser
from tests.notifications.postbox import Postbox
from tests.world import Person, World

NEW = "another horse battery"


@pytest.fixture
def engineer(world: World, with_password) -> Person:
    return with_password(world.engineer("甲公司"))


def ask(app: Flask, email: str):
    return browser(app).post("/accounts/lost-password", data={"email": email})


def link(world: World, box: Postbox, person: Person) -> str:
    """The path in the newest mail, once what is due has been sent."""
    read_events(world.now)
    sending.send_due(lambda: world.now)
    text = box.to(person.email)[-1].get_body(("plain",)).get_content()
    found = re.search(r"https://yujian\.lab\.example(/accounts/new-password/\S+)", text)
    assert found is not None
    return found[1]


def test_the_link_of_the_mail_sets_a_new_password_and_signs_in(world: World, box: Postbox, clean: Flask, engineer):
    assert ask(clean, f" {engineer.email.upper()}").status_code == 200
    path = link(world, box, engineer)
    client = browser(clean)
    assert engineer.email in client.get(path).text
    assert client.post(path, data={"password": NEW}).headers["Location"] == "/accounts/?changed=password"
    assert client.get("/accounts/tokens").status_code == 200
    again = browser(clean)
    assert again.post("/accounts/sign-in", data={"email": engineer.email, "password": PASSWORD}).status_code == 422
    assert again.post("/accounts/sign-in", data={"email": engineer.email, "password": NEW}).status_code == 303


def test_sessions_opened_before_end(world: World, box: Postbox, clean: Flask, engineer):
    before = browser(clean)
    before.post("/accounts/sign-in", data={"email": engineer.email, "password": PASSWORD})
    ask(clean, engineer.email)
    browser(clean).post(link(world, box, engineer), data={"password": NEW})
    assert before.get("/accounts/tokens").status_code == 303


def test_a_link_works_once_and_for_a_day(world: World, box: Postbox, clean: Flask, engineer):
    recovery.ask(world.now, recovery.AskForLink(engineer.email))
    token = link(world, box, engineer).rpartition("/")[2]
    with pytest.raises(RecoveryGone):
        recovery.user_of(token, world.now + timedelta(days=1))
    recovery.renew(token, world.now, recovery.Renew(NEW))
    with pytest.raises(RecoveryGone):
        recovery.renew(token, world.now, recovery.Renew("a third horse battery"))
    assert browser(clean).get(f"/accounts/new-password/{token}").status_code == 404


@pytest.mark.parametrize("token", ["", "nonsense", "WyJhIiwxLCJiIl0.signature", "x" * 3000])
def test_a_link_that_we_never_made_leads_nowhere(world: World, clean: Flask, token: str):
    assert browser(clean).get(f"/accounts/new-password/{token}").status_code == 404


def test_a_link_ends_with_the_account_and_with_another_password(world: World, box: Postbox, clean: Flask, engineer):
    ask(clean, engineer.email)
    token = link(world, box, engineer).rpartition("/")[2]
    assert recovery.user_of(token, world.now).email == engineer.email
    with transaction() as session:
        session.get_one(User, engineer.viewer.user_id).active = False
    with pytest.raises(RecoveryGone):
        recovery.user_of(token, world.now)
    with transaction() as session:
        session.get_one(User, engineer.viewer.user_id).active = True
    service.reset_password(engineer.viewer, engineer.email, "set by somebody else", world.now)
    with pytest.raises(RecoveryGone):
        recovery.user_of(token, world.now)


def test_a_bad_new_password_is_refused_at_the_field_and_the_link_lives_on(world, box, clean, engineer):
    ask(clean, engineer.email)
    path, client = link(world, box, engineer), browser(clean)
    refused = client.post(path, data={"password": "short"})
    assert refused.status_code == 422 and "密码要 10 到 200 个字符。" in refused.text
    assert client.post(path, data={"password": NEW}).status_code == 303


def test_the_answer_does_not_tell_who_has_an_account(world: World, box: Postbox, clean: Flask, engineer):
    known, unknown = ask(clean, engineer.email), ask(clean, "nobody@test.example")
    assert known.status_code == unknown.status_code == 200
    assert known.text.replace(engineer.email, "") == unknown.text.replace("nobody@test.example", "")
    read_events(world.now)
    assert sending.send_due(lambda: world.now) == 1


def test_asked_often_it_is_sent_once_in_ten_minutes(world: World, box: Postbox, clean: Flask, engineer):
    for _time in range(3):
        recovery.ask(world.now, recovery.AskForLink(engineer.email))
    recovery.ask(world.now + recovery.PAUSE, recovery.AskForLink(engineer.email))
    assert [event.kind for event in history(engineer.viewer.user_id)].count(recovery.LOST) == 2


def test_the_mail_comes_whatever_was_chosen_and_has_no_way_to_end_it(world: World, box: Postbox, clean, engineer):
    choose(
        engineer.viewer,
        Choose(dict.fromkeys((each for each in Group if each is not Group.ACCOUNT), How.OFF)),
        world.now,
    )
    ask(clean, engineer.email)
    link(world, box, engineer)
    mail = box.to(engineer.email)[-1]
    assert mail["List-Unsubscribe"] is None and "unsubscribe" not in mail.get_body(("plain",)).get_content()
    assert "账号安全" not in browser(clean, engineer).get("/notices/choices").text


def test_the_inbox_tells_of_it_without_the_link_and_of_the_new_password(world: World, box: Postbox, clean, engineer):
    ask(clean, engineer.email)
    token = link(world, box, engineer).rpartition("/")[2]
    recovery.renew(token, world.now, recovery.Renew(NEW))
    read_events(world.now)
    db.session.rollback()
    told = queries.inbox(engineer.viewer)
    assert sorted(notice.kind for notice in told) == ["access_lost", "access_renewed"]
    assert {notice.path for notice in told} == {"/accounts/"}
    page = browser(clean, engineer).get("/notices/").text
    assert "有人要为您的账号设新密码" in page and token not in page


def test_who_has_an_account_and_no_seat_gets_the_mail(world: World, box: Postbox, clean: Flask, engineer):
    with transaction() as session:
        session.get_one(Membership, engineer.viewer.membership_id).ended_at = world.now
    assert ask(clean, engineer.email).status_code == 200
    path = link(world, box, engineer)
    assert browser(clean).post(path, data={"password": NEW}).headers["Location"] == "/accounts/?changed=password"
    read_events(world.now)
    assert sending.send_due(lambda: world.now) == 1
    assert "设了新密码" in box.to(engineer.email)[-1].get_body(("plain",)).get_content()
    again = browser(clean).post("/accounts/sign-in", data={"email": engineer.email, "password": NEW})
    assert again.status_code == 303


def test_what_was_told_to_an_account_alone_shows_to_no_visitor_and_to_no_seat(world, box, engineer):
    with transaction() as session:
        session.get_one(Membership, engineer.viewer.membership_id).ended_at = world.now
    recovery.ask(world.now, recovery.AskForLink(engineer.email))
    link(world, box, engineer)
    (notice,) = db.session.scalars(select(Notice)).all()
    assert notice.membership_id is None
    other = world.engineer("乙公司").viewer
    for viewer in (ANONYMOUS, Viewer(user_id=notice.user_id), other):
        assert queries.inbox(viewer) == [] and queries.header(viewer).unread == 0
    db.session.rollback()
    prune(world.now + KEPT_NOTICES + timedelta(days=1))
    assert db.session.scalars(select(Notice)).all() == []


def test_without_a_mail_server_the_page_says_whom_to_ask(world: World, clean: Flask, engineer):
    page = browser(clean).get("/accounts/lost-password").text
    assert "请平台的系统管理员给您设一个新密码" in page and '<form class="flow' not in page


def test_how_long_the_answer_takes_does_not_tell_who_has_an_account(clean: Flask, engineer):
    took = []
    for email in (engineer.email, "nobody@test.example"):
        begun = monotonic()
        ask(clean, email)
        took.append(monotonic() - begun)
    assert min(took) >= recovery.ANSWERED_AFTER
