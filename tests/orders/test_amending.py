"""After acceptance neither side changes the order alone: what one proposes, the other accepts or refuses."""

from dataclasses import replace
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import select

from app.booking import amending as bookings
from app.booking import ordering
from app.booking.models import Booking
from app.booking.ordering import OrderStep
from app.booking.rules import SampleBusy
from app.database import db
from app.errors import Forbidden, Invalid, NotFound
from app.orders import amending, reviewing, rules, service
from app.orders.amending import Answer, Propose
from app.orders.models import AmendmentState, Order, OrderAmendment, Purpose
from app.orders.reviewing import Review
from app.orders.rules import CHECKLIST
from app.orders.service import NewLine, NewOrder, Terms
from tests.http import browser, program
from tests.visitor import Visitor
from tests.world import Person, World

TERMS = Terms(purpose=Purpose.DEVELOPMENT, contract_number="HT-1", amount=Decimal("1000.00"))


class Story:
    """An accepted order of two tests on two samples, each with its time."""

    def __init__(self, world: World, app: Flask) -> None:
        world.bench(places=2)
        world.test("u", run=240)
        self.world, self.app = world, app
        self.engineer, self.desk = world.engineer("甲公司"), world.lab_admin("lab")
        lines = (NewLine("t", "BP-12"), NewLine("u", "BP-13"))
        self.id = service.create(self.engineer.viewer, NewOrder("lab", lines, TERMS), world.now).id
        ordering.hold_all(self.engineer.viewer, OrderStep(self.id, self.version), world.now)
        ordering.submit(self.engineer.viewer, OrderStep(self.id, self.version), world.now)

    @property
    def order(self) -> Order:
        db.session.expire_all()
        return db.session.get_one(Order, self.id)

    @property
    def version(self) -> int:
        found = self.order.version
        db.session.rollback()
        return found

    def accepts(self) -> None:
        reviewing.accept_order(
            self.desk.viewer, Review(self.id, self.version, dict.fromkeys(CHECKLIST, True)), self.world.now
        )

    def proposes(self, by: Person, **terms: object) -> OrderAmendment:
        return amending.propose(by.viewer, Propose(self.id, self.version, "法规变了", terms), self.world.now)

    def answer(self, number: int = 1) -> Answer:
        return Answer(self.id, number, self.version)


@pytest.fixture
def story(world: World, clean: Flask) -> Story:
    found = Story(world, clean)
    found.accepts()
    return found


def test_only_what_the_other_side_accepts_holds(story: Story) -> None:
    story.proposes(story.desk, purpose=Purpose.TYPE_APPROVAL, amount=Decimal("1500.00"), contract_number="HT-1")
    assert story.order.purpose is Purpose.DEVELOPMENT
    with pytest.raises(Forbidden):
        bookings.accept(story.desk.viewer, story.answer(), story.world.now)
    with pytest.raises(rules.AmendmentOpen):
        story.proposes(story.engineer, note="另加")
    made = bookings.accept(story.engineer.viewer, story.answer(), story.world.now)
    assert made.changes == {"purpose": ["development", "type_approval"], "amount": ["1000.00", "1500.00"]}
    assert (story.order.purpose, story.order.amount) == (Purpose.TYPE_APPROVAL, Decimal("1500.00"))
    with pytest.raises(rules.WrongAmendment):
        amending.refuse(story.engineer.viewer, story.answer(), story.world.now)


def test_what_is_refused_or_taken_back_changes_nothing(story: Story) -> None:
    story.proposes(story.engineer, witness=True)
    amending.refuse(story.desk.viewer, replace(story.answer(), reason="没有位置"), story.world.now)
    story.proposes(story.engineer, note="另加")
    with pytest.raises(rules.OrderStale):
        amending.withdraw(story.engineer.viewer, Answer(story.id, 2, 1), story.world.now)
    amending.withdraw(story.engineer.viewer, story.answer(2), story.world.now)
    states = [each.state for each in amending.amendments_of(story.id)]
    assert states == [AmendmentState.WITHDRAWN, AmendmentState.REFUSED]
    assert not story.order.witness and story.order.note == ""


def test_nothing_is_amended_before_acceptance_or_without_a_change(world: World, clean: Flask) -> None:
    story = Story(world, clean)
    with pytest.raises(rules.OrderClosed):
        story.proposes(story.engineer, note="另加")
    story.accepts()
    with pytest.raises(Invalid):
        story.proposes(story.engineer, contract_number="HT-1")
    with pytest.raises(Forbidden):
        story.proposes(world.bench_crew("lab"), note="另加")
    with pytest.raises(NotFound):
        story.proposes(world.engineer("乙公司"), note="另加")


def test_another_sample_has_to_be_free_at_that_time(story: Story) -> None:
    line = story.order.lines[1].id
    busy, free = (Propose(story.id, 0, "样品坏了", line_id=line, sample=name) for name in ("BP-12", "BP-14"))
    amending.propose(story.engineer.viewer, replace(busy, version=story.version), story.world.now)
    with pytest.raises(SampleBusy):
        bookings.accept(story.desk.viewer, story.answer(), story.world.now)
    amending.withdraw(story.engineer.viewer, story.answer(), story.world.now)
    amending.propose(story.engineer.viewer, replace(free, version=story.version), story.world.now)
    bookings.accept(story.desk.viewer, story.answer(2), story.world.now)
    assert story.order.lines[1].sample == "BP-14"
    assert db.session.scalars(select(Booking.sample).where(Booking.order_line_id == line)).all() == ["BP-14"]


def test_both_sides_read_it_on_the_page(story: Story) -> None:
    company, desk = Visitor(story.app, story.engineer), Visitor(story.app, story.desk)
    sent = company.post(
        f"/orders/{story.id}/amendments",
        version=story.version,
        purpose="development",
        remains="",
        report_language="",
        contract_number="HT-2",
        amount="1000",
        reason="换了合同",
    )
    assert sent.status == 303
    page = desk.get(f"/orders/{story.id}").text
    assert "企业提出合同变更，请答复。" in page and "合同编号 HT-1 HT-2" in page and "同意变更" in page
    assert "对方提出合同变更，请答复。" in desk.get("/work/", list="review").text
    assert "等对方答复" in company.get(f"/orders/{story.id}").text
    crew = Visitor(story.app, story.world.bench_crew("lab"))
    assert "HT-2" not in crew.get(f"/orders/{story.id}").html
    done = desk.post(f"/orders/{story.id}/amendments/1/accept", version=story.version)
    assert done.status == 303 and story.order.contract_number == "HT-2"


def test_programs_amend_too(story: Story) -> None:
    company, desk = program(story.engineer), program(story.desk)
    path, client = f"/api/v1/orders/{story.id}/amendments", browser(story.app)
    body = {"version": story.version, "reason": "改报告语言", "terms": {"report_language": "en"}}
    made = client.post(path, json=body, headers=company)
    assert made.status_code == 201 and made.json["changes"] == [
        {"field": "report_language", "before": None, "after": "en"}
    ]
    answer = {"version": story.version}
    assert client.post(f"{path}/1/accept", json=answer, headers=company).status_code == 403
    assert client.post(f"{path}/1/accept", json=answer, headers=desk).json["state"] == "accepted"
    assert [each["number"] for each in client.get(path, headers=desk).json["items"]] == [1]
    assert client.get(path, headers=program(story.world.bench_crew("lab"))).status_code == 403
