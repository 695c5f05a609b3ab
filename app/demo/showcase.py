"""One order of the demo from draft to report, so that every page has something to show: two battery packs, custody, a
run with a pause, one that failed, messages, and a report that was withdrawn and replaced. All of it says 示例.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from io import BytesIO

from app.accounts.policy import Viewer
from app.booking import offers, ordering, service
from app.booking.models import Booking
from app.booking.ordering import OrderStep
from app.booking.rules import State
from app.booking.service import Book
from app.booking.settings import limits
from app.booking.steps import Change
from app.database import db
from app.demo import behaviour
from app.files import service as files
from app.files.models import StoredFile
from app.files.service import Upload
from app.labs.models import Test
from app.labs.queries import tests_at
from app.orders import messages, reviewing
from app.orders import service as orders
from app.orders.messages import Write
from app.orders.models import Order, Purpose, Remains, ReportLanguage
from app.orders.reviewing import Review
from app.orders.rules import CHECKLIST
from app.orders.service import NewLine, NewOrder, Terms
from app.samples import queries as sample_queries
from app.samples import service as samples
from app.samples.models import Sample
from app.samples.rules import SampleKind
from app.samples.service import Dispatch, Identity, NewPlace, Receive, Register, SampleStep, Store
from app.testing import reports, runs
from app.testing.models import TestReport
from app.testing.reports import Draft, Issue, ReportStep
from app.testing.run_rules import PauseCause, Result
from app.testing.runs import Finish, Pause

NAMES = ("示例电池包 01", "示例电池包 02")
SAMPLE_KIND, LONGEST, LEAD = "pack", timedelta(days=3), timedelta(days=10)
PLACE = "示例货架 A"


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays: the company's engineer, the lab's desk and its crew."""

    engineer: Viewer
    desk: Viewer
    crew: Viewer
    lab_id: str


def tell(cast: Cast, began: datetime) -> Iterator[datetime]:
    """Gives each instant at which something happens next; what happens then is done when it is asked to go on."""
    tests = _tests(cast.lab_id)
    if len(tests) < len(NAMES):
        return
    at = behaviour.in_office(began)
    yield at
    order_id = _drafts(cast, tests, at)
    bookings = [_books(cast, order_id, test, name, at) for test, name in zip(tests, NAMES, strict=True)]
    ordering.submit(cast.engineer, OrderStep(order_id, _version(order_id)), at)
    at = behaviour.in_office(at + timedelta(days=1))
    yield at
    _accepts(cast, order_id, bookings, at)
    packs = sample_queries.samples_of(cast.engineer, [order_id])
    at = behaviour.in_office(at + timedelta(days=2))
    yield at
    for pack in packs:
        command = Dispatch(pack.id, pack.version, carrier="示例物流", waybill="SL-2026-0001")
        samples.dispatch(cast.engineer, command, at)
    at = behaviour.in_office(at + timedelta(days=2))
    yield at
    _receives(cast, packs, at)
    first, second = sorted(bookings, key=lambda booking: booking.starts_at)
    yield from _passes(cast, first)
    yield from _fails(cast, second)
    yield from _reports(cast, first, max(first.order_line.ended_at or at, second.order_line.ended_at or at))
    at = behaviour.in_office((second.order_line.ended_at or at) + timedelta(days=14))
    yield at
    samples.give_back(cast.desk, SampleStep(packs[0].id, packs[0].version, "示例：原包装退回"), at)


def _tests(lab_id: str) -> list[Test]:
    """The two shortest tests of packs at the lab that leave the pack whole."""
    found = [
        test
        for test in tests_at(lab_id)
        if test.sample_kind == SAMPLE_KIND
        and not test.destructive
        and timedelta(minutes=test.setup_minutes + test.run_minutes + test.teardown_minutes) <= LONGEST
    ]
    return sorted(found, key=lambda test: (test.run_minutes, test.id))[: len(NAMES)]


def _version(order_id: str) -> int:
    return db.session.get_one(Order, order_id).version


def _drafts(cast: Cast, tests: list[Test], at: datetime) -> str:
    terms = Terms(
        purpose=Purpose.DEVELOPMENT,
        decision_rule="示例：按标准限值判定，不计测量不确定度",
        applicant="示例整车甲 试验部",
        contract_number="示例-HT-0001",
        amount=Decimal("86000.00"),
        witness=True,
        remains=Remains.RETURN,
        report_language=ReportLanguage.BOTH,
        note="示例数据",
    )
    lines = tuple(NewLine(test.id, name) for test, name in zip(tests, NAMES, strict=True))
    order = orders.create(cast.engineer, NewOrder(cast.lab_id, lines, terms), at)
    for number, name in enumerate(NAMES, 1):
        identity = Identity(
            name,
            SampleKind.BATTERY,
            configuration="示例：三元 90 kWh，液冷",
            build_level="PT",
            state_of_charge=50,
            transport_paper=f"示例-UN38.3-{number:02d}",
        )
        samples.register(cast.engineer, Register(order.id, identity), at)
    messages.write(cast.engineer, Write(order.id, "示例：两个电池包同批次，请尽量连续安排。"), at)
    return order.id


