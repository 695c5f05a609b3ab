"""Reports on a schedule: made once for each period, for whom they are, whatever else fails; told by a real mail."""

import io
import re
import threading
from dataclasses import replace
from datetime import date, timedelta
from html import unescape
from itertools import product

import pytest
import time_machine
from flask import Flask
from python_calamine import CalamineWorkbook

from app.accounts import members
from app.accounts import service as accounts
from app.accounts.models import OrganisationKind, Role
from app.database import db
from app.errors import Forbidden, Invalid
from app.events.models import Event
from app.jobs import service as jobs
from app.jobs.models import Outcome
from app.jobs.registry import job
from app.language import speaking
from app.notifications import queries as notices
from app.notifications import sending
from app.notifications.models import Mail, MailState
from app.notifications.reading import read_events
from app.turnaround.causes import Cause
from app.turnaround.change import Change
from app.turnaround.queries import Figures
from app.turnaround.rules import PHASES, Period
from app.turnaround.scheduled import periods, queries, service
from app.turnaround.scheduled.headlines import Facts, Topic, chosen
from app.turnaround.scheduled.models import ScheduledReport
from app.turnaround.scheduled.periods import Every
from app.turnaround.scheduled.wording import SAID
from app.turnaround.trend import Shift
from tests.http import browser, program
from tests.notifications.postbox import Postbox
from tests.world import Person, World, at

# Monday; the last complete week is that from the 2nd to the 8th, the last complete month October.
MONDAY = at(9, 2, 40)
HAN = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
WEEK = Period(date(2026, 11, 2), date(2026, 11, 8))


@pytest.fixture
def told(world: World, issued) -> World:
    """Reports of 甲公司 over a year, the last one slow; those of two other companies beside them."""
    world.bench()
    world.test("t2")
    for weeks in (0, 1, 5, 9, 13, 17, 26, 39, 52):
        issued("甲公司", days=(1, 12, 2, 4) if weeks == 0 else (1, 5, 2, 4), on=at(6) - timedelta(weeks=weeks))
    for weeks in (0, 1, 2, 3):
        issued("乙公司", test="t2", on=at(5) - timedelta(weeks=weeks))
        issued("丙公司", on=at(4) - timedelta(weeks=weeks))
    return world


def subscriber(world: World, person: Person, *every: Every) -> Person:
    for each in every or (Every.WEEK,):
        service.subscribe(person.viewer, each, at(2))
    return person


def made(person: Person) -> list[tuple[str, date]]:
    db.session.rollback()
    return [(row.every.value, row.first_day) for row in queries.reports(person.viewer)]


def sent(world: World) -> int:
    read_events(world.now)
    return sending.send_due(lambda: world.now)


def test_the_last_complete_week_and_month() -> None:
    assert periods.last_complete(Every.WEEK, MONDAY) == WEEK
    assert periods.last_complete(Every.WEEK, at(8, 23)).last == date(2026, 11, 1)
    assert periods.last_complete(Every.MONTH, at(1, 0, 1)) == Period(date(2026, 10, 1), date(2026, 10, 31))
    assert periods.before(Every.MONTH, Period(date(2027, 3, 1), date(2027, 3, 31))).last == date(2027, 2, 28)
    assert periods.year_ago(Every.MONTH, Period(date(2028, 2, 1), date(2028, 2, 29))).last == date(2027, 2, 28)
    assert periods.year_ago(Every.WEEK, WEEK).first == date(2025, 11, 3)


def facts(**known) -> Facts:
    figures = Figures("total", "", "", 10, percentiles=(20.0, 30.0, 40.0), mean=22.0)
    nothing = dict.fromkeys(("before", "year_ago", "year", "change", "shift", "target", "cause", "under_way"))
    return Facts(**{"total": figures, **nothing, "since": "", "months": 12, "lasts": False, **known})


def test_news_before_reasons_before_what_always_holds() -> None:
    shift, cause = Shift(3, 9, True, 20.0), Cause("customer:payment", 2, 30.0, 0.6)
    slower = Change(20.0, 22.5, 1.0, dict.fromkeys(PHASES, 0.375), {})
    whole = facts(shift=shift, lasts=True, target=15, change=slower, cause=cause, under_way=4)
    assert chosen(whole) == [Topic.LEVEL, Topic.SHIFT, Topic.TARGET]
    assert chosen(replace(whole, lasts=False, target=25)) == [Topic.LEVEL, Topic.CHANGE, Topic.CAUSE]
    small = replace(slower, after=20.4), replace(cause, days=3.0)
    quiet = replace(whole, lasts=False, target=25, change=small[0], cause=small[1])
    assert chosen(quiet) == [Topic.LEVEL, Topic.UNDER_WAY, Topic.TARGET]
    hidden = replace(whole.total, lines=None, percentiles=None, mean=None, suppressed=True)
    assert chosen(facts(total=hidden, year=whole.total)) == [Topic.HIDDEN, Topic.YEAR]
    empty = replace(hidden, lines=0, suppressed=False)
    assert chosen(facts(total=empty, year=whole.total, under_way=0, target=15)) == [
        Topic.NOTHING_ISSUED,
        Topic.UNDER_WAY,
        Topic.YEAR,
    ]


