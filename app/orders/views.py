"""Pages of orders: the list, and one order with its lines, its review, its terms and its messages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Flask, redirect, render_template, request, url_for

from app.accounts import closing
from app.accounts.current import login_required, viewer
from app.accounts.policy import Action, Viewer, allowed, require
from app.clock import now
from app.files import subjects
from app.files.queries import files_of
from app.files.uploads import takes_files
from app.forms import CommandForm, row_cursor
from app.labs import browse
from app.labs.queries import tests_at
from app.orders import (
    amending,
    amending_words,
    attachments,
    handing,
    messages,
    queries,
    reviewing,
    service,
    sheet_pages,
    stops,
)
from app.orders.amending_forms import AmendSampleForm, AmendTermsForm
from app.orders.forms import (
    AttachForm,
    LineForm,
    MessageForm,
    NewOrderForm,
    ResumeForm,
    ReviewForm,
    StopForm,
    TermsForm,
)
from app.orders.models import Order, OrderLine, OrderState
from app.orders.parts import parts
from app.orders.queries import GROUPS, Group, OrderRow
from app.orders.rules import CHECKLIST, CLOSED
from app.orders.sentences import next_of_order, of_order, summary

bp = Blueprint("orders", __name__)
blueprints = (bp, sheet_pages.bp)
PAGE = 50
# What other rooms say of the lines of one order.
PARTS = (
    "booking",
    "progress",
    "forecast",
    "report",
    "report_versions",
    "report_offered",
    "report_covering",
    "samples",
    "run",
)


def init_app(app: Flask) -> None:
    """Hand in what keeps an organisation open, and who may read what files are attached to."""
    closing.provide(app, "orders", queries.open_orders)
    handing.init_app(app)
    subjects.provide(app, attachments.ORDER, queries.is_readable)
    subjects.provide(app, attachments.MESSAGE, messages.is_readable)


@bp.get("/orders/")
@login_required
def index() -> str:
    """The viewer's orders, newest first; `state` is one of the groups."""
    group = Group.of(request.args.get("state", ""))
    found = queries.visible_orders(viewer(), group, after=row_cursor(request.args.get("after", "")), limit=PAGE + 1)
    rows = found[:PAGE]
    lines = [each.line for row in rows for each in row.lines]
    bookings = parts("booking", viewer(), lines, now())
    reports = parts("report", viewer(), lines, now())
    forecasts = parts("forecast", viewer(), lines, now())
    return render_template(
        "orders/index.html",
        group=group,
        groups=list(Group) if viewer().is_company else [each for each in Group if each is not Group.DRAFT],
        counts=queries.counts(viewer()),
        rows=[summary(viewer(), row, bookings, reports, forecasts) for row in rows],
        unread=messages.unread(viewer(), [row.order.id for row in rows]),
        after=f"{rows[-1].order.created_at.isoformat()}|{rows[-1].order.id}" if len(found) > PAGE else None,
    )


@bp.route("/orders/new", methods=["GET", "POST"])
@login_required
def new() -> Any:
    """A draft at a lab; `lab` may be in the address."""
    require(viewer(), Action.BOOK)
    form = NewOrderForm(browse.labs(), data={"lab": request.args.get("lab", "")})
    if order := form.run(lambda command: service.create(viewer(), command, now())):
        return redirect(url_for(".detail", order_id=order.id), 303)
    return render_template("orders/new.html", form=form), form.status


@bp.get("/orders/<order_id>")
@login_required
def detail(order_id: str) -> Any:
    row = queries.visible_order(viewer(), order_id)
    if allowed(viewer(), Action.SEE_MESSAGE, row.order):
        seen = messages.messages_of(viewer(), order_id)
        if any(each.unread for each in seen) and allowed(viewer(), Action.WRITE_MESSAGE, row.order):
            messages.mark_read(viewer(), order_id, now())
        return order_page(row, Refused(), seen)
    return order_page(row, Refused(), [])


@dataclass
class Refused:
    """Forms that were refused a moment ago, by name, and a refusal without a form."""

    forms: dict[str, CommandForm] = field(default_factory=dict)
    text: str = ""


