"""The search page on the real catalogue: what an engineer, his rival, a lab and a visitor see."""

import html
import re
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import quote

import pytest
import time_machine
from flask import Flask

from app.api import iso
from app.booking.models import Booking, EarliestWeek
from app.booking.offers import best_of_each_bench
from app.booking.rules import State
from app.booking.settings import limits
from app.database import db, transaction
from app.labs.models import Lab
from app.search.results import PER_PAGE
from tests.http import FreshClient, browser
from tests.statements import statements
from tests.world import World, at

MONDAY = at(2, 9, 0)
LOW_CONFIDENCE = "caeri-robot"


@pytest.fixture(autouse=True)
def monday(catalogue: World) -> Iterator[None]:
    """It is Monday, 2 November 2026, nine o'clock."""
    catalogue.now = MONDAY
    with time_machine.travel(MONDAY, tick=False):
        yield


@pytest.fixture
def engineer(app: Flask, catalogue: World, monday: None) -> FreshClient:
    return browser(app, catalogue.engineer("甲公司"))


@pytest.fixture
def visitor(app: Flask) -> FreshClient:
    return browser(app)


def main(client: FreshClient, address: str, status: int = 200) -> str:
    """What stands in the middle of the page, without what is secret or random."""
    answer = client.get(address)
    assert answer.status_code == status
    middle = re.search(r'<main class="page" id="main">(.*)</main>', answer.text, re.DOTALL)
    assert middle
    return re.sub(r'name="(csrf_token|key)" value="[^"]*"', "", html.unescape(middle[1]))


def search(client: FreshClient, q: str, **more: str) -> str:
    return main(client, f"/search?q={quote(q)}" + "".join(f"&{name}={value}" for name, value in more.items()))


def words(markup: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", markup).split())


def rows(markup: str) -> list[str]:
    return re.findall(r"<tr[ >].*?</tr>", markup.partition("<tbody>")[2], re.DOTALL)


def listed(markup: str) -> list[str]:
    """Ids of the tests in the list."""
    return re.findall(r"[?&]test=([\w.-]+)", markup.partition('<ul class="l pick">')[2].partition("</ul>")[0])


def form_of(row: str) -> dict[str, str]:
    return dict(re.findall(r'name="(\w+)" value="([^"]*)"', row))


def test_a_number_gives_the_standard_its_tests_and_its_labs(engineer: FreshClient):
    page = search(engineer, "gb38031")
    assert "<h1>GB 38031-2025 电动汽车用动力蓄电池安全要求</h1>" in page
    assert "查找“gb38031”：1 项标准、24 个检测项目、3 家实验室" in page
    assert len(listed(page)) == 24
    assert "样品：电池单体 2 件，破坏性·占台 4.5 h，含准备 2 h、清理 1 h" in words(page)


def test_the_edition_in_force_says_what_it_replaces_from_when_and_leads_to_it(engineer: FreshClient):
    page = words(search(engineer, "GB 38031"))
    assert "GB 38031-2025 自 2026-07-01 起用于新申请车型，自 2027-07-01 起用于已获批车型；代替 GB 38031-2020。" in page
    assert "查看 GB 38031-2020" in page


def test_a_superseded_edition_says_what_replaced_it_and_leads_to_it(engineer: FreshClient):
    page = search(engineer, "GB 38031-2020")
    assert "<h1>GB 38031-2020" in page
    assert "GB 38031-2020 已被代替。" in page
    assert "GB 38031-2025 自 2026-07-01 起用于新申请车型" in page
    assert 'href="/search?q=GB+38031-2025"' in page
    assert not rows(page)


def test_a_superseded_edition_without_known_dates_still_leads_on(engineer: FreshClient):
    page = search(engineer, "GB/T 31467.3-2015")
    assert "GB/T 31467.3-2015 已由 GB 38031-2020 代替。" in page


def test_an_edition_that_comes_is_announced(engineer: FreshClient):
    page = search(engineer, "GB/T 39901")
    assert "<h1>GB/T 39901-2021" in page
    assert "GB 39901-2025 自 2028-01-01 起用于新申请车型；代替 GB/T 39901-2021。" in page


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("GB/T 18384", "目录里没有 GB/T 18384，以下是 GB 18384-2025、GB 18384-2020。"),
        ("GB 18384-2015", "目录里没有 GB 18384-2015 这一版，以下是 GB 18384-2025、GB 18384-2020。"),
        ("GB/T 31485-2015", "GB/T 31485-2015 已被代替，现在用的是 GB 38031-2025。"),
        ("GB 3803", "目录里没有 GB 3803，以下标准号以它开头。"),
        ("刹车", "“刹车”按“制动”查找。"),
        ("动力电池挤压", "没有完全这样写的项目，以下是把词拆开找到的。"),
        ("热扩散 " * 100, "查询太长，只用了前 200 个字。"),
        ("招商车研 盐雾", "只看与“招商车研”有关的实验室。"),
    ],
)
def test_the_page_says_where_it_did_not_take_the_query_to_the_letter(engineer: FreshClient, typed: str, said: str):
    page = search(engineer, typed)
    assert said in page
    assert rows(page)


