"""The catalogue's pages on the real catalogue: facts with their sources and marks, for everybody."""

import re
from collections.abc import Iterator
from html import unescape

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.models import OrganisationKind, Role
from app.database import db, transaction
from app.labs.models import EarliestWeek, Lab, Method, Resource
from app.labs.models import Test as CatalogueTest
from tests.http import FreshClient, browser
from tests.world import World


@pytest.fixture
def visitor(app: Flask, real: World) -> FreshClient:
    return browser(app)


@pytest.fixture(scope="module")
def week(real: World) -> Iterator[str]:
    """The week that the job found for one test of one bench."""
    with transaction() as session:
        session.add(
            EarliestWeek(
                pool="mne-fire",
                test_id="b-pack-thermalprop",
                lab_id="cmvr-new-energy",
                week=f"{real.now.year + 1}-W14",
                as_of=real.now,
            )
        )
    yield "第 14 周"


def read(client: FreshClient, path: str, language: str = "zh") -> str:
    """The page as text, one blank between words."""
    with client.session_transaction() as session:
        session["language"] = language
    answer = client.get(path)
    assert answer.status_code == 200, path
    page = re.sub(r"(?s)<(script|style).*?</\1>", " ", answer.text)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_every_lab_and_every_tenth_of_the_rest_has_a_page(visitor: FreshClient) -> None:
    paths = [f"/labs/{ident}" for ident in db.session.scalars(select(Lab.id))]
    for name, model in (("resources", Resource), ("methods", Method), ("tests", CatalogueTest)):
        paths += [f"/{name}/{ident}" for ident in db.session.scalars(select(model.id).order_by(model.id))][::10]
    assert len(paths) > 100
    for path in paths:
        for language in ("zh", "en"):
            assert read(visitor, path, language)


def test_the_list_of_labs_is_filtered_by_its_address(visitor: FreshClient) -> None:
    everybody = read(visitor, "/labs/")
    assert "22 家" in everybody
    assert "长安汽车综合试验场" in read(visitor, "/labs/?level=enterprise_open&domain=nvh")
    assert "1 家" in read(visitor, "/labs/?q=dianjiang")
    assert "国家客车质量检验检测中心" not in read(visitor, "/labs/?q=垫江")
    nothing = read(visitor, "/labs/?q=///&domain=none")
    assert "没有符合条件的实验室" in nothing
    assert "看全部实验室" in nothing


def test_a_lab_shows_its_facts_benches_and_sources(visitor: FreshClient) -> None:
    page = read(visitor, "/labs/caeri-safety")
    for fact in ("国家级中心", "中国汽车工程研究院股份有限公司", "两江新区（渝北区）", "2013 年", "国家重点实验室"):
        assert fact in page
    assert "有出处" in page and "示例" in page
    assert "坐标只到区县" in page


def test_no_accreditation_is_claimed(visitor: FreshClient) -> None:
    page = read(visitor, "/labs/cmvr-new-energy")
    assert "读过的网页上没有 CNAS、CMA、CCC 或公告检测资质的记录" in page


def test_a_lab_that_may_not_be_running_warns(visitor: FreshClient) -> None:
    warning = "公开资料没有证实这家实验室目前对外运营"
    assert warning in read(visitor, "/labs/caeri-robot")
    assert warning in read(visitor, "/resources/crb-emc")
    assert warning not in read(visitor, "/labs/caeri-safety")


def test_a_source_leads_to_its_page_or_says_that_it_was_read_elsewhere(visitor: FreshClient) -> None:
    html = visitor.get("/resources/cvc-voc").text
    assert "看出处" in html
    links = re.findall(
        r'<a href="(https?://[^"]+)" rel="noopener noreferrer external"', visitor.get("/labs/caeri-nvh").text
    )
    assert any(link.startswith("http://cq.cqnews.net/") for link in links)
    reposted = visitor.get("/resources/mne-fire").text
    assert "中国电动汽车火灾安全指数在渝发布" in reposted
    assert "转载阅读" in reposted
    assert "external" not in reposted.partition('id="sources"')[2].partition("</section>")[0]


def test_a_bench_tells_its_hours_rules_and_evidence(visitor: FreshClient) -> None:
    page = read(visitor, "/resources/mne-fire")
    for fact in (
        "周一至周六 08:00–24:00；法定节假日不开放，调休上班日照常 计划值",
        "上台前至少 1 个工作日，最远 180 天",
        "从开放时起每 4 h 一个",
        "120 分钟，每家企业最多 5 个",
        "公开资料写明有这台设备",
        "不等于资质范围",
        "没有找到公开的开放时间",
    ):
        assert fact in page, fact


def test_an_example_is_called_one_and_its_sources_prove_only_the_plan(visitor: FreshClient) -> None:
    wanted = select(Resource).where(Resource.evidence == "representative")
    sourced = next(unit.id for unit in db.session.scalars(wanted) if unit.sources)
    page = read(visitor, f"/resources/{sourced}")
    assert "示例 这类实验室通常具备，按同类推定" in page
    assert "只证实范围或规划，不证实这台设备" in page


