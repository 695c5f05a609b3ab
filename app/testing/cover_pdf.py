"""The cover sheet as PDF, by the extra `pdf`; what it says is what the printed page says."""

import importlib
import io
import json
from pathlib import Path
from typing import Any

import segno
from flask_babel import gettext

from app.accounts.models import Organisation
from app.booking.presenting import iso_day
from app.booking.story import lab_name
from app.errors import N_, YujianError
from app.language import lang, pick
from app.samples.models import Sample
from app.testing.cover import Cover
from app.testing.report_page import ReportPage
from app.testing.rules import Standing

LAYOUT = Path(__file__).with_name("cover.typ")
Row = tuple[str, str]


class PdfMissing(YujianError):
    code, status = "unavailable", 503
    message = N_("这里没有装 PDF 组件（安装时加上 pdf），请打开封面页用浏览器打印，另存为 PDF。")


def cover_pdf(page: Cover, address: str) -> bytes:
    """address: of the public page that confirms the report. Raises PdfMissing where the extra is not installed."""
    try:
        typst: Any = importlib.import_module("typst")
    except ImportError as error:
        raise PdfMissing() from error
    told = json.dumps(_told(page, address), ensure_ascii=False)
    made: bytes = typst.compile(LAYOUT.read_bytes(), format="pdf", sys_inputs={"data": told})
    return made


def _told(page: Cover, address: str) -> dict[str, Any]:
    found = page.report
    report = found.row.report
    drawn = io.BytesIO()
    segno.make(address, error="m").save(drawn, kind="svg", border=1)
    return {
        "lang": lang(),
        "title": gettext("检测报告"),
        "lab": lab_name(found.lab),
        "number": report.number or gettext("编号：签发时填写"),
        "edition": gettext("第 %(edition)d 版", edition=report.edition),
        "standing": _standing(found),
        "qr": drawn.getvalue().decode(),
        "code": report.verify_code,
        "footer": address,
        "sections": [
            {"title": gettext("委托"), "rows": _commission(found, found.company)},
            {"title": gettext("样品"), "rows": [_sample(found, each) for each in page.samples] or _named(page)},
            {"title": gettext("检测"), "rows": _tested(page)},
            {"title": gettext("经手"), "rows": _hands(found)},
        ],
    }


def _standing(found: ReportPage) -> str:
    standing = found.row.standing
    return "" if standing in (None, Standing.VALID) else gettext(standing.label)


def _commission(found: ReportPage, company: Organisation | None) -> list[Row]:
    order, rows = found.order, []
    if company is not None:
        rows.append((gettext("委托方"), pick(company)))
        rows += [(gettext("申请人"), order.applicant)] if order.applicant else []
    rows.append((gettext("检测机构"), pick(found.lab)))
    rows += [(gettext("地址"), found.lab.address_zh)] if found.lab.address_zh else []
    rows.append((gettext("委托单"), order.code))
    return rows + ([(gettext("用途"), gettext(order.purpose.label))] if order.purpose else [])


def _sample(found: ReportPage, sample: Sample) -> Row:
    """What it is is told to those who may know the company."""
    number = f"{'VIN' if sample.vin else gettext('序列号')} {sample.item}" if sample.item else ""
    known = [number, sample.configuration] if found.company else []
    received = gettext("%(day)s 收样", day=iso_day(sample.received_at)) if sample.received_at else ""
    return sample.name, "；".join(filter(None, [sample.code, *known, received, sample.condition]))


def _named(page: Cover) -> list[Row]:
    return [(name, "–") for name in page.names] or [("–", "–")]


def _tested(page: Cover) -> list[Row]:
    found = page.report
    test, line, report = found.test, found.line, found.row.report
    deviations = [f"{each.name}：{each.deviation}" for each in page.samples if each.deviation]
    days = [iso_day(at) for at in (line.taken_at, line.ended_at) if at]
    rows = [
        (gettext("检测依据"), f"{test.method.code} {test.clause} {pick(test.method, 'title')}"),
        (gettext("项目"), pick(test)),
        (gettext("检测日期"), " – ".join(days) or "–"),
        (gettext("签发日期"), iso_day(report.issued_at) if report.issued_at else "–"),
        (gettext("偏离"), "；".join(deviations) or gettext("无")),
    ]
    if found.company:
        rows.append((gettext("判定规则"), found.order.decision_rule or gettext("没有约定")))
    return rows


def _hands(found: ReportPage) -> list[Row]:
    report = found.row.report
    hands = (
        (gettext("编制人"), report.drafted_by_id),
        (gettext("审核人"), report.reviewed_by_id),
        (gettext("批准人"), report.approved_by_id),
    )
    rows = [(label, found.names.get(ident or "", "–")) for label, ident in hands]
    return rows + ([("SHA-256", report.sha256)] if report.sha256 else [])