def test_every_topic_is_a_sentence_in_both_languages(app: Flask) -> None:
    spread = facts().total
    phases = {"review": 1.0, "waiting": 15.0, "testing": 2.0, "reporting": 4.0}
    change = Change(20.0, 22.5, 1.0, dict.fromkeys(PHASES, 0.375), {})
    told = facts(total=replace(spread, phases=phases), year=spread, change=change, target=15, under_way=4)
    told = replace(told, shift=Shift(3, 9, True, 20.0), since="2026-03", cause=Cause("pause:supply", 2, 30.0, 0.6))
    kinds = [told, replace(told, before=spread), replace(told, year_ago=spread)]
    kinds += [replace(told, before=spread, year_ago=spread, target=25, under_way=0, change=replace(change, after=17.5))]
    with app.app_context():
        for each, topic in product(kinds, Topic):
            with speaking("zh"):
                assert re.fullmatch(r"[^%]+。", SAID[topic](each))
            with speaking("en"):
                assert not HAN.search(SAID[topic](each)) and "%(" not in SAID[topic](each)


def test_each_period_once_and_a_missed_one_made_up_once(told: World) -> None:
    person = subscriber(told, told.engineer("甲公司"), Every.WEEK, Every.MONTH)
    # October ended before he subscribed.
    assert service.make_due(MONDAY) == 1 and service.make_due(MONDAY) == 0
    assert made(person) == [("week", WEEK.first)]
    # Three weeks without a scheduler: the latest week is made up, and once; the month has ended meanwhile.
    late = at(2, month=12)
    assert service.make_due(late) == 2 and service.make_due(late) == 0
    assert made(person) == [("month", date(2026, 11, 1)), ("week", date(2026, 11, 23)), ("week", WEEK.first)]
    assert db.session.query(Event).filter_by(kind="turnaround.report_made").count() == 3
    service.unsubscribe(person.viewer, Every.WEEK, late)
    assert service.make_due(late + timedelta(days=7)) == 0


def test_who_has_left_gets_nothing(told: World, box: Postbox) -> None:
    person = subscriber(told, told.engineer("甲公司"))
    manager = told.member(person.viewer.organisation_id, Role.COMPANY_MANAGER)
    other = subscriber(told, told.engineer("乙公司"))
    service.make_due(MONDAY)
    told.now = MONDAY
    read_events(told.now)
    # After the mail was queued, before it is written.
    members.end(manager.viewer, person.viewer.membership_id, told.now)
    assert sending.send_due(lambda: told.now) == 1
    assert [mail["To"] for mail in box.mails] == [other.email]
    assert service.make_due(MONDAY + timedelta(days=7)) == 1


def test_one_that_fails_is_tried_again_and_seen(told: World, clean: Flask) -> None:
    unlucky, lucky = subscriber(told, told.engineer("甲公司")), subscriber(told, told.lab_admin("lab"))
    admin = told.member(told.organisation("运维", OrganisationKind.AUTHORITY), Role.SYSTEM_ADMIN)
    # A language that nobody can write in.
    accounts.choose_language(unlucky.viewer.user_id, "xx")
    run = jobs.run_once(job("scheduled-reports"), MONDAY, "test")
    assert run.outcome is Outcome.FAILED and "1 not made, 1 made" in run.error
    assert (made(unlucky), made(lucky)) == ([], [("week", WEEK.first)])
    with pytest.raises(service.Unmade):
        service.make_due(MONDAY + timedelta(hours=1))
    with time_machine.travel(MONDAY, tick=False):
        page = browser(clean, admin).get("/admin/jobs").text
    ((report, address),) = queries.failing()
    assert (address, report.attempts, report.last_error) == (unlucky.email, 2, "KeyError: 'xx'")
    assert "KeyError: &#39;xx&#39;" in page and unlucky.email in page
    accounts.choose_language(unlucky.viewer.user_id, "zh")
    assert service.make_due(MONDAY + timedelta(days=1)) == 1 and queries.failing() == []
    assert made(unlucky) == made(lucky)


