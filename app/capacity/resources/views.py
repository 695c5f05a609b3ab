"""Pages of a lab's benches: what they are, what they can do, how they stand to each other."""

from datetime import date
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from app.accounts.current import login_required, viewer
from app.booking.models import Booking
from app.capacity.access import own_lab
from app.capacity.house_rules.queries import names as organisations
from app.capacity.resources import arranging, editions, queries, scope, service
from app.capacity.resources.forms import CapabilityForm, ResourceForm, differences, titled
from app.capacity.resources.rules import StaleRow, StandsAround, longer_than_a_way_round
from app.capacity.rules import StaleSetup
from app.clock import now
from app.database import db
from app.errors import N_, Invalid, NotFound, YujianError
from app.labs.capacity import Nearness
from app.labs.models import Capability, Lab, Resource, Test
from app.labs.quantities import from_json, typed
from app.language import pick, refusal
from app.typed import cleaned, whole

bp = Blueprint("capacity_resources", __name__, url_prefix="/capacity/<lab_id>/resources")
NEW_STATES = 2
MOST_MINUTES = 10_080


@bp.get("/")
@login_required
def index(lab_id: str) -> str:
    """All benches with what they can do, links between them, editions that are to change."""
    return render_template("capacity/resources/index.html", **_shown(own_lab(lab_id)))


def _shown(lab: Lab, refused: str = "") -> dict[str, Any]:
    pools = queries.pools(lab.id)
    return {
        "lab": lab,
        "pools": pools,
        "able": queries.capabilities(list(pools)),
        "links": queries.links(lab.id),
        "resources": {unit.id: unit for units in pools.values() for unit in units},
        "editions": queries.editions(lab.id),
        "reaches": lambda stored: typed(from_json(stored)),
        "refused": refused,
    }


@bp.route("/new", methods=["GET", "POST"])
@login_required
def new(lab_id: str) -> Any:
    """A new bench, or several of a kind."""
    lab = own_lab(lab_id)
    form = ResourceForm().offer(lab.id, queries.kinds(), (), None)
    if not form.is_submitted():
        form.quantity.data, form.places.data, form.grain_minutes.data = 1, 1, 30
    made = form.run(lambda command: service.add_resource(viewer(), command, now()))
    if made:
        return redirect(url_for(".index", lab_id=lab.id), 303)
    return render_template("capacity/resources/resource.html", lab=lab, form=form, row=None), form.status


@bp.route("/<resource_id>", methods=["GET", "POST"])
@login_required
def edit(lab_id: str, resource_id: str) -> Any:
    """What the lab says of a bench."""
    lab = own_lab(lab_id)
    row = _own(lab, resource_id)
    others = [unit for units in queries.pools(lab.id).values() for unit in units]
    form = ResourceForm().offer(lab.id, (), others, row)
    if not form.is_submitted():
        form.show(row)
    if form.run(lambda command: service.change_resource(viewer(), command, now())):
        return redirect(url_for(".index", lab_id=lab.id), 303)
    page: dict[str, Any] = {"lab": lab, "form": form, "row": row}
    if form.refused:
        db.session.refresh(row)
        stored = ResourceForm(formdata=None).offer(lab.id, (), others, row)
        stored.show(row)
        page |= _beside(lab, form, stored)
    return render_template("capacity/resources/resource.html", **page), form.status


def _beside(lab: Lab, form: ResourceForm | CapabilityForm, stored: ResourceForm | CapabilityForm) -> dict[str, Any]:
    """What a refused change is shown beside: what somebody else stored meanwhile, or bookings that stay as they are.
    The next time it is sent that is known.
    """
    if isinstance(form.refused, StaleRow):
        form.version.data = stored.version.data
        return {"stored": differences(form, stored)}
    if isinstance(form.refused, StandsAround):
        form.accepted.data = form.refused.facts["codes"]
        around = queries.coded(lab.id, form.accepted.data.split(", "))
        return {"around": around, "names": _companies(around)}
    return {}


