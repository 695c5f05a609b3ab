"""What the keys of tables are called, in both languages."""

from collections.abc import Callable, Collection, Mapping
from functools import lru_cache

from flask_babel import gettext
from sqlalchemy import select

from app.database import db
from app.labs.labels import LEVELS
from app.labs.models import Domain, Lab, Test
from app.language import speaking
from app.turnaround.rules import GroupBy

Names = tuple[str, str]
STORED: Mapping[GroupBy, type[Lab] | type[Domain] | type[Test]] = {
    GroupBy.LAB: Lab,
    GroupBy.DOMAIN: Domain,
    GroupBy.TEST: Test,
}
# Municipalities are province and city in one.
CITY = "市"


def names_of(group_by: GroupBy, keys: Collection[str]) -> Mapping[str, Names]:
    """Chinese and English names by key; months and quarters name themselves."""
    if group_by in STORED:
        model = STORED[group_by]
        query = select(model.id, model.name_zh, model.name_en).where(model.id.in_(keys))
        return {key: (name_zh, name_en) for key, name_zh, name_en in db.session.execute(query)}
    say = _SAID.get(group_by, lambda key, _english: key)
    with speaking("zh"):
        chinese = {key: say(key, False) for key in keys}
    with speaking("en"):
        return {key: (chinese[key], say(key, True)) for key in keys}


def filtered(lab_id: str | None, domain_id: str | None, test_id: str | None) -> list[tuple[GroupBy, Names]]:
    """The names of what an address is narrowed to."""
    wanted = {GroupBy.LAB: lab_id, GroupBy.DOMAIN: domain_id, GroupBy.TEST: test_id}
    return [(group_by, names_of(group_by, [key]).get(key, (key, key))) for group_by, key in wanted.items() if key]


def _level(key: str, _english: bool) -> str:
    return gettext(LEVELS.get(key, key))


def _route(key: str, _english: bool) -> str:
    origin, _, destination = key.partition(">")
    return f"{gettext(origin)} → {gettext(destination)}"


def _city(key: str, english: bool) -> str:
    where, _, destination = key.partition(">")
    _province, _, city = where.partition("/")
    return f"{_in_letters(city) if english else city} → {gettext(destination)}"


_SAID: Mapping[GroupBy, Callable[[str, bool], str]] = {
    GroupBy.LEVEL: _level,
    GroupBy.ROUTE: _route,
    GroupBy.CITY: _city,
}


@lru_cache(maxsize=512)
def _in_letters(city: str) -> str:
    """`Chengdu` of 成都市, as maps write it; what is no Chinese stays as it is."""
    from pypinyin import lazy_pinyin  # here, for its dictionary is only needed for this

    return "".join(lazy_pinyin(city.removesuffix(CITY))).capitalize() if not city.isascii() else city
