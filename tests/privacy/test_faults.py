"""When something breaks, what it was about stays untold: in logs, in what a job leaves behind, on pages."""

from datetime import datetime

import pytest
from flask import Flask

from app.accounts.models import OrganisationKind, Role
from app.database import db, transaction
from app.jobs import service
from app.jobs.models import Outcome
from app.jobs.registry import job
from app.jobs.schedule import Every
from app.orders.models import OrderLine
from tests.http import browser
from tests.world import World

SECRET = "zzjia1zz"


def broken(_now: datetime) -> int:
    """Writes a line of an order that does not exist."""
    with transaction() as session:
        session.add(OrderLine(order_id="none", company_id="none", lab_id="none", test_id="none", sample=SECRET))
    return 0


def test_a_failed_job_tells_no_data(clean: Flask, world: World, capfd: pytest.CaptureFixture[str]) -> None:
    admin = world.member(world.organisation("平台", OrganisationKind.AUTHORITY), Role.SYSTEM_ADMIN)
    known = job("lapse")
    assert known is not None
    run = service.run_once(type(known)("lapse", known.label, Every(1), broken), world.now, "test")
    assert run.outcome is Outcome.FAILED and "order_line" in run.error
    page = browser(clean, admin).get("/admin/jobs").text
    told = [run.error, page, *capfd.readouterr()]
    assert not any(SECRET in text for text in told)
    assert db.session.query(OrderLine).count() == 0
