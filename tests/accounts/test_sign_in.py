"""Signing in and out, and what repeated failures lead to."""

from datetime import timedelta

import pytest
import time_machine

from app.accounts import passwords, service
from app.accounts.models import SignInFailure, User
from app.accounts.queries import user_by_email
from app.accounts.rules import SignInLocked, SignInRefused
from app.accounts.service import Lockout, SignIn
from app.database import db, transaction
from app.events.log import history
from tests.accounts.conftest import PASSWORD
from tests.http import browser

LOCKOUT = Lockout(attempts=5, window=timedelta(minutes=15))


@pytest.fixture
def engineer(world, with_password):
    return with_password(world.engineer("甲公司"))


def submit(client, email, password, target=""):
    return client.post(f"/accounts/sign-in{target}", data={"email": email, "password": password})


def test_signing_in_leads_back_to_the_page_that_asked_for_it(engineer, clean):
    client = browser(clean)
    sent_away = client.get("/accounts/tokens?x=1")
    assert sent_away.status_code == 303
    answer = client.post(sent_away.headers["Location"], data={"email": engineer.email.upper(), "password": PASSWORD})
    assert answer.headers["Location"] == "/accounts/tokens?x=1"
    assert client.get("/accounts/tokens").status_code == 200


@pytest.mark.parametrize("target", ["https://else.example/", "//else.example/", "/\\else.example", "/%09/else.example"])
def test_the_way_back_never_leads_elsewhere(engineer, clean, target):
    client = browser(clean)
    assert submit(client, engineer.email, PASSWORD, f"?next={target}").headers["Location"] == "/"
    again = client.get(f"/accounts/sign-in?next={target}")
    assert again.headers["Location"] == "/"


def test_wrong_password_and_unknown_address_look_the_same(engineer, clean):
    client = browser(clean)
    known = submit(client, engineer.email, "wrong password")
    unknown = submit(client, "nobody@test.example", "wrong password")
    assert known.status_code == unknown.status_code == 422
    assert "邮箱或密码不对。再错 4 次将锁定 15 分钟。" in known.text
    assert "邮箱或密码不对。再错 4 次将锁定 15 分钟。" in unknown.text
    assert engineer.email in known.text


@pytest.mark.parametrize("who", ["known", "unknown"])
def test_five_failures_lock_the_address_for_a_quarter_of_an_hour(engineer, clean, who):
    client, now = browser(clean), engineer.world.now
    email = engineer.email if who == "known" else "nobody@test.example"
    with time_machine.travel(now, tick=False):
        answers = [submit(client, email, "wrong password") for _ in range(5)]
        assert [answer.status_code for answer in answers] == [422, 422, 422, 422, 429]
        locked = submit(client, email, PASSWORD)
        assert locked.status_code == 429
        assert "登录失败次数过多，请 15 分钟后再试。" in locked.text
    with time_machine.travel(now + timedelta(minutes=14), tick=False):
        assert submit(client, email, PASSWORD).status_code == 429
    with time_machine.travel(now + timedelta(minutes=16), tick=False):
        assert submit(client, email, PASSWORD).status_code == (303 if who == "known" else 422)


def test_failures_of_one_address_do_not_lock_another(engineer, clean):
    client = browser(clean)
    for _ in range(6):
        submit(client, "nobody@test.example", "wrong password")
    assert submit(client, engineer.email, PASSWORD).status_code == 303


def test_success_forgets_the_failures_before(engineer, clean):
    for _ in range(2):
        client = browser(clean)
        for _ in range(4):
            submit(client, engineer.email, "wrong password")
        assert submit(client, engineer.email, PASSWORD).status_code == 303
    assert db.session.query(SignInFailure).count() == 0


def test_old_failures_are_cleared_away(engineer):
    now = engineer.world.now
    for minutes in (0, 20):
        with pytest.raises(SignInRefused):
            service.sign_in(LOCKOUT, now + timedelta(minutes=minutes), SignIn(engineer.email, "wrong"))
    assert db.session.query(SignInFailure).count() == 1


