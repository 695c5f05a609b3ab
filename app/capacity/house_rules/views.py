"""Pages of a lab's rules: set, try on what was asked before, make exceptions, explain a refusal."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.accounts.current import login_required, viewer
from app.booking.forms import parse_start
from app.capacity.access import own_lab
from app.capacity.house_rules import explaining, queries, rules, service
from app.capacity.house_rules.forms import RuleForm, WaiveForm
from app.capacity.house_rules.wording import LABELS, sentence
from app.clock import now
from app.errors import NotFound
from app.labs import rules as kinds
from app.labs.capacity import LabRule
from app.labs.models import Lab
from app.language import pick

bp = Blueprint("capacity_rules", __name__, url_prefix="/capacity/<lab_id>/rules")
QUARTER = timedelta(days=92)
SHOWN = 50


def told(rule: LabRule, companies: dict[str, str]) -> str:
    """A stored rule as a sentence."""
    return sentence(rule.kind, rule.value["value"], companies)


@bp.get("/")
@login_required
def index(lab_id: str) -> str:
    """All rules as sentences, the exceptions, and what could be set."""
    lab = own_lab(lab_id)
    return render_template("capacity/rules/index.html", form=_waive_form(lab), **_shown(lab))


def _shown(lab: Lab) -> dict[str, Any]:
    companies = queries.companies_of(lab.id)
    return {
        "lab": lab,
        "rules": queries.rules_of(lab.id),
        "pools": {resource.pool: resource for resource in queries.pools_of(lab.id)},
        "names": {company.id: pick(company) for company in companies},
        "told": told,
        "labels": LABELS,
        "presets": rules.PRESETS,
        "waivers": queries.waivers(lab.id, now()),
    }


def _waive_form(lab: Lab) -> WaiveForm:
    in_force = dict.fromkeys(rule.kind for rule in queries.rules_of(lab.id) if rule.kind != kinds.AT_ONCE)
    return WaiveForm().offer(lab.id, queries.companies_of(lab.id), list(in_force))


@bp.route("/set/<kind>", methods=["GET", "POST"])
@login_required
def edit(lab_id: str, kind: str) -> Any:
    """One rule: typed, tried on the last quarter, stored."""
    lab = own_lab(lab_id)
    if kind not in LABELS:
        raise NotFound()
    form = RuleForm(kind).offer(lab.id, queries.pools_of(lab.id), queries.companies_of(lab.id))
    known = queries.rule(lab.id, request.args.get("pool", ""), kind)
    tries = request.form.get("do") == "try"
    if not form.is_submitted():
        form.seen.data, form.pool.data = lab.setup_version, request.args.get("pool", "")
        if known:
            form.fill(known.value["value"])
    stored = None if tries else form.run(lambda command: service.set_rule(viewer(), command, now()))
    if stored:
        return redirect(url_for(".index", lab_id=lab.id), 303)
    trial = _tried(lab, form) if tries and form.validate() else None
    if form.refused:
        form.seen.data = lab.setup_version  # he has now seen what the other one changed
    page = {"lab": lab, "form": form, "kind": kind, "label": LABELS[kind], "known": known, "trial": trial}
    return render_template("capacity/rules/edit.html", told=told, names=_names(lab), **page), form.status


def _names(lab: Lab) -> dict[str, str]:
    return {company.id: pick(company) for company in queries.companies_of(lab.id)}


def _tried(lab: Lab, form: RuleForm) -> dict[str, Any]:
    """What the rule would have done to the requests of the last quarter."""
    past = queries.past(lab.id, form.pool.data or "", now(), QUARTER)
    hit = rules.tried(form.kind, form.value, past)
    shown = queries.bookings([each.booking_id for each in hit[:SHOWN]])
    return {
        "asked": len(past),
        "count": len(hit),
        "rows": [(each, shown[each.booking_id]) for each in hit[:SHOWN] if each.booking_id in shown],
        "sentence": sentence(form.kind, form.value, _names(lab)),
    }


@bp.post("/drop/<rule_id>")
@login_required
def drop(lab_id: str, rule_id: str) -> Response:
    service.drop(viewer(), service.DropRule(own_lab(lab_id).id, rule_id), now())
    return redirect(url_for(".index", lab_id=lab_id), 303)


@bp.post("/preset/<chosen>")
@login_required
def preset(lab_id: str, chosen: str) -> Response:
    service.apply_preset(viewer(), own_lab(lab_id).id, request.form.get("pool", ""), chosen, now())
    return redirect(url_for(".index", lab_id=lab_id), 303)


@bp.post("/waive")
@login_required
def waive(lab_id: str) -> Any:
    lab = own_lab(lab_id)
    form = _waive_form(lab)
    if form.run(lambda command: service.waive(viewer(), command, now())):
        return redirect(url_for(".index", lab_id=lab.id), 303)
    return render_template("capacity/rules/index.html", form=form, **_shown(lab)), form.status


@bp.post("/waivers/<waiver_id>/end")
@login_required
def end_waiver(lab_id: str, waiver_id: str) -> Response:
    service.end_waiver(viewer(), own_lab(lab_id).id, waiver_id, now())
    return redirect(url_for(".index", lab_id=lab_id), 303)


@bp.get("/why")
@login_required
def why(lab_id: str) -> str:
    """Why can't this company book this? A form of four choices, and every check with its answer."""
    lab = own_lab(lab_id)
    asked = {name: request.args.get(name, "") for name in ("company", "test", "resource", "starts_at")}
    found, error = None, ""
    if all(asked.values()):
        try:
            start = parse_start(asked["starts_at"])
            case = explaining.Case(asked["company"], asked["test"], asked["resource"], start)
            found = explaining.verdicts(lab.id, case, now())
        except ValueError:
            error = gettext("请填日期和时间，例如 %(example)s。", example="2026-05-06 08:30")
    choices = {
        "companies": queries.companies_of(lab.id),
        "tests": queries.tests_of(lab.id),
        "pools": queries.pools_of(lab.id),
    }
    return render_template("capacity/rules/why.html", lab=lab, asked=asked, verdicts=found, error=error, **choices)
