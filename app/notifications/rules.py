"""Pure rules of notices: which sides are told of what, and when a mail goes out again."""

from datetime import datetime, timedelta

from app.notifications.groups import ALWAYS_MAILED, REPORTERS, SIDES, Group, Side
from app.notifications.kinds import KINDS, Kind

# What happened longer ago when it is read is history: nobody is told of it, nobody gets mail about it.
TOLD_WITHIN, MAILED_WITHIN = timedelta(days=7), timedelta(days=3)


def sides_told(kind: Kind, actor_role: str | None) -> list[Side]:
    """Who hears of it: never the side that did it. actor_role: a role's name, `system` or None."""
    own = SIDES.get(actor_role or "")
    return [side for side in KINDS[kind].sentences if side is not own]


# An order that was made by a booking goes its way with it.
TOLD_BY_BOOKING = frozenset({Kind.ORDER_SUBMITTED, Kind.ORDER_ACCEPTED, Kind.ORDER_REJECTED, Kind.ORDER_CANCELLED})


def told_by_order(kind: Kind, order_state: str, line_accepted: bool) -> bool:
    """Whether the notice of a whole order says it already for one of its bookings (of an order with a review)."""
    if kind is Kind.REQUESTED:
        return not line_accepted
    ended = {Kind.DECLINED: "rejected", Kind.CANCELLED: "cancelled"}
    return ended.get(kind) == order_state


# How long after each failure a mail is tried again; after the last it is a dead letter, some four days later.
BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720, 1440, 1440, 1440))


def next_attempt(attempts: int, now: datetime) -> datetime | None:
    """When to try again after that many failed attempts; None when it is given up."""
    return now + BACK_OFF[attempts - 1] if attempts <= len(BACK_OFF) else None


def sides_of_role(role: str) -> frozenset[Side]:
    """The sides that somebody in this role can stand on: those whose notices he chooses about."""
    own = {
        "engineer": {Side.COMPANY, Side.ASKER, Side.SUBSCRIBER},
        "company_manager": {Side.COMPANY, Side.DECIDERS, Side.ASKER, Side.SUBSCRIBER},
        "lab_admin": {Side.LAB, Side.DECIDERS, Side.ASKER, Side.SUBSCRIBER, *REPORTERS},
        "bench_crew": {Side.CREW, Side.ASKER, *REPORTERS},
        "coordinator": {Side.ASKER, Side.SUBSCRIBER},
        "system_admin": {Side.ASKER, Side.SUBSCRIBER},
    }
    return frozenset(own.get(role, {Side.ASKER}))


def groups_of_role(role: str) -> list[Group]:
    """The groups in which somebody in this role can be told anything."""
    sides = sides_of_role(role)
    told = {telling.group for telling in KINDS.values() if sides & telling.sentences.keys()}
    return [group for group in Group if group in told]


def groups_to_choose(role: str) -> list[Group]:
    """Of these the ones of which he says how he wants to hear by mail."""
    return [group for group in groups_of_role(role) if group not in ALWAYS_MAILED]
