"""What leaving staff answer for in a lab's capacity: its rules and the steps that requests pass."""

from collections.abc import Sequence
from datetime import datetime

from flask import Flask
from flask_babel import gettext
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.accounts.handing_over import Kind, provide
from app.accounts.models import Membership
from app.booking.handing import give_step
from app.capacity.house_rules.wording import LABELS
from app.errors import N_
from app.labs.capacity import ApprovalStep, LabRule


def init_app(app: Flask) -> None:
    """Tell what has an owner."""
    provide(
        app,
        Kind("rules", N_("实验室规则"), _rules, _give_rule, lambda rule: gettext(LABELS[rule.kind])),
        Kind("steps", N_("审批步骤"), _steps, _give_step, lambda step: step.name),
    )


def _rules(session: Session, member: Membership, _now: datetime) -> Sequence[LabRule]:
    own = LabRule.owner_id == member.user_id, LabRule.lab_id.in_(member.lab_ids)
    return session.scalars(select(LabRule).where(*own).order_by(LabRule.kind, LabRule.pool)).all()


def _steps(session: Session, member: Membership, _now: datetime) -> Sequence[ApprovalStep]:
    named = or_(ApprovalStep.owner_id == member.user_id, ApprovalStep.next_owner_id == member.user_id)
    own = select(ApprovalStep).where(named, ApprovalStep.lab_id.in_(member.lab_ids))
    return session.scalars(own.order_by(ApprovalStep.lab_id, ApprovalStep.position)).all()


def _give_rule(_session: Session, rule: LabRule, _old: Membership, new: Membership) -> None:
    rule.owner_id = new.user_id


def _give_step(_session: Session, step: ApprovalStep, old: Membership, new: Membership) -> None:
    give_step(step, old.user_id, new.user_id)
