"""A simulated year of the whole catalogue: time and memory, beside a floor of as many empty events.

`python -m bench.simulation`. Each policy runs in a process of its own, so that the peak of memory is its own. Wanted:
a year in under a minute.
"""

import gc
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from multiprocessing import get_context
from pathlib import Path

import simpy
from flask_migrate import upgrade

from app import create_app
from app.clock import now
from app.labs.loading import store
from app.turnaround.simulation import demand, reading, study
from app.turnaround.simulation.inputs import Inputs
from app.turnaround.simulation.policies import Policy
from app.turnaround.simulation.run import simulate
from app.worktime import LAST_OFFICIAL_YEAR

CATALOGUE = Path(__file__).parent.parent / "app" / "labs" / "catalogue"
LOADS = (0.85,)
# Asked, told what comes next, begun, ended, written: so many events has a line at least.
EVENTS_A_LINE = 5
AHEAD = 3000


def stage(folder: Path) -> study.Stage:
    """The house of the real catalogue, with planning values."""
    os.environ["YUJIAN_INSTANCE"] = str(folder)
    app = create_app({"SCHEDULER": False})
    with app.app_context():
        upgrade()
        store.load(CATALOGUE, now())
        return study.stage(reading.read_house(date(LAST_OFFICIAL_YEAR, 1, 1)), Inputs(), 1)


def floor(lines: int) -> None:
    """As many events as the lines need at least, at which nothing happens but the next; some thousand are ahead."""
    env = simpy.Environment()
    left = iter(range(lines * EVENTS_A_LINE))

    def follow(_event: object) -> None:
        number = next(left, None)
        if number is not None:
            simpy.Timeout(env, number % 997).callbacks.append(follow)

    for _ in range(AHEAD):
        follow(None)
    gc.disable()
    env.run()
    gc.enable()


def seconds(what: Callable[[], object]) -> float:
    begun = time.process_time()
    what()
    return time.process_time() - begun


def one(on: study.Stage, load: float, policy: Policy) -> tuple[int, float, float, int, int]:
    """Lines; seconds of CPU of the year and of the floor; megabytes before and at the peak."""
    before = _peak()
    drawn = demand.draw(on.house, on.inputs, on.market, load, "bench")
    took = seconds(lambda: simulate(on.house, on.inputs, drawn, policy))
    peak = _peak()
    return len(drawn.lines), took, seconds(lambda: floor(len(drawn.lines))), before, peak


def _peak() -> int:
    """Megabytes that this process held at most."""
    (line,) = [each for each in Path("/proc/self/status").read_text().splitlines() if each.startswith("VmHWM")]
    return int(line.split()[1]) // 1024


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="yujian-bench-"))
    try:
        on = stage(folder)
        print("| load, policy | lines | s | floor, s | ratio | memory, MB |\n| --- | --- | --- | --- | --- | --- |")
        for load in LOADS:
            for policy in Policy:
                with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                    lines, took, least, before, peak = pool.submit(one, on, load, policy).result()
                said = f"{took:.1f} | {least:.2f} | {took / least:.1f} × | {peak} (+{peak - before})"
                print(f"| {load:.0%}, {policy.value} | {lines:,} | {said} |")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
