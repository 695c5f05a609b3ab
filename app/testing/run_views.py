"""The run of a booking on the lab's phone, what orders show of it, retests, and the tokens of benches."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from flask_babel import gettext

from app.accounts.current import login_required, viewer
from app.accounts.policy import Action, Viewer, allowed, require, require_visible
from app.booking import service as bookings
from app.booking.delaying import announce_delay
from app.booking.models import Booking
from app.booking.presenting import START_OFFERED
from app.booking.queries import visible_booking
from app.booking.rules import State
from app.clock import now
from app.errors import NotFound, YujianError
from app.forms import CommandForm, version_seen
from app.labs import browse
from app.language import pick, refusal
from app.orders.models import OrderLine
from app.orders.parts import parts, provide
from app.orders.queries import visible_order
from app.orders.views import Refused, order_page
from app.testing import bench_tokens, run_queries, runs
from app.testing.models import RunPause, RunResult
from app.testing.run_forms import DelayForm, FinishForm, PauseForm, RunForm, TokenForm
from app.testing.run_rules import REPEATABLE, Result
from app.testing.runs import Retest
from app.typed import cleaned

bp = Blueprint("runs", __name__)


@dataclass(frozen=True, slots=True)
class LineRun:
    """How the run of a line stands: its result, the pause that it is in, whether the viewer may ask for a retest, and
    whether it is tested again already.
    """

    result: RunResult | None
    pause: RunPause | None
    may_retest: bool
    repeated: bool

    @property
    def to_repeat(self) -> str | None:
        """`failed` or `invalid` while nobody has asked for a retest."""
        open_result = self.result is not None and self.result.result in REPEATABLE and not self.repeated
        return self.result.result.value if self.result and open_result else None


def init_app(app: Flask) -> None:
    """Hand runs to the pages of orders and bookings."""
    provide(app, "run", runs_of_lines)
    app.jinja_env.filters["equipment_name"] = equipment_name


def equipment_name(used: Mapping[str, str]) -> str:
    """The name of a thing that was used, as it was called then."""
    return pick(SimpleNamespace(**used))


def runs_of_lines(viewer: Viewer, lines: Sequence[OrderLine], now: datetime) -> Mapping[str, LineRun]:
    """The runs of lines that have come to the bench."""
    begun = [line for line in lines if line.taken_at is not None]
    ids = [line.id for line in begun]
    results = run_queries.results_of(viewer, ids)
    pauses = run_queries.open_pauses_of(viewer, [line.id for line in begun if line.ended_at is None])
    again = run_queries.retested(ids)
    return {
        line.id: LineRun(
            results.get(line.id),
            pauses.get(line.id),
            line.id not in again and _may_retest(viewer, line, results.get(line.id)),
            line.id in again,
        )
        for line in begun
    }


def _may_retest(viewer: Viewer, line: OrderLine, result: RunResult | None) -> bool:
    if result is None:
        return False
    if viewer.is_company:
        return result.result in REPEATABLE and bool(allowed(viewer, Action.CHANGE_OWN_BOOKING, line))
    return result.result is Result.INVALID and bool(allowed(viewer, Action.DECIDE_BOOKING, line))


FORMS: Mapping[str, type[RunForm]] = {
    "start": RunForm,
    "pause": PauseForm,
    "resume": RunForm,
    "finish": FinishForm,
    "delay": DelayForm,
}
STEPS: Mapping[str, Callable[[Viewer, Any, datetime], Any]] = {
    "start": bookings.start,
    "pause": runs.pause,
    "resume": runs.resume,
    "finish": runs.finish,
    "delay": announce_delay,
}


@bp.get("/bookings/<booking_id>/run")
@login_required
def run(booking_id: str) -> Any:
    return _page(_own(booking_id), {})


@bp.post("/bookings/<booking_id>/run/<run_step>")
@login_required
def step(booking_id: str, run_step: str) -> Any:
    """A step of the run; a refusal shows it as it is now, with what was typed."""
    if run_step not in STEPS:
        raise NotFound()
    form = FORMS[run_step](_own(booking_id))
    done = form.run(lambda command: STEPS[run_step](viewer(), command, now()))
    if done is None:
        return _page(_own(booking_id), {run_step: form}), form.status
    if run_step == "delay":
        _say_who_was_told(done)
    return redirect(url_for(".run", booking_id=booking_id), 303)


def _own(booking_id: str) -> Booking:
    booking = visible_booking(viewer(), booking_id)
    require(viewer(), Action.RUN_BOOKING, booking)
    return booking


def _say_who_was_told(outcomes: Sequence[Any]) -> None:
    told = sum(not each.refused for each in outcomes)
    left = [each.refused for each in outcomes if each.refused]
    if told:
        flash(gettext("已告知后面 %(count)d 个预约的企业，各有三个选择。", count=told))
    for text in left:
        flash(gettext("后面有一个预约没有建议到别的时段：%(why)s", why=text))
    if not outcomes:
        flash(gettext("后面没有受影响的预约。"))


def _page(booking: Booking, refused: Mapping[str, CommandForm]) -> str:
    line = booking.order_line
    known = runs_of_lines(viewer(), [line], now()).get(line.id)
    steps = _offered(booking, known)
    return render_template(
        "testing/run.html",
        booking=booking,
        run=known,
        pauses=run_queries.pauses(booking.id),
        samples=parts("samples", viewer(), [line], now()).get(line.id, ()),
        forms={name: refused.get(name) or FORMS[name](booking, formdata=None) for name in steps},
        late=booking.state is State.RUNNING and now() > booking.ends_at,
        early=booking.state is State.CONFIRMED and now() < booking.starts_at - START_OFFERED,
    )


def _offered(booking: Booking, known: LineRun | None) -> list[str]:
    """The steps that can be taken now, the main one first."""
    if booking.state is State.CONFIRMED:
        return ["start"]
    if booking.state is State.RUNNING:
        return ["resume" if known and known.pause else "pause", "finish", "delay"]
    done = booking.state is State.COMPLETED and not (known and known.result)
    return ["finish"] if done else []


@bp.post("/orders/<order_id>/lines/<line_id>/retest")
@login_required
def retest(order_id: str, line_id: str) -> Any:
    """Ask for a retest; `sample` and the order's `version` in the form."""
    visible_order(viewer(), order_id)
    sample = cleaned(request.form.get("sample", ""))[:200]
    try:
        runs.retest(viewer(), Retest(order_id, line_id, version_seen(), sample), now())
    except YujianError as error:
        if error.status == 404:
            raise
        return order_page(visible_order(viewer(), order_id), Refused(text=refusal(error))), error.status
    return redirect(url_for("orders.detail", order_id=order_id), 303)


@bp.route("/resources/<resource_id>/tokens", methods=["GET", "POST"])
@login_required
def tokens(resource_id: str) -> Any:
    """Tokens of a bench for its own software; a new one is shown once."""
    resource = browse.resource(resource_id)
    require_visible(viewer(), Action.SET_CAPACITY, resource)
    form, secret = TokenForm(resource_id), None
    if made := form.run(lambda command: bench_tokens.create(viewer(), command, now())):
        secret = made[1]
    found = run_queries.tokens(viewer(), resource_id)
    page = render_template("testing/bench_tokens.html", resource=resource, tokens=found, form=form, secret=secret)
    return page, form.status


@bp.post("/resources/<resource_id>/tokens/<bench_token_id>/revoke")
@login_required
def revoke_token(resource_id: str, bench_token_id: str) -> Any:
    bench_tokens.revoke(viewer(), bench_token_id, now())
    return redirect(url_for(".tokens", resource_id=resource_id), 303)
