"""Tests whose sample is not there begin late: how late is learnt, and told while the sample is missing."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from app.booking import preview
from app.booking.models import Booking
from app.booking.rules import State
from app.database import db, transaction
from app.orders.models import OrderLine, OrderState
from app.samples import service
from app.samples.models import CustodyStep, Sample
from app.samples.rules import SampleKind, SampleState
from app.samples.service import Identity, Receive, Register
from app.turnaround.forecast import experience
from app.turnaround.forecasting import missing
from app.turnaround.forecasting.cli import read
from app.turnaround.forecasting.history import starts
from app.turnaround.forecasting.lines import DAY
from app.turnaround.forecasting.starts import AHEAD, Slips, Start
from bench import shifted
from tests.world import World, at

COMPANIES = ("甲公司", "乙公司", "丙公司")
ORIGIN = datetime(2026, 9, 1, tzinfo=UTC).timestamp()


def start(company: str, slip: float, there: float | None, ago: float = 30.0) -> Start:
    """A test that began so many days late, its sample there so many days before the booked start."""
    booked = ORIGIN - ago * DAY
    received_at = None if there is None else booked - there * DAY
    return Start("x", company, booked, booked + DAY, booked + slip * DAY, received_at)


@given(st.lists(st.builds(start, st.sampled_from("abcd"), st.floats(0, 20), st.floats(-5, 20), st.floats(-30, 400))))
def test_slips_are_of_enough_companies_and_of_nothing_later(found: list[Start]) -> None:
    slips = Slips.of(found, ORIGIN)
    known = [each for each in found if ORIGIN - 365 * DAY < each.taken_at <= ORIGIN]
    for days in AHEAD:
        late = [each for each in known if not each.there(days)]
        assert (days in slips.late) is (len(late) >= 5 and len({each.company for each in late}) >= 3)
        assert set(slips.late.get(days, ())) <= {each.slip for each in late}
    assert slips == Slips.of([*found, *(start("z", 9, None, ago=-1) for _ in range(9))], ORIGIN)


def test_what_is_left_of_a_slip_grows_short_and_far_ahead_nothing_is_told() -> None:
    slips = Slips.of([start(name, late, None) for name in "abc" for late in (0, 2, 6)], ORIGIN)
    assert max(slips.ahead(0.5)) == max(slips.ahead(-0.0)) == 6
    assert sorted(set(slips.ahead(-1.5))) == [0.5, 4.5]
    assert not slips.ahead(-7) and not slips.ahead(AHEAD[-1] + 0.1) and not Slips().ahead(1)


@pytest.fixture
def began(world: World, issued):
    """Makes an issued line whose test began so many days late, its sample there so many days after the booked start."""
    world.bench()
    people = {name: world.engineer(name) for name in COMPANIES}

    def make(company: str, late: float, came: float | None) -> OrderLine:
        line = issued(company, on=at(20, month=10))
        viewer = people[company].viewer
        with transaction() as session:
            line = session.get_one(OrderLine, line.id)
            line.sample = "BP-1"
            booked = line.taken_at - timedelta(days=late)
            use = {"starts_at": booked, "run_from": booked, "run_until": booked + timedelta(days=2)}
            whose = {"company_id": line.company_id, "lab_id": "lab"}
            by = {"created_by_id": viewer.user_id, "created_at": booked}
            session.add(
                Booking(
                    code=f"B{next(world.serial)}",
                    state=State.COMPLETED,
                    resource_id="chamber",
                    place=1,
                    test_id="t",
                    order_line_id=line.id,
                    ends_at=use["run_until"],
                    changed_at=booked,
                    **use,
                    **whose,
                    **by,
                )
            )
            sample = Sample(
                code=f"S{next(world.serial)}",
                order_id=line.order_id,
                name="BP-1",
                kind=SampleKind.PART,
                state=SampleState.RECEIVED,
                **whose,
                **by,
            )
            session.add(sample)
            session.flush()
            for position, days in enumerate(() if came is None else (came, came + 30), 1):
                session.add(
                    CustodyStep(
                        sample_id=sample.id,
                        position=position,
                        state=SampleState.RECEIVED,
                        at=booked + timedelta(days=days),
                        by_id=viewer.user_id,
                        by_lab=True,
                        **whose,
                    )
                )
        return line

    return make


def test_starts_are_read_with_the_first_receipt_of_every_sample(world: World, began) -> None:
    late, early, never = began("甲公司", 4, 3), began("乙公司", 0, -10), began("丙公司", 1, None)
    with transaction() as session:
        session.get_one(OrderLine, early.id).sample = "BP-1、BP-2"
    found = {each.line_id: each for each in starts(world.now - timedelta(days=365))}
    assert found.keys() == {late.id, never.id}
    assert found[late.id].slip == pytest.approx(4) and found[never.id].received_at is None
    assert found[late.id].received_at - found[late.id].starts_at == pytest.approx(3 * DAY)
    with transaction() as session:
        session.get_one(OrderLine, late.id).state = OrderState.CANCELLED
    assert [each.line_id for each in starts(world.now - timedelta(days=365))] == [never.id]


def test_a_date_reckons_with_a_late_start_only_while_the_sample_is_not_there(world: World, began) -> None:
    for number in range(12):
        began(COMPANIES[number % 3], 6 if number % 2 else 0, 5)
    engineer, desk = world.engineer("甲公司"), world.lab_admin("lab")
    booking = engineer.requests(at(5), sample="BP-9")

    def told() -> preview.ReportDates:
        db.session.expire_all()
        with time_machine.travel(world.now, tick=False):
            return preview.awaited_reports([db.session.get_one(Booking, booking.id)], world.now)[booking.id]

    plain = told()
    identity = Identity(name="BP-9", kind=SampleKind.PART)
    sample = service.register(engineer.viewer, Register(booking.order_line.order_id, identity), world.now)
    waiting = told()
    assert waiting.awaiting_sample and not plain.awaiting_sample
    assert waiting.safe_at > plain.safe_at + timedelta(days=2) and waiting.expected_at >= plain.expected_at
    desk.does("confirm", db.session.get_one(Booking, booking.id))
    service.receive(desk.viewer, Receive(sample.id, sample.version, "完好"), world.now)
    assert told() == plain
    assert experience(world.now).of("t", "lab").awaiting_sample(at(5), timedelta(days=20)) is None


def test_knowing_that_a_sample_is_missing_beats_not_knowing_in_the_quarter_after_a_shift(tmp_path) -> None:
    path = tmp_path / "lines.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        shifted.write(shifted.lines(shifted.SEED), file)
    with path.open(encoding="utf-8") as file:
        history = read(file)
    last = datetime(2026, 1, 1, tzinfo=shifted.SHANGHAI).timestamp()
    found = missing.scores(history, last - 91 * DAY, last)
    for days in AHEAD:
        knowing, plain = found[days, missing.WITH], found[days, missing.WITHOUT]
        assert knowing.lines == plain.lines > 200
        assert knowing.beats(plain) and abs(knowing.held_safe - 0.9) < abs(plain.held_safe - 0.9)