def _books(cast: Cast, order_id: str, test: Test, name: str, at: datetime) -> Booking:
    """The earliest time some days ahead."""
    question = offers.Question(test.id, at + LEAD, lab_id=cast.lab_id)
    offer = offers.offers(question, at, limits(), limit=1)[0]
    resource = offer.slot.bench.resource_id
    return service.book(
        cast.engineer, Book(test.id, resource, offer.starts_at, State.HELD, sample=name, order_id=order_id), at
    )


def _accepts(cast: Cast, order_id: str, bookings: list[Booking], at: datetime) -> None:
    command = Review(order_id, _version(order_id), dict.fromkeys(CHECKLIST, True), "示例：资料齐全")
    reviewing.accept_order(cast.desk, command, at)
    for booking in bookings:
        service.confirm(cast.desk, Change(booking.id, booking.version), at)
    messages.write(cast.desk, Write(order_id, "示例：已受理，两项连续安排。见证请提前一天联系。"), at)
    messages.write(cast.desk, Write(order_id, "示例：夹具 3 号，注意绝缘垫。", internal=True), at)


def _receives(cast: Cast, packs: list[Sample], at: datetime) -> None:
    """One as ordered, one with a scratch that the company has to answer for."""
    known = {place.name: place for place, _lab, _taken in sample_queries.places(cast.desk, [cast.lab_id])}
    place = known.get(PLACE) or samples.add_place(cast.desk, NewPlace(cast.lab_id, PLACE, 12), at)
    whole, scratched = packs
    samples.receive(cast.crew, Receive(whole.id, whole.version, "示例：包装完好"), at)
    samples.receive(cast.crew, Receive(scratched.id, scratched.version, "示例：外壳有划痕", "示例：外壳划痕 5 cm"), at)
    samples.answer_deviation(cast.engineer, SampleStep(scratched.id, scratched.version, "示例：不影响试验"), at)
    for pack in packs:
        samples.store(cast.crew, Store(pack.id, pack.version, place_id=place.id), at)


def _passes(cast: Cast, booking: Booking) -> Iterator[datetime]:
    """With a pause of forty minutes."""
    at = booking.starts_at
    yield at
    service.start(cast.crew, Change(booking.id, booking.version), at)
    length = (booking.ends_at - at) / 4
    yield at + length
    runs.pause(cast.crew, Pause(booking.id, booking.version, "示例：采集通道掉线", PauseCause.EQUIPMENT), at + length)
    again = at + length + timedelta(minutes=40)
    yield again
    runs.resume(cast.crew, Change(booking.id, booking.version), again)
    at = booking.ends_at
    yield at
    runs.finish(cast.crew, Finish(booking.id, booking.version, "示例：无异常", Result.PASSED), at)


def _fails(cast: Cast, booking: Booking) -> Iterator[datetime]:
    at = booking.starts_at
    yield at
    service.start(cast.crew, Change(booking.id, booking.version), at)
    at = booking.ends_at
    yield at
    runs.finish(cast.crew, Finish(booking.id, booking.version, "示例：绝缘电阻低于限值", Result.FAILED), at)


def _reports(cast: Cast, booking: Booking, after: datetime) -> Iterator[datetime]:
    """Issued, withdrawn for a wrong sample number, replaced."""
    at = behaviour.in_office(after + timedelta(days=3))
    yield at
    report = _issues(cast, booking, 1, 0, at)
    stored = db.session.get_one(StoredFile, report.file_id)
    files.note_download(cast.engineer, stored, at)
    at = behaviour.in_office(at + timedelta(days=2))
    yield at
    reports.withdraw(cast.desk, ReportStep(report.id, report.version, "示例：样品编号写错"), at)
    at = behaviour.in_office(at + timedelta(days=1))
    yield at
    _issues(cast, booking, 2, report.version, at)


def _issues(cast: Cast, booking: Booking, edition: int, version: int, at: datetime) -> TestReport:
    code = booking.order_line.order.code[1:]
    upload = Upload(
        f"demo-report-{edition}.pdf", BytesIO(page(f"Demo report {code}, edition {edition}. No real test."))
    )
    report = reports.draft(cast.desk, Draft(booking.id, version, upload), at)
    reports.review(cast.desk, ReportStep(report.id, report.version), at)
    reports.approve(cast.desk, ReportStep(report.id, report.version), at)
    number = f"示例-{code}" + (f"-{edition}" if edition > 1 else "")
    return reports.issue(cast.desk, Issue(report.id, report.version, number=number, issued_on=at), at)


def page(text: str) -> bytes:
    """A PDF of one page with one line of ASCII text (ISO 32000-1, 7.5)."""
    drawn = f"BT /F1 14 Tf 60 780 Td ({text}) Tj ET".encode("ascii")
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(drawn), drawn),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    made, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(made))
        made += b"%d 0 obj%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    head = b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R>>\n" % (size, table, size)
    return made + head + b"startxref\n%d\n%%%%EOF\n" % len(made)
