"""The utilisation page: benches by week, what is contested, what was lost, and gaps that could be filled now."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.booking import queries as taken_time
from app.booking.availability import Rows, Slot, Wish, availability, earliest_slot
from app.booking.models import Booking
from app.booking.rules import bookable_span
from app.booking.settings import limits, limits_of
from app.capacity.utilisation import queries
from app.capacity.utilisation.rules import NO_HOURS, NOTHING, Hours, Loss, Use, hours, total, weeks
from app.labs.models import Lab, Resource
from app.labs.queries import END, Bench, CapableBench, benches, capable_benches
from app.worktime import Interval, clip, intersect, local_date

PAST_WEEKS, COMING_WEEKS = 4, 12
GAP_DAYS, SHORTEST_GAP, GAPS = 14, timedelta(hours=2), 12


@dataclass(frozen=True, slots=True)
class Week:
    """One week of a bench. monday: local date."""

    monday: date
    hours: Hours


@dataclass(frozen=True, slots=True)
class Row:
    """A bench: its last weeks together, and each of the coming ones."""

    resource: Resource
    past: Hours
    coming: list[Week]

    @property
    def load(self) -> Hours:
        """The coming weeks together."""
        return sum((week.hours for week in self.coming), NO_HOURS)


@dataclass(frozen=True, slots=True)
class Filler:
    """A booking that could start earlier, in a gap; slot: what it would take there."""

    booking: Booking
    slot: Slot


@dataclass(frozen=True, slots=True)
class Gap:
    """Free time of a bench in the next fortnight, and what could fill it."""

    resource: Resource
    when: Interval
    fillers: list[Filler]


@dataclass(frozen=True, slots=True)
class Board:
    """The page. lost: place-hours of the last weeks by cause, the costliest first."""

    rows: list[Row]
    mondays: list[date]
    contested: list[Row]
    lost: list[tuple[str, timedelta]]
    gaps: list[Gap]
    since: date


def board(lab: Lab, now: datetime) -> Board:
    """Utilisation of a lab: the last four weeks, the next twelve; as many statements for any number of bookings."""
    today = local_date(now)
    coming = weeks(today, COMING_WEEKS)
    past = Interval(coming[0].start - timedelta(weeks=PAST_WEEKS), now)
    reach = Interval(past.start, coming[-1].end)
    known = {bench.resource_id: bench for bench in benches(lab_id=lab.id)}
    uses, losses = queries.uses([lab.id], reach, now), queries.losses([lab.id], reach)
    resources = [resource for resource in queries.resources(lab.id) if resource.id in known]
    rows = [
        _row(resource, known[resource.id], past, coming, uses.get(resource.id, ()), losses.get(resource.id, ()))
        for resource in resources
    ]
    contested = sorted((row for row in rows if row.load.booked), key=lambda row: -(row.load.booked_share or 0))
    return Board(
        rows=rows,
        mondays=[local_date(week.start) for week in coming],
        contested=contested[:5],
        lost=_lost(known, past, losses),
        gaps=_gaps(lab, resources, known, now),
        since=local_date(past.start),
    )


def _row(
    resource: Resource,
    bench: Bench,
    past: Interval,
    coming: list[Interval],
    uses: Sequence[Use],
    losses: Sequence[Loss],
) -> Row:
    def of(span: Interval) -> Hours:
        return hours(span, bench.calendar.windows(span), bench.places, uses, losses)

    return Row(resource, of(past), [Week(local_date(week.start), of(week)) for week in coming])


def _lost(
    known: Mapping[str, Bench], past: Interval, losses: Mapping[str, Sequence[Loss]]
) -> list[tuple[str, timedelta]]:
    by_cause: dict[str, timedelta] = defaultdict(lambda: NOTHING)
    for resource_id, each in losses.items():
        if resource_id not in known:
            continue
        windows = clip(known[resource_id].calendar.windows(past), past)
        for loss in each:
            by_cause[loss.cause] += total(intersect(windows, [loss.when]))
    return sorted(((cause, lost) for cause, lost in by_cause.items() if lost), key=lambda each: -each[1])


def _gaps(lab: Lab, resources: Iterable[Resource], known: Mapping[str, Bench], now: datetime) -> list[Gap]:
    """Free time of the next fortnight, the soonest first, with bookings that could move into it."""
    span = Interval(now, now + timedelta(days=GAP_DAYS))
    rows = taken_time.taken({ident for bench in known.values() for ident in bench.reads}, Interval(now, END), now)
    waiting = list(queries.waiting(lab.id, now))
    capable: dict[tuple[str, str], CapableBench] = {
        (item.bench.resource_id, item.test_id): item
        for item in capable_benches(sorted({booking.test_id for booking in waiting}), lab.id, reserve=True)
    }
    found: list[Gap] = []
    for resource in resources:
        bench = known[resource.id]
        bookable = bookable_span(now, limits_of(bench, limits()))
        for free in availability(bench, span, rows, bookable).free:
            if free.duration >= SHORTEST_GAP:
                found.append(Gap(resource, free, _fillers(resource.id, free, waiting, capable, rows)))
    found.sort(key=lambda gap: (not gap.fillers, gap.when.start))
    return found[:GAPS]


def _fillers(
    resource_id: str,
    free: Interval,
    waiting: Sequence[Booking],
    capable: Mapping[tuple[str, str], CapableBench],
    rows: Rows,
) -> list[Filler]:
    fillers: list[Filler] = []
    for booking in waiting:
        item = capable.get((resource_id, booking.test_id))
        if item is None or booking.starts_at <= free.start:
            continue
        wish = Wish(booking.company_id, booking.exclusive, booking.shielded)
        slot = earliest_slot(item, rows, free.start, free.end, wish)
        if slot and slot.use.ends_at <= free.end and slot.use.starts_at < booking.starts_at:
            fillers.append(Filler(booking, slot))
        if len(fillers) == 3:
            break
    return fillers
