"""What a form says to bad input, the messages of the form library among it, in the reader's language."""

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
import time_machine
from flask import Flask

from app.accounts.members import Invite, Seat, invite
from app.accounts.models import Role
from tests.http import browser
from tests.testing.test_reports import Story
from tests.world import NOW, Person, World, at

HAN = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
LONG = "x" * 3000
Fields = dict[str, str]


class Said(HTMLParser):
    """Collects the messages below fields and above the form."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong, self.listening = 0, ""
        self.messages: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        classes = (given.get("class") or "").split()
        if tag == "div" and (self.wrong or "err" in classes):
            self.wrong += 1
        if (tag == "small" and self.wrong and (given.get("id") or "").endswith("-note")) or given.get(
            "role"
        ) == "alert":
            self.listening = tag
            self.messages.append("")

    def handle_endtag(self, tag: str) -> None:
        self.wrong -= tag == "div" and self.wrong > 0
        if tag == self.listening:
            self.listening = ""

    def handle_data(self, data: str) -> None:
        if self.listening:
            self.messages[-1] += data.strip()


@pytest.fixture
def story(world: World) -> Story:
    return Story(world)


@pytest.fixture
def told(clean: Flask) -> Callable[[Person | None, str, Fields, str], list[str]]:
    """The messages of the page that answers a form."""

    def send(person: Person | None, path: str, fields: Fields, language: str) -> list[str]:
        with time_machine.travel(person.world.now if person else NOW, tick=False):
            client = browser(clean, person)
            client.get(f"/language/{language}")
            answer = client.post(path, data=fields)
        assert answer.status_code in (200, 422), (path, answer.status_code)
        said = Said()
        said.feed(answer.text)
        return said.messages

    return send


REGISTRATION = {
    "company_name": "x",
    "email": "no address",
    "province": "Atlantis",
    "city": LONG,
    "name": LONG,
    "password": "x" * 5000,
    "credit_code": "1",
}
VISITOR: list[tuple[str, Fields]] = [
    ("/accounts/sign-in", {}),
    ("/accounts/sign-in", {"email": "nobody@test.example", "password": "wrong"}),
    ("/accounts/register", {}),
    ("/accounts/register", REGISTRATION),
]
ENGINEER: list[tuple[str, Fields]] = [
    ("/accounts/password", {}),
    ("/accounts/password", {"current": "wrong", "new": "short"}),
    ("/accounts/tokens", {}),
    ("/accounts/tokens", {"name": LONG, "scope": "everything"}),
    ("/feeds/", {"what": "nothing", "language": "fr"}),
    ("/bookings/new", {"test": "t", "resource": "chamber", "state": "requested"}),
    ("/bookings/new", {"test": "t", "resource": "chamber", "starts_at": "soon", "state": "held", "sample": LONG}),
    ("/bookings/new", {"test": "t", "resource": "chamber", "starts_at": "2001-01-01T08:00", "state": "held"}),
]
# Whoever fills it in: the company's manager invites, the lab's order desk records.
INVITATION: list[Fields] = [{}, {"email": "no address", "role": "emperor"}]
ISSUE: list[Fields] = [
    {"version": "x"},
    {"version": "5", "number": "", "issued_on": "yesterday"},
    {"version": "5", "number": LONG, "issued_on": "2001-01-01"},
]


def both(told: Callable[..., list[str]], person: Person | None, path: str, fields: Fields) -> None:
    """The form says the same number of things in each language, each in its own."""
    chinese, english = (told(person, path, fields, language) for language in ("zh", "en"))
    assert chinese and len(chinese) == len(english), (path, chinese, english)
    assert [text for text in chinese if not HAN.search(text)] == []
    assert [text for text in english if not text or HAN.search(text)] == []


@pytest.mark.parametrize(("path", "fields"), VISITOR)
def test_a_visitor_is_answered(told, world: World, path: str, fields: Fields) -> None:
    both(told, None, path, fields)


@pytest.mark.parametrize(("path", "fields"), ENGINEER)
def test_an_engineer_is_answered(told, world: World, path: str, fields: Fields) -> None:
    world.bench()
    both(told, world.engineer("甲公司"), path, fields)


@pytest.mark.parametrize("fields", INVITATION)
def test_who_invites_is_answered(told, world: World, fields: Fields) -> None:
    organisation = world.engineer("甲公司").viewer.organisation_id
    both(told, world.member(organisation, Role.COMPANY_MANAGER), "/accounts/members", fields)


def test_who_is_invited_is_answered(told, world: World) -> None:
    organisation = world.engineer("甲公司").viewer.organisation_id
    manager = world.member(organisation, Role.COMPANY_MANAGER)
    seat = Seat(organisation, Role.ENGINEER, ())
    _invitation, secret = invite(manager.viewer, NOW, Invite("new@test.example", seat))
    both(told, None, f"/accounts/join/{secret}", {})
    both(told, None, f"/accounts/join/{secret}", {"name": LONG, "password": "short"})


@pytest.mark.parametrize("fields", ISSUE)
def test_the_order_desk_is_answered(told, story: Story, fields: Fields) -> None:
    both(told, story.desk, f"/bookings/{story.booking.id}/report", fields)


@pytest.mark.parametrize("fields", [{"starts_at": ""}, {"version": "1", "resource": LONG, "starts_at": "soon"}])
def test_who_moves_is_answered(told, story: Story, fields: Fields) -> None:
    booking = story.engineer.requests(at(12))
    both(told, story.engineer, f"/bookings/{booking.id}/move", fields)
