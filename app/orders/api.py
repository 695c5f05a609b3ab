"""API of orders: reading them with the instants of their phases."""

from datetime import datetime
from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from app.accounts.current import require_api_viewer, token_needed
from app.api import PREFIX, PROBLEMS, SECURITY, ListQuery, decode_cursor, encode_cursor, iso
from app.errors import N_, Invalid
from app.orders import queries
from app.orders.models import OrderState
from app.orders.queries import Group, OrderRow

bp = APIBlueprint(
    "orders_api",
    __name__,
    url_prefix=PREFIX,
    abp_tags=[Tag(name="orders", description="委托单 / Orders and their lines")],
    abp_security=SECURITY,
    abp_responses=PROBLEMS,
)
bp.before_request(token_needed)
blueprints = (bp,)


class LineModel(BaseModel):
    """A line with the instants at which its phases change; null: not yet."""

    id: str
    test: str
    sample: str
    submitted_at: str | None
    accepted_at: str | None
    taken_at: str | None
    ended_at: str | None
    issued_at: str | None


class OrderModel(BaseModel):
    id: str
    code: str
    state: OrderState
    version: int
    company: str | None
    lab: str
    created_at: str
    lines: list[LineModel]

    @classmethod
    def of(cls, row: OrderRow) -> "OrderModel":
        """company is null for the bench crew."""
        order, line = row.order, row.line
        return cls(
            id=order.id,
            code=order.code,
            state=order.state,
            version=order.version,
            company=row.company.id if row.company else None,
            lab=order.lab_id,
            created_at=str(iso(order.created_at)),
            lines=[
                LineModel(
                    id=line.id,
                    test=line.test_id,
                    sample=line.sample,
                    submitted_at=iso(line.submitted_at),
                    accepted_at=iso(line.accepted_at),
                    taken_at=iso(line.taken_at),
                    ended_at=iso(line.ended_at),
                    issued_at=iso(line.issued_at),
                )
            ],
        )


class OrderList(BaseModel):
    items: list[OrderModel]
    next: str | None


class OrderQuery(ListQuery):
    group: Group = Group.OPEN


class OrderPath(BaseModel):
    order_id: str = Field(max_length=24)


@bp.get("/orders", responses={200: OrderList})
def list_orders(query: OrderQuery) -> Any:
    """Orders of a group that the caller may see, newest first."""
    last = decode_cursor(query.cursor, 2)
    after = (_instant(last[0]), str(last[1])) if last else None
    rows = queries.visible_orders(require_api_viewer(), query.group, after=after, limit=query.limit + 1)
    shown = rows[: query.limit]
    more = len(rows) > query.limit
    return {
        "items": [OrderModel.of(row).model_dump(mode="json") for row in shown],
        "next": encode_cursor(shown[-1].order.created_at.isoformat(), shown[-1].order.id) if more else None,
    }


@bp.get("/orders/<string:order_id>", responses={200: OrderModel})
def get_order(path: OrderPath) -> Any:
    """One order with its line."""
    return OrderModel.of(queries.visible_order(require_api_viewer(), path.order_id)).model_dump(mode="json")


def _instant(given: Any) -> datetime:
    try:
        found = datetime.fromisoformat(str(given))
    except ValueError:
        found = None
    if found is None or found.utcoffset() is None:
        raise Invalid(N_("cursor 无效，请用上一页给出的值。"), field="cursor")
    return found
