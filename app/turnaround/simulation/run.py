"""One year under one policy, event by event (simpy). Benches are booked ahead, reports wait for a free writer."""

import gc
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import simpy

from app.turnaround.simulation.demand import Demand, Line, Outage
from app.turnaround.simulation.house import DAY, DAYS, House, Option
from app.turnaround.simulation.inputs import HOUR, Inputs
from app.turnaround.simulation.openings import NEVER
from app.turnaround.simulation.policies import Policy

# How long a bench waits for somebody who doesn't come; how many may follow one another when time is freed.
GRACE, MOST_MOVES = 2 * HOUR, 10


@dataclass(slots=True)
class Job:
    """A line on its way. `turn` grows with each booking: what was planned for an earlier one is void.

    start, end: as booked on `unit`; expected: when its report was to be expected then. taken, ended, issued: -1 until
    it happens. before, behind: the tests before and after it on its sample; free: when it began, since when it had the
    sample.
    """

    line: Line
    before: "Job | None" = field(default=None, repr=False, compare=False)
    behind: "Job | None" = field(default=None, repr=False, compare=False)
    withdrawn: bool = False
    free: int = 0
    turn: int = 0
    unit: int = -1
    start: int = -1
    end: int = -1
    option: Option | None = None
    expected: int = NEVER
    ready: int = 0
    missed: bool = False
    taken: int = -1
    ended: int = -1
    issued: int = -1
    moves: int = 0


@dataclass(slots=True)
class Outcome:
    """What happened. uses: (unit, start, end, line) of each time that a bench was at work; lost: booked time that
    nobody used, (unit, start, end); written: (lab, start, end) of each report.
    """

    jobs: Sequence[Job]
    uses: list[tuple[int, int, int, int]] = field(default_factory=list)
    lost: list[tuple[int, int, int]] = field(default_factory=list)
    written: list[tuple[int, int, int]] = field(default_factory=list)


def simulate(house: House, inputs: Inputs, demand: Demand, policy: Policy) -> Outcome:
    """The same demand gives the same outcome: nothing is drawn here."""
    with _without_collecting():
        return _Year(house, inputs, demand, policy).run()


