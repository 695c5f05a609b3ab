"""The limits of this installation and of each bench, as the rules want them."""

from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from typing import Any

from flask import current_app

from app.booking.rules import Limits, NoShows, Release
from app.labs import rules as kinds
from app.labs.queries import Bench
from app.labs.setup import Rules

_NAMES = (
    *("HOLD_MINUTES", "HOLDS_PER_COMPANY", "HOLD_AGAIN_MINUTES", "NOTICE_WORKING_DAYS"),
    *("HORIZON_DAYS", "CANCEL_DEADLINE_HOURS", "PROPOSAL_HOURS"),
)


def limits() -> Limits:
    """Hold, notice, horizon and deadlines from the settings (`docs/settings.md`)."""
    return _limits(*map(current_app.config.__getitem__, _NAMES))


@lru_cache(maxsize=16)
def _limits(hold: int, holds: int, again: int, notice: int, horizon: int, cancel: int, proposal: int) -> Limits:
    """Minutes, count, minutes, working days, days, hours, hours."""
    return Limits(
        hold=timedelta(minutes=hold),
        holds_per_company=holds,
        hold_again=timedelta(minutes=again),
        notice_working_days=notice,
        horizon=timedelta(days=horizon),
        cancel_deadline=timedelta(hours=cancel),
        proposal=timedelta(hours=proposal),
    )


def limits_of(bench: Bench, defaults: Limits | None = None) -> Limits:
    """The limits that hold on a bench: its lab's rules, else the settings. defaults: `limits()`, where at hand."""
    given = defaults or limits()
    return with_rules(given, bench.rules) if bench.rules else given


@lru_cache(maxsize=1024)
def with_rules(given: Limits, rules: Rules) -> Limits:
    """The limits with what the rules say instead. rules: kinds of `labs/rules.py` with their values."""
    changed: dict[str, Any] = {}
    for kind, value in rules:
        if kind in _READ:
            name, read = _READ[kind]
            changed[name] = read(value)
    return replace(given, **changed)


def _hours(value: float) -> timedelta:
    return timedelta(hours=value)


def _companies(value: Any) -> frozenset[str]:
    return frozenset({value} if isinstance(value, str) else value)


def _no_shows(value: Any) -> NoShows:
    given = dict(value)
    return NoShows(given["count"], timedelta(days=given["days"]), timedelta(days=given["blocked_days"]))


_READ: dict[str, tuple[str, Any]] = {
    kinds.NOTICE: ("notice_working_days", int),
    kinds.HORIZON: ("horizon", lambda days: timedelta(days=days)),
    kinds.LONGEST: ("longest", _hours),
    kinds.OPEN_REQUESTS: ("open_requests", int),
    kinds.WEEKLY_HOURS: ("weekly", _hours),
    kinds.AT_ONCE: ("at_once", _companies),
    kinds.CANCEL_DEADLINE: ("cancel_deadline", _hours),
    kinds.NO_SHOWS: ("no_shows", _no_shows),
    kinds.RELEASE: ("release", lambda value: Release(**dict(value))),
}
