"""Walking through the product as one person: every address of the address map, every link of every page."""

import re
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape
from io import BytesIO
from itertools import product
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from zipfile import ZipFile

from flask import Flask
from python_calamine import CalamineWorkbook
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from app.accounts.models import ApiToken, Invitation, JoinRequest, Membership, Organisation, User
from app.api import PREFIX
from app.booking.desk_models import Deputy, WaitlistEntry
from app.booking.models import Booking, Closure, RuleWaiver
from app.database import db
from app.feeds.models import FeedSubscription
from app.files.models import StoredFile
from app.jobs import service as jobs
from app.labs.capacity import LabDay, LabRule, LabShiftPattern, Limitation
from app.labs.models import Lab, Method, Resource, Test
from app.notifications.models import Mail, Notice
from app.notifications.service import unsubscribe_token
from app.orders.models import Order, OrderLine
from app.samples.models import Sample, SamplePlace
from app.testing.models import BenchToken, SavedFilter, TestReport
from app.turnaround.models import GeneratedReport, ScheduledReport
from tests.http import browser
from tests.privacy.words import Eye, eyes_of, found_in
from tests.world import Person, at

# Links to one page with other arguments are followed so often and no further: the days of a calendar have no end.
SAME_ARGUMENTS, SAME_PAGE = 2, 5
# Of the rows behind one route so many are looked at in the second language.
SAME_ROUTE = 4
LINK = re.compile(r"""\s(?:href|src|action)="([^"]+)\"""")
NEXT = re.compile(r'"next":\s*"([^"]+)"')
# Files of the product itself, and what changes how a session looks.
SKIPPED = frozenset(
    {
        "static",
        "openapi.static",
        "swagger.static",
        "web.language",
        "web.theme",
        "swagger.oauth2-redirect",
        "web.favicon",
        "feeds.calendar",
        "accounts.join",
        # Its address is the secret, as is a calendar's.
        "verify.code",
    }
)
# Times that others hold on benches: one taken by a rival, one by maintenance, one free.
INSTANTS = tuple(start.isoformat() for start in (at(9), at(17), at(26)))
DATES = {"from": "2026-11-01", "to": "2026-11-30", "earliest": "2026-11-03", "day": "2026-11-09"}


WORK = ("review", "receive", "start", "late", "report", "mine", "open")


class Unknown(Exception):
    """A route, or an argument of the API, that this walk does not know how to fill in."""


def ids(model: type) -> list[str]:
    """All ids of a table."""
    return [row.id for row in db.session.query(model)]


def parameters() -> dict[str, list[str]]:
    """What a parameter of an address can be: every row there is, whoever it belongs to."""
    return {
        "booking_id": ids(Booking),
        "closure_id": ids(Closure),
        "day_id": ids(LabDay),
        "deputy_id": ids(Deputy),
        "entry_id": ids(WaitlistEntry),
        "limitation_id": ids(Limitation),
        "new_id": ids(Method)[:1],
        "old_id": ids(Method)[:1],
        "pattern_id": ids(LabShiftPattern),
        "pool": ["chamber", "far-rig"],
        "rule_id": ids(LabRule),
        "waiver_id": ids(RuleWaiver),
        "answer": ["accept", "decline"],
        "request_id": ids(JoinRequest),
        "filter_id": ids(SavedFilter),
        "feed_id": ids(FeedSubscription),
        "file_id": ids(StoredFile),
        "invitation_id": ids(Invitation),
        "lab_id": ids(Lab),
        "membership_id": ids(Membership),
        "method_id": ids(Method),
        "mail_id": ids(Mail),
        "notice_id": ids(Notice),
        "token": [unsubscribe_token(user, None) for user in ids(User)[:3]],
        "name": list(jobs.names()),
        "number": ["1", "2"],
        "order_id": ids(Order),
        "bench_token_id": ids(BenchToken),
        "line_id": ids(OrderLine),
        "place_id": ids(SamplePlace),
        "sample_id": ids(Sample),
        "report_id": [*ids(GeneratedReport), *ids(ScheduledReport), *ids(TestReport)],
        "resource_id": ids(Resource),
        "test_id": ids(Test),
        "token_id": ids(ApiToken),
        "user_id": ids(User),
    }


