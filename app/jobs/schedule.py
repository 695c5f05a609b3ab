"""When a job is due, as pure values: every so many minutes, or once a day."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from app.worktime import local_date, midnight

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


class Schedule(Protocol):
    """A row of slots: instants at which a job is to run. A slot is worked once, however late."""

    @property
    def period(self) -> timedelta:
        """Time from one slot to the next."""
        ...

    def latest(self, now: datetime) -> datetime:
        """The last slot that has come, UTC; earlier ones that were missed are not made up."""
        ...


@dataclass(frozen=True, slots=True)
class Every:
    """Every `minutes`, counted from midnight UTC for lengths that divide a day."""

    minutes: int

    @property
    def period(self) -> timedelta:
        return timedelta(minutes=self.minutes)

    def latest(self, now: datetime) -> datetime:
        return EPOCH + (now - EPOCH) // self.period * self.period


@dataclass(frozen=True, slots=True)
class Daily:
    """Once a day at this local time."""

    hour: int
    minute: int

    @property
    def period(self) -> timedelta:
        return DAY

    def latest(self, now: datetime) -> datetime:
        slot = midnight(local_date(now)) + timedelta(hours=self.hour, minutes=self.minute)
        return slot if slot <= now else slot - DAY


def following(schedule: Schedule, now: datetime) -> datetime:
    """The next slot after now, UTC."""
    return schedule.latest(now) + schedule.period
