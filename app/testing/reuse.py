"""Re-use: what a company's own valid report already covers need not be tested again.

The rule (`RULE`, shown where it is offered): the same company, the same test of the same edition, the same things by
VIN or serial number, a report that is valid now and was issued at most three years ago.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from app.accounts.policy import Action, Viewer, allowed
from app.booking import ordering
from app.booking.ordering import LineStep
from app.database import db, transaction
from app.errors import N_, NotFound
from app.events import log
from app.orders import service as orders
from app.orders.models import OrderLine, OrderState
from app.orders.rules import OrderClosed, sample_names
from app.samples.models import Sample
from app.testing import queries, run_queries
from app.testing.models import ReportReuse, TestReport
from app.testing.queries import VersionRow
from app.testing.rules import SHOWN, ReportState

RULE = N_("同一企业、同一标准版本的同一项目、VIN 或序列号相同的样品、三年内签发且现在有效的报告")
STILL_TAKEN = timedelta(days=3 * 365)


@dataclass(frozen=True, slots=True)
class Covered:
    """A line and the report that takes its place. row: None for those who may not open that report."""

    row: VersionRow | None


@dataclass(frozen=True, slots=True)
class Reuse:
    """The company takes a report for a drafted line of its order, as last seen (`version`: the order's)."""

    order_id: str
    line_id: str
    version: int
    report_id: str


def offered(viewer: Viewer, lines: Sequence[OrderLine], now: datetime) -> Mapping[str, TestReport]:
    """For drafted lines of the company the newest report that covers each; without such numbers nothing is asked."""
    mine = [
        line for line in lines if line.state is OrderState.DRAFT and allowed(viewer, Action.CHANGE_OWN_BOOKING, line)
    ]
    return _covering(db.session(), mine, now) if mine else {}


def covering(viewer: Viewer, lines: Sequence[OrderLine], now: datetime) -> Mapping[str, Covered]:
    """What takes the place of lines that were closed for it, as the viewer may know it."""
    closed = [line.id for line in lines if line.state is OrderState.CANCELLED]
    taken = select(ReportReuse, TestReport).join(TestReport).where(ReportReuse.order_line_id.in_(closed))
    found = list(db.session.execute(taken)) if closed else []
    rows = queries.versions_of(viewer, {report.order_line_id for _reuse, report in found}, now) if found else {}
    known = {row.report.id: row for versions in rows.values() for row in versions}
    return {reuse.order_line_id: Covered(known.get(report.id)) for reuse, report in found}


def take(viewer: Viewer, command: Reuse, now: datetime) -> ReportReuse:
    """The line is not tested; its time is free again. Raises OrderClosed, OrderStale, NotFound, Forbidden."""
    with transaction() as session:
        if not run_queries.line_in(session, viewer, command.order_id, command.line_id):
            raise NotFound()
        order = orders.open_order(session, viewer, command.order_id, command.version, Action.CHANGE_OWN_BOOKING)
        line = orders.line_of(order, command.line_id)
        if line.state is not OrderState.DRAFT:
            raise OrderClosed()
        report = _covering(session, [line], now).get(line.id)
        if report is None or report.id != command.report_id:
            raise NotFound()
        ordering.remove_line(viewer, LineStep(order.id, order.version, line_id=line.id), now)
        reuse = ReportReuse(order_line_id=line.id, report_id=report.id, company_id=order.company_id)
        reuse.taken_by_id, reuse.taken_at = str(viewer.user_id), now
        session.add(reuse)
        log.record(
            session, "order.report_reused", order, by=viewer, at=now, for_lab=False, line=line.id, number=report.number
        )
        return reuse


def _covering(session: Session, lines: Sequence[OrderLine], now: datetime) -> dict[str, TestReport]:
    wanted = _items(session, lines)
    if not wanted:
        return {}
    later = aliased(TestReport)
    replaced = select(later.id).where(
        later.order_line_id == TestReport.order_line_id,
        later.edition > TestReport.edition,
        later.state.in_(SHOWN),
    )
    query = (
        select(TestReport, OrderLine)
        .join(OrderLine, OrderLine.id == TestReport.order_line_id)
        .where(
            TestReport.company_id == lines[0].company_id,
            TestReport.state == ReportState.ISSUED,
            TestReport.issued_at >= now - STILL_TAKEN,
            OrderLine.test_id.in_({line.test_id for line in lines if line.id in wanted}),
            ~replaced.exists(),
        )
        .order_by(TestReport.issued_at)
    )
    reports = [(report, line) for report, line in session.execute(query)]
    tested = _items(session, [line for _report, line in reports])
    found: dict[str, TestReport] = {}
    for line in lines:
        for report, source in reports:
            covers = line.id in wanted and wanted[line.id] <= tested.get(source.id, frozenset())
            if covers and source.test_id == line.test_id and source.id != line.id:
                found[line.id] = report
    return found


def _items(session: Session, lines: Sequence[OrderLine]) -> dict[str, frozenset[str]]:
    """VINs or serial numbers of the lines all of whose samples are registered with one."""
    query = select(Sample).where(Sample.order_id.in_({line.order_id for line in lines}))
    known: dict[str, dict[str, str]] = defaultdict(dict)
    for sample in session.scalars(query) if lines else ():
        if sample.item:
            known[sample.order_id][sample.name] = sample.item
    found: dict[str, frozenset[str]] = {}
    for line in lines:
        names, items = sample_names(line.sample), known.get(line.order_id, {})
        if names and all(name in items for name in names):
            found[line.id] = frozenset(items[name] for name in names)
    return found
