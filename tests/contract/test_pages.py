"""The addresses of pages, for everybody who has them."""

import pytest
import time_machine
from flask import Flask

from app.accounts.models import OrganisationKind, Role
from tests.http import browser
from tests.world import Person, World, at

PUBLIC = (
    *("/", "/search", "/search?q=GB+TEST", "/labs/", "/labs/lab", "/resources/chamber", "/tests/t"),
    *("/methods/gbtest-2026", "/accounts/sign-in", "/healthz", "/metrics", "/openapi/openapi.json"),
)
OWN = ("/schedule", "/bookings/", "/orders/", "/turnaround/", "/feeds/", "/accounts/")
# Who has which page; everybody else is told that his role has not.
PAGES = {
    "engineer": (*OWN, "/bookings/new?test=t&resource=chamber"),
    "lab_admin": (*OWN, "/inbox", "/resources/chamber/day-sheet"),
    "bench_crew": ("/schedule", "/bookings/", "/orders/", "/inbox", "/feeds/", "/resources/chamber/day-sheet"),
    "coordinator": ("/schedule", "/turnaround/", "/accounts/"),
    "system_admin": ("/admin/", "/admin/jobs", "/turnaround/", "/accounts/"),
}


def person(world: World, role: str) -> Person:
    if role == "system_admin":
        return world.member(world.organisation("平台", OrganisationKind.AUTHORITY), Role.SYSTEM_ADMIN)
    labs = ("lab",) if role in ("lab_admin", "bench_crew") else ("甲公司",) if role == "engineer" else ()
    made: Person = getattr(world, role)(*labs)
    return made


def test_a_visitor_reads_the_catalogue(clean: Flask, world: World) -> None:
    world.bench()
    client = browser(clean)
    assert {path: client.get(path).status_code for path in PUBLIC} == dict.fromkeys(PUBLIC, 200)
    for path in (*OWN, "/inbox", "/bookings/new"):
        answer = client.get(path)
        assert answer.status_code == 303 and answer.headers["Location"].startswith("/accounts/sign-in?next=/"), path
    assert client.get("/admin/").status_code == 303


@pytest.mark.parametrize("role", PAGES)
def test_each_role_has_its_pages(clean: Flask, world: World, role: str) -> None:
    world.bench()
    client = browser(clean, person(world, role))
    assert {path: client.get(path).status_code for path in PAGES[role]} == dict.fromkeys(PAGES[role], 200)
    home = client.get("/")
    assert home.status_code == 200 or home.headers["Location"] in PAGES[role]
    others = {path for paths in PAGES.values() for path in paths} - set(PAGES[role])
    assert all(client.get(path).status_code in (200, 403, 404) for path in others)
    if role != "system_admin":
        assert client.get("/admin/").status_code == client.get("/admin/jobs").status_code == 403


def test_the_schedule_is_asked_by_its_address(clean: Flask, world: World) -> None:
    world.bench()
    world.resource("rig", "other")
    with time_machine.travel(world.now, tick=False):
        client = browser(clean, world.engineer("甲公司"))
        page = client.get("/schedule?lab=lab&kind=kind&test=t&from=2026-11-09&days=7&day=2026-11-10").text
        assert "环境舱 chamber" in page and "环境舱 rig" not in page
        assert (
            "11-09" in page and "11-15" in page and "11-16" not in page.partition("<table")[2].partition("</table")[0]
        )


def test_a_free_window_leads_to_the_filled_form(clean: Flask, world: World) -> None:
    world.bench()
    with time_machine.travel(world.now, tick=False):
        client = browser(clean, world.engineer("甲公司"))
        form = client.get(f"/bookings/new?test=t&resource=chamber&starts_at={at(9):%Y-%m-%dT%H:%M:%S}Z").text
    assert 'value="2026-11-09T08:30"' in form and 'value="chamber"' in form and 'value="t"' in form
