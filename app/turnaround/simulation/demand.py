"""The requests and mishaps of one simulated year, drawn before any policy is asked, so that all meet the same."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import accumulate
from math import ceil
from random import Random

from app.turnaround.simulation.house import COOL_DOWN, COUNTED, DAY, OFFICE_DAY, WARM_UP, YEAR, House, most_lines
from app.turnaround.simulation.inputs import HOUR, Inputs
from app.worktime import is_working_day

ASKED = WARM_UP + YEAR + COOL_DOWN
# Who would make a lab fuller than this knows another one too.
FULLEST = 0.98
MORNING = 8 * HOUR + 30


@dataclass(frozen=True, slots=True)
class Line:
    """A request with its fate. Minutes; `known`: the lab that its company knows; `follows`: on the sample of the line
    before it, when that is done.

    accepted, there: instants at which review is over and the sample is there. cancels: at which share of the time
    between booking and start it is withdrawn, below 0 for never. no_show, late: 0 or how long until it can come again.
    used: share of the booked time. reporting: factor of the planned report time.
    """

    number: int
    submitted: int
    item: int
    known: int
    follows: bool
    accepted: int
    there: int
    cancels: float
    no_show: int
    late: int
    used: float
    reporting: float
    nimble: bool

    @property
    def ready(self) -> int:
        """From when it can be tested, as far as no other test has its sample."""
        return max(self.accepted, self.there)


@dataclass(frozen=True, slots=True)
class Outage:
    """A place that is out of order over [start, end). planned: known from the beginning."""

    unit: int
    start: int
    end: int
    planned: bool


@dataclass(frozen=True, slots=True)
class Demand:
    """Lines by the instant of their request, and outages by their start."""

    lines: Sequence[Line]
    outages: Sequence[Outage]


@dataclass(frozen=True, slots=True)
class Market:
    """How much is asked of each group at full load: lines a year, and the tests' weights on it."""

    most: Sequence[float]
    weights: Sequence[Sequence[float]]

    @property
    def lines(self) -> float:
        """Lines a year of the whole house at full load."""
        return sum(self.most)


def with_writers(house: House, inputs: Inputs, full: Market) -> House:
    """The house with as many writers at each lab as its reports need when its benches are full, rounded up."""
    work = [0.0] * len(house.labs)
    for number, able in enumerate(house.on_group):
        total = sum(full.weights[number]) or 1.0
        mean = sum(w * option.report_minutes for w, (_, option) in zip(full.weights[number], able, strict=True)) / total
        work[house.groups[number].lab] += full.most[number] * mean * inputs.reporting.mean * inputs.writing
    a_year = house.office.open_minutes(*COUNTED)
    return replace(house, writers=[max(1, ceil(minutes / a_year)) for minutes in work])


def market(house: House, inputs: Inputs, seed: int) -> Market:
    """What the benches could run a year with the mix of the inputs, less outages and times booked again."""
    weights = [
        [inputs.tests.get(house.items[item].test_id, inputs.unknown) for item, _option in each]
        for each in house.on_group
    ]
    usable = (1 - inputs.out_of_order) / inputs.slots_a_line
    return Market([lines * usable for lines in most_lines(house, weights, seed)], weights)


def draw(house: House, inputs: Inputs, full: Market, load: float, seed: str) -> Demand:
    """A year at `load` (share of what the benches could give), with what comes before and after it.

    seed: the same gives the same, to the minute.
    """
    dice = Random(seed)
    rates = _rates(house, inputs, full, load, dice)
    lines: list[Line] = []
    for number, each in enumerate(sorted(_arrivals(house, inputs, rates, dice), key=lambda each: each[0])):
        lines.append(_line(number, *each, lines[-1] if lines else None, inputs, dice))
    return Demand(
        lines,
        sorted(_outages(house, inputs, dice), key=lambda each: (each.start, each.unit)),
    )


