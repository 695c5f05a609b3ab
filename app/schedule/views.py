"""The schedule's page, and the fortnight of a bench for the page of a resource."""

from datetime import timedelta

from flask import Blueprint, Flask, render_template, request
from markupsafe import Markup

from app.accounts.current import login_required, viewer
from app.accounts.models import Role
from app.booking.settings import limits
from app.clock import now
from app.language import lang, refusal
from app.schedule import board, forms, queries, words
from app.schedule.addresses import addresses
from app.schedule.choices import choices
from app.schedule.drawing import Pen, styled, table
from app.schedule.fortnight import Fortnight, fortnight
from app.worktime import local_date

bp = Blueprint("schedule", __name__)
blueprints = (bp,)
# px of a lane on the page of a resource, beside its facts.
WIDTH_BESIDE_FACTS = 876


def init_app(app: Flask) -> None:
    """Give the page of a resource its fortnight, which stands in a lower room."""
    app.jinja_env.globals.update(two_weeks=two_weeks)


@bp.get("/schedule")
@login_required
def index() -> str:
    """Benches and days."""
    today = local_date(now())
    catalogue = queries.live()
    options, asked = choices(viewer(), forms.asked(request.args, today), catalogue)
    sheet = board.sheet(viewer(), asked, catalogue, now(), limits())
    to, moves = addresses(asked), viewer().role is Role.LAB_ADMIN
    style = styled(
        to, limits(), lang(), spelled=asked.days == forms.DAY, chosen=sheet.chosen, moves=moves, closes=moves
    )
    return render_template(
        "schedule/index.html",
        asked=asked,
        today=today,
        choices=options,
        sheet=sheet,
        table=table(sheet.groups, style),
        moves=moves and sheet.own_lab,
        remarks=[refusal(remark) for remark in asked.remarks],
        to=to,
        words=words,
    )


def two_weeks(resource_id: str) -> Markup:
    """Template global: the fortnight of a bench from `?from=`, empty for a visitor, who sees no free or busy time."""
    if not viewer().signed_in:
        return Markup()
    today = local_date(now())
    asked = forms.asked(request.args, today)
    weeks = fortnight(viewer(), resource_id, asked.first, now(), limits())
    return _rendered(weeks, asked) if weeks else Markup()


def _rendered(weeks: Fortnight, asked: forms.Asked) -> Markup:
    closes = viewer().role is Role.LAB_ADMIN
    style = styled(addresses(asked), limits(), lang(), spelled=True, width=WIDTH_BESIDE_FACTS, closes=closes)
    step = timedelta(days=forms.TWO_WEEKS)
    return Markup(  # noqa: S704  # it is a template of ours, escaped when it was rendered
        render_template(
            "schedule/_two_weeks.html",
            weeks=weeks,
            pen=Pen(style),
            earlier=f"?from={asked.first - step}",
            later=f"?from={asked.first + step}",
            today=local_date(now()),
            words=words,
            frame=weeks.frame,
            asked=asked,
        )
    )
