"""API of the steps of an order that carry its bookings along."""

from typing import Any

from pydantic import BaseModel, Field

from app.accounts.current import require_api_viewer, token_blueprint
from app.api import Version, example
from app.booking import ordering
from app.booking.ordering import OrderStep
from app.clock import now
from app.orders.api import OrderModel, ReviewBody, review_of, shown
from app.orders.schemas import OrderPath
from app.typed import cleaned

bp = token_blueprint("ordering_api", __name__, "orders")


class StepBody(BaseModel):
    """`version`: the order's as last seen. `reason`: a lab that cancels says why."""

    model_config = example(version=2, reason="")

    version: Version
    reason: str = Field("", max_length=500)


def _step(order_id: str, body: StepBody) -> OrderStep:
    return OrderStep(order_id, body.version, cleaned(body.reason))


@bp.post("/orders/<string:order_id>/hold-all", responses={200: OrderModel})
def hold_all(path: OrderPath, body: StepBody) -> Any:
    """Hold the earliest time for every line that has none; all or none."""
    ordering.hold_all(require_api_viewer(), _step(path.order_id, body), now())
    return shown(path.order_id)


@bp.post("/orders/<string:order_id>/submit", responses={200: OrderModel})
def submit_order(path: OrderPath, body: StepBody) -> Any:
    """Submit a draft, or again what was returned; every line has a slot or leaves it to the lab."""
    ordering.submit(require_api_viewer(), _step(path.order_id, body), now())
    return shown(path.order_id)


@bp.post("/orders/<string:order_id>/reject", responses={200: OrderModel})
def reject_order(path: OrderPath, body: ReviewBody) -> Any:
    """Contract review ends without a contract; `reason` is needed."""
    ordering.reject(require_api_viewer(), review_of(path.order_id, body), now())
    return shown(path.order_id)


@bp.post("/orders/<string:order_id>/cancel", responses={200: OrderModel})
def cancel_order(path: OrderPath, body: StepBody) -> Any:
    """End what has not begun, with its bookings."""
    ordering.cancel(require_api_viewer(), _step(path.order_id, body), now())
    return shown(path.order_id)
