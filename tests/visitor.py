"""People who use the pages in a story: they look and send at the world's `now`."""

from dataclasses import dataclass, replace
from html import unescape
from html.parser import HTMLParser
from typing import Any

import time_machine
from flask import Flask
from werkzeug.test import TestResponse

from tests.http import browser
from tests.world import Person


@dataclass
class Seen:
    """An answer: its status, where it leads, its text without tags, and its fields."""

    status: int
    location: str
    html: str

    @property
    def text(self) -> str:
        """What is read, blanks joined."""
        reader = _Reader()
        reader.feed(self.html)
        return " ".join("".join(reader.words).split())

    @property
    def fields(self) -> dict[str, list[str]]:
        """Values of all form controls by name, in the order of the page."""
        reader = _Reader()
        reader.feed(self.html)
        return reader.fields

    def field(self, name: str) -> str:
        """The value of the first control of this name."""
        return self.fields[name][0]


class _Reader(HTMLParser):
    """Collects text and controls."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.fields: dict[str, list[str]] = {}
        self._area: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name")
        if name and tag in ("input", "button"):
            self.fields.setdefault(name, []).append(given.get("value") or "")
        if name and tag == "textarea":
            self._area = name
            self.fields.setdefault(name, []).append("")
        if tag in ("p", "div", "li", "td", "th", "dd", "dt", "h1", "h2", "small", "option", "button", "a"):
            self.words.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = None

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self._area:
            self.fields[self._area][-1] += data


@dataclass
class Visitor:
    """A browser of one person; signed in afresh for each request, so that the world's clock may jump."""

    app: Flask
    person: Person
    language: str = "zh"

    def english(self) -> "Visitor":
        """The same person, who reads English."""
        return replace(self, language="en")

    def get(self, path: str, **query: Any) -> Seen:
        return self._asks("GET", path, query_string=query or None)

    def post(self, path: str, **data: Any) -> Seen:
        return self._asks("POST", path, data=data)

    def _asks(self, method: str, path: str, **more: Any) -> Seen:
        with time_machine.travel(self.person.world.now, tick=False):
            client = browser(self.app, self.person)
            with client.session_transaction() as session:
                session["language"] = self.language
            answer: TestResponse = client.open(path, method=method, **more)
        return Seen(answer.status_code, unescape(answer.headers.get("Location", "")), answer.get_data(as_text=True))
