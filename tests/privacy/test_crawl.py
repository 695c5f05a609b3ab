"""Everybody walks through everything, in both languages, and meets nobody else's words."""

import re
from collections.abc import Iterable, Mapping

import pytest
from flask import Flask

from app.database import Base
from tests.http import browser
from tests.privacy.crawling import PREFIX, Page, Walk, addresses, may_see, walk, walk_api
from tests.privacy.story import Market
from tests.privacy.words import PUBLIC, Eye, Readers, eyes_of, texts, unmarked_columns, words_of
from tests.world import Person

VISITOR = "visitor"
# What people write and read, unlike ids.
WRITTEN = re.compile(r"zz.*zz|[BW]\d{4}-.{5}")
OWN_TEXTS = (
    *("booking.code", "booking.sample", "booking.note", "order.code", "test_report.number", "event.data"),
    "stored_file.name",
)
# Whom we send, and the columns whose words he has to meet, or else he has not seen the pages at all.
PEOPLE = {
    VISITOR: (),
    "yi.manager": (*OWN_TEXTS, "user.email", "user.name", "invitation.email", "api_token.name"),
    "jia.engineer": OWN_TEXTS,
    "here.desk": (*OWN_TEXTS, "closure.reason", "organisation.short_zh", "organisation.name_en"),
    "here.crew": ("booking.code", "booking.sample", "test_report.number", "closure.reason"),
    "sister.desk": (*OWN_TEXTS, "organisation.short_zh"),
    "coordinator": ("api_token.name",),
    "admin": ("organisation.name_zh", "user.email"),
}
OWN_DATA = ("booking.code", "booking.sample", "booking.note", "order.code", "event.data")
PROGRAMS = {
    VISITOR: (),
    "yi.engineer write": OWN_DATA,
    "yi.manager read": OWN_DATA,
    "here.desk read": OWN_DATA,
    "here.crew write": ("booking.code", "booking.sample"),
    "sister.desk write": OWN_DATA,
    "coordinator read": (),
    "admin write": (),
}


def words_of_columns(columns: Iterable[str], person: Person | None, readers: Mapping[str, frozenset[Eye]]) -> set[str]:
    """The words in these columns that the person may meet."""
    eyes, tables, found = eyes_of(person.viewer if person else None), Readers().tables, set()
    for table, column in (name.split(".") for name in columns):
        for row in tables[table]:
            found |= {word for word in words_of(row[column]) if readers[word] & eyes}
    return found


def foreign(pages: Iterable[Page], person: Person | None, readers: Mapping[str, frozenset[Eye]]) -> dict[str, set[str]]:
    """Words on these pages that are not the person's to meet, with the pages."""
    eyes, found = eyes_of(person.viewer if person else None), dict[str, set[str]]()
    for page in pages:
        for word in page.words():
            if word in readers and not readers[word] & eyes:
                found.setdefault(word, set()).add(page.path)
    return found


def check_answers(app: Flask, walked: Walk, person: Person | None, readers: Mapping[str, frozenset[Eye]]) -> None:
    """A foreign address is missing (404), never forbidden; nothing is at fault."""
    status = {page.path: page.status for page in walked.pages}
    foreign_addresses = [a for a in addresses(app) if a.path in status and not may_see(person, a, readers)]
    wrong = {a.path: status[a.path] for a in foreign_addresses if status[a.path] != missing(a.path, person)}
    assert not wrong
    assert not {path: code for path, code in status.items() if code >= 500 and path != "/readyz"}


def missing(path: str, person: Person | None) -> int:
    """What answers an address that is not one's own; a visitor is asked to sign in, whatever is there."""
    if person:
        return 404
    return 401 if path.startswith(PREFIX) else 303


def check_words(
    pages: Iterable[Page], person: Person | None, readers: Mapping[str, frozenset[Eye]], columns: Iterable[str]
) -> None:
    """Nobody else's words were met, and one's own were."""
    met_of_others = foreign(pages, person, readers)
    assert not met_of_others
    met = set().union(*(page.words() for page in pages))
    own = {word for word in words_of_columns(columns, person, readers) if WRITTEN.fullmatch(word)}
    not_met = own - met
    assert not not_met


def test_there_is_a_word_in_every_private_text(readers: Mapping[str, frozenset[Eye]]) -> None:
    tables = Readers().tables
    empty = [table.name for table in Base.metadata.sorted_tables if table.name not in PUBLIC and not tables[table.name]]
    assert [name for name in empty if list(texts(Base.metadata.tables[name]))] == ["scheduler_lease", "companion"]
    assert unmarked_columns() == []


@pytest.mark.parametrize("part", PEOPLE)
def test_pages(app: Flask, market: Market, readers: Mapping[str, frozenset[Eye]], part: str) -> None:
    person = market.people.get(part)
    walks = [walk(app, person, "zh"), walk(app, person, "en")]
    check_words([page for walked in walks for page in walked.pages], person, readers, PEOPLE[part])
    for walked in walks:
        check_answers(app, walked, person, readers)


@pytest.mark.parametrize("name", PROGRAMS)
def test_api(app: Flask, market: Market, readers: Mapping[str, frozenset[Eye]], name: str) -> None:
    person = market.people.get(name.partition(" ")[0])
    for language in ("zh", "en"):
        walked = walk_api(app, market.tokens.get(name, {}), language)
        check_words(walked.pages, person, readers, PROGRAMS[name])
        check_answers(app, walked, person, readers)


def test_calendars(app: Flask, market: Market, readers: Mapping[str, frozenset[Eye]]) -> None:
    """A calendar stands for the person who made it, whoever fetches it."""
    met = dict[str, set[str]]()
    for name, secret in market.calendars.items():
        person = market.people[name.partition(" ")[0]]
        page = Page.of("", browser(app).get(f"/calendar/{secret}.ics"))
        assert page.status == 200
        assert not foreign([page], person, readers), name
        met[name] = page.words()
    for part in ("jia.engineer", "here.desk", "here.crew"):
        own = words_of_columns(["booking.code", "booking.sample"], market.people[part], readers)
        seen = set().union(*(words for name, words in met.items() if name.startswith(part)))
        assert len(own & seen) > len(own) / 2, part


def test_what_an_invitation_tells(app: Flask, market: Market, readers: Mapping[str, frozenset[Eye]]) -> None:
    """Who holds the link reads who invites him, and as whom."""
    page = Page.of("", browser(app).get(f"/accounts/join/{market.invitations['jia']}"))
    manager = market.people["jia.manager"]
    may_meet = words_of_columns(["organisation.name_zh", "organisation.short_zh", "invitation.email"], manager, readers)
    assert page.status == 200
    assert page.words() & readers.keys() <= may_meet
    assert browser(app).get(f"/accounts/join/{'x' * 32}").status_code == 404


def test_other_companies_are_no_argument(app: Flask, market: Market) -> None:
    """Whether an organisation exists can't be asked."""
    client = browser(app, market.people["yi.manager"])
    other = market.people["jia.manager"].viewer.organisation_id
    for organisation in (other, "no-such-organisation"):
        assert client.get(f"/accounts/members?organisation={organisation}").status_code == 404
