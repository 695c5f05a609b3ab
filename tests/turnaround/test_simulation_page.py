"""The command on a small catalogue, and the page of what it simulated."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from app.labs.loading import store
from app.turnaround.simulation import measuring, storing
from app.turnaround.simulation.inputs import Inputs
from tests.http import browser
from tests.labs.small import Files, tables
from tests.world import Person, World

ADDRESS = "/turnaround/simulation"


@pytest.fixture
def small(world: World, tmp_path: Path) -> World:
    """One place on each of three benches."""
    files = Files(tmp_path).change("resources.csv", 1, quantity="1", capacity="1")
    store.load(files.write().folder, world.now)
    return world


def simulate(app: Flask, *options: str) -> Result:
    return app.test_cli_runner().invoke(args=["simulate", "--loads", "85", "--replications", "2", *options])


def test_the_command_keeps_a_study_that_can_be_had_again(app: Flask, small: World) -> None:
    tried = simulate(app, "--jobs", "1", "--dry-run", "--format", "json")
    assert tried.exit_code == 0, tried.output
    assert storing.newest() is None
    kept = simulate(app, "--jobs", "1")
    assert kept.exit_code == 0 and len(kept.stdout.strip().splitlines()) == 1 + 4
    result = json.loads(tried.stdout)
    assert result == storing.newest().result
    assert result["house"]["tests"] == len(tables()["tests.csv"])
    assert [cell["policy"] for cell in result["cells"]] == ["known", "all", "earliest", "offered"]
    assert result["inputs"]["measured"] == [] and result["inputs"]["lines"] == 0


@pytest.mark.parametrize(
    ("option", "value"), [("--loads", "65,120"), ("--loads", "half"), ("--replications", "1"), ("--jobs", "0")]
)
def test_bad_options_are_told(app: Flask, clean: Flask, option: str, value: str) -> None:
    result = app.test_cli_runner().invoke(args=["simulate", option, value])
    assert result.exit_code == 2 and option in result.stderr


def test_an_empty_house_is_told(app: Flask, clean: Flask) -> None:
    assert simulate(app).exit_code == 3


def test_who_sees_the_page(app: Flask, world: World) -> None:
    world.bench()
    for person in (world.coordinator(), world.lab_admin("lab")):
        assert browser(app, person).get(ADDRESS).status_code == 200
    for person in (world.engineer("甲公司"), world.bench_crew("lab")):
        assert browser(app, person).get(ADDRESS).status_code == 403
    assert browser(app).get(ADDRESS).status_code == 303


def test_before_the_first_run_the_page_tells_the_command(app: Flask, world: World) -> None:
    page = browser(app, world.coordinator()).get(ADDRESS).text
    assert "flask --app app simulate" in page and "<table" not in page


def test_the_page_shows_the_stored_numbers_in_both_languages(app: Flask, small: World) -> None:
    assert simulate(app, "--jobs", "1").exit_code == 0
    cells = {(cell["load"], cell["policy"]): cell for cell in storing.newest().result["cells"]}
    for language, title in (("zh", "预约方式的模拟"), ("en", None)):
        page = read(app, small.coordinator(), language)
        assert title is None or title in page
        for cell in cells.values():
            assert f"<b>{cell['figures']['total'][0]:.1f}</b>" in page
        mean, half = cells[85, "offered"]["against"]["total"]
        assert f"{mean:+.1f} ± {half:.1f}".replace("-", "−") in page
        assert page.count("<polyline") >= 2 and "flask --app app simulate --loads 85" in page


def read(app: Flask, person: Person, language: str) -> str:
    client = browser(app, person)
    client.get(f"/language/{language}")
    return client.get(ADDRESS).text


def test_inputs_are_measured_where_lines_tell_them(world: World, issued) -> None:
    world.bench()
    for number in range(measuring.LEAST + 2):
        days = (1.5 + number % 3, 6.0, 0.5, 5.0)
        issued(("甲公司", "乙公司", "丙公司")[number % 3], days=days, on=world.now - timedelta(days=number))
    found = measuring.measured(world.now)
    assert found.measured == {"tests", "hours", "review", "reporting"} and found.lines == measuring.LEAST + 2
    assert found.tests == {"t": found.lines}
    assert found.review.quantiles[0] == 1.5 * 1440 and found.review.mean == pytest.approx(2.5 * 1440, rel=0.1)
    assert found.cancelled == Inputs().cancelled
    # Of one company alone nothing is told, not even in a mean.
    assert measuring.measured(world.now + timedelta(days=400)) == Inputs()


def test_one_companys_lines_are_no_pattern(world: World, issued) -> None:
    world.bench()
    for number in range(measuring.LEAST + 2):
        issued("甲公司", on=world.now - timedelta(days=number))
    assert measuring.measured(world.now) == Inputs()
