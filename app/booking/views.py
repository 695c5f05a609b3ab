"""Pages of bookings: the form of a new one, the booking itself, moving it, the list; the lab's inbox and day sheet."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, Flask, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.accounts import closing
from app.accounts.current import login_required, viewer
from app.accounts.policy import Action, require
from app.booking import (
    amending_pages,
    day_sheet,
    describing,
    desk,
    exporting,
    handing,
    listing,
    moves,
    ordering_pages,
    placing_pages,
    progress,
    queries,
    reading,
    series_pages,
    service,
    undo_pages,
    waitlist_pages,
)
from app.booking.describing import Describe
from app.booking.drafting import draft, lose
from app.booking.forms import BookingForm, DescribeForm, MoveForm, StepForm, parse_day, ticked
from app.booking.models import Booking
from app.booking.moving import move_page
from app.booking.pages import ON_THE_WAY, booking_page, tick_labels
from app.booking.presenting import by, elapsed, iso_day, office
from app.booking.reading import Waiting
from app.booking.rules import SlotTaken, State, TooLateToCancel, WrongState
from app.booking.settings import limits, limits_of
from app.booking.steps import Change
from app.booking.story import lab_name
from app.clock import now
from app.errors import N_, Invalid, NotFound, YujianError
from app.forms import row_cursor
from app.workbooks import download

bp = Blueprint("booking", __name__)
blueprints = (
    bp,
    waitlist_pages.bp,
    series_pages.bp,
    ordering_pages.bp,
    amending_pages.bp,
    undo_pages.bp,
    placing_pages.bp,
)
PREVIEW = "preview"


def init_app(app: Flask) -> None:
    """Hand the pages of orders what a booking knows, and templates what they say of it."""
    progress.init_app(app)
    closing.provide(app, "bookings", queries.open_bookings)
    handing.init_app(app)
    app.jinja_env.filters.update(elapsed=elapsed, tick_labels=tick_labels, lab_name=lab_name, iso_day=iso_day)
    app.jinja_env.filters.update(limits=limits_of, office=office)
    app.jinja_env.globals.update(by=lambda at: by(at, now()))


@bp.route("/bookings/new", methods=["GET", "POST"])
@login_required
def new() -> Any:
    """The form of a booking; a page that already knows test, bench and time may post to it directly."""
    require(viewer(), Action.BOOK)
    form = BookingForm(request.form if request.method == "POST" else request.args)
    form.prepare()
    at = now()
    found = draft(viewer(), form, at, limits())
    if not (found.test or found.units):
        if request.method == "POST":
            raise Invalid(N_("这个页面不完整，请重新打开。"))
        return redirect(url_for("search.results"), 303)
    sent = request.method == "POST" and form.state.data not in ("", PREVIEW)
    if sent and (booking := form.run(lambda command: service.book(viewer(), command, at))):
        return redirect(url_for(".detail", booking_id=booking.id), 303)
    if isinstance(form.refused, SlotTaken):
        lose(viewer(), found, form, at, limits(), form.refused)
    warn = found.low_confidence and not form.acknowledged.data
    template = "booking/unconfirmed_lab.html" if warn else "booking/new.html"
    conflict = sent and isinstance(form.refused, SlotTaken)
    return render_template(template, form=form, draft=found, limits=limits(), conflict=conflict), (
        form.status if sent else 200
    )


@bp.get("/bookings/<booking_id>")
@login_required
def detail(booking_id: str) -> Any:
    return _detail(booking_id, StepForm(booking_id, formdata=None))


def _detail(booking_id: str, form: StepForm, step: str = "", described: DescribeForm | None = None) -> Any:
    """The booking as it is now; form and step, described: what was refused a moment ago."""
    booking = queries.visible_booking(viewer(), booking_id)
    page = booking_page(viewer(), booking, now(), limits())
    described = described or DescribeForm(booking, formdata=None)
    return render_template("booking/detail.html", page=page, form=form, described=described, refused_step=step)


@bp.post("/bookings/<booking_id>/describe")
@login_required
def describe(booking_id: str) -> Any:
    """Keep what the sample is; `then=request` submits the hold too. What was kept stays when that is refused."""
    form = DescribeForm(queries.visible_booking(viewer(), booking_id))
    if form.run(_submit if request.form.get("then") == "request" else _keep):
        return redirect(url_for(".detail", booking_id=booking_id), 303)
    return _detail(booking_id, StepForm(booking_id, formdata=None), described=form), form.status


def _keep(command: Describe) -> Booking:
    return describing.describe(viewer(), command, now())


def _submit(command: Describe) -> Booking:
    kept = _keep(command)
    return service.request(viewer(), Change(kept.id, kept.version), now())


@bp.post("/bookings/<booking_id>/<step>")
@login_required
def step(booking_id: str, step: str) -> Any:
    """One of `service.STEPS`; a refusal shows the booking as it is now, with what was typed."""
    if step not in service.STEPS:
        raise NotFound()
    form = StepForm(booking_id)
    queries.visible_booking(viewer(), booking_id)
    if booking := form.run(lambda command: service.STEPS[step](viewer(), command, now())):
        undo_pages.offer(booking, step)
        return redirect(_back(booking_id), 303)
    return _detail(booking_id, form, step), form.status


def _back(booking_id: str) -> str:
    """Where a step came from: the inbox, else the booking."""
    back = request.form.get("back", "")
    if back in set(Waiting):
        return url_for(".inbox", list=back)
    return url_for(".detail", booking_id=booking_id)


@bp.route("/bookings/<booking_id>/move", methods=["GET", "POST"])
@login_required
def move(booking_id: str) -> Any:
    """Other times, and the form for an exact one; the company moves, the lab proposes."""
    booking = queries.visible_booking(viewer(), booking_id)
    at = now()
    form = MoveForm.of(booking)
    looks = "look" in request.form
    moved = None if looks else form.run(lambda command: moves.move(viewer(), command, at))
    if moved is not None:
        undo_pages.offer(moved, "move")
        return redirect(url_for(".detail", booking_id=booking_id), 303)
    lost = list(form.refused.offers) if isinstance(form.refused, SlotTaken) else None
    try:
        page = move_page(viewer(), queries.visible_booking(viewer(), booking_id), at, limits(), lost)
    except (TooLateToCancel, WrongState) as error:
        return _refused(booking_id, error)
    return render_template("booking/move.html", page=page, form=form), form.status


def _refused(booking_id: str, error: YujianError) -> Any:
    """What can't be done with the booking said on its page, which knows what can."""
    form = StepForm(booking_id, formdata=None)
    form.refuse(error)
    return _detail(booking_id, form), error.status


