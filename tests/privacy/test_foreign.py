"""What belongs to others can't be changed, nor can it be told from what does not exist."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.booking.models import Booking
from app.booking.rules import State
from app.database import Base, db
from tests.http import browser
from tests.privacy.crawling import PREFIX, Address, Page, addresses, may_see
from tests.privacy.story import Market
from tests.privacy.test_crawl import foreign
from tests.privacy.words import Eye
from tests.world import at

PEOPLE = ("yi.engineer", "yi.manager", "here.crew", "sister.desk", "coordinator")
# Whatever a form or a program's body may hold; each takes what it knows.
FORM = {
    "version": "1",
    "name": "样车",
    "sample": "样车",
    "kind": "part",
    "cause": "sample",
    "test": "t",
    "text": "想看一看",
    "reason": "想看一看",
    "starts_at": "2026-11-26T08:30",
    "resource": "chamber",
    "number": "JC-1",
    "issued_on": "2026-11-01",
}
BODY = {
    "version": 1,
    "name": "样车",
    "sample": "样车",
    "kind": "part",
    "step": "store",
    "cause": "sample",
    "test": "t",
    "text": "想看一看",
    "reason": "想看一看",
    "starts_at": at(26).isoformat(),
    "number": "JC-1",
    "issued_at": "2026-11-01",
    "report": "a" * 16,
}
NOWHERE = "a" * 16
# Of the rows behind one address so many are tried, from all over the list.
SAME_ADDRESS = 8
REQUEST_NUMBER = re.compile(r"\b[A-Z2-9]{4}-[A-Z2-9]{4}\b")


def stored() -> dict[str, list[str]]:
    """Every row of the database."""
    db.session.rollback()
    rows: dict[str, list[str]] = {
        table.name: sorted(map(repr, db.session.execute(select(table)).all())) for table in Base.metadata.sorted_tables
    }
    db.session.rollback()
    return rows


def changing(app: Flask) -> Iterator[tuple[str, Address]]:
    """Every address that takes POST or DELETE and has a row of somebody in it."""
    for method in ("POST", "DELETE"):
        yield from ((method, address) for address in addresses(app, method) if address.rows)


def some(tried: Iterable[tuple[str, Address]]) -> Iterator[tuple[str, Address]]:
    """Of each address a few of its rows."""
    rows: dict[tuple[str, str], list[Address]] = defaultdict(list)
    for method, address in tried:
        rows[method, address.endpoint].append(address)
    for (method, _endpoint), found in rows.items():
        yield from ((method, each) for each in found[:: -(-len(found) // SAME_ADDRESS)])


def sends(app: Flask, market: Market, part: str, method: str, path: str) -> Page:
    """The answer to a filled form, or to a program's body."""
    more: dict[str, Any] = {"data": FORM}
    client = browser(app, market.people[part])
    if path.startswith(PREFIX):
        client, more = browser(app), {"json": BODY, "headers": market.tokens[f"{part} write"]}
    if path.endswith(("/files", "/reports")):
        more = {**more, "json": None, "data": {"file": (BytesIO(b"?"), "a.txt"), "files": (BytesIO(b"?"), "a.txt")}}
    return Page.of(path, client.open(path, method=method, **more))


@pytest.mark.parametrize("part", PEOPLE)
def test_nobody_changes_what_is_not_his(
    app: Flask, market: Market, readers: Mapping[str, frozenset[Eye]], part: str
) -> None:
    person, before = market.people[part], stored()
    tried = some((method, each) for method, each in changing(app) if not may_see(person, each, readers))
    pages = [sends(app, market, part, method, address.path) for method, address in tried]
    assert len(pages) > 100
    # The administrator's own pages are closed to others whatever account they name.
    assert {page.path.split("/")[1] for page in pages if page.status == 403} <= {"admin"}
    assert not {page.path: page.status for page in pages if page.status not in (403, 404)}
    assert not foreign(pages, person, readers)
    assert stored() == before