def test_the_first_test_is_chosen_and_another_can_be(engineer: FreshClient):
    assert "<h2>单体过放电</h2>" in search(engineer, "GB 38031")
    assert "<h2>热扩散</h2>" in search(engineer, "GB 38031", test="b-pack-thermalprop")
    assert "<h2>单体过放电</h2>" in search(engineer, "GB 38031", test="crash-front")


def test_labs_stand_side_by_side_one_row_each_soonest_report_first(engineer: FreshClient, catalogue: World):
    best: dict[str, object] = {}
    for offer in best_of_each_bench(["b-cell-overcharge"], MONDAY, limits()).offers:
        best.setdefault(offer.slot.bench.lab_id, offer.starts_at)
    page = search(engineer, "GB 38031", test="b-cell-overcharge")
    found = rows(page)
    assert re.findall(r'class="wide lab"><a href="/labs/([\w-]+)"', page) == list(best)
    assert [form_of(row)["test"] for row in found] == ["b-cell-overcharge"] * len(best)
    assert all("稳妥" in row and "按计划值" in row and 'role="img"' in row for row in found)


def test_what_is_shown_can_be_held_with_one_button(engineer: FreshClient):
    row = rows(search(engineer, "GB 38031", test="b-pack-short"))[0]
    fields = form_of(row)
    assert fields["state"] == "held"
    answer = engineer.post("/bookings/new", data=fields)
    assert answer.status_code == 303
    booking = db.session.get(Booking, answer.location.rpartition("/")[2])
    assert booking is not None
    assert (booking.state, booking.test_id, booking.resource_id) == (State.HELD, "b-pack-short", fields["resource"])
    assert iso(booking.starts_at) == fields["starts_at"]
    assert f"预约 {booking.starts_at + timedelta(hours=8):%m-%d}" in words(row)


def test_rivals_see_the_same_offers_and_nothing_of_each_other(app: Flask, catalogue: World, engineer: FreshClient):
    rival, third = browser(app, catalogue.engineer("乙公司")), browser(app, catalogue.engineer("丙公司"))
    before = search(rival, "GB 38031", test="b-pack-overcurrent")
    assert before == search(third, "GB 38031", test="b-pack-overcurrent")
    rival.post("/bookings/new", data=form_of(rows(before)[0]))
    after = search(third, "GB 38031", test="b-pack-overcurrent")
    assert form_of(rows(after)[0]) != form_of(rows(before)[0])
    assert after == search(rival, "GB 38031", test="b-pack-overcurrent")
    assert "乙公司" not in after
    assert "丙公司" not in after


def test_a_lab_sees_times_but_has_nothing_to_hold(app: Flask, catalogue: World):
    page = search(browser(app, catalogue.lab_admin("cmvr-new-energy")), "GB 38031")
    assert "预计报告" in page
    assert '<form class="in"' not in page