# Whether a parameter names a row that belongs to somebody; others are the catalogue's or the program's.
PRIVATE = frozenset(
    {
        "closure_id",
        "day_id",
        "deputy_id",
        "entry_id",
        "limitation_id",
        "pattern_id",
        "rule_id",
        "waiver_id",
        "booking_id",
        "feed_id",
        "file_id",
        "filter_id",
        "request_id",
        "invitation_id",
        "membership_id",
        "order_id",
        "bench_token_id",
        "line_id",
        "place_id",
        "sample_id",
        "notice_id",
        "report_id",
        "token_id",
        "user_id",
    }
)


def asked() -> dict[str, list[str]]:
    """Arguments behind the question mark that pages know, with what belongs to others among them."""
    companies = ids(Organisation)
    return {
        "/capacity/here/rules/why": ["company=x&test=t&resource=chamber&starts_at=2026-11-26T08:30"],
        "/capacity/here/closures/new": ["resource=chamber&places=1&starts_at=2026-11-26T00:30Z&ends_at=2026-11-26"],
        "/capacity/here/calendars/": ["resource=chamber&month=2026-11"],
        "/accounts/members": [f"organisation={each}" for each in companies],
        "/bookings/": ["state=all", "state=over", "state=expired", "lab=elsewhere", "state=all&lab=here"],
        "/bookings/new": [
            f"test={test}&resource={resource}&starts_at={start}"
            for (test, resource), start in product((("t", "chamber"), ("s", "shaker"), ("t", "far-rig")), INSTANTS)
        ],
        "/feeds/": ["what=lab:here", "what=company"],
        "/notices/": ["kind=requests", "kind=changes", "kind=reminders"],
        "/bookings/bookings.xlsx": ["state=all", "state=all&lab=here"],
        "/work/": [f"list={each}{more}" for each in WORK for more in ("", "&q=zz", "&q=BP", "&lab=here&bench=chamber")],
        "/work/work.xlsx": [f"list={each}" for each in WORK],
        "/inbox": [f"list={each}" for each in ("decide", "start", "running", "report")],
        "/orders/": [f"state={each}" for each in ("open", "draft", "issued", "closed")],
        "/orders/orders.xlsx": [f"state={each}" for each in ("open", "draft", "issued", "closed")],
        "/orders/template.xlsx": ["lab=here"],
        "/schedule": [
            "lab=all&days=14&from=2026-11-02",
            "lab=all&days=7&from=2026-10-26",
            "lab=here&days=1&from=2026-11-09",
            "lab=here&days=7&from=2026-11-16",
            "lab=elsewhere&days=14&from=2026-11-02",
            "test=t&days=14&from=2026-11-02&lab=all",
        ],
        "/resources/chamber/day-sheet": ["day=2026-11-09", "day=2026-11-17"],
        "/resources/far-rig/day-sheet": ["day=2026-11-17"],
        "/search": ["q=GB+TEST", "q=zzjia", "test=t", "test=t&order=bench"],
        "/turnaround/": [
            *(f"group_by={each}" for each in ("lab", "domain", "test", "month")),
            "grain=quarter",
            "group_by=test&rows=all",
            "view=projected",
        ],
        "/turnaround/forecast/lines": ["date=safe", "date=base_likely&month=2026-10"],
        "/turnaround/bottlenecks": ["pool=chamber", "pool=far-rig&months=3", "lab=elsewhere"],
        "/turnaround/bottlenecks/hours": ["of=lost", "pool=chamber&months=3", "pool=far-rig&of=closure:power"],
        "/turnaround/lines": [
            *("lab=here", "sort=longest", "month=2026-10", "quarter=2026-Q4", "over=80", "fault=shares"),
            *(f"of={each}" for each in ("submitted", "open", "left", "retested", "left_out", "under_way")),
            *(f"cause={each}" for each in ("customer:sample", "pause:equipment", "retest:invalid")),
        ],
        "/turnaround/turnaround.csv": [f"group_by={each}" for each in ("lab", "test", "month")],
        f"{PREFIX}/bookings": ["state=completed", "lab=here", "lab=elsewhere", "limit=2"],
        f"{PREFIX}/events": ["limit=200", "limit=3"],
        f"{PREFIX}/offers": ["test=t&lab=here&limit=100", "test=s&limit=100", "test=t&earliest=2026-11-09"],
        f"{PREFIX}/orders": [f"group={each}" for each in ("open", "draft", "issued", "closed")],
        f"{PREFIX}/turnaround/trend": ["grain=quarter", "lab=elsewhere"],
        f"{PREFIX}/turnaround/reasons": ["against=year"],
        f"{PREFIX}/turnaround/lines": ["limit=2", "of=under_way", "sort=longest&lab=elsewhere", "fault=shares"],
        f"{PREFIX}/turnaround": [f"group_by={each}" for each in ("lab", "domain", "test", "month")],
    }


