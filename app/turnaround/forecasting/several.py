"""What the date of an order of several lines has to be: ways to join the dates of its lines, held against each other.

Lines of one company at one lab whose tests ended in the same week stand for an order. Pure.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from app.booking.forecast import Basis
from app.orders.forecast import LineForecast, together
from app.turnaround.forecasting.backtest import Moment, Score, Told, midnight_before, score, told
from app.turnaround.forecasting.lines import History, Line
from app.turnaround.forecasting.methods import SHIPPED

Join = Callable[[Sequence[LineForecast]], tuple[datetime, datetime]]


def _largest(lines: Sequence[LineForecast]) -> tuple[datetime, datetime]:
    return max(line.expected_at for line in lines), max(line.safe_at for line in lines)


def _joined(lines: Sequence[LineForecast]) -> tuple[datetime, datetime]:
    found = together({str(number): line for number, line in enumerate(lines)})
    assert found is not None
    return found.expected_at, found.safe_at


# The last one is what orders are told.
JOINS: Mapping[str, Join] = {"largest": _largest, "together": _joined}


def orders(lines: Iterable[Line], first: float, last: float) -> list[list[Line]]:
    """Lines that stand for an order, at least two, ended in [first, last), all issued."""
    found: dict[tuple[str, str, float], list[Line]] = defaultdict(list)
    for line in lines:
        if first <= line.ended_at < last and line.issued_at is not None:
            found[line.company, line.lab, midnight_before(line.ended_at, 7)].append(line)
    return [each for each in found.values() if len(each) > 1]


def scores(history: History, first: float, last: float) -> dict[str, Score]:
    """By way of joining, of the last report of each order, as told at the midnight before its first line was asked."""
    found = [_of_lines(history, each) for each in orders(history.lines, first, last)]
    return {name: score(_told(each, join) for each in found) for name, join in JOINS.items()}


def _of_lines(history: History, lines: Sequence[Line]) -> list[Told]:
    origin = midnight_before(min(line.asked_at for line in lines))
    fit = SHIPPED.fit(history.past(origin))
    return list(told(fit, lines, origin, Moment.ASKED))


def _told(dates: Sequence[Told], join: Join) -> Told:
    likely, safe = join([_forecast(each) for each in dates])
    last = max(dates, key=lambda each: each.line.issued_at or 0.0)
    return replace(last, likely=likely.timestamp(), safe=safe.timestamp())


def _forecast(each: Told) -> LineForecast:
    ended_at, likely, safe = (datetime.fromtimestamp(at, UTC) for at in (each.line.ended_at, each.likely, each.safe))
    basis = Basis.HISTORY if each.measured else Basis.PLANNING
    return LineForecast(likely, safe, basis, None, True, ended_at)
