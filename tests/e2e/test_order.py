"""One order with two samples and three tests, one of them failing and repeated, from draft to the last report."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import DESKTOP, PHONE, choose_language, fill_sign_in, overflow
from tests.e2e.conftest import Server, SignIn, watched

pytestmark = pytest.mark.e2e

LAB = "cmvr-new-energy"
# Tests of a bench on which the demo has nothing.
TESTS = ("ev-direct", "ev-indirect", "ev-insulation")
BAD_VIN = "LSVAA4182E2123456"


def press(page: Page, name: str) -> None:
    """The first button of this name."""
    page.get_by_role("button", name=name, exact=True).first.click()


def add_line(page: Page, test: str, sample: str) -> None:
    if page.locator("details[open] select[name=test]").count() == 0:
        page.get_by_text("加一项").click()
    page.select_option("select[name=test]", test)
    page.fill("input[name=sample]", sample)
    press(page, "加上")


def draft(page: Page) -> str:
    """Three tests on two samples, with terms that are saved while they are typed; the address of the order."""
    page.goto(f"/orders/new?lab={LAB}")
    press(page, "建立草稿")
    page.wait_for_url(re.compile(r"/orders/(?!new)"))
    address = page.url
    for test, sample in zip(TESTS, ("BP-12", "BP-12", "BP-13"), strict=True):
        add_line(page, test, sample)
    page.fill("textarea[name=decision_rule]", "按标准限值，不计不确定度")
    expect(page.locator("[data-state]")).to_have_text("已保存")
    return address


def register(page: Page, order: str, name: str, vin: str = "") -> str:
    """A sample of the order; a VIN with a wrong check digit needs a reason. Its address."""
    page.goto(order)
    page.get_by_role("link", name=f"登记 {name}").click()
    page.fill("input[name=vin]", vin)
    press(page, "保存")
    if vin:
        expect(page.locator(".f.err")).to_contain_text("第 9 位")
        page.fill("input[name=vin_reason]", "试制车")
        press(page, "保存")
    page.wait_for_url(re.compile(r"/samples/(?!new)"))
    return page.url


def dispatch(page: Page, sample: str, waybill: str) -> None:
    page.goto(sample)
    page.locator("summary", has_text="发出").click()
    page.fill("input[name=carrier]", "顺丰")
    page.fill("input[name=waybill]", waybill)
    page.locator('form[action$="/dispatch"] button').click()
    expect(page.locator(".head .st")).to_contain_text("在途中")


def receive(page: Page, sample: str) -> None:
    page.goto(sample)
    page.locator("summary", has_text="收样").click()
    page.locator('form[action$="/receive"] input[name=note]').fill("完好")
    page.locator('form[action$="/receive"] button').click()
    expect(page.locator(".head .st")).to_contain_text("已收样")


def bookings(page: Page, order: str) -> list[str]:
    page.goto(order)
    found = page.locator('main table a[href^="/bookings/"]').evaluate_all("links => links.map(link => link.href)")
    return [each for each in found if "/new" not in each]


def confirm(page: Page, booking: str) -> None:
    page.goto(booking)
    page.locator('form[action$="/confirm"] button').click()
    expect(page.locator(".head .st")).to_contain_text("已确认")


def run(page: Page, booking: str, result: str, comment: str = "") -> None:
    """Start, pause, go on and end with a result, on the phone."""
    page.goto(f"{booking}/run")
    early = page.get_by_text("提前开始…")
    if early.count():
        early.click()
    page.locator('form[action$="/run/start"] button').click()
    page.locator("summary", has_text="暂停").click()
    page.select_option("select[name=cause]", "supply")
    page.locator('form[action$="/run/pause"] button').click()
    expect(page.locator(".next")).to_contain_text("暂停中：停电")
    page.locator('form[action$="/run/resume"] button').click()
    page.locator("summary", has_text="结束并记录结果").click()
    page.check(f"input[name=result][value={result}]")
    page.fill("input[name=comment]", comment)
    page.locator('form[action$="/run/finish"] button').click()
    expect(page.locator(".next")).to_contain_text("结果：")


def report(page: Page, booking: str, number: str) -> None:
    page.goto(f"{booking}/report")
    page.fill("input[name=number]", number)
    page.locator("main form button").last.click()
    page.goto(booking)
    expect(page.locator("#report")).to_contain_text(number)


def subjects(server: Server, email: str) -> list[str]:
    """What the mails are about that have reached an address."""
    return [str(mail["Subject"]) for mail in server.postbox.to(email)]


def test_terms_outlive_whatever_else_is_pressed(page_desktop: Page, sign_in: SignIn):
    page = page_desktop
    sign_in(page, "oem-a@demo.example")
    choose_language(page, "zh")
    page.goto(f"/orders/new?lab={LAB}")
    press(page, "建立草稿")
    page.wait_for_url(re.compile(r"/orders/(?!new)"))
    page.fill("input[name=contract_number]", "HT-2026-001")
    page.fill("input[name=amount]", "十万")
    add_line(page, TESTS[0], "BP-12")
    expect(page.locator("[data-state]")).to_contain_text("没有保存")
    expect(page.locator("[data-state]")).to_contain_text("金额")
    expect(page.locator("input[name=amount]")).to_be_focused()
    page.fill("input[name=amount]", "100000")
    press(page, "加上")
    expect(page.locator("main table")).to_contain_text("BP-12")
    expect(page.locator("input[name=contract_number]")).to_have_value("HT-2026-001")


def test_terms_outlive_a_line_without_a_script(browser: Browser, server: Server) -> None:
    """Typed and not saved: another button takes them along, and Enter does what its field is for."""
    email = "oem-a@demo.example"
    context = browser.new_context(base_url=server.base, java_script_enabled=False, locale="zh-CN")
    page = context.new_page()
    fill_sign_in(page, email, server.account(email)["password"])
    choose_language(page, "zh")
    page.goto(f"/orders/new?lab={LAB}")
    press(page, "建立草稿")
    lines, number = page.locator("main table.t tbody tr"), page.locator("input[name=contract_number]")
    number.fill("HT-1")
    add_line(page, TESTS[0], "BP-12")
    expect(lines).to_have_count(1)
    expect(number).to_have_value("HT-1")
    number.fill("HT-2")
    number.press("Enter")
    page.reload()
    expect(number).to_have_value("HT-2")
    expect(lines).to_have_count(1)
    page.get_by_text("加一项").click()
    page.select_option("select[name=test]", TESTS[1])
    page.fill("input[name=sample]", "BP-13")
    page.press("input[name=sample]", "Enter")
    expect(lines).to_have_count(2)
    number.fill("HT-3")
    press(page, "全部暂留最早时段")
    expect(page.get_by_role("button", name="提交委托单")).to_be_visible()
    expect(number).to_have_value("HT-3")
    context.close()


def test_a_refusal_far_down_a_page_is_where_one_begins(page_phone: Page, sign_in: SignIn, tmp_path):
    page, program = page_phone, tmp_path / "program.exe"
    program.write_bytes(b"MZ\x90\x00")
    sign_in(page, "oem-a@demo.example")
    page.goto("/orders/")
    page.locator('main table a[href^="/orders/"]').first.click()
    page.fill("#messages [name=text]", "夹具多大？")
    page.set_input_files("#messages input[type=file]", program)
    page.locator("#messages button").click()
    expect(page.locator("#messages .f.err input[type=file]")).to_be_in_viewport()
    expect(page.locator("#messages [name=text]")).to_have_value("夹具多大？")


def test_an_order_from_draft_to_its_last_report(browser: Browser, server: Server, sign_in: SignIn, axe):
    wrong: list[str] = []

    def look(page: Page) -> None:
        wrong.extend(axe(page))
        if wide := overflow(page):
            wrong.append(f"{page.url}: {wide} px wider than the screen")

    with (
        watched(browser, server, DESKTOP) as engineer,
        watched(browser, server, DESKTOP) as desk,
        watched(browser, server, PHONE) as crew,
    ):
        for page, email in ((engineer, "oem-a"), (desk, "lab"), (crew, "crew")):
            sign_in(page, f"{email}@demo.example")
            choose_language(page, "zh")

        order = draft(engineer)
        press(engineer, "全部暂留最早时段")
        expect(engineer.locator(".st.held")).not_to_have_count(0)
        look(engineer)
        press(engineer, "提交委托单")
        expect(engineer.locator(".head .st")).to_contain_text("待受理")
        first, second = register(engineer, order, "BP-12", BAD_VIN), register(engineer, order, "BP-13")
        look(engineer)

        desk.goto(order)
        for box in desk.locator("input[name=checklist]").all():
            box.check()
        look(desk)
        press(desk, "受理委托单")
        expect(desk.locator(".head .st")).to_contain_text("已受理")
        booked = bookings(desk, order)
        assert len(booked) == 3
        for booking in booked:
            confirm(desk, booking)

        for sample in (first, second):
            dispatch(engineer, sample, "SF-2611")
            receive(crew, sample)
            look(crew)
        for booking, result, comment in zip(
            booked, ("passed", "failed", "passed"), ("", "绝缘电阻不够", ""), strict=True
        ):
            run(crew, booking, result, comment)
        look(crew)
        assert "示例" not in crew.locator("main").inner_text()

        engineer.goto(order)
        expect(engineer.locator("main")).to_contain_text("不合格 绝缘电阻不够")
        engineer.get_by_role("link", name="安排复测").click()
        press(engineer, "安排复测")
        desk.goto(order)
        for box in desk.locator("input[name=checklist]").all():
            box.check()
        press(desk, "受理委托单")
        engineer.goto(order)
        engineer.get_by_role("link", name=re.compile("选时段")).click()
        engineer.locator("button[name=choice]").first.click()
        engineer.locator('button[value="requested"]').click()
        engineer.wait_for_url(re.compile(r"/bookings/(?!new)"))
        again = engineer.url
        confirm(desk, again)
        run(crew, again, "passed")

        for place, booking in enumerate((*booked, again), 1):
            report(desk, booking, f"JC-E2E-{place}")
        engineer.goto(order)
        expect(engineer.locator(".head .st")).to_contain_text("已签发")
        look(engineer)
        engineer.goto(first)
        look(engineer)
    for job in ("notices", "mail"):
        server.runs(job)
    told = {email: subjects(server, email) for email in ("oem-a@demo.example", "lab@demo.example")}
    assert any("受理" in subject for subject in told["oem-a@demo.example"]), told
    assert any("委托单" in subject for subject in told["lab@demo.example"]), told
    assert not subjects(server, "oem-b@demo.example")
    assert not wrong, "\n".join(wrong)
