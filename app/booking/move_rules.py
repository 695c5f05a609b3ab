"""Why a booking is moved, and what of it is put down to a late sample: pure."""

import enum
from datetime import datetime, timedelta

from app.errors import N_

NOTHING = timedelta(0)


class MoveCause(enum.StrEnum):
    """What makes another time necessary, where it was said."""

    SAMPLE_LATE = "sample_late"
    PLAN = "plan"
    BENCH = "bench"

    @property
    def label(self) -> str:
        """The msgid that people read."""
        return MOVE_LABELS[self]


MOVE_LABELS = {
    MoveCause.SAMPLE_LATE: N_("样品晚到"),
    MoveCause.PLAN: N_("试验计划有变"),
    MoveCause.BENCH: N_("台架或人员不便"),
}


def put_off(so_far: timedelta, before: datetime, after: datetime, cause: MoveCause | None) -> timedelta:
    """How long late samples have put the bench time off after this move too.

    so_far: before it. A time that comes nearer again, for whatever cause, makes up for it.
    """
    later = after - before
    if later < NOTHING:
        return max(so_far + later, NOTHING)
    return so_far + later if cause is MoveCause.SAMPLE_LATE else so_far
