"""Every start that lies on a bench's grain, found by walking: what searches are held against."""

from datetime import datetime, timedelta

from app.worktime import Interval, WorkingCalendar


def on_grain(calendar: WorkingCalendar, window: Interval, grain: timedelta) -> list[datetime]:
    """Working instants in `window` on the grain, in order. `window` need not be a working window."""
    track, found = calendar.track(window.start, window.end), []
    at = track.next_start(window.start, grain)
    while at is not None and at < window.end:
        found.append(at)
        at = track.next_start(at + timedelta.resolution, grain)
    return found
