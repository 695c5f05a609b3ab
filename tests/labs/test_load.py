"""Loading brings the database to the state of the files, keeps what bookings point at, and says what it did."""

import time
from datetime import timedelta

import pytest

from app.accounts.models import Organisation, OrganisationKind
from app.booking.models import Booking
from app.database import db, transaction
from app.labs.models import Capability, Lab, Method, Resource, Source, need_of
from app.labs.models import Test as CatalogueTest
from app.labs.queries import capable_benches
from tests.labs.conftest import Command
from tests.labs.small import Files
from tests.world import World, at


@pytest.fixture
def loaded(catalogue: Command) -> Command:
    said = catalogue("load")
    assert said.code == 0, said.err
    return catalogue


def lines(out: str) -> list[str]:
    """The signs and names of the differences, as `~ heat (samples)`."""
    return [line.strip() for line in out.splitlines() if line.startswith("  ")]


def test_a_row_of_several_units_becomes_as_many_resources_in_a_pool(loaded: Command) -> None:
    units = db.session.query(Resource).filter_by(pool="box").order_by(Resource.unit).all()
    assert [(unit.id, unit.unit, unit.name_zh, unit.name_en) for unit in units] == [
        ("box-1", 1, "环境舱 1#", "Chamber 1#"),
        ("box-2", 2, "环境舱 2#", "Chamber 2#"),
        ("box-3", 3, "环境舱 3#", "Chamber 3#"),
    ]
    assert {unit.places for unit in units} == {4}
    assert {unit.grain for unit in units} == {timedelta(hours=1)}
    assert {bench.bench.resource_id for bench in capable_benches(["cycle"])} == {"box-1", "box-2", "box-3"}


def test_a_row_of_one_unit_keeps_its_id(loaded: Command) -> None:
    walk = db.session.get_one(Resource, "walk")
    assert (walk.pool, walk.unit, walk.name_zh) == ("walk", None, "步入舱")


def test_the_place_of_a_resource_is_its_own_or_that_of_its_kind(loaded: Command) -> None:
    assert db.session.get_one(Resource, "walk").place == "indoor"
    assert db.session.get_one(Resource, "straight").outdoor


def test_hours_become_exact_minutes(loaded: Command) -> None:
    cycle = db.session.get_one(CatalogueTest, "cycle")
    assert (cycle.setup_minutes, cycle.run_minutes, cycle.teardown_minutes) == (72, 4320, 30)


def test_a_run_that_must_end_within_a_shift_does_so_also_where_the_bench_could_go_on(loaded: Command) -> None:
    heat, cycle = (db.session.get_one(CatalogueTest, ident) for ident in ("heat", "cycle"))
    assert heat.one_window and not need_of(heat, unattended=True).unattended
    assert not cycle.one_window and need_of(cycle, unattended=True).unattended


def test_who_runs_a_lab_is_an_operator_but_a_car_maker_stays_a_company(loaded: Command) -> None:
    assert db.session.get_one(Organisation, "caeri").kind == OrganisationKind.LAB_OPERATOR
    assert db.session.get_one(Organisation, "maker").kind == OrganisationKind.COMPANY


def test_what_is_known_of_a_date_is_kept_as_it_is(loaded: Command) -> None:
    assert db.session.get_one(Method, "gb1-2025").issued == "2025-03"
    assert db.session.get_one(Method, "brake").issued is None


def test_a_test_is_found_by_its_standard_the_one_before_and_the_one_before_that(loaded: Command) -> None:
    words = db.session.get_one(CatalogueTest, "heat").search_text.split()
    assert {"gb38031-2025", "gb38031-2020", "gbt31485-2015"} <= set(words)
    assert {"热扩散", "rekuosan", "rks", "thermalpropagation", "电池包", "步入式环境舱", "动力电池"} <= set(words)


def test_the_same_files_again_change_nothing_and_take_no_time(loaded: Command) -> None:
    begun = time.monotonic()
    said = loaded("load")
    assert said.code == 0
    assert lines(said.out) == []
    assert "没有变化" in said.out
    assert time.monotonic() - begun < 1


def test_a_changed_row_is_updated_and_its_bookings_stay(loaded: Command, files: Files, world: World) -> None:
    booking = world.engineer("甲公司").requests(at(5), resource="box-1", test="heat")
    files.change("tests.csv", 1, setup_hours="4", name_zh="电池包热扩散").change("resources.csv", 1, capacity="2")
    said = loaded("load")
    assert lines(said.out) == [
        *(f"~ box-{unit} (places)" for unit in (1, 2, 3)),
        "~ heat (name_zh, setup_minutes, search_text)",
    ]
    kept = db.session.get_one(Booking, booking.id)
    assert (kept.starts_at, kept.ends_at, kept.state) == (booking.starts_at, booking.ends_at, booking.state)
    assert db.session.get_one(CatalogueTest, "heat").setup_minutes == 240
    assert db.session.get_one(Resource, "box-1").places == 2


