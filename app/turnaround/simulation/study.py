"""Many years: every load, every replication, every policy on the same demand, in as many processes as wanted."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from typing import Any

from app.turnaround.simulation import demand
from app.turnaround.simulation.demand import Market
from app.turnaround.simulation.figures import Figures, differences, estimates, figures
from app.turnaround.simulation.house import DAY, House
from app.turnaround.simulation.inputs import Inputs
from app.turnaround.simulation.policies import Policy
from app.turnaround.simulation.run import simulate

LOADS, REPLICATIONS, SEED = (65, 75, 85, 95), 20, 1
Years = dict[Policy, Figures]


@dataclass(frozen=True, slots=True)
class Study:
    """What to simulate. loads: percent of what the benches could give."""

    loads: Sequence[int] = LOADS
    replications: int = REPLICATIONS
    seed: int = SEED

    @property
    def years(self) -> int:
        """Simulated years of all policies."""
        return len(self.loads) * self.replications * len(Policy)


@dataclass(frozen=True, slots=True)
class Stage:
    """What all years share: the house with its writers, the inputs, and how much its benches can do."""

    house: House
    inputs: Inputs
    market: Market


def stage(house: House, inputs: Inputs, seed: int) -> Stage:
    """Count the house's capacity, and its writers by it."""
    market = demand.market(house, inputs, seed)
    return Stage(demand.with_writers(house, inputs, market), inputs, market)


def year(on: Stage, load: int, seed: str) -> Years:
    """One year of requests under each policy."""
    drawn = demand.draw(on.house, on.inputs, on.market, load / 100, seed)
    outcomes = {policy: simulate(on.house, on.inputs, drawn, policy) for policy in Policy}
    known = outcomes[Policy.KNOWN]
    return {policy: figures(on.house, outcome, known) for policy, outcome in outcomes.items()}


def run(on: Stage, study: Study, jobs: int, told: Callable[[int], None] = lambda count: None) -> dict[str, Any]:
    """The whole study as plain values for JSON. jobs: processes; told: is called with the years done so far.

    The same house, inputs and seed give the same numbers, whatever the number of processes.
    """
    wanted = [(load, number) for load in study.loads for number in range(study.replications)]
    found: dict[tuple[int, int], Years] = {}
    with _years(on, study.seed, jobs) as simulated:
        for key, years in simulated(wanted):
            found[key] = years
            told(len(found) * len(Policy))
    by_load = {load: [found[load, number] for number in range(study.replications)] for load in study.loads}
    return {
        **asdict(study),
        "loads": list(study.loads),
        "house": _house(on),
        "inputs": _inputs(on.inputs),
        "cells": [_cell(load, policy, years) for load, years in by_load.items() for policy in Policy],
    }


Key = tuple[int, int]
Simulated = Callable[[Sequence[Key]], Iterator[tuple[Key, Years]]]


@contextmanager
def _years(on: Stage, seed: int, jobs: int) -> Iterator[Simulated]:
    if jobs == 1:
        yield lambda keys: ((key, year(on, key[0], f"{seed} {key[1]}")) for key in keys)
        return
    # Started anew, not forked: a copy must not inherit the connections of the database.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_begin, initargs=(on, seed)) as pool:

        def simulated(keys: Sequence[Key]) -> Iterator[tuple[Key, Years]]:
            waiting = {pool.submit(_in_process, key): key for key in keys}
            for done in as_completed(waiting):
                yield waiting[done], done.result()

        yield simulated


_SHARED: list[tuple[Stage, int]] = []


def _begin(on: Stage, seed: int) -> None:
    _SHARED[:] = [(on, seed)]


def _in_process(key: Key) -> Years:
    ((on, seed),) = _SHARED
    return year(on, key[0], f"{seed} {key[1]}")


def _cell(load: int, policy: Policy, years: Sequence[Years]) -> dict[str, Any]:
    own, known = [each[policy] for each in years], [each[Policy.KNOWN] for each in years]
    return {
        "load": load,
        "policy": policy.value,
        "figures": {name: _plain(each) for name, each in estimates(own).items()},
        "against": {name: _plain(each) for name, each in differences(own, known).items()},
    }


def _plain(each: tuple[float, float]) -> list[float | None]:
    """JSON knows no infinity: None where one year says nothing of how sure it is."""
    mean, half = each
    return [round(mean, 4), round(half, 4) if half < float("inf") else None]


def _house(on: Stage) -> dict[str, Any]:
    house = on.house
    return {
        "first": house.year_begins.isoformat(),
        "labs": len(house.labs),
        "places": house.units,
        "tests": len(house.items),
        "one_lab_tests": sum(item.labs == 1 for item in house.items),
        "writers": sum(house.writers),
        "lines_at_full_load": round(on.market.lines),
    }


def _inputs(inputs: Inputs) -> dict[str, Any]:
    """Only what concerns all together: no test, no lab, no company. Times in days."""
    spreads = {name: getattr(inputs, name) for name in ("review", "lead", "back", "late_by", "repair")}
    shares = ("testing", "reporting")
    plain = ("writing", "cancelled", "no_show", "late", "nimble", "programmes", "uneven", "breakdowns", "maintenance")
    return {
        "sharing": list(inputs.sharing),
        "transport": inputs.transport / DAY,
        **{name: round(spread.mean / DAY, 2) for name, spread in spreads.items()},
        **{name: round(getattr(inputs, name).mean, 3) for name in shares},
        **{name: round(getattr(inputs, name), 3) for name in plain},
        "programme": list(inputs.programme),
        "notice": inputs.notice / DAY,
        "gain": inputs.gain / DAY,
        "measured": sorted(inputs.measured),
        "lines": inputs.lines,
    }
