"""A market full of secrets, made through the services: three rivals, three labs, and all that they write down.

Every text that somebody typed holds a word of its own, `zzjia7zz`, which can be found again wherever it turns up.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from itertools import count

from app.accounts import joining, members
from app.accounts import service as accounts
from app.accounts.members import Accept, Invite, Seat
from app.accounts.models import Organisation, Role, Scope
from app.accounts.policy import Viewer
from app.accounts.queries import memberships_of, viewer_of
from app.accounts.rules import SignInRefused, credit_check_digit
from app.accounts.service import Lockout, NewToken, Register, SignIn
from app.booking import closures, ordering, waiting
from app.booking.lapsing import lapse_all
from app.booking.models import Booking, ClosureKind
from app.booking.ordering import OrderStep
from app.booking.steps import Change
from app.booking.waiting import Wait
from app.capacity.approving import service as approving
from app.capacity.approving.service import Step
from app.capacity.calendars import service as calendars
from app.capacity.calendars.rules import Shift
from app.capacity.calendars.service import SetDays, SetPattern
from app.capacity.closures import service as limitations
from app.capacity.closures.service import Limit
from app.capacity.house_rules import service as house_rules
from app.capacity.house_rules.service import SetRule, Waive
from app.capacity.resources import arranging
from app.database import db
from app.events.log import System
from app.feeds import service as feeds
from app.feeds.models import FeedScope
from app.feeds.service import Subscribe
from app.files.models import FilePurpose, StoredFile
from app.files.service import Upload, note_download
from app.jobs import service as jobs
from app.labs.capacity import Audience
from app.labs.models import Lab
from app.labs.rules import AT_ONCE
from app.orders import amending, messages, reviewing, service, stops
from app.orders.amending import Answer, Propose
from app.orders.attachments import Attach, attach
from app.orders.messages import Write
from app.orders.models import StopCause
from app.orders.reviewing import Review
from app.orders.rules import CHECKLIST
from app.orders.service import NewLine, NewOrder, Terms
from app.orders.stops import Stop
from app.samples import service as samples
from app.samples.rules import SampleKind
from app.samples.service import Dispatch, Identity, NewPlace, Receive, Store
from app.samples.service import Register as RegisterSample
from app.testing import bench_tokens, reports, rights, runs, saved_filters
from app.testing.bench_tokens import NewBenchToken
from app.testing.models import TestReport
from app.testing.reports import Draft, Issue, ReportStep
from app.testing.rights import SetRights
from app.testing.rules import Right
from app.testing.run_rules import PauseCause, Result
from app.testing.runs import Finish, Pause
from app.testing.saved_filters import Save
from app.testing.service import IssueReport, issue_report
from app.turnaround import targets
from app.turnaround.scheduled import queries as scheduled
from app.turnaround.scheduled import service as scheduling
from app.turnaround.targets import SetTarget
from tests.files.samples import PDF
from tests.world import NOW, Person, World, at

PASSWORD = "correct horse battery"
LABS = ("here", "sister", "elsewhere")
COMPANIES = ("jia", "yi", "bing")
FOUR_HOURS = timedelta(hours=4)


@dataclass
class Market:
    """The people by their parts (`jia.engineer`, `here.desk`, …), and the secrets that each was given."""

    world: World
    people: dict[str, Person] = field(default_factory=dict)
    calendars: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, dict[str, str]] = field(default_factory=dict)
    invitations: dict[str, str] = field(default_factory=dict)
    serial: Iterator[int] = field(default_factory=lambda: count(1))

    def word(self, owner: str) -> str:
        """A word that nobody else uses."""
        return f"zz{owner}{next(self.serial)}zz"

    def company(self, name: str) -> None:
        """A company with its manager and an engineer whom he invited."""
        word = self.word
        first17 = f"91500000MA{next(self.serial):07d}"
        user = accounts.register(
            self.world.now,
            Register(
                name_zh=f"重庆{word(name)}汽车有限公司",
                name_en=f"Chongqing {word(name)} Motor",
                short_zh=f"{word(name)}汽车",
                province="重庆市",
                city="重庆市",
                credit_code=first17 + credit_check_digit(first17),
                person=accounts.Person(f"{word(name)}@mail.example", f"王{word(name)}", PASSWORD),
            ),
        )
        manager = self._person(f"{name}.manager", user.id)
        seat = Seat(manager.viewer.organisation_id or "", Role.ENGINEER)
        self._invited(f"{name}.engineer", manager, seat, name)

    def lab_people(self, lab: str) -> None:
        """The order desk and the bench crew."""
        operator = self.world.lab_admin(lab).viewer.organisation_id or ""
        for part, role in (("desk", Role.LAB_ADMIN), ("crew", Role.BENCH_CREW)):
            self._made(f"{lab}.{part}", Seat(operator, role, (lab,)), lab)

    def authorities(self) -> None:
        """The coordinator and the system's administrator."""
        for part, role in (("coordinator", Role.COORDINATOR), ("admin", Role.SYSTEM_ADMIN)):
            seat = Seat(members.authority(f"{self.word(part)}办公室", self.world.now), role)
            self._made(part, seat, part)

    def secrets(self) -> None:
        """Invitations under way, calendar addresses of everybody who may have some, and tokens of everybody."""
        for part in (*(f"{name}.manager" for name in COMPANIES), *(f"{lab}.desk" for lab in LABS)):
            viewer, owner = self.people[part].viewer, part.partition(".")[0]
            role = Role.ENGINEER if viewer.is_company else Role.BENCH_CREW
            seat = Seat(viewer.organisation_id or "", role, tuple(viewer.lab_ids))
            invite = Invite(f"{self.word(owner)}@mail.example", seat)
            _, self.invitations[owner] = members.invite(viewer, self.world.now, invite)
        for part, person in self.people.items():
            for scope in (Scope.READ, Scope.WRITE):
                name = NewToken(self.word(part.partition(".")[0]), scope)
                _, secret = accounts.create_token(person.viewer, self.world.now, name)
                self.tokens[f"{part} {scope}"] = {"Authorization": f"Bearer {secret}"}
            if person.viewer.is_company or person.viewer.is_lab:
                name, asked = self.word(part.partition(".")[0]), {"q": self.word(part.partition(".")[0])}
                saved_filters.save(person.viewer, Save(name, "/work/", asked), self.world.now)
            for what in self._subscriptions(person):
                _, self.calendars[f"{part} {what.scope} {what.target_id}"] = feeds.subscribe(
                    person.viewer, what, self.world.now
                )

    def subscribes(self) -> None:
        """Everybody who may have reports of turnaround wants them, since before the last ones ended."""
        for part, person in self.people.items():
            if part.partition(".")[2] != "crew":
                for every in scheduled.offered(person.viewer):
                    scheduling.subscribe(person.viewer, every, at(30, month=10))

    def asks_to_join(self, part: str, company: str) -> None:
        """Somebody asks for a seat in another company, whose manager alone may hear of it."""
        there = db.session.get_one(Organisation, self.people[f"{company}.manager"].viewer.organisation_id)
        command = joining.Ask(Role.ENGINEER, there.credit_code or "", text=self.word(part.partition(".")[0]))
        joining.ask(self.people[part].viewer.user_id or "", self.world.now, command)

    def issues(self, company: str, lab: str, resource: str, start: datetime, test: str = "t") -> Booking:
        """A booking from the request to its report."""
        booking = self.completes(company, lab, resource, start, test)
        self.world.now = start + timedelta(days=3)
        command = IssueReport(booking.id, self.word(company), self.world.now, booking.version)
        issue_report(self.people[f"{lab}.desk"].viewer, command, self.world.now)
        return booking

    def issues_versions(self, company: str, lab: str, resource: str, start: datetime) -> None:
        """A report that was returned, issued, replaced and withdrawn; a third version is under way."""
        booking = self.completes(company, lab, resource, start)
        self.world.now = start + timedelta(days=3)
        desk = self.people[f"{lab}.desk"].viewer
        report = self.drafts(booking, desk, lab, 0)
        reports.give_back(desk, ReportStep(report.id, report.version, f"请改 {self.word(lab)}"), self.world.now)
        for _edition in (1, 2):
            report = self.drafts(booking, desk, lab, report.version)
            for step in (reports.review, reports.approve):
                step(desk, ReportStep(report.id, report.version), self.world.now)
            issue = Issue(report.id, report.version, number=self.word(company), issued_on=self.world.now)
            reports.issue(desk, issue, self.world.now)
        (file,) = db.session.query(StoredFile).where(StoredFile.id == report.file_id)
        note_download(self.people[f"{company}.engineer"].viewer, file, self.world.now)
        reports.withdraw(desk, ReportStep(report.id, report.version, f"有误 {self.word(lab)}"), self.world.now)
        report = self.drafts(booking, desk, lab, report.version)
        reports.give_back(desk, ReportStep(report.id, report.version, f"再改 {self.word(lab)}"), self.world.now)

    def drafts(self, booking: Booking, desk: Viewer, lab: str, version: int) -> TestReport:
        upload = Upload(f"报告 {self.word(lab)}.pdf", BytesIO(PDF))
        return reports.draft(desk, Draft(booking.id, version, upload), self.world.now)

    def completes(self, company: str, lab: str, resource: str, start: datetime, test: str = "t") -> Booking:
        booking = self.starts(company, lab, resource, start, test)
        self.world.now = start + FOUR_HOURS
        return self.people[f"{lab}.crew"].does("complete", booking)

    def starts(self, company: str, lab: str, resource: str, start: datetime, test: str = "t") -> Booking:
        booking = self.confirms(company, lab, resource, start, test)
        self.world.now = start
        return self.people[f"{lab}.crew"].does("start", booking)

    def confirms(self, company: str, lab: str, resource: str, start: datetime, test: str = "t") -> Booking:
        return self.people[f"{lab}.desk"].does("confirm", self.asks(company, resource, start, test))

    def asks(self, company: str, resource: str, start: datetime, test: str = "t", hold: bool = False) -> Booking:
        """A request (or a hold) made five days ahead, or now."""
        self.world.now = min(start - timedelta(days=5), NOW)
        engineer = self.people[f"{company}.engineer"]
        does = engineer.holds if hold else engineer.requests
        return does(
            start,
            resource,
            test,
            sample=f"样品 {self.word(company)}",
            note=f"备注 {self.word(company)}",
            idempotency_key=self.word(company),
        )

    def orders(self, company: str, lab: str, test: str = "t", submit: bool = True) -> None:
        """An order of its own with terms and messages; where it is submitted, also questions and the lab's notes."""

        def text(what: str) -> str:
            return f"{what} {self.word(company)}"

        self.world.now = NOW
        engineer, desk = self.people[f"{company}.engineer"].viewer, self.people[f"{lab}.desk"].viewer
        terms = Terms(None, text("判定"), text("申请人"), text("合同"), Decimal("1000.00"), note=text("说明"))
        lines = (NewLine(test, text("样品"), wants_proposal=True),)
        order = service.create(engineer, NewOrder(lab, lines, terms), NOW)
        messages.write(engineer, Write(order.id, text("留言"), uploads=(self.upload(company),)), NOW)
        attach(engineer, Attach(order.id, (self.upload(company),)), NOW)
        if not submit:
            return
        ordering.submit(engineer, OrderStep(order.id, order.version), NOW)
        question = Review(order.id, order.version, comment=f"请问 {self.word(lab)}")
        reviewing.return_order(desk, question, NOW)
        self.sends(company, lab, order.id)
        (quotation,) = attach(desk, Attach(order.id, (self.upload(lab),), FilePurpose.QUOTATION), NOW)
        attach(desk, Attach(order.id, (self.upload(lab),), internal=True), NOW)
        note_download(engineer, quotation, NOW)
        messages.write(desk, Write(order.id, f"答复 {self.word(lab)}"), NOW)
        messages.write(desk, Write(order.id, f"内部 {self.word(lab)}", internal=True), NOW)

    def leaves(self, company: str, lab: str, start: datetime, answered: bool) -> None:
        """A request with which its company goes to the sister lab, with files, notes and questions, and perhaps an
        answer of the first lab.
        """
        engineer, desk = self.people[f"{company}.engineer"], self.people[f"{lab}.desk"].viewer
        booking = self.asks(company, "chamber", start)
        ident = booking.order_line.order_id
        attach(engineer.viewer, Attach(ident, (self.upload(company),)), NOW)
        attach(engineer.viewer, Attach(ident, (self.upload(company),), FilePurpose.QUOTATION), NOW)
        messages.write(
            engineer.viewer, Write(ident, f"夹具 {self.word(company)}", uploads=(self.upload(company),)), NOW
        )
        messages.write(desk, Write(ident, f"内部 {self.word(lab)}", internal=True, uploads=(self.upload(lab),)), NOW)
        attach(desk, Attach(ident, (self.upload(lab),), internal=True), NOW)
        waits = Stop(ident, booking.order_line.order.version, StopCause.QUESTION, f"请问 {self.word(lab)}")
        stops.stop(desk, waits, NOW)
        if answered:
            attach(desk, Attach(ident, (self.upload(lab),), FilePurpose.QUOTATION), NOW)
            messages.write(desk, Write(ident, f"报价 {self.word(lab)}", uploads=(self.upload(lab),)), NOW)
            messages.write(engineer.viewer, Write(ident, f"太贵 {self.word(company)}"), NOW)
        for file in db.session.query(StoredFile).filter_by(subject_id=ident, internal=False):
            note_download(desk, file, NOW)
        engineer.moves(booking, start, f"换一家 {self.word(company)}", resource="sister-rig")

    def amends(self, company: str, lab: str) -> None:
        """An accepted order; its company asks for another contract number, its lab refused other terms before."""
        engineer, desk = self.people[f"{company}.engineer"].viewer, self.people[f"{lab}.desk"].viewer
        lines = (NewLine("t", f"样品 {self.word(company)}", wants_proposal=True),)
        order = service.create(engineer, NewOrder(lab, lines), NOW)
        ordering.submit(engineer, OrderStep(order.id, order.version), NOW)
        reviewing.accept_order(desk, Review(order.id, order.version, dict.fromkeys(CHECKLIST, True)), NOW)
        for number in (1, 2):
            terms = {"contract_number": f"合同 {self.word(company)}"}
            reason = f"变更 {self.word(company)}"
            amending.propose(engineer, Propose(order.id, order.version, reason, terms), NOW)
            if number == 1:
                amending.refuse(desk, Answer(order.id, 1, order.version, f"不行 {self.word(lab)}"), NOW)

    def sends(self, company: str, lab: str, order_id: str) -> None:
        """Two samples of the order: one received with a deviation and stored, one on its way."""
        engineer, desk = self.people[f"{company}.engineer"].viewer, self.people[f"{lab}.desk"].viewer

        def text(what: str) -> str:
            return f"{what} {self.word(company)}"

        def own(what: str) -> str:
            return f"{what} {self.word(lab)}"

        place = samples.add_place(desk, NewPlace(lab, own("货架"), 3), NOW)
        for name in (text("样车"), text("另一件")):
            identity = Identity(
                name,
                SampleKind.VEHICLE,
                configuration=text("配置"),
                build_level=text("阶段"),
                mileage=12,
                damage=text("损伤"),
                transport_paper=text("文件"),
            )
            sample = samples.register(engineer, RegisterSample(order_id, identity), NOW)
            waybill = text("运单")
            samples.dispatch(engineer, Dispatch(sample.id, sample.version, text("附言"), text("承运"), waybill), NOW)
        samples.receive(desk, Receive(sample.id, sample.version, own("状态"), own("少件")), NOW)
        samples.store(desk, Store(sample.id, sample.version, own("放好"), place.id), NOW)

    def runs(self, company: str, lab: str, resource: str, start: datetime) -> None:
        """A run that stood still, failed, and is to be repeated; and a token of the bench."""
        desk = self.people[f"{lab}.desk"].viewer
        booking = self.starts(company, lab, resource, start)
        runs.pause(desk, Pause(booking.id, booking.version, f"停 {self.word(lab)}", PauseCause.SUPPLY), start)
        runs.resume(desk, Change(booking.id, booking.version), start)
        finish = Finish(booking.id, booking.version, f"泄漏 {self.word(lab)}", Result.FAILED)
        runs.finish(desk, finish, start + timedelta(hours=1))
        bench_tokens.create(desk, NewBenchToken(resource, f"软件 {self.word(lab)}"), start)

    def upload(self, owner: str) -> Upload:
        """A text file that says whose it is, outside and inside."""
        return Upload(f"附件 {self.word(owner)}.txt", BytesIO(f"内容 {self.word(owner)}".encode()))

    def closes(self, lab: str, resource: str, start: datetime, end: datetime) -> None:
        command = closures.CloseResource(resource, start, end, ClosureKind.MAINTENANCE, f"更换 {self.word(lab)}")
        closures.close(self.people[f"{lab}.desk"].viewer, command, self.world.now)

    def _person(self, part: str, user_id: str) -> Person:
        membership = memberships_of(user_id)[-1]
        self.people[part] = Person(self.world, viewer_of(membership), membership.user.email)
        return self.people[part]

    def _invited(self, part: str, manager: Person, seat: Seat, owner: str) -> None:
        address = f"{self.word(owner)}@mail.example"
        _, secret = members.invite(manager.viewer, self.world.now, Invite(address, seat))
        user = members.accept(secret, self.world.now, Accept(f"李{self.word(owner)}", PASSWORD, "zh"))
        self._person(part, user.id)

    def _made(self, part: str, seat: Seat, owner: str) -> None:
        person = accounts.Person(f"{self.word(owner)}@mail.example", f"赵{self.word(owner)}", PASSWORD)
        self._person(part, members.create(System(), self.world.now, person, seat).user_id)

    def _subscriptions(self, person: Person) -> list[Subscribe]:
        if person.viewer.is_company:
            return [Subscribe(FeedScope.COMPANY), Subscribe(FeedScope.ME), *self._resources()]
        if person.viewer.is_lab:
            (lab,) = person.viewer.lab_ids
            return [Subscribe(FeedScope.LAB, lab), Subscribe(FeedScope.ME), *self._resources()]
        return []

    def _resources(self) -> list[Subscribe]:
        return [Subscribe(FeedScope.RESOURCE, resource) for resource in ("chamber", "shaker")]


