"""The pages of a lab's capacity: one for each thing that its administrator sets or watches."""

from flask import Blueprint, Flask, redirect, render_template, url_for
from werkzeug.wrappers import Response

from app.accounts.current import login_required, viewer
from app.capacity import handing
from app.capacity.access import own_lab
from app.capacity.approving import views as approving
from app.capacity.calendars import views as calendars
from app.capacity.closures import views as closures
from app.capacity.conditions import views as conditions
from app.capacity.founding import views as founding
from app.capacity.house_rules import views as house_rules
from app.capacity.house_rules.wording import public
from app.capacity.queries import labs_of
from app.capacity.reporting import views as reporting
from app.capacity.resources import views as resources
from app.capacity.sheets import views as sheets
from app.capacity.tabs import tabs
from app.capacity.utilisation import views as utilisation
from app.errors import NotFound

bp = Blueprint("capacity", __name__)


@bp.get("/capacity/")
@login_required
def index() -> Response | str:
    """The lab that is set up here; a choice where there are several."""
    labs = labs_of(viewer())
    if not labs:
        raise NotFound()
    if len(labs) == 1:
        return redirect(url_for("capacity.lab", lab_id=labs[0].id))
    return render_template("capacity/index.html", labs=labs)


@bp.get("/capacity/<lab_id>/")
@login_required
def lab(lab_id: str) -> str:
    """What can be set for a lab, and what is set."""
    return render_template("capacity/lab.html", lab=own_lab(lab_id))


# Each topic is a package of its own beside this module; its blueprint is registered here.
blueprints = (
    bp,
    approving.bp,
    reporting.bp,
    calendars.bp,
    closures.bp,
    conditions.bp,
    founding.bp,
    house_rules.bp,
    resources.bp,
    sheets.bp,
    utilisation.bp,
)


def init_app(app: Flask) -> None:
    """Give templates the tabs, pages of a bench its lab's rules, and leaving staff what they answer for here."""
    handing.init_app(app)
    app.jinja_env.globals.update(capacity_tabs=tabs, own_rules=lambda bench: public(bench.rules))
