"""Lines of the database as cells: the smallest groups that any figure is put together from."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select

from app.accounts.models import Organisation
from app.database import db
from app.labs.models import Lab, Test
from app.orders.models import OrderLine
from app.turnaround import sql
from app.turnaround.rules import GroupBy, quarter
from app.turnaround.suppression import ALL, Node, Path
from app.turnaround.tally import Tally, together

INSTANTS = (
    OrderLine.submitted_at,
    OrderLine.accepted_at,
    OrderLine.taken_at,
    OrderLine.ended_at,
    OrderLine.issued_at,
)
WHOLE = sql.seconds_between(OrderLine.submitted_at, OrderLine.issued_at)
# Domains stand on one axis of suppression with the ids of tests.
DOMAIN = "domain:"
# Issued lines count with all their instants, and where what lies inside them is not longer than they are.
COUNTABLE = (
    and_(OrderLine.submitted_at.is_not(None), OrderLine.accepted_at.is_not(None)),
    OrderLine.customer_seconds + OrderLine.paused_seconds <= WHOLE,
)
MONTH: ColumnElement[str] = func.substr(sql.local_date(OrderLine.issued_at), 1, 7)


# Of a lab, a domain, a test.
Filters = tuple[str | None, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Cell:
    """The lines of one test at one lab that were issued in one month. month: `YYYY-MM`, local."""

    month: str
    lab_id: str
    level: str
    test_id: str
    domain_id: str
    tally: Tally

    @property
    def paths(self) -> tuple[Path, tuple[Path, Path]]:
        """Where it stands on the axes of suppression: of tests, and of labs and months."""
        lab = f"lab:{self.lab_id}", f"lab:level:{self.level}", ALL
        month = f"time:{self.month}", f"time:{quarter(self.month)}", ALL
        return (self.test_id, DOMAIN + self.domain_id, ALL), (lab, month)


@dataclass(frozen=True, slots=True)
class Way:
    """The same lines by where they came from: those of a domain from companies of one city to labs of one province."""

    month: str
    domain_id: str
    province: str
    city: str
    lab_province: str
    tally: Tally

    @property
    def paths(self) -> tuple[Path, tuple[Path]]:
        """Where it stands on the axes of suppression: of tests, and of ways."""
        return (DOMAIN + self.domain_id, ALL), ((f"way:{self.city_route}", f"way:{self.route}", ALL),)

    @property
    def route(self) -> str:
        """From which province to which."""
        return f"{self.province}>{self.lab_province}"

    @property
    def city_route(self) -> str:
        """From which city to which province."""
        return f"{self.province}/{self.city}>{self.lab_province}"


@dataclass(frozen=True, slots=True)
class Cells:
    """All lines in question, once by lab and test and once by way."""

    labs: Sequence[Cell]
    ways: Sequence[Way]

    def __add__(self, other: "Cells") -> "Cells":
        return Cells([*self.labs, *other.labs], [*self.ways, *other.ways])


OF_LABS: Mapping[GroupBy, Callable[[Cell], str]] = {
    GroupBy.LAB: lambda cell: cell.lab_id,
    GroupBy.DOMAIN: lambda cell: cell.domain_id,
    GroupBy.TEST: lambda cell: cell.test_id,
    GroupBy.MONTH: lambda cell: cell.month,
    GroupBy.QUARTER: lambda cell: quarter(cell.month),
    GroupBy.LEVEL: lambda cell: cell.level,
}
OF_WAYS: Mapping[GroupBy, Callable[[Way], str]] = {
    GroupBy.CITY: lambda way: way.city_route,
    GroupBy.ROUTE: lambda way: way.route,
}


def grouped(cells: Cells, group_by: GroupBy) -> dict[str, Tally]:
    """The lines of the cells by key of the group."""
    parts: dict[str, list[Tally]] = defaultdict(list)
    if group_by in OF_WAYS:
        for way in cells.ways:
            parts[OF_WAYS[group_by](way)].append(way.tally)
    else:
        for cell in cells.labs:
            parts[OF_LABS[group_by](cell)].append(cell.tally)
    return {key: together(tallies) for key, tallies in parts.items()}


def kinds_of(cells: Cells) -> dict[tuple[str, str], tuple[int, Sequence[int]]]:
    """Of each test and lab how many lines, and their seconds by part together."""
    parts: dict[tuple[str, str], list[Tally]] = defaultdict(list)
    for cell in cells.labs:
        parts[cell.test_id, cell.lab_id].append(cell.tally)
    return {
        kind: (
            sum(each.lines for each in tallies),
            [sum(part) for part in zip(*(each.sums for each in tallies), strict=True)],
        )
        for kind, tallies in parts.items()
    }


_ROWS = {
    GroupBy.LAB: "lab:",
    GroupBy.LEVEL: "lab:level:",
    GroupBy.CITY: "way:",
    GroupBy.ROUTE: "way:",
    GroupBy.MONTH: "time:",
    GroupBy.QUARTER: "time:",
}


def node(filters: Filters, group_by: GroupBy | None = None, key: str = "") -> Node | None:
    """The node that these filters leave, or one row of a table under them; None for what can't be asked for."""
    lab_id, domain_id, test_id = filters
    column = test_id or (DOMAIN + domain_id if domain_id else ALL)
    if group_by is GroupBy.TEST:
        column = key
    elif group_by is GroupBy.DOMAIN:
        column = test_id or DOMAIN + key
    rows = {f"lab:{lab_id}"} if lab_id else set[str]()
    if group_by in _ROWS:
        rows.add(_ROWS[group_by] + key)
    row = next(iter(rows), ALL)
    by_test = column != ALL and not column.startswith(DOMAIN)
    return None if len(rows) > 1 or (row != ALL and by_test) else (row, column)


