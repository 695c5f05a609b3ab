"""The API keeps to its own document, whatever is sent: as an engineer and as a lab."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, settings
from pydantic import BaseModel
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS

from app.booking.models import Booking
from app.database import db
from app.feeds.models import FeedSubscription
from app.notifications.models import Notice
from app.notifications.reading import read_events
from app.orders.models import Order
from tests.conftest import empty_tables
from tests.contract.served import Served
from tests.http import browser, program
from tests.world import World

served = Served()
schema = schemathesis.openapi.from_wsgi("/openapi/openapi.json", served)
CHECK = dict(zip(CHECKS.get_all_names(), CHECKS.get_all(), strict=True))
# Whether a well-formed request can be met depends on calendars and states, which no schema tells.
LEFT_OUT = [CHECK[name] for name in ("positive_data_acceptance", "use_after_free", "object_level_authorization")]
REF = re.compile(r'"\$ref": "#/([^"]+)"')


@pytest.fixture(scope="module")
def people(app: Flask) -> Iterator[dict[str, dict[str, str]]]:
    """Headers of an engineer's and a lab's program, with something to find."""
    with app.app_context():
        world = World(now=datetime.now(UTC).replace(microsecond=0))
        world.bench(places=3)
        engineer, desk = world.engineer("甲公司"), world.lab_admin("lab")
        start = next_start(world)
        for _ in range(3):
            desk.does("confirm", engineer.requests(start))
        read_events(world.now)
        served.app = app
        yield {"engineer": program(engineer), "desk": program(desk)}
        served.app = None
        empty_tables()


def next_start(world: World) -> datetime:
    """The first start on the bench a week from now."""
    free = world.engineer("甲公司").availability(days=30).free
    return next(span.start for span in free if span.start > world.now + timedelta(days=7))


def known(name: str, value: Any) -> Any:
    """A row's id, where the parameter names one."""
    tables = {"booking_id": Booking, "order_id": Order, "feed_id": FeedSubscription, "notice_id": Notice}
    catalogue = {"resource_id": "chamber", "lab_id": "lab", "test_id": "t"}
    if name not in tables:
        return catalogue.get(name, value)
    assert served.app is not None
    with served.app.app_context():
        found = db.session.query(tables[name]).first()
        return found.id if found else value


@pytest.mark.parametrize("part", ["engineer", "desk"])
@schema.parametrize()
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_every_answer_is_as_documented(case: Any, part: str, people: dict[str, dict[str, str]]) -> None:
    well_formed = case.meta.generation.mode is GenerationMode.POSITIVE
    if well_formed:
        # Half of the ids are real ones: nobody guesses sixteen letters.
        for name, value in case.path_parameters.items():
            case.path_parameters[name] = known(name, value) if len(str(value)) % 2 else value
    answer = case.call(headers=people[part])
    case.validate_response(answer, headers=people[part], excluded_checks=left_out(case))


def left_out(case: Any) -> list[Any]:
    """Checks that do not fit: arguments that we do not know are ignored, as everywhere on the web."""
    documented = {each.name for each in case.operation.query}
    return LEFT_OUT if set(case.query) <= documented else [*LEFT_OUT, CHECK["negative_data_rejection"]]


def document_of(app: Flask) -> Any:
    with app.app_context():
        return browser(app).get("/openapi/openapi.json").get_json()


def test_the_document_is_whole(app: Flask) -> None:
    document = document_of(app)
    assert document["openapi"].startswith("3.1")
    for path in set(REF.findall(json.dumps(document))):
        part = document
        for name in path.split("/"):
            part = part[name]
        assert part
    operations = [each for path in document["paths"].values() for each in path.values()]
    assert all(each.get("summary") and each.get("tags") for each in operations)
    assert all({} in each["security"] or {"bearer": []} in each["security"] for each in operations)


def test_no_two_schemas_share_a_name(app: Flask) -> None:
    """The document knows schemas by name alone: of two it would show the one that came last."""
    shown = document_of(app)["components"]["schemas"]
    ours = Counter(each.__name__ for each in schemas(BaseModel) if each.__module__.startswith("app."))
    assert len(shown.keys() & ours) > 100
    assert not [name for name in shown if ours[name] > 1]


def schemas(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """All models below this one."""
    for each in model.__subclasses__():
        yield each
        yield from schemas(each)


def test_every_request_has_an_example_that_its_schema_takes(app: Flask) -> None:
    document = app.test_client().get("/openapi/openapi.json").json
    seen = 0
    for path, operations in document["paths"].items():
        for operation in operations.values():
            for content in operation.get("requestBody", {"content": {}})["content"].values():
                taken = jsonschema_rs.validator_for({**content["schema"], "components": document["components"]})
                assert taken.is_valid(content["example"]), path
                seen += 1
    assert seen > 35


def test_every_answer_that_is_shown_is_one_that_its_schema_gives(app: Flask) -> None:
    document = app.test_client().get("/openapi/openapi.json").json
    seen = 0
    for path, operations in document["paths"].items():
        for operation in operations.values():
            for answer in operation["responses"].values():
                for content in answer.get("content", {}).values():
                    if "example" in content:
                        given = jsonschema_rs.validator_for({**content["schema"], "components": document["components"]})
                        assert given.is_valid(content["example"]), path
                        seen += 1
    assert seen >= 5