def order_page(row: OrderRow, refused: Refused, seen: list[messages.MessageRow] | None = None) -> str:
    """The page of an order as the viewer may see it, with what was refused."""
    at, order, lines = now(), row.order, [each.line for each in row.lines]
    told = {name: parts(name, viewer(), lines, at) for name in PARTS}
    reviews = queries.reviews_of(order.id)
    shows_terms = bool(allowed(viewer(), Action.SEE_BOOKING_COMPANY, order))
    own = bool(allowed(viewer(), Action.CHANGE_OWN_BOOKING, order))
    editable = own and not order.direct and (order.state is OrderState.DRAFT or order.returned)
    waits = stops.stops_of(viewer(), order.id)
    stopped = next((each for each in waits if each.ended_at is None), None)
    amendments = amending_words.told(viewer(), row)
    forms = _forms(viewer(), order, editable) | amending_words.forms_of(viewer(), row, amendments) | refused.forms
    if seen is None:
        seen = messages.messages_of(viewer(), order.id) if shows_terms else []
    expected = of_order(row, told["forecast"])
    ruler = expected.ruling if expected else ""
    drawn = _drawn(told["progress"], ruler, lines)
    return render_template(
        "orders/detail.html",
        row=row,
        next=amending_words.next_of(viewer(), amendments)
        or next_of_order(viewer(), row, told["booking"], reviews[-1] if reviews else None, stopped, told["run"]),
        amendments=amendments,
        bookings=told["booking"],
        reports=told["report"],
        versions=told["report_versions"],
        offered=told["report_offered"],
        covering=told["report_covering"],
        samples=told["samples"],
        runs=told["run"],
        unregistered=_unregistered(viewer(), row, told["samples"]),
        progress=told["progress"].get(drawn.id) if drawn else None,
        drawn=drawn,
        forecasts=told["forecast"],
        ruling=ruler if len(lines) > 1 else None,
        expected=expected,
        reviews=reviews if shows_terms else [],
        checklist=CHECKLIST,
        shows_terms=shows_terms,
        waits=waits,
        stopped=stopped,
        own=own,
        editable=editable,
        forms=forms,
        refused_text=refused.text,
        messages=seen,
        files=files_of(viewer(), attachments.ORDER, [order.id])[order.id],
        sent=files_of(viewer(), attachments.MESSAGE, [each.message.id for each in seen]),
    )


def _forms(by: Viewer, order: Order, editable: bool) -> dict[str, CommandForm]:
    """The forms that the viewer may fill in, empty, by name."""
    forms: dict[str, CommandForm] = {}
    decides = allowed(by, Action.DECIDE_BOOKING, order)
    if editable:
        forms["line"] = LineForm(order, tests_at(order.lab_id), formdata=None)
        forms["terms"] = TermsForm(order, formdata=None)
    if decides and not order.direct and any(line.state is OrderState.SUBMITTED for line in order.lines):
        forms["review"] = ReviewForm(order, formdata=None)
    if allowed(by, Action.WRITE_MESSAGE, order):
        forms["message"] = MessageForm(order.id, formdata=None)
    if allowed(by, Action.ATTACH_FILE, order):
        forms["files"] = AttachForm(order.id, formdata=None)
    if decides and order.state in GROUPS[Group.OPEN]:
        forms["stop"] = StopForm(order, formdata=None)
    return forms


def _drawn(progress: Mapping[str, Any], ruling: str, lines: Sequence[OrderLine]) -> OrderLine | None:
    """The line whose progress is shown: that which rules the report date, else the first one with a slot."""
    found = [line for line in lines if line.id in progress]
    return next((line for line in found if line.id == ruling), found[0] if found else None)


def _unregistered(by: Viewer, row: OrderRow, samples: Mapping[str, Any]) -> list[str]:
    """Names on lines still to be tested that no sample was registered under, for those who may register one."""
    if not allowed(by, Action.REGISTER_SAMPLE, row.order):
        return []
    live = [each.line.id for each in row.lines if each.line.taken_at is None and each.line.state.value not in CLOSED]
    return list(dict.fromkeys(n.name for ident in live for n in samples.get(ident, ()) if n.sample is None))


@bp.post("/orders/<order_id>/copy")
@login_required
def copy(order_id: str) -> Any:
    queries.visible_order(viewer(), order_id)
    order = service.copy(viewer(), order_id, now())
    return redirect(url_for(".detail", order_id=order.id), 303)