def test_visitors_see_weeks_and_no_times(visitor: FreshClient, catalogue: World):
    with transaction() as session:
        week = EarliestWeek(
            pool="mne-fire", test_id="b-pack-thermalprop", lab_id="cmvr-new-energy", week="2026-W52", as_of=MONDAY
        )
        session.merge(week)
    page = search(visitor, "GB 38031", test="b-pack-thermalprop")
    assert "第 52 周（12-21 起）" in page
    assert "周数截至 11-02 周一。" in page
    assert 'href="/accounts/sign-in?next=/search?q%3DGB%252038031%26test%3Db-pack-thermalprop"' in page
    shown = words(page)
    assert not re.search(r"\d\d:\d\d", shown)
    assert not re.search(r"预约 |稳妥|预计报告", shown)
    assert "<form" not in page
    assert "第 52 周" in page.partition("热扩散")[2].partition("</li>")[0]


def test_a_lab_of_low_confidence_is_warned_of_before_a_hold(engineer: FreshClient):
    lab = db.session.get(Lab, LOW_CONFIDENCE)
    assert lab is not None
    assert lab.low_confidence
    page = search(engineer, lab.short_zh)
    (row,) = [row for row in rows(page) if f"/labs/{LOW_CONFIDENCE}" in row]
    assert "资料可信度低，暂留前请先核实" in row
    assert "<form" not in row
    link = re.search(r'href="(/bookings/new\?[^"]*)"', row)
    assert link
    assert engineer.get(link[1]).status_code == 200


def test_the_order_can_be_by_bench(engineer: FreshClient):
    for order, column in (("report", "预计报告"), ("bench", "最早上台")):
        found = rows(search(engineer, "GB 38031", test="b-cell-overcharge", order=order))
        days = re.findall(rf'data-l="{column}"[^>]*><span class="day">([^<]+)', "".join(found))
        assert len(days) > 1
        assert days == sorted(days)


def test_offers_wait_for_the_sample(engineer: FreshClient):
    page = search(engineer, "GB 38031", test="b-pack-thermalprop", earliest="2026-12-14")
    assert 'value="2026-12-14"' in page
    assert all(form_of(row)["starts_at"] >= "2026-12-14" for row in rows(page))
    assert "earliest=2026-12-14" in page.partition('<ul class="l pick">')[2]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("2026-13-40", "请按年-月-日填写，例如 2027-03-01。"),
        ("morgen", "请按年-月-日填写，例如 2027-03-01。"),
        ("2031-01-01", "最多提前 180 天，最晚 2027-05-01 周六。"),
        ("9999-12-31", "最多提前 180 天"),
    ],
)
def test_a_date_that_cannot_be_used_is_told_and_kept(engineer: FreshClient, typed: str, said: str):
    page = main(engineer, f"/search?q=rks&earliest={typed}", 422)
    assert said in page
    assert f'value="{typed}"' in page
    assert rows(page)


def test_a_date_that_has_passed_asks_for_nothing(engineer: FreshClient):
    page = search(engineer, "rks", earliest="2020-01-01")
    assert [form_of(row) for row in rows(page)] == [form_of(row) for row in rows(search(engineer, "rks"))]


def test_many_tests_come_in_pages_with_addresses(engineer: FreshClient):
    first, second = search(engineer, "电"), search(engineer, "电", page="2")
    assert len(listed(first)) == len(listed(second)) == PER_PAGE
    assert not set(listed(first)) & set(listed(second))
    assert "第 1 页，共" in first
    assert 'rel="next"' in first
    assert 'rel="prev"' in second
    chosen = listed(second)[3]
    assert listed(search(engineer, "电", test=chosen)) == listed(second)
    assert 'rel="next"' not in search(engineer, "电", page="99")


def test_nothing_found_says_how_it_was_understood_and_where_to_go(engineer: FreshClient):
    page = words(search(engineer, "GB 38033 侧碰"))
    assert "没有找到“GB 38033 侧碰”" in page
    assert "标准号 GB 38033" in page
    assert "词语“侧面” 单独查有 4 个检测项目" in page
    assert "相近的标准号 GB 38031-2025 GB 38032-2020" in page
    assert "可以这样查" in page
    assert "动力电池系统 47 个检测项目" in page


