"""A year of lines of which reporting takes another time at some labs from the ninth month on.

A model of report writing, not of anybody's data: each lab has a few writers who take the tests that ended one after
the other, and review and approval follow; both in working days. Demand has bursts and seasons, so that queues grow
and shrink. Nothing of the forecast goes into it. `python -m bench.shifted --seed N > FILE` writes the instants in the
form that `flask turnaround backtest --lines FILE` reads.
"""

import argparse
import csv
import heapq
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TextIO

from app.worktime import SHANGHAI, is_working_day
from app.worktime.workclock import instant, position

SEED = 9
YEAR = 2025
SHIFT_MONTH = 9
LABS, TESTS, DOMAINS, COMPANIES = 6, 24, 6, 10
A_LAB_A_DAY = 2.2
COLUMNS = ("test", "domain", "lab", "company", "report_days", "submitted_at", "ended_at", "issued_at")
# Of the start: as booked, as it was, and when the sample came.
STARTS = ("starts_at", "ends_at", "taken_at", "received_at")


@dataclass(frozen=True, slots=True)
class Lab:
    """How a lab writes reports. slower: the factor from the month of the shift on."""

    id: str
    tests: list[int]
    writers: int
    pace: float
    slower: float


def lines(seed: int, year: int = YEAR, shift_month: int = SHIFT_MONTH) -> list[dict[str, str]]:
    """The lines of all labs by end of their test; shift_month 13: no shift."""
    draw = random.Random(seed)
    report_days = [draw.choice((3, 5, 5, 7, 10, 15)) for _ in range(TESTS)]
    habit = [draw.lognormvariate(0.0, 0.25) for _ in range(TESTS)]
    rows: list[dict[str, str]] = []
    for number in range(LABS):
        lab = _lab(number, draw)
        rows.extend(_of_lab(lab, year, shift_month, report_days, habit, draw))
    rows.sort(key=lambda row: row["ended_at"])
    # Draws of their own: the lines stay the same with samples and without.
    draw = random.Random(f"samples {seed}")
    habits = {f"company-{number}": draw.lognormvariate(0.0, 0.3) for number in range(COMPANIES)}
    return [row | _start(row, habits[row["company"]], shift_month, draw) for row in rows]


def _start(row: dict[str, str], habit: float, shift_month: int, draw: random.Random) -> dict[str, str]:
    """Samples are sent to be there some days before the start, and come later by what their company's carriers take;
    from the month of the shift on those of every other company twice as long. A test whose sample is not there begins
    after it came. Some begin late for other reasons, and some receipts are written only when the test begins.
    """
    length = timedelta(days=min(draw.lognormvariate(0.0, 0.8), 20))
    taken_at = datetime.fromisoformat(row["ended_at"]) - length
    slower = 2.0 if taken_at.astimezone(SHANGHAI).month >= shift_month and int(row["company"][-1]) % 2 else 1.0
    after_start = draw.lognormvariate(0.2, 0.6) * habit * slower - draw.choice((3, 5, 7, 10, 14))
    slip = max(after_start + draw.uniform(0.1, 1.0), 0.0) if after_start > 0 else 0.0
    slip += draw.expovariate(1.0) if draw.random() < 0.08 else draw.uniform(0.0, 0.03)
    starts_at = taken_at - timedelta(days=slip)
    received_at = taken_at if draw.random() < 0.2 else min(starts_at + timedelta(days=after_start), taken_at)
    instants = (starts_at, starts_at + length, taken_at, received_at)
    return dict(zip(STARTS, (at.isoformat() for at in instants), strict=True))


def _lab(number: int, draw: random.Random) -> Lab:
    tests = draw.sample(range(TESTS), draw.randint(5, 14))
    slower = (1.7, 1.0, 1.35, 1.0, 0.6, 1.0)[number]
    return Lab(f"lab-{number}", tests, draw.randint(3, 5), draw.lognormvariate(0.0, 0.2), slower)


def _of_lab(
    lab: Lab, year: int, shift_month: int, report_days: list[int], habit: list[float], draw: random.Random
) -> Iterator[dict[str, str]]:
    free = [0.0] * lab.writers
    ends = list(_ends(year, draw))
    tests = [draw.choice(lab.tests) for _ in ends]
    # Writers are busy three quarters of the time in the year as a whole.
    work = 0.75 * lab.writers * 250 / len(ends) / (sum(report_days[test] for test in tests) / len(tests))
    for ended_at, test in zip(ends, tests, strict=True):
        factor = lab.slower if ended_at.astimezone(SHANGHAI).month >= shift_month else 1.0
        effort = report_days[test] * work * factor**0.3 * draw.lognormvariate(0.0, 0.4)
        approval = 0.6 * report_days[test] * habit[test] * lab.pace * factor * draw.lognormvariate(0.0, 0.45)
        begun = max(position(ended_at), heapq.heappop(free))
        heapq.heappush(free, begun + effort)
        issued_at = _in_office(instant(begun + effort + approval), draw)
        lead = timedelta(days=draw.choice((5, 8, 12, 15, 20, 25, 35, 50)))
        yield {
            "test": f"test-{test}",
            "domain": f"domain-{test % DOMAINS}",
            "lab": lab.id,
            "company": f"company-{min(int(draw.expovariate(0.35)), COMPANIES - 1)}",
            "report_days": str(report_days[test]),
            "submitted_at": (ended_at - lead).isoformat(),
            "ended_at": ended_at.isoformat(),
            "issued_at": max(issued_at, ended_at).isoformat(),
        }


def _ends(year: int, draw: random.Random) -> Iterator[datetime]:
    """Ends of tests: fewer on days off, more before the year's end, in bursts of three weeks."""
    day = datetime(year, 1, 1, tzinfo=SHANGHAI)
    burst, until = 1.0, day
    while day.year == year:
        if day >= until:
            burst, until = draw.choice((0.6, 0.8, 1.0, 1.0, 1.2, 1.6)), day + timedelta(days=21)
        rate = A_LAB_A_DAY * burst * (1.15 if day.month in (6, 11, 12) else 1.0)
        expected = rate if is_working_day(day.date()) else rate / 6
        for _ in range(_poisson(expected, draw)):
            yield (day + timedelta(minutes=draw.randint(8 * 60, 23 * 60))).astimezone(UTC)
        day += timedelta(days=1)


def _poisson(mean: float, draw: random.Random) -> int:
    count, left = 0, draw.expovariate(1.0)
    while left < mean:
        count, left = count + 1, left + draw.expovariate(1.0)
    return count


def _in_office(at: datetime, draw: random.Random) -> datetime:
    local = at.astimezone(SHANGHAI)
    return datetime.combine(local.date(), time(9 + draw.randrange(8), draw.randrange(60)), SHANGHAI).astimezone(UTC)


def write(rows: list[dict[str, str]], file: TextIO) -> None:
    """As a CSV with COLUMNS and STARTS."""
    sheet = csv.DictWriter(file, (*COLUMNS, *STARTS))
    sheet.writeheader()
    sheet.writerows(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED)
    chosen = parser.parse_args()
    write(lines(chosen.seed), sys.stdout)


if __name__ == "__main__":
    main()
