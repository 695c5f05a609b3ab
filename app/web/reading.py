"""Requests as strange as they come: what can't be read is the sender's mistake, not a fault of ours."""

from typing import Any

from flask import Flask, request
from flask.json.provider import DefaultJSONProvider

from app.errors import N_, Invalid, NotFound
from app.typed import NUL


def init_app(app: Flask) -> None:
    """Read JSON strictly and look at every address."""
    app.json = Bodies(app)
    app.before_request(_look_at_address)


class Bodies(DefaultJSONProvider):
    """Flask answers a ValueError of `loads` with 400."""

    ensure_ascii = False

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Raises ValueError also for nesting beyond all reason and for halves of characters, which no text has."""
        try:
            found = super().loads(s, **kwargs)
            if not _is_plain(s):
                self.dumps(found).encode()
        except RecursionError as error:
            raise ValueError("nested too deep") from error
        return found


def _is_plain(text: str | bytes) -> bool:
    """Whether each of its characters stands for itself, none for half of another.

    Bytes with a NUL among them may be UTF-16 or UTF-32, in which an escape looks otherwise.
    """
    escape: Any = "\\u" if isinstance(text, str) else b"\\u"
    nul: Any = NUL if isinstance(text, str) else NUL.encode()
    return text.isascii() and escape not in text and nul not in text


def _look_at_address() -> None:
    """No id and no word has a NUL in it, and PostgreSQL would not even look for one. Raises NotFound, Invalid."""
    if NUL in request.path:
        raise NotFound()
    for name, value in request.args.items(multi=True):
        if NUL in name or NUL in value:
            raise Invalid(N_("地址里有不能用的字符。"), field=name.replace(NUL, ""))
