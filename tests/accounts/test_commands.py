"""`flask user …` and `flask token …`."""

import pytest

from app.accounts import passwords
from app.accounts.queries import memberships_of, user_by_email, viewer_by_token
from app.database import db

PASSWORD = "correct horse battery"


@pytest.fixture
def run(clean):
    def command(*arguments):
        db.session.rollback()
        result = clean.test_cli_runner().invoke(args=list(arguments))
        db.session.expire_all()
        return result

    return command


def create(run, role, *more):
    return run("user", "create", "--email", "A@test.example", "--name", "甲", "--role", role, *more)


def test_an_administrator_of_a_fresh_installation(world, run):
    assert create(run, "system_admin", "--password", PASSWORD).exit_code == 0
    user = user_by_email("a@test.example")
    assert passwords.matches(user.password_hash, PASSWORD)
    assert memberships_of(user.id)[0].organisation.name_zh == "平台运营"


def test_without_password_and_terminal_one_is_made_and_printed(world, run):
    world.engineer("甲公司")
    printed = create(run, "engineer", "--organisation", "甲公司").stdout.split()
    assert passwords.matches(user_by_email("a@test.example").password_hash, printed[-1])


def test_a_lab_names_its_operator(world, run):
    world.lab("lab")
    assert create(run, "lab_admin", "--lab", "lab", "--password", PASSWORD).exit_code == 0
    assert memberships_of(user_by_email("a@test.example").id)[0].lab_ids == ["lab"]


@pytest.mark.parametrize(
    ("role", "more", "said"),
    [
        ("engineer", ["--organisation", "没有这家"], "没有这个机构"),
        ("engineer", [], "没有这个机构"),
        ("lab_admin", ["--organisation", "甲公司"], "至少一个实验室"),
        ("engineer", ["--organisation", "甲公司", "--password", "short"], "密码要 10 到 200 个字符。"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(world, run, role, more, said):
    world.engineer("甲公司")
    refused = create(run, role, *(more if "--password" in more else [*more, "--password", PASSWORD]))
    assert refused.exit_code == 3 and said in refused.stderr and refused.stdout == ""
    assert user_by_email("a@test.example") is None


def test_twice_the_same_role_is_refused_and_another_is_added(world, run):
    world.engineer("甲公司")
    assert create(run, "engineer", "--organisation", "甲公司", "--password", PASSWORD).exit_code == 0
    assert create(run, "engineer", "--organisation", "甲公司", "--password", PASSWORD).exit_code == 3
    assert create(run, "company_manager", "--organisation", "甲公司").exit_code == 0
    user = user_by_email("a@test.example")
    assert len(memberships_of(user.id)) == 2
    assert passwords.matches(user.password_hash, PASSWORD)


def test_an_unknown_role_is_wrong_usage(run):
    assert create(run, "emperor").exit_code == 2


@pytest.mark.parametrize("scope", ["read", "write"])
def test_token_create_prints_the_token_alone(world, run, scope):
    engineer = world.engineer("甲公司")
    printed = run("token", "create", engineer.email, "--name", "MES", "--scope", scope).stdout
    assert printed.count("\n") == 1
    viewer = viewer_by_token(printed.strip())
    assert (viewer.user_id, viewer.scope) == (engineer.viewer.user_id, scope)


def test_a_token_for_nobody_is_refused(world, run):
    refused = run("token", "create", "nobody@test.example", "--name", "MES")
    assert refused.exit_code == 3 and refused.stdout == "" and "nobody@test.example" in refused.stderr


def test_a_new_password_by_command_ends_sessions(world, run):
    engineer = world.engineer("甲公司")
    before = user_by_email(engineer.email).session_version
    assert run("user", "password", engineer.email, "--password", PASSWORD).exit_code == 0
    user = user_by_email(engineer.email)
    assert passwords.matches(user.password_hash, PASSWORD) and user.session_version == before + 1
    assert run("user", "password", "nobody@test.example", "--password", PASSWORD).exit_code == 3
