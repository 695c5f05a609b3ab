"""What is reckoned of all companies together, kept by each process as long as the nightly summary is the same.

It is as of the summary, so that nobody can watch a figure grow line by line.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

Result = TypeVar("Result")
# A coordinator's pages ask for few periods; each takes some megabytes in a large house.
MOST = 24
_known: OrderedDict[Hashable, Any] = OrderedDict()
_lock = threading.Lock()


def once(key: Hashable, reckon: Callable[[], Result]) -> Result:
    """The result of `reckon`, remembered by the key, which has to name the makings of the summary behind it."""
    with _lock:
        if key in _known:
            _known.move_to_end(key)
            found: Result = _known[key]
            return found
    found = reckon()
    with _lock:
        _known[key] = found
        while len(_known) > MOST:
            _known.popitem(last=False)
    return found


def forget() -> None:
    """Remember nothing: what the night reckons to publish it is not asked for again."""
    with _lock:
        _known.clear()
