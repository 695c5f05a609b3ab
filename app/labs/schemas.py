"""What the API gives of the catalogue; ids are those of the CSV files."""

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from app.api import PLAIN, ListQuery
from app.labs.browse import Week
from app.labs.models import Lab, Method, Resource, Test

LONGEST_QUERY = 200


Filter = Annotated[str, StringConstraints(max_length=64), PLAIN]
Words = Annotated[str, StringConstraints(max_length=LONGEST_QUERY), PLAIN]
# Texts that are one of these words: said in the document, kept true by the database.
Confidence = Annotated[str, Field(json_schema_extra={"enum": ["high", "medium", "low"]})]
Status = Annotated[str, Field(json_schema_extra={"enum": ["in_force", "superseded", "upcoming", "unverified"]})]
DurationBasis = Annotated[str, Field(json_schema_extra={"enum": ["standard", "planning"]})]
Evidence = Annotated[str, Field(json_schema_extra={"enum": ["documented", "representative", "stated"]})]
EARLIEST = Field(description="ISO 8601 week of the first free time, e.g. 2026-W52; null when none is known")


class LabPath(BaseModel):
    lab_id: str = Field(max_length=64)


class TestPath(BaseModel):
    __test__ = False  # the name looks like a test's to the collector

    test_id: str = Field(max_length=64)


class ResourcePath(BaseModel):
    resource_id: str = Field(max_length=64)


class LabQuery(ListQuery):
    """Labs with this field of testing and every word."""

    domain: Filter = ""
    q: Words = ""


class TestQuery(ListQuery):
    """Tests with every word, in this field, that this lab can do."""

    __test__ = False

    q: Words = ""
    domain: Filter = ""
    lab: Filter = ""


class ResourceQuery(ListQuery):
    """Units at this lab, of this kind, that can run this test."""

    lab: Filter = ""
    kind: Filter = ""
    test: Filter = ""


class LabModel(BaseModel):
    """A centre or proving ground. operator: id of its organisation. approvals: as reported, no accreditation."""

    id: str
    name_zh: str
    name_en: str
    operator: str
    operator_zh: str
    operator_en: str
    district: str
    district_en: str
    domains: list[str]
    approvals: list[str]
    approvals_en: list[str]
    level: str
    confidence: Confidence
    earliest_week: str | None = EARLIEST
    retired: bool

    @classmethod
    def of(cls, lab: Lab, week: Week | None) -> "LabModel":
        return cls(
            id=lab.id,
            name_zh=lab.name_zh,
            name_en=lab.name_en,
            operator=lab.organisation_id,
            operator_zh=lab.organisation.name_zh,
            operator_en=lab.organisation.name_en,
            district=lab.district_zh,
            district_en=lab.district_en,
            domains=lab.domains,
            approvals=lab.approvals_zh,
            approvals_en=lab.approvals_en,
            level=lab.level,
            confidence=lab.confidence,
            earliest_week=week.week if week else None,
            retired=lab.retired_at is not None,
        )


class MethodModel(BaseModel):
    code: str
    title_zh: str
    title_en: str
    status: Status

    @classmethod
    def of(cls, method: Method) -> "MethodModel":
        return cls(code=method.code, title_zh=method.title_zh, title_en=method.title_en, status=method.status)


class TestModel(BaseModel):
    """One item of a method. duration_basis: the times are the standard's or planning values."""

    __test__ = False

    id: str
    method: MethodModel
    name_zh: str
    name_en: str
    clause: str
    domain: str
    kind: str
    sample_kind: str
    samples: int
    destructive: bool
    setup_minutes: int
    run_minutes: int
    teardown_minutes: int
    report_days: int = Field(description="working days from the end of the run to the report, planning value")
    duration_basis: DurationBasis
    labs: list[str]
    earliest_week: str | None = EARLIEST
    retired: bool

    @classmethod
    def of(cls, test: Test, labs: list[str], week: Week | None) -> "TestModel":
        return cls(
            id=test.id,
            method=MethodModel.of(test.method),
            name_zh=test.name_zh,
            name_en=test.name_en,
            clause=test.clause,
            domain=test.domain_id,
            kind=test.kind_id,
            sample_kind=test.sample_kind,
            samples=test.samples,
            destructive=test.destructive,
            setup_minutes=test.setup_minutes,
            run_minutes=test.run_minutes,
            teardown_minutes=test.teardown_minutes,
            report_days=test.report_days,
            duration_basis=test.duration_basis,
            labs=labs,
            earliest_week=week.week if week else None,
            retired=test.retired_at is not None,
        )


class ResourceModel(BaseModel):
    """One bookable unit. pool: the catalogue's id of identical units. places: how many at once."""

    id: str
    pool: str
    lab: str
    kind: str
    name_zh: str
    name_en: str
    places: int
    grain_minutes: int
    outdoor: bool
    evidence: Evidence
    shifts: str
    earliest_week: str | None = EARLIEST
    retired: bool

    @classmethod
    def of(cls, resource: Resource, week: Week | None) -> "ResourceModel":
        return cls(
            id=resource.id,
            pool=resource.pool,
            lab=resource.lab_id,
            kind=resource.kind_id,
            name_zh=resource.name_zh,
            name_en=resource.name_en,
            places=resource.places,
            grain_minutes=resource.grain_minutes,
            outdoor=resource.outdoor,
            evidence=resource.mark,
            shifts=resource.shifts,
            earliest_week=week.week if week else None,
            retired=resource.retired_at is not None,
        )


class LabList(BaseModel):
    items: list[LabModel]
    next: str | None


class TestList(BaseModel):
    __test__ = False

    items: list[TestModel]
    next: str | None


class ResourceList(BaseModel):
    items: list[ResourceModel]
    next: str | None
