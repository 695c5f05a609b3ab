"""What a test needs of a sample and what it changes, in words."""

from flask_babel import gettext

from app.samples.condition_rules import Demand, span


def needs(demand: Demand) -> list[str]:
    """What the sample must be at the start."""
    told = []
    if demand.build_levels:
        told.append(gettext("试制阶段 %(levels)s", levels=" / ".join(demand.build_levels)))
    if demand.mileage_from is not None or demand.mileage_to is not None:
        told.append(gettext("里程 %(km)s km", km=span(demand.mileage_from, demand.mileage_to)))
    if demand.charge_from is not None or demand.charge_to is not None:
        told.append(gettext("荷电状态 %(charge)s %%", charge=span(demand.charge_from, demand.charge_to)))
    if demand.undamaged:
        told.append(gettext("没有损伤"))
    return told


def changes(demand: Demand) -> list[str]:
    """What it is afterwards."""
    told = []
    if demand.adds_km:
        told.append(gettext("里程增加约 %(km)d km", km=demand.adds_km))
    if demand.leaves_charge is not None:
        told.append(gettext("荷电状态变为 %(charge)d %%", charge=demand.leaves_charge))
    if demand.leaves_damage:
        told.append(gettext("留下损伤：%(damage)s", damage=demand.leaves_damage))
    return told


def told(demand: Demand) -> tuple[list[str], list[str]]:
    """Both."""
    return needs(demand), changes(demand)
