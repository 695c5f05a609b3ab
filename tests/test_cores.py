"""The threads of a server run on one core, and what needs no interpreter on any."""

import os
import threading
from collections.abc import Callable, Iterator

import pytest

from app.accounts import passwords
from app.cores import ALL, one, running_on, stay_on

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="only Linux binds threads to cores"),
    pytest.mark.skipif(len(ALL) < 2, reason="there is one core only"),
]


def in_a_thread(work: Callable[[], object]) -> object:
    """What it gives, done in a thread of its own: this one's cores stay as they are."""
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join()
    return found[0]


def mine() -> set[int]:
    return os.sched_getaffinity(0)


def test_processes_take_cores_in_turn() -> None:
    taken = [one(number) for number in range(1, len(ALL) + 1)]
    assert all(len(cores) == 1 for cores in taken) and set().union(*taken) == ALL
    assert one(len(ALL) + 1) == one(1)


def test_a_thread_and_what_it_starts_stay_on_one_core() -> None:
    def work() -> tuple[set[int], object]:
        stay_on(one(1))
        return mine(), in_a_thread(mine)

    assert in_a_thread(work) == (one(1), one(1))
    assert mine() == ALL


@pytest.mark.parametrize("fails", [False, True])
def test_long_work_runs_on_any_core_and_comes_back(fails: bool) -> None:
    def work() -> Iterator[set[int]]:
        stay_on(one(1))
        try:
            with running_on(ALL):
                yield mine()
                if fails:
                    raise ZeroDivisionError
        except ZeroDivisionError:
            pass
        yield mine()

    assert in_a_thread(lambda: list(work())) == [ALL, one(1)]


def test_passwords_are_looked_at_on_any_core(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[set[int]] = []

    class Hasher:
        """The real one, which notes where it runs."""

        def __init__(self, real: object) -> None:
            self.real = real

        def verify(self, stored: str, password: str) -> bool:
            seen.append(mine())
            return bool(self.real.verify(stored, password))

    stored = passwords.hashed("ein langes Kennwort")
    monkeypatch.setattr(passwords, "_hasher", Hasher(passwords._hasher))

    def work() -> bool:
        stay_on(one(1))
        return passwords.matches(stored, "ein langes Kennwort")

    assert in_a_thread(work) is True
    assert seen == [ALL]


def test_where_cores_may_not_be_chosen_all_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(_pid: int, _cores: set[int]) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_setaffinity", forbidden)
    stay_on(one(1))
    with running_on(one(2)):
        assert mine() == ALL
