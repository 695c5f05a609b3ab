"""Pages of closures: what is out and until when, whom it hits, and what was proposed to them."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.accounts.current import login_required, viewer
from app.booking import closed, closures, relocating, undoing
from app.booking.forms import parse_start
from app.booking.models import Booking, Closure
from app.booking.occupancy import footprint_of
from app.booking.relocating import Hit, Proposal
from app.booking.rules import UNDO, AnsweredSince, ReasonMissing, TooLateToUndo
from app.capacity.access import own_lab
from app.capacity.calendars.queries import resources as resources_of
from app.capacity.closures import service
from app.capacity.closures.forms import CalibrationForm, CloseForm, EndForm, LimitForm
from app.capacity.house_rules.queries import names as organisations
from app.clock import now
from app.database import db
from app.errors import NotFound
from app.labs.capacity import Limitation
from app.labs.models import Lab
from app.labs.quantities import Range, told
from app.language import pick, refusal
from app.typed import cleaned, whole
from app.undoing import forget_undo, offer_undo
from app.worktime import Interval, local_date

bp = Blueprint("capacity_closures", __name__, url_prefix="/capacity/<lab_id>/closures")
PAST = timedelta(days=60)


@bp.get("/")
@login_required
def index(lab_id: str) -> str:
    """What is out now, what comes, what was; limitations; calibrations by due date."""
    return render_template("capacity/closures/index.html", **_shown(own_lab(lab_id)))


def _shown(lab: Lab) -> dict[str, Any]:
    at = now()
    known = resources_of(lab.id)
    found = relocating.closures_of(lab.id, at - PAST)
    limits = db.session.scalars(select(Limitation).where(Limitation.lab_id == lab.id, Limitation.ends_at > at))
    return {
        "lab": lab,
        "now": at,
        "today": local_date(at),
        "resources": {resource.id: resource for resource in known},
        "current": [each for each in found if each.starts_at <= at < each.ends_at],
        "coming": [each for each in found if each.starts_at > at],
        "past": [each for each in reversed(found) if each.ends_at <= at],
        "limitations": list(limits),
        "limit_form": LimitForm(formdata=None).offer(known),
        "limit_told": lambda row: told(row.quantity, Range(row.minimum, row.maximum)),
        "calibrated": sorted(known, key=lambda r: (r.calibration_due is None, str(r.calibration_due), r.id)),
    }


@bp.route("/new", methods=["GET", "POST"])
@login_required
def new(lab_id: str) -> Any:
    """A closure: typed, whom it hits shown, stored."""
    lab, at = own_lab(lab_id), now()
    form = CloseForm().offer(resources_of(lab.id))
    if not form.is_submitted():
        form.begin(request.args, at)
    hits: list[Hit] | None = None
    if form.validate_on_submit():
        if request.form.get("do") == "save":
            made = form.run(lambda commands: closures.close_all(viewer(), commands, at))
            if made:
                _offer_undo(made)
                return redirect(url_for(".detail", lab_id=lab.id, closure_id=made[0].id), 303)
        elif form.in_order:
            hits = _hits_of(lab, form)
        else:
            form.ends_at.errors = [gettext("结束时间要在开始时间之后。")]
    page = {"lab": lab, "form": form, "hits": hits, "names": _names(hits or ()), "bench_name": _bench_name(lab)}
    return render_template("capacity/closures/new.html", **page), form.status


def _offer_undo(made: list[Closure]) -> None:
    first = made[0]
    address = url_for(".undo", lab_id=first.lab_id, closure_id=first.id)
    said = gettext("已停用。") if len(made) == 1 else gettext("已建立 %(num)d 段停用。", num=len(made))
    offer_undo(said, address, 0, now() + UNDO)


@bp.post("/<closure_id>/undo")
@login_required
def undo(lab_id: str, closure_id: str) -> Response:
    """Take back what was closed a moment ago."""
    lab = own_lab(lab_id)
    forget_undo()
    try:
        undoing.undo_closure(viewer(), closure_id, now())
    except (AnsweredSince, TooLateToUndo) as error:
        flash(refusal(error))
        return redirect(url_for(".detail", lab_id=lab.id, closure_id=closure_id), 303)
    flash(gettext("已撤销，恢复原状。"))
    return redirect(url_for(".index", lab_id=lab.id), 303)


def _hits_of(lab: Lab, form: CloseForm) -> list[Hit]:
    commands = form.command()
    return [
        hit
        for command in commands
        for hit in relocating.hits(
            lab.id, command.resource_id, command.places, Interval(command.starts_at, command.ends_at), now()
        )
    ]


def _names(hits: Iterable[Hit]) -> dict[str, str]:
    return _named({hit.booking.company_id for hit in hits})


def _named(company_ids: Iterable[str]) -> dict[str, str]:
    """Short names of companies by id; the lab's desk knows whose bookings are at its lab."""
    return {ident: pick(company, "short") for ident, company in organisations(company_ids).items()}


def _bench_name(lab: Lab) -> Callable[[str], str]:
    """Names of the lab's benches by id."""
    known = {resource.id: pick(resource) for resource in resources_of(lab.id)}
    return lambda ident: known.get(ident, ident)


def _own(lab: Lab, closure_id: str) -> Closure:
    closure = db.session.get(Closure, closure_id)
    if closure is None or closure.lab_id != lab.id:
        raise NotFound()
    return closure


