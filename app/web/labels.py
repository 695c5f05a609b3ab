"""How states are named and drawn."""

from flask_babel import gettext

from app.booking.rules import LABELS
from app.booking.rules import State as BookingState
from app.errors import N_
from app.orders.models import RETURNED, OrderState

ORDER_LABELS = {
    OrderState.DRAFT: N_("草稿"),
    OrderState.SUBMITTED: N_("待受理"),
    OrderState.ACCEPTED: N_("已受理"),
    OrderState.TESTING: N_("试验中"),
    OrderState.REPORTING: N_("编制报告"),
    OrderState.ISSUED: N_("已签发"),
    OrderState.REJECTED: N_("不受理"),
    OrderState.CANCELLED: N_("已取消"),
}
RETURNED_LABELS = {RETURNED: N_("待答复")}
STATE_LABELS: dict[str, str] = RETURNED_LABELS | {
    state.value: label for labels in (ORDER_LABELS, LABELS) for state, label in labels.items()
}

# Shapes of DESIGN, one for each kind of state; reports being written have the empty square.
STATE_CLASSES: dict[str, str] = {
    BookingState.HELD: "held",
    BookingState.REQUESTED: "req",
    BookingState.CONFIRMED: "conf",
    BookingState.RUNNING: "run",
    BookingState.COMPLETED: "done",
    BookingState.DECLINED: "off",
    BookingState.CANCELLED: "off",
    BookingState.EXPIRED: "off",
    BookingState.NO_SHOW: "bad",
    RETURNED: "held",
    OrderState.DRAFT: "held",
    OrderState.SUBMITTED: "req",
    OrderState.ACCEPTED: "conf",
    OrderState.TESTING: "run",
    OrderState.REPORTING: "",
    OrderState.ISSUED: "done",
    OrderState.REJECTED: "off",
}


def state_class(state: str) -> str:
    """The shape of a state of a booking or an order (`.st` of the style sheet)."""
    return STATE_CLASSES[state]


def state_label(state: str) -> str:
    """A state of a booking or an order in this request's language."""
    return gettext(STATE_LABELS[state])
