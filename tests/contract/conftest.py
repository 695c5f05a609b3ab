"""Programs that speak to the product as the contract says, at the world's `now`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import time_machine
from flask import Flask
from werkzeug.test import TestResponse

from app.accounts.models import Scope
from tests.http import browser, program
from tests.world import Person, World

API = "/api/v1"


@dataclass
class Program:
    """A program with a person's token; `ask` and `send` give status and document."""

    app: Flask
    world: World
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, path: str, **query: Any) -> tuple[int, Any]:
        """GET; names of arguments that Python has for itself end in `_`."""
        answer = self.call("GET", path, query_string={name.rstrip("_"): value for name, value in query.items()})
        return answer.status_code, answer.get_json()

    def send(self, path: str, body: Any, **headers: str) -> tuple[int, Any]:
        """POST; underscores of headers are dashes."""
        extra = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.call("POST", path, json=body, headers=self.headers | extra)
        return answer.status_code, answer.get_json()

    def call(self, method: str, path: str, **more: Any) -> TestResponse:
        """Any request; the path is one of the API's unless it is of the calendar's."""
        target = path if path.startswith("/calendar/") else API + path
        with time_machine.travel(self.world.now, tick=False):
            return browser(self.app).open(target, method=method, **({"headers": self.headers} | more))


@pytest.fixture
def speaks(clean: Flask, world: World) -> Callable[..., Program]:
    """`speaks(person)` is that person's program; without a person one that has no token."""

    def make(person: Person | None = None, scope: Scope = Scope.WRITE) -> Program:
        return Program(clean, world, program(person, scope) if person else {})

    return make