@pytest.mark.parametrize("part", ["yi.engineer", "sister.desk", "coordinator", "admin"])
@pytest.mark.parametrize("state", [State.RUNNING, State.HELD, State.DECLINED])
def test_what_is_not_ones_own_looks_like_nothing(app: Flask, market: Market, part: str, state: State) -> None:
    jia = market.people["jia.engineer"].viewer.organisation_id
    booking = db.session.scalars(select(Booking).where(Booking.company_id == jia, Booking.state == state)).first()
    assert booking is not None
    for path in ("/bookings/{}", "/bookings/{}.ics", "/bookings/{}/move", f"{PREFIX}/bookings/{{}}"):
        answers = [asks(app, market, part, path, ident) for ident in (booking.id, NOWHERE)]
        assert answers[0] == answers[1]


def asks(app: Flask, market: Market, part: str, path: str, ident: str) -> tuple[int, str]:
    """Status and text of an answer, without what differs each time."""
    program = path.startswith(PREFIX)
    client = browser(app) if program else browser(app, market.people[part])
    answer = client.get(path.format(ident), headers=market.tokens[f"{part} read"] if program else {})
    page = Page.of("", answer)
    return page.status, REQUEST_NUMBER.sub("", page.text.replace(ident, ""))


@pytest.mark.parametrize("start", [at(9), at(17)])
def test_who_comes_too_late_learns_nothing_of_who_came_first(
    app: Flask, market: Market, readers: Mapping[str, frozenset[Eye]], start: Any
) -> None:
    """The bench is taken by a rival, or closed by its lab."""
    person, before = market.people["yi.engineer"], stored()
    body = {"test": "t", "resource": "chamber", "starts_at": start.isoformat(), "state": "requested"}
    headers = market.tokens["yi.engineer write"]
    told = Page.of("", browser(app).post(f"{PREFIX}/bookings", json=body, headers=headers))
    form = {"test": "t", "resource": "chamber", "starts_at": f"{start:%Y-%m-%dT}08:30", "state": "held"}
    page = Page.of("", browser(app, person).post("/bookings/new", data=form))
    assert told.status == page.status == 409
    assert '"code": "slot_taken"' in told.body
    assert not foreign([told, page], person, readers)
    assert stored() == before


def test_whose_a_booking_is_can_not_be_chosen(app: Flask, market: Market) -> None:
    """Fields that no form has and no schema knows are of no effect."""
    jia, yi = (market.people[f"{name}.engineer"].viewer for name in ("jia", "yi"))
    theirs = {"company": jia.organisation_id, "company_id": jia.organisation_id, "created_by_id": jia.user_id}
    body = {"test": "t", "resource": "chamber", "starts_at": at(27).isoformat(), **theirs}
    made = browser(app).post(f"{PREFIX}/bookings", json=body, headers=market.tokens["yi.engineer write"])
    assert made.status_code == 201
    form = {"test": "t", "resource": "chamber", "starts_at": "2026-11-30T08:30", "state": "held", **theirs}
    sent = browser(app, market.people["yi.engineer"]).post("/bookings/new", data=form)
    assert sent.status_code == 303
    found = db.session.scalars(select(Booking).where(Booking.starts_at.in_((at(27), at(30))))).all()
    assert [(each.company_id, each.created_by_id) for each in found] == [(yi.organisation_id, yi.user_id)] * 2


def test_an_order_of_others_can_not_be_named(app: Flask, market: Market) -> None:
    before = stored()
    jia = market.people["jia.engineer"].viewer.organisation_id
    theirs = db.session.scalars(select(Booking).where(Booking.company_id == jia)).first()
    assert theirs is not None
    body = {"test": "t", "resource": "chamber", "starts_at": at(24).isoformat(), "order": theirs.order_line.order_id}
    answer = browser(app).post(f"{PREFIX}/bookings", json=body, headers=market.tokens["yi.engineer write"])
    assert answer.status_code in (404, 422)
    assert stored() == before