def test_a_number_that_is_nowhere_does_not_lead_to_itself(engineer: FreshClient):
    page = search(engineer, "GB/T 4208")
    assert "标准号 GB/T 4208 单独查也没有" in words(page)
    assert "只查这个标准号" not in page


def test_a_word_that_is_nowhere_leads_to_the_part_that_is(engineer: FreshClient):
    page = words(search(engineer, "充电桩"))
    assert "没有找到“充电桩”" in page
    assert "词语“充电桩” 单独查也没有" in page
    assert "词语“充电” 单独查有 32 个检测项目" in page


def test_without_a_query_the_page_is_a_beginning(engineer: FreshClient):
    page = main(engineer, "/search")
    assert "<h1>查找</h1>" in page
    assert "可以这样查" in page
    assert "按领域看" in page


def test_a_test_alone_finds_its_standard(engineer: FreshClient):
    answer = engineer.get("/search?test=b-pack-thermalprop")
    assert answer.status_code == 303
    assert answer.location == "/search?q=GB+38031-2025&test=b-pack-thermalprop"
    assert engineer.get("/search?test=nothing").status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "q=%00", "q=GB%00+38031", "q=%ff%fe", "q=" + "x" * 10_000, "q=%25%5f%5c", "q=rks&test=%00", "q=rks&order=%00",
        "q=rks&page=-1", "q=rks&page=99999", "q=rks&page=%D9%A1", "q=rks&page=0", "q=rks&earliest=", "q=rks&q=crash",
        "q=%F0%9F%94%8B", "q=%E2%80%AE",
    ],
)  # fmt: skip
def test_odd_addresses_are_answered(engineer: FreshClient, visitor: FreshClient, query: str):
    # A NUL is refused before anything is looked up: no text has one.
    status = 422 if "%00" in query else 200
    assert engineer.get(f"/search?{query}").status_code == status
    assert visitor.get(f"/search?{query}").status_code == status


def test_a_query_is_text_and_never_markup(engineer: FreshClient):
    answer = engineer.get("/search?q=" + quote('<script>alert(1)</script>"'))
    assert "<script>alert" not in answer.text


def test_the_page_speaks_english_with_names_and_dates(app: Flask, catalogue: World):
    client = browser(app, catalogue.engineer("甲公司"))
    with client.session_transaction() as session:
        session["language"] = "en"
    page = words(search(client, "GB 38031", test="b-pack-thermalprop"))
    assert "GB 38031-2025 Electric vehicles traction battery safety requirements" in page
    assert "Thermal propagation" in page
    assert "applies to new types from 1 Jul 2026 and to approved types from 1 Jul 2027" in page
    assert "CMVR New Energy Test Center" in page
    assert re.search(r"\d Nov (Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d\d:\d\d", page)
    assert "热扩散" not in page


def test_the_number_of_statements_does_not_depend_on_the_number_of_tests(engineer: FreshClient):
    search(engineer, "rks")
    counts = {}
    for q in ("rks", "GB 38031-2025", "电"):
        with statements() as sent:
            search(engineer, q)
        counts[q] = len(sent)
    assert counts["电"] == counts["rks"]
    assert counts["GB 38031-2025"] <= counts["电"]


def test_holidays_on_the_axis_are_named(engineer: FreshClient):
    page = search(engineer, "rks", earliest="2026-12-28")
    assert "灰底为元旦" in page
    assert "2027 年的放假安排还没有公布，按法定节日推算。" in page


def test_who_finds_all_times_too_late_is_led_to_the_waiting_list(app, catalogue, engineer):
    page = search(engineer, "GB38031", test="b-pack-thermalprop")
    soonest = min(re.findall(r'name="starts_at" value="([^"]+)"', page))
    assert f"/bookings/waitlist?test=b-pack-thermalprop&latest={quote(soonest, ':')}#new" in page
    assert f'/schedule?test=b-pack-thermalprop&from={soonest[:10]}"' in page
    assert "都太晚" not in search(browser(app, catalogue.lab_admin("cmvr-new-energy")), "GB38031")