def _rates(
    house: House, inputs: Inputs, full: Market, load: float, dice: Random
) -> dict[tuple[int, str], dict[int, float]]:
    """Lines a year by (lab, domain) and item; some labs are better known than others."""
    known = _known(house, inputs, full, load, dice)
    rates: dict[tuple[int, str], dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for number, group in enumerate(house.groups):
        total = sum(full.weights[number]) or 1.0
        lines = full.most[number] * load * known[number]
        for (item, _option), weight in zip(house.on_group[number], full.weights[number], strict=True):
            rates[group.lab, house.items[item].domain][item] += lines * weight / total
    return rates


def _known(house: House, inputs: Inputs, full: Market, load: float, dice: Random) -> list[float]:
    """By group, how many times its share of the demand comes to it; the demand of each domain stays what it is.

    Groups are compared with those of the same domain at other labs.
    """
    by_lab = [max(0.3, dice.gauss(1, inputs.uneven)) for _lab in house.labs]
    domains: dict[str, list[int]] = defaultdict(list)
    for number, able in enumerate(house.on_group):
        if able:
            domains[house.items[able[0][0]].domain].append(number)
    known = [1.0] * len(house.groups)
    for groups in domains.values():
        wanted = {number: by_lab[house.groups[number].lab] for number in groups}
        for number, factor in _levelled(wanted, full.most, max(1.0, FULLEST / load)).items():
            known[number] = factor
    return known


def _levelled(wanted: dict[int, float], most: Sequence[float], highest: float) -> dict[int, float]:
    """Factors in proportion to those wanted, none above `highest`, whose mean weighted by capacity is 1."""
    whole = sum(most[number] for number in wanted)
    capped: set[int] = set()
    while True:
        free = [number for number in wanted if number not in capped]
        left = whole - highest * sum(most[number] for number in capped)
        total = sum(wanted[number] * most[number] for number in free)
        if not free or total <= 0:
            return dict.fromkeys(wanted, 1.0)
        scale = left / total
        over = {number for number in free if wanted[number] * scale > highest}
        if not over:
            return {number: highest if number in capped else wanted[number] * scale for number in wanted}
        capped |= over


def _arrivals(
    house: House, inputs: Inputs, rates: dict[tuple[int, str], dict[int, float]], dice: Random
) -> Iterator[tuple[int, int, int, bool]]:
    """(submitted, item, known lab, follows): single lines, and programmes that bring many at once, sample by sample."""
    parts = [(lab, list(items), list(accumulate(items.values()))) for (lab, _domain), items in rates.items()]
    upto = list(accumulate(cumulated[-1] for _lab, _items, cumulated in parts))
    instants = _Instants(house, inputs)
    mean = sum(inputs.programme) / 2
    for share, sizes in ((1 - inputs.programmes, (1, 1)), (inputs.programmes / mean, inputs.programme)):
        if share <= 0:
            continue
        for submitted in instants.poisson(upto[-1] * share, dice):
            lab, items, cumulated = parts[bisect_left(upto, dice.random() * upto[-1])]
            count, offset = dice.randint(*sizes), dice.random()
            # Evenly through the tests: a programme is of many tests, not of one test many times.
            asked = [items[bisect_left(cumulated, (offset + place) / count * cumulated[-1])] for place in range(count)]
            for sample in on_samples(house, asked, inputs.sharing, dice):
                for place, item in enumerate(sample):
                    yield submitted, item, lab, place > 0


def on_samples(house: House, asked: Sequence[int], sharing: tuple[int, int], dice: Random) -> list[list[int]]:
    """The items of a programme by the sample that they run on, in their order; at most one destroys it, the last."""
    found: list[list[int]] = []
    filling: dict[str, tuple[list[int], int]] = {}
    for item in asked:
        kind, destroys = house.items[item].sample, house.items[item].destructive
        sample, most = filling.get(kind, ([], 0))
        if not kind or len(sample) >= most or (destroys and any(house.items[each].destructive for each in sample)):
            sample, most = [], dice.randint(*sharing)
            filling[kind] = sample, most
            found.append(sample)
        sample.append(item)
    return [sorted(sample, key=lambda item: house.items[item].destructive) for sample in found]


class _Instants:
    """When requests come: working days, by month and hour."""

    def __init__(self, house: House, inputs: Inputs) -> None:
        self._begins: list[int] = []
        weights: list[float] = []
        for day in range(ASKED):
            on = house.first + timedelta(days=day)
            if is_working_day(on):
                for hour, weight in enumerate(inputs.hours):
                    if weight > 0:
                        self._begins.append(day * DAY + hour * HOUR)
                        weights.append(weight * inputs.months[on.month - 1])
        self._upto = list(accumulate(weights))

    def poisson(self, a_year: float, dice: Random) -> Iterator[int]:
        """Instants of a Poisson process with so many a year on average."""
        expected = a_year * ASKED / YEAR
        at = dice.expovariate(1.0)
        while at < expected:
            hour = bisect_left(self._upto, at / expected * self._upto[-1])
            yield self._begins[hour] + dice.randrange(HOUR)
            at += dice.expovariate(1.0)


def _line(
    number: int,
    submitted: int,
    item: int,
    known: int,
    follows: bool,
    before: Line | None,
    inputs: Inputs,
    dice: Random,
) -> Line:
    accepted = submitted + round(inputs.review.at(dice.random()))
    fate = dice.random()
    cancelled = fate < inputs.cancelled
    no_show = not cancelled and fate < inputs.cancelled + inputs.no_show
    late = not cancelled and not no_show and fate < inputs.cancelled + inputs.no_show + inputs.late
    again, there = dice.random(), submitted + round(inputs.lead.at(dice.random()))
    if follows and before:
        there, late = before.there, False
    return Line(
        number=number,
        submitted=submitted,
        item=item,
        known=known,
        follows=follows,
        accepted=accepted,
        there=there,
        cancels=dice.random() if cancelled else -1.0,
        no_show=max(1, round(inputs.back.at(again))) if no_show else 0,
        late=max(1, round(inputs.late_by.at(again))) if late else 0,
        used=inputs.testing.at(dice.random()),
        reporting=inputs.reporting.at(dice.random()),
        nimble=dice.random() < inputs.nimble,
    )


def _outages(house: House, inputs: Inputs, dice: Random) -> Iterator[Outage]:
    for unit in range(house.units):
        for day in _days(inputs.maintenance, dice):
            yield Outage(unit, day * DAY + MORNING, day * DAY + MORNING + OFFICE_DAY, planned=True)
        for day in _days(inputs.breakdowns, dice):
            start = day * DAY + dice.randrange(DAY)
            yield Outage(unit, start, start + max(1, round(inputs.repair.at(dice.random()))), planned=False)


def _days(a_year: float, dice: Random) -> Iterator[int]:
    """Days of a Poisson process."""
    at = dice.expovariate(a_year / YEAR) if a_year > 0 else float(ASKED)
    while at < ASKED:
        yield int(at)
        at += dice.expovariate(a_year / YEAR)
