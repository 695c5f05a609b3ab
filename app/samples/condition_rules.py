"""Pure rules of the state of a sample: what a test needs of it, and what it leaves of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from app.errors import N_, Invalid, YujianError

MOST_KM, MOST_LEVELS, MOST_LEVEL = 10_000_000, 10, 80


class ConditionUnmet(YujianError):
    """A sample is not as a test needs it. facts: the sample's name, the test, what is needed."""

    field = "sample"
    message = N_("样品 %(sample)s 的状态不满足%(test)s的要求，请换样品。")


class WrongBuild(ConditionUnmet):
    message = N_("样品 %(sample)s 的试制阶段不符，%(test)s要 %(need)s。请换样品，或先更正样品的登记。")


class WrongMileage(ConditionUnmet):
    message = N_("样品 %(sample)s 到那时里程约 %(have)s km，%(test)s要 %(need)s km。请换样品，或改各项的先后。")


class Damaged(ConditionUnmet):
    message = N_("样品 %(sample)s 到那时已有损伤，%(test)s要没有损伤的样品。请换样品，或把这项排到前面做。")


class WrongCharge(ConditionUnmet):
    code, status = "wrong_state", 409
    message = N_("样品 %(sample)s 的荷电状态不符，%(test)s要 %(need)s。请先充放电，在样品页改好登记再开始。")


@dataclass(frozen=True, slots=True)
class Condition:
    """How a sample is, as far as it is known. mileage: km. state_of_charge: per cent. None and empty: not said."""

    build_level: str = ""
    mileage: int | None = None
    state_of_charge: int | None = None
    damaged: bool = False


@dataclass(frozen=True, slots=True)
class Demand:
    """What a test needs of a sample at its start, and what it changes; None and empty: nothing.

    mileage and adds_km: km. charge: state of charge, per cent. build_levels: any of these words.
    """

    build_levels: tuple[str, ...] = ()
    mileage_from: int | None = None
    mileage_to: int | None = None
    charge_from: int | None = None
    charge_to: int | None = None
    undamaged: bool = False
    adds_km: int = 0
    leaves_charge: int | None = None
    leaves_damage: str = ""

    def leaves(self, condition: Condition) -> Condition:
        """The sample after the test."""
        mileage = None if condition.mileage is None else condition.mileage + self.adds_km
        charge = condition.state_of_charge if self.leaves_charge is None else self.leaves_charge
        damaged = condition.damaged or bool(self.leaves_damage)
        return replace(condition, mileage=mileage, state_of_charge=charge, damaged=damaged)


# Before which others a test is done on one sample; the lower, the earlier.
Turn = tuple[bool, int, int]


def turn(demand: Demand) -> Turn:
    """What needs a fresh sample comes first, what wears it most last."""
    most = MOST_KM if demand.mileage_to is None else demand.mileage_to
    return bool(demand.leaves_damage), most, demand.adds_km


@dataclass(frozen=True, slots=True)
class Planned:
    """A test that a sample is to have from this instant on. demand: None where the lab asks for nothing."""

    at: datetime
    test: Any
    demand: Demand | None


def check_demand(demand: Demand) -> Demand:
    """Raises Invalid at the field that makes no sense."""
    for low, high in (("mileage_from", "mileage_to"), ("charge_from", "charge_to")):
        least, most = getattr(demand, low), getattr(demand, high)
        if least is not None and most is not None and least > most:
            raise Invalid(N_("上限不能小于下限。"), field=high)
    if len(demand.build_levels) > MOST_LEVELS or any(len(each) > MOST_LEVEL for each in demand.build_levels):
        raise Invalid(N_("最多 %(most)d 个阶段，每个不超过 80 个字符。"), field="build_levels", most=MOST_LEVELS)
    return demand


def check_condition(sample: str, condition: Condition, demand: Demand, test: Any) -> None:
    """What can't be turned back before the start. What nobody has said is not held against a sample.

    Raises WrongBuild, WrongMileage, Damaged.
    """
    if demand.build_levels and condition.build_level and not _among(condition.build_level, demand.build_levels):
        raise WrongBuild(sample=sample, test=test, need=" / ".join(demand.build_levels))
    if condition.mileage is not None and not _within(condition.mileage, demand.mileage_from, demand.mileage_to):
        need = span(demand.mileage_from, demand.mileage_to)
        raise WrongMileage(sample=sample, test=test, have=str(condition.mileage), need=need)
    if demand.undamaged and condition.damaged:
        raise Damaged(sample=sample, test=test)


def check_charge(sample: str, condition: Condition, demand: Demand, test: Any) -> None:
    """Only at the start: before it a battery can be charged. Raises WrongCharge."""
    charge = condition.state_of_charge
    if charge is not None and not _within(charge, demand.charge_from, demand.charge_to):
        need = f"{span(demand.charge_from, demand.charge_to)} %"
        raise WrongCharge(sample=sample, test=test, need=need)


def check_plan(sample: str, now: Condition, plan: Sequence[Planned], since: datetime) -> None:
    """Tests one after the other, each on what the ones before it leave; those that begin from `since` on are checked.

    Raises as `check_condition`.
    """
    for each in sorted(plan, key=lambda planned: planned.at):
        if each.demand is None:
            continue
        if each.at >= since:
            check_condition(sample, now, each.demand, each.test)
        now = each.demand.leaves(now)


def span(least: int | None, most: int | None) -> str:
    """`10–20`, `≥ 10` or `≤ 20`."""
    if least is None:
        return f"≤ {most}"
    return f"≥ {least}" if most is None else f"{least}–{most}"


def _within(value: int, least: int | None, most: int | None) -> bool:
    return (least is None or value >= least) and (most is None or value <= most)


def _among(level: str, wanted: Sequence[str]) -> bool:
    return level.strip().casefold() in {each.strip().casefold() for each in wanted}
