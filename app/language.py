"""Two languages: which one this request speaks, and how dates, spans and refusals are written in it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, g, has_request_context, request, session
from flask_babel import Babel, force_locale, get_locale, gettext, ngettext
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup

from app.errors import YujianError

LOCALES = {"zh": "zh_Hans_CN", "en": "en"}
ZONE = ZoneInfo("Asia/Shanghai")
WEEKDAYS_ZH = "一二三四五六日"
WEEKDAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HAN, _WORD = re.compile(r"[\u4e00-\u9fff]"), re.compile(r"[A-Za-z]{2,}")
SENTENCE = 3

babel = Babel()


def init_app(app: Flask) -> None:
    """Bind Babel and the template filters."""
    babel.init_app(app, default_locale="zh_Hans_CN", locale_selector=_select, default_timezone="Asia/Shanghai")
    # A page asks for some fifty texts: each is looked up once and kept.
    app.jinja_env.globals.update(_=text, gettext=text)
    app.jinja_env.filters.update(
        day=day,
        dated=dated,
        weekday=weekday,
        moment=moment,
        clock=clock,
        span=span,
        hours=hours,
        pick=pick,
        zh_only=zh_only,
        typed=typed,
    )
    app.jinja_env.globals.update(lang=lang)


@pass_eval_context
def text(context: EvalContext, message: str, /, **facts: Any) -> Markup | str:
    """Template global `_`: the message, always a format, in this request's language; on pages its facts are escaped."""
    found = _text(lang(), message)
    if not context.autoescape:
        return str(found) % facts
    return found % facts if facts or "%" in found else found


@lru_cache(maxsize=4096)
def _text(_language: str, message: str) -> Markup:
    return Markup(gettext(message))  # noqa: S704  # ours, not a visitor's


def _select() -> str:
    if not has_request_context():
        return LOCALES["zh"]
    if request.path.startswith(("/api/", "/calendar/")):
        chosen = request.accept_languages.best_match(["zh", "zh-CN", "zh-Hans", "en"], default="zh")
    else:
        chosen = session.get("language") or request.accept_languages.best_match(["zh", "zh-CN", "en"], default="zh")
    return LOCALES["en" if str(chosen).startswith("en") else "zh"]


def lang() -> str:
    """`zh` or `en`, the language of this request."""
    try:
        spoken: str | None = g.get("spoken")
    except RuntimeError:  # outside of the application
        return "zh"
    if spoken is None:
        spoken = g.spoken = "en" if get_locale().language == "en" else "zh"
    return spoken


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Context manager: texts in `zh` or `en`, for feeds, mails and exports in the receiver's language."""
    with force_locale(LOCALES[language]):
        before, g.spoken = g.get("spoken"), language
        try:
            yield
        finally:
            g.spoken = before


def pick(thing: Any, field: str = "name") -> str:
    """`thing.name_zh` or `thing.name_en`; Chinese where the English is empty."""
    value: str = getattr(thing, f"{field}_{lang()}") or getattr(thing, f"{field}_zh")
    return value


def zh_only(text: str) -> str | Markup:
    """A fact that exists in Chinese only, marked as such on an English page."""
    return text if lang() == "zh" else Markup('<span lang="zh-CN">{}</span>').format(text)


def typed(text: str) -> str | Markup:
    """What a person wrote, with its language where that is not the page's: Chinese by its characters, English from
    three words on, for a code is neither.
    """
    written = "zh" if _HAN.search(text) else "en" if len(_WORD.findall(text)) >= SENTENCE else lang()
    if written == lang():
        return text
    return Markup('<span lang="{}">{}</span>').format("zh-CN" if written == "zh" else written, text)


def local(at: datetime) -> datetime:
    """The instant in the labs' zone."""
    return at.astimezone(ZONE)


def _today() -> date:
    """The local date this request began on; decides whether the year is shown."""
    if has_request_context():
        if "today" not in g:
            g.today = datetime.now(UTC).astimezone(ZONE).date()
        today: date = g.today
        return today
    return datetime.now(UTC).astimezone(ZONE).date()


def day(value: date | datetime, weekday: bool = True) -> str:
    """`05-06 周三` or `Wed 6 May`; with the year only when it differs from today's."""
    on = local(value).date() if isinstance(value, datetime) else value
    year = on.year != _today().year
    if lang() == "zh":
        text = f"{on:%Y-%m-%d}" if year else f"{on:%m-%d}"
        return f"{text} 周{WEEKDAYS_ZH[on.weekday()]}" if weekday else text
    text = f"{on.day} {MONTHS_EN[on.month - 1]}" + (f" {on.year}" if year else "")
    return f"{WEEKDAYS_EN[on.weekday()]} {text}" if weekday else text


def dated(on: date) -> str:
    """`2026-05-06` or `6 May 2026`: with its year, for what is not about now."""
    return on.isoformat() if lang() == "zh" else f"{on.day} {MONTHS_EN[on.month - 1]} {on.year}"


def weekday(value: date | datetime) -> str:
    """`周三` or `Wed`."""
    on = local(value).date() if isinstance(value, datetime) else value
    return f"周{WEEKDAYS_ZH[on.weekday()]}" if lang() == "zh" else WEEKDAYS_EN[on.weekday()]


def clock(at: datetime) -> str:
    """`08:30`, local."""
    return f"{local(at):%H:%M}"


def moment(at: datetime) -> str:
    """`05-06 周三 08:30` or `Wed 6 May 08:30`."""
    return f"{day(at)} {clock(at)}"


def span(start: datetime, end: datetime) -> str:
    """From instant to instant; the day is written once when it is the same."""
    if local(start).date() == local(end).date():
        return f"{moment(start)}–{clock(end)}"
    return f"{moment(start)} – {moment(end)}"


def hours(length: timedelta | int) -> str:
    """A duration (or minutes): `90 min`, `4 h`, `1.5 h`, `6 天` / `6 days` from 72 h."""
    minutes = int(length.total_seconds() // 60) if isinstance(length, timedelta) else length
    if minutes < 120 and minutes % 60:
        return f"{minutes} min"
    if minutes >= 72 * 60:
        days = f"{minutes / 1440:.1f}".removesuffix(".0")
        return gettext("%(days)s 天", days=days)
    return f"{minutes / 60:.1f}".removesuffix(".0") + " h"


def refusal(error: YujianError) -> str:
    """The refusal in this request's language, its facts written for people."""
    facts = {name: _fact(value) for name, value in error.facts.items()}
    if error.counted:
        return ngettext(error.message, error.message, facts.pop("num"), **facts)
    return gettext(error.message, **facts) if facts else gettext(error.message)


def refusal_in_both(error: YujianError) -> str:
    """The refusal in Chinese and English, a line each, for people at a terminal."""
    lines = []
    for language in LOCALES:
        with speaking(language):
            lines.append(refusal(error))
    return "\n".join(dict.fromkeys(lines))


def _fact(value: Any) -> Any:
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return day(value)
    if isinstance(value, timedelta):
        return hours(value)
    if isinstance(value, list):
        return gettext("、").join(str(_fact(each)) for each in value)
    if getattr(value, "name_zh", None):
        return pick(value)
    label = getattr(value, "label", None)
    return gettext(label) if label else value
