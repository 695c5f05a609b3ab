"""The form of what a test needs of its samples and changes."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField
from wtforms.validators import NumberRange
from wtforms.validators import Optional as Blank

from app.forms import CommandForm, VersionField, WholeField, text
from app.samples.condition_rules import MOST_KM, Demand
from app.samples.conditions import SetDemand
from app.samples.models import SampleDemand


def _number(label: Any, most: int) -> WholeField:
    return WholeField(label, [Blank(), NumberRange(0, most)], render_kw={"inputmode": "numeric"})


class DemandForm(CommandForm):
    """Build levels are told apart by commas."""

    version = VersionField()
    build_levels = text(_l("试制阶段"), 400, needed=False)
    mileage_from = _number(_l("里程不少于（km）"), MOST_KM)
    mileage_to = _number(_l("里程不超过（km）"), MOST_KM)
    charge_from = _number(_l("荷电状态不低于（%）"), 100)
    charge_to = _number(_l("荷电状态不高于（%）"), 100)
    undamaged = BooleanField(_l("要没有损伤的样品"))
    adds_km = _number(_l("里程增加（km）"), MOST_KM)
    leaves_charge = _number(_l("试验后的荷电状态（%）"), 100)
    leaves_damage = text(_l("留下的损伤"), 200, needed=False)

    def __init__(self, lab_id: str, test_id: str, row: SampleDemand | None) -> None:
        said = {name: getattr(row, name) for name in Demand.__dataclass_fields__} if row else {}
        levels = "、".join(said.get("build_levels", ()))
        super().__init__(data=said | {"build_levels": levels, "version": row.version if row else 0})
        self.lab_id, self.test_id = lab_id, test_id

    def command(self) -> SetDemand:
        typed = (self.build_levels.data or "").replace("，", "、").replace(",", "、")
        demand = Demand(
            build_levels=tuple(level for part in typed.split("、") if (level := part.strip())),
            mileage_from=self.mileage_from.data,
            mileage_to=self.mileage_to.data,
            charge_from=self.charge_from.data,
            charge_to=self.charge_to.data,
            undamaged=self.undamaged.data,
            adds_km=self.adds_km.data or 0,
            leaves_charge=self.leaves_charge.data,
            leaves_damage=self.leaves_damage.data or "",
        )
        return SetDemand(self.lab_id, self.test_id, self.version.data or 0, demand)