@contextmanager
def _without_collecting() -> Iterator[None]:
    """A year makes many objects and little garbage in circles: looking for it took a fifth of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Year:
    def __init__(self, house: House, inputs: Inputs, demand: Demand, policy: Policy) -> None:
        self.house, self.inputs, self.policy, self.demand = house, inputs, policy, demand
        # Its clock is whole minutes, which its types don't say.
        self.env: Any = simpy.Environment()
        self.agendas = house.agendas()
        self.jobs = [Job(line, ready=line.ready) for line in demand.lines]
        for before, job in pairwise(self.jobs):
            if job.line.follows:
                job.before, before.behind = before, job
        self.outcome = Outcome(self.jobs)
        self.writers = [simpy.Resource(self.env, capacity=count) for count in house.writers]
        self.unwritten = [0] * len(house.labs)
        self.booked: list[dict[int, Job]] = [{} for _ in range(house.units)]
        self.waiting: list[dict[int, Job]] = [{} for _ in house.items]
        self.arriving = iter(self.jobs)

    def run(self) -> Outcome:
        for outage in self.demand.outages:
            if outage.planned:
                self.agendas[outage.unit].block(outage.start, outage.end)
            else:
                self._at(outage.start, lambda event: self._breaks(event.value), outage)
        self._next_arrival()
        self._at(DAY, self._forget, None)
        self.env.run()
        return self.outcome

    def _at(self, when: int, then: Callable[[Any], None], what: object) -> None:
        delay = when - self.env.now
        simpy.Timeout(self.env, delay if delay > 0 else 0, what).callbacks.append(then)

    def _forget(self, _event: object) -> None:
        for agenda in self.agendas:
            agenda.forget(self.env.now)
        if self.env.now < DAYS * DAY:
            self._at(self.env.now + 7 * DAY, self._forget, None)

    # A line, step by step.

    def _next_arrival(self) -> None:
        job = next(self.arriving, None)
        if job is not None:
            self._at(job.line.submitted, self._arrives, job)

    def _arrives(self, event: Any) -> None:
        self._next_arrival()
        self._book(event.value, event.value.ready)

    def _book(self, job: Job, not_before: int) -> None:
        """The slot that the policy takes; without one until the end of time, the line stays unserved."""
        job.ready = not_before
        slot = self._choose(job)
        if slot is not None:
            self._take(job, *slot)
            self._put_off(job)

    def _take(self, job: Job, unit: int, start: int, end: int, option: Option, expected: int) -> None:
        self.agendas[unit].take(start, end)
        job.unit, job.start, job.end, job.option, job.expected = unit, start, end, option, expected
        job.turn += 1
        self.booked[unit][job.line.number] = job
        if self.policy is Policy.OFFERED:
            self.waiting[job.line.item][job.line.number] = job
        self._plan(job)

    def _plan(self, job: Job) -> None:
        """What comes next of what was booked."""
        line = job.line
        if line.cancels >= 0:
            self._at(self.env.now + int((job.start - self.env.now) * line.cancels), self._cancels, (job, job.turn))
        elif line.late and not job.missed:
            self._at(job.start - DAY, self._is_late, (job, job.turn))
        else:
            self._at(job.start, self._starts, (job, job.turn))

    def _leave(self, job: Job) -> None:
        """The booking is gone, whatever becomes of its time."""
        del self.booked[job.unit][job.line.number]
        self.waiting[job.line.item].pop(job.line.number, None)
        job.turn += 1

    def _cancels(self, event: Any) -> None:
        job, turn = event.value
        if job.turn == turn:
            job.withdrawn = True
            self._leave(job)
            self._freed(job.unit, max(self.env.now, job.start), job.end)

    def _is_late(self, event: Any) -> None:
        job, turn = event.value
        if job.turn == turn:
            self._comes_again(job, job.start, job.start + job.line.late)

    def _starts(self, event: Any) -> None:
        job, turn = event.value
        if job.turn != turn:
            return
        if job.line.no_show and not job.missed:
            until = min(job.start + GRACE, job.end)
            self.outcome.lost.append((job.unit, job.start, until))
            self._comes_again(job, until, job.start + job.line.no_show)
            return
        self.waiting[job.line.item].pop(job.line.number, None)
        if job.taken < 0:
            job.free, job.taken = self._has_sample(job, job.unit), self.env.now
        self._at(self.env.now + max(1, round((job.end - self.env.now) * job.line.used)), self._ends, (job, turn))

    def _comes_again(self, job: Job, freed_from: int, again: int) -> None:
        unit, end = job.unit, job.end
        job.missed = True
        self._leave(job)
        self._freed(unit, max(self.env.now, freed_from), end)
        self._book(job, max(again, self.env.now))

    def _ends(self, event: Any) -> None:
        job, turn = event.value
        if job.turn != turn:
            return
        self.outcome.uses.append((job.unit, job.start, self.env.now, job.line.number))
        self._leave(job)
        self._freed(job.unit, self.env.now, job.end)
        job.ended = self.env.now
        lab, work = self._report(job)
        self.unwritten[lab] += work
        request = self.writers[lab].request()
        request.callbacks.append(lambda event: self._writes(event, job, lab, work))

    # Tests that follow one another on a sample.

    def _since(self, job: Job, at: int, unit: int) -> int:
        """The earliest from `at` on at which this place can have the sample; most tests are the only one on theirs."""
        return max(at, self._has_sample(job, unit)) if job.before is not None or job.taken >= 0 else at

    def _has_sample(self, job: Job, unit: int) -> int:
        """From when the sample is free, and at the lab of this place; 0 where it goes there first of all."""
        if job.taken >= 0:
            # It broke off: the sample is where it began.
            return self._carried(job.unit, unit, self.env.now)
        before = job.before
        while before is not None and (before.withdrawn or before.unit < 0):
            before = before.before
        if before is None:
            return 0
        return self._carried(before.unit, unit, before.ended if before.ended >= 0 else before.end)

    def _carried(self, unit: int, other: int, since: int) -> int:
        """When a sample that leaves one place is at another; within a lab it is there at once."""
        labs = {self.house.groups[self.house.group_of[each]].lab for each in (unit, other)}
        return since if len(labs) == 1 else since + self.inputs.transport

    def _next(self, job: Job) -> Job | None:
        """The booked test that waits for this one's sample."""
        behind = job.behind
        while behind is not None and behind.withdrawn:
            behind = behind.behind
        waits = behind is not None and behind.unit >= 0 and behind.line.number in self.booked[behind.unit]
        return behind if waits else None

    def _put_off(self, job: Job) -> None:
        """Who was to have the sample before this test is over is booked again; its time is free for all, as in any lab
        that plans anew.
        """
        behind = self._next(job)
        if behind is not None and self._has_sample(behind, behind.unit) > behind.start:
            self._leave(behind)
            self.agendas[behind.unit].free(behind.start, behind.end)
            self._book(behind, max(behind.ready, self.env.now))

    def _keeps_order(self, job: Job, unit: int, end: int) -> bool:
        """Whether a use up to `end` on this place leaves the sample in time for the next test."""
        behind = self._next(job)
        return behind is None or self._carried(unit, behind.unit, end) <= behind.start

    # Reports.

    def _report(self, job: Job) -> tuple[int, int]:
        """The lab, and minutes of a writer's office time."""
        assert job.option is not None
        return job.option.lab, round(job.option.report_minutes * job.line.reporting * self.inputs.writing)

    def _writes(self, request: Any, job: Job, lab: int, work: int) -> None:
        written = self.house.office.finish(self.env.now, work)
        if written == NEVER:
            return
        self.outcome.written.append((lab, self.env.now, written))
        self._at(written, lambda _event: self._written(request, job, lab, work), None)

    def _written(self, request: Any, job: Job, lab: int, work: int) -> None:
        self.writers[lab].release(request)
        self.unwritten[lab] -= work
        assert job.option is not None
        whole = round(job.option.report_minutes * job.line.reporting)
        issued = self.house.office.finish(self.env.now, whole - work)
        job.issued = issued if issued < NEVER else -1

    def _expected(self, option: Option, end: int) -> int:
        """When the report of a test that ends then is to be expected: planned time, and what waits to be written."""
        backlog = self.unwritten[option.lab] // self.house.writers[option.lab]
        return self.house.office.finish(end, backlog + round(option.report_minutes * self.inputs.reporting.mean))

    # Time on benches.

    def _choose(self, job: Job) -> tuple[int, int, int, Option, int] | None:
        by_report, at = self.policy.by_report, max(job.ready, self.env.now)
        best, least = None, NEVER
        for option in self.house.options(job.line.item, job.line.known, self.policy.asks_all):
            since = self._since(job, at, self.house.groups[option.group].units[0])
            found = self._first(option, since, least - option.task.least if by_report else least)
            if found is None:
                continue
            unit, start, end = found
            expected = self._expected(option, end) if by_report else NEVER
            worth = expected if by_report else start
            if worth < least:
                best, least = (unit, start, end, option, expected), worth
        return best

    def _first(self, option: Option, at: int, before: int) -> tuple[int, int, int] | None:
        """The earliest use on a group that starts in [at, before); its units are alike."""
        group = self.house.groups[option.group]
        soonest, best = self.house.openings[group.openings].next_start(at, group.grain), None
        for unit in group.units:
            if before <= soonest:
                break
            found = self.agendas[unit].earliest(option.task, soonest, before)
            if found is not None:
                before, best = found[0], (unit, *found)
        return best

    def _freed(self, unit: int, start: int, end: int) -> None:
        """Booked time that its owner does not need."""
        if start >= end:
            return
        if not self.policy.keeps_freed:
            self.outcome.lost.append((unit, start, end))
            return
        self.agendas[unit].free(start, end)
        if self.policy is Policy.OFFERED:
            self._offer(unit, start, end)

    def _offer(self, unit: int, start: int, end: int) -> None:
        """Give freed time to who gains most, then what he leaves, and so on."""
        spans = deque([(unit, start, end)])
        for _ in range(MOST_MOVES):
            if not spans:
                return
            unit, start, end = span = spans.popleft()
            found = self._gains_most(unit, max(start, self.env.now + self.inputs.notice), end)
            if found is None:
                continue
            job, slot = found
            spans.extend([(job.unit, job.start, job.end), span])
            self.agendas[job.unit].free(job.start, job.end)
            self._leave(job)
            job.moves += 1
            self._take(job, *slot)

    def _gains_most(self, unit: int, at: int, end: int) -> tuple[Job, tuple[int, int, int, Option, int]] | None:
        best, most = None, self.inputs.gain - 1
        for job, option in self._candidates(unit, at, end):
            ready = max(at, job.ready)
            if job.expected - ready - option.task.least - option.report_minutes // 2 <= most:
                continue
            slot = self.agendas[unit].earliest(option.task, self._since(job, ready, unit), min(job.start, end))
            if slot is None:
                continue
            expected = self._expected(option, slot[1])
            if job.expected - expected > most and self._keeps_order(job, unit, slot[1]):
                best, most = (job, (unit, *slot, option, expected)), job.expected - expected
        return best

    def _candidates(self, unit: int, at: int, end: int) -> Iterator[tuple[Job, Option]]:
        for item, option in self.house.on_group[self.house.group_of[unit]]:
            if end - at >= option.task.least:
                for job in self.waiting[item].values():
                    if job.start > at and job.ready < end and job.line.nimble:
                        yield job, option

    # Breakdowns.

    def _breaks(self, outage: Outage) -> None:
        """What runs there starts anew elsewhere or later, and what is booked meanwhile is booked again."""
        unit = outage.unit
        hit = [job for job in self.booked[unit].values() if job.start < outage.end and job.end > outage.start]
        for job in hit:
            if job.start < self.env.now:
                self.outcome.uses.append((unit, job.start, self.env.now, job.line.number))
            self._leave(job)
            self.agendas[unit].free(max(job.start, self.env.now), job.end)
        self.agendas[unit].block(outage.start, outage.end)
        for job in sorted(hit, key=lambda each: (each.start, each.line.number)):
            self._book(job, max(job.ready, self.env.now))
