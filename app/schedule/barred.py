"""Free time that a lab's rules keep from the company that looks, each piece with the rule that speaks against it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from app.booking.sharing import Allowance
from app.labs.queries import CapableBench
from app.schedule.closed import Answer, Reason, Run
from app.worktime import Interval, clip, lay, subtract


def weeks(allowance: Allowance | None, span: Interval) -> tuple[Run, ...]:
    """Calendar weeks in which the company can have nothing of the bench, whatever the test."""
    if allowance is None:
        return ()
    return tuple(Run(week, Answer(Reason.RULE, None, refusal=said)) for week, said in allowance.barred_weeks(span))


def open_weeks(weeks: Iterable[Run], bookable: Interval, beside: Sequence[Interval]) -> Iterator[Run]:
    """What of these weeks lies between notice and horizon, and not in `beside`: as few blocks as can be."""
    return (Run(piece, run.answer) for run in weeks for piece in subtract(clip([run.when], bookable), beside))


def starts(capable: CapableBench, refused: Sequence[Interval], allowance: Allowance) -> Iterator[Run]:
    """Time in which a use of the test finds the bench free and may not start."""
    for piece in refused:
        use = lay(piece.start, capable.need, capable.bench.calendar)
        said = allowance.refusal(use.interval) if use else None
        if said:
            yield Run(piece, Answer(Reason.RULE, None, refusal=said))
