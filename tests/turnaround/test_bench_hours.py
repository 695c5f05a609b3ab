"""Every figure of a lab's benches leads to the bookings and closures behind it, which add up to it."""

from datetime import datetime, timedelta
from urllib.parse import unquote

import pytest
import time_machine
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from app.booking.closures import CloseResource, close
from app.booking.models import Booking, ClosureKind
from app.capacity.utilisation.rules import Loss, Use
from app.database import transaction
from app.errors import Forbidden, NotFound
from app.testing.models import RunPause
from app.testing.run_rules import PauseCause
from app.turnaround.bottlenecks import hours
from app.turnaround.bottlenecks.behind import LOST, Behind, behind
from app.turnaround.bottlenecks.spent import BOOKED, RUNNING, UNUSED, USED, counted, shares, spent
from app.worktime import Interval
from tests.http import browser
from tests.world import Person, World, at

HOUR = timedelta(hours=1)
AFTER = at(1, 9, 0, month=12)
spans = st.builds(
    lambda start, length: Interval(at(2, 0, 0) + start * HOUR, at(2, 0, 0) + (start + length) * HOUR),
    st.integers(0, 60),
    st.integers(1, 20),
)
idents = st.sampled_from("abc")
uses = st.builds(
    lambda place, booked, used, ident: Use(place, booked, used, booking_id=ident),
    st.integers(1, 2),
    spans,
    st.one_of(st.none(), spans),
    idents,
)
losses = st.builds(
    Loss, st.integers(1, 2), spans, st.sampled_from(("pause:staff", "closure:power", "no_show", "late")), idents
)


@settings(max_examples=60, deadline=None)
@given(st.lists(spans, max_size=4), st.lists(uses, max_size=4), st.lists(losses, max_size=5))
def test_whatever_overlaps_shares_add_up_to_the_figures(windows: list, uses: list, losses: list) -> None:
    facts = (Interval(at(2, 6, 0), at(4, 0, 0)), windows, 2, uses, losses)
    found = spent(*facts)
    parts = {"running": found.running, "unused": found.unused, **found.lost}
    told = list(shares(*facts))
    assert {each.what for each in told} == {what for what, length in parts.items() if length}
    assert all(sum((s.length for s in told if s.what == what), 0 * HOUR) == length for what, length in parts.items())
    for what, length in ((BOOKED, found.hours.booked), (USED, found.hours.used)):
        assert sum((share.length for share in counted(what, *facts)), 0 * HOUR) == length


class Autumn:
    """Of four bookings one ran with a pause, one was missed, one cancelled too late, one is only booked; a closure."""

    def __init__(self, world: World) -> None:
        world.bench()
        world.resource("other-rig", "other")
        self.world, self.desk = world, world.lab_admin("lab")
        company = world.engineer("甲公司")
        self.done, self.missed, self.late = (self._confirmed(company, day) for day in (5, 6, 10))
        self.waits = company.requests(at(12))
        self.closure = close(
            self.desk.viewer,
            CloseResource("chamber", at(9, 8, 30), at(9, 12, 30), ClosureKind.CALIBRATION),
            world.now,
        )
        self._runs()
        world.now = self.missed.starts_at + HOUR
        self.desk.does("no-show", self.missed)
        world.now = self.late.starts_at - HOUR
        self.desk.does("cancel", self.late, "样品没有到")

    def _confirmed(self, company: Person, day: int) -> Booking:
        return self.desk.does("confirm", company.requests(at(day)))

    def _runs(self) -> None:
        self.world.now = self.done.starts_at
        self.done = self.desk.does("start", self.done)
        self.world.now += 3 * HOUR
        self.desk.does("complete", self.done)
        begin = self.done.starts_at + HOUR
        owner = {"company_id": self.done.company_id, "lab_id": "lab", "by_id": self.desk.viewer.user_id}
        pause = RunPause(booking_id=self.done.id, order_line_id=self.done.order_line_id, **owner)
        pause.cause, pause.started_at, pause.ended_at = PauseCause.EQUIPMENT, begin, begin + HOUR / 2
        with transaction() as session:
            session.add(pause)

    def behind(self, what: str, pool: str | None = "chamber", now: datetime = AFTER) -> Behind:
        return behind(self.desk.viewer, pool, what, 3, now, 50, 0)

    def ids(self, what: str) -> list[str]:
        return [(line.booking or line.closure).id for line in self.behind(what).lines]


