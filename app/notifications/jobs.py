"""What notifications have the scheduler do."""

from datetime import datetime

from app.notifications import reading


def read_events(now: datetime) -> int:
    """Tell what has happened; returns how many notices were made."""
    return reading.read_events(now)