def open_market(world: World) -> Market:
    """Everybody is there, everything has happened; it is Monday the 2nd of November, 9:00."""
    market = Market(world)
    world.now = at(1, 9, month=9)
    world.bench(lab="here")
    world.resource("shaker", "here", places=3)
    world.resource("sister-rig", "sister")
    world.resource("far-rig", "elsewhere")
    world.test("s", on="shaker")
    world.capable("far-rig", "t")
    world.capable("sister-rig", "t")
    for name in COMPANIES:
        market.company(name)
    for lab in LABS:
        market.lab_people(lab)
    market.authorities()
    _what_is_over(market)
    _what_came_to_nothing(market)
    _what_is_to_come(market)
    _what_labs_set(market)
    world.now = NOW
    market.secrets()
    market.subscribes()
    market.asks_to_join("jia.engineer", "yi")
    with suppress(SignInRefused):
        accounts.sign_in(Lockout(5, timedelta(minutes=15)), NOW, SignIn(f"{market.word('jia')}@mail.example", "?"))
    for job in jobs.names():
        jobs.run_now(market.people["admin"].viewer, job, NOW)
    # Lapsed, and no job has come by.
    world.now = NOW - timedelta(hours=3)
    market.people["jia.engineer"].holds(at(24), "shaker", "s", sample=market.word("jia"))
    world.now = NOW
    return market