@bp.get("/bookings/")
@login_required
def index() -> str:
    """The viewer's bookings; filter by `state`, `lab`, `from`, `to`."""
    wanted = listing.asked(request.args)
    after = row_cursor(request.args.get("after", ""))
    page = listing.listing(viewer(), wanted, now(), limits(), after)
    return render_template("booking/index.html", page=page, states=list(State), on_the_way=ON_THE_WAY)


@bp.get("/bookings/bookings.xlsx")
@login_required
def export() -> Response:
    """The list of bookings, filtered as on the page."""
    content = exporting.workbook(viewer(), listing.asked(request.args), now(), limits())
    return download(content, f"yujian-bookings-{now():%Y%m%d}.xlsx")


@bp.route("/inbox", methods=["GET", "POST"])
@login_required
def inbox() -> Any:
    """What waits for a lab; a post confirms what was ticked, each by itself."""
    if not viewer().is_lab:
        raise NotFound()
    at = now()
    outcomes = None
    if request.method == "POST":
        only = request.form.get("only")
        chosen = ticked([only] if only else request.form.getlist("chosen"))
        outcomes = desk.confirm_many(viewer(), chosen, at)
        if len(outcomes) == 1 and not outcomes[0].refused:
            undo_pages.offer(queries.visible_booking(viewer(), chosen[0].booking_id), "confirm")
    what = desk.list_asked(viewer(), request.args.get("list", ""))
    return render_template(
        "booking/inbox.html",
        what=what,
        lists=desk.lists(viewer()),
        counts=reading.waiting_counts(viewer(), at),
        rows=desk.rows(viewer(), what, at, limits()),
        outcomes=outcomes,
    )


@bp.get("/resources/<resource_id>/day-sheet", endpoint="day_sheet")
@login_required
def sheet(resource_id: str) -> str:
    """One bench on one day, for printing; `day` is a local date, today without it."""
    at = now()
    on = parse_day(request.args.get("day", ""), at)
    found = day_sheet.day_sheet(viewer(), resource_id, on)
    neighbours = {"before": on - timedelta(days=1), "following": on + timedelta(days=1)}
    return render_template("booking/day_sheet.html", sheet=found, asked=resource_id, printed=at, **neighbours)
