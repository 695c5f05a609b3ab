"""Orders from a spreadsheet: every draft that it would make and every fault by cell first, then all or nothing."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from flask_babel import gettext

from app import workbooks
from app.accounts.policy import Action, Viewer, require
from app.database import transaction
from app.errors import N_, Invalid, YujianError
from app.labs import browse
from app.labs.models import Lab, Test
from app.labs.queries import tests_at
from app.labs.search_text import normalise
from app.language import pick, refusal
from app.orders import rules, service
from app.orders.models import PURPOSE_LABELS, Purpose
from app.orders.service import NewLine, NewOrder, Terms
from app.workbooks import BadCell, Fault, Page, labels, letter, yes

SHEET, TESTS = N_("委托项"), N_("本实验室的检测项目")
# Headings by key, in the order of the template.
HEADS: Mapping[str, str] = {
    "lab": N_("实验室编号"),
    "order": N_("委托单（同名的行成一单）"),
    "test": N_("项目编号"),
    "standard": N_("标准（不填项目编号时）"),
    "name": N_("项目名称（不填项目编号时）"),
    "sample": N_("样品"),
    "wants_proposal": N_("时间请实验室建议"),
    "purpose": N_("用途"),
    "decision_rule": N_("判定规则"),
    "contract_number": N_("合同编号"),
    "note": N_("备注"),
}
# What belongs to the order: said in one of its rows, or alike in several; with the most characters.
TERMS: Mapping[str, int] = {"purpose": 40, "decision_rule": rules.MOST_TEXT, "contract_number": 120, "note": 2000}
MOST_LINES, MOST_SAMPLE = 2_000, 200

Values = Mapping[str, str]
Row = tuple[int, Values]


@dataclass(frozen=True, slots=True)
class Draft:
    """An order that the sheet makes: how it is called there, its lab, its tests with their samples."""

    name: str
    lab: Lab
    lines: tuple[tuple[Test, NewLine], ...]
    terms: Terms


@dataclass
class Import:
    """What a sheet would do, or did. stored: ids of the orders made."""

    drafts: list[Draft] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    stored: tuple[str, ...] = ()


def template(lab: Lab) -> bytes:
    """An empty sheet to fill in, and the tests of the lab beside it."""
    heads = [gettext(head) for head in HEADS.values()]
    known = [gettext(HEADS[key]) for key in ("lab", "test", "standard", "name")]
    tests = [[lab.id, test.id, test.method.code, pick(test)] for test in tests_at(lab.id)]
    return workbooks.written([Page(gettext(SHEET), heads, []), Page(gettext(TESTS), known, tests)])


def load(viewer: Viewer, content: bytes, store: bool, now: datetime) -> Import:
    """Take a sheet in; nothing is stored where there is a fault, or `store` is not set.

    Raises Invalid for what is no such workbook, Forbidden.
    """
    require(viewer, Action.BOOK)
    found = _read(content)
    if found.faults or not store or not found.drafts:
        return found
    with transaction():
        made = [service.create(viewer, _order(draft), now) for draft in found.drafts]
        found.stored = tuple(order.id for order in made)
    return found


def _order(draft: Draft) -> NewOrder:
    return NewOrder(draft.lab.id, tuple(line for _test, line in draft.lines), draft.terms)


def _read(content: bytes) -> Import:
    lines = workbooks.sheet_of(workbooks.opened(content), SHEET)
    if lines is None:
        raise Invalid(N_("没有工作表“%(sheet)s”。请先下载模板，在模板里填。"), field="file", sheet=gettext(SHEET))
    rows = list(workbooks.rows(gettext(SHEET), HEADS, lines))
    if len(rows) > MOST_LINES:
        raise Invalid(N_("一张表最多 %(most)d 行。"), field="file", most=MOST_LINES)
    return _Reader().read(rows)


class _Reader:
    """Reads rows, order by order, and notes what is wrong in which cell."""

    def __init__(self) -> None:
        self.found = Import()
        self.labs = {lab.id: lab for lab in browse.labs()}
        self.tests: dict[str, list[Test]] = {}

    def read(self, rows: Sequence[Row]) -> Import:
        groups: dict[str, list[Row]] = defaultdict(list)
        for line, row in rows:
            groups[row["order"]].append((line, row))
        for name, group in groups.items():
            self._order(name, group)
        return self.found

    def _order(self, name: str, rows: Sequence[Row]) -> None:
        """One order; what could not be read leaves it out, for a fault stops the whole sheet anyway."""
        if not name:
            self._refuse(rows[0][0], "order", BadCell(N_("不能为空。")))
        if len(rows) > rules.MOST_LINES:
            self._refuse(rows[rules.MOST_LINES][0], "order", rules.TooManyLines(limit=rules.MOST_LINES))
        lab = self._lab(rows)
        terms = self._terms(rows)
        lines = [made for line, row in rows if (made := self._line(lab, line, row))]
        if lab and len(lines) == len(rows):
            self.found.drafts.append(Draft(name, lab, tuple(lines), terms))

    def _lab(self, rows: Sequence[Row]) -> Lab | None:
        """The lab of an order, the same in all its rows."""
        first = rows[0][1]["lab"]
        for line, row in rows:
            if row["lab"] not in self.labs:
                self._refuse(line, "lab", BadCell(N_("没有这个实验室。")))
            elif row["lab"] != first:
                self._refuse(line, "lab", BadCell(N_("一张委托单只委托一个实验室，前面写的是 %(lab)s。"), lab=first))
        return self.labs.get(first)

    def _terms(self, rows: Sequence[Row]) -> Terms:
        said = {key: self._said(key, most, rows) for key, most in TERMS.items()}
        line, word = said["purpose"]
        purpose = None
        try:
            purpose = _purpose(word)
        except BadCell as error:
            self._refuse(line, "purpose", error)
        return Terms(
            purpose=purpose,
            decision_rule=said["decision_rule"][1],
            contract_number=said["contract_number"][1],
            note=said["note"][1],
        )

    def _said(self, key: str, most: int, rows: Sequence[Row]) -> tuple[int, str]:
        """What the rows of an order say under a heading, with the line of the first that says it."""
        first, text = rows[0][0], ""
        for line, row in rows:
            given = row[key]
            try:
                _at_most(key, most, row)
            except BadCell as error:
                self._refuse(line, key, error)
                continue
            if given and not text:
                first, text = line, given
            elif given and given != text:
                self._refuse(line, key, BadCell(N_("同一单里写法要一样，第 %(line)d 行写的是别的。"), line=first))
        return first, text

    def _line(self, lab: Lab | None, line: int, row: Values) -> tuple[Test, NewLine] | None:
        try:
            sample = _at_most("sample", MOST_SAMPLE, row)
            leaves = _read_at("wants_proposal", row)
            test = self._test(lab, row) if lab else None
        except BadCell as error:
            self._refuse(line, error.field or "test", error)
            return None
        return (test, NewLine(test.id, sample, leaves)) if test else None

    def _test(self, lab: Lab, row: Values) -> Test:
        """The test of a row, by its id or by standard and name. Raises BadCell."""
        known = self._tests_at(lab)
        if row["test"]:
            found = [test for test in known if test.id == row["test"]]
            key = "test"
        else:
            found = _named(known, row["standard"], row["name"])
            key = "name"
        if not found:
            raise _at(key, BadCell(N_("这个实验室没有这个项目，请从“%(sheet)s”里选。"), sheet=gettext(TESTS)))
        if len(found) > 1:
            told = gettext("、").join(test.id for test in found[:5])
            raise _at(key, BadCell(N_("有几个项目叫这个名字，请填项目编号：%(tests)s。"), tests=told))
        return found[0]

    def _tests_at(self, lab: Lab) -> list[Test]:
        if lab.id not in self.tests:
            self.tests[lab.id] = tests_at(lab.id)
        return self.tests[lab.id]

    def _refuse(self, line: int, key: str, error: YujianError) -> None:
        cell = f"{letter(list(HEADS).index(key))}{line}"
        self.found.faults.append(Fault(gettext(SHEET), cell, refusal(error)))


def _named(known: Sequence[Test], standard: str, name: str) -> list[Test]:
    """Tests of this name under the standard; the edition may be left out where it is clear."""
    wanted, code = normalise(name), normalise(standard)
    alike = [test for test in known if wanted and wanted in (normalise(test.name_zh), normalise(test.name_en))]
    exact = [test for test in alike if test.method.code_norm == code]
    return exact or [test for test in alike if code and test.method.code_norm.startswith(f"{code}-")]


def _purpose(text: str) -> Purpose | None:
    """The purpose by its word in either language. Raises BadCell."""
    if not text:
        return None
    for purpose, label in PURPOSE_LABELS.items():
        if text in (purpose.value, *labels(label)):
            return purpose
    told = gettext("、").join(gettext(label) for label in PURPOSE_LABELS.values())
    raise BadCell(N_("请填 %(kinds)s 之一。"), kinds=told)


def _read_at(key: str, row: Values) -> bool:
    try:
        return yes(row[key])
    except BadCell as error:
        raise _at(key, error) from error


def _at_most(key: str, most: int, row: Values) -> str:
    if len(row[key]) > most:
        error = BadCell(N_("最多 %(most)d 个字符，现在 %(length)d 个。"), most=most, length=len(row[key]))
        raise _at(key, error)
    return row[key]


def _at(key: str, error: BadCell) -> BadCell:
    """The error, at its column."""
    error.field = key
    return error
