"""What is wrong with a catalogue is told by file, line and column, all at once, and then nothing is stored."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.database import db
from app.labs import models
from tests.labs.conftest import Command
from tests.labs.small import Files

Change = Callable[[Files], object]


def nothing_stored() -> bool:
    return not any(
        db.session.query(table).count() for table in (models.Source, models.Lab, models.Test, models.CatalogueLoad)
    )


def test_a_good_catalogue_passes(catalogue: Command) -> None:
    said = catalogue("check")
    assert said.code == 0, said.err
    assert "13" in said.out
    assert nothing_stored()


FAULTS: dict[str, tuple[Change, str]] = {
    # cells
    "a word that is not allowed": (lambda f: f.change("labs.csv", 2, level="world_class"), "labs.csv:3: level:"),
    "no number": (lambda f: f.change("labs.csv", 1, lat="north"), "labs.csv:2: lat:"),
    "no such latitude": (lambda f: f.change("labs.csv", 1, lat="91"), "labs.csv:2: lat:"),
    "latitude alone": (lambda f: f.change("labs.csv", 1, lon=""), "labs.csv:2: lon:"),
    "a quantity of nothing": (lambda f: f.change("resources.csv", 2, quantity="0"), "resources.csv:3: quantity:"),
    "no date": (lambda f: f.change("methods.csv", 1, effective="1.7.2026"), "methods.csv:2: effective:"),
    "no such day": (lambda f: f.change("methods.csv", 1, effective="2026-02-30"), "methods.csv:2: effective:"),
    "no such month": (lambda f: f.change("methods.csv", 1, issued="2026-13"), "methods.csv:2: issued:"),
    "no flag": (lambda f: f.change("tests.csv", 2, destructive="yes"), "tests.csv:3: destructive:"),
    "parts of a minute": (lambda f: f.change("tests.csv", 2, setup_hours="0.333"), "tests.csv:3: setup_hours:"),
    "a slip in a credit code": (
        lambda f: f.change("organisations.csv", 1, credit_code="91510100MA00000008"),
        "organisations.csv:2: credit_code:",
    ),
    "no run": (lambda f: f.change("tests.csv", 2, run_hours="0"), "tests.csv:3: run_hours:"),
    "a negative time": (lambda f: f.change("tests.csv", 2, teardown_hours="-1"), "tests.csv:3: teardown_hours:"),
    "half a specimen": (lambda f: f.change("tests.csv", 2, samples="1.5"), "tests.csv:3: samples:"),
    "no name": (lambda f: f.change("tests.csv", 2, name_zh=""), "tests.csv:3: name_zh:"),
    "an id with a blank": (lambda f: f.change("domains.csv", 2, id="the road"), "domains.csv:3: id:"),
    "an address to run": (lambda f: f.change("sources.csv", 1, url="javascript:alert(1)"), "sources.csv:2: url:"),
    "a source twice in a cell": (lambda f: f.change("labs.csv", 2, sources="S1|S1"), "labs.csv:3: sources:"),
    "no source for a lab": (lambda f: f.change("labs.csv", 2, sources=""), "labs.csv:3: sources:"),
    "Chinese alone": (lambda f: f.change("tests.csv", 1, note_en=""), "tests.csv:2: note_en:"),
    "shifts unknown": (lambda f: f.change("resources.csv", 1, shifts="night"), "resources.csv:2: shifts:"),
    # ids and references
    "an id twice": (lambda f: f.add("labs.csv", 1), "labs.csv:4: id:"),
    "a capability twice": (lambda f: f.add("capabilities.csv", 1), "capabilities.csv:6: resource:"),
    "a source in both files": (lambda f: f.add("sources_methods.csv", 1, id="S1"), "sources_methods.csv:3: id:"),
    "a code twice": (lambda f: f.add("methods.csv", 1, id="again"), "methods.csv:5: code_norm:"),
    "no such operator": (lambda f: f.change("labs.csv", 1, organisation="none"), "labs.csv:2: organisation:"),
    "no such field": (lambda f: f.change("labs.csv", 2, domains="battery|sea"), "labs.csv:3: domains:"),
    "no such lab": (lambda f: f.change("resources.csv", 3, lab="none"), "resources.csv:4: lab:"),
    "no such kind": (lambda f: f.change("tests.csv", 3, resource_kind="none"), "tests.csv:4: resource_kind:"),
    "no such method": (lambda f: f.change("tests.csv", 3, method="none"), "tests.csv:4: method:"),
    "no such test": (lambda f: f.change("capabilities.csv", 4, test="none"), "capabilities.csv:5: test:"),
    "no such resource": (lambda f: f.change("capabilities.csv", 4, resource="none"), "capabilities.csv:5: resource:"),
    "no such source": (lambda f: f.change("resources.csv", 1, sources="S9"), "resources.csv:2: sources:"),
    "no such edition": (
        lambda f: f.change("method_transitions.csv", 1, old_method="none"),
        "method_transitions.csv:2: old_method:",
    ),
    # rules between rows
    "places on what is not shared": (
        lambda f: f.change("resources.csv", 3, capacity="2"),
        "resources.csv:4: capacity:",
    ),
    "a grain of its own": (lambda f: f.change("resources.csv", 1, slot_minutes="30"), "resources.csv:2: slot_minutes:"),
    "a grain longer than a test": (
        lambda f: f.change("resource_kinds.csv", 2, slot_minutes="480").change("resources.csv", 3, slot_minutes="480"),
        "resource_kinds.csv:3: slot_minutes:",
    ),
    "another kind of bench": (lambda f: f.change("capabilities.csv", 4, resource="walk"), "capabilities.csv:5: test:"),
    "documented by nobody": (lambda f: f.change("resources.csv", 3, sources=""), "resources.csv:4: sources:"),
    "documented on an example": (
        lambda f: f.change("capabilities.csv", 3, basis="documented"),
        "capabilities.csv:4: basis:",
    ),
    "a note in Chinese alone": (lambda f: f.change("capabilities.csv", 2, note_en=""), "capabilities.csv:3: note_en:"),
    "approvals that don't match": (lambda f: f.change("labs.csv", 1, approvals_en=""), "labs.csv:2: approvals_en:"),
    "daylight nowhere": (lambda f: f.change("labs.csv", 2, lat="", lon=""), "resources.csv:4: shifts:"),
    "a code spelled otherwise": (
        lambda f: f.change("methods.csv", 1, code_norm="gb38031"),
        "methods.csv:2: code_norm:",
    ),
    "an edition for itself": (
        lambda f: f.change("method_transitions.csv", 1, old_method="gb1-2025"),
        "method_transitions.csv:2: new_method:",
    ),
    # programmes
    "a programme without a file": (lambda f: f.add("programmes/index.csv", 1, id="more"), "programmes/more.csv:1: -:"),
    "a specimen unknown": (
        lambda f: f.change("programmes/pack.csv", 2, sample_ref="P9"),
        "programmes/pack.csv:3: sample_ref:",
    ),
    "a specimen of another kind": (
        lambda f: f.change("programmes/index.csv", 1, sample_refs="P1:cell|P2:pack"),
        "programmes/pack.csv:2: sample_ref:",
    ),
    "a step before its time": (
        lambda f: f.change("programmes/pack.csv", 1, after="S3"),
        "programmes/pack.csv:2: after:",
    ),
    "after itself": (lambda f: f.change("programmes/pack.csv", 2, after="S2"), "programmes/pack.csv:3: after:"),
    "a step of another specimen": (
        lambda f: f.change("programmes/pack.csv", 3, same_sample_as="S2"),
        "programmes/pack.csv:4: same_sample_as:",
    ),
    "a specimen burnt before": (
        lambda f: f.add("programmes/pack.csv", 1, step="S4", sample_ref="P1"),
        "programmes/pack.csv:5: sample_ref:",
    ),
    "a test unknown to a programme": (
        lambda f: f.change("programmes/pack.csv", 1, test="none"),
        "programmes/pack.csv:2: test:",
    ),
    # whole files
    "a file too many": (lambda f: f.raw("resurces.csv", "id\n"), "resurces.csv:1: -:"),
    "a file missing": (lambda f: (f.folder / "tests.csv").unlink(), "tests.csv:1: -:"),
    "a file empty": (lambda f: f.raw("labs.csv", ""), "labs.csv:1: -:"),
    "a file in another encoding": (
        lambda f: f.raw("sources.csv", f.text("sources.csv").encode("gb18030")),
        "sources.csv:2: -:",
    ),
    "a NUL byte": (
        lambda f: f.raw("tests.csv", f.text("tests.csv").replace("湿热循环", "湿热\0循环")),
        "tests.csv:3: -:",
    ),
    "a quote left open": (
        lambda f: f.raw("tests.csv", f.text("tests.csv").replace("制动距离", '"制动距离')),
        "tests.csv:4: -:",
    ),
    "a column missing": (
        lambda f: f.raw("capabilities.csv", f.text("capabilities.csv").replace(",basis,", ",basics,")),
        "capabilities.csv:1: basis:",
    ),
    "a column twice": (
        lambda f: f.raw("capabilities.csv", f.text("capabilities.csv").replace(",note,", ",test,")),
        "capabilities.csv:1: test:",
    ),
    "a cell too few": (
        lambda f: f.raw("capabilities.csv", f.text("capabilities.csv").replace("walk,heat,", "walk,")),
        "capabilities.csv:4: note_en:",
    ),
    "a cell too many": (
        lambda f: f.raw("capabilities.csv", f.text("capabilities.csv").replace("walk,heat,", "walk,heat,heat,")),
        "capabilities.csv:4: note_en:",
    ),
}


@pytest.mark.parametrize("change, told", FAULTS.values(), ids=FAULTS)
def test_a_fault_is_told_by_file_line_and_column_and_nothing_is_loaded(
    catalogue: Command, files: Files, change: Change, told: str
) -> None:
    change(files)
    said = catalogue("load")
    assert said.code == 3
    assert any(line.startswith(told) for line in said.err.splitlines()), said.err
    assert nothing_stored()


def test_a_test_longer_than_every_shift_is_a_fault_of_the_test_and_of_its_capability(
    catalogue: Command, files: Files
) -> None:
    files.change("tests.csv", 3, run_hours="30")
    said = catalogue("check")
    assert said.code == 3
    assert [line.split(": ")[0] for line in said.err.splitlines()[:2]] == ["tests.csv:4", "capabilities.csv:5"]


def test_a_single_bench_that_can_never_run_a_test_is_told_although_another_can(
    catalogue: Command, files: Files
) -> None:
    # One shift of nine hours on `box`; `walk` works round the clock.
    files.change("tests.csv", 1, run_hours="10")
    said = catalogue("check")
    assert said.code == 3
    assert said.err.splitlines()[0].startswith("capabilities.csv:2: test:")
    assert "tests.csv" not in said.err


def test_a_run_that_splits_or_goes_on_unattended_may_outlast_every_shift(catalogue: Command, files: Files) -> None:
    files.change("tests.csv", 3, run_hours="30", run_splits="1")
    assert files.tables["tests.csv"][1]["run_hours"] == "72"
    assert catalogue("check").code == 0


def test_all_faults_are_told_at_once_in_the_order_of_the_lines(catalogue: Command, files: Files) -> None:
    files.change("labs.csv", 2, level="x", confidence="y").change("tests.csv", 1, samples="0")
    said = catalogue("check")
    lines = [line.split(": ")[:2] for line in said.err.splitlines()[:3]]
    assert lines == [["labs.csv:3", "level"], ["labs.csv:3", "confidence"], ["tests.csv:2", "samples"]]
    assert "3" in said.err.splitlines()[-1]


def test_a_record_over_several_lines_is_told_by_its_first(catalogue: Command, files: Files) -> None:
    files.change("labs.csv", 1, summary_zh="一行\n又一行").change("labs.csv", 2, level="x")
    assert catalogue("check").err.startswith("labs.csv:4: level:")


def test_a_test_without_any_bench_is_worth_a_word_but_no_fault(catalogue: Command, files: Files) -> None:
    files.drop("capabilities.csv", test="stop")
    said = catalogue("check")
    assert said.code == 0
    assert "stop" in said.out


def test_a_folder_that_is_not_there_is_told(catalogue: Command, files: Files) -> None:
    missing = Command(catalogue.app, files.folder / "nowhere")
    for verb in ("check", "load"):
        said = missing(verb)
        assert said.code == 3
        assert "nowhere:1: -:" in said.err


def test_a_file_in_place_of_the_folder_is_told(catalogue: Command, files: Files) -> None:
    assert Command(catalogue.app, Path(files.folder / "labs.csv"))("load").code == 3


def test_a_byte_order_mark_and_line_ends_of_a_spreadsheet_are_no_fault(catalogue: Command, files: Files) -> None:
    text = files.text("labs.csv").replace("\n", "\r\n")
    files.raw("labs.csv", b"\xef\xbb\xbf" + text.encode())
    said = catalogue("load")
    assert said.code == 0, said.err
    assert db.session.get_one(models.Lab, "safety").name_zh == "汽车安全中心"


def test_an_unknown_folder_of_thousands_of_faults_is_cut(catalogue: Command, files: Files) -> None:
    for number in range(150):
        files.tables["domains.csv"].append(files.tables["domains.csv"][0] | {"id": f"no {number}"})
    files.write()
    lines = catalogue("check").err.splitlines()
    assert len(lines) == 102
    assert "50" in lines[-2] and "150" in lines[-1]
