"""An organisation is closed when nothing of it is open any more; its history stays."""

import pytest
from flask import Flask

from app.accounts import closing
from app.accounts.models import Organisation
from app.accounts.queries import memberships_of
from app.accounts.rules import StillOpen
from app.database import db
from app.errors import NotFound
from app.events.log import System
from app.orders import service
from app.orders.models import Order
from app.orders.service import NewOrder
from tests.world import World, at


def test_open_work_keeps_an_organisation_open(world: World, clean: Flask) -> None:
    world.bench()
    engineer, desk = world.engineer("甲公司"), world.lab_admin("lab")
    company, operator = engineer.viewer.organisation_id, desk.viewer.organisation_id
    assert company and operator
    booking = engineer.requests(at(5))
    with pytest.raises(StillOpen) as refused:
        closing.close(System(), company, world.now)
    assert (refused.value.facts["orders"], refused.value.facts["bookings"]) == (1, 1)
    with pytest.raises(StillOpen):
        closing.close(System(), operator, world.now)
    engineer.does("cancel", booking)
    service.create(engineer.viewer, NewOrder("lab"), world.now)  # a draft is nobody else's business
    closing.close(System(), company, world.now)
    assert memberships_of(engineer.viewer.user_id or "") == []
    assert db.session.query(Order).filter_by(company_id=company).count() == 2
    with pytest.raises(NotFound):
        closing.close(System(), company, world.now)


def test_the_command_says_why_not(world: World, clean: Flask) -> None:
    world.lab()
    engineer = world.engineer("甲公司")
    company = engineer.viewer.organisation_id
    db.session.rollback()
    run = clean.test_cli_runner()
    assert run.invoke(args=["organisation", "close", "甲公司", "--dry-run"]).exit_code == 0
    assert db.session.get_one(Organisation, company).retired_at is None
    db.session.get_one(Organisation, company).origin = "catalogue"
    db.session.commit()
    refused = run.invoke(args=["organisation", "close", str(company)])
    assert refused.exit_code == 3 and "目录" in refused.stderr