def _what_labs_set(market: Market) -> None:
    """Shifts, days, rules, exceptions, states, limitations, approvals and deputies of a lab, and who waits."""
    market.world.now = NOW
    desk, crew = market.people["here.desk"], market.people["here.crew"]
    yi = market.people["yi.engineer"]
    seen, lab, word = db.session.get_one(Lab, "here"), "here", market.word
    shifts = (Shift(frozenset(range(5)), 510, 1050),)
    far, last = date(2027, 3, 1), date(2027, 3, 31)
    pattern = SetPattern(
        lab, None, "shaker", f"班次 {word(lab)}", "", shifts, False, False, far, last, False, seen.setup_version
    )
    calendars.set_pattern(desk.viewer, pattern, NOW)
    for audience, on in ((Audience.COMPANY, date(2026, 11, 7)), (Audience.RESERVE, date(2026, 11, 8))):
        company_id = yi.viewer.organisation_id if audience is Audience.COMPANY else None
        version = db.session.get_one(Lab, lab).setup_version
        names = (f"加班 {word(lab)}", f"Extra {word(lab)}")
        day = SetDays(lab, "chamber", on, on, ((510, 1050),), *names, audience, company_id, version)
        calendars.set_days(desk.viewer, day, NOW)
    version = db.session.get_one(Lab, lab).setup_version
    at_once = SetRule(lab, "shaker", AT_ONCE, [market.people["bing.engineer"].viewer.organisation_id], version)
    house_rules.set_rule(desk.viewer, at_once, NOW)
    waive = Waive(lab, yi.viewer.organisation_id or "", AT_ONCE, last, f"例外 {word(lab)}")
    house_rules.waive(desk.viewer, waive, NOW)
    arranging.set_states(desk.viewer, lab, "chamber", [(None, f"状态 {word(lab)}", f"State {word(lab)}")], {}, NOW)
    limit = Limit("shaker", "temperature", None, 60, at(2), at(20), f"限制 {word(lab)}")
    limitations.limit(desk.viewer, limit, NOW)
    targets.set_target(desk.viewer, SetTarget(lab, 30), NOW)
    approving.set_steps(desk.viewer, lab, [Step(f"步 {word(lab)}", desk.viewer.user_id or "", None, 9)], NOW)
    people = (desk.viewer.user_id or "", crew.viewer.user_id or "")
    approving.name_deputy(desk.viewer, lab, *people, far, last, NOW)
    seats = {(desk.viewer.membership_id or "", right) for right in Right}
    rights.set_rights(desk.viewer, SetRights(lab, frozenset(seats), False), NOW)
    market.people["jia.engineer"].requests(at(26), "chamber", sample=word("jia"))
    # Long enough ago to be told at once of what is free.
    waiting.wait(yi.viewer, Wait("t", at(5), at(27), lab), NOW - timedelta(days=8))