@bp.post("/orders/<order_id>/lines")
@login_required
def add_line(order_id: str) -> Any:
    """One more test. Enter in any field of the page comes here too: without a sample the terms alone are meant."""
    if "enter" in request.form and not request.form.get("sample", "").strip():
        return terms(order_id)
    row = queries.visible_order(viewer(), order_id)
    kept = keep_terms(row)
    form = LineForm(row.order, tests_at(row.order.lab_id))
    if kept.errors or kept.refused:
        return order_page(row, Refused({"line": form, "terms": kept})), kept.status
    form.version.data = kept.version.data
    return _done(order_id, "line", form, lambda command: service.add_line(viewer(), command, now()))


def keep_terms(row: OrderRow) -> TermsForm:
    """Store what was typed into the terms before another button of their form does its part; the form then has the
    version that the order has now. It was refused where it has `errors` or `refused`.
    """
    form = TermsForm(row.order)
    if "purpose" in request.form and (saved := form.run(lambda command: service.edit_terms(viewer(), command, now()))):
        form.version.data = saved.version
    return form


@bp.post("/orders/<order_id>/terms")
@login_required
def terms(order_id: str) -> Any:
    """What the order says; the page's script posts the same form while one types."""
    form = TermsForm(queries.visible_order(viewer(), order_id).order)
    saved = form.run(lambda command: service.edit_terms(viewer(), command, now()))
    if request.headers.get("Accept", "").startswith("application/json"):
        if saved:
            return {"version": saved.version}
        return {"errors": form.errors, "text": form.refusal_text}, form.status
    return redirect(url_for(".detail", order_id=order_id), 303) if saved else _again(order_id, "terms", form)


@bp.post("/orders/<order_id>/amendments")
@login_required
def amend(order_id: str) -> Any:
    """Propose other terms, or (`what` is `sample`) another sample for a line."""
    row = queries.visible_order(viewer(), order_id)
    if request.form.get("what") == "sample":
        sample = AmendSampleForm(row.order, row.lines)
        return _done(order_id, "amend_sample", sample, lambda command: amending.propose(viewer(), command, now()))
    terms = AmendTermsForm(row.order)
    return _done(order_id, "amend_terms", terms, lambda command: amending.propose(viewer(), command, now()))


@bp.post("/orders/<order_id>/accept")
@login_required
def accept(order_id: str) -> Any:
    form = ReviewForm(queries.visible_order(viewer(), order_id).order)
    return _done(order_id, "review", form, lambda command: reviewing.accept_order(viewer(), command, now()))


@bp.post("/orders/<order_id>/return")
@login_required
def give_back(order_id: str) -> Any:
    form = ReviewForm(queries.visible_order(viewer(), order_id).order)
    return _done(order_id, "review", form, lambda command: reviewing.return_order(viewer(), command, now()))


@bp.post("/orders/<order_id>/stop")
@login_required
def stop(order_id: str) -> Any:
    """The lab waits for the customer: the clock stands still."""
    form = StopForm(queries.visible_order(viewer(), order_id).order)
    return _done(order_id, "stop", form, lambda command: stops.stop(viewer(), command, now()))


@bp.post("/orders/<order_id>/resume")
@login_required
def resume(order_id: str) -> Any:
    """What the lab waited for has come."""
    form = ResumeForm(queries.visible_order(viewer(), order_id).order)
    return _done(order_id, "stop", form, lambda command: stops.resume(viewer(), command, now()))


@bp.post("/orders/<order_id>/files")
@login_required
@takes_files
def attach(order_id: str) -> Any:
    queries.visible_order(viewer(), order_id)
    form = AttachForm(order_id)
    return _done(order_id, "files", form, lambda command: attachments.attach(viewer(), command, now()))


@bp.post("/orders/<order_id>/files/<file_id>/remove")
@login_required
def remove_file(order_id: str, file_id: str) -> Any:
    attachments.remove(viewer(), order_id, file_id, now())
    return redirect(url_for(".detail", order_id=order_id), 303)


@bp.post("/orders/<order_id>/messages")
@login_required
@takes_files
def write(order_id: str) -> Any:
    queries.visible_order(viewer(), order_id)
    form = MessageForm(order_id)
    return _done(order_id, "message", form, lambda command: messages.write(viewer(), command, now()))


def _done(order_id: str, name: str, form: CommandForm, act: Any) -> Any:
    if form.run(act):
        return redirect(url_for(".detail", order_id=order_id), 303)
    return _again(order_id, name, form)


def _again(order_id: str, name: str, form: CommandForm) -> Any:
    return order_page(queries.visible_order(viewer(), order_id), Refused({name: form}, form.refusal_text)), form.status
