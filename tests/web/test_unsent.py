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
    token = re.search(r'action="[^"]+">\s*<input type="hidden" name="csrf_token" value="([^"]+)"', page)[1]
    kept = re.findall(r'<textarea hidden name="([^"]+)">\n(.*?)</textarea>', page, re.S)
    return {"csrf_token": token} | {name: html.unescape(value) for name, value in kept}


def sign_in(client, person):
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/accounts/sign-in").text)[1]
    data = {"email": person.email, "password": PASSWORD, "csrf_token": token}
    assert client.post("/accounts/sign-in", data=data).status_code == 303


def test_what_was_typed_waits_until_one_has_signed_in_again(world, served, with_password):
    engineer = with_password(world.engineer("甲公司"))
    client = browser(served)
    lost = client.post(PATH, data=TYPED, headers=OURS)
    assert (
        lost.status_code == 400
        and "您已不在登录状态" in lost.text
        and 'action="/bookings/new?from=schedule"' in lost.text
    )
    kept = fields(lost.text)
    sign_in(client, engineer)
    again = client.post(PATH, data=kept, headers=OURS)
    assert "再提交一次" in again.text
    sent = fields(again.text)
    assert sent == {name: TYPED[name] for name in TYPED if name != "csrf_token"} | {"csrf_token": sent["csrf_token"]}
    assert client.post(PATH, data=sent, headers=OURS).status_code != 400


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
