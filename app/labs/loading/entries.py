"""The rows of the files as rows of the database. Pure: values by column, nothing is stored here."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from app.accounts.models import Organisation, OrganisationKind
from app.database import Base
from app.labs import models
from app.labs.loading import tables
from app.labs.loading.files import Files, Row
from app.labs.search_text import SEPARATOR, compose, normalise, protection_in

Values = dict[str, Any]

# The note by which the catalogue says that the run can't go on overnight, also where the bench could
# (README: "Four tests on unattended kinds carry the note").
ONE_SHIFT_NOTE = "主试验须在一个班内完成"

SAMPLE_WORDS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "vehicle": (("整车", "车辆"), ("vehicle", "car")),
    "pack": (("电池包", "电池系统"), ("battery pack",)),
    "module": (("模组", "模块"), ("module",)),
    "cell": (("单体", "电芯"), ("cell",)),
    "motor": (("电机", "电驱动"), ("motor", "electric drive")),
    "ecu": (("控制器", "电子部件"), ("ECU", "controller")),
    "part": (("零部件", "部件"), ("part", "component")),
    "tank": (("气瓶", "储氢瓶"), ("tank", "cylinder")),
    "stack": (("电堆",), ("stack",)),
    "system": (("系统", "总成"), ("system",)),
}


class Entries(NamedTuple):
    """What one table should hold: values by primary key."""

    model: type[Base]
    rows: dict[tuple[Any, ...], Values]


def runs_in_one_window(test: Row, kind: Row) -> bool:
    """Whether the run has to end within one shift although the kind could go on unattended."""
    return kind["unattended_overnight"] and ONE_SHIFT_NOTE in test["note_zh"]


def entries(files: Files) -> list[Entries]:
    """Every table's rows, in an order in which what is referred to comes first."""
    return [
        Entries(models.Source, _keyed(_sources(files), "id")),
        Entries(Organisation, _keyed(_organisations(files), "id")),
        Entries(models.Domain, _keyed(_domains(files), "id")),
        Entries(models.Lab, _keyed(_labs(files), "id")),
        Entries(models.ResourceKind, _keyed(_kinds(files), "id")),
        Entries(models.Resource, _keyed(_resources(files), "id")),
        Entries(models.Method, _keyed(_methods(files), "id")),
        Entries(models.MethodTransition, _keyed(_transitions(files), "id")),
        Entries(models.Test, _keyed(_tests(files), "id")),
        Entries(models.Capability, _keyed(_capabilities(files), "pool", "test_id")),
    ]


def _keyed(rows: Iterable[Values], *key: str) -> dict[tuple[Any, ...], Values]:
    return {tuple(values[column] for column in key): values for values in rows}


def _same(row: Row, *columns: str) -> Values:
    """Values that the database keeps under the file's own names."""
    return {column: row[column] for column in columns}


def _sources(files: Files) -> Iterable[Values]:
    for table in (tables.SOURCES, tables.METHOD_SOURCES):
        for row in files.of(table):
            yield _same(row, "id", "title", "publisher", "date", "url") | {"supports": row["what_it_supports"]}


def _organisations(files: Files) -> Iterable[Values]:
    operators = {lab["organisation"] for lab in files.of(tables.LABS)}
    for row in files.of(tables.ORGANISATIONS):
        values = _same(
            row, "id", "name_zh", "name_en", "short_zh", "short_en", "province", "city", "website", "sources"
        )
        # Blank means "not published": a code that the organisation gave itself stays.
        if row["credit_code"]:
            values["credit_code"] = row["credit_code"]
        yield values | {"kind": _organisation_kind(row, operators)}


def _organisation_kind(row: Row, operators: set[str]) -> OrganisationKind:
    """A car maker stays a company, also when it runs a proving ground: it books elsewhere as a client, and what
    its people see at its own lab follows from their lab roles. Whoever else runs a lab is its operator.
    """
    if row["kind"] == "vehicle_maker":
        return OrganisationKind.COMPANY
    if row["id"] in operators:
        return OrganisationKind.LAB_OPERATOR
    return OrganisationKind.AUTHORITY if row["kind"] == "government" else OrganisationKind.COMPANY


def _domains(files: Files) -> Iterable[Values]:
    for row in files.of(tables.DOMAINS):
        values = _same(row, "id", "name_zh", "name_en", "description_zh", "description_en")
        yield values | {"parent_id": row["parent"], "position": row["order"]}


def _labs(files: Files) -> Iterable[Values]:
    domains = {row["id"]: row for row in files.of(tables.DOMAINS)}
    operators = {row["id"]: row for row in files.of(tables.ORGANISATIONS)}
    same = (
        "id name_zh name_en short_zh level district_zh district_en address_zh lat lon coord_basis domains "
        "summary_zh summary_en sources confidence opened approvals_en"
    )
    for row in files.of(tables.LABS):
        operator = operators[row["organisation"]]
        named = [row, operator, *(domains[domain] for domain in row["domains"])]
        yield _same(row, *same.split()) | {
            "organisation_id": row["organisation"],
            "approvals_zh": row["approvals"],
            "search_text": compose(
                codes=[row["id"]],
                chinese=[
                    row["short_zh"],
                    row["district_zh"],
                    row["address_zh"],
                    operator["short_zh"],
                    *_names(named, "name_zh"),
                ],
                english=[row["district_en"], operator["short_en"], *_names(named, "name_en")],
            ),
        }


def _names(rows: Iterable[Row], column: str) -> list[str]:
    return [row[column] for row in rows]


