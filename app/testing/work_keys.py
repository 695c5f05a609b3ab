"""What is on a list that people work from, in the order of its urgency: one light row for each thing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import and_, func, or_, select

from app.booking.forecast import ReportDates, reckoned, reporting_times
from app.booking.models import Booking, MoveProposal
from app.booking.rules import State
from app.database import db
from app.labs.models import Test
from app.orders.models import AmendmentState, ClockStop, Order, OrderAmendment, OrderLine
from app.orders.rules import sample_names
from app.samples.models import Sample
from app.testing.models import RunResult
from app.testing.run_rules import Result
from app.testing.work_queries import COMING, SOURCES, Kind, Question, Source, Work

# Of one kind so many are looked at; nobody works through more.
MOST = 5_000
FAR = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """A row of a list. at: what it is sorted by; FAR where nothing presses. safe: of a report."""

    at: datetime
    ident: str
    kind: Kind
    safe: datetime | None = None


# What a list is sorted by, where that stands in the row.
SORTED: Mapping[Kind, Any] = {
    Kind.REVIEW: Order.submitted_at,
    Kind.START: Booking.starts_at,
    Kind.LATE: Booking.run_until,
    Kind.RETURNED: Order.returned_at,
    Kind.DEVIATION: Sample.received_at,
    Kind.HOLD: Booking.hold_expires_at,
}


def keys(ask: Question, what: Work) -> list[Key]:
    """Everything on a list, the most urgent first; at most MOST of a kind, one statement each."""
    found = [key for kind, source in SOURCES[what].items() for key in _keys(ask, kind, source)]
    return sorted(found)


def _keys(ask: Question, kind: Kind, source: Source) -> list[Key]:
    if kind in SORTED:
        at = SORTED[kind]
        query = select(at, source.model.id).where(*source.conditions(ask)).order_by(at, source.model.id).limit(MOST)
        return [Key(moment or FAR, ident, kind) for moment, ident in db.session.execute(query)]
    return _RECKONED[kind](ask, kind, source)


def _by_need(ask: Question, kind: Kind, source: Source) -> list[Key]:
    """Samples by the start of the first use to come whose line names them."""
    coming = and_(Booking.order_line_id == OrderLine.id, Booking.state.in_(COMING))
    query = (
        select(Sample.id, Sample.name, OrderLine.sample, Booking.starts_at)
        .outerjoin(OrderLine, and_(OrderLine.order_id == Sample.order_id, OrderLine.taken_at.is_(None)))
        .outerjoin(Booking, coming)
        .where(*source.conditions(ask))
        .limit(MOST)
    )
    needed: dict[str, datetime] = {}
    for ident, name, named, starts_at in db.session.execute(query):
        at = starts_at if starts_at and name in sample_names(named or "") else FAR
        needed[ident] = min(at, needed.get(ident, FAR))
    return [Key(at, ident, kind) for ident, at in needed.items()]


def _by_answer(ask: Question, kind: Kind, source: Source) -> list[Key]:
    """Proposals by when their answer is due."""
    query = (
        select(MoveProposal.expires_at, Booking.id)
        .join(Booking, Booking.id == MoveProposal.booking_id)
        .where(*source.conditions(ask))
        .limit(MOST)
    )
    return [Key(at, ident, kind) for at, ident in db.session.execute(query)]


def _by_proposal(ask: Question, kind: Kind, source: Source) -> list[Key]:
    """Orders by since when their amendment waits; there is one at a time."""
    query = (
        select(OrderAmendment.proposed_at, Order.id)
        .join(Order, Order.id == OrderAmendment.order_id)
        .where(OrderAmendment.state == AmendmentState.PROPOSED, *source.conditions(ask))
        .limit(MOST)
    )
    return [Key(at, ident, kind) for at, ident in db.session.execute(query)]


def _by_stop(ask: Question, kind: Kind, source: Source) -> list[Key]:
    """Orders by since when their clock is stopped; there is one stop at a time."""
    query = (
        select(ClockStop.started_at, Order.id)
        .join(Order, Order.id == ClockStop.order_id)
        .where(ClockStop.ended_at.is_(None), *source.conditions(ask))
        .limit(MOST)
    )
    return [Key(at, ident, kind) for at, ident in db.session.execute(query)]


def _by_result(ask: Question, kind: Kind, source: Source) -> list[Key]:
    """Orders by when the first of their open results was found."""
    query = (
        select(func.min(RunResult.judged_at), Order.id)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .join(RunResult, RunResult.order_line_id == OrderLine.id)
        .where(RunResult.result == Result.FAILED, OrderLine.issued_at.is_(None), *source.conditions(ask))
        .group_by(Order.id)
        .limit(MOST)
    )
    return [Key(at, ident, kind) for at, ident in db.session.execute(query)]


_PLANNED = (Booking.lab_id, Booking.test_id, Booking.ends_at, Booking.state, OrderLine.ended_at, Test.report_days)


def _by_safe_date(ask: Question, kind: Kind, source: Source) -> list[Key]:
    """Completed uses by when their report is safely there."""
    query = (
        select(Booking.id, *_PLANNED)
        .join(OrderLine, OrderLine.id == Booking.order_line_id)
        .join(Test, Test.id == Booking.test_id)
        .where(*source.conditions(ask))
        .limit(MOST)
    )
    dates = _dates(db.session.execute(query).all(), ask.now)
    return [Key(found.safe_at, ident, kind, found.safe_at) for ident, found in dates]


def _by_report(ask: Question, kind: Kind, source: Source) -> list[Key]:
    """Orders by when the last of their reports is expected; those without a time come last."""
    ids = select(Order.id).where(*source.conditions(ask)).limit(MOST)
    stands = or_(
        Booking.state.in_((*COMING, State.RUNNING, State.COMPLETED)),
        and_(Booking.state == State.HELD, Booking.hold_expires_at > ask.now),
    )
    query = (
        select(OrderLine.order_id, *_PLANNED)
        .join(Booking, Booking.order_line_id == OrderLine.id)
        .join(Test, Test.id == Booking.test_id)
        .where(OrderLine.order_id.in_(ids), OrderLine.issued_at.is_(None), stands)
    )
    last: dict[str, ReportDates] = {}
    for ident, found in _dates(db.session.execute(query).all(), ask.now):
        last[ident] = max(found, last.get(ident, found), key=lambda each: each.expected_at)
    known = [Key(found.expected_at, ident, kind, found.safe_at) for ident, found in last.items()]
    return known + [Key(FAR, ident, kind) for ident in db.session.scalars(ids) if ident not in last]


def _dates(rows: Sequence[Any], now: datetime) -> list[tuple[str, ReportDates]]:
    """When the report of each row is there, by the first column; as `booking.preview.expected_reports` reckons."""
    measured = reporting_times({(row.test_id, row.lab_id) for row in rows})
    found = []
    for row in rows:
        end = row.ended_at or (max(row.ends_at, now) if row.state is State.RUNNING else row.ends_at)
        found.append((row[0], reckoned(row.report_days, end, measured.get((row.test_id, row.lab_id)))))
    return found


_RECKONED: Mapping[Kind, Callable[[Question, Kind, Source], list[Key]]] = {
    Kind.RECEIVE: _by_need,
    Kind.DISPATCH: _by_need,
    Kind.PROPOSAL: _by_answer,
    Kind.AMENDMENT: _by_proposal,
    Kind.STOPPED: _by_stop,
    Kind.FAILED: _by_result,
    Kind.REPORT: _by_safe_date,
    Kind.OPEN: _by_report,
}
