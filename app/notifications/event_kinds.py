"""Which notice an event of the log makes."""

from collections.abc import Mapping
from typing import Any

from app.notifications.kinds import Kind

EVENTS: dict[str, Kind] = {
    "booking.requested": Kind.REQUESTED,
    "booking.confirmed": Kind.CONFIRMED,
    "booking.declined": Kind.DECLINED,
    "booking.cancelled": Kind.CANCELLED,
    "booking.moved": Kind.MOVED,
    "booking.moved_away": Kind.MOVED_AWAY,
    "booking.move_proposed": Kind.MOVE_PROPOSED,
    "booking.move_refused": Kind.MOVE_REFUSED,
    "booking.move_lapsed": Kind.MOVE_LAPSED,
    "booking.undone": Kind.TAKEN_BACK,
    "booking.running": Kind.STARTED,
    "booking.paused": Kind.PAUSED,
    "booking.resumed": Kind.RESUMED,
    "booking.delayed": Kind.DELAYED,
    "booking.held_up": Kind.HELD_UP,
    "booking.completed": Kind.COMPLETED,
    "booking.no_show": Kind.NO_SHOW,
    "booking.edition_asked": Kind.EDITION_ASKED,
    "sample.dispatched": Kind.SAMPLE_DISPATCHED,
    "sample.received": Kind.SAMPLE_RECEIVED,
    "sample.deviates": Kind.SAMPLE_DEVIATES,
    "sample.deviation_accepted": Kind.DEVIATION_ACCEPTED,
    "sample.returned": Kind.SAMPLE_RETURNED,
    "sample.disposed": Kind.SAMPLE_DISPOSED,
    "report.drafted": Kind.REPORT_TO_REVIEW,
    "report.reviewed": Kind.REPORT_TO_APPROVE,
    "report.returned": Kind.REPORT_RETURNED,
    "report.approved": Kind.REPORT_APPROVED,
    "report.issued": Kind.REPORT_ISSUED,
    "report.withdrawn": Kind.REPORT_WITHDRAWN,
    "order.submitted": Kind.ORDER_SUBMITTED,
    "order.answered": Kind.ORDER_ANSWERED,
    "order.accepted": Kind.ORDER_ACCEPTED,
    "order.returned": Kind.ORDER_RETURNED,
    "order.rejected": Kind.ORDER_REJECTED,
    "order.cancelled": Kind.ORDER_CANCELLED,
    "order.retest_asked": Kind.RETEST_ASKED,
    "order.amendment_proposed": Kind.AMENDMENT_PROPOSED,
    "order.amendment_accepted": Kind.AMENDMENT_ACCEPTED,
    "order.amendment_refused": Kind.AMENDMENT_REFUSED,
    "message.written": Kind.MESSAGE_WRITTEN,
    "waitlist.offered": Kind.TIME_KEPT,
    "join.asked": Kind.JOIN_ASKED,
    "join.accepted": Kind.JOIN_ACCEPTED,
    "join.declined": Kind.JOIN_DECLINED,
    "user.password_lost": Kind.ACCESS_LOST,
    "user.password_reset": Kind.ACCESS_RENEWED,
}


def kind_of(event: str, data: Mapping[str, Any]) -> Kind | None:
    """The notice that an event makes; None for one that nobody is told of."""
    if event == "booking.expired":
        return Kind.HOLD_EXPIRED if data.get("was") == "held" else Kind.REQUEST_EXPIRED
    if event == "booking.moved_away" and (data.get("was") == "held" or data.get("agreed")):
        # The lab was not told of the hold either, or has proposed it.
        return None
    if event == "order.clock_stopped":
        # Questions and deviating samples are told by what asks about them.
        return {"payment": Kind.PAYMENT_AWAITED, "witness": Kind.WITNESS_AWAITED}.get(str(data.get("cause")))
    if event == "booking.judged":
        return {"failed": Kind.FAILED, "invalid": Kind.INVALID}.get(str(data.get("result")))
    if event == "turnaround.report_made":
        return {"week": Kind.TURNAROUND_WEEK, "month": Kind.TURNAROUND_MONTH}.get(str(data.get("every")))
    return EVENTS.get(event)