def test_the_mail_says_what_the_page_says(told: World, clean: Flask, box: Postbox) -> None:
    person = subscriber(told, told.engineer("甲公司"))
    service.make_due(MONDAY)
    told.now = MONDAY
    assert sent(told) == 1 and sent(told) == 0
    (mail,) = box.mails
    assert mail["Subject"] == "检测周期周报：2026-11-02 至 2026-11-08。" and mail["To"] == person.email
    path = db.session.query(ScheduledReport).one().id
    with time_machine.travel(told.now, tick=False):
        client = browser(clean, person)
        page = client.get(f"/turnaround/subscriptions/{path}").text
        file = client.get(f"/turnaround/subscriptions/{path}/turnaround.xlsx").data
    html, text = (mail.get_body((kind,)).get_content() for kind in ("html", "plain"))
    said = sentences(page)
    assert len(said) == 3 and sentences(html) == said and all(sentence in text for sentence in said)
    before, ago = "上一时段是 12.0 天和 12.0 天", "去年同期是 12.0 天和 12.0 天"
    assert said[0] == f"签发了 1 份报告，一半在提交后 19.0 天内，八成在 19.0 天内；{before}，{ago}。"
    assert "平均 19.0 天，比上一时段多 7.0 天" in said[1] and "等待（+7.0 天）" in said[1]
    assert said[2] == "现在没有在途的委托项。"
    # The chart of the mail: a bar for each month that has figures, as the table of the page.
    months = table(page, "月份")
    assert html.count('bgcolor="') == len(months) > 5 and "<svg" in page and "<svg" not in html
    for month, _lines, median, p80, *_rest in months:
        assert re.search(rf"<td>{month}</td>.*>{median}</td><td[^>]*>{p80}</td></tr>", html)
    (attached,) = mail.iter_attachments()
    assert attached.get_filename() == "turnaround-week-2026-11-02.xlsx"
    content = attached.get_content()
    assert rows_of(content) == rows_of(file)
    assert [name for name, _rows in rows_of(content)] == ["实验室", "领域", "检测项目", "月份"]
    for name, rows in rows_of(content):
        shown = table(page, name)
        assert shown and [row[1:4] for row in shown] == [[f"{row[2]:g}", *map(str, row[3:5])] for row in rows[2:-1]]
    # The other companies' lines are in none of it.
    assert "乙公司" not in page + html + text + str(rows_of(content)) and "t2" not in str(rows_of(content))


def test_in_english(told: World, box: Postbox) -> None:
    person = subscriber(told, told.engineer("甲公司"))
    accounts.choose_language(person.viewer.user_id, "en")
    service.make_due(MONDAY)
    told.now = MONDAY
    sent(told)
    (mail,) = box.mails
    (attached,) = mail.iter_attachments()
    parts = [mail.get_body((kind,)).get_content() for kind in ("html", "plain")]
    letters = [part.replace(person.viewer.name, "") for part in (*parts, mail["Subject"])]
    letters.append(str(rows_of(attached.get_content())))
    assert not [found for part in letters for found in HAN.findall(part)]
    assert len(sentences(letters[0])) == 3 and "waiting" in letters[0].lower()


def test_one_click_ends_the_mails_and_the_page_goes_on(told: World, clean: Flask, box: Postbox) -> None:
    person = subscriber(told, told.engineer("甲公司"))
    told.now = MONDAY
    service.make_due(told.now)
    sent(told)
    (mail,) = box.mails
    path = re.fullmatch(r"<https://yujian\.lab\.example(.+)>", mail["List-Unsubscribe"])[1]
    assert "检测周期的定期报告" in browser(clean).get(path).text
    assert browser(clean).post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    told.now += timedelta(days=7)
    assert service.make_due(told.now) == 1 and sent(told) == 0
    assert len(notices.inbox(person.viewer)) == len(queries.reports(person.viewer)) == 2


