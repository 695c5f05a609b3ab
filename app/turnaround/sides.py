"""What the summary keeps of a month for each company and each lab: the two sides that see their own lines."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select

from app.database import db
from app.identifiers import new_id
from app.orders.models import OrderLine
from app.turnaround import losses
from app.turnaround.cells import COUNTABLE
from app.turnaround.columns import Block, LineFacts, block
from app.turnaround.facts import facts
from app.turnaround.faults import FaultyLine, faulty
from app.turnaround.rules import days_of_month

# The column that names it, and its id.
Side = tuple[str, str]


def side_rows(month: str, inside: Sequence[ColumnElement[bool]], as_of: datetime) -> list[dict[str, Any]]:
    """The rows of `summarised_lines` for the lines of a month for which the conditions hold. Nine statements."""
    issued, lines = _issued(inside), defaultdict[Side, list[LineFacts]](list)
    wrong: dict[Side, dict[str, list[FaultyLine]]] = defaultdict(lambda: defaultdict(list))
    lost: dict[Side, dict[str, tuple[list[str], list[int]]]] = defaultdict(lambda: defaultdict(lambda: ([], [])))
    year = days_of_month(month).first.year
    for _month, company_id, line in facts([*inside, *COUNTABLE], year, year):
        lines["company_id", company_id].append(line)
        lines["lab_id", line.kind.lab_id].append(line)
    for company_id, lab_id, cause, line_id, seconds in losses.of_month(inside, as_of):
        for side in (("company_id", company_id), ("lab_id", lab_id)):
            lines_lost, seconds_lost = lost[side][cause]
            lines_lost.append(line_id)
            seconds_lost.append(seconds)
    for fault, company_id, each in faulty(inside, as_of):
        wrong["company_id", company_id][fault].append(each)
        wrong["lab_id", each.lab_id][fault].append(each)
    # A row that is inserted with others names all columns.
    nobody = {"company_id": None, "lab_id": None}
    return [
        {"id": new_id(), "month": month, **nobody, name: ident, "issued": count}
        | _columns(block(month, lines[name, ident]))
        | {"losses": lost[name, ident], "faulty": wrong.get((name, ident), {})}
        for (name, ident), count in issued.items()
    ]


def _issued(inside: Sequence[ColumnElement[bool]]) -> Counter[Side]:
    """How many lines each side has, countable or not."""
    query = select(OrderLine.company_id, OrderLine.lab_id, func.count()).where(*inside)
    found = Counter[Side]()
    for company_id, lab_id, count in db.session.execute(query.group_by(OrderLine.company_id, OrderLine.lab_id)):
        found["company_id", company_id] += count
        found["lab_id", lab_id] += count
    return found


def _columns(found: Block) -> dict[str, Any]:
    by_kind, lines = found.packed()
    return {"kinds": found.names, "by_kind": by_kind, "lines": lines, "line_ids": found.ids}