def test_a_pool_leads_to_its_first_unit(visitor: FreshClient) -> None:
    answer = visitor.get("/resources/cvc-dyno4")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/resources/cvc-dyno4-1")


def test_a_visitor_sees_the_week_but_no_free_or_busy_time(visitor: FreshClient, week: str) -> None:
    page = read(visitor, "/resources/mne-fire")
    assert f"最早上台约在{week}" in page
    assert "登录后看空档并预约" in page
    assert "两周空档" not in page
    for path in ("/tests/b-pack-thermalprop", "/methods/gb38031-2025", "/labs/cmvr-new-energy", "/labs/"):
        assert week in read(visitor, path), path


def test_who_signed_in_sees_the_fortnight_and_books(app: Flask, real: World) -> None:
    company = real.member(real.organisation("甲公司", OrganisationKind.COMPANY), Role.ENGINEER)
    client = browser(app, company)
    page = read(client, "/resources/mne-fire")
    assert "两周空档" in page and "选项目预约" in page
    assert 'href="/bookings/new?resource=mne-fire&amp;test=veh-fire"' in client.get("/resources/mne-fire").text


def test_an_edition_leads_to_what_it_replaces_and_what_replaces_it(visitor: FreshClient) -> None:
    new = visitor.get("/methods/gb38031-2025").text
    assert 'href="/methods/gb38031-2020"' in new
    page = read(visitor, "/methods/gb38031-2025")
    assert "GB 38031-2020 换为 GB 38031-2025" in page
    assert "新申请车型 2026-07-01 起" in page and "已获批车型 2027-07-01 起" in page
    old = read(visitor, "/methods/gb38031-2020")
    assert "GB 38031-2025 代替这一版" in old and "已被替代" in old


def test_a_date_that_was_not_found_is_not_made_up(visitor: FreshClient) -> None:
    page = read(visitor, "/methods/gb20071-2025")
    assert "已获批车型 没有查到" in page
    assert "没有查到日期，不等于没有过渡期" in page


def test_an_edition_that_was_not_checked_says_so_everywhere(visitor: FreshClient) -> None:
    assert "这一版是否现行没有核实" in read(visitor, "/methods/client-spec")
    assert "委托方技术规范 未核" in read(visitor, "/resources/mne-fire")
    assert "没有核实" in read(visitor, "/tests/veh-fire")


def test_a_name_in_chinese_is_found_in_the_list_of_what_was_replaced(visitor: FreshClient) -> None:
    assert "IVISTA 2026 代替这一版" in read(visitor, "/methods/ivista-2023")


def test_a_test_tells_sample_durations_and_who_can_do_it(visitor: FreshClient) -> None:
    page = read(visitor, "/tests/b-pack-thermalprop")
    for fact in (
        "样品 电池包或系统",
        "件数 1 计划值",
        "样品不能再做别的独立试验",
        "准备 16 h 计划值",
        "试验 12 h 计划值",
        "清理 8 h 计划值",
        "报告 7 工作日 计划值",
        "试验须在一班内做完",
        "招商车研新能源试验中心",
    ):
        assert fact in page, fact
    assert "试验 90 min 有出处" in read(visitor, "/tests/b-cell-overdischarge")


def test_what_was_retired_says_so_and_leaves_the_lists(visitor: FreshClient, real: World) -> None:
    with transaction() as session:
        session.get_one(Lab, "yongchuan-ad-base").retired_at = real.now
    try:
        assert "不再列入目录" in read(visitor, "/labs/yongchuan-ad-base")
        assert "21 家" in read(visitor, "/labs/")
    finally:
        with transaction() as session:
            session.get_one(Lab, "yongchuan-ad-base").retired_at = None


@pytest.mark.parametrize("path", ["/labs/none", "/resources/none", "/methods/none", "/tests/none", "/tests/%00"])
def test_what_is_not_there_is_not_found(visitor: FreshClient, path: str) -> None:
    assert visitor.get(path).status_code == 404


@pytest.mark.parametrize("query", ["q=%00", "q=%25_", "domain=%00", "level='", "q=" + "x" * 10_000])
def test_odd_filters_find_nothing_and_break_nothing(visitor: FreshClient, query: str) -> None:
    assert visitor.get(f"/labs/?{query}").status_code == (422 if "%00" in query else 200)


def test_markup_in_a_filter_stays_text(visitor: FreshClient) -> None:
    assert "<script>alert" not in visitor.get("/labs/?q=<script>alert(1)</script>").text


def test_facts_that_exist_in_chinese_only_are_marked_on_an_english_page(visitor: FreshClient) -> None:
    page = read(visitor, "/labs/caeri-safety", "en")
    assert "CAERI Automotive Safety Technology Center" in page
    html = visitor.get("/labs/caeri-safety").text
    assert '<span lang="zh-CN">礼嘉园区（中国汽研本部）</span>' in html
