"""The bookings and closures behind a figure of a lab's benches, each with the hours that it has in it."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from app.accounts.policy import Action, Viewer, require
from app.booking import reading
from app.booking.models import Booking, Closure, ClosureKind
from app.capacity.utilisation.queries import NO_SHOW
from app.capacity.utilisation.rules import NOTHING
from app.database import db
from app.errors import N_, Forbidden, Invalid, NotFound
from app.labs.models import Resource
from app.testing.run_rules import PauseCause
from app.turnaround.bottlenecks import queries
from app.turnaround.bottlenecks.months import Facts, Reading, finished
from app.turnaround.bottlenecks.queries import LATE
from app.turnaround.bottlenecks.spent import BOOKED, CLOSURE, PAUSE, RUNNING, UNUSED, USED, Share, counted, shares
from app.turnaround.queries import sees_all

LOST = "lost"
# What a list can be of beside the causes.
FIGURES = (BOOKED, USED, RUNNING, UNUSED, LOST)
CAUSES = (NO_SHOW, LATE, *(PAUSE + cause for cause in PauseCause), *(CLOSURE + kind for kind in ClosureKind))


@dataclass(frozen=True, slots=True)
class Line:
    """A booking or a closure. what: the cause, or the figure. bench: the one that was booked or closed."""

    what: str
    length: timedelta
    booking: Booking | None
    closure: Closure | None
    bench: Resource


@dataclass(frozen=True, slots=True)
class Behind:
    """The lines of one page, the latest first; of all: how many, and their open place-hours together. pool: name of the
    one that was asked for, in Chinese and English.
    """

    pool: tuple[str, str] | None
    lines: Sequence[Line]
    count: int
    length: timedelta


def known(what: str) -> str:
    """What a list can be of: a figure or a cause. Raises Invalid."""
    if what not in (*FIGURES, *CAUSES):
        raise Invalid(N_("没有这一项。"), field="of")
    return what


def behind(viewer: Viewer, pool: str | None, what: str, months: int, now: datetime, limit: int, offset: int) -> Behind:
    """What is behind a figure of the last whole months, of one pool or of all that the viewer has.

    Reckoned from bookings and closures as they are now, by the rules that the figures have. Raises Forbidden for who
    has no benches of his own, NotFound for another lab's pool.
    """
    require(viewer, Action.SEE_BOTTLENECKS)
    if sees_all(viewer):
        raise Forbidden()
    units = [unit for unit in queries.resources(viewer.lab_ids) if pool in (None, unit.pool)]
    if pool is not None and not units:
        raise NotFound()
    labs, name = {unit.lab_id for unit in units}, queries.pool_names(units[0]) if pool else None
    found: dict[tuple[str, str], list[Share]] = defaultdict(list)
    if labs:
        for share in _shares(labs, pool, what, months, now):
            found[share.what, share.by].append(share)
    latest = sorted(found.values(), key=lambda those: (min(each.at for each in those), those[0].by), reverse=True)
    length = sum((share.length for those in latest for share in those), NOTHING)
    return Behind(name, _lines(viewer, latest[offset : offset + limit]), len(latest), length)


def _shares(labs: Collection[str], pool: str | None, what: str, months: int, now: datetime) -> list[Share]:
    house = Reading(labs, finished(months, now), now)
    facts = [
        house.of(unit.id, number)
        for units in house.alike
        if pool in (None, units[0].pool)
        for unit in units
        for number in range(len(house.months))
    ]
    return [share for each in facts for share in _of(what, each)]


def _of(what: str, facts: Facts) -> list[Share]:
    if what in (BOOKED, USED):
        return list(counted(what, *facts))
    wanted = {what} if what != LOST else None
    return [
        share
        for share in shares(*facts)
        if (share.what not in (RUNNING, UNUSED) if wanted is None else share.what in wanted)
    ]


def _lines(viewer: Viewer, given: Sequence[Sequence[Share]]) -> list[Line]:
    """A line for what is said of each booking and closure; two statements."""
    bookings = reading.by_ids(viewer, [those[0].by for those in given])
    own = select(Closure, Resource).join(Resource, Resource.id == Closure.resource_id)
    own = own.where(Closure.id.in_([those[0].by for those in given]), Closure.lab_id.in_(viewer.lab_ids))
    closures = {closure.id: (closure, bench) for closure, bench in db.session.execute(own)}
    lines = []
    for those in given:
        what, by, length = those[0].what, those[0].by, sum((each.length for each in those), NOTHING)
        if booking := bookings.get(by):
            lines.append(Line(what, length, booking, None, booking.resource))
        elif by in closures:
            lines.append(Line(what, length, None, *closures[by]))
    return lines
