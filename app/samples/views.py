"""Pages of samples: registering one, its page with the chain of custody, its label, and the lab's places."""

import io
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import segno
from flask import Blueprint, Flask, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext

from app.accounts.current import login_required, viewer
from app.accounts.models import Role
from app.accounts.policy import Action, Viewer, allowed, require
from app.clock import now
from app.errors import NotFound
from app.files import subjects
from app.files.queries import files_of
from app.files.uploads import takes_files
from app.forms import CommandForm
from app.labs.queries import labs_by_id, resources
from app.language import pick
from app.orders.models import OrderLine
from app.orders.parts import parts, provide
from app.orders.queries import visible_order
from app.orders.rules import CLOSED, sample_names
from app.samples import photos, queries, rules, service
from app.samples.forms import DispatchForm, IdentityForm, PhotoForm, PlaceForm, ReceiveForm, StepForm, StoreForm
from app.samples.models import Sample
from app.samples.sentences import next_of_sample, offered, told

bp = Blueprint("samples", __name__)
blueprints = (bp,)


@dataclass(frozen=True, slots=True)
class NamedSample:
    """A name on a line, and the sample that was registered under it."""

    name: str
    sample: Sample | None


def init_app(app: Flask) -> None:
    """Hand the samples of lines to the pages of orders and bookings; say who may read their photos."""
    provide(app, "samples", samples_of_lines)
    subjects.provide(app, photos.SAMPLE, queries.is_readable)


def samples_of_lines(viewer: Viewer, lines: Sequence[OrderLine], now: datetime) -> Mapping[str, list[NamedSample]]:
    """What each line names, in its order, with what is registered."""
    found = queries.samples_of(viewer, {line.order_id for line in lines})
    known = {(sample.order_id, sample.name): sample for sample in found}
    named: dict[str, list[NamedSample]] = defaultdict(list)
    for line in lines:
        named[line.id] = [NamedSample(name, known.get((line.order_id, name))) for name in sample_names(line.sample)]
    return named


@bp.route("/orders/<order_id>/samples/new", methods=["GET", "POST"])
@login_required
def new(order_id: str) -> Any:
    """Register a sample; `name` may be in the address, as a line of the order says it."""
    row = visible_order(viewer(), order_id)
    require(viewer(), Action.REGISTER_SAMPLE, row.order)
    name = request.args.get("name", "")
    tests = [each.test for each in row.lines if name in sample_names(each.line.sample)] or list(row.tests)
    kind = rules.KIND_OF_TEST.get(tests[0].sample_kind, rules.SampleKind.PART) if tests else rules.SampleKind.PART
    form = IdentityForm(order_id, name=name, kind=kind.value)
    if sample := form.run(lambda command: service.register(viewer(), command, now())):
        return redirect(url_for(".detail", sample_id=sample.id), 303)
    return render_template("samples/identity.html", form=form, order=row.order, sample=None), form.status


@bp.route("/samples/<sample_id>/edit", methods=["GET", "POST"])
@login_required
def edit(sample_id: str) -> Any:
    """Another identity, until the sample has arrived."""
    sample = queries.visible_sample(viewer(), sample_id)
    require(viewer(), Action.REGISTER_SAMPLE, sample)
    form = IdentityForm(sample.order_id, sample)
    if form.run(lambda command: service.edit(viewer(), command, now())):
        return redirect(url_for(".detail", sample_id=sample_id), 303)
    return render_template(
        "samples/identity.html", form=form, order=queries.order_of(sample), sample=sample
    ), form.status


@bp.get("/samples/<sample_id>")
@login_required
def detail(sample_id: str) -> Any:
    return _page(queries.visible_sample(viewer(), sample_id), {})


def _page(sample: Sample, refused: Mapping[str, CommandForm]) -> str:
    steps = queries.chain(sample.id)
    row = visible_order(viewer(), sample.order_id)
    lines = [each for each in row.lines if sample.name in sample_names(each.line.sample)]
    bookings = parts("booking", viewer(), [each.line for each in lines], now())
    return render_template(
        "samples/detail.html",
        sample=sample,
        row=row,
        lines=lines,
        bookings=bookings,
        next=next_of_sample(viewer(), sample, _needed_at(lines, bookings)),
        steps=told(viewer(), steps, {each.id: each for each in resources({step.where for step in steps})}),
        consumed_by=queries.test_of(sample.consumed_by_id) if sample.consumed_by_id else None,
        forms={name: refused.get(name) or _form(name, sample, None) for name in offered(viewer(), sample)},
        editable=sample.editable(viewer().is_lab) and allowed(viewer(), Action.REGISTER_SAMPLE, sample),
        full=allowed(viewer(), Action.SEE_BOOKING_COMPANY, sample),
        photos=files_of(viewer(), photos.SAMPLE, [sample.id])[sample.id],
        photo_form=PhotoForm(sample.id, formdata=None),
        digit=rules.vin_check_digit(sample.vin) if sample.vin else None,
    )