def test_on_demand(told: World, clean: Flask, box: Postbox) -> None:
    person, other = told.engineer("甲公司"), told.engineer("甲公司")
    told.now, pages = MONDAY, "/turnaround/subscriptions/"
    with time_machine.travel(told.now, tick=False):
        client, colleague = browser(clean, person), browser(clean, other)
        address = client.post(f"{pages}make", data={"every": "month"}).location
        assert client.post(f"{pages}make", data={"every": "month"}).location == address
        assert "2026-10-01 至 2026-10-31" in client.get(address).text and address in client.get(pages).text
        assert sent(told) == 1
        assert client.post(f"{address}/send").status_code == 303
        assert sent(told) == 1 and len(box.to(person.email)) == 2
        # Not even a colleague opens it: it says what its own reader may see.
        assert [colleague.get(path).status_code for path in (address, f"{address}/turnaround.xlsx")] == [404, 404]
        assert colleague.post(f"{address}/send").status_code == 404
        assert client.post(f"{pages}make", data={"every": "day"}).status_code == 404
        for wanted, done in (("1", {Every.WEEK}), ("1", {Every.WEEK}), ("", set())):
            client.post(pages, data={"every": "week", "wanted": wanted})
            assert queries.subscribed(person.viewer) == done
        assert browser(clean, told.bench_crew("lab")).get(pages).status_code == 403
    told_of = db.session.query(Event.kind).filter(Event.kind.like("turnaround.%")).order_by(Event.id)
    assert [kind.partition(".")[2] for (kind,) in told_of] == ["report_made"] * 2 + ["subscribed", "unsubscribed"]


def test_coordinators_get_whole_months_with_small_cells_hidden(told: World, clean: Flask) -> None:
    coordinator = subscriber(told, told.coordinator(), Every.MONTH)
    with pytest.raises(Invalid):
        service.subscribe(coordinator.viewer, Every.WEEK, told.now)
    with pytest.raises(Forbidden):
        service.subscribe(told.bench_crew("lab").viewer, Every.MONTH, told.now)
    # October has eight lines of three companies, one of them alone took the test `t2`.
    report = service.make_now(coordinator.viewer, Every.MONTH, MONDAY)
    with time_machine.travel(MONDAY, tick=False):
        client = browser(clean, coordinator)
        page = client.get(f"/turnaround/subscriptions/{report.id}").text
        refused = client.post("/turnaround/subscriptions/", data={"every": "week", "wanted": "1"})
    assert refused.status_code == 422 and "只有月报" in refused.text
    assert "签发了 8 份报告" in sentences(page)[0] and "在途" not in page and "公司" not in "".join(sentences(page))
    assert [row[1] for row in table(page, "检测项目")] == ["–", "–"]


def test_nobody_else_reads_of_it_in_the_log(told: World, clean: Flask) -> None:
    people = [told.engineer("甲公司"), told.lab_admin("lab"), told.coordinator()]
    for person in people:
        subscriber(told, person, Every.MONTH)
    assert service.make_due(at(1, 3, month=12)) == 3
    for person in (*people, told.engineer("甲公司"), told.bench_crew("lab")):
        answer = browser(clean).get("/api/v1/events?limit=200", headers=program(person))
        assert answer.json["items"] == []


def test_two_leaders_make_each_once(told: World, app: Flask) -> None:
    for company in ("甲公司", "乙公司", "丙公司"):
        subscriber(told, told.engineer(company))
    counts: list[int] = []

    def work() -> None:
        with app.app_context():
            counts.append(service.make_due(MONDAY))
            db.session.remove()

    db.session.remove()
    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 3
    assert db.session.query(Event).filter_by(kind="turnaround.report_made").count() == 3


def test_a_letter_that_cannot_be_written_now_keeps_no_other_back(told: World, box: Postbox) -> None:
    unlucky, lucky = subscriber(told, told.engineer("甲公司")), subscriber(told, told.engineer("乙公司"))
    told.now = MONDAY
    service.make_due(told.now)
    read_events(told.now)
    accounts.choose_language(unlucky.viewer.user_id, "xx")
    assert sending.send_due(lambda: told.now) == 1 and len(box.to(lucky.email)) == 1
    db.session.expire_all()
    waiting = db.session.query(Mail).filter_by(user_id=unlucky.viewer.user_id).one()
    assert (waiting.state, waiting.attempts, waiting.last_error) == (MailState.QUEUED, 1, "KeyError: 'xx'")
    accounts.choose_language(unlucky.viewer.user_id, "zh")
    told.now += timedelta(minutes=1)
    assert sending.send_due(lambda: told.now) == 1 and len(box.to(unlucky.email)) == 1


def sentences(html: str) -> list[str]:
    return [unescape(item) for item in re.findall(r"<li>([^<]+)</li>", re.findall(r"<ol.*?</ol>", html, re.DOTALL)[0])]


def rows_of(file: bytes) -> list[tuple[str, list]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(file))
    return [(name, book.get_sheet_by_name(name).to_python()) for name in book.sheet_names]


def table(page: str, name: str) -> list[list[str]]:
    part = page.split(f">{name}</h2>")[1].split("</table>")[0].split("<tbody>")[1]
    return [
        [unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in re.findall(r"<td.*?</td>", row)]
        for row in re.findall(r"<tr>.*?</tr>", part, re.DOTALL)
    ]
