"""Lines of the database as cells: the smallest groups that any figure is put together from."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, func, select

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
MONTH: ColumnElement[str] = func.substr(sql.local_date(OrderLine.issued_at), 1, 7)


# Of a lab, a domain, a test.
Filters = tuple[str | None, str | None, str | None]
# The first eight fields of a cell.
Where = tuple[str, str, str, str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class Cell:
    """The lines of one test at one lab that companies of one city had issued in one month.

    month: `YYYY-MM`, local. province, city: the companies'. lab_province: that of the lab's operator.
    """

    month: str
    lab_id: str
    level: str
    lab_province: str
    test_id: str
    domain_id: str
    province: str
    city: str
    tally: Tally

    @property
    def paths(self) -> tuple[Path, tuple[Path, Path, Path]]:
        """Where it stands on the axes of suppression: of tests, and of labs, ways and months."""
        lab = f"lab:{self.lab_id}", f"lab:level:{self.level}", ALL
        way = f"way:{self.city_route}", f"way:{self.route}", ALL
        month = f"time:{self.month}", f"time:{quarter(self.month)}", ALL
        return (self.test_id, DOMAIN + self.domain_id, ALL), (lab, way, month)

    @property
    def route(self) -> str:
        """From which province to which."""
        return f"{self.province}>{self.lab_province}"

    @property
    def city_route(self) -> str:
        """From which city to which province."""
        return f"{self.province}/{self.city}>{self.lab_province}"


KEYS: Mapping[GroupBy, Callable[[Cell], str]] = {
    GroupBy.LAB: lambda cell: cell.lab_id,
    GroupBy.DOMAIN: lambda cell: cell.domain_id,
    GroupBy.TEST: lambda cell: cell.test_id,
    GroupBy.MONTH: lambda cell: cell.month,
    GroupBy.QUARTER: lambda cell: quarter(cell.month),
    GroupBy.LEVEL: lambda cell: cell.level,
    GroupBy.CITY: lambda cell: cell.city_route,
    GroupBy.ROUTE: lambda cell: cell.route,
}


def grouped(cells: Iterable[Cell], group_by: GroupBy) -> dict[str, Tally]:
    """The lines of the cells by key of the group."""
    parts: dict[str, list[Tally]] = defaultdict(list)
    for cell in cells:
        parts[KEYS[group_by](cell)].append(cell.tally)
    return {key: together(tallies) for key, tallies in parts.items()}


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


def live_cells(conditions: Sequence[ColumnElement[bool]], first_year: int, last_year: int) -> list[Cell]:
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
            lab.c.province,
            OrderLine.test_id,
            Test.domain_id,
            Organisation.province,
            Organisation.city,
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
    rows: dict[Where, list[Any]] = defaultdict(list)
    for row in db.session.execute(query):
        where: Where = row[:8]
        rows[where].append(row[8:])
    return [Cell(*key, _tally(lines)) for key, lines in rows.items()]


def _tally(lines: Sequence[Any]) -> Tally:
    companies, whole, working, *parts = zip(*lines, strict=True)
    return Tally(sorted(whole), sorted(working), [sum(part) for part in parts], Counter(companies))
