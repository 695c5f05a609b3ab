"""Pages of orders: the list, and one order with its line, actual against plan."""

from flask import Blueprint, render_template, request

from app.accounts.current import login_required, viewer
from app.clock import now
from app.forms import row_cursor
from app.orders import queries
from app.orders.parts import parts
from app.orders.queries import Group

bp = Blueprint("orders", __name__)
blueprints = (bp,)
PAGE = 50


@bp.get("/orders/")
@login_required
def index() -> str:
    """The viewer's orders, newest first; `state` is one of the groups."""
    group = _group(request.args.get("state", ""))
    found = queries.visible_orders(viewer(), group, after=row_cursor(request.args.get("after", "")), limit=PAGE + 1)
    rows, lines = found[:PAGE], [row.line for row in found[:PAGE]]
    return render_template(
        "orders/index.html",
        group=group,
        groups=list(Group) if viewer().is_company else [each for each in Group if each is not Group.DRAFT],
        counts=queries.counts(viewer()),
        rows=rows,
        bookings=parts("booking", viewer(), lines, now()),
        reports=parts("report", viewer(), lines, now()),
        after=f"{rows[-1].order.created_at.isoformat()}|{rows[-1].order.id}" if len(found) > PAGE else None,
    )


@bp.get("/orders/<order_id>")
@login_required
def detail(order_id: str) -> str:
    row = queries.visible_order(viewer(), order_id)
    told = {
        name: parts(name, viewer(), [row.line], now()).get(row.line.id) for name in ("booking", "progress", "report")
    }
    return render_template("orders/detail.html", row=row, **told)


def _group(text: str) -> Group:
    return Group(text) if text in set(Group) else Group.OPEN
