"""The administrator's page of jobs."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _

from app.accounts.current import login_required, viewer
from app.accounts.policy import Action, require
from app.clock import now
from app.jobs import queries, service
from app.jobs.models import Outcome
from app.jobs.schedule import Daily, Every, Schedule
from app.turnaround.scheduled.queries import failing

bp = Blueprint("jobs", __name__)
blueprints = (bp,)
MINUTES_AN_HOUR = 60


@bp.app_template_filter()
def rhythm(schedule: Schedule) -> str:
    """A schedule in words."""
    if isinstance(schedule, Daily):
        return _("每天 %(clock)s", clock=f"{schedule.hour:02d}:{schedule.minute:02d}")
    assert isinstance(schedule, Every)
    if schedule.minutes == 1:
        return _("每分钟")
    if schedule.minutes == MINUTES_AN_HOUR:
        return _("每小时")
    if schedule.minutes % MINUTES_AN_HOUR == 0:
        return _("每 %(hours)d 小时", hours=schedule.minutes // MINUTES_AN_HOUR)
    return _("每 %(minutes)d 分钟", minutes=schedule.minutes)


@bp.get("/admin/jobs")
@login_required
def index() -> str:
    require(viewer(), Action.ADMINISTER)
    at = now()
    return render_template(
        "jobs/index.html",
        statuses=queries.statuses(at),
        scheduling=queries.is_anybody_scheduling(at),
        failures=queries.recent_failures(),
        unmade=failing(),
    )


@bp.post("/admin/jobs/<name>/run")
@login_required
def run(name: str) -> Any:
    """Run a job at once; it takes seconds at most."""
    done = service.run_now(viewer(), name, now())
    if done.outcome is Outcome.DONE:
        flash(_("已运行，处理 %(count)s 项。", count=done.result))
    else:
        flash(_("运行失败，原因见下。"))
    return redirect(url_for(".index"), 303)
