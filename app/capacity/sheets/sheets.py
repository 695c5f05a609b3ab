"""The sheets of a lab's workbook: their columns, the rows as they are, and what a changed row means.

A row is found by its first column; an empty one makes a new row where the sheet allows it. Bookings are written only.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.accounts.models import Organisation
from app.accounts.policy import Viewer
from app.booking import closures
from app.booking.closures import CloseResource
from app.booking.forms import parse_start
from app.booking.models import Booking, Closure, ClosureKind
from app.capacity.calendars import queries as calendar_queries
from app.capacity.calendars import service as calendars
from app.capacity.calendars.rules import HoursBeyondDay
from app.capacity.calendars.service import SetDays
from app.capacity.resources import queries, scope, service
from app.capacity.resources.scope import SetCapability
from app.capacity.resources.service import AddResource, ChangeResource, Facts
from app.capacity.sheets import cells
from app.database import db
from app.errors import N_, YujianError
from app.labs.capacity import Audience, LabDay
from app.labs.models import Capability, Lab, Resource, Test
from app.labs.quantities import from_json
from app.language import pick
from app.workbooks import BadCell, text_of, yes

Values = Mapping[str, str]
"""Texts of a row by column."""


@dataclass(frozen=True, slots=True)
class Column:
    """key: in code; label: its heading, a msgid. fixed: only shown, changing it is an error on an existing row."""

    key: str
    label: str
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """rows: what there is, by the text of the first column. change: makes of a row what it says; `known` is whether
    the row is there. None: the sheet is only written.
    """

    key: str
    label: str
    columns: tuple[Column, ...]
    rows: Callable[[Viewer, Lab], dict[str, Values]]
    change: Callable[[Viewer, Lab, Values, bool, datetime], None] | None


def _resources(_viewer: Viewer, lab: Lab) -> dict[str, Values]:
    return {row.id: _resource_row(row) for units in queries.pools(lab.id).values() for row in units}


def _resource_row(row: Resource) -> Values:
    plain = ("id", "kind_id", "name_zh", "name_en", "places", "grain_minutes", "shifts", "unattended")
    texts = {key: text_of(getattr(row, key)) for key in plain}
    more = {"capability_zh": row.capability_zh, "capability_en": row.capability_en}
    return {**texts, "envelope": cells.statement_text(row.envelope), "whole_id": row.whole_id or "", **more}


def _change_resource(viewer: Viewer, lab: Lab, row: Values, known: bool, now: datetime) -> None:
    facts = Facts(
        name_zh=row["name_zh"],
        name_en=row["name_en"],
        places=cells.needed(_read(cells.whole, row, "places")),
        grain_minutes=cells.needed(_read(cells.whole, row, "grain_minutes")),
        shifts=row["shifts"],
        unattended=_read(yes, row, "unattended"),
        capability_zh=row["capability_zh"],
        capability_en=row["capability_en"],
        envelope=from_json(_read(cells.statement, row, "envelope")),
    )
    if not facts.name_zh:
        raise _at("name_zh", BadCell(N_("不能为空。")))
    if facts.places < 1 or not 1 <= facts.grain_minutes <= 1440:
        raise _at("places", BadCell(N_("请填整数。")))
    if facts.shifts not in calendars.PATTERNS:
        raise _at("shifts", BadCell(N_("请填 day、two、continuous 或 daylight。")))
    if not known:
        service.add_resource(viewer, AddResource(lab.id, row["kind_id"], 1, facts), now)
        return
    version = db.session.get_one(Resource, row["id"]).version
    service.change_resource(viewer, ChangeResource(row["id"], version, row["whole_id"] or None, facts), now)


def _capabilities(_viewer: Viewer, lab: Lab) -> dict[str, Values]:
    able = queries.capabilities(list(queries.pools(lab.id)))
    return {f"{pool} {test.id}": _capability_row(row, test) for pool in able for row, test in able[pool]}


TIMES = ("setup_minutes", "run_minutes", "teardown_minutes", "report_days")


def _capability_row(row: Capability, test: Test) -> Values:
    texts = {key: text_of(getattr(row, key)) for key in (*TIMES, "valid_from", "valid_until")}
    limits = {"needs": cells.statement_text(row.needs), "sample_limits": cells.statement_text(row.sample_limits)}
    together = "; ".join(queries.companions(row.pool, test.id))
    name = f"{pick(test.method)} {pick(test)}"
    return {"key": f"{row.pool} {test.id}", "name": name, **texts, **limits, "companions": together}


def _change_capability(viewer: Viewer, lab: Lab, row: Values, known: bool, now: datetime) -> None:
    pool, _blank, test_id = row["key"].partition(" ")
    found = db.session.get(Capability, (pool, test_id)) if known else None
    command = SetCapability(
        lab_id=lab.id,
        pool=pool,
        test_id=test_id,
        version=found.version if found else None,
        **{key: _read(cells.whole, row, key) for key in TIMES},
        needs=from_json(_read(lambda text: cells.statement(text, points=True), row, "needs")),
        sample_limits=from_json(_read(cells.statement, row, "sample_limits")),
        state_id=found.state_id if found else None,
        valid_from=_read(cells.day, row, "valid_from"),
        valid_until=_read(cells.day, row, "valid_until"),
        companions=tuple(part.strip() for part in row["companions"].split(";") if part.strip()),
    )
    scope.set_capability(viewer, command, now)


def _days(_viewer: Viewer, lab: Lab) -> dict[str, Values]:
    rows = calendar_queries.days(lab.id)
    return {_day_key(row): _day_row(row) for row in rows if row.audience is not Audience.COMPANY}


def _day_key(row: LabDay) -> str:
    return f"{row.date.isoformat()} {row.resource_id or ''}".strip()


def _day_row(row: LabDay) -> Values:
    return {
        "key": _day_key(row),
        "hours": cells.hours_text(row.hours),
        "name_zh": row.name_zh,
        "name_en": row.name_en,
        "reserve": text_of(row.audience is Audience.RESERVE),
    }


def _change_day(viewer: Viewer, lab: Lab, row: Values, _known: bool, now: datetime) -> None:
    text, _blank, resource_id = row["key"].partition(" ")
    on = cells.day(text)
    if on is None:
        raise _at("key", BadCell(N_("请填日期，例如 2026-12-31。")))
    reserve = _read(yes, row, "reserve")
    hours = _read(cells.hours, row, "hours")
    seen = db.session.get_one(Lab, lab.id).setup_version
    command = SetDays(
        lab_id=lab.id,
        resource_id=resource_id or None,
        first=on,
        last=on,
        hours=hours,
        name_zh=row["name_zh"],
        name_en=row["name_en"],
        audience=Audience.RESERVE if reserve else Audience.ALL,
        company_id=None,
        seen=seen,
    )
    try:
        calendars.set_days(viewer, command, now)
    except HoursBeyondDay as error:
        raise _at("hours", error) from error


def _closures(_viewer: Viewer, lab: Lab) -> dict[str, Values]:
    query = select(Closure).where(Closure.lab_id == lab.id).order_by(Closure.starts_at, Closure.id)
    return {row.id: _closure_row(row) for row in db.session.scalars(query)}


def _closure_row(row: Closure) -> Values:
    return {
        "id": row.id,
        "resource_id": row.resource_id,
        "places": ", ".join(map(str, row.places)),
        "kind": row.kind.value,
        "starts_at": text_of(row.starts_at),
        "ends_at": text_of(row.ends_at),
        "reason": row.reason,
    }


def _change_closure(viewer: Viewer, _lab: Lab, row: Values, known: bool, now: datetime) -> None:
    if known:
        closures.change_end(viewer, row["id"], _instant(row, "ends_at"), False, now)
        return
    if row["kind"] not in set(ClosureKind):
        raise _at("kind", BadCell(N_("请填 %(kinds)s 之一。"), kinds=", ".join(ClosureKind)))
    places = tuple(cells.needed(cells.whole(part.strip())) for part in row["places"].split(",") if part.strip())
    command = CloseResource(
        resource_id=row["resource_id"],
        starts_at=_instant(row, "starts_at"),
        ends_at=_instant(row, "ends_at"),
        kind=ClosureKind(row["kind"]),
        reason=row["reason"],
        places=places,
        around=True,
    )
    closures.close(viewer, command, now)


def _bookings(_viewer: Viewer, lab: Lab) -> dict[str, Values]:
    query = (
        select(Booking, Organisation, Test)
        .join(Organisation, Organisation.id == Booking.company_id)
        .join(Test, Test.id == Booking.test_id)
        .where(Booking.lab_id == lab.id, Booking.requested_at.is_not(None))
        .order_by(Booking.starts_at, Booking.id)
    )
    return {
        booking.code: {
            "code": booking.code,
            "state": booking.state.value,
            "company": pick(company),
            "test": pick(test),
            "resource_id": booking.resource_id,
            "starts_at": text_of(booking.starts_at),
            "ends_at": text_of(booking.ends_at),
            "sample": booking.sample,
        }
        for booking, company, test in db.session.execute(query)
    }


def _instant(row: Values, key: str) -> datetime:
    try:
        return parse_start(row[key])
    except ValueError as error:
        raise _at(key, BadCell(N_("请填时间，例如 2026-12-01 08:30。"))) from error


def _read(reader: Callable[[str], Any], row: Values, key: str) -> Any:
    try:
        return reader(row[key])
    except BadCell as error:
        raise _at(key, error) from error


def _at(key: str, error: YujianError) -> YujianError:
    """The error, at its column."""
    error.field = key
    return error


SHEETS = (
    Sheet(
        "resources",
        N_("台架"),
        (
            Column("id", N_("编号（新台架留空）")),
            Column("kind_id", N_("类型"), fixed=True),
            Column("name_zh", N_("名称")),
            Column("name_en", N_("英文名称")),
            Column("places", N_("工位数")),
            Column("grain_minutes", N_("起始间隔（分钟）")),
            Column("shifts", N_("目录班次")),
            Column("unattended", N_("无人值守")),
            Column("envelope", N_("能达到的范围")),
            Column("whole_id", N_("属于哪个整体")),
            Column("capability_zh", N_("能力说明")),
            Column("capability_en", N_("英文能力说明")),
        ),
        _resources,
        _change_resource,
    ),
    Sheet(
        "capabilities",
        N_("能力"),
        (
            Column("key", N_("台架组 项目编号")),
            Column("name", N_("项目"), fixed=True),
            Column("setup_minutes", N_("准备（分钟）")),
            Column("run_minutes", N_("试验（分钟）")),
            Column("teardown_minutes", N_("清理（分钟）")),
            Column("report_days", N_("出报告（工作日）")),
            Column("needs", N_("试验要求台架达到")),
            Column("sample_limits", N_("样品限值")),
            Column("valid_from", N_("能力从哪天起有效")),
            Column("valid_until", N_("能力到哪天为止")),
            Column("companions", N_("还要同时占用")),
        ),
        _capabilities,
        _change_capability,
    ),
    Sheet(
        "days",
        N_("停工和加班日"),
        (
            Column("key", N_("日期 台架编号")),
            Column("hours", N_("开放时段（空为停工）")),
            Column("name_zh", N_("说明")),
            Column("name_en", N_("英文说明")),
            Column("reserve", N_("备用")),
        ),
        _days,
        _change_day,
    ),
    Sheet(
        "closures",
        N_("停用"),
        (
            Column("id", N_("编号（新停用留空）")),
            Column("resource_id", N_("台架编号"), fixed=True),
            Column("places", N_("工位"), fixed=True),
            Column("kind", N_("类别"), fixed=True),
            Column("starts_at", N_("从"), fixed=True),
            Column("ends_at", N_("到")),
            Column("reason", N_("原因"), fixed=True),
        ),
        _closures,
        _change_closure,
    ),
    Sheet(
        "bookings",
        N_("预约"),
        (
            Column("code", N_("预约")),
            Column("state", N_("状态")),
            Column("company", N_("企业")),
            Column("test", N_("项目")),
            Column("resource_id", N_("台架编号")),
            Column("starts_at", N_("从")),
            Column("ends_at", N_("到")),
            Column("sample", N_("样品")),
        ),
        _bookings,
        None,
    ),
)
