"""What the pages beside the table of figures say, as plain values: one shape for API and command.

Days have one decimal; None where there is nothing to tell, or nothing that may be told.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from app.accounts.policy import Action, require
from app.api import iso
from app.turnaround import chains, cohort, quality, queries, rules, targets
from app.turnaround.asking import USUAL_MONTHS, Asked
from app.turnaround.bottlenecks.hours import Row, by_kind, by_pool, finished
from app.turnaround.causes import Cause
from app.turnaround.course import Course, Stretch, beside, course
from app.turnaround.queries import Answer
from app.turnaround.why import Against, Excess, Moved, Why, why

Document = dict[str, Any]
HOUR = timedelta(hours=1)


def trend(asked: Asked, now: datetime) -> Document:
    """P50, P80, P95 by month or quarter, with band, shift and target. Raises Forbidden."""
    question = asked.question
    answer, target = Answer(question, now), targets.target(question.viewer, question.lab_id)
    found = course(answer, beside(question, question.period.year_ago, now), asked.grain, target)
    return {
        **_period(answer.question.period),
        "grain": found.grain.value,
        "items": [_stretch(stretch, answer.of_all) for stretch in found.stretches],
        "band": _band(found),
        "shift": _shift(found),
        "target_days": target,
        "as_of": iso(answer.as_of),
    }


def _stretch(stretch: Stretch, of_all: bool) -> Document:
    median, p80, p95 = stretch.percentiles or (None, None, None)
    return {
        "key": stretch.key,
        "whole": stretch.whole,
        "lines": stretch.figures.lines if stretch.figures else None if of_all else 0,
        "median_days": median,
        "p80_days": p80,
        "p95_days": p95,
        "median_days_year_ago": stretch.year_ago,
        "suppressed": bool(stretch.figures and stretch.figures.suppressed),
    }


def _band(found: Course) -> Document | None:
    band = found.band
    names = ("low", "centre", "high")
    return {f"{name}_days": rules.tenths(getattr(band, name)) for name in names} if band else None


def _shift(found: Course) -> Document | None:
    shift = found.shift
    if not shift:
        return None
    centre = rules.tenths(shift.centre)
    return {"since": found.since, "length": shift.length, "faster": shift.faster, "centre_days": centre}


def reasons(asked: Asked, against: Against, now: datetime) -> Document:
    """What changed, what cost most, what days were lost to, and whether the data add up. Raises Forbidden."""
    found = why(asked, against, now)
    return {
        **_period(found.period),
        "against": against.value,
        "change": _change(found),
        "moved": [_moved(each) for each in found.moved],
        "costliest": [_excess(each) for each in found.costliest],
        "causes": [_cause(cause) for cause in found.causes],
        "flow": _flow(found),
        "as_of": iso(found.as_of),
    }


def _change(found: Why) -> Document | None:
    change = found.change
    if not change:
        return None
    told = change.told
    return {
        "before_days": rules.tenths(change.before),
        "after_days": rules.tenths(change.after),
        "total_days": rules.tenths(change.total),
        "mix_days": told["mix"],
        "phases": {phase: told[phase] for phase in rules.PHASES},
    }


def _moved(each: Moved) -> Document:
    return {"test": each.test_id, "lab": each.lab_id, "days": rules.tenths(each.days)}


def _excess(each: Excess) -> Document:
    line = each.line
    return {
        "order": line.order_id,
        "order_code": line.order_code,
        "test_zh": line.test_zh,
        "test_en": line.test_en,
        "days": rules.tenths(line.days),
        "days_over": rules.tenths(each.days),
        "phase": each.phase,
        "phase_days": rules.tenths(each.phase_days),
    }


def _cause(cause: Cause) -> Document:
    days, share = cause.days, cause.running_share
    return {
        "cause": cause.key,
        "lines": cause.lines,
        "days": None if days is None else rules.tenths(days),
        "running_share": None if share is None else round(share, 4),
        "suppressed": days is None,
    }


def _flow(found: Why) -> Document | None:
    flow = found.flow
    if not flow:
        return None
    return {
        "arrived": flow.arrived,
        "left": flow.left,
        "open_mean": rules.tenths(flow.open_mean),
        "days_by_law": rules.tenths(flow.by_law),
        "days_measured": rules.tenths(flow.measured),
        "holds": flow.holds,
    }


def time_to_report(asked: Asked, now: datetime) -> Document:
    """From submission on, open lines not forgotten; tests done again as one. Raises Forbidden."""
    answer = Answer(asked.question, now)
    found = cohort.time_to_report(answer, now)
    again = None if answer.of_all else chains.chains(answer.question)
    return {
        **_period(answer.question.period),
        "median_days": found.median if found else None,
        "p80_days": found.p80 if found else None,
        "issued": found.issued if found else None if answer.of_all else 0,
        "still_open": found.still_open if found else None if answer.of_all else 0,
        "suppressed": answer.of_all and found is None,
        "retests": {"count": again.count, "median_days": again.median} if again else None,
        "as_of": iso(answer.as_of),
    }


def data_quality(asked: Asked, now: datetime) -> Document:
    """Lines whose times can't be right: how many, and of one's own which. Raises Forbidden."""
    found, answer = quality.quality(asked.question, now), Answer(asked.question, now)
    return {
        **_period(answer.question.period),
        "left_out": quality.left_out(answer, now),
        "faults": [
            {"fault": fault.value, "lines": count, "left_out": fault.left_out} for fault, count in found.faults.items()
        ],
        "items": [
            {
                "fault": line.fault.value,
                "order": line.order_id,
                "order_code": line.order_code,
                "test_zh": line.test_zh,
                "test_en": line.test_en,
            }
            for line in found.lines
        ],
        "as_of": iso(now),
    }


def bottlenecks(asked: Asked, now: datetime) -> Document:
    """How the hours of benches were spent: of a lab by pool, of all labs by kind. Raises Forbidden."""
    viewer, months = asked.question.viewer, asked.months or USUAL_MONTHS
    require(viewer, Action.SEE_BOTTLENECKS)
    of_all = queries.sees_all(viewer)
    told = by_kind(months, now) if of_all else by_pool(sorted(viewer.lab_ids), months, now)
    return {
        **_period(finished(months, now)),
        "items": [_bench(row, of_all) for row in told.rows],
        "lost": [{"cause": cause, "hours": _hours(length)} for cause, length in told.lost],
        "as_of": iso(now),
    }


def _bench(row: Row, of_all: bool) -> Document:
    spent = row.spent
    hours = spent.hours if spent else None
    hide_lost = spent is None or of_all
    return {
        "key": row.key,
        "name_zh": row.name_zh,
        "name_en": row.name_en,
        "lab": row.lab_id or None,
        "units": row.units,
        "open_hours": _hours(hours.open) if hours else None,
        "booked_percent": hours.booked_share if hours else None,
        "used_percent": hours.used_share if hours else None,
        "running_hours": _hours(spent.running) if spent else None,
        "unused_hours": _hours(spent.unused) if spent else None,
        "lost_hours": _hours(spent.lost_all) if spent and not hide_lost else None,
        "free_hours": _hours(spent.free) if spent and not hide_lost else None,
        "suppressed": spent is None,
    }


def _hours(length: timedelta) -> int:
    return round(length / HOUR)


def _period(period: rules.Period) -> Mapping[str, str]:
    return {"from": period.first.isoformat(), "to": period.last.isoformat()}
