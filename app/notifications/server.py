"""The mail server, told by one setting: `smtp://user:password@host:port?from=…&starttls=1`, or `smtps://…`."""

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

SETTING = "SMTP_URL"
PORTS = {"smtp": 25, "smtps": 465}


@dataclass(frozen=True, slots=True)
class Server:
    """tls: from the first byte on. starttls: by the command, which must succeed. sender: maybe with a name."""

    host: str
    port: int
    sender: str
    user: str = ""
    password: str = ""
    tls: bool = False
    starttls: bool = False

    @property
    def domain(self) -> str:
        """The right side of the sender's address, and of every Message-ID."""
        return parseaddr(self.sender)[1].rpartition("@")[2]


def server_of(config: Mapping[str, Any]) -> Server | None:
    """The server of the setting; None where mail is off. Raises ValueError for what can't be read."""
    url = str(config[SETTING]).strip()
    return parse(url) if url else None


@lru_cache(maxsize=8)
def parse(url: str) -> Server:
    """The parts of the address. Raises ValueError with the reason; it never holds the password."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError("smtp://host:port?from=address")
    known = parse_qs(parts.query)
    user = unquote(parts.username or "")
    given = known.get("from", [user if "@" in user else f"yujian@{parts.hostname}"])[-1]
    address = parseaddr(given)[1]
    if "@" not in address or not address.isascii() or any(sign in given for sign in "\r\n"):
        raise ValueError("from=address")
    return Server(
        host=parts.hostname,
        port=parts.port or PORTS[parts.scheme],
        sender=given,
        user=user,
        password=unquote(parts.password or ""),
        tls=parts.scheme == "smtps",
        starttls=known.get("starttls", ["0"])[-1] in ("1", "true"),
    )
