"""A reader of calendars: asks with the headers a calendar program sends."""

from collections.abc import Callable
from datetime import datetime

import pytest
import time_machine
from flask import Flask
from werkzeug.test import TestResponse

from app.feeds import service
from app.feeds.models import FeedLanguage, FeedScope
from app.feeds.service import Subscribe
from tests.http import browser
from tests.world import Person, World

Fetch = Callable[..., TestResponse]


@pytest.fixture
def subscribe(world: World) -> Callable[..., str]:
    """Makes a feed for a person and gives its token."""

    def make(person: Person, scope: str, target: str | None = None, language: str = "zh") -> str:
        command = Subscribe(FeedScope(scope), target, FeedLanguage(language))
        return service.subscribe(person.viewer, command, world.now)[1]

    return make


@pytest.fixture
def fetch(world: World, clean: Flask) -> Fetch:
    """GET (or HEAD) of a feed at the world's `now`."""

    def get(token: str, at: datetime | None = None, method: str = "GET", **headers: str) -> TestResponse:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        with time_machine.travel(at or world.now, tick=False):
            return browser(clean).open(f"/calendar/{token}.ics", method=method, headers=sent)

    return get
