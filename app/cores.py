"""On which cores of the machine the threads of a server run.

One thread at a time runs Python. Where the next one runs on another core, all that the program works on has to follow
it from one core's cache into the other's, dozens of times in a request that reads and writes a database.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress


def _of_thread() -> set[int]:
    """The cores that the calling thread may use; empty where the system doesn't tell (only Linux does)."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()


# Those of the process, looked at before any of its threads was bound to one.
ALL = _of_thread()


def one(number: int) -> set[int]:
    """One core for a process. number: of the process, from 1 on: several take different ones, the last core first."""
    return {sorted(ALL)[-number % len(ALL)]} if ALL else set()


def stay_on(cores: set[int]) -> None:
    """The calling thread, and all that it starts from now on, run on these cores; where the system forbids to choose,
    they stay as they are.
    """
    if cores:
        with suppress(OSError):
            os.sched_setaffinity(0, cores)


@contextmanager
def running_on(cores: set[int]) -> Iterator[None]:
    """The calling thread runs on these cores inside: on all for long work without Python, which would only take the one
    away from the others.
    """
    before = _of_thread()
    if before == cores:
        yield
        return
    stay_on(cores)
    try:
        yield
    finally:
        stay_on(before)
