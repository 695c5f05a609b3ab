"""Setting, dropping and waiving the rules of a lab: one function for each action, one transaction each."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from app.accounts.models import Organisation
from app.accounts.policy import Action, Viewer, require_visible
from app.booking.models import RuleWaiver
from app.booking.rules import ReasonMissing
from app.capacity.house_rules.rules import PRESETS
from app.capacity.rules import StaleSetup, check_setup_version
from app.database import transaction
from app.errors import N_, Invalid, NotFound
from app.events import log
from app.labs.capacity import LabRule, touch
from app.labs.models import Lab, Resource
from app.labs.rules import KINDS

__all__ = ["DropRule", "SetRule", "StaleSetup", "Waive", "apply_preset", "drop", "set_rule", "waive"]


@dataclass(frozen=True, slots=True)
class SetRule:
    """A rule of a lab (pool '') or of one of its pools. seen: the lab's setup version that the form showed."""

    lab_id: str
    pool: str
    kind: str
    value: Any
    seen: str


@dataclass(frozen=True, slots=True)
class DropRule:
    """The rule goes; the lab's own or the settings hold again."""

    lab_id: str
    rule_id: str


@dataclass(frozen=True, slots=True)
class Waive:
    """An exception for one company, up to a local date; the reason is told to the rule's owner."""

    lab_id: str
    company_id: str
    kind: str
    until: date
    reason: str


def set_rule(viewer: Viewer, command: SetRule, now: datetime) -> LabRule:
    """Set or change a rule. Raises NotFound, Invalid (an unknown kind or pool), StaleSetup."""
    with transaction() as session:
        lab = _own_lab(session, viewer, command.lab_id)
        check_setup_version(command.seen, lab.setup_version)
        return _store(session, viewer, command, now)


def apply_preset(viewer: Viewer, lab_id: str, pool: str, name: str, now: datetime) -> list[LabRule]:
    """Set all rules of a preset; others stay. Raises NotFound."""
    if name not in PRESETS:
        raise NotFound()
    with transaction() as session:
        lab = _own_lab(session, viewer, lab_id)
        values = PRESETS[name][1].items()
        return [
            _store(session, viewer, SetRule(lab.id, pool, kind, value, lab.setup_version), now)
            for kind, value in values
        ]


def drop(viewer: Viewer, command: DropRule, now: datetime) -> None:
    """Take a rule away. Raises NotFound."""
    with transaction() as session:
        rule = session.get(LabRule, command.rule_id)
        require_visible(viewer, Action.SET_CAPACITY, rule)
        if rule is None or rule.lab_id != command.lab_id:
            raise NotFound()
        log.record(session, "rule.dropped", rule, by=viewer, at=now, rule=rule.kind, pool=rule.pool, value=rule.value)
        session.delete(rule)
        touch(session, rule.lab_id)


def waive(viewer: Viewer, command: Waive, now: datetime) -> RuleWaiver:
    """Make an exception. Raises NotFound, ReasonMissing, Invalid."""
    with transaction() as session:
        _own_lab(session, viewer, command.lab_id)
        if not command.reason.strip():
            raise ReasonMissing()
        if command.kind not in KINDS or session.get(Organisation, command.company_id) is None:
            raise Invalid(N_("没有这家企业。"), field="company_id")
        waiver = RuleWaiver(
            lab_id=command.lab_id,
            company_id=command.company_id,
            kind=command.kind,
            until=command.until,
            reason=command.reason.strip(),
            created_by_id=viewer.user_id,
            created_at=now,
        )
        session.add(waiver)
        session.flush()
        facts: dict[str, Any] = {"rule": command.kind, "until": command.until.isoformat(), "reason": waiver.reason}
        log.record(session, "rule.waived", waiver, by=viewer, at=now, for_company=False, **facts)
        return waiver


def end_waiver(viewer: Viewer, lab_id: str, waiver_id: str, now: datetime) -> None:
    """The exception ends at once. Raises NotFound."""
    with transaction() as session:
        waiver = session.get(RuleWaiver, waiver_id)
        require_visible(viewer, Action.SET_CAPACITY, waiver)
        if waiver is None or waiver.lab_id != lab_id:
            raise NotFound()
        log.record(session, "rule.waiver_ended", waiver, by=viewer, at=now, for_company=False, rule=waiver.kind)
        session.delete(waiver)


def _own_lab(session: Session, viewer: Viewer, lab_id: str) -> Lab:
    lab = session.get(Lab, lab_id)
    require_visible(viewer, Action.SET_CAPACITY, lab)
    assert lab is not None
    return lab


def _store(session: Session, viewer: Viewer, command: SetRule, now: datetime) -> LabRule:
    if command.kind not in KINDS:
        raise NotFound()
    if command.pool and not session.query(Resource.id).filter_by(pool=command.pool, lab_id=command.lab_id).first():
        raise Invalid(N_("这个实验室没有这组台架。"), field="pool")
    known = session.query(LabRule).filter_by(lab_id=command.lab_id, pool=command.pool, kind=command.kind)
    rule = known.one_or_none() or LabRule(lab_id=command.lab_id, pool=command.pool, kind=command.kind, created_at=now)
    before = rule.value if rule.id else None
    rule.value, rule.owner_id = {"value": command.value}, viewer.user_id
    session.add(rule)
    session.flush()
    facts: dict[str, Any] = {"rule": rule.kind, "pool": rule.pool, "value": rule.value, "before": before}
    log.record(session, "rule.set", rule, by=viewer, at=now, **facts)
    touch(session, rule.lab_id)
    return rule
