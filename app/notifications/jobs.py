"""What notifications have the scheduler do."""

from datetime import datetime, timedelta

from app.notifications import digest, free_times, reading, reminding, sending

# The next minute's run goes on where this one stopped.
SENDING = timedelta(seconds=45)


def read_events(now: datetime) -> int:
    """Tell what has happened; returns how many notices were made."""
    return reading.read_events(now)


def remind(now: datetime) -> int:
    """Remind of what is near or late; returns how many notices were made."""
    return reminding.remind(now)


def tell_waiting(now: datetime) -> int:
    """Tell those who wait of free times; returns how many notices were made."""
    return free_times.tell_waiting(now)


def send_mail(_now: datetime) -> int:
    """Send what is due; returns how many mails went out. It takes its time, so it looks at the clock itself."""
    return sending.send_due(at_most=SENDING)


def queue_daily(now: datetime) -> int:
    """Queue the daily mails and throw old things away; returns how many mails were queued."""
    queued = digest.queue_daily(now)
    digest.prune(now)
    return queued
