"""A session ends while somebody types: nothing of it is lost, and no other site gains by that."""

import html
import re

import pytest

from tests.accounts.conftest import PASSWORD, with_password
from tests.http import browser

__all__ = ["with_password"]

OURS = {"Origin": "http://localhost"}
TYPED = {"test": "t", "lab": "", "note": "\n轻放\n<b>", "state": "held", "csrf_token": "gone"}
PATH = "/bookings/new?from=schedule"


def fields(page: str) -> dict[str, str]:
    """What the page would send on: its token, and what was typed."""
    form = re.search(r'<form method="post" action="/bookings/new.*?</form>', page, re.S)[0]
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]+)">', form)
    kept = re.findall(r'<textarea hidden name="([^"]+)">\n(.*?)</textarea>', form, re.S)
    return dict(hidden) | {name: html.unescape(value) for name, value in kept}


def sign_in(client, person):
    data = {"email": person.email, "password": PASSWORD, "csrf_token": token_of(client.get("/accounts/sign-in"))}
    assert client.post("/accounts/sign-in", data=data).status_code == 303


def token_of(page):
    return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)[1]


def typed(client):
    """The form as somebody who is signed in filled it."""
    return TYPED | {"csrf_token": token_of(client.get("/accounts/"))}


def sign_out(client):
    assert client.post("/accounts/sign-out", data={"csrf_token": token_of(client.get("/accounts/"))}).status_code == 303


@pytest.fixture
def engineer(world, with_password):
    return with_password(world.engineer("甲公司"))


@pytest.fixture
def competitor(world, with_password):
    return with_password(world.engineer("乙公司"))


def test_what_was_typed_waits_until_one_has_signed_in_again(served, engineer):
    client = browser(served)
    sign_in(client, engineer)
    form = typed(client)
    sign_out(client)
    lost = client.post(PATH, data=form, headers=OURS)
    assert lost.status_code == 400 and "您已不在登录状态" in lost.text
    assert engineer.email in lost.text and 'action="/bookings/new?from=schedule"' in lost.text
    kept = fields(lost.text)
    sign_in(client, engineer)
    again = client.post(PATH, data=kept, headers=OURS)
    assert "再提交一次" in again.text
    sent = fields(again.text)
    assert sent == {name: TYPED[name] for name in TYPED if name != "csrf_token"} | {"csrf_token": sent["csrf_token"]}
    assert client.post(PATH, data=sent, headers=OURS).status_code != 400


def thrown_away(answer, typist):
    assert answer.status_code == 400 and "没有保留" in answer.text
    assert "轻放" not in answer.text and typist.email not in answer.text and "<textarea" not in answer.text


def test_who_signs_in_next_neither_sees_it_nor_sends_it(served, engineer, competitor):
    client = browser(served)
    sign_in(client, engineer)
    form = typed(client)
    sign_out(client)
    kept = fields(client.post(PATH, data=form, headers=OURS).text)
    sign_in(client, competitor)
    thrown_away(client.post(PATH, data=kept, headers=OURS), engineer)
    # The page with the form, and the one that offered it again, were left open in other tabs.
    thrown_away(client.post(PATH, data=form, headers=OURS), engineer)
    sign_out(client)
    sign_in(client, engineer)
    again = fields(client.post(PATH, data=kept, headers=OURS).text)
    sign_out(client)
    sign_in(client, competitor)
    thrown_away(client.post(PATH, data=again, headers=OURS), engineer)


def test_a_form_that_may_be_anybodys_is_not_offered_to_who_is_signed_in(served, engineer):
    client = browser(served)
    visitors = TYPED | {"csrf_token": token_of(client.get("/accounts/sign-in"))}
    sign_in(client, engineer)
    thrown_away(client.post(PATH, data=visitors, headers=OURS), engineer)
    thrown_away(client.post(PATH, data=TYPED | {"typed_by": "forged"}, headers=OURS), engineer)


@pytest.mark.parametrize("origin", [{}, {"Origin": "https://evil.example"}, {"Origin": "null"}])
def test_a_form_of_another_site_is_not_handed_on(served, origin):
    answer = browser(served).post(PATH, data=TYPED, headers=origin)
    assert answer.status_code == 400 and "轻放" not in answer.text and "表单不是从本站的页面提交的" in answer.text


def test_signed_out_elsewhere_by_a_new_password_loses_nothing_either(clean, world, with_password):
    client = browser(clean)
    answer = client.post(PATH, data=TYPED, headers=OURS)
    assert answer.status_code == 400 and "轻放" in answer.text
    assert client.post(PATH, data=TYPED).headers["Location"] == "/accounts/sign-in"


def test_no_password_is_written_back_and_the_sign_in_page_opens_anew(served):
    client = browser(served)
    answer = client.post("/accounts/password", data={"current": "a-secret", "password": "b-secret"}, headers=OURS)
    assert answer.status_code == 400 and "secret" not in answer.text
    again = client.post("/accounts/sign-in?next=/orders/", data={"email": "x", "password": "y"}, headers=OURS)
    assert (again.status_code, again.headers["Location"]) == (303, "/accounts/sign-in?next=/orders/")
