"""API of what a lab's tests need of the state of samples, and what they change."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from app.accounts.current import require_api_viewer, token_blueprint
from app.api import example
from app.clock import now
from app.labs import browse
from app.samples import conditions
from app.samples.condition_rules import MOST_KM, MOST_LEVEL, MOST_LEVELS, Demand
from app.samples.conditions import SetDemand
from app.samples.models import SampleDemand
from app.typed import cleaned

bp = token_blueprint("sample_demands_api", __name__, "samples")

Kilometres = Annotated[int, Field(strict=True, ge=0, le=MOST_KM)]
Percent = Annotated[int, Field(strict=True, ge=0, le=100)]
Level = Annotated[str, Field(min_length=1, max_length=MOST_LEVEL)]


class DemandModel(BaseModel):
    """What a sample must be at the start, and what the test leaves of it; null and empty: nothing. `mileage` and
    `adds_km` in km, `charge` (state of charge) in per cent. `build_levels`: any of these.
    """

    build_levels: list[Level] = Field(default_factory=list, max_length=MOST_LEVELS, examples=[["PT", "SOP"]])
    mileage_from: Kilometres | None = None
    mileage_to: Kilometres | None = Field(None, examples=[3000])
    charge_from: Percent | None = Field(None, examples=[95])
    charge_to: Percent | None = None
    undamaged: bool = Field(False, strict=True)
    adds_km: Kilometres = 0
    leaves_charge: Percent | None = None
    leaves_damage: str = Field("", max_length=200)

    def demand(self) -> Demand:
        given = self.model_dump(include=set(DemandModel.model_fields))
        levels = tuple(cleaned(each) for each in self.build_levels)
        return Demand(**given | {"build_levels": levels, "leaves_damage": cleaned(self.leaves_damage)})


class DemandBody(DemandModel):
    """`version`: of what is set as last seen, 0 for nothing yet."""

    model_config = example(build_levels=["PT", "SOP"], mileage_to=3000, charge_from=95, version=1)

    version: int = Field(strict=True, ge=0, le=2**31 - 1)


class TestDemand(DemandModel):
    test: str = Field(examples=["gb38031-vibration"])
    version: int

    @classmethod
    def of(cls, row: SampleDemand) -> "TestDemand":
        return cls(test=row.test_id, version=row.version, **{n: getattr(row, n) for n in DemandModel.model_fields})


class DemandList(BaseModel):
    items: list[TestDemand]
    next: str | None


class LabPath(BaseModel):
    lab_id: str = Field(max_length=60)


class DemandPath(LabPath):
    test_id: str = Field(max_length=60)


@bp.get("/labs/<string:lab_id>/sample-demands", responses={200: DemandList})
def list_demands(path: LabPath) -> Any:
    """What the tests of a lab need of samples and change; tests that need nothing are left out."""
    require_api_viewer()
    found = conditions.demands(browse.lab(path.lab_id).id)
    return {"items": [TestDemand.of(found[test]).model_dump() for test in sorted(found)], "next": None}


@bp.post("/labs/<string:lab_id>/sample-demands/<string:test_id>", responses={200: TestDemand})
def set_demand(path: DemandPath, body: DemandBody) -> Any:
    """Set it for one test, as the lab's administrator."""
    command = SetDemand(cleaned(path.lab_id), cleaned(path.test_id), body.version, body.demand())
    return TestDemand.of(conditions.set_demand(require_api_viewer(), command, now())).model_dump()
