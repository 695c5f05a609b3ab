"""What every API view shares: times, cursors, lists and the problem document of the contract."""

import base64
import binascii
import json
import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, cast

from flask import request
from flask_openapi3 import APIBlueprint, FileStorage, Tag
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError
from werkzeug.datastructures import FileStorage as UploadedFile

from app.errors import N_, Invalid
from app.language import ZONE
from app.typed import NUL

PREFIX = "/api/v1"
SECURITY: list[dict[str, list[str]]] = [{"bearer": []}]
# What stands on top of the document, in both languages: it is one document for all.
GUIDE = """
登录后在“[账号](/accounts/) → [接口令牌](/accounts/tokens)”建立令牌，在 Authorize 里填入；只读令牌不能写。
目录不用令牌也能读。时间带时区；`Accept-Language: zh` 或 `en` 决定提示的语言；
拒绝时返回带 `code` 的问题文档（RFC 9457）。

Sign in, make a token at “[Account](/accounts/) → [API tokens](/accounts/tokens)”, and give it to Authorize; a token
that reads cannot write. The catalogue needs none. Times carry an offset; `Accept-Language: zh` or `en` chooses the
language of messages; a refusal is a problem document with a `code` (RFC 9457).
"""
# The chapters of the document.
TAGS = {
    "catalogue": "目录 / Labs, tests and resources",
    "files": "文件 / Files",
    "orders": "委托单 / Orders and their lines",
    "samples": "样品 / Samples and their custody",
    "booking": "预约 / Availability, offers and bookings",
    "waitlist": "候补 / Waiting list",
    "reports": "报告 / Reports and their versions",
    "runs": "试验 / Runs, their pauses and results",
    "turnaround": "检测周期 / Turnaround",
    "feeds": "日历订阅 / Calendar feeds",
    "notices": "通知 / What the caller was told",
}
LIMIT_DEFAULT, LIMIT_MAX = 50, 200


class FieldError(BaseModel):
    """One fault of a request: the field's name and what is wrong, in the reader's language."""

    field: str
    message: str


class Problem(BaseModel):
    """RFC 9457 problem document; `code` is stable, `detail` is for people."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldError] | None = None


def _plain(value: str) -> str:
    if NUL in value:
        raise ValueError("NUL")
    return value


# Of a text that is looked up: what no row can hold is refused.
PLAIN = AfterValidator(_plain)


class Query(BaseModel):
    """What stands behind a question mark. An argument that nobody knows is refused: a filter with a slip of the pen
    would give everything to a program that trusts it.
    """

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class ListQuery(Query):
    """Paging of every list: at most `limit` items behind the opaque `cursor`."""

    limit: int = Field(LIMIT_DEFAULT, ge=1, le=LIMIT_MAX)
    cursor: str | None = Field(None, max_length=400)


class WholeQuery(Query):
    """Of lists that come whole: the two arguments that every list takes change nothing."""

    limit: int | None = Field(None, ge=1, le=LIMIT_MAX)
    cursor: str | None = Field(None, max_length=400)


INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?([Zz]|[+-]\d\d:\d\d)")
DAY = re.compile(r"\d{4}-\d\d-\d\d")


def _instant(given: object) -> datetime:
    """Written out with its offset: a bare number would be taken for seconds since 1970."""
    if isinstance(given, str) and INSTANT.fullmatch(given):
        try:
            found = datetime.fromisoformat(given.upper())
        except ValueError:
            found = None
        if found is not None and 2000 < found.year < 2100:
            return found
    raise PydanticCustomError("datetime_type", "ISO 8601 with offset")


def _day_or_instant(given: object) -> date | datetime:
    if isinstance(given, str) and DAY.fullmatch(given):
        try:
            return date.fromisoformat(given)
        except ValueError:
            raise PydanticCustomError("date_type", "ISO 8601") from None
    return _instant(given)


# What a body may hold as a time. The second stands for the whole local day where no hour is given.
Instant = Annotated[datetime, BeforeValidator(_instant)]
DayOrInstant = Annotated[datetime | date, BeforeValidator(_day_or_instant)]
# Of the row that a command changes, as its last answer said it.
Version = Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]


def _uploaded(given: object) -> object:
    """A field of a form may hold a text where a file is asked for."""
    if not isinstance(given, UploadedFile):
        raise PydanticCustomError("missing", "a file")
    return given


SentFile = Annotated[FileStorage, AfterValidator(_uploaded)]

PROBLEMS: dict[str | int, Any] = {
    "4XX": {
        "description": "Problem",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}


def api_blueprint(name: str, module: str, tag: str, security: list[dict[str, list[str]]] = SECURITY) -> APIBlueprint:
    """Calls below `/api/v1` that stand in the document under one of TAGS. Who may call them is theirs to check."""
    return APIBlueprint(
        name,
        module,
        url_prefix=PREFIX,
        abp_tags=[Tag(name=tag, description=TAGS[tag])],
        abp_security=security,
        abp_responses=PROBLEMS,
    )


def is_api_call() -> bool:
    """Whether a program asks, which signs in by a token and reads problem documents."""
    return request.path.startswith(PREFIX + "/")


def iso(at: datetime | None) -> str | None:
    """ISO 8601 with the labs' offset, `2026-11-27T08:30:00+08:00`."""
    return at.astimezone(ZONE).isoformat(timespec="seconds") if at else None


def encode_cursor(*parts: str | int) -> str:
    """An opaque cursor from the sort key of the last item shown."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None, length: int) -> list[Any] | None:
    """The `length` strings or numbers of a cursor, None without one. Raises Invalid at field `cursor`."""
    if not cursor:
        return None
    try:
        parts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, UnicodeError):
        parts = None
    if not isinstance(parts, list) or len(parts) != length or not all(isinstance(p, str | int) for p in parts):
        raise Invalid(N_("cursor 无效，请用上一页给出的值。"), field="cursor")
    return parts


def page(items: Sequence[Any], limit: int, key: Any) -> dict[str, Any]:
    """`{"items", "next"}` from `limit + 1` rows at most. key: item → tuple for the cursor."""
    shown = list(items[:limit])
    following = encode_cursor(*key(shown[-1])) if len(items) > limit else None
    return {"items": shown, "next": following}


def example(**values: Any) -> ConfigDict:
    """The configuration of a request's model that shows these values as its example in the OpenAPI document."""
    return cast(ConfigDict, {"openapi_extra": {"example": values}})
