"""The system's clock, read at the edge only: views, API, commands and jobs pass `now` down."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present instant, aware UTC, whole seconds (what the database keeps)."""
    return datetime.now(UTC).replace(microsecond=0)