def test_a_vanished_row_is_retired_with_its_bookings_kept_and_comes_back(
    loaded: Command, files: Files, world: World
) -> None:
    booking = world.engineer("甲公司").requests(at(5, 9, 0), resource="walk", test="heat")
    files.drop("resources.csv", id="walk").drop("capabilities.csv", resource="walk")
    said = loaded("load")
    assert lines(said.out) == ["- walk", "- walk + heat"]
    assert db.session.get_one(Resource, "walk").retired_at is not None
    assert db.session.get_one(Booking, booking.id).resource_id == "walk"
    assert {bench.bench.pool for bench in capable_benches(["heat"])} == {"box"}

    files.tables = Files(files.folder).tables
    files.write()
    said = loaded("load")
    assert lines(said.out) == ["^ walk", "^ walk + heat"]
    assert db.session.get_one(Resource, "walk").retired_at is None
    assert {bench.bench.pool for bench in capable_benches(["heat"])} == {"box", "walk"}


def test_fewer_units_retire_the_last_ones(loaded: Command, files: Files) -> None:
    files.change("resources.csv", 1, quantity="2")
    assert lines(loaded("load").out) == ["- box-3"]


def test_a_lab_that_vanished_takes_its_benches_out_of_the_offers(loaded: Command, files: Files) -> None:
    files.drop("labs.csv", id="field").drop("resources.csv", lab="field").drop("capabilities.csv", resource="straight")
    assert lines(loaded("load").out) == ["- field", "- straight", "- straight + stop"]
    assert capable_benches(["stop"]) == []
    assert db.session.get_one(Lab, "field").retired_at is not None


def test_sources_are_kept_for_the_facts_that_still_name_them(loaded: Command, files: Files) -> None:
    files.change("labs.csv", 2, sources="S1").change("resources.csv", 3, evidence="representative", sources="")
    files.drop("sources.csv", id="S2")
    assert loaded("load").code == 0
    assert db.session.get(Source, "S2") is not None


def test_rows_that_a_lab_made_its_own_are_left_alone_and_told(loaded: Command, files: Files) -> None:
    with transaction() as session:
        walk = session.get_one(Resource, "walk")
        walk.origin, walk.name_zh = "lab", "步入式环境舱（改造后）"
    files.change("resources.csv", 2, name_zh="步入舱二").drop("capabilities.csv", resource="walk")
    assert lines(loaded("load").out) == ["= walk", "- walk + heat"]
    assert db.session.get_one(Resource, "walk").name_zh == "步入式环境舱（改造后）"

    files.drop("resources.csv", id="walk")
    assert lines(loaded("load").out) == []
    assert db.session.get_one(Resource, "walk").retired_at is None


def test_what_the_files_do_not_say_is_not_wiped_out(loaded: Command, files: Files) -> None:
    with transaction() as session:
        session.get_one(Organisation, "maker").credit_code = "91510100MA0000000H"
    files.change("organisations.csv", 2, website="https://maker.example")
    assert lines(loaded("load").out) == ["~ maker (website)"]
    assert db.session.get_one(Organisation, "maker").credit_code == "91510100MA0000000H"


def test_a_company_that_registered_itself_is_none_of_the_catalogue_s_business(
    loaded: Command, files: Files, world: World
) -> None:
    world.engineer("甲公司")
    files.change("organisations.csv", 2, city="成都市")
    assert lines(loaded("load").out) == ["~ maker (city)"]
    assert db.session.query(Organisation).filter_by(name_zh="甲公司").one().retired_at is None


def test_a_dry_run_tells_the_differences_and_stores_none(loaded: Command, files: Files) -> None:
    files.change("labs.csv", 1, short_zh="安全").drop("capabilities.csv", resource="walk")
    told = lines(loaded("load", "--dry-run").out)
    assert told == ["~ safety (short_zh, search_text)", "- walk + heat"]
    assert db.session.get_one(Lab, "safety").short_zh == "安全中心"
    assert db.session.get_one(Capability, ("walk", "heat")).retired_at is None
    assert lines(loaded("load").out) == told


def test_a_fault_in_a_later_load_leaves_everything_as_it_was(loaded: Command, files: Files) -> None:
    files.change("labs.csv", 1, short_zh="安全").change("tests.csv", 1, samples="0")
    assert loaded("load").code == 3
    assert db.session.get_one(Lab, "safety").short_zh == "安全中心"


def test_the_first_load_counts_and_does_not_list_everything(catalogue: Command) -> None:
    said = catalogue("load")
    assert lines(said.out) == []
    assert "新增 5" in next(line for line in said.out.splitlines() if line.startswith("试验资源"))
