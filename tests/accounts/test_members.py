"""Invitations by link, and the end of a membership."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine

from app.accounts import members
from app.accounts.members import Accept, Invite, Seat
from app.accounts.models import Invitation, Membership, Role
from app.accounts.queries import memberships_of, user_by_email
from app.accounts.rules import AlreadyMember, InvitationGone, LabsMissing, LastManager, RoleDoesNotFit
from app.database import db
from app.errors import Forbidden, NotFound
from tests.http import browser, program
from tests.world import Person

NEW = {"name": "新同事", "password": "correct horse battery"}


@pytest.fixture
def company(world):
    return world.engineer("甲公司").viewer.organisation_id


@pytest.fixture
def manager(world, company) -> Person:
    return world.member(company, Role.COMPANY_MANAGER)


def invited(manager: Person, email="new@test.example", role=Role.ENGINEER, lab_ids=()):
    seat = Seat(manager.viewer.organisation_id, role, tuple(lab_ids))
    return members.invite(manager.viewer, manager.world.now, Invite(email, seat))


def link_in(page: str) -> str:
    return re.search(r'value="[^"]*(/accounts/join/[^"]+)"', page)[1]


def test_the_link_is_shown_once_and_makes_a_member_once(manager, clean):
    client = browser(clean, manager)
    answer = client.post("/accounts/members", data={"email": "new@test.example", "role": "engineer"})
    assert answer.status_code == 201
    link = link_in(answer.text)
    assert link.rpartition("/")[2] not in client.get("/accounts/members").text
    guest = browser(clean)
    assert "甲公司 邀请您加入，角色是工程师。" in guest.get(link).text
    assert guest.post(link, data=NEW).status_code == 303
    assert "甲公司·工程师" in guest.get("/accounts/").text
    for again in (guest, browser(clean)):
        assert again.get(link).status_code == 404
        assert again.post(link, data=NEW).status_code == 404
    assert user_by_email("new@test.example").name == "新同事"


def test_all_that_is_wrong_with_an_invitation_is_said_at_once(world, clean):
    world.resource("bench", "lab-1")
    world.resource("other", "lab-2")
    answer = browser(clean, world.lab_admin("lab-1", "lab-2")).post(
        "/accounts/members", data={"email": "nobody", "role": "bench_crew"}
    )
    assert answer.status_code == 422 and answer.text.count("请选择这个机构的至少一个实验室。") == 1
    assert "请填邮箱地址" in answer.text


def test_who_joins_is_told_all_that_is_wrong_at_once(manager, clean):
    sent = {"email": "new@test.example", "role": "engineer"}
    link = link_in(browser(clean, manager).post("/accounts/members", data=sent).text)
    answer = browser(clean).post(link, data={"name": "", "password": "short"})
    assert answer.status_code == 422 and answer.text.count('aria-invalid="true"') == 2
    answer = browser(clean).post(link, data={"name": "新", "password": "new@test.example"})
    assert answer.status_code == 422 and "密码不能是邮箱地址。" in answer.text


def test_only_the_digest_of_the_secret_is_stored(manager):
    invitation, secret = invited(manager)
    row = db.session.query(Invitation).one()
    assert row is invitation and secret not in (row.id, row.digest, row.email)
    assert len(secret) >= 32


def test_two_clicks_at_once_make_one_member(manager, clean):
    _, secret = invited(manager)
    db.session.commit()

    def click(_number):
        with clean.app_context():
            return browser(clean).post(f"/accounts/join/{secret}", data=NEW).status_code

    with time_machine.travel(manager.world.now, tick=False), ThreadPoolExecutor(4) as crowd:
        answers = sorted(crowd.map(click, range(4)))
    assert answers[0] == 303 and set(answers[1:]) <= {404, 422}
    user = user_by_email("new@test.example")
    assert db.session.query(Membership).filter_by(user_id=user.id).count() == 1


def test_a_link_ends_after_seven_days(manager, clean):
    _, secret = invited(manager)
    for days, status in ((6, 200), (7, 404)):
        with time_machine.travel(manager.world.now + timedelta(days=days), tick=False):
            assert browser(clean).get(f"/accounts/join/{secret}").status_code == status
    with pytest.raises(InvitationGone):
        members.accept(secret, manager.world.now + timedelta(days=7), Accept("新同事", NEW["password"], "zh"))


def test_a_revoked_link_is_gone(manager, clean):
    invitation, secret = invited(manager)
    with time_machine.travel(manager.world.now, tick=False):
        answer = browser(clean, manager).post(f"/accounts/invitations/{invitation.id}/revoke")
        assert answer.status_code == 303
        assert browser(clean).get(f"/accounts/join/{secret}").status_code == 404


def test_somebody_with_an_account_signs_in_first_and_joins(world, manager, clean):
    other = world.engineer("乙公司")
    _, secret = invited(manager, email=other.email)
    with time_machine.travel(world.now, tick=False):
        assert f"/accounts/sign-in?next=/accounts/join/{secret}" in browser(clean).get(f"/accounts/join/{secret}").text
        client = browser(clean, other)
        assert client.post(f"/accounts/join/{secret}").status_code == 303
        assert "甲公司·工程师" in client.get("/accounts/").text
    assert len(memberships_of(other.viewer.user_id)) == 2


def test_an_account_can_not_be_taken_over_by_a_link(world, manager, clean):
    other = world.engineer("乙公司")
    _, secret = invited(manager, email=other.email)
    with time_machine.travel(world.now, tick=False):
        assert browser(clean).post(f"/accounts/join/{secret}", data=NEW).status_code == 200
    assert user_by_email(other.email).password_hash == "!"


def test_a_link_for_another_address_is_refused(world, manager, clean):
    _, secret = invited(manager)
    with time_machine.travel(world.now, tick=False):
        answer = browser(clean, world.engineer("乙公司")).post(f"/accounts/join/{secret}")
    assert answer.status_code == 403 and "这个邀请发给了另一个邮箱" in answer.text


def test_who_is_a_member_already_is_not_invited_again(world, manager):
    colleague = world.member(manager.viewer.organisation_id, Role.ENGINEER)
    with pytest.raises(AlreadyMember):
        invited(manager, email=colleague.email.upper())


# Who may give what


def test_a_manager_gives_company_roles_of_his_company_only(world, manager):
    invited(manager, role=Role.COMPANY_MANAGER, email="a@test.example")
    other = world.engineer("乙公司").viewer.organisation_id
    for seat in (
        Seat(other, Role.ENGINEER),
        Seat(manager.viewer.organisation_id, Role.LAB_ADMIN, ("lab",)),
        Seat(manager.viewer.organisation_id, Role.LAB_ADMIN),
        Seat(manager.viewer.organisation_id, Role.COORDINATOR),
        Seat(manager.viewer.organisation_id, Role.SYSTEM_ADMIN),
    ):
        with pytest.raises(Forbidden):
            members.invite(manager.viewer, world.now, Invite("b@test.example", seat))


def test_a_lab_administrator_gives_lab_roles_of_his_labs_only(world):
    world.lab("lab"), world.lab("other")
    admin = world.lab_admin("lab")
    invited(admin, role=Role.BENCH_CREW, lab_ids=["lab"])
    for role, labs in ((Role.BENCH_CREW, ["other"]), (Role.LAB_ADMIN, ["lab", "other"]), (Role.ENGINEER, [])):
        with pytest.raises(Forbidden):
            invited(admin, email="b@test.example", role=role, lab_ids=labs)


@pytest.mark.parametrize("role", [Role.ENGINEER, Role.BENCH_CREW, Role.COORDINATOR])
def test_others_invite_nobody(world, clean, company, role):
    world.lab("lab")
    person = world.bench_crew("lab") if role is Role.BENCH_CREW else world.member(company, role)
    with pytest.raises(Forbidden):
        members.invite(
            person.viewer, world.now, Invite("b@test.example", Seat(person.viewer.organisation_id, role, ("lab",)))
        )
    client = browser(clean, person)
    assert client.get("/accounts/members").status_code == 403
    assert client.post("/accounts/members", data={"email": "b@test.example", "role": role}).status_code == 403


def test_a_tampered_form_gives_no_other_role(manager, clean):
    data = {"email": "b@test.example", "role": "system_admin"}
    answer = browser(clean, manager).post("/accounts/members", data=data)
    assert answer.status_code == 422
    assert db.session.query(Invitation).count() == 0


def test_the_administrator_gives_every_role_that_fits(world, company):
    world.lab("lab"), world.lab("foreign", "别家中心")
    admin = world.member(world.coordinator().viewer.organisation_id, Role.SYSTEM_ADMIN)
    operator = world.lab_admin("lab").viewer.organisation_id
    authority = admin.viewer.organisation_id

    def invite(seat):
        return members.invite(admin.viewer, world.now, Invite("b@test.example", seat))

    for seat in (
        Seat(company, Role.ENGINEER),
        Seat(operator, Role.LAB_ADMIN, ("lab",)),
        Seat(authority, Role.COORDINATOR),
        Seat(authority, Role.SYSTEM_ADMIN),
    ):
        invite(seat)
    for seat, refusal in (
        (Seat(authority, Role.ENGINEER), RoleDoesNotFit),
        (Seat(operator, Role.LAB_ADMIN), LabsMissing),
        (Seat(operator, Role.LAB_ADMIN, ("foreign",)), LabsMissing),
        (Seat("nowhere", Role.ENGINEER), NotFound),
    ):
        with pytest.raises(refusal):
            invite(seat)


def test_nobody_sees_the_members_of_others(world, manager, clean):
    other = world.member(world.engineer("乙公司").viewer.organisation_id, Role.COMPANY_MANAGER)
    client = browser(clean, manager)
    assert other.email not in client.get("/accounts/members").text
    for unseen in (other.viewer.organisation_id, "nowhere"):
        assert client.get(f"/accounts/members?organisation={unseen}").status_code == 404
    assert client.post(f"/accounts/members/{other.viewer.membership_id}/end").status_code == 404
    invitation, _ = invited(other)
    with time_machine.travel(world.now, tick=False):
        answer = browser(clean, manager).post(f"/accounts/invitations/{invitation.id}/revoke")
        assert answer.status_code == 404


# The end


def test_an_ended_membership_stops_session_and_token_at_once(world, manager, clean):
    engineer = world.member(manager.viewer.organisation_id, Role.ENGINEER)
    client, token = browser(clean, engineer), program(engineer)
    assert client.get("/api/v1/bookings", headers=token).status_code == 200
    assert browser(clean, manager).post(f"/accounts/members/{engineer.viewer.membership_id}/end").status_code == 303
    assert client.get("/api/v1/bookings", headers=token).status_code == 401
    page = client.get("/accounts/", follow_redirects=True)
    assert "您的账号现在不属于任何机构" in page.text


def test_the_last_manager_stays(world, manager):
    with pytest.raises(LastManager):
        members.end(manager.viewer, manager.viewer.membership_id, world.now)
    second = world.member(manager.viewer.organisation_id, Role.COMPANY_MANAGER)
    members.end(second.viewer, manager.viewer.membership_id, world.now)
    with pytest.raises(LastManager):
        members.end(second.viewer, second.viewer.membership_id, world.now)


def test_a_lab_keeps_an_administrator(world):
    world.lab("lab"), world.lab("other")
    first, both = world.lab_admin("lab"), world.lab_admin("lab", "other")
    with pytest.raises(LastManager):
        members.end(both.viewer, both.viewer.membership_id, world.now)
    members.end(first.viewer, first.viewer.membership_id, world.now)


def test_who_left_can_come_back(world, manager):
    engineer = world.member(manager.viewer.organisation_id, Role.ENGINEER)
    members.end(manager.viewer, engineer.viewer.membership_id, world.now)
    _, secret = invited(manager, email=engineer.email)
    assert members.join(engineer.viewer.user_id, secret, world.now).id == engineer.viewer.membership_id


def test_choosing_between_ones_own_memberships(world, manager, clean):
    other = world.engineer("乙公司")
    _, secret = invited(manager, email=other.email)
    joined = members.join(other.viewer.user_id, secret, world.now + timedelta(hours=1))
    client = browser(clean, other)
    assert "乙公司·工程师</a>" in client.get("/accounts/").text
    assert client.post(f"/accounts/membership/{joined.id}").status_code == 303
    assert "甲公司·工程师</a>" in client.get("/accounts/").text
    assert client.post(f"/accounts/membership/{manager.viewer.membership_id}").status_code == 404
    assert "甲公司·工程师</a>" in client.get("/accounts/").text
