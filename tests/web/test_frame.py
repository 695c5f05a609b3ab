"""What stands around every page: navigation, language, appearance, static files, demo strip."""

import re

import pytest

from app.accounts.models import Organisation, OrganisationKind, Role
from app.database import transaction
from tests.http import browser, program
from tests.world import at


def navigation(page: str) -> list[str]:
    bar = re.search(r'<nav class="nav".*?</nav>', page, re.DOTALL)[0]
    return [
        re.sub(r"<.*?>", "", label).strip() for label in re.findall(r"<a(?! class=\"morelink\")[^>]*>(.*?)</a>", bar)
    ]


def test_a_visitor_sees_the_catalogue_only(clean, world):
    assert set(navigation(browser(clean).get("/more").text)) <= {"查找", "实验室"}


def test_every_role_sees_its_own_places_and_no_others(clean, world):
    world.lab("lab")
    for person, own, foreign in (
        (world.engineer("甲公司"), {"预约", "委托单"}, {"收件箱", "管理"}),
        (world.lab_admin("lab"), {"收件箱", "预约"}, {"管理"}),
        (world.bench_crew("lab"), {"预约", "排期"}, {"收件箱", "委托单", "管理"}),
        (world.coordinator(), {"首页"}, {"收件箱", "预约", "委托单", "管理"}),
        (world.member(world.coordinator().viewer.organisation_id, Role.SYSTEM_ADMIN), {"管理"}, {"收件箱", "预约"}),
    ):
        shown = set(navigation(browser(clean, person).get("/more").text))
        assert own <= shown and not foreign & shown, person.viewer.role


def test_the_navigation_says_where_a_page_belongs(clean, world):
    world.bench()
    desk = world.lab_admin("lab")
    booking = desk.does("confirm", world.engineer("甲公司").requests(at(4)))
    client = browser(clean, desk)
    for path, place in (
        ("/capacity/lab/", "产能"),
        ("/capacity/lab/closures/new", "产能"),
        ("/capacity/lab/resources/", "产能"),
        (f"/bookings/{booking.id}/run", "预约"),
        (f"/bookings/{booking.id}/place?resource=chamber&starts_at=2026-11-10T08:30", "预约"),
        ("/samples/places", "委托单"),
        ("/inbox", "收件箱"),
        ("/inbox/competing", "收件箱"),
    ):
        bar = re.search(r'<nav class="nav".*?</nav>', client.get(path).text, re.DOTALL)[0]
        current = re.findall(r'<a [^>]*aria-current="page"[^>]*>(.*?)</a>', bar, re.DOTALL)
        assert [re.sub(r"<.*?>", "", label).strip() for label in current] == [place], path


def test_every_link_of_the_navigation_answers(clean, world):
    world.bench()
    for person in (world.engineer("甲公司"), world.lab_admin("lab"), world.bench_crew("lab")):
        client = browser(clean, person)
        page = client.get("/more").text
        for path in re.findall(r'<a[^>]* href="(/[^"]*)"', page):
            assert client.get(path.replace("&amp;", "&")).status_code < 400, (person.viewer.role, path)


def test_the_inbox_counts_what_waits(clean, world):
    world.bench()
    desk, engineer = world.lab_admin("lab"), world.engineer("甲公司")
    assert '<span class="n">' not in browser(clean, desk).get("/more").text
    from tests.world import at

    engineer.requests(at(4)), engineer.requests(at(5))
    assert '<span class="n">2</span>' in browser(clean, desk).get("/more").text


@pytest.mark.parametrize("path", ["/accounts/sign-in", "/more", "/nowhere", "/accounts/register", "/"])
def test_one_search_field_on_every_page(clean, world, path):
    page = browser(clean).get(path).text
    assert len(re.findall(r'<form[^>]*role="search" action="/search"', page)) == 1
    assert page.count('name="q"') == 1


def test_each_sees_the_frame_of_his_own_account(clean, world):
    world.bench()
    clients = {
        "甲公司·工程师": browser(clean, world.engineer("甲公司")),
        "乙公司·工程师": browser(clean, world.engineer("乙公司")),
        "试验中心运营方·": browser(clean, world.lab_admin("lab")),
        "登录": browser(clean),
    }
    for _ in range(2):
        for name, client in clients.items():
            who = re.search(r'<div class="who">.*?</div>', client.get("/more").text, re.DOTALL)[0]
            assert [other for other in clients if other in who] == [name]


# Language


def test_the_language_is_kept_and_leads_back(clean, world):
    client = browser(clean)
    assert '<html lang="zh-CN">' in client.get("/").text
    answer = client.get("/language/en?next=/accounts/sign-in?next=/bookings/")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/accounts/sign-in?next=/bookings/")
    assert '<html lang="en">' in client.get("/").text
    client.get("/language/zh")
    assert '<html lang="zh-CN">' in client.get("/").text


@pytest.mark.parametrize("where", ["/language/en", "/theme/dark"])
@pytest.mark.parametrize(
    "target", ["https://else.example", "//else.example", "/\\else.example", "/%0a/else.example", ""]
)
def test_changing_how_pages_look_leads_nowhere_else(clean, world, where, target):
    assert browser(clean).get(f"{where}?next={target}").headers["Location"] == "/"


def test_other_languages_are_not_there(clean, world):
    assert browser(clean).get("/language/fr").status_code == 404


def test_the_language_of_an_account_is_remembered(clean, world):
    engineer = world.engineer("甲公司")
    browser(clean, engineer).get("/language/en")
    from app.accounts.queries import user_by_email

    assert user_by_email(engineer.email).locale == "en"


def test_a_page_that_takes_no_link_switches_to_the_home_page(clean, world):
    page = browser(clean, world.engineer("甲公司")).post("/accounts/tokens", data={"name": ""}).text
    assert 'href="/language/en?next=/accounts/tokens"' in page


# Appearance


def test_light_and_dark(clean, world):
    client = browser(clean)
    assert 'media="screen and (prefers-color-scheme:dark)"' in client.get("/").text
    client.get("/theme/dark")
    assert re.search(r'dark\.css[^>]*">', client.get("/").text) and "prefers-color-scheme" not in client.get("/").text
    client.get("/theme/light")
    assert "dark.css" not in client.get("/").text


def test_static_files_are_kept_for_a_year_by_their_version(clean, world):
    client = browser(clean)
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', client.get("/").text)
    assert len(addresses) >= 6 and all("?v=" in address for address in addresses)
    for address in addresses:
        with client.get(address) as answer:
            assert answer.status_code == 200
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            assert "Cookie" not in answer.headers.get("Vary", "")
    with client.get("/static/css/base.css") as answer:
        assert "immutable" not in answer.headers["Cache-Control"]


def test_pages_are_kept_by_nobody(clean, world):
    headers = browser(clean).get("/").headers
    assert (headers["Cache-Control"], headers["Vary"]) == ("private, no-store", "Cookie")


def test_what_a_program_is_told_hangs_on_no_cookie(clean, world):
    answer = browser(clean).get("/api/v1/labs", headers=program(world.engineer("甲公司")))
    assert answer.status_code == 200 and "Cookie" not in answer.headers.get("Vary", "")


def test_the_demo_strip_stands_wherever_there_are_demo_data(clean, world):
    assert "演示数据" not in browser(clean).get("/").text
    with transaction() as session:
        world.organisation("示例甲", OrganisationKind.COMPANY, demo=True)
        assert session.query(Organisation).filter_by(demo=True).count() == 1
    for path in ("/", "/nowhere", "/accounts/sign-in"):
        assert "演示数据" in browser(clean).get(path).text
