"""Rows of own lines that an older version has kept stay in use (migration 0034)."""

import json
import sqlite3
from array import array
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import pytest
from flask_migrate import upgrade
from sqlalchemy import select

from app import create_app, startup
from app.accounts.models import Organisation, OrganisationKind
from app.database import db, transaction
from app.turnaround.columns import Block, opened
from app.turnaround.models import SummarisedLines

EMPTY = b""
START = datetime(2026, 11, 2, tzinfo=UTC)
COLUMNS = (
    *("id", "month", "company_id", "issued", "faulty", "labs", "domains", "total", "by_lab", "by_domain"),
    *("kinds", "by_kind", "lines", "line_ids"),
)


def packed(*columns: Sequence[int]) -> bytes:
    return array("q", [len(columns), *map(len, columns), *chain.from_iterable(columns)]).tobytes()


def row_of_before() -> tuple[object, ...]:
    """Three lines of two tests at one lab: ends, lengths, working days and sums by kind, then the other columns."""
    kinds = {"lab": ["lab", "lab"], "test": ["t", "u"], "domain": ["d", "d"]}
    by_kind = packed([2, 3], [100, 300, 200], [1, 3, 2], [0] * 12)
    lines = packed([7, 8, 9], [1, 2, 30], *[[1, 2, 3]] * 6)
    parts = json.dumps({}), json.dumps([]), json.dumps([]), EMPTY, EMPTY, EMPTY, json.dumps(kinds), by_kind, lines
    return ("row", "2026-10", "maker", 3, *parts, "a b c")


@pytest.fixture
def kept(tmp_path: Path) -> Block:
    """What today's version reads of a row that a database of revision 0033 had."""
    path = tmp_path / "before.sqlite3"
    app = create_app({"SCHEDULER": False, "DATABASE_URL": f"sqlite:///{path}"})
    with app.app_context():
        upgrade(str(startup.MIGRATIONS), "0033")
        with transaction() as session:
            maker = Organisation(id="maker", name_zh="甲公司", name_en="Maker", short_zh="甲", short_en="M")
            maker.kind, maker.province, maker.city = OrganisationKind.COMPANY, "四川省", "成都市"
            maker.created_at = START
            session.add(maker)
        places = ", ".join("?" * len(COLUMNS))
        with closing(sqlite3.connect(path)) as connection, connection:
            statement = f"INSERT INTO summarised_lines ({', '.join(COLUMNS)}) VALUES ({places})"
            connection.execute(statement, row_of_before())
        upgrade(str(startup.MIGRATIONS))
        rows = SummarisedLines
        row = db.session.execute(select(rows.month, rows.kinds, rows.by_kind, rows.lines, rows.line_ids)).one()
        db.session.remove()
        db.engine.dispose()
    return opened(*row)


def test_lines_that_were_kept_before_are_the_same_lines(kept: Block) -> None:
    tests = kept.names["test"]
    assert [tests[place] for place in kept.places("test", {"t": 0, "u": 1})] == ["t", "t", "u"]
    assert set(kept.names["lab"]) == {"lab"} and set(kept.names["domain"]) == {"d"}
    assert (kept.month, kept.ids, kept.counts.tolist()) == ("2026-10", "a b c", [2, 1])
    columns = kept.whole, kept.working, kept.submitted, kept.day
    assert [column.tolist() for column in columns] == [[100, 300, 200], [1, 3, 2], [7, 8, 9], [1, 2, 30]]
    assert [part.tolist() for part in kept.parts] == [[1, 2, 3]] * 6
