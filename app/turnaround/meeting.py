"""The coordinators' page as it is shown in a meeting: one statement a screen, and on paper one page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.turnaround.asking import Asked
from app.turnaround.page import Page, page
from app.turnaround.queries import Answer, Figures
from app.turnaround.rules import GroupBy

# Rows that are read from ten metres on one screen.
ROWS = 5


@dataclass(frozen=True, slots=True)
class Across:
    """A domain, and of it each way from a province's companies to a province's labs."""

    domain: Figures
    ways: Mapping[str, Figures]


@dataclass(frozen=True, slots=True)
class Meeting:
    """page: the same figures as on the page, its table by way. provinces: of the companies of each."""

    page: Page
    provinces: Sequence[Figures]
    screens: Sequence[Sequence[Across]]
    domains: Sequence[Figures]

    @property
    def ways(self) -> Sequence[Figures]:
        """The ways from province to province."""
        return self.page.table.items

    @property
    def told_ways(self) -> Sequence[Figures]:
        """The ways of which something may be told, as a whole or of a domain."""
        rows = [row.ways for screen in self.screens for row in screen]
        return [way for way in self.ways if any(row[way.key].percentiles for row in rows if way.key in row)]

    @property
    def slowest(self) -> Figures | None:
        """The domain with the longest P50 among those that may be told."""
        return max(self.domains, key=_median, default=None)

    @property
    def quickest(self) -> Figures | None:
        return min(self.domains, key=_median, default=None)


def meeting(asked: Asked, now: datetime) -> Meeting:
    """For who sees all. Raises Forbidden."""
    answer = Answer(asked.question, now)
    ways = answer.table(GroupBy.ROUTE).items
    domains = [cell for cell in answer.table(GroupBy.DOMAIN).items if cell.percentiles]
    across = [_across(asked, domain, now) for domain in domains] if ways else []
    return Meeting(
        page(replace(asked, group_by=GroupBy.ROUTE), now),
        answer.provinces(),
        [across[start : start + ROWS] for start in range(0, len(across), ROWS)],
        domains,
    )


def _across(asked: Asked, domain: Figures, now: datetime) -> Across:
    answer = Answer(replace(asked.question, domain_id=domain.key), now)
    return Across(domain, {way.key: way for way in answer.table(GroupBy.ROUTE).items})


def _median(cell: Figures) -> float:
    return cell.percentiles[0] if cell.percentiles else 0.0
