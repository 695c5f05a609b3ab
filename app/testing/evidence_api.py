"""API of an order's evidence pack, of who fetched its files, and of reports that take the place of its lines."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from app.accounts.current import require_api_viewer, token_blueprint
from app.api import Version, example, iso
from app.clock import now
from app.orders.api import OrderModel, shown
from app.orders.queries import visible_order
from app.orders.schemas import LinePath, OrderPath
from app.testing import downloads, reuse
from app.testing.downloads import Fetched
from app.testing.evidence_sending import ZIP, send
from app.testing.models import TestReport
from app.testing.reuse import Reuse

bp = token_blueprint("evidence_api", __name__, "reports")

CONTENT: dict[str, Any] = {
    "description": "reports.csv, scope.csv, samples.csv, custody.csv, deviations.csv, reports/*.pdf, SHA256SUMS",
    "content": {ZIP: {"schema": {"type": "string", "format": "binary"}}},
}


class OfferedReport(BaseModel):
    """A valid report of the same company that covers a drafted line: the same test of the same edition, the same
    vehicles by VIN, issued at most three years ago.
    """

    line: str
    report: str
    number: str = Field(examples=["JC-2026-0412"])
    issued_at: str = Field(examples=["2026-11-27T17:30:00+08:00"])

    @classmethod
    def of(cls, line_id: str, report: TestReport) -> "OfferedReport":
        return cls(line=line_id, report=report.id, number=str(report.number), issued_at=str(iso(report.issued_at)))


class OfferedList(BaseModel):
    items: list[OfferedReport]
    next: str | None


class ReuseBody(BaseModel):
    """`version`: the order's as last seen. `report`: one that is offered for the line."""

    model_config = example(version=1, report="kq3n5zj2a7xw4m6c")

    version: Version
    report: str = Field(max_length=24, examples=["kq3n5zj2a7xw4m6c"])


@bp.get("/orders/<string:order_id>/evidence", responses={200: CONTENT})
def get_evidence(path: OrderPath) -> Any:
    """Reports, scope, samples, custody and deviations as one archive with its hashes; for company and order desk."""
    return send(require_api_viewer(), path.order_id, now())


class DownloadModel(BaseModel):
    """`by`: the side. `name`: of a person of the caller's own side, else null. `report`, `edition`: which version."""

    at: str = Field(examples=["2026-11-27T17:30:00+08:00"])
    by: Literal["company", "lab"]
    name: str | None
    file: str
    file_name: str = Field(examples=["JC-2026-0412.pdf"])
    report: str | None
    edition: int | None

    @classmethod
    def of(cls, each: Fetched) -> "DownloadModel":
        report = each.kept.report
        return cls(
            at=str(iso(each.at)),
            by="lab" if each.by_lab else "company",
            name=each.name,
            file=each.kept.file.id,
            file_name=each.kept.file.name,
            report=report.id if report else None,
            edition=report.edition if report else None,
        )


class DownloadList(BaseModel):
    items: list[DownloadModel]
    next: str | None


@bp.get("/orders/<string:order_id>/downloads", responses={200: DownloadList})
def list_downloads(path: OrderPath) -> Any:
    """The newest 200 downloads of files and reports of an order that the caller may fetch."""
    found = downloads.of_order(require_api_viewer(), path.order_id, now()).fetched
    return {"items": [DownloadModel.of(each).model_dump() for each in found], "next": None}


@bp.get("/orders/<string:order_id>/reuse", responses={200: OfferedList})
def list_reusable(path: OrderPath) -> Any:
    """Reports that cover drafted lines; empty for all but the company."""
    viewer = require_api_viewer()
    lines = [each.line for each in visible_order(viewer, path.order_id).lines]
    found = reuse.offered(viewer, lines, now())
    items = [OfferedReport.of(line.id, found[line.id]) for line in lines if line.id in found]
    return {"items": [each.model_dump() for each in items], "next": None}


@bp.post("/orders/<string:order_id>/lines/<string:line_id>/reuse", responses={200: OrderModel})
def reuse_report(path: LinePath, body: ReuseBody) -> Any:
    """The report takes the place of the line, which is closed; its time is free again."""
    reuse.take(require_api_viewer(), Reuse(path.order_id, path.line_id, body.version, body.report), now())
    return shown(path.order_id)
