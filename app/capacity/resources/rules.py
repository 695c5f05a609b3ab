"""Pure rules of a lab's resources: ids, wholes and parts, and what speaks against a change."""

import re
from collections.abc import Mapping, Sequence

from app.errors import N_, YujianError

ID_LENGTH = 54  # leaves room for the unit's number


class PlacesBooked(YujianError):
    """facts: codes of bookings on places that would be gone."""

    code, status, field = "wrong_state", 409, "places"
    message = N_("这些预约占着要去掉的工位：%(codes)s。请先改期。")


class StillBooked(YujianError):
    """facts: codes of bookings that are not over."""

    code, status = "wrong_state", 409
    message = N_("还有没做完的预约：%(codes)s。请先改期，或设一个以后的失效日期。")


class PartsCycle(YujianError):
    field = "whole_id"
    message = N_("一个资源不能同时是另一个的整体和部分。")


class NeverRuns(YujianError):
    field = "run_minutes"
    message = N_("按这个台架的排班，这样的时长永远做不完。请改时长或排班。")


class StaleRow(YujianError):
    code, status, field = "stale", 409, None
    message = N_("别的管理员刚改过这一项。下面保留了您填的内容，请看过现在的内容再保存。")


def readable_id(lab_id: str, kind_id: str, known: Sequence[str]) -> str:
    """An id for a new pool that nobody has: lab and kind, and a number where that is taken."""
    base = re.sub(r"[^a-z0-9-]", "", f"{lab_id}-{kind_id}".lower())[:ID_LENGTH]
    if base not in known:
        return base
    return next(name for n in range(2, 10_000) if (name := f"{base[: ID_LENGTH - 5]}-n{n}") not in known)


def check_no_cycle(resource_id: str, whole_id: str | None, wholes: Mapping[str, str | None]) -> None:
    """wholes: the whole of each resource, as it is. Raises PartsCycle."""
    above, seen = whole_id, {resource_id}
    while above is not None:
        if above in seen:
            raise PartsCycle()
        seen.add(above)
        above = wholes.get(above)


def longer_than_a_way_round(table: Mapping[tuple[str, str], int]) -> list[tuple[str, str, str]]:
    """Entries of a changeover table that a way through a third state would undercut: (from, through, to)."""
    states = sorted({state for pair in table for state in pair})
    return [
        (a, middle, b)
        for (a, b), minutes in sorted(table.items())
        for middle in states
        if middle not in (a, b) and table.get((a, middle), 0) + table.get((middle, b), 0) < minutes
    ]