@dataclass(frozen=True)
class Address:
    """One address of the map; `rows`: ids of private rows that stand in it."""

    path: str
    endpoint: str
    rows: tuple[str, ...] = ()


def addresses(app: Flask, method: str = "GET") -> Iterator[Address]:
    """Every address that takes the method, with every row filled in. Raises Unknown for a parameter of a new kind."""
    known = parameters()
    for rule in sorted(app.url_map.iter_rules(), key=lambda each: each.rule):
        if method not in (rule.methods or ()) or rule.endpoint in SKIPPED:
            continue
        for values in _fillings(rule, known):
            rows = tuple(values[name] for name in sorted(values.keys() & PRIVATE))
            yield Address(_built(rule, values), rule.endpoint, rows)


# Parameters that choose what is done, not to what.
CHOICES = {
    "step": ("confirm", "cancel", "request", "move", "approve"),
    "custody_step": ("dispatch", "store"),
    "run_step": ("pause", "finish"),
    "report_step": ("review", "withdraw"),
    "state": ("off",),
    "kind": ("weekly_hours", "confirmed_at_once"),
    "chosen": ("open",),
}


def _fillings(rule: Rule, known: Mapping[str, Sequence[str]]) -> Iterator[dict[str, str]]:
    known = {**known, **CHOICES}
    names = sorted(rule.arguments)
    if missing := [name for name in names if name not in known]:
        raise Unknown(f"{rule.rule}: say in {__name__}.parameters() what {missing} can be")
    filled = (dict(zip(names, values, strict=True)) for values in product(*(known[name] for name in names)))
    part = next((name for name in names if name in PARTS), None)
    if part is None or "order_id" not in names:
        return filled
    # All parts in all orders would be many thousands: each in its own, and in one other.
    own, orders = owners(part), known["order_id"]
    other = {ident: orders[(place + 1) % len(orders)] for place, ident in enumerate(known[part])}
    return (each for each in filled if each["order_id"] in (own.get(each[part]), other[each[part]]))


# What lies in an order, and is named behind it.
PARTS: Mapping[str, tuple[Any, Any]] = {
    "line_id": (OrderLine.id, OrderLine.order_id),
    "sample_id": (Sample.id, Sample.order_id),
    "file_id": (StoredFile.id, StoredFile.subject_id),
}


def owners(part: str) -> dict[str, str]:
    """The order in which each row of this parameter lies."""
    return dict(db.session.query(*PARTS[part]).all())


def _built(rule: Rule, values: Mapping[str, str]) -> str:
    path = re.sub(r"<(?:[^<>]*:)?([a-z_]+)>", lambda part: values[part.group(1)], rule.rule)
    assert "<" not in path, path
    return path


@dataclass
class Page:
    """An answer: everything that reached the reader, headers and all."""

    path: str
    status: int
    location: str
    text: str
    body: str

    @classmethod
    def of(cls, path: str, answer: TestResponse) -> "Page":
        if answer.mimetype.endswith(".sheet"):
            book = CalamineWorkbook.from_filelike(BytesIO(answer.get_data()))
            rows = [row for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python()]
            body = "\n".join(" ".join(map(str, row)) for row in rows)
        elif answer.mimetype == "application/zip":
            pack = ZipFile(BytesIO(answer.get_data()))
            body = "\n".join(f"{name}\n{pack.read(name).decode('utf-8', 'replace')}" for name in pack.namelist())
        else:
            # Of a PDF its own facts are read; what it shows is drawn from the page of the same cover.
            body = answer.get_data().decode("utf-8", "replace")
        if answer.mimetype == "text/calendar":
            body = body.replace("\r\n ", "")
        head = "\n".join(f"{name}: {value}" for name, value in answer.headers)
        return cls(path, answer.status_code, answer.headers.get("Location", ""), f"{head}\n\n{body}", body)

    def words(self) -> set[str]:
        """Words that could be somebody's, but for those that the reader sent himself."""
        return found_in(self.text) - found_in(self.path)