def _kinds(files: Files) -> Iterable[Values]:
    domains = {row["id"]: row for row in files.of(tables.DOMAINS)}
    same = "id name_zh name_en description_zh description_en place shared needs_daylight weather"
    for row in files.of(tables.RESOURCE_KINDS):
        named = (row, domains[row["domain"]])
        yield _same(row, *same.split()) | {
            "domain_id": row["domain"],
            "grain_minutes": row["slot_minutes"],
            "unattended": row["unattended_overnight"],
            "search_text": compose(chinese=_names(named, "name_zh"), english=_names(named, "name_en")),
        }


def _resources(files: Files) -> Iterable[Values]:
    kinds = {row["id"]: row for row in files.of(tables.RESOURCE_KINDS)}
    for row in files.of(tables.RESOURCES):
        kind = kinds[row["kind"]]
        pool = _same(row, "shifts", "capability_zh", "capability_en", "evidence", "sources") | {
            "pool": row["id"],
            "lab_id": row["lab"],
            "kind_id": row["kind"],
            "places": row["capacity"],
            "place": row["place"] or kind["place"],
            "grain_minutes": row["slot_minutes"],
            "unattended": kind["unattended_overnight"],
        }
        yield from (pool | unit for unit in _units(row))


def _units(row: Row) -> Iterable[Values]:
    """One unit under the row's own id, or `id-1` … `id-n`, named 1#, 2# …"""
    if row["quantity"] == 1:
        yield _same(row, "id", "name_zh", "name_en") | {"unit": None}
        return
    for unit in range(1, row["quantity"] + 1):
        yield {
            "id": f"{row['id']}-{unit}",
            "unit": unit,
            "name_zh": f"{row['name_zh']} {unit}#",
            "name_en": f"{row['name_en']} {unit}#",
        }


def earlier_codes(methods: Sequence[Row]) -> dict[str, list[str]]:
    """Codes that each method replaces, also by way of the edition between; by method id, nearest first."""
    by_code = {normalise(row["code"]): row for row in methods}
    found: dict[str, list[str]] = {}
    for row in methods:
        codes: list[str] = []
        waiting = list(row["replaces"])
        while waiting:
            code = waiting.pop(0)
            if code in codes or code == row["code"]:
                continue
            codes.append(code)
            before = by_code.get(normalise(code))
            waiting += before["replaces"] if before else []
        found[row["id"]] = codes
    return found


def _methods(files: Files) -> Iterable[Values]:
    earlier = earlier_codes(files.of(tables.METHODS))
    domains = {row["id"]: row for row in files.of(tables.DOMAINS)}
    same = "id code code_norm title_zh title_en kind status issued effective replaces sources"
    for row in files.of(tables.METHODS):
        domain = domains[row["domain"]]
        text = compose(
            codes=[row["code"], *earlier[row["id"]], *row["adopts"]],
            chinese=[row["title_zh"], domain["name_zh"]],
            english=[row["title_en"], domain["name_en"]],
        )
        yield _same(row, *same.split()) | {
            "domain_id": row["domain"],
            "search_text": _with(row["code_norm"], text),
        }


def _with(token: str, text: str) -> str:
    """The text with the token in it, once."""
    return text if token in text.split(SEPARATOR) else f"{token}{SEPARATOR}{text}"


def _transitions(files: Files) -> Iterable[Values]:
    for row in files.of(tables.TRANSITIONS):
        yield _same(row, "new_types_from", "approved_types_from", "note_zh", "note_en", "sources") | {
            "id": f"{row['old_method'] or ''}>{row['new_method']}",
            "old_method_id": row["old_method"],
            "new_method_id": row["new_method"],
        }


def _tests(files: Files) -> Iterable[Values]:
    methods = {row["id"]: row for row in files.of(tables.METHODS)}
    kinds = {row["id"]: row for row in files.of(tables.RESOURCE_KINDS)}
    domains = {row["id"]: row for row in files.of(tables.DOMAINS)}
    earlier = earlier_codes(files.of(tables.METHODS))
    same = (
        "id clause name_zh name_en sample_zh sample_en sample_kind samples destructive run_splits report_days "
        "duration_basis note_zh note_en"
    )
    for position, row in enumerate(files.of(tables.TESTS)):
        method, kind = methods[row["method"]], kinds[row["resource_kind"]]
        text = _test_text(row, method, earlier[method["id"]], (kind, domains[row["domain"]]))
        yield _same(row, *same.split()) | {
            "method_id": row["method"],
            "domain_id": row["domain"],
            "kind_id": row["resource_kind"],
            "setup_minutes": row["setup_hours"],
            "run_minutes": row["run_hours"],
            "teardown_minutes": row["teardown_hours"],
            "one_window": runs_in_one_window(row, kind),
            "position": position,
            "search_text": _with(method["code_norm"], text),
        }


def _test_text(test: Row, method: Row, earlier: Sequence[str], named: Iterable[Row]) -> str:
    """Found by its own name, its method with the editions before and what it adopts, its sample, its kind of bench and
    its domain, and what an IP code in its note is about.
    """
    chinese, english = SAMPLE_WORDS[test["sample_kind"]]
    rows = (test, *named)
    return compose(
        codes=[method["code"], *earlier, *method["adopts"]],
        chinese=[
            method["title_zh"],
            test["sample_zh"],
            *chinese,
            *_names(rows, "name_zh"),
            *protection_in(test["note_zh"]),
        ],
        english=[method["title_en"], test["sample_en"], *english, *_names(rows, "name_en")],
    )


def _capabilities(files: Files) -> Iterable[Values]:
    for row in files.of(tables.CAPABILITIES):
        yield {
            "pool": row["resource"],
            "test_id": row["test"],
            "basis": row["basis"],
            "note_zh": row["note"],
            "note_en": row["note_en"],
        }
