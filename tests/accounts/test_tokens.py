"""API tokens: shown once, stored as hashes, read or write."""

import re

import pytest

from app.accounts.models import ApiToken, Scope
from app.accounts.rules import TOKENS_PER_USER, TooManyTokens
from app.accounts.service import NewToken, create_token
from app.database import db
from tests.http import browser
from tests.world import at


@pytest.fixture
def engineer(world):
    world.bench()
    return world.engineer("甲公司")


def made(client, scope: str) -> str:
    answer = client.post("/accounts/tokens", data={"name": "MES", "scope": scope})
    assert answer.status_code == 201
    return re.search(r'id="secret" value="(yj_[^"]+)"', answer.text)[1]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_token_is_shown_once_and_stored_as_a_hash(engineer, clean):
    client = browser(clean, engineer)
    token = made(client, "read")
    assert token not in client.get("/accounts/tokens").text
    row = db.session.query(ApiToken).one()
    assert token not in (row.digest, row.id, row.name) and len(row.digest) == 64
    assert len(token) > 40


def test_a_read_only_token_reads_and_writes_nothing(engineer, clean):
    client = browser(clean, engineer)
    anonymous = browser(clean)
    body = {"test": "t", "resource": "chamber", "starts_at": at(4).isoformat(), "state": "held"}
    reading, writing = made(client, "read"), made(client, "write")
    assert anonymous.get("/api/v1/bookings", headers=bearer(reading)).status_code == 200
    refused = anonymous.post("/api/v1/bookings", json=body, headers=bearer(reading))
    assert (refused.status_code, refused.json["code"]) == (403, "forbidden")
    allowed = anonymous.post("/api/v1/bookings", json=body, headers=bearer(writing))
    assert allowed.json.get("code") != "forbidden"


def test_a_revoked_token_is_unknown(engineer, clean):
    client = browser(clean, engineer)
    token = made(client, "read")
    row = db.session.query(ApiToken).one()
    assert client.post(f"/accounts/tokens/{row.id}/revoke").status_code == 303
    answer = browser(clean).get("/api/v1/bookings", headers=bearer(token))
    assert (answer.status_code, answer.json["code"]) == (401, "unauthenticated")
    assert client.post(f"/accounts/tokens/{row.id}/revoke").status_code == 404


def test_nobody_revokes_the_token_of_another(world, engineer, clean):
    made(browser(clean, engineer), "read")
    row = db.session.query(ApiToken).one()
    assert browser(clean, world.engineer("乙公司")).post(f"/accounts/tokens/{row.id}/revoke").status_code == 404
    db.session.refresh(row)
    assert row.revoked_at is None


@pytest.mark.parametrize("header", ["Bearer wrong", "Bearer ", "Basic eDp5", "yj_x"])
def test_a_wrong_token_is_refused_even_where_none_is_needed(engineer, clean, header):
    answer = browser(clean).get("/api/v1/bookings", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_session_is_no_token(engineer, clean):
    assert browser(clean, engineer).get("/api/v1/bookings").status_code == 401


def test_there_is_an_end_to_tokens(world, engineer):
    for number in range(TOKENS_PER_USER):
        create_token(engineer.viewer, world.now, NewToken(f"program {number}", Scope.READ))
    with pytest.raises(TooManyTokens):
        create_token(engineer.viewer, world.now, NewToken("one more", Scope.READ))