@dataclass
class Walk:
    """A person's way through all pages; `pages` is what was read."""

    app: Flask
    person: Person | None
    language: str
    headers: Mapping[str, str] = field(default_factory=dict)
    same_route: int = 1000
    pages: list[Page] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.client = browser(self.app, self.person)
        self.client.get(f"/language/{self.language}")
        self.router = self.app.url_map.bind("localhost")
        self.seen: set[str] = set()
        self.places: Counter[tuple[str, ...]] = Counter()

    def read(self, path: str) -> Page:
        """One answer."""
        self.seen.add(path)
        headers = {"Accept-Language": self.language, **self.headers}
        page = Page.of(path, self.client.get(path, headers=headers))
        self.pages.append(page)
        return page

    def follow(self, path: str) -> None:
        """Read the page and all that it leads to."""
        waiting = deque([path])
        while waiting:
            path = waiting.popleft()
            if path not in self.seen:
                waiting += self._leads_to(self.read(path))

    def _leads_to(self, page: Page) -> list[str]:
        found = [unescape(link) for link in LINK.findall(page.body)] if "<html" in page.body else []
        found = [*found, page.location]
        following = NEXT.search(page.body)
        if following and page.path.startswith(PREFIX):
            name = "after" if page.path.startswith(f"{PREFIX}/events") else "cursor"
            found.append(_with(page.path, name, following[1]))
        return [path for link in found if (path := self._own(page.path, link)) and self._is_new(path)]

    def _own(self, base: str, link: str) -> str | None:
        """The link as a path of ours; None for another site, a fragment or a file."""
        parts = urlsplit(link)
        if parts.netloc not in ("", "localhost") or parts.scheme not in ("", "http") or not (parts.path or parts.query):
            return None
        path = parts.path or urlsplit(base).path
        return f"{path}?{parts.query}" if parts.query else path

    def _is_new(self, path: str) -> bool:
        parts = urlsplit(path)
        try:
            endpoint, _ = self.router.match(parts.path, "GET")
        except HTTPException:
            return False
        if path in self.seen or endpoint in SKIPPED:
            return False
        place = (parts.path, *sorted({name for name, _ in parse_qsl(parts.query)}))
        most = {place: SAME_ARGUMENTS, place[:1]: SAME_PAGE, (endpoint,): self.same_route}
        if any(self.places[each] >= count for each, count in most.items()):
            return False
        self.places.update(most.keys())
        return True


def _with(path: str, name: str, value: str) -> str:
    parts = urlsplit(path)
    args = [(key, given) for key, given in parse_qsl(parts.query) if key != name]
    return f"{parts.path}?{urlencode([*args, (name, value)])}"


def api_questions(app: Flask) -> Iterator[str]:
    """Every GET of the API document with what it needs to be asked. Raises Unknown for a needed argument."""
    document = browser(app).get("/openapi/openapi.json").get_json()
    values = {"test": "t", **DATES}
    known = parameters()
    for pattern, operations in document["paths"].items():
        if "get" not in operations:
            continue
        needed = [each for each in operations["get"].get("parameters", ()) if each.get("required")]
        query = {each["name"]: values.get(each["name"]) for each in needed if each["in"] == "query"}
        if None in query.values():
            raise Unknown(f"{pattern}: say in {__name__} what {sorted(query)} can be")
        names = re.findall(r"{(\w+)}", pattern)
        for chosen in product(*(known[name] for name in names)):
            path = pattern
            for name, value in zip(names, chosen, strict=True):
                path = path.replace(f"{{{name}}}", value)
            yield f"{path}?{urlencode(query)}" if query else path


def may_see(person: Person | None, address: Address, readers: Mapping[str, frozenset[Eye]]) -> bool:
    """Whether all rows in the address are the person's to know."""
    eyes = eyes_of(person.viewer if person else None)
    return all(readers[row] & eyes for row in address.rows)


def walk(app: Flask, person: Person | None, language: str) -> Walk:
    """What this person can read: by links, by questions and, in Chinese, at every address of the map."""
    chinese = language == "zh"
    walking = Walk(app, person, language) if chinese else Walk(app, person, language, same_route=SAME_ROUTE)
    walking.follow("/")
    for address in addresses(app) if chinese else ():
        if not address.path.startswith(PREFIX):
            walking.follow(address.path)
    for path, questions in asked().items():
        if not path.startswith(PREFIX):
            for question in questions:
                walking.follow(f"{path}?{question}")
    return walking


def walk_api(app: Flask, headers: Mapping[str, str], language: str) -> Walk:
    """Everything that a program with these headers can read."""
    walking = Walk(app, None, language, headers)
    for path in api_questions(app):
        walking.follow(path)
    for path, questions in asked().items():
        if path.startswith(PREFIX):
            for question in questions:
                walking.follow(f"{path}?{question}")
    return walking
