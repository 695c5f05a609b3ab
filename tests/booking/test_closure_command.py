"""`flask closure add`: a bench closed from a terminal, in the name of its lab's administrator."""

from collections.abc import Callable

import pytest
from click.testing import Result
from flask import Flask

from app.booking.models import Closure
from app.booking.rules import State
from app.database import db
from tests.world import World, at

Close = Callable[..., Result]


@pytest.fixture
def closes(world: World, clean: Flask) -> Close:
    world.bench(places=1)

    def run(resource: str, first: str, last: str, email: str) -> Result:
        db.session.rollback()
        result = clean.test_cli_runner().invoke(
            args=["closure", "add", resource, "--from", first, "--to", last, "--as", email, "--reason", "年检"]
        )
        db.session.expire_all()
        return result

    return run


def test_a_bench_is_closed_for_a_local_time(world: World, closes: Close) -> None:
    done = closes("chamber", "2099-11-11T08:30", "2099-11-12", world.lab_admin("lab").email)
    assert done.exit_code == 0, done.stderr
    closure = db.session.query(Closure).one()
    assert done.stdout.startswith(f"{closure.id} chamber ")
    assert (closure.starts_at.isoformat(), closure.reason) == ("2099-11-11T00:30:00+00:00", "年检")


def test_bookings_in_the_way_are_named_and_stay(world: World, closes: Close) -> None:
    booking = world.engineer("甲公司").requests(at(5))
    refused = closes("chamber", "2026-11-01", "2099-01-01", world.lab_admin("lab").email)
    assert (refused.exit_code, refused.stdout) == (3, "")
    assert refused.stderr.count(booking.code) == 2, "in Chinese and in English"
    assert db.session.query(Closure).count() == 0
    assert world.engineer("甲公司").sees(booking).state is State.REQUESTED


@pytest.mark.parametrize(
    ("resource", "first", "said"),
    [
        ("chamber", "0001-01-01", "请填日期和时间"),
        ("nowhere", "2099-11-11", "实验室没有这个台架：nowhere"),
        ("chamber", "2100-11-11", ""),
    ],
)
def test_what_is_wrong_is_told_in_words(world: World, closes: Close, resource: str, first: str, said: str) -> None:
    refused = closes(resource, first, "2099-11-12", world.lab_admin("lab").email)
    assert refused.exit_code == 3
    assert said in refused.stderr and len(refused.stderr.splitlines()) == 2


def test_only_who_works_at_a_lab_closes(world: World, closes: Close) -> None:
    engineer = world.engineer("甲公司").email
    refused = closes("chamber", "2099-11-11", "2099-11-12", engineer)
    assert refused.exit_code == 3 and engineer in refused.stderr
    assert db.session.query(Closure).count() == 0
