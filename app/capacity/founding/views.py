"""The page on which an operator's administrator adds a lab."""

from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import FloatField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, NumberRange
from wtforms.validators import Optional as Blank

from app.accounts.current import login_required, viewer
from app.capacity.founding import service
from app.capacity.founding.service import FoundLab
from app.clock import now
from app.database import db
from app.errors import NotFound
from app.forms import ChoicesField, CommandForm, at_most, no_nul, text
from app.labs.models import Domain
from app.language import pick

bp = Blueprint("capacity_founding", __name__)


class LabForm(CommandForm):
    name_zh = text(_l("实验室名称"), 80)
    name_en = text(_l("英文名称"), 120, needed=False)
    short_zh = text(_l("简称"), 20, needed=False)
    district_zh = text(_l("区县"), 40)
    district_en = text(_l("英文区县"), 60, needed=False)
    address_zh = text(_l("地址"), 120, needed=False)
    lat = FloatField(_l("纬度"), [Blank(), NumberRange(-90, 90)])
    lon = FloatField(_l("经度"), [Blank(), NumberRange(-180, 180)])
    domains = ChoicesField(_l("领域"), validators=[InputRequired(_l("请至少选一项。"))])
    summary_zh = TextAreaField(_l("简介"), [no_nul, at_most(500)])
    summary_en = TextAreaField(_l("英文简介"), [no_nul, at_most(800)])

    def offer(self) -> "LabForm":
        """All domains to choose from."""
        known = db.session.scalars(select(Domain).where(Domain.retired_at.is_(None)).order_by(Domain.position))
        self.domains.choices = [SelectChoice(domain.id, pick(domain)) for domain in known]
        return self

    def command(self) -> FoundLab:
        return FoundLab(
            name_zh=self.name_zh.data or "",
            name_en=self.name_en.data or "",
            short_zh=self.short_zh.data or "",
            district_zh=self.district_zh.data or "",
            district_en=self.district_en.data or "",
            address_zh=self.address_zh.data or "",
            lat=self.lat.data,
            lon=self.lon.data,
            domains=tuple(self.domains.data or ()),
            summary_zh=(self.summary_zh.data or "").strip(),
            summary_en=(self.summary_en.data or "").strip(),
        )


@bp.route("/capacity/new", methods=["GET", "POST"])
@login_required
def new() -> Any:
    """A lab: typed, stored, and on to its benches."""
    if not service.may_found(viewer()):
        raise NotFound()
    form = LabForm().offer()
    lab = form.run(lambda command: service.found_lab(viewer(), command, now()))
    if lab:
        return redirect(url_for("capacity_resources.index", lab_id=lab.id), 303)
    return render_template("capacity/new.html", form=form), form.status