def _companies(bookings: list[Booking]) -> dict[str, str]:
    """Names of the companies, by id."""
    found = organisations(booking.company_id for booking in bookings)
    return {ident: pick(company, "short") for ident, company in found.items()}


def _own(lab: Lab, resource_id: str) -> Resource:
    row = queries.resource(lab, resource_id)
    if row is None:
        raise NotFound()
    return row


@bp.post("/<resource_id>/retire")
@login_required
def retire(lab_id: str, resource_id: str) -> Any:
    """The bench is no longer booked."""
    lab = own_lab(lab_id)
    row = _own(lab, resource_id)
    return _done(lab, lambda: service.retire_resource(viewer(), row.id, now()))


def _done(lab: Lab, act: Any) -> Any:
    """Back to the benches, with the refusal where there was one."""
    try:
        act()
    except YujianError as error:
        return render_template("capacity/resources/index.html", **_shown(lab, refusal(error))), error.status
    return redirect(url_for(".index", lab_id=lab.id), 303)


@bp.route("/pools/<pool>/tests/new", methods=["GET", "POST"])
@bp.route("/pools/<pool>/tests/<test_id>", methods=["GET", "POST"])
@login_required
def capability(lab_id: str, pool: str, test_id: str | None = None) -> Any:
    """A test that a pool can run, with the lab's own times and limits."""
    lab = own_lab(lab_id)
    pools = queries.pools(lab.id)
    if pool not in pools:
        raise NotFound()
    row = db.session.get(Capability, (pool, test_id)) if test_id else None
    if test_id and (row is None or row.retired_at):
        raise NotFound()
    able = {test.id for _, test in queries.capabilities([pool]).get(pool, ())}
    # With a warning, also what is usually done on benches of another kind.
    every = "all" in request.args
    tests = [test for test in queries.tests_for(None if every else pools[pool][0].kind_id) if test.id not in able]
    form = CapabilityForm().offer(lab.id, pool, tests, pools, queries.states(pool), row)
    if row and not form.is_submitted():
        form.show(row, queries.companions(pool, row.test_id))
    if form.run(lambda command: scope.set_capability(viewer(), command, now())):
        return redirect(url_for(".index", lab_id=lab.id), 303)
    test = db.session.get(Test, row.test_id) if row else None
    page = {"lab": lab, "form": form, "row": row, "test": test, "unit": pools[pool][0], "every": every}
    if form.refused and row:
        db.session.refresh(row)
        stored = CapabilityForm(formdata=None).offer(lab.id, pool, tests, pools, queries.states(pool), row)
        stored.show(row, queries.companions(pool, row.test_id))
        page |= _beside(lab, form, stored)
    return render_template("capacity/resources/capability.html", **page), form.status


@bp.post("/pools/<pool>/tests/<test_id>/retire")
@login_required
def retire_capability(lab_id: str, pool: str, test_id: str) -> Any:
    """The pool no longer runs the test."""
    lab = own_lab(lab_id)
    return _done(lab, lambda: scope.retire_capability(viewer(), lab.id, pool, test_id, now()))


@bp.post("/links")
@login_required
def link(lab_id: str) -> Any:
    """How two resources stand to each other."""
    lab = own_lab(lab_id)
    one, other = request.form.get("one", ""), request.form.get("other", "")
    wanted = request.form.get("nearness", "")
    nearness = Nearness(wanted) if wanted in set(Nearness) else None
    return _done(lab, lambda: arranging.link(viewer(), lab.id, one, other, nearness, now()))


