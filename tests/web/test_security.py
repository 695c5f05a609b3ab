"""Forged forms, headers, cookies, rates."""

import re

import pytest
from flask import request

from app.web.security import SIGNED
from tests.accounts.conftest import PASSWORD, with_password
from tests.http import browser, program

__all__ = ["with_password"]


def token_on(page: str) -> str:
    return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]


def sign_in(client, email):
    token = token_on(client.get("/accounts/sign-in").text)
    return client.post("/accounts/sign-in", data={"email": email, "password": PASSWORD, "csrf_token": token})


def every_form(app):
    """Addresses outside the API that take a form, with something in the place of ids."""
    for rule in app.url_map.iter_rules():
        if "POST" in rule.methods and not rule.rule.startswith(("/api/", "/openapi")) and rule.endpoint not in SIGNED:
            yield re.sub(r"<(?:any\((\w+).*?\):)?[^>]*>", _filling, rule.rule)


def _filling(found):
    """What stands in the place of a part of an address: its first choice, a number or anything."""
    return found[1] or ("1" if found[0].startswith("<int:") else "x")


def test_no_form_is_taken_without_its_token(world, served, with_password):
    engineer = with_password(world.engineer("甲公司"))
    client = browser(served)
    assert sign_in(client, engineer.email).status_code == 303
    addresses = sorted(every_form(served))
    assert {"/accounts/sign-in", "/accounts/sign-out", "/accounts/register"} <= set(addresses)
    for data in ({}, {"csrf_token": "forged"}):
        answers = {address: client.post(address, data=data).status_code for address in addresses}
        assert set(answers.values()) == {400}, answers


def test_a_token_of_another_session_is_refused(world, served, with_password):
    engineer = with_password(world.engineer("甲公司"))
    stranger = token_on(browser(served).get("/accounts/sign-in").text)
    client = browser(served)
    sign_in(client, engineer.email)
    assert client.post("/accounts/sign-out", data={"csrf_token": stranger}).status_code == 400


def test_the_api_needs_no_form_token(world, served):
    engineer = world.engineer("甲公司")
    answer = browser(served).post("/api/v1/bookings", json={}, headers=program(engineer))
    assert answer.status_code == 422


def test_an_unknown_address_is_not_there_whatever_is_sent(served, clean):
    assert browser(served).post("/nowhere").status_code == 404


PAGES = ("/", "/accounts/sign-in", "/nowhere", "/more", "/healthz", "/api/v1/bookings", "/static/css/base.css")


@pytest.mark.parametrize("path", PAGES)
def test_strict_headers_on_every_answer(served, clean, path):
    with browser(served).get(path) as answer:
        headers = answer.headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy and "form-action 'self'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "Strict-Transport-Security" not in headers


def test_only_the_page_of_the_api_document_is_looser(served, clean):
    policy = browser(served).get("/openapi/swagger").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "'unsafe-inline'" in policy and "unsafe-eval" not in policy


def test_over_https_browsers_are_told_to_stay_there(served, clean):
    headers = browser(served).get("/", base_url="https://yujian.example").headers
    assert "max-age=31536000" in headers["Strict-Transport-Security"]


@pytest.mark.parametrize("path", ["/", "/accounts/sign-in", "/more", "/accounts/register"])
def test_no_page_has_inline_style_or_script_or_asks_another_host(served, clean, path):
    page = browser(served).get(path).text
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)


def test_the_cookie_is_kept_from_scripts_and_other_sites(served, clean):
    cookie = browser(served).get("/language/en").headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie


def test_a_secure_cookie_where_it_is_set(another):
    app = another(COOKIE_SECURE=True)
    assert "Secure" in browser(app).get("/language/en", base_url="https://yujian.example").headers["Set-Cookie"]


@pytest.mark.parametrize(("proxies", "scheme"), [(0, "http"), (1, "https")])
def test_a_proxy_is_believed_only_where_one_is_set(another, proxies, scheme):
    app = another(PROXIES=proxies)
    app.add_url_rule("/scheme", view_func=lambda: request.scheme)
    assert browser(app).get("/scheme", headers={"X-Forwarded-Proto": "https"}).text == scheme


def test_signing_in_is_rated_by_address(another):
    app = another(WTF_CSRF_ENABLED=False, SIGN_IN_RATE="3 per hour")
    client = browser(app)
    answers = [client.post("/accounts/sign-in", data={}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [422, 422, 422, 429]
    assert answers[-1].headers["Retry-After"] == "3600"
    assert "请求太多" in answers[-1].text
    assert client.get("/accounts/sign-in").status_code == 200


def test_the_api_is_rated_by_token(world, another):
    app = another(API_RATE="2 per hour")
    first, second = program(world.engineer("甲公司")), program(world.engineer("乙公司"))
    client = browser(app)
    answers = [client.get("/api/v1/bookings", headers=first) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1].mimetype == "application/problem+json"
    assert answers[-1].json["code"] == "rate_limited"
    assert answers[-1].headers["Retry-After"] == "3600"
    assert client.get("/api/v1/bookings", headers=second).status_code == 200
    assert client.get("/").status_code == 200
