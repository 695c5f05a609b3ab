"""A mail server that keeps what it takes, and refuses whom it is told to refuse."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from flask import Flask


@dataclass
class Postbox:
    """mails: what was taken, in order. answers: by receiver, what RCPT is answered with instead of 250."""

    mails: list[EmailMessage] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    connections: set[Any] = field(default_factory=set)
    url: str = ""

    async def handle_RCPT(self, _server: Any, session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.connections.add(session.peer)
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert [envelope.rcpt_tos[0]] == envelope.rcpt_tos and envelope.mail_from == "yujian@lab.example"
        self.mails.append(message)
        return "250 taken"

    def to(self, address: str) -> list[EmailMessage]:
        """What this receiver got."""
        return [mail for mail in self.mails if mail["To"] == address]


@contextmanager
def open_postbox() -> Iterator[Postbox]:
    """The server on a free port of this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    box = Postbox(url=f"smtp://127.0.0.1:{port}?from=yujian@lab.example")
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


@pytest.fixture(scope="session")
def mail_server() -> Iterator[Postbox]:
    with open_postbox() as box:
        yield box


@pytest.fixture
def box(mail_server: Postbox, app: Flask, monkeypatch: pytest.MonkeyPatch) -> Postbox:
    """An empty postbox that takes every mail, and the settings that lead there and back."""
    monkeypatch.setitem(app.config, "SMTP_URL", mail_server.url)
    monkeypatch.setitem(app.config, "PUBLIC_URL", "https://yujian.lab.example/")
    mail_server.mails.clear(), mail_server.answers.clear(), mail_server.connections.clear()
    return mail_server