@pytest.fixture
def autumn(world: World) -> Autumn:
    return Autumn(world)


def test_every_figure_of_a_pool_is_what_its_lines_add_up_to(autumn: Autumn) -> None:
    told = hours.by_pool(["lab"], 3, AFTER)
    found = told.rows[0].spent
    assert found and len(found.lost) == 4
    figures = {BOOKED: found.hours.booked, USED: found.hours.used, RUNNING: found.running, UNUSED: found.unused}
    figures |= {LOST: found.lost_all, **found.lost}
    for what, length in figures.items():
        for pool in ("chamber", None):
            lines = autumn.behind(what, pool)
            assert (lines.length, lines.count) == (length, len(lines.lines)) and length
            assert sum((line.length for line in lines.lines), 0 * HOUR) == length


def test_each_figure_has_its_own_bookings_and_closures(autumn: Autumn) -> None:
    assert autumn.ids(BOOKED) == [autumn.waits.id, autumn.done.id]
    assert autumn.ids(USED) == autumn.ids("pause:equipment") == [autumn.done.id]
    assert autumn.ids("no_show") == [autumn.missed.id] and autumn.ids("late") == [autumn.late.id]
    assert autumn.ids("closure:calibration") == [autumn.closure.id]
    assert autumn.ids(LOST) == [autumn.late.id, autumn.closure.id, autumn.missed.id, autumn.done.id]
    page = behind(autumn.desk.viewer, "chamber", LOST, 3, AFTER, 1, 1)
    assert (page.count, [line.closure for line in page.lines]) == (4, [autumn.closure])


def test_only_the_lab_itself_is_told(autumn: Autumn) -> None:
    world = autumn.world
    for person in (world.coordinator(), world.engineer("甲公司"), world.bench_crew("lab")):
        with pytest.raises(Forbidden):
            behind(person.viewer, "chamber", BOOKED, 3, AFTER, 50, 0)
    with pytest.raises(NotFound):
        behind(world.lab_admin("other").viewer, "chamber", BOOKED, 3, AFTER, 50, 0)
    assert behind(world.lab_admin("other").viewer, None, LOST, 3, AFTER, 50, 0).count == 0


def test_the_page_leads_from_figures_to_lines_and_coordinators_nowhere(autumn: Autumn, clean: Flask) -> None:
    with time_machine.travel(AFTER, tick=False):
        desk, coordinator = browser(clean, autumn.desk), browser(clean, autumn.world.coordinator())
        page = desk.get("/turnaround/bottlenecks?months=3").text
        for of in ("booked", "used", "lost"):
            assert f'"/turnaround/bottlenecks/hours?of={of}&amp;months=3&amp;pool=chamber"' in page
        for cause in ("late", "no_show", "closure:calibration", "pause:equipment"):
            assert f'"/turnaround/bottlenecks/hours?of={cause}&amp;months=3"' in unquote(page)
        lines = desk.get("/turnaround/bottlenecks/hours?of=lost&months=3&pool=chamber").text
        assert f"/bookings/{autumn.missed.id}" in lines and f"/closures/{autumn.closure.id}" in lines
        assert "共 4 项，合计 12 h" in lines and "甲公司" in lines
        assert desk.get("/turnaround/bottlenecks/hours?of=nothing").status_code == 422
        assert desk.get("/turnaround/bottlenecks/hours?pool=other-rig").status_code == 404
        assert coordinator.get("/turnaround/bottlenecks/hours").status_code == 403
        assert "/bottlenecks/hours" not in coordinator.get("/turnaround/bottlenecks?months=3").text
