"""A company registers itself; its first user is its manager."""

import pytest

from app.accounts.models import Membership, Organisation, Role, User
from app.accounts.queries import user_by_email
from app.database import db
from app.events.log import history
from tests.http import browser

COMPANY = {
    "name_zh": "重庆某某汽车有限公司",
    "short_zh": "某某汽车",
    "name_en": "Someone Motor",
    "province": "重庆市",
    "city": "重庆市",
    "credit_code": "9150000020286320X6",
    "name": "王工",
    "email": "wang@someone.example",
    "password": "correct horse battery",
}


def register(clean, **changes):
    return browser(clean).post("/accounts/register", data=COMPANY | changes)


def test_a_company_and_its_manager(world, clean):
    client = browser(clean)
    assert client.post("/accounts/register", data=COMPANY).headers["Location"] == "/"
    assert "某某汽车·企业管理员" in client.get("/accounts/").text
    company = db.session.query(Organisation).one()
    assert (company.province, company.credit_code, company.demo) == ("重庆市", "9150000020286320X6", False)
    membership = db.session.query(Membership).one()
    assert membership.role is Role.COMPANY_MANAGER
    assert [event.kind for event in history(membership.id)] == ["membership.registered"]
    assert COMPANY["password"] not in user_by_email(COMPANY["email"]).password_hash


def test_without_short_and_english_name_the_full_one_is_shown(world, clean):
    register(clean, short_zh="", name_en="")
    company = db.session.query(Organisation).one()
    assert (company.short_zh, company.name_en) == (COMPANY["name_zh"], "")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("credit_code", "9150000020286320X7", "最后一位校验不符"),
        ("credit_code", "123", "18 位数字和大写字母"),
        ("name_zh", "", 'id="name_zh-note"'),
        ("name_zh", "名" * 101, 'id="name_zh-note"'),
        ("province", "", 'id="province-note"'),
        ("province", "月球", 'id="province-note"'),
        ("city", "", 'id="city-note"'),
        ("email", "not an address", 'id="email-note"'),
        ("password", "short", "密码要 10 到 200 个字符。"),
        ("password", "wang@someone.example", "密码不能是邮箱地址。"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_is_kept(world, clean, field, value, said):
    answer = register(clean, **{field: value})
    assert answer.status_code == 422
    assert said in answer.text
    assert 'aria-invalid="true"' in answer.text
    kept = "city" if field != "city" else "name_zh"
    assert f'value="{COMPANY[kept]}"' in answer.text
    assert db.session.query(Organisation).count() == db.session.query(User).count() == 0


def test_all_that_is_wrong_is_said_at_once(world, clean):
    answer = register(clean, city="", province="", credit_code="9150000020286320X7", email="nobody", password="short")
    for field in ("city", "province", "email"):
        assert f'id="{field}-note"' in answer.text
    assert "最后一位校验不符" in answer.text
    assert "密码要 10 到 200 个字符。" in answer.text
    assert answer.text.count('aria-invalid="true"') == 5


def test_a_fault_is_said_once(world, clean):
    assert register(clean, password="short").text.count("密码要 10 到 200 个字符。") == 1


def test_a_password_is_never_sent_back(world, clean):
    assert COMPANY["password"] not in register(clean, city="").text


def test_the_same_company_registers_once(world, clean):
    register(clean)
    again = register(clean, email="li@someone.example", credit_code="9150 0000 2028 6320 x6")
    assert again.status_code == 422 and "这家企业已经登记" in again.text
    assert db.session.query(User).count() == 1


def test_an_address_has_one_account(world, clean):
    register(clean)
    again = register(clean, email="WANG@someone.example", credit_code="91350100M000100Y43")
    assert again.status_code == 422 and "这个邮箱已有账号" in again.text
    assert db.session.query(Organisation).count() == 1


def test_nul_bytes_are_dropped(world, clean):
    assert register(clean, city="重庆\x00市").status_code == 303
    assert db.session.query(Organisation).one().city == "重庆市"