def _what_is_over(market: Market) -> None:
    """Seven lines with reports, five of them here of three companies; one whose report is still to come."""
    market.issues_versions("jia", "here", "chamber", at(12, month=10))
    for company, day in (("jia", 13), ("yi", 14), ("yi", 15), ("bing", 16)):
        market.issues(company, "here", "chamber", at(day, month=10))
    market.issues("yi", "elsewhere", "far-rig", at(14, month=10))
    market.issues("yi", "sister", "sister-rig", at(15, month=10))
    market.completes("jia", "here", "chamber", at(27, month=10))
    market.runs("jia", "here", "chamber", at(29, month=10))
    missed = market.confirms("jia", "here", "chamber", at(28, month=10))
    market.world.now = missed.starts_at + FOUR_HOURS
    market.people["here.desk"].does("no-show", missed, market.word("here"))


def _what_came_to_nothing(market: Market) -> None:
    desk, engineer = market.people["here.desk"], market.people["jia.engineer"]
    desk.does("decline", market.asks("jia", "chamber", at(20)), f"婉拒 {market.word('here')}")
    desk.does("cancel", market.confirms("jia", "here", "chamber", at(20)), f"停用 {market.word('here')}")
    engineer.does("cancel", market.asks("jia", "chamber", at(20)), f"撤回 {market.word('jia')}")
    market.asks("jia", "chamber", at(23), hold=True)
    market.world.now = at(30, 15, month=10)
    lapse_all(market.world.now)


