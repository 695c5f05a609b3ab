"""The cover sheet of a report from the order's data (ISO/IEC 17025:2017, 7.8.2.1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.accounts.policy import Viewer
from app.orders.rules import sample_names
from app.samples.models import Sample
from app.samples.queries import samples_of
from app.testing import report_page
from app.testing.report_page import ReportPage


@dataclass(frozen=True, slots=True)
class Cover:
    """The report, the names that its line gives to samples, and what is registered under them."""

    report: ReportPage
    names: Sequence[str]
    samples: Sequence[Sample]


def cover(viewer: Viewer, report_id: str, now: datetime) -> Cover:
    """Raises NotFound."""
    found = report_page.page(viewer, report_id, now)
    names = sample_names(found.line.sample)
    samples = [each for each in samples_of(viewer, [found.order.id]) if each.name in names]
    return Cover(found, names, samples)
