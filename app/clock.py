"""The system's clock, read at the edge only (views, API, commands and jobs pass `now` down), and its years."""

from datetime import UTC, date, datetime

# Years of which working days are known (`app/worktime/holidays.py`). No lab has a calendar for others, and dates
# that are reckoned from them may lie beyond what Python can write.
FIRST_YEAR, LAST_YEAR = 2001, 2100


def now() -> datetime:
    """The present instant, aware UTC, whole seconds (what the database keeps)."""
    return datetime.now(UTC).replace(microsecond=0)


def has_calendar(on: date) -> bool:
    """Whether working days are known of the year of this date or instant."""
    return FIRST_YEAR <= on.year <= LAST_YEAR