@bp.get("/<closure_id>")
@login_required
def detail(lab_id: str, closure_id: str) -> str:
    """One closure: whom it hits, what is proposed, what was answered."""
    lab = own_lab(lab_id)
    return render_template("capacity/closures/detail.html", **_detail(lab, _own(lab, closure_id)))


def _detail(lab: Lab, closure: Closure) -> dict[str, Any]:
    at = now()
    span = Interval(closure.starts_at, closure.ends_at)
    over = closure.ends_at <= at
    hits = [] if over else relocating.hits(lab.id, closure.resource_id, closure.places, span, at)
    asked = relocating.asked(closure.id)
    waiting = {booking.id for _, booking in asked if booking.proposal and booking.proposal.expires_at > at}
    form = EndForm(formdata=None, obj=closure)
    named = _named({b.company_id for _, b in asked} | {hit.booking.company_id for hit in hits})
    return {
        "lab": lab,
        "closure": closure,
        "now": at,
        "over": over,
        "resource": next((each for each in resources_of(lab.id) if each.id == closure.resource_id), None),
        "hits": [hit for hit in hits if hit.booking.id not in waiting],
        "asked": [(hit, booking, _answer(booking, closure, at)) for hit, booking in asked],
        "names": named,
        "end_form": form,
        "outcomes": {},
        "refused": "",
        "bench_name": _bench_name(lab),
    }


def _answer(booking: Booking, closure: Closure, at: datetime) -> str:
    """What became of the proposal to a booking."""
    if booking.proposal and booking.proposal.expires_at > at:
        return gettext("等企业答复")
    if booking.state.value in ("cancelled", "declined", "expired", "no_show"):
        return gettext("已取消")
    meets = booking.starts_at < closure.ends_at and booking.ends_at > closure.starts_at
    places = closed.places_of(db.session(), closure.resource_id, closure.places)
    stays = meets and not set(places).isdisjoint(footprint_of(booking))
    return gettext("没有改，仍在停用时段内") if stays else gettext("已改到别处")


@bp.post("/<closure_id>/propose")
@login_required
def propose(lab_id: str, closure_id: str) -> Any:
    """Send what is ticked, all at once."""
    lab = own_lab(lab_id)
    closure = _own(lab, closure_id)
    reason = cleaned(request.form.get("reason", ""))[:500]
    outcomes = {}
    refused = ""
    if not reason:
        refused = refusal(ReasonMissing())
    else:
        wanted = [each for value in request.form.getlist("hit") if (each := _proposal(value))]
        outcomes = {each.booking_id: each for each in relocating.propose(viewer(), closure.id, wanted, reason, now())}
        if not any(each.refused for each in outcomes.values()):
            return redirect(url_for(".detail", lab_id=lab.id, closure_id=closure.id), 303)
    page = _detail(lab, closure) | {"outcomes": outcomes, "refused": refused}
    return render_template("capacity/closures/detail.html", **page), 409 if outcomes else 422


def _proposal(value: str) -> Proposal | None:
    """`booking|version|resource|start` as the page wrote it; None for anything else."""
    parts = cleaned(value).split("|")
    version = whole(parts[1]) if len(parts) == 4 else None
    if version is None:
        return None
    try:
        start = parse_start(parts[3])
    except ValueError:
        return None
    return Proposal(parts[0], version, parts[2], start)


@bp.post("/<closure_id>/end")
@login_required
def change_end(lab_id: str, closure_id: str) -> Any:
    """Another expected end."""
    lab = own_lab(lab_id)
    closure = _own(lab, closure_id)
    form = EndForm()

    def store(given: tuple[datetime, bool]) -> Closure:
        return closures.change_end(viewer(), closure.id, *given, now())

    if form.run(store):
        return redirect(url_for(".detail", lab_id=lab.id, closure_id=closure.id), 303)
    return render_template("capacity/closures/detail.html", **(_detail(lab, closure) | {"end_form": form})), form.status


@bp.post("/<closure_id>/reopen")
@login_required
def reopen(lab_id: str, closure_id: str) -> Response:
    """It is back: now, or this one and all that follow of its series."""
    closure = _own(own_lab(lab_id), closure_id)
    end = closures.reopen_series if request.form.get("series") else closures.reopen
    end(viewer(), closure.id, now())
    return redirect(url_for(".index", lab_id=lab_id), 303)


@bp.post("/limitations")
@login_required
def limit(lab_id: str) -> Any:
    """A bench does less for a time."""
    lab = own_lab(lab_id)
    form = LimitForm().offer(resources_of(lab.id))
    if form.run(lambda command: service.limit(viewer(), command, now())):
        return redirect(url_for(".index", lab_id=lab.id), 303)
    return render_template("capacity/closures/index.html", **(_shown(lab) | {"limit_form": form})), form.status


@bp.post("/limitations/<limitation_id>/lift")
@login_required
def lift(lab_id: str, limitation_id: str) -> Response:
    own_lab(lab_id)
    service.lift(viewer(), limitation_id, now())
    return redirect(url_for(".index", lab_id=lab_id), 303)


@bp.post("/calibration/<resource_id>")
@login_required
def calibrate(lab_id: str, resource_id: str) -> Any:
    """Until when a calibration holds."""
    lab = own_lab(lab_id)
    form = CalibrationForm().of(resource_id)
    if form.run(lambda command: service.calibrate(viewer(), command, now())):
        return redirect(url_for(".index", lab_id=lab.id), 303)
    return render_template("capacity/closures/index.html", **_shown(lab)), form.status