@bp.route("/pools/<pool>/states", methods=["GET", "POST"])
@login_required
def states(lab_id: str, pool: str) -> Any:
    """States of a pool's benches and the minutes between them."""
    lab = own_lab(lab_id)
    units = queries.pools(lab.id).get(pool)
    if not units:
        raise NotFound()
    found = queries.states(pool)
    page: dict[str, Any] = {"lab": lab, "unit": units[0], "states": found, "new": range(NEW_STATES), "wrong": set()}
    page |= {"refused": "", "typed": request.form.get}
    status = 200
    if request.method == "POST":
        names = [(state.id, _typed(f"zh-{state.id}"), _typed(f"en-{state.id}")) for state in found]
        new_names = [(None, _typed(f"zh-new{n}"), _typed(f"en-new{n}")) for n in range(NEW_STATES)]
        minutes, page["wrong"] = _minutes([state.id for state in found])
        status = 422
        if not page["wrong"]:
            asked, seen = [*names, *new_names], request.form.get("seen", "")
            try:
                arranging.set_states(viewer(), lab.id, pool, asked, minutes, now(), seen)
                return redirect(url_for(".states", lab_id=lab.id, pool=pool), 303)
            except StaleSetup as error:
                page["refused"], status = refusal(error), error.status
                db.session.refresh(lab)
                page["states"] = found = queries.states(pool)
    table = queries.changeovers([state.id for state in found])
    named = {state.id: pick(state) for state in found}
    longer = [tuple(named[ident] for ident in way) for way in longer_than_a_way_round(table)]
    return render_template("capacity/resources/states.html", **page, table=table, longer=longer), status


def _typed(name: str) -> str:
    return cleaned(request.form.get(name, ""))[:60]


def _minutes(ids: list[str]) -> tuple[dict[tuple[str, str], int], set[tuple[str, str]]]:
    """What was typed into the table, and the cells that hold no number."""
    found: dict[tuple[str, str], int] = {}
    wrong: set[tuple[str, str]] = set()
    for before in ids:
        for after in ids:
            minutes = whole(_typed(f"m-{before}-{after}") or "0")
            if minutes is None or minutes > MOST_MINUTES:
                wrong.add((before, after))
            else:
                found[before, after] = minutes
    return found, wrong


@bp.route("/editions/<old_id>/<new_id>", methods=["GET", "POST"])
@login_required
def edition(lab_id: str, old_id: str, new_id: str) -> Any:
    """A standard is replaced: which tests stand for which, from when, and whose bookings lie beyond."""
    lab = own_lab(lab_id)
    pair = next((p for p in queries.editions(lab.id) if (p[0].id, p[1].id) == (old_id, new_id)), None)
    if pair is None:
        raise NotFound()
    tests = queries.tests_of_methods([old_id, new_id])
    chosen = {
        old.id: request.form.get(f"to-{old.id}", _alike(old, tests.get(new_id, []))) for old in tests.get(old_id, [])
    }
    page: dict[str, Any] = {"lab": lab, "old": pair[0], "new": pair[1], "tests": tests, "chosen": chosen, "error": {}}
    page["titled"] = titled
    if request.method == "POST":
        try:
            on = _day_typed(request.form.get("on", ""))
            mapped = {old: new for old, new in chosen.items() if new}
            if not set(mapped.values()) <= {test.id for test in tests.get(new_id, [])}:
                raise NotFound()
            command = editions.ReplaceEdition(lab.id, on, mapped)
            editions.check(command, now())
            if request.form.get("do") == "save":
                editions.replace_edition(viewer(), command, now())
                return redirect(url_for(".index", lab_id=lab.id), 303)
        except Invalid as error:
            page["error"] = {error.field: refusal(error)}
            return render_template("capacity/resources/edition.html", **page), error.status
        beyond = editions.beyond_edition(db.session(), command, now())
        page |= {"on": on, "beyond": beyond, "names": _companies(beyond)}
    return render_template("capacity/resources/edition.html", **page)


def _day_typed(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid(N_("请填日期，例如 2026-12-31。"), field="on") from None


def _alike(old: Test, news: list[Test]) -> str:
    """The test of the new edition with the same name, else with the same clause on such benches; '' for none."""
    named = (new.id for new in news if new.name_zh == old.name_zh)
    at_clause = (new.id for new in news if old.clause and (new.clause, new.kind_id) == (old.clause, old.kind_id))
    return next(named, "") or next(at_clause, "")