def test_an_unknown_address_costs_a_check_as_well(engineer, monkeypatch):
    asked = []
    matches = passwords.matches
    monkeypatch.setattr(passwords, "matches", lambda *given: asked.append(given) or matches(*given))
    for email in (engineer.email, "nobody@test.example"):
        with pytest.raises(SignInRefused):
            service.sign_in(LOCKOUT, engineer.world.now, SignIn(email, "wrong"))
    assert len(asked) == 2
    assert asked[1][0] == passwords.NOBODY


def test_a_weak_hash_is_made_anew(engineer):
    from argon2 import PasswordHasher

    with transaction() as session:
        weak = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
        session.get_one(User, engineer.viewer.user_id).password_hash = weak
    service.sign_in(LOCKOUT, engineer.world.now, SignIn(engineer.email, PASSWORD))
    stored = user_by_email(engineer.email).password_hash
    assert stored != weak and not passwords.outdated(stored) and passwords.matches(stored, PASSWORD)


def test_a_switched_off_account_can_not_sign_in_and_its_session_ends(engineer, clean):
    client = browser(clean, engineer)
    assert client.get("/accounts/").status_code == 200
    with transaction() as session:
        session.get_one(User, engineer.viewer.user_id).active = False
    assert client.get("/accounts/").status_code == 303
    assert submit(browser(clean), engineer.email, PASSWORD).status_code == 422


def test_signing_out_forgets_all_but_the_language(engineer, clean):
    client = browser(clean, engineer)
    client.get("/language/en")
    assert client.post("/accounts/sign-out").status_code == 303
    assert client.get("/accounts/").status_code == 303
    assert '<html lang="en">' in client.get("/accounts/sign-in").text


def test_signing_out_needs_a_form(engineer, clean):
    client = browser(clean, engineer)
    answer = client.get("/accounts/sign-out")
    assert (answer.status_code, answer.location) == (303, "/accounts/")
    assert client.get("/accounts/").status_code == 200


def test_a_new_password_ends_every_other_session(engineer, clean):
    here, elsewhere = browser(clean, engineer), browser(clean, engineer)
    data = {"current": PASSWORD, "password": "another good password"}
    assert here.post("/accounts/password", data=data).status_code == 303
    assert here.get("/accounts/").status_code == 200
    assert elsewhere.get("/accounts/").status_code == 303
    assert submit(browser(clean), engineer.email, PASSWORD).status_code == 422
    assert submit(browser(clean), engineer.email, "another good password").status_code == 303
    kinds = [event.kind for event in history(engineer.viewer.user_id)]
    assert kinds == ["user.password_changed", "user.signed_in"]


def test_a_new_password_needs_the_present_one_and_a_good_one(engineer, clean):
    client = browser(clean, engineer)
    wrong = client.post("/accounts/password", data={"current": "wrong", "password": "another good password"})
    assert wrong.status_code == 422 and "现在的密码不对。" in wrong.text
    short = client.post("/accounts/password", data={"current": PASSWORD, "password": "short"})
    assert short.status_code == 422 and "密码要 10 到 200 个字符。" in short.text


def test_the_present_password_can_not_be_guessed_through_its_change(engineer, clean):
    client = browser(clean, engineer)
    for _ in range(5):
        client.post("/accounts/password", data={"current": "wrong", "password": "another good password"})
    answer = client.post("/accounts/password", data={"current": PASSWORD, "password": "another good password"})
    assert answer.status_code == 429


def test_guesses_at_the_same_time_count_too(engineer):
    """The attempt is noted before the slow check, so that a crowd of them can't slip through together."""
    now = engineer.world.now
    for _ in range(4):
        with pytest.raises(SignInRefused):
            service.sign_in(LOCKOUT, now, SignIn(engineer.email, "wrong"))
    with pytest.raises(SignInLocked):
        service.sign_in(LOCKOUT, now, SignIn(engineer.email, "wrong"))
    assert db.session.query(SignInFailure).count() == 5


def test_a_page_puts_the_end_of_the_session_off_and_a_picture_does_not_bring_an_old_one_back(engineer, clean):
    client = browser(clean)
    submit(client, engineer.email, PASSWORD)
    assert client.get("/").headers["Set-Cookie"].startswith("yujian=")
    for path in ("/static/mark.svg", "/favicon.ico", "/healthz"):
        with client.get(path) as answer:
            assert "Set-Cookie" not in answer.headers
