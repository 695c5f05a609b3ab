"""Time arithmetic and percentiles in SQL, the same on both databases."""

from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Integer, String, case, func
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from app.worktime.holidays import FIRST_YEAR, is_working_day

ZONE = "Asia/Shanghai"
# The zone knows one offset since 1991; SQLite knows no zones.
OFFSET_SECONDS = 8 * 3600
# Lines that took longer than this are not known to the calendar that counts working days.
LONGEST_YEARS = 5


class seconds_between(FunctionElement[int]):  # noqa: N801 - reads as the SQL function that it is
    """Whole seconds from the first to the second instant, both cut to seconds, below zero when that is earlier."""

    type = Integer()
    inherit_cache = True


class local_date(FunctionElement[str]):  # noqa: N801 - as above
    """`YYYY-MM-DD` of an instant in the labs' zone."""

    type = String()
    inherit_cache = True


class local_day_number(FunctionElement[int]):  # noqa: N801 - as above
    """Days from 1970-01-01 to the local date of an instant."""

    type = Integer()
    inherit_cache = True


@compiles(seconds_between, "sqlite")
def _seconds_sqlite(element: Any, compiler: Any, **more: Any) -> str:
    begin, end = (compiler.process(clause, **more) for clause in element.clauses)
    return f"(CAST(strftime('%s', {end}) AS INTEGER) - CAST(strftime('%s', {begin}) AS INTEGER))"


@compiles(seconds_between, "postgresql")
def _seconds_postgresql(element: Any, compiler: Any, **more: Any) -> str:
    begin, end = (compiler.process(clause, **more) for clause in element.clauses)
    return f"CAST(FLOOR(EXTRACT(epoch FROM {end})) - FLOOR(EXTRACT(epoch FROM {begin})) AS BIGINT)"


@compiles(local_day_number, "sqlite")
def _number_sqlite(element: Any, compiler: Any, **more: Any) -> str:
    (instant,) = (compiler.process(clause, **more) for clause in element.clauses)
    return f"((CAST(strftime('%s', {instant}) AS INTEGER) + {OFFSET_SECONDS}) / 86400)"


@compiles(local_day_number, "postgresql")
def _number_postgresql(element: Any, compiler: Any, **more: Any) -> str:
    (instant,) = (compiler.process(clause, **more) for clause in element.clauses)
    return f"CAST(FLOOR((EXTRACT(epoch FROM {instant}) + {OFFSET_SECONDS}) / 86400) AS INTEGER)"


@compiles(local_date, "sqlite")
def _date_sqlite(element: Any, compiler: Any, **more: Any) -> str:
    (instant,) = (compiler.process(clause, **more) for clause in element.clauses)
    return f"date({instant}, '+{OFFSET_SECONDS} seconds')"


@compiles(local_date, "postgresql")
def _date_postgresql(element: Any, compiler: Any, **more: Any) -> str:
    (instant,) = (compiler.process(clause, **more) for clause in element.clauses)
    return f"to_char({instant} AT TIME ZONE '{ZONE}', 'YYYY-MM-DD')"


def working_days(begin: Any, end: Any, first_year: int, last_year: int) -> ColumnElement[int]:
    """worktime.working_days_between of the local dates of two instants, for an `end` in the years given.

    The calendar goes along as one letter a day, so that no table has to repeat it: what lies between the two
    days is cut out and its working days are counted.
    """
    since = max(first_year - LONGEST_YEARS, FIRST_YEAR)
    base = date(since, 1, 1).toordinal() - date(1970, 1, 1).toordinal()
    day = local_day_number(begin)
    began = case((day < base, base), else_=day)
    cut = func.substr(_letters(since, last_year), began - base + 2, local_day_number(end) - began)
    return func.length(func.replace(cut, "-", ""))


@lru_cache(maxsize=32)
def _letters(first_year: int, last_year: int) -> str:
    first, last = date(first_year, 1, 1).toordinal(), date(last_year, 12, 31).toordinal()
    return "".join("w" if is_working_day(date.fromordinal(number)) else "-" for number in range(first, last + 1))
