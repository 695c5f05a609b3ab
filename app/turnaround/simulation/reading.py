"""The house as the database knows it: benches, shifts, scopes and durations of all labs."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from sqlalchemy import select

from app.database import db
from app.labs.models import Test
from app.labs.queries import CapableBench, capable_benches
from app.turnaround.simulation.house import DAYS, OFFICE, OFFICE_DAY, WARM_UP, Group, House, Item, Option
from app.turnaround.simulation.openings import MINUTE, Task, openings_of
from app.worktime import WorkingCalendar


def read_house(year_begins: date) -> House:
    """Every bench that is in service, with the tests that it can run; two statements while labs' versions are known.

    What tests need beside their bench, changeovers, wholes with parts and neighbours are left out. Writers are still
    to be counted (`with_writers`). year_begins: first local date that is counted.
    """
    first = year_begins - timedelta(days=WARM_UP)
    columns = (Test.id, Test.sample_kind, Test.samples, Test.destructive)
    rows = db.session.execute(select(*columns).where(Test.retired_at.is_(None)).order_by(Test.id)).all()
    samples = {row.id: (row.sample_kind if row.samples == 1 else "", row.destructive) for row in rows}
    return house_of(capable_benches(list(samples)), first, samples)


def house_of(benches: Sequence[CapableBench], first: date, samples: Mapping[str, tuple[str, bool]]) -> House:
    """The house of these benches; places of a bench are units of their own. samples: by test, as in `Item`."""
    labs = sorted({each.bench.lab_id for each in benches})
    calendars: dict[WorkingCalendar, int] = {}
    groups: dict[tuple[object, ...], int] = {}
    members: list[dict[str, int]] = []
    kinds: list[tuple[int, int, int]] = []
    options: dict[str, dict[int, Option]] = defaultdict(dict)
    domains: dict[str, str] = {}
    for each in benches:
        bench = each.bench
        calendar = calendars.setdefault(bench.calendar, len(calendars))
        grain = int(bench.grain / MINUTE)
        number = groups.setdefault((bench.pool, calendar, grain), len(groups))
        if number == len(members):
            members.append({})
            kinds.append((labs.index(bench.lab_id), calendar, grain))
        members[number][bench.resource_id] = bench.places
        domains[each.test_id] = each.domain_id
        options[each.test_id][number] = Option(
            number, labs.index(bench.lab_id), Task.of(each.need), each.report_days * OFFICE_DAY
        )
    return House(
        first=first,
        labs=labs,
        openings=[openings_of(calendar, first, DAYS) for calendar in calendars],
        office=openings_of(OFFICE, first, DAYS),
        groups=_numbered(kinds, members),
        items=[Item(test, domains[test], list(options[test].values()), *samples[test]) for test in sorted(options)],
        writers=[1] * len(labs),
    )


def _numbered(kinds: Sequence[tuple[int, int, int]], members: Sequence[dict[str, int]]) -> list[Group]:
    groups, units = [], 0
    for (lab, calendar, grain), places in zip(kinds, members, strict=True):
        count = sum(places.values())
        groups.append(Group(lab, calendar, grain, range(units, units + count)))
        units += count
    return groups
