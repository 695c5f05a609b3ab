"""Methods held against each other on lines that they could not know: rolling origin. Pure."""

import enum
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from app.booking.forecast import ReportingTime, reckoned
from app.turnaround.forecasting.lines import DAY, History, Line
from app.turnaround.forecasting.load import MIDNIGHT_UTC
from app.turnaround.forecasting.methods import Fit, Method, Planned
from app.turnaround.forecasting.times import LIKELY, SAFE

# 1970-01-01 was a Thursday.
MONDAY = 4 * DAY


class Moment(enum.StrEnum):
    """When the date of a line is asked for: when it is submitted without a slot or with the offer of one, when its
    test is over, while its report is awaited.
    """

    UNBOOKED = "unbooked"
    ASKED = "asked"
    ENDED = "ended"
    AWAITED = "awaited"


@dataclass(frozen=True, slots=True)
class Told:
    """The dates of a line as a method told them at `origin`. Instants: seconds since 1970. measured: not planned."""

    line: Line
    origin: float
    likely: float
    safe: float
    measured: bool


@dataclass(frozen=True, slots=True)
class Score:
    """Over so many lines: mean pinball loss in calendar days, and the shares whose report came by the date."""

    lines: int
    loss_likely: float
    loss_safe: float
    held_likely: float
    held_safe: float
    measured: float

    def beats(self, other: "Score") -> bool:
        """Better at both dates."""
        return self.loss_likely < other.loss_likely and self.loss_safe < other.loss_safe


def midnight_before(instant: float, every: int = 1) -> float:
    """The last local midnight, or with `every` 7 the last Monday's."""
    first = MIDNIGHT_UTC - DAY + (MONDAY if every == 7 else 0.0)
    return (instant - first) // (every * DAY) * (every * DAY) + first


def scores(
    history: History, methods: Iterable[Method], moment: Moment, first: float, last: float, every: int = 1
) -> dict[str, Score]:
    """Of the lines whose test ended in [first, last) and whose report is issued, by the method's name.

    every: methods learn anew every day, or on Mondays with 7.
    """
    asked = origins(history.lines, moment, first, last, every)
    return {method.name: score(all_told(history, method, asked, moment)) for method in methods}


Asked = Mapping[float, Sequence[Line]]


def origins(lines: Iterable[Line], moment: Moment, first: float, last: float, every: int = 1) -> Asked:
    """The lines whose test ended in [first, last) by the midnight at which their dates are asked for."""
    found: dict[float, list[Line]] = defaultdict(list)
    for line in lines:
        if first <= line.ended_at < last:
            for origin in _moments(line, moment, every):
                found[origin].append(line)
    return found


def _moments(line: Line, moment: Moment, every: int) -> Iterator[float]:
    if moment is not Moment.AWAITED:
        yield midnight_before(line.ended_at if moment is Moment.ENDED else line.asked_at, every)
        return
    monday = midnight_before(line.ended_at, 7) + 7 * DAY
    while line.issued_at is not None and monday < line.issued_at:
        yield monday
        monday += 7 * DAY


def all_told(history: History, method: Method, asked: Asked, moment: Moment) -> Iterator[Told]:
    """What the method told of each line from what was known at its origin."""
    for origin, lines in sorted(asked.items()):
        yield from told(method.fit(history.past(origin)), lines, origin, moment)


def told(fit: Fit, lines: Iterable[Line], origin: float, moment: Moment) -> Iterator[Told]:
    """The dates of lines from what was known at an origin."""
    for line in lines:
        yield _told(fit, line, origin, moment)


def _told(fit: Fit, line: Line, origin: float, moment: Moment) -> Told:
    measured = fit.of(Planned(line.test, line.domain, line.report_days), line.lab)
    likely, safe = _without_slot(measured, line) if moment is Moment.UNBOOKED else _dates(measured, line, origin)
    return Told(line, origin, likely.timestamp(), safe.timestamp(), measured is not None)


def _without_slot(measured: ReportingTime | None, line: Line) -> tuple[datetime, datetime]:
    """Without experience the date would be that of the earliest offer, which nobody knows any more: the plain
    planning value from the submission on.
    """
    asked_at = datetime.fromtimestamp(line.asked_at, UTC)
    if measured is not None:
        return measured.without_slot(asked_at, asked_at)
    dates = reckoned(line.report_days, asked_at, None)
    return dates.expected_at, dates.safe_at


def _dates(measured: ReportingTime | None, line: Line, origin: float) -> tuple[datetime, datetime]:
    ended_at = datetime.fromtimestamp(line.ended_at, UTC)
    if measured is not None and origin > line.ended_at:
        return measured.remaining(ended_at, datetime.fromtimestamp(origin, UTC))
    dates = reckoned(line.report_days, ended_at, measured)
    return dates.expected_at, dates.safe_at


def score(dates: Iterable[Told]) -> Score:
    """Of issued lines only; all zeros without any."""
    known = [each for each in dates if each.line.issued_at is not None]
    issued = [each.line.issued_at or 0.0 for each in known]
    count = len(known) or 1
    likely = [(at - each.likely) / DAY for at, each in zip(issued, known, strict=True)]
    safe = [(at - each.safe) / DAY for at, each in zip(issued, known, strict=True)]
    return Score(
        lines=len(known),
        loss_likely=sum(pinball(late, LIKELY) for late in likely) / count,
        loss_safe=sum(pinball(late, SAFE) for late in safe) / count,
        held_likely=sum(late <= 0 for late in likely) / count,
        held_safe=sum(late <= 0 for late in safe) / count,
        measured=sum(each.measured for each in known) / count,
    )


def pinball(late: float, share: float) -> float:
    """Loss of a quantile that the truth lies `late` above; least on average for the true quantile (Koenker 1978)."""
    return share * late if late > 0 else (share - 1) * late
