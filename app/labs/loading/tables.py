"""The files of the catalogue and their columns, as app/labs/catalogue/README.md describes them."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.labs.loading.cells import (
    Reader,
    code_of,
    credit_code,
    day,
    flag,
    identifier,
    integer,
    minutes,
    number,
    optional,
    required,
    rough_day,
    sample_reference,
    several,
    text,
    url,
)
from app.worktime import PATTERNS

SAMPLE_KINDS = ("vehicle", "pack", "module", "cell", "motor", "ecu", "part", "tank", "stack", "system")
LEVELS = ("national_centre", "national_proving_ground", "provincial", "joint", "enterprise_open")
ORGANISATION_KINDS = ("test_institute", "vehicle_maker", "innovation_centre", "metrology_institute", "government")
METHOD_KINDS = ("gb_mandatory", "gb_t", "qc_t", "iso", "ece", "protocol", "cncap")
METHOD_STATUSES = ("in_force", "superseded", "upcoming", "unverified")
EVIDENCE = ("documented", "representative")
CONFIDENCE = ("high", "medium", "low")
PLACES = ("indoor", "outdoor")
# Longer than any test of the catalogue by far; a slip of the keyboard is caught.
LONGEST_HOURS = 5_000
MOST_UNITS, MOST_PLACES = 99, 500

ids = several(identifier)
sources = several(identifier)
evidence = code_of(*EVIDENCE)


@dataclass(frozen=True)
class Table:
    """One CSV file: its columns with their readers, the columns that make a row unique, and those of its columns that
    a file may leave out, as files of before they were there do.
    """

    file: str
    columns: Mapping[str, Reader]
    key: tuple[str, ...]
    # Chinese and English of these say the same: both are filled, or neither.
    bilingual: tuple[str, ...] = ()
    spare: tuple[str, ...] = ()


ORGANISATIONS = Table(
    "organisations.csv",
    {
        "id": identifier,
        "name_zh": required,
        "name_en": required,
        "short_zh": required,
        "short_en": required,
        "kind": code_of(*ORGANISATION_KINDS),
        "province": required,
        "city": required,
        "credit_code": optional(credit_code),
        "website": optional(url),
        "sources": sources,
    },
    key=("id",),
)

LABS = Table(
    "labs.csv",
    {
        "id": identifier,
        "organisation": identifier,
        "name_zh": required,
        "name_en": required,
        "short_zh": required,
        "level": code_of(*LEVELS),
        "district_zh": required,
        "district_en": required,
        "address_zh": text,
        "lat": optional(number(-90, 90)),
        "lon": optional(number(-180, 180)),
        "coord_basis": code_of("district", ""),
        "domains": several(identifier, least=1),
        "approvals": several(required),
        "approvals_en": several(required),
        "summary_zh": required,
        "summary_en": required,
        "sources": several(identifier, least=1),
        "confidence": code_of(*CONFIDENCE),
        "opened": optional(integer(1900, 2100)),
    },
    key=("id",),
)

RESOURCE_KINDS = Table(
    "resource_kinds.csv",
    {
        "id": identifier,
        "domain": identifier,
        "name_zh": required,
        "name_en": required,
        "description_zh": text,
        "description_en": text,
        "place": code_of(*PLACES),
        "slot_minutes": integer(1, 1440),
        "shared": flag,
        "needs_daylight": flag,
        "weather": several(identifier),
        "unattended_overnight": flag,
    },
    key=("id",),
    bilingual=("description",),
)

RESOURCES = Table(
    "resources.csv",
    {
        "id": identifier,
        "lab": identifier,
        "kind": identifier,
        "name_zh": required,
        "name_en": required,
        "quantity": integer(1, MOST_UNITS),
        "capacity": integer(1, MOST_PLACES),
        "place": code_of(*PLACES, ""),
        "slot_minutes": integer(1, 1440),
        "shifts": code_of(*PATTERNS),
        "capability_zh": text,
        "capability_en": text,
        "evidence": evidence,
        "sources": sources,
    },
    key=("id",),
    bilingual=("capability",),
)

CAPABILITIES = Table(
    "capabilities.csv",
    {"resource": identifier, "test": identifier, "basis": evidence, "note": text, "note_en": text},
    key=("resource", "test"),
)

DOMAINS = Table(
    "domains.csv",
    {
        "id": identifier,
        "parent": optional(identifier),
        "name_zh": required,
        "name_en": required,
        "description_zh": text,
        "description_en": text,
        "order": integer(0, 100_000),
    },
    key=("id",),
    bilingual=("description",),
)

METHODS = Table(
    "methods.csv",
    {
        "id": identifier,
        "code": required,
        "code_norm": required,
        "title_zh": required,
        "title_en": required,
        "kind": code_of(*METHOD_KINDS),
        "domain": identifier,
        "status": code_of(*METHOD_STATUSES),
        "issued": optional(rough_day),
        "effective": optional(day),
        "replaces": several(required),
        "sources": sources,
        "adopts": several(required),
    },
    key=("id",),
    spare=("adopts",),
)

TRANSITIONS = Table(
    "method_transitions.csv",
    {
        "old_method": optional(identifier),
        "new_method": identifier,
        "new_types_from": optional(day),
        "approved_types_from": optional(day),
        "note_zh": text,
        "note_en": text,
        "sources": sources,
    },
    key=("old_method", "new_method"),
    bilingual=("note",),
)

TESTS = Table(
    "tests.csv",
    {
        "id": identifier,
        "method": identifier,
        "clause": text,
        "name_zh": required,
        "name_en": required,
        "domain": identifier,
        "resource_kind": identifier,
        "sample_zh": required,
        "sample_en": required,
        "sample_kind": code_of(*SAMPLE_KINDS),
        "samples": integer(1, 1_000),
        "destructive": flag,
        "setup_hours": minutes(0, LONGEST_HOURS),
        "run_hours": minutes(1, LONGEST_HOURS),
        "teardown_hours": minutes(0, LONGEST_HOURS),
        "run_splits": flag,
        "report_days": integer(0, 365),
        "duration_basis": code_of("standard", "planning"),
        "note_zh": text,
        "note_en": text,
    },
    key=("id",),
    bilingual=("note",),
)

_SOURCE_COLUMNS: Mapping[str, Reader] = {
    "id": identifier,
    "title": required,
    "publisher": required,
    "date": text,
    "url": url,
    "what_it_supports": text,
}
SOURCES = Table("sources.csv", _SOURCE_COLUMNS, key=("id",))
METHOD_SOURCES = Table("sources_methods.csv", _SOURCE_COLUMNS, key=("id",))

PROGRAMMES = Table(
    "programmes/index.csv",
    {
        "id": identifier,
        "name_zh": required,
        "name_en": required,
        "description_zh": text,
        "description_en": text,
        "sample_refs": several(sample_reference(SAMPLE_KINDS), least=1),
        "domain": identifier,
    },
    key=("id",),
    bilingual=("description",),
)

TABLES = (
    SOURCES,
    METHOD_SOURCES,
    ORGANISATIONS,
    DOMAINS,
    LABS,
    RESOURCE_KINDS,
    RESOURCES,
    METHODS,
    TRANSITIONS,
    TESTS,
    CAPABILITIES,
    PROGRAMMES,
)


def steps_of(programme_id: str) -> Table:
    """The file of one programme's steps."""
    return Table(
        f"programmes/{programme_id}.csv",
        {
            "step": identifier,
            "test": identifier,
            "sample_ref": identifier,
            "after": ids,
            "same_sample_as": optional(identifier),
            "lag_hours": minutes(0, LONGEST_HOURS),
            "note_zh": text,
            "note_en": text,
        },
        key=("step",),
        bilingual=("note",),
    )
