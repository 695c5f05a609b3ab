"""The search takes the figures of a sample or a test, leaves out what doesn't reach them, and says why."""

from flask import Flask

from app.database import transaction
from app.labs.capacity import touch
from app.labs.models import Capability, Resource
from app.labs.models import Test as CatalogueTest
from tests.visitor import Visitor
from tests.world import World


def states(resource: str, envelope: dict, limits: dict | None = None) -> None:
    with transaction() as session:
        session.get_one(Resource, resource).envelope = envelope
        session.get_one(Capability, (resource, "t")).sample_limits = limits or {}
        touch(session, session.get_one(Resource, resource).lab_id)


def test_a_bench_that_does_not_reach_is_left_out_and_why(world: World, clean: Flask) -> None:
    world.bench()
    with transaction() as session:
        session.get_one(CatalogueTest, "t").search_text = "项目 xiangmu"
    for other in ("big", "vague"):
        world.lab(f"lab-{other}", f"{other}中心")
        world.resource(other, lab=f"lab-{other}")
        world.capable(other, "t")
    states("chamber", {"power": [None, 150]})
    states("big", {"power": [None, 400]}, {"mass": [None, 500]})
    engineer = Visitor(clean, world.engineer("甲公司"))
    page = engineer.get("/search", q="项目 350 kW")
    assert "达不到：功率 ≤ 150 kW，您需要 350 kW" in page.text
    assert "实验室未写明：功率" in page.text
    assert page.html.count("达不到") == 1
    heavy = engineer.get("/search", q="项目 350 kW 600 kg")
    assert heavy.html.count("达不到") == 2
    assert "不限功率" in heavy.text
    assert "Does not reach" in engineer.english().get("/search", q="项目 350 kW").text
    assert "上限小于下限" in engineer.get("/search", q="项目 85…-40 °C").text


def test_figures_alone_ask_for_a_test_and_show_how(world: World, clean: Flask) -> None:
    engineer = Visitor(clean, world.engineer("甲公司"))
    page = engineer.get("/search", q="412kg 403V")
    assert "412 kg 403 V 是样品或台架的指标。请再写上检测项目或标准号" in page.text
    assert "电池包 振动 412 kg 403 V" in page.text
    assert 'value="412kg 403V"' in page.html
    assert "Add a test or a standard number" in engineer.english().get("/search", q="412kg 403V").text
    assert "上限小于下限" in engineer.get("/search", q="85…-40 °C").text
