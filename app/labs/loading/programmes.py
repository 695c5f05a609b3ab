"""The programmes' files are checked with the catalogue: their steps name its tests."""

from collections.abc import Iterator

from app.errors import N_
from app.labs.loading import tables
from app.labs.loading.files import Files, Problem, Row


def programme_faults(files: Files) -> Iterator[Problem]:
    """Steps with unknown tests or specimens, in an impossible order, or on a specimen already destroyed."""
    tests = {row["id"]: row for row in files.of(tables.TESTS)}
    for programme in files.of(tables.PROGRAMMES):
        references = programme["sample_refs"]
        kinds = {reference.name: reference.kind for reference in references}
        if len(kinds) < len(references):
            yield programme.problem("sample_refs", N_("样品名重复"))
        yield from _step_faults(files.steps(programme["id"]), kinds, tests)


def _step_faults(steps: list[Row], kinds: dict[str, str], tests: dict[str, Row]) -> Iterator[Problem]:
    """A step may only name steps above it, so the order can't run in a circle."""
    above: dict[str, Row] = {}
    destroyed: dict[str, str] = {}
    for row in steps:
        test = tests.get(row["test"])
        specimen = row["sample_ref"]
        if test is None:
            yield row.problem("test", N_("“%(value)s”不在 %(file)s 里"), value=row["test"], file=tables.TESTS.file)
        if specimen not in kinds:
            yield row.problem(
                "sample_ref", N_("“%(value)s”不在 %(file)s 里"), value=specimen, file=tables.PROGRAMMES.file
            )
        elif test is not None and kinds[specimen] != test["sample_kind"]:
            yield row.problem(
                "sample_ref",
                N_("样品是“%(kind)s”，检测项目需要“%(wanted)s”"),
                kind=kinds[specimen],
                wanted=test["sample_kind"],
            )
        yield from _order_faults(row, above)
        if specimen in destroyed and row["same_sample_as"] is None:
            yield row.problem(
                "sample_ref",
                N_("样品“%(value)s”在步骤 %(step)s 已被破坏"),
                value=specimen,
                step=destroyed[specimen],
            )
        above[row["step"]] = row
        if test is not None and test["destructive"]:
            destroyed.setdefault(specimen, row["step"])


def _order_faults(row: Row, above: dict[str, Row]) -> Iterator[Problem]:
    for earlier in row["after"]:
        if earlier not in above:
            yield row.problem("after", N_("步骤“%(value)s”不在它上面"), value=earlier)
    same = row["same_sample_as"]
    if same is not None and same not in above:
        yield row.problem("same_sample_as", N_("步骤“%(value)s”不在它上面"), value=same)
    elif same is not None and above[same]["sample_ref"] != row["sample_ref"]:
        yield row.problem("same_sample_as", N_("步骤“%(value)s”用的是另一个样品"), value=same)
