"""The story of a report, told by the tests of its steps and of who hears of them."""

from datetime import timedelta
from io import BytesIO
from typing import Any

from app.booking.models import Booking
from app.database import db
from app.files.service import Upload
from app.orders.models import OrderLine
from app.testing import models, queries, reports, rights
from app.testing.reports import Draft, Issue, ReportStep
from app.testing.rights import SetRights
from app.testing.rules import Right
from tests.files.samples import PDF
from tests.world import Person, World, at


class Story:
    """A test that ended on the 5th at 12:00; the lab has a desk, a reviewer of the crew, a signatory of the desk."""

    def __init__(self, world: World) -> None:
        world.bench()
        self.world = world
        self.engineer, self.rival = world.engineer("甲公司"), world.engineer("乙公司")
        self.desk, self.head = world.lab_admin("lab"), world.lab_admin("lab")
        self.crew, self.idle = world.bench_crew("lab"), world.bench_crew("lab")
        self.booking = self.tested(5)

    def tested(self, day: int) -> Booking:
        booking = self.engineer.requests(at(day), sample="BP-12")
        self.desk.does("confirm", booking)
        self.world.now = at(day)
        self.desk.does("start", booking)
        self.world.now = at(day) + timedelta(hours=3, minutes=30)
        return self.desk.does("complete", booking)

    def gives_rights(self, distinct: bool = True) -> None:
        seats = {person.viewer.user_id: person.viewer.membership_id for person in (self.crew, self.head)}
        chosen = {(seats[self.crew.viewer.user_id], Right.REVIEWER), (seats[self.head.viewer.user_id], Right.SIGNATORY)}
        rights.set_rights(self.desk.viewer, SetRights("lab", frozenset(chosen), distinct), self.world.now)

    def drafts(self, by: Person | None = None, content: bytes = PDF, version: int | None = None) -> models.TestReport:
        newest = queries.newest_of_line(db.session(), self.booking.order_line_id)
        known = (newest.version if newest else 0) if version is None else version
        command = Draft(self.booking.id, known, Upload("报告.pdf", BytesIO(content)))
        return reports.draft((by or self.desk).viewer, command, self.world.now)

    def does(
        self, step: str, report: models.TestReport, by: Person | None = None, reason: str = "", **more: Any
    ) -> models.TestReport:
        act = {
            "review": reports.review,
            "return": reports.give_back,
            "approve": reports.approve,
            "withdraw": reports.withdraw,
        }[step]
        command = ReportStep(report.id, more.get("version", report.version), reason)
        return act((by or self.desk).viewer, command, self.world.now)

    def issues(
        self, report: models.TestReport, number: str = "JC-1", on: Any = None, by: Person | None = None
    ) -> models.TestReport:
        command = Issue(report.id, report.version, number=number, issued_on=on or self.world.now)
        return reports.issue((by or self.desk).viewer, command, self.world.now)

    def issued(self, number: str = "JC-1", content: bytes = PDF) -> models.TestReport:
        """Drafted, reviewed, approved and issued by the desk of a small lab."""
        report = self.drafts(content=content)
        return self.issues(self.does("approve", self.does("review", report)), number)

    @property
    def line(self) -> OrderLine:
        return db.session.get_one(OrderLine, self.booking.order_line_id)
