"""Sunrise and sunset at a laboratory's place."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from astral import Observer
from astral.sun import sunrise, sunset

from app.worktime.intervals import Interval
from app.worktime.zone import SHANGHAI

_MINUTE = timedelta(minutes=1)


@lru_cache(maxsize=8192)
def sun(on: date, lat: float, lon: float) -> Interval:
    """Sunrise to sunset of the local date `on`, in UTC, rounded inward to whole minutes.

    lat, lon: degrees north and east. Raises ValueError where the sun does not rise or set that day.
    """
    place = Observer(latitude=lat, longitude=lon)
    rises = sunrise(place, date=on, tzinfo=SHANGHAI).astimezone(UTC)
    sets = sunset(place, date=on, tzinfo=SHANGHAI).astimezone(UTC)
    return Interval(_floor(rises - timedelta.resolution) + _MINUTE, _floor(sets))


def _floor(instant: datetime) -> datetime:
    return instant.replace(second=0, microsecond=0)