def _needed_at(lines: Sequence[Any], bookings: Mapping[str, Any]) -> datetime | None:
    """When the first test to come takes the bench."""
    coming = [
        bookings[each.line.id].seen.booking.starts_at
        for each in lines
        if each.line.id in bookings and each.line.taken_at is None and each.line.state.value not in CLOSED
    ]
    return min(coming, default=None)


def _form(name: str, sample: Sample, data: Any = ...) -> CommandForm:
    """The form of a step; data None: as it is shown first, else what was sent."""
    given = {} if data is ... else {"formdata": data}
    if name == "store":
        return StoreForm(sample, queries.places(viewer(), [sample.lab_id]), **given)
    kinds: dict[str, Callable[..., CommandForm]] = {"dispatch": DispatchForm, "receive": ReceiveForm}
    return kinds.get(name, StepForm)(sample, **given)


STEPS: dict[str, Callable[[Viewer, Any, datetime], Sample]] = {
    "dispatch": service.dispatch,
    "receive": service.receive,
    "answer": service.answer_deviation,
    "store": service.store,
    "return": service.give_back,
    "dispose": service.dispose,
}


@bp.post("/samples/<sample_id>/photos")
@login_required
@takes_files
def photograph(sample_id: str) -> Any:
    """Photos of a sample, from the phone that took them."""
    sample = queries.visible_sample(viewer(), sample_id)
    form = PhotoForm(sample_id)
    made = form.run(lambda command: photos.photograph(viewer(), command, now()))
    if made is None:
        flash(" ".join([form.refusal_text, *form.photos.errors]).strip())
        return _page(sample, {}), form.status
    flash(gettext("已保存 %(count)d 张照片。", count=len(made)))
    return redirect(url_for(".detail", sample_id=sample_id), 303)


@bp.post("/samples/<sample_id>/<custody_step>")
@login_required
def step(sample_id: str, custody_step: str) -> Any:
    """A step of custody."""
    if custody_step not in STEPS:
        raise NotFound()
    form = _form(custody_step, queries.visible_sample(viewer(), sample_id))
    if form.run(lambda command: STEPS[custody_step](viewer(), command, now())):
        return redirect(url_for(".detail", sample_id=sample_id), 303)
    return _page(queries.visible_sample(viewer(), sample_id), {custody_step: form}), form.status


@bp.get("/samples/<sample_id>/label")
@login_required
def label(sample_id: str) -> Any:
    """A label to print: the code as text and as QR code, the name, and no company."""
    sample = queries.visible_sample(viewer(), sample_id)
    return render_template("samples/label.html", sample=sample, row=visible_order(viewer(), sample.order_id))


@bp.get("/samples/<sample_id>/qr.svg")
@login_required
def qr(sample_id: str) -> Response:
    """The address of the sample's page as a QR code (ISO/IEC 18004)."""
    sample = queries.visible_sample(viewer(), sample_id)
    drawn = io.BytesIO()
    segno.make(url_for(".detail", sample_id=sample.id, _external=True), error="m").save(drawn, kind="svg", border=2)
    return Response(drawn.getvalue(), mimetype="image/svg+xml")


@bp.route("/samples/places", methods=["GET", "POST"])
@login_required
def places() -> Any:
    """Where the viewer's labs keep samples, and how full it is; the order desk adds places."""
    if not viewer().is_lab:
        raise NotFound()
    own = labs_by_id(viewer().lab_ids)
    form = PlaceForm([(lab.id, pick(lab)) for lab in own])
    if form.run(lambda command: service.add_place(viewer(), command, now())):
        return redirect(url_for(".places"), 303)
    found = queries.places(viewer(), viewer().lab_ids)
    may_set = viewer().role is Role.LAB_ADMIN
    return render_template("samples/places.html", form=form if may_set else None, places=found), form.status


@bp.post("/samples/places/<place_id>/remove")
@login_required
def remove_place(place_id: str) -> Any:
    service.remove_place(viewer(), place_id, now())
    return redirect(url_for(".places"), 303)
