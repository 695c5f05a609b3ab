"""Counters of requests, kept in this process.

The library's own storage in memory starts a thread at nearly every request to throw away what has run out; at
the API's rates that cost more than the counting.
"""

import time
from dataclasses import dataclass
from threading import Lock

from limits.storage import Storage

SWEEP_SECONDS = 60


@dataclass(slots=True)
class Window:
    """Requests counted so far, and the end of the window in seconds since 1970."""

    count: int
    ends: float


class Counters(Storage):
    """One counter for each key and fixed window; those that ran out are dropped once a minute."""

    STORAGE_SCHEME = ["counters"]

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **options: float | str | bool) -> None:
        super().__init__(uri, wrap_exceptions, **options)
        self._windows: dict[str, Window] = {}
        self._lock = Lock()
        self._sweep_at = 0.0

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count `amount` more; a new window lasts `expiry` seconds."""
        now = time.time()
        with self._lock:
            if now >= self._sweep_at:
                self._windows = {name: window for name, window in self._windows.items() if window.ends > now}
                self._sweep_at = now + SWEEP_SECONDS
            window = self._windows.get(key)
            if window is None or window.ends <= now:
                window = self._windows[key] = Window(0, now + expiry)
            window.count += amount
            return window.count

    def get(self, key: str) -> int:
        """What the window that is running has counted."""
        window = self._windows.get(key)
        return window.count if window and window.ends > time.time() else 0

    def get_expiry(self, key: str) -> float:
        """When the window ends, seconds since 1970; now where none is running."""
        window = self._windows.get(key)
        return window.ends if window else time.time()

    def check(self) -> bool:
        return True

    def reset(self) -> int:
        """Forget all; returns how many windows there were."""
        with self._lock:
            forgotten = len(self._windows)
            self._windows = {}
        return forgotten

    def clear(self, key: str) -> None:
        """Forget one key."""
        with self._lock:
            self._windows.pop(key, None)
