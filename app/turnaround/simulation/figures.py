"""Figures of a simulated year, and of many years with how sure they are."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from math import inf, sqrt
from statistics import fmean, stdev

from app.turnaround.simulation.house import COUNTED, DAY, House
from app.turnaround.simulation.run import Job, Outcome

# Days within which a report came: points of the curve that is drawn.
WITHIN = (7, 14, 21, 28, 35, 42, 56, 70, 84, 112)
SHARES = {"p50": 0.5, "p80": 0.8, "p95": 0.95}
# Student's t for a two-sided interval of 95 %, by degrees of freedom from 1 on.
STUDENT = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
NORMAL = 1.96

Figures = Mapping[str, float]
Estimate = tuple[float, float]
"""Mean over the years, and half the width of its confidence interval of 95 % (inf for one year alone)."""


def figures(house: House, outcome: Outcome, known: Outcome) -> Figures:
    """The year in numbers: days, and shares of 1. known: the same year under policy KNOWN, line by line.

    Counted are lines of the year that were issued under both; withdrawn ones never.
    """
    pairs = [
        (job, twin)
        for job, twin in zip(outcome.jobs, known.jobs, strict=True)
        if _counts(job) and job.issued >= 0 and twin.issued >= 0
    ]
    whole = [_days(job.line.submitted, job.issued) for job, _twin in pairs]
    later = [_days(twin.issued, job.issued) for job, twin in pairs]
    one_lab = [house.items[job.line.item].labs == 1 for job, _twin in pairs]
    return {
        "lines": float(len(pairs)),
        "unserved": float(sum(_counts(job) and job.issued < 0 for job in outcome.jobs)),
        **_distribution("total", whole),
        **{
            name: value
            for phase, times in _phases([job for job, _twin in pairs]).items()
            for name, value in _distribution(phase, times).items()
        },
        "sample": fmean(_days(job.line.accepted, job.line.ready) for job, _twin in pairs),
        "turn": fmean(_days(job.line.ready, max(job.free, job.line.ready)) for job, _twin in pairs),
        "follows": fmean(job.line.follows for job, _twin in pairs),
        "worse": fmean(days > 0 for days in later),
        "worse_day": fmean(days >= 1 for days in later),
        "better_day": fmean(days <= -1 for days in later),
        "moved": fmean(job.moves > 0 for job, _twin in pairs),
        "one_lab": fmean(one_lab),
        "one_lab_days": _mean([days for days, alone in zip(whole, one_lab, strict=True) if alone]),
        "several_labs_days": _mean([days for days, alone in zip(whole, one_lab, strict=True) if not alone]),
        **_within(whole),
        **_use(house, outcome),
    }


def estimate(values: Sequence[float]) -> Estimate:
    """Mean and half width over independent years, by Student's t."""
    if len(values) < 2:
        return values[0], inf
    freedom = len(values) - 1
    factor = STUDENT[freedom - 1] if freedom <= len(STUDENT) else NORMAL
    return fmean(values), factor * stdev(values) / sqrt(len(values))


def estimates(years: Sequence[Figures]) -> dict[str, Estimate]:
    """Each figure over the years."""
    return {name: estimate([year[name] for year in years]) for name in years[0]}


def differences(years: Sequence[Figures], known: Sequence[Figures]) -> dict[str, Estimate]:
    """Each figure minus that of the same year under policy KNOWN: paired, so that what years share cancels out."""
    return {
        name: estimate([year[name] - twin[name] for year, twin in zip(years, known, strict=True)]) for name in years[0]
    }


def percentile(ordered: Sequence[float], share: float) -> float:
    """Linear between the two nearest (type 7), as everywhere on the pages of turnaround."""
    place = share * (len(ordered) - 1)
    index = min(int(place), max(len(ordered) - 2, 0))
    above = ordered[min(index + 1, len(ordered) - 1)]
    return ordered[index] + (above - ordered[index]) * (place - index)


def _counts(job: Job) -> bool:
    return job.line.cancels < 0 and COUNTED[0] <= job.line.submitted < COUNTED[1]


def _days(start: int, end: int) -> float:
    return (end - start) / DAY


def _mean(values: Sequence[float]) -> float:
    return fmean(values) if values else 0.0


def _phases(jobs: Sequence[Job]) -> dict[str, list[float]]:
    """ARCHITECTURE 2: they add up to the turnaround of each line."""
    return {
        "review": [_days(job.line.submitted, job.line.accepted) for job in jobs],
        "waiting": [_days(job.line.accepted, job.taken) for job in jobs],
        "testing": [_days(job.taken, job.ended) for job in jobs],
        "reporting": [_days(job.ended, job.issued) for job in jobs],
    }


def _within(days: Sequence[float]) -> dict[str, float]:
    ordered = sorted(days)
    return {f"within{most}": bisect_right(ordered, most) / len(ordered) for most in WITHIN}


def _distribution(name: str, days: Sequence[float]) -> dict[str, float]:
    ordered = sorted(days)
    return {name: fmean(days)} | {f"{name}_{key}": percentile(ordered, share) for key, share in SHARES.items()}


def _use(house: House, outcome: Outcome) -> dict[str, float]:
    """Shares of the year's open time: benches at work, and booked without being used; writers writing."""
    open_minutes = sum(house.openings_of(unit).open_minutes(*COUNTED) for unit in range(house.units))
    office = house.office.open_minutes(*COUNTED) * sum(house.writers)
    worked = sum(_open(house, unit, start, end) for unit, start, end, _line in outcome.uses)
    lost = sum(_open(house, unit, start, end) for unit, start, end in outcome.lost)
    written = sum(house.office.open_minutes(*_inside(start, end)) for _lab, start, end in outcome.written)
    return {"benches": worked / open_minutes, "lost": lost / open_minutes, "writers": written / office}


def _open(house: House, unit: int, start: int, end: int) -> int:
    return house.openings_of(unit).open_minutes(*_inside(start, end))


def _inside(start: int, end: int) -> tuple[int, int]:
    begin = min(max(start, COUNTED[0]), COUNTED[1])
    return begin, max(min(end, COUNTED[1]), begin)
