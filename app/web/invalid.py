"""What pydantic finds wrong with a request, in words."""

from typing import Any

from flask_babel import gettext
from pydantic import ValidationError

from app.api import FieldError
from app.errors import N_

# Types of pydantic-core; placeholders are filled from the error's context.
MESSAGES = {
    "missing": N_("必须填写。"),
    "string_type": N_("须为文字。"),
    "string_too_short": N_("至少 %(min_length)s 个字符。"),
    "string_too_long": N_("最多 %(max_length)s 个字符。"),
    "string_pattern_mismatch": N_("格式不对。"),
    "int_type": N_("须为整数，不加引号。"),
    "int_parsing": N_("须为整数。"),
    "int_from_float": N_("须为整数。"),
    "int_parsing_size": N_("这个数太大。"),
    "float_type": N_("须为数字。"),
    "bool_type": N_("须为 true 或 false。"),
    "bool_parsing": N_("须为 true 或 false。"),
    "greater_than_equal": N_("不能小于 %(ge)s。"),
    "greater_than": N_("须大于 %(gt)s。"),
    "less_than_equal": N_("不能大于 %(le)s。"),
    "less_than": N_("须小于 %(lt)s。"),
    "literal_error": N_("只能是 %(expected)s。"),
    "enum": N_("只能是 %(expected)s。"),
    "extra_forbidden": N_("没有这个字段。"),
    "model_type": N_("请求正文须为 JSON 对象。"),
    "model_attributes_type": N_("请求正文须为 JSON 对象。"),
    "json_invalid": N_("请求正文不是 JSON。"),
    "list_type": N_("须为列表。"),
    "too_long": N_("最多 %(max_length)s 项。"),
    "too_short": N_("至少 %(min_length)s 项。"),
}
TIME = N_("请填带时区的时间，例如 2026-12-01T08:30:00+08:00。")
DATE = N_("请填日期，例如 2026-12-01。")
OTHER = N_("这个值不能用。")


def faults(error: ValidationError) -> list[FieldError]:
    """One line for each fault; the field is written with dots, `body` where the whole is wrong."""
    return [
        FieldError(field=".".join(str(part) for part in fault["loc"]) or "body", message=_message(fault))
        for fault in error.errors(include_url=False, include_input=False)
    ]


def _message(fault: Any) -> str:
    kind: str = fault["type"]
    if kind.startswith(("datetime", "time_", "timezone")) and kind not in MESSAGES:
        return gettext(TIME)
    if kind.startswith("date_"):
        return gettext(DATE)
    message, facts = MESSAGES.get(kind, OTHER), fault.get("ctx") or {}
    return gettext(message, **facts) if "%(" in message else gettext(message)
