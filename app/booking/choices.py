"""Free starts as one-click choices, each with what it does to the report date."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext, ngettext

from app.booking.forecast import ReportDates
from app.booking.offers import Offer
from app.booking.story import lab_name
from app.labs.models import Resource
from app.labs.queries import resources
from app.language import pick
from app.worktime import local_date, working_days_between


@dataclass(frozen=True, slots=True)
class Choice:
    """An offer on a bench; `where` and `effect` are words beside what was asked."""

    offer: Offer
    resource: Resource
    where: str
    effect: str

    @property
    def value(self) -> str:
        """What the button sends: `resource|start`."""
        return f"{self.resource.id}|{self.offer.starts_at.isoformat()}"


def choices(offers: Sequence[Offer], asked_resource: str | None, asked: ReportDates | None) -> list[Choice]:
    """The offers with words. asked_resource: the bench beside which they are told; asked: its report dates."""
    ids = {offer.slot.bench.resource_id for offer in offers} | ({asked_resource} if asked_resource else set())
    known = {resource.id: resource for resource in resources(ids)}
    beside = known.get(asked_resource or "")
    return [
        Choice(
            offer,
            known[offer.slot.bench.resource_id],
            _where(known[offer.slot.bench.resource_id], beside),
            _effect(asked.expected_at, offer.report.expected_at) if asked else "",
        )
        for offer in offers
    ]


def _where(resource: Resource, beside: Resource | None) -> str:
    if beside is not None and resource.id == beside.id:
        return gettext("同一台架")
    if beside is not None and resource.lab_id == beside.lab_id:
        return pick(resource)
    return gettext(
        "%(lab)s，%(district)s，%(bench)s",
        lab=lab_name(resource.lab),
        district=pick(resource.lab, "district"),
        bench=pick(resource),
    )


def _effect(asked: datetime, offered: datetime) -> str:
    """By how many working days the report comes later or earlier."""
    before, after = local_date(asked), local_date(offered)
    if before == after:
        return gettext("报告日期不变")
    days = working_days_between(min(before, after), max(before, after))
    if days == 0:
        apart = abs((after - before).days)
        if after > before:
            return ngettext("晚 %(num)d 天", "晚 %(num)d 天", apart)
        return ngettext("早 %(num)d 天", "早 %(num)d 天", apart)
    if after > before:
        return ngettext("晚 %(num)d 个工作日", "晚 %(num)d 个工作日", days)
    return ngettext("早 %(num)d 个工作日", "早 %(num)d 个工作日", days)
