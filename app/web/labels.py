"""How states are named and drawn."""

from flask_babel import gettext

from app.booking.rules import LABELS
from app.booking.rules import State as BookingState
from app.orders.models import RETURNED, OrderState
from app.orders.models import STATE_LABELS as ORDER_LABELS

STATE_LABELS: dict[str, str] = ORDER_LABELS | {state.value: label for state, label in LABELS.items()}

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
