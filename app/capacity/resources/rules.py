"""Pure rules of a lab's resources: ids, wholes and parts, and what speaks against a change."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from app.errors import N_, Invalid, YujianError
from app.labs.quantities import Statement, misfits, told
from app.labs.rules import INSTRUMENTS, PEOPLE

# As long as what the log keeps of a subject; a unit ends in -40, a further pool in -n999.
ID_LENGTH, UNIT_LENGTH, NUMBER_LENGTH = 24, 3, 5


@dataclass(frozen=True, slots=True)
class SupportKind:
    """A kind of what tests need beside a bench."""

    id: str
    name_zh: str
    name_en: str


# The catalogue knows benches only.
SUPPORT_KINDS = (
    SupportKind(PEOPLE, "人员（如持证操作员）", "People (such as certified operators)"),
    SupportKind(INSTRUMENTS, "测量与记录设备", "Measuring and recording equipment"),
)


class PlacesBooked(YujianError):
    """facts: codes of bookings on places that would be gone."""

    code, status, field = "wrong_state", 409, "places"
    message = N_("这些预约占着要去掉的工位：%(codes)s。请先改期。")


class PartTaken(YujianError):
    """facts: codes of bookings that have what the booking `whole` would have to take along."""

    code, status, field = "slot_taken", 409, "whole_id"
    message = N_("预约 %(whole)s 占着整体，同一时间这里还有预约 %(codes)s。请先给其中一方改期。")


class StandsAround(YujianError):
    """facts: codes of bookings that a change leaves as they are, though they could not be made like that any more."""

    code, status, field = "wrong_state", 409, None
    message = N_("这些已有预约与改后的设置不符：%(codes)s。保存后它们仍保持原样，需要时请逐个与企业商量改期。")


class StillCompanion(YujianError):
    """facts: names of tests that need a unit of the pool."""

    code, status = "wrong_state", 409
    message = N_("这些项目还要同时占用它：%(tests)s。请先从能力里去掉。")


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


def readable_id(lab_id: str, kind_id: str, known: Collection[str]) -> str:
    """An id for a new pool that nobody has, like those of the catalogue: the lab's initials and the kind, and a number
    where that is taken. Leaves room for the numbers of the units.
    """
    words = [word for word in lab_id.lower().split("-") if word]
    lab = "".join(word[0] for word in words) if len(words) > 1 else lab_id.lower()[:8]
    base = re.sub(r"[^a-z0-9]+", "-", f"{lab}-{kind_id}".lower())
    room = ID_LENGTH - UNIT_LENGTH - NUMBER_LENGTH
    names = [base[: ID_LENGTH - UNIT_LENGTH].strip("-"), *(f"{base[:room].strip('-')}-n{n}" for n in range(2, 1000))]
    return next(name for name in names if not any(f"{each}-".startswith(f"{name}-") for each in known))


def check_no_cycle(resource_id: str, whole_id: str | None, wholes: Mapping[str, str | None]) -> None:
    """wholes: the whole of each resource, as it is. Raises PartsCycle."""
    above, seen = whole_id, {resource_id}
    while above is not None:
        if above in seen:
            raise PartsCycle()
        seen.add(above)
        above = wholes.get(above)


def check_reach(reach: Statement, asked: Statement, test: object, field: str) -> None:
    """What a test asks of a bench lies within what the bench is stated to reach. Raises Invalid at the field."""
    for misfit in misfits(reach, asked):
        raise Invalid(
            N_("%(test)s 要求 %(asked)s，台架登记的是 %(has)s。"),
            field=field,
            test=test,
            asked=told(misfit.key, misfit.asked),
            has=told(misfit.key, misfit.has),
        )


def check_standing(codes: Sequence[str], accepted: str) -> None:
    """Bookings that a change leaves as they are were seen before it is saved. Raises StandsAround."""
    told_codes = ", ".join(codes)
    if told_codes and told_codes != accepted:
        raise StandsAround(codes=told_codes)


def longer_than_a_way_round(table: Mapping[tuple[str, str], int]) -> list[tuple[str, str, str]]:
    """Entries of a changeover table that a way through a third state would undercut: (from, through, to)."""
    states = sorted({state for pair in table for state in pair})
    return [
        (a, middle, b)
        for (a, b), minutes in sorted(table.items())
        for middle in states
        if middle not in (a, b) and table.get((a, middle), 0) + table.get((middle, b), 0) < minutes
    ]
