"""Pages of the catalogue: labs, resources, methods and tests, readable without signing in."""

from typing import Any

from flask import Blueprint, Flask, redirect, render_template, request, url_for

from app.accounts.current import viewer
from app.accounts.policy import Action, allowed
from app.clock import now
from app.errors import NotFound
from app.labs import browse, labels
from app.labs.models import EarliestWeek
from app.labs.queries import bench_of
from app.language import lang
from app.worktime import local_date

bp = Blueprint("labs", __name__)
blueprints = (bp,)


def init_app(app: Flask) -> None:
    """The catalogue's codes in words, for templates."""
    app.jinja_env.filters.update(
        level=labels.level_label,
        method_kind=labels.method_kind_label,
        method_status=labels.method_status_label,
        sample_kind=labels.sample_kind_label,
        weather=labels.weather_label,
        week=labels.week_label,
        written_in=labels.written_in,
    )


@bp.get("/labs/")
def index() -> str:
    """All labs, filtered by domain, level and words; the filter is the address."""
    asked = {name: request.args.get(name, "").replace("\0", "").strip()[:200] for name in ("domain", "level", "q")}
    lines = browse.lab_lines(asked["domain"], asked["level"], asked["q"])
    return render_template(
        "labs/index.html",
        asked=asked,
        lines=lines,
        domains={domain.id: domain for domain in browse.domains()},
        levels=labels.LEVELS,
        weeks=browse.earliest_weeks(EarliestWeek.lab_id, [line.lab.id for line in lines]),
    )


@bp.get("/labs/<lab_id>")
def lab(lab_id: str) -> str:
    """One lab: what is known of it and from where, its benches."""
    found = browse.lab(lab_id)
    pools = browse.pools(lab_id)
    return render_template(
        "labs/lab.html",
        lab=found,
        pools=pools,
        domains=[domain for domain in browse.domains() if domain.id in found.domains],
        approvals=found.approvals_zh if lang() == "zh" else found.approvals_en,
        weeks=browse.earliest_weeks(EarliestWeek.pool, [pool.resource.pool for pool in pools]),
        sources=browse.sources(found.sources),
    )


@bp.get("/resources/<resource_id>")
def resource(resource_id: str) -> Any:
    """One bench: its time, what it can run, on what that rests, how it is booked. A pool, which is no bench, leads to
    its first unit.
    """
    found = browse.unit(resource_id)
    if found.id != resource_id:
        return redirect(url_for("labs.resource", resource_id=found.id), 303)
    if found.beside and found.lab_id not in viewer().lab_ids:
        raise NotFound()
    bench, today = bench_of(found, found.lab), local_date(now())
    return render_template(
        "labs/resource.html",
        resource=found,
        bench=bench,
        opening=labels.week_sentence(bench.calendar.patterns, today),
        opens_later=labels.later_weeks(bench.calendar.patterns, today),
        planned=labels.is_planned(bench.calendar.patterns, found.shifts),
        lab=found.lab,
        scope=browse.scope(found.pool),
        siblings=browse.siblings(found),
        week=browse.earliest_week(EarliestWeek.pool, found.pool),
        run_sentence=labels.unit_run_sentence(found),
        sources=browse.sources(found.sources),
        may_close=allowed(viewer(), Action.CLOSE_RESOURCE, found) and not found.retired_at,
    )


@bp.get("/methods/<method_id>")
def method(method_id: str) -> str:
    """One edition of a method: what it replaces, from when it binds, its tests."""
    found = browse.method(method_id)
    transitions = browse.transitions(method_id)
    ends = {end for row in transitions for end in (row.old_method_id, row.new_method_id) if end}
    tests, known = browse.method_tests(method_id), browse.editions_of(found.replaces)
    return render_template(
        "labs/method.html",
        method=found,
        domain=browse.domain(found.domain_id),
        replaces=[(code, known.get(code)) for code in found.replaces],
        replaced_by=browse.replaced_by(found.code),
        transitions=transitions,
        editions={ident: browse.method(ident) for ident in ends},
        tests=tests,
        weeks=browse.earliest_weeks(EarliestWeek.test_id, [test.id for test in tests]),
        sources=browse.sources(found.sources, *(row.sources for row in transitions)),
    )


@bp.get("/tests/<test_id>")
def test(test_id: str) -> str:
    """One test: sample, durations and their basis, who can run it."""
    found = browse.test(test_id)
    providers = browse.providers(test_id)
    kind = browse.kind(found.kind_id)
    return render_template(
        "labs/test.html",
        test=found,
        kind=kind,
        domain=browse.domain(found.domain_id),
        providers=providers,
        run_sentence=labels.run_sentence(found, kind is not None and kind.unattended),
        week=browse.earliest_week(EarliestWeek.test_id, found.id),
        sources=browse.sources(found.method.sources),
    )
