"""Refusals: one small family, one handler for pages, one (RFC 9457) for the API.

Subclasses stand beside their rule, in the `rules.py` of their capability. `message` is a msgid with named
placeholders that `facts` fill; facts are numbers, dates and names, never other people's data.
"""

from typing import Any


def N_(message: str) -> str:  # noqa: N802 - the name that the message extractor looks for
    """Marks a message for translation; it is translated where it is shown."""
    return message


def P_(_context: str, message: str) -> str:  # noqa: N802 - the name that the message extractor looks for
    """Marks a message whose English depends on where it stands; shown by `pgettext` with the same context."""
    return message


class YujianError(Exception):
    """A refusal. `code` is stable for clients, `status` HTTP, `field` the form field it belongs to."""

    code: str = "invalid"
    status: int = 422
    field: str | None = None
    message: str = N_("请求无法完成。")
    counted: bool = False
    """Whether the message depends on how many `num` are; then `ngettext` has to be told of it somewhere too."""

    def __init__(self, **facts: Any) -> None:
        super().__init__(self.code)
        self.facts = facts

    def __str__(self) -> str:
        return self.message % self.facts if self.facts else self.message


class Invalid(YujianError):
    """Bad input at a field; give `field` and `message` to the constructor."""

    def __init__(self, message: str, field: str | None = None, **facts: Any) -> None:
        super().__init__(**facts)
        self.message = message
        self.field = field


class NotFound(YujianError):
    """Not there, or not yours: the two can't be told apart."""

    code, status = "not_found", 404
    message = N_("没有这个地址，或者它不属于您。")


class Forbidden(YujianError):
    """Your own object, but your role may not do this."""

    code, status = "forbidden", 403
    message = N_("您的角色不能做这件事。")


class Unauthenticated(YujianError):
    code, status = "unauthenticated", 401
    message = N_("请先登录。")
