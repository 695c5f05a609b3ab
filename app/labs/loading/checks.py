"""What the rows of the catalogue say together: references, order, and whether each test can be run at all.

Pure: rows in, faults out. The rows of each file are read without fault before any of this is asked.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import chain

from app.errors import N_
from app.labs.loading import tables
from app.labs.loading.entries import runs_in_one_window
from app.labs.loading.files import Files, Problem, Row
from app.labs.loading.programmes import programme_faults
from app.labs.loading.tables import Table
from app.labs.models import calendar_of
from app.labs.search_text import normalise
from app.worktime import Need, WorkingCalendar, can_ever_run

# file, column, file that the column's ids stand in
REFERENCES: tuple[tuple[Table, str, Table], ...] = (
    (tables.DOMAINS, "parent", tables.DOMAINS),
    (tables.LABS, "organisation", tables.ORGANISATIONS),
    (tables.LABS, "domains", tables.DOMAINS),
    (tables.RESOURCE_KINDS, "domain", tables.DOMAINS),
    (tables.RESOURCES, "lab", tables.LABS),
    (tables.RESOURCES, "kind", tables.RESOURCE_KINDS),
    (tables.METHODS, "domain", tables.DOMAINS),
    (tables.TRANSITIONS, "old_method", tables.METHODS),
    (tables.TRANSITIONS, "new_method", tables.METHODS),
    (tables.TESTS, "method", tables.METHODS),
    (tables.TESTS, "domain", tables.DOMAINS),
    (tables.TESTS, "resource_kind", tables.RESOURCE_KINDS),
    (tables.CAPABILITIES, "resource", tables.RESOURCES),
    (tables.CAPABILITIES, "test", tables.TESTS),
    (tables.PROGRAMMES, "domain", tables.DOMAINS),
)
SOURCED = (tables.ORGANISATIONS, tables.LABS, tables.RESOURCES, tables.METHODS, tables.TRANSITIONS)


def faults(files: Files, today: date) -> list[Problem]:
    """Every fault of the rows read, in the order of files and lines. today: local date the year ahead begins."""
    found = list(chain(_repeated(files), _dangling(files)))
    if not found:
        found = list(
            chain(_labs(files), _resources(files), _methods(files), _capabilities(files), programme_faults(files))
        )
    if not found:
        found = list(_never_run(files, today))
    order = {table.file: place for place, table in enumerate(tables.TABLES)}
    return sorted(found, key=lambda problem: (order.get(problem.file, len(order)), problem.file, problem.line))


def _by_id(rows: Iterable[Row]) -> dict[str, Row]:
    return {row["id"]: row for row in rows}


def _repeated(files: Files) -> Iterator[Problem]:
    """The same key twice: in a file, or a source in both source files."""
    keyed = [(table.key, files.of(table)) for table in tables.TABLES if table not in _ALL_SOURCES]
    keyed.append((("id",), [row for table in _ALL_SOURCES for row in files.of(table)]))
    keyed += [(("step",), files.steps(row["id"])) for row in files.of(tables.PROGRAMMES)]
    keyed.append((("code_norm",), files.of(tables.METHODS)))
    for key, rows in keyed:
        seen: dict[tuple[object, ...], Row] = {}
        for row in rows:
            value = tuple(row[column] for column in key)
            first = seen.setdefault(value, row)
            if first is not row:
                yield row.problem(
                    key[0],
                    N_("“%(value)s”重复，已在 %(file)s 第 %(line)s 行"),
                    value=" + ".join(str(part) for part in value),
                    file=first.file,
                    line=first.line,
                )


_ALL_SOURCES = (tables.SOURCES, tables.METHOD_SOURCES)


def _dangling(files: Files) -> Iterator[Problem]:
    """Ids that stand nowhere."""
    for table, column, target in REFERENCES:
        known = {row["id"] for row in files.of(target)}
        yield from _unknown(files.of(table), column, known, target.file)
    known = {row["id"] for table in _ALL_SOURCES for row in files.of(table)}
    for table in SOURCED:
        yield from _unknown(files.of(table), "sources", known, "sources.csv, sources_methods.csv")


def _unknown(rows: Iterable[Row], column: str, known: set[str], target: str) -> Iterator[Problem]:
    for row in rows:
        value = row[column]
        for given in value if isinstance(value, list) else [value] if value else []:
            if given not in known:
                yield row.problem(column, N_("“%(value)s”不在 %(file)s 里"), value=given, file=target)


def _labs(files: Files) -> Iterator[Problem]:
    for row in files.of(tables.LABS):
        if (row["lat"] is None) != (row["lon"] is None):
            missing = "lat" if row["lat"] is None else "lon"
            yield row.problem(missing, N_("纬度和经度要么都有，要么都没有"))
        if len(row["approvals"]) != len(row["approvals_en"]):
            yield row.problem("approvals_en", N_("与 approvals 的项数不同"))


def _resources(files: Files) -> Iterator[Problem]:
    kinds, labs = _by_id(files.of(tables.RESOURCE_KINDS)), _by_id(files.of(tables.LABS))
    shortest = _shortest_tests(files)
    for row in files.of(tables.RESOURCES):
        kind = kinds[row["kind"]]
        if row["capacity"] > 1 and not kind["shared"]:
            yield row.problem("capacity", N_("种类“%(kind)s”不共用，只能是 1"), kind=kind["id"])
        if row["slot_minutes"] != kind["slot_minutes"]:
            yield row.problem("slot_minutes", N_("与种类的 %(wanted)s 分钟不同"), wanted=kind["slot_minutes"])
        if row["evidence"] == "documented" and not row["sources"]:
            yield row.problem("sources", N_("documented 必须有出处"))
        if row["shifts"] == "daylight" and labs[row["lab"]]["lat"] is None:
            yield row.problem("shifts", N_("白昼班次需要实验室的经纬度"))
    for kind_id, kind in kinds.items():
        if kind_id in shortest and kind["slot_minutes"] > shortest[kind_id]:
            yield kind.problem(
                "slot_minutes", N_("比这类资源最短的检测项目（%(shortest)s 分钟）还长"), shortest=shortest[kind_id]
            )


def _shortest_tests(files: Files) -> dict[str, int]:
    """Minutes on the bench of the shortest test of each kind."""
    shortest: dict[str, int] = {}
    for test in files.of(tables.TESTS):
        length = test["setup_hours"] + test["run_hours"] + test["teardown_hours"]
        shortest[test["resource_kind"]] = min(length, shortest.get(test["resource_kind"], length))
    return shortest


def _methods(files: Files) -> Iterator[Problem]:
    for row in files.of(tables.METHODS):
        if normalise(row["code_norm"]) != normalise(row["code"]):
            yield row.problem("code_norm", N_("与 code“%(code)s”不符"), code=row["code"])
    for row in files.of(tables.TRANSITIONS):
        if row["old_method"] == row["new_method"]:
            yield row.problem("new_method", N_("新旧版本相同"))


def _capabilities(files: Files) -> Iterator[Problem]:
    resources, tests = _by_id(files.of(tables.RESOURCES)), _by_id(files.of(tables.TESTS))
    for row in files.of(tables.CAPABILITIES):
        resource, test = resources[row["resource"]], tests[row["test"]]
        if resource["kind"] != test["resource_kind"]:
            yield row.problem(
                "test",
                N_("检测项目需要“%(wanted)s”，这个资源是“%(kind)s”"),
                wanted=test["resource_kind"],
                kind=resource["kind"],
            )
        if row["basis"] == "documented" and resource["evidence"] != "documented":
            yield row.problem("basis", N_("资源是 representative，能力不能是 documented"))
        if bool(row["note"]) != bool(row["note_en"]):
            yield row.problem("note_en" if row["note"] else "note", N_("中文和英文要么都有，要么都没有"))


def _never_run(files: Files, today: date) -> Iterator[Problem]:
    """Tests that none of their resources can ever run, and single capabilities that never can."""
    resources, tests = _by_id(files.of(tables.RESOURCES)), _by_id(files.of(tables.TESTS))
    labs, kinds = _by_id(files.of(tables.LABS)), _by_id(files.of(tables.RESOURCE_KINDS))
    answers: dict[tuple[Need, WorkingCalendar], bool] = {}
    runs: dict[str, list[bool]] = {}
    impossible: list[Row] = []
    for row in files.of(tables.CAPABILITIES):
        resource, test = resources[row["resource"]], tests[row["test"]]
        lab = labs[resource["lab"]]
        need = _need(test, kinds[resource["kind"]])
        question = (need, calendar_of(resource["shifts"], lab["lat"], lab["lon"]))
        if question not in answers:
            answers[question] = can_ever_run(*question, today)
        runs.setdefault(test["id"], []).append(answers[question])
        if not answers[question]:
            impossible.append(row)
    for test_id, possible in runs.items():
        if not any(possible):
            yield tests[test_id].problem(
                "run_hours", N_("检测项目“%(test)s”没有任何资源能做完：时长与班次不合"), test=test_id
            )
    for row in impossible:
        shifts = resources[row["resource"]]["shifts"]
        yield row.problem(
            "test",
            N_("资源“%(resource)s”（班次 %(shifts)s）永远做不完“%(test)s”"),
            resource=row["resource"],
            shifts=shifts,
            test=row["test"],
        )


def _need(test: Row, kind: Row) -> Need:
    one_window = runs_in_one_window(test, kind)
    return Need(
        setup=timedelta(minutes=test["setup_hours"]),
        run=timedelta(minutes=test["run_hours"]),
        teardown=timedelta(minutes=test["teardown_hours"]),
        splits=test["run_splits"] and not one_window,
        unattended=kind["unattended_overnight"] and not one_window,
    )


def without_resource(files: Files) -> list[str]:
    """Ids of tests that no resource names: no fault, but worth saying."""
    named = {row["test"] for row in files.of(tables.CAPABILITIES)}
    return [row["id"] for row in files.of(tables.TESTS) if row["id"] not in named]
