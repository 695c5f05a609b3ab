"""What a sample's page says: the one sentence on top, and its chain in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext

from app.accounts.models import Role
from app.accounts.policy import Action, Viewer, allowed
from app.labs.models import Resource
from app.language import moment, pick
from app.samples.models import CustodyStep, Sample
from app.samples.rules import NEXT, SampleState


@dataclass(frozen=True, slots=True)
class SampleNext:
    """need: whether the reader must act."""

    text: str
    need: bool = False


@dataclass(frozen=True, slots=True)
class ToldStep:
    """One link of the chain as it is read."""

    at: datetime
    title: str
    where: str
    note: str
    by_lab: bool


def next_of_sample(viewer: Viewer, sample: Sample, needed_at: datetime | None) -> SampleNext:
    """Who does what next, and by when. needed_at: the start of its first test to come."""
    company, by = viewer.is_company, moment(needed_at) if needed_at else ""
    if sample.deviating:
        if company:
            text = gettext("样品与委托不符：%(what)s。请答复，试验才能开始。", what=sample.deviation)
            return SampleNext(text, need=True)
        return SampleNext(gettext("样品与委托不符，等企业答复。"))
    if sample.state in (SampleState.EXPECTED, SampleState.RETURNED) and (by or sample.state is SampleState.EXPECTED):
        if not company:
            return SampleNext(gettext("等企业发出样品，%(at)s 前要到。", at=by) if by else gettext("等企业发出样品。"))
        return SampleNext(gettext("请发出样品，%(at)s 前要到。", at=by) if by else gettext("请发出样品。"), need=True)
    if sample.state is SampleState.DISPATCHED:
        if company:
            return SampleNext(gettext("样品在途中，等实验室收样。"))
        return SampleNext(
            gettext("样品到了请收样，%(at)s 上台。", at=by) if by else gettext("样品到了请收样。"), need=True
        )
    if sample.state is SampleState.ON_BENCH:
        return SampleNext(gettext("样品在台架上，试验结束后回到样品管理。"))
    if sample.state in (SampleState.RECEIVED, SampleState.STORED):
        if by:
            return SampleNext(gettext("样品在实验室，%(at)s 上台。", at=by))
        if company:
            return SampleNext(gettext("样品在实验室，没有待做的试验。"))
        return SampleNext(gettext("没有待做的试验，请按委托退还或处置。"), need=True)
    return SampleNext(gettext("样品已离开实验室，没有待做的事。"))


def told(viewer: Viewer, steps: Sequence[CustodyStep], benches: Mapping[str, Resource]) -> list[ToldStep]:
    """The chain in words. benches: those that the sample was on."""
    return [
        ToldStep(step.at, _title(step), where(viewer, step, benches), note(viewer, step), step.by_lab) for step in steps
    ]


def where(viewer: Viewer, step: CustodyStep, benches: Mapping[str, Resource]) -> str:
    """Where it went; on which shelf is the lab's own business."""
    if step.state is SampleState.STORED and not viewer.is_lab:
        return ""
    return pick(benches[step.where]) if step.where in benches else step.where


def note(viewer: Viewer, step: CustodyStep) -> str:
    """What was noted; the bench crew read no free text of a company."""
    hidden = viewer.role is Role.BENCH_CREW and not step.by_lab
    return "" if hidden else step.note


def _title(step: CustodyStep) -> str:
    if step.state is SampleState.RECEIVED and step.booking_id:
        return gettext("离开台架")
    return gettext(step.state.label)


def offered(viewer: Viewer, sample: Sample) -> list[str]:
    """The steps that the viewer may take now, by the last part of their address."""
    after = NEXT[sample.state]
    steps = []
    if allowed(viewer, Action.CHANGE_OWN_BOOKING, sample):
        steps += ["answer"] * sample.deviating + ["dispatch"] * (SampleState.DISPATCHED in after)
    if allowed(viewer, Action.RUN_BOOKING, sample):
        steps += ["receive"] * (SampleState.RECEIVED in after and sample.state is not SampleState.ON_BENCH)
        steps += ["store"] * (SampleState.STORED in after)
        steps += ["return", "dispose"] if SampleState.RETURNED in after else []
    return steps
