"""What one more shift, or one more bench, would have brought to the requests of a pool."""

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.booking.forecast import ReportingTime, report_dates, reporting_times
from app.capacity.utilisation.rules import NO_HOURS, Hours, Use, hours
from app.errors import N_
from app.labs.models import Resource
from app.labs.queries import Bench, CapableBench, benches
from app.turnaround.bottlenecks import queries
from app.turnaround.bottlenecks.asked_again import Asked, asked
from app.turnaround.bottlenecks.months import finished
from app.turnaround.bottlenecks.replay import (
    NEW,
    Placed,
    can_work_longer,
    longer_calendar,
    one_more_bench,
    one_more_shift,
    replay,
    wishes,
)
from app.worktime import Interval, WorkingCalendar

# A page answers in a few seconds: of more requests the newest are asked again.
MOST = 300
DAY = timedelta(days=1)
# Share of lines that the replay has to put where they were.
FAITHFUL = 0.8


class Change(enum.StrEnum):
    NONE = "none"
    SHIFT = "shift"
    BENCH = "bench"

    @property
    def label(self) -> str:
        """The msgid that people read."""
        return LABELS[self]


LABELS = {Change.NONE: N_("不加"), Change.SHIFT: N_("多一个班次"), Change.BENCH: N_("多一个台架")}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One replay. waiting, report: mean days from the request to bench and report. sooner, report_sooner: mean days
    by which both are earlier than without a change. earlier, later: lines that start earlier or later than without.
    share: whole per cent of the pool's open hours of the period that are booked then.
    """

    change: Change
    waiting: float
    report: float
    sooner: float
    report_sooner: float
    earlier: int
    later: int
    share: int | None


@dataclass(frozen=True, slots=True)
class WhatIf:
    """happened: mean days from request to bench as it was. same: lines that the replay without a change puts where they
    were. wished: lines that passed over an earlier free time. left: older requests that were not asked again.
    companies: by id, those that asked; not in what is kept.
    """

    pool: str
    lines: int
    left: int
    same: int
    wished: int
    happened: float
    outcomes: Sequence[Outcome]
    companies: frozenset[str] = frozenset()

    @property
    def is_faithful(self) -> bool:
        """Whether the replay without a change comes out nearly as it was: else what it says of a change is doubtful."""
        return self.same >= FAITHFUL * self.lines

    def of(self, change: Change) -> Outcome | None:
        return next((outcome for outcome in self.outcomes if outcome.change is change), None)


@dataclass(frozen=True, slots=True)
class _Replayed:
    """Requests of a pool with all that became of them. wished: as `replay.wishes`. placed: by change."""

    asked: Asked
    wished: Mapping[str, datetime]
    placed: Mapping[Change, Sequence[Placed]]


def what_if(lab_id: str, pool: str, count: int, now: datetime, most: int = MOST) -> WhatIf | None:
    """The requests of the last `count` whole months that needed the pool, asked again; None where there are none.

    Nothing is stored.
    """
    return what_ifs(lab_id, pool, [count], now, most)[count]


def what_ifs(
    lab_id: str, pool: str, counts: Iterable[int], now: datetime, most: int = MOST
) -> Mapping[int, WhatIf | None]:
    """The same for several numbers of months; requests that are the newest of more than one are asked again once."""
    resources, known = queries.resources([lab_id]), [bench for bench in benches(lab_id=lab_id) if bench.pool == pool]
    units = [resource for resource in resources if resource.pool == pool]
    found: dict[int, WhatIf | None] = {}
    last: _Replayed | None = None
    # The longest first: it knows all that a shorter one does of what else was on the benches.
    for count in sorted(counts, reverse=True):
        span = finished(count, now).span
        these = asked(lab_id, resources, pool, span, now, most)
        if not units or not these.requests:
            found[count] = None
            continue
        if last is None or last.asked.requests != these.requests:
            last = _replayed(these, units, known)
        found[count] = _what_if(pool, last, these.left, known, span)
    return found


def _replayed(these: Asked, units: Sequence[Resource], known: Sequence[Bench]) -> _Replayed:
    wished = wishes(these.requests, these.house)
    base = replay(these.requests, these.house, wished)
    # What finds no place even as it was, as after a lab's own exceptions, must not seem to be moved by a change.
    left = {placed.request.id for placed in base if placed.item is None}
    placed = {Change.NONE: base}
    for change, altered in _changes(units, known).items():
        placed[change] = replay(these.requests, these.house.changed(altered, left), wished)
    return _Replayed(these, wished, placed)


def _what_if(pool: str, replayed: _Replayed, left: int, known: Sequence[Bench], span: Interval) -> WhatIf:
    requests, base = replayed.asked.requests, replayed.placed[Change.NONE]
    measured = reporting_times({(request.test_id, known[0].lab_id) for request in requests})
    study = _Study(replayed.asked, known, span, measured)
    return WhatIf(
        pool=pool,
        lines=len(requests),
        left=left,
        same=sum(placed.when == placed.request.had for placed in base),
        wished=len(replayed.wished),
        happened=_mean(request.had.start - request.asked_at for request in requests),
        outcomes=[study.outcome(change, placed, base) for change, placed in replayed.placed.items()],
        companies=frozenset(request.wish.company_id or "" for request in requests),
    )


def _changes(
    units: Sequence[Resource], known: Iterable[Bench]
) -> Mapping[Change, Callable[[CapableBench], list[CapableBench]]]:
    """What can be changed here: what only stands beside benches keeps no hours of its own in the search."""
    ids, beside = [unit.id for unit in units], units[0].beside
    bench = {Change.BENCH: one_more_bench(ids, beside)}
    if beside or not any(can_work_longer(each.calendar) for each in known):
        return bench
    return {Change.SHIFT: one_more_shift(ids), **bench}


def _mean(lengths: Iterable[timedelta]) -> float:
    """In days."""
    given = list(lengths)
    return sum(given, timedelta(0)) / DAY / len(given)


@dataclass(frozen=True)
class _Study:
    """What all replays of a pool have in common."""

    asked: Asked
    benches: Sequence[Bench]
    span: Interval
    measured: Mapping[tuple[str, str], ReportingTime]

    def outcome(self, change: Change, placed: Sequence[Placed], base: Sequence[Placed]) -> Outcome:
        pairs = list(zip(placed, base, strict=True))
        return Outcome(
            change=change,
            waiting=_mean(each.when.start - each.request.asked_at for each in placed),
            report=_mean(self._report(each) - each.request.asked_at for each in placed),
            sooner=_mean(before.when.start - each.when.start for each, before in pairs),
            report_sooner=_mean(self._report(before) - self._report(each) for each, before in pairs),
            earlier=sum(each.when.start < before.when.start for each, before in pairs),
            later=sum(each.when.start > before.when.start for each, before in pairs),
            share=self._hours(change, placed).booked_share,
        )

    def _report(self, placed: Placed) -> datetime:
        """When the report of this use is expected, by the forecast that offers have."""
        item = placed.item or self.asked.house.benches[placed.request.id][0]
        time = self.measured.get((item.test_id, item.bench.lab_id))
        return report_dates(item, placed.when.end, time).expected_at

    def _hours(self, change: Change, placed: Sequence[Placed]) -> Hours:
        """Open and booked hours of the pool in the period."""
        booked: dict[str, list[Use]] = {}
        for each in placed:
            for resource_id, place in each.taken:
                booked.setdefault(resource_id, []).append(Use(place, each.when, None))
        for resource_id, rows in self.asked.house.others.items():
            # A closure is of no company.
            more = [Use(row.place, row.when, None) for row in rows if row.company_id is not None]
            booked.setdefault(resource_id, []).extend(more)
        longer = change is Change.SHIFT
        units = [(each.resource_id, each.places, each.calendar) for each in self.benches]
        if change is Change.BENCH:
            units.append((NEW, self.benches[0].places, self.benches[0].calendar))
        return sum((self._of(*unit, booked, longer) for unit in units), NO_HOURS)

    def _of(
        self,
        resource_id: str,
        places: int,
        calendar: WorkingCalendar,
        booked: Mapping[str, Sequence[Use]],
        longer: bool,
    ) -> Hours:
        windows = (longer_calendar(calendar) if longer else calendar).windows(self.span)
        return hours(self.span, windows, places, booked.get(resource_id, ()), ())
