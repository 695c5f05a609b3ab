"""Joining by request: who asks, who answers, and who never hears of it."""

import pytest

from app.accounts import joining
from app.accounts.joining import Ask
from app.accounts.models import JoinRequest, Organisation, Role
from app.accounts.queries import memberships_of
from app.accounts.rules import AlreadyMember, credit_check_digit
from app.database import db, transaction
from app.errors import Invalid, NotFound
from tests.http import browser
from tests.world import Person, World

FIRST17 = "91500000MA0000001"
CODE = FIRST17 + credit_check_digit(FIRST17)


@pytest.fixture
def company(world: World) -> str:
    organisation_id = world.engineer("甲公司").viewer.organisation_id or ""
    with transaction() as session:
        session.get_one(Organisation, organisation_id).credit_code = CODE
    return organisation_id


def asks(person: Person, command: Ask) -> JoinRequest:
    return joining.ask(person.viewer.user_id or "", person.world.now, command)


def roles(person: Person) -> set[tuple[str, Role]]:
    return {(seat.organisation_id, seat.role) for seat in memberships_of(person.viewer.user_id or "")}


def test_who_asked_joins_once_a_manager_agrees(world: World, company: str, clean) -> None:
    person, manager = world.engineer("乙公司"), world.member(company, Role.COMPANY_MANAGER)
    guest, desk = browser(clean, person), browser(clean, manager)
    sent = {"role": "engineer", "credit_code": f" {CODE.lower()} ", "lab_id": "", "text": "底盘部的小李"}
    assert guest.post("/accounts/ask", data=sent).status_code == 303
    assert "等答复" in guest.get("/accounts/ask").text
    assert "底盘部的小李" in desk.get("/accounts/members").text
    (row,) = db.session.query(JoinRequest)
    assert desk.post(f"/accounts/requests/{row.id}/accept").status_code == 303
    assert (company, Role.ENGINEER) in roles(person)
    assert "已加入" in guest.get("/accounts/ask").text
    assert "底盘部的小李" not in desk.get("/accounts/members").text
    assert desk.post(f"/accounts/requests/{row.id}/accept").status_code == 404
    assert desk.post(f"/accounts/requests/{row.id}/maybe").status_code == 404
    with pytest.raises(AlreadyMember):
        asks(person, Ask(Role.ENGINEER, CODE))


def test_who_was_not_taken_has_no_seat_and_may_ask_again(world: World, company: str) -> None:
    person, manager = world.engineer("乙公司"), world.member(company, Role.COMPANY_MANAGER)
    row = asks(person, Ask(Role.ENGINEER, CODE))
    assert asks(person, Ask(Role.ENGINEER, CODE)).id == row.id
    joining.decide(manager.viewer, row.id, False, world.now)
    assert (company, Role.ENGINEER) not in roles(person)
    assert asks(person, Ask(Role.ENGINEER, CODE)).id != row.id


def test_a_lab_answers_for_its_own_seats_alone(world: World, company: str) -> None:
    world.bench()
    world.resource("other", "elsewhere")
    person = world.engineer("乙公司")
    at_lab, in_company = asks(person, Ask(Role.BENCH_CREW, lab_id="lab")), asks(person, Ask(Role.ENGINEER, CODE))
    desk, elsewhere = world.lab_admin("lab"), world.lab_admin("elsewhere")
    manager, colleague = world.member(company, Role.COMPANY_MANAGER), world.engineer("甲公司")
    assert [row.id for row in joining.waiting(desk.viewer, desk.viewer.organisation_id or "")] == [at_lab.id]
    assert [row.id for row in joining.waiting(manager.viewer, company)] == [in_company.id]
    for stranger in (elsewhere, colleague, person):
        for row in (at_lab, in_company):
            with pytest.raises(NotFound):
                joining.decide(stranger.viewer, row.id, True, world.now)
    with pytest.raises(NotFound):
        joining.decide(manager.viewer, at_lab.id, True, world.now)
    joining.decide(desk.viewer, at_lab.id, True, world.now)
    (seat,) = [seat for seat in memberships_of(person.viewer.user_id or "") if seat.role is Role.BENCH_CREW]
    assert seat.lab_ids == ["lab"]


@pytest.mark.parametrize(
    ("command", "field"),
    [
        (Ask(Role.ENGINEER), "credit_code"),
        (Ask(Role.ENGINEER, CODE[:-1]), "credit_code"),
        (Ask(Role.ENGINEER, "91500000MA0000002" + credit_check_digit("91500000MA0000002")), "credit_code"),
        (Ask(Role.LAB_ADMIN), "lab_id"),
        (Ask(Role.LAB_ADMIN, CODE, lab_id="nowhere"), "lab_id"),
    ],
)
def test_what_fits_nowhere_is_refused_at_its_field(world: World, company: str, command: Ask, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        asks(world.engineer("乙公司"), command)
    assert refused.value.field == field
    assert db.session.query(JoinRequest).count() == 0


@pytest.mark.parametrize(
    ("role", "said"), [("engineer", "统一社会信用代码是 18 位"), ("lab_admin", "请选实验室。")], ids=["company", "lab"]
)
def test_all_that_is_wrong_is_said_at_once(world: World, company: str, clean, role: str, said: str) -> None:
    client = browser(clean, world.engineer("乙公司"))
    answer = client.post("/accounts/ask", data={"role": role, "credit_code": "", "lab_id": "", "text": ""})
    assert answer.status_code == 422 and answer.text.count(said) == 1
    assert answer.text.count('aria-invalid="true"') == 2


def test_nobody_has_more_than_five_requests_open(world: World) -> None:
    for number in range(6):
        world.resource(f"bench-{number}", f"lab-{number}")
    person = world.engineer("乙公司")
    for number in range(5):
        asks(person, Ask(Role.BENCH_CREW, lab_id=f"lab-{number}"))
    with pytest.raises(Invalid):
        asks(person, Ask(Role.BENCH_CREW, lab_id="lab-5"))


def test_who_belongs_nowhere_can_ask(world: World, company: str, clean) -> None:
    assert browser(clean).get("/accounts/ask").headers["Location"].startswith("/accounts/sign-in")
