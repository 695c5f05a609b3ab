"""Whether it helps to know that a sample is not there: dates with it and without, held against each other. Pure."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta

from app.turnaround.forecasting.backtest import Score, Told, midnight_before, score
from app.turnaround.forecasting.lines import DAY, History, Line
from app.turnaround.forecasting.methods import SHIPPED, Fit, Planned
from app.turnaround.forecasting.starts import AHEAD, Start

EVERY = 7
WITHOUT, WITH = "without", "with"


def scores(history: History, first: float, last: float) -> dict[tuple[int, str], Score]:
    """By days before the booked start and way of telling: of lines whose sample was not there then.

    Their tests were booked to begin in [first, last) and their reports are issued. Methods learn anew on Mondays. Lines
    of which nothing measured is told are left out.
    """
    told: dict[tuple[int, str], list[Told]] = defaultdict(list)
    lines = {line.id: line for line in history.lines}
    found = [each for each in history.starts if first <= each.starts_at < last and each.line_id in lines]
    for ahead in AHEAD:
        asked: dict[float, list[Start]] = defaultdict(list)
        for each in found:
            if not each.there(ahead) and lines[each.line_id].issued_at is not None:
                asked[midnight_before(each.starts_at - ahead * DAY, EVERY)].append(each)
        for origin, starts in asked.items():
            fit = SHIPPED.fit(history.past(origin))
            for each in starts:
                for way, dates in _told(fit, each, lines[each.line_id], origin, ahead).items():
                    told[ahead, way].append(dates)
    return {(ahead, way): score(told[ahead, way]) for ahead in AHEAD for way in (WITHOUT, WITH)}


def _told(fit: Fit, start: Start, line: Line, origin: float, ahead: int) -> dict[str, Told]:
    measured = fit.of(Planned(line.test, line.domain, line.report_days), line.lab)
    if measured is None:
        return {}
    ends_at = datetime.fromtimestamp(start.ends_at, UTC)
    plain = measured.after(ends_at)
    ways = {WITHOUT: plain, WITH: measured.awaiting_sample(ends_at, timedelta(days=ahead)) or plain}
    return {way: Told(line, origin, likely.timestamp(), safe.timestamp(), True) for way, (likely, safe) in ways.items()}