def _what_is_to_come(market: Market) -> None:
    desk, engineer = market.people["here.desk"], market.people["jia.engineer"]
    market.starts("jia", "here", "chamber", at(2))
    market.asks("jia", "shaker", at(5), "s", hold=True)
    market.asks("jia", "chamber", at(6))
    market.confirms("jia", "here", "chamber", at(9))
    engineer.moves(market.confirms("jia", "here", "chamber", at(10)), at(11), f"改期 {market.word('jia')}")
    desk.moves(market.confirms("jia", "here", "chamber", at(12)), at(13), f"检修 {market.word('here')}")
    proposed = desk.moves(market.confirms("jia", "here", "chamber", at(16)), at(19), f"检修 {market.word('here')}")
    engineer.does("refuse-move", proposed, f"不便 {market.word('jia')}")
    market.confirms("yi", "here", "shaker", at(5), "s")
    market.asks("yi", "chamber", at(25))
    market.asks("yi", "far-rig", at(6))
    market.confirms("bing", "sister", "sister-rig", at(6))
    market.orders("jia", "here")
    market.amends("yi", "here")
    market.leaves("jia", "here", at(3, month=12), answered=False)
    market.leaves("jia", "here", at(4, month=12), answered=True)
    market.orders("yi", "here", submit=False)
    market.closes("here", "chamber", at(17), at(18, 17, 30))
    market.closes("elsewhere", "far-rig", at(17), at(18, 17, 30))