def live_cells(conditions: Sequence[ColumnElement[bool]], first_year: int, last_year: int) -> Cells:
    """The cells of the lines for which the conditions on order_line and test hold, reckoned now. One statement.

    The years are those of issue.
    """
    spans = [sql.seconds_between(begin, end) for begin, end in pairwise(INSTANTS)]
    operated = Organisation.id == Lab.organisation_id
    lab = select(Lab.id, Lab.level, Organisation.province).join(Organisation, operated).subquery()
    query = (
        select(
            MONTH,
            OrderLine.lab_id,
            lab.c.level,
            OrderLine.test_id,
            Test.domain_id,
            Organisation.province,
            Organisation.city,
            lab.c.province,
            OrderLine.company_id,
            WHOLE,
            sql.working_days(OrderLine.submitted_at, OrderLine.issued_at, first_year, last_year),
            *spans,
            OrderLine.customer_seconds,
            OrderLine.paused_seconds,
        )
        .join(Test, Test.id == OrderLine.test_id)
        .join(lab, lab.c.id == OrderLine.lab_id)
        .join(Organisation, Organisation.id == OrderLine.company_id)
        .where(*conditions)
    )
    labs: dict[tuple[str, str, str, str, str], list[Any]] = defaultdict(list)
    ways: dict[tuple[str, str, str, str, str], list[Any]] = defaultdict(list)
    for month, lab_id, level, test_id, domain_id, province, city, lab_province, *line in db.session.execute(query):
        labs[month, lab_id, level, test_id, domain_id].append(line)
        ways[month, domain_id, province, city, lab_province].append(line)
    return Cells(
        [Cell(*key, _tally(lines)) for key, lines in labs.items()],
        [Way(*key, _tally(lines)) for key, lines in ways.items()],
    )


def _tally(lines: Sequence[Any]) -> Tally:
    companies, whole, working, *parts = zip(*lines, strict=True)
    return Tally(sorted(whole), sorted(working), [sum(part) for part in parts], Counter(companies))
