"""What two rivals, the lab, its crew and a coordinator see of the same benches."""

from collections.abc import Callable

import pytest
import time_machine
from flask import Flask

from app.booking import closures
from app.booking.models import ClosureKind
from app.database import transaction
from app.labs.capacity import BenchState, Changeover, touch
from app.labs.models import Capability
from tests.http import browser
from tests.schedule.reading import Element, Page
from tests.world import Person, World, at

Look = Callable[..., Page]
MARKERS = ("甲公司", "Company", "样品甲", "备注甲", "更换压缩机", "维护")


def closes(lab: Person, resource: str, start, end) -> None:
    command = closures.CloseResource(resource, start, end, ClosureKind.MAINTENANCE, "更换压缩机")
    closures.close(lab.viewer, command, lab.world.now)


def texts(lane: list[Element]) -> list[str]:
    return [cell.text for cell in lane]


def test_a_rival_sees_booking_and_maintenance_as_one_grey_block(world: World, look: Look) -> None:
    world.bench()
    booking = world.engineer("甲公司").requests(at(5), sample="样品甲", note="备注甲")
    closes(world.lab_admin("lab"), "chamber", at(5, 12, 30), at(6, 16, 30))
    page = look(world.engineer("乙公司"))
    ((block,),) = page.lanes("环境舱 chamber")
    assert block.tag == "span"
    assert block.classes[:2] == ["ev", "busy"]
    assert block.text == "占用"
    assert not block.attributes.get("title")
    main = page.html[page.html.index("<table") : page.html.index("</table>")]
    assert not [word for word in (*MARKERS, booking.code, booking.id, "项目 t") if word in main]


def test_ones_own_bookings_tell_test_and_state_and_lead_to_themselves(world: World, look: Look) -> None:
    world.bench()
    engineer, lab = world.engineer("甲公司"), world.lab_admin("lab")
    confirmed = engineer.requests(at(4))
    lab.does("confirm", confirmed)
    requested = engineer.requests(at(6))
    held = engineer.holds(at(10))
    ((*blocks,),) = (look(engineer).lanes("环境舱 chamber"),)[0]
    assert [(cell.tag, cell.classes[1], cell.href) for cell in blocks] == [
        ("a", "own", f"/bookings/{confirmed.id}"),
        ("a", "wait", f"/bookings/{requested.id}"),
        ("a", "hold", f"/bookings/{held.id}"),
    ]
    names = [cell.attributes["title"] for cell in blocks]
    assert names[0] == f"项目 t {confirmed.code} 已确认 11-04 周三 08:30–12:30"
    assert names[1] == f"项目 t {requested.code} 待确认 11-06 周五 08:30–12:30"
    assert names[2] == f"项目 t {held.code} 暂留至 11:00 11-10 周二 08:30–12:30"


def test_a_colleague_sees_what_the_company_booked(world: World, look: Look) -> None:
    world.bench()
    booking = world.engineer("甲公司").requests(at(5))
    ((block,),) = look(world.engineer("甲公司")).lanes("环境舱 chamber")
    assert block.href == f"/bookings/{booking.id}"


def test_a_lapsed_hold_is_free_again_for_everybody(world: World, look: Look) -> None:
    world.bench()
    engineer = world.engineer("甲公司")
    held = engineer.holds(at(5))
    assert held.hold_expires_at is not None
    world.now = held.hold_expires_at
    for person in (engineer, world.engineer("乙公司"), world.lab_admin("lab")):
        assert look(person).lanes("环境舱 chamber") == [[]]


def test_the_lab_sees_company_requests_holds_and_its_own_maintenance(world: World, look: Look) -> None:
    world.bench()
    lab = world.lab_admin("lab")
    confirmed = world.engineer("甲公司").requests(at(4))
    lab.does("confirm", confirmed)
    asked = world.engineer("乙公司").requests(at(5))
    held = world.engineer("丙公司").holds(at(6))
    closes(lab, "chamber", at(9, 8, 30), at(10, 17, 30))
    (blocks,) = look(lab).lanes("环境舱 chamber")
    assert [cell.classes[1] for cell in blocks] == ["pl", "ask", "kept", "maint"]
    assert [cell.href for cell in blocks[:3]] == [f"/bookings/{each.id}" for each in (confirmed, asked, held)]
    assert blocks[0].attributes["title"] == f"项目 t {confirmed.code} 已确认 甲公司 11-04 周三 08:30–12:30"
    assert "乙公司" in blocks[1].attributes["title"]
    assert blocks[3].tag == "span"
    assert blocks[3].attributes["title"] == "维护 更换压缩机 11-09 周一 08:30 – 11-10 周二 17:30"


def test_the_crew_sees_codes_but_no_company(world: World, look: Look) -> None:
    world.bench()
    booking = world.engineer("甲公司").requests(at(5))
    page = look(world.bench_crew("lab"))
    ((block,),) = page.lanes("环境舱 chamber")
    assert booking.code in block.attributes["title"]
    assert "甲公司" not in page.html


def test_another_lab_sees_no_more_than_a_stranger(world: World, look: Look) -> None:
    world.bench()
    world.resource("elsewhere", lab="other")
    world.engineer("甲公司").requests(at(5))
    closes(world.lab_admin("lab"), "chamber", at(6, 8, 30), at(6, 17, 30))
    page = look(world.lab_admin("other"), "lab=all")
    assert [cell.classes[1] for lane in page.lanes("环境舱 chamber") for cell in lane] == ["busy", "busy"]
    assert "甲公司" not in page.html
    assert "更换压缩机" not in page.html


def test_a_lab_begins_with_its_own_benches(world: World, look: Look) -> None:
    world.bench()
    world.resource("elsewhere", lab="other")
    lab = world.lab_admin("lab")
    assert look(lab).benches == ["环境舱 chamber"]
    assert len(look(lab, "lab=all").benches) == 2
    assert len(look(world.engineer("甲公司")).benches) == 2


def test_who_may_not_book_gets_no_links_to_the_form(world: World, look: Look) -> None:
    world.bench()
    for person in (world.lab_admin("lab"), world.bench_crew("lab"), world.coordinator()):
        page = look(person)
        assert page.free("环境舱 chamber") == []
        assert "/bookings/new" not in page.html


def test_idle_time_leads_its_labs_desk_to_the_form_that_closes_it(world: World, look: Look) -> None:
    world.bench()
    world.resource("elsewhere", lab="other")
    desk = world.lab_admin("lab")
    booking = world.engineer("甲公司").requests(at(5))
    for query in ("", "from=2026-11-05&days=1", "from=2026-11-02&days=28", "from=2026-11-02&days=91"):
        page = look(desk, query)
        links = {page.name(cell).partition(" 空闲")[0].rpartition(" ")[2]: cell.href for cell in page.idle("chamber")}
        assert any(name.startswith("12:30–17:30") for name in links), query
    page = look(desk, "from=2026-11-05&days=1")
    (link,) = page.idle("chamber")
    assert page.name(link) == "环境舱 chamber 11-05 周四 12:30–17:30 空闲，登记停用"
    assert booking.ends_at == at(5, 12, 30)
    form = look(desk, path=link.href.partition("?")[0], query=link.href.partition("?")[2])
    values = {
        each.attributes["name"]: each.attributes["value"]
        for each in form.root.all("input", "")
        if "name" in each.attributes
    }
    assert (values["starts_at"], values["ends_at"]) == ("2026-11-05T12:30", "2026-11-05T17:30")
    assert [each.attributes["value"] for each in form.root.all("input") if "checked" in each.attributes] == [
        "chamber",
        "once",
    ]


def test_only_the_desk_of_the_lab_closes_benches_from_the_schedule(world: World, look: Look) -> None:
    world.bench()
    world.resource("elsewhere", lab="other")
    for person in (world.engineer("甲公司"), world.bench_crew("lab"), world.coordinator(), world.lab_admin("other")):
        for path in ("/schedule", "/resources/chamber"):
            assert "/closures/new" not in look(person, "lab=lab", path=path).html.replace("/other/closures", "")
    page = look(world.lab_admin("lab"), path="/resources/chamber")
    assert page.html.count("/closures/new?resource=chamber&") > 5
    assert [link.text for link in page.root.all("a", "btn") if link.href.endswith("/closures/new?resource=chamber")]


def test_what_has_passed_is_not_offered_to_be_closed(world: World, look: Look) -> None:
    world.bench()
    world.now = at(4, 10, 20)
    page = look(world.lab_admin("lab"), "from=2026-11-02&days=7")
    assert page.name(page.idle("chamber")[0]) == "环境舱 chamber 11-04 周三 10:15–17:30 空闲，登记停用"
    assert look(world.lab_admin("lab"), "from=2026-10-26&days=7").idle("chamber") == []


def test_one_place_of_a_shared_bench_is_closed_from_its_lane(world: World, look: Look) -> None:
    world.bench(places=2)
    desk = world.lab_admin("lab")
    world.engineer("甲公司").requests(at(5))
    page = look(desk, "from=2026-11-05&days=1")
    assert [page.name(cell) for cell in page.idle("chamber")] == [
        "环境舱 chamber 11-05 周四 1 号位 12:30–17:30 空闲，登记停用",
        "环境舱 chamber 11-05 周四 2 号位 08:30–17:30 空闲，登记停用",
    ]
    path, _, query = page.idle("chamber")[1].href.partition("?")
    assert 'name="places" type="text" value="2"' in look(desk, query, path=path).html


def test_a_shared_bench_is_busy_only_when_no_place_is_left(world: World, look: Look) -> None:
    world.bench(places=2)
    mine = world.engineer("乙公司")
    world.engineer("甲公司").requests(at(5))
    page = look(mine)
    assert page.lanes("环境舱 chamber") == [[]]
    assert at(5) in [start for _, start in page.free("环境舱 chamber")]
    booking = mine.requests(at(5))
    first, own = look(mine).lanes("环境舱 chamber")
    assert [cell.classes[1] for cell in first] == ["busy"]
    assert [cell.href for cell in own] == [f"/bookings/{booking.id}"]
    assert all("half" in lane.classes for lane in look(mine).row("环境舱 chamber").all(css="lane"))


def test_the_lab_sees_the_places_of_a_shared_bench_as_lanes(world: World, look: Look) -> None:
    world.bench(places=3)
    for company in ("甲公司", "乙公司"):
        world.engineer(company).requests(at(5))
    page = look(world.lab_admin("lab"))
    assert [len(lane) for lane in page.lanes("环境舱 chamber")] == [1, 1, 0]
    assert "3 位" in page.row("环境舱 chamber").text


def test_a_time_proposed_by_the_lab_is_shown_to_its_company_and_grey_to_others(world: World, look: Look) -> None:
    world.bench()
    engineer, lab = world.engineer("甲公司"), world.lab_admin("lab")
    booking = engineer.requests(at(5))
    lab.moves(booking, at(10), reason="设备检修")
    (blocks,) = look(engineer).lanes("环境舱 chamber")
    assert [cell.classes[1] for cell in blocks] == ["wait", "hold"]
    assert "实验室提议改到" in blocks[1].attributes["title"]
    (grey,) = look(world.engineer("乙公司")).lanes("环境舱 chamber")
    assert [cell.classes[1] for cell in grey] == ["busy", "busy"]


def test_a_visitor_is_sent_to_sign_in_and_back(world: World, clean: Flask) -> None:
    world.bench()
    answer = browser(clean).get("/schedule?lab=lab&days=1")
    assert answer.status_code == 303
    assert answer.location.endswith("next=/schedule?lab%3Dlab%26days%3D1")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_both_languages_say_it_all(world: World, look: Look, language: str) -> None:
    world.bench()
    engineer = world.engineer("甲公司")
    engineer.requests(at(5))
    page = look(engineer, language=language)
    assert page.benches == ["环境舱 chamber" if language == "zh" else "Chamber chamber"]
    ((block,),) = page.lanes(page.benches[0])
    assert block.attributes["title"].startswith("项目 t" if language == "zh" else "Test t")


def test_the_page_of_a_bench_has_its_fortnight_for_who_is_signed_in(world: World, clean: Flask) -> None:
    world.bench()
    world.engineer("甲公司").requests(at(5))
    booking = world.engineer("乙公司").requests(at(6))
    rival = world.engineer("乙公司")
    with time_machine.travel(world.now, tick=False):
        page = Page(browser(clean, rival).get("/resources/chamber").get_data(as_text=True))
        visitor = browser(clean).get("/resources/chamber").get_data(as_text=True)
    days = [row for row in page.root.all("tr") if any(row.all(css="lane"))]
    assert len(days) == 14
    assert [cell.text for cell in days[3].all(css="ev")] == ["占用 08:30–12:30", "12:30–17:30"]
    assert [cell.href for cell in days[4].all("a", "wait")] == [f"/bookings/{booking.id}"]
    assert [cell.text for cell in days[5].all("a", "off-t")] == ["不开放：休息日。下次开放 11-09 周一 08:30。"]
    assert "甲公司" not in page.html
    assert "lane" not in visitor


def test_what_was_drawn_for_one_is_not_shown_to_another(world: World, look: Look) -> None:
    """Rows that were drawn are kept: by what may be known, not by bench."""
    world.bench()
    engineer, rival, lab = world.engineer("甲公司"), world.engineer("乙公司"), world.lab_admin("lab")
    booking = engineer.requests(at(5))
    seen = {
        (name, language): look(person, language=language).lanes(bench)[0][0]
        for _ in range(2)
        for name, person in (("engineer", engineer), ("rival", rival), ("lab", lab))
        for language, bench in (("zh", "环境舱 chamber"), ("en", "Chamber chamber"))
    }
    assert [cell.classes[1] for cell in seen.values()] == ["wait", "wait", "busy", "busy", "ask", "ask"]
    assert seen["engineer", "en"].attributes["title"].startswith(f"Test t {booking.code}")
    assert "甲公司" in seen["lab", "zh"].attributes["title"]
    assert "甲公司" not in seen["engineer", "zh"].attributes["title"]


def test_a_change_is_seen_at_once(world: World, look: Look) -> None:
    world.bench()
    engineer, rival = world.engineer("甲公司"), world.engineer("乙公司")
    assert look(rival).lanes("环境舱 chamber") == [[]]
    booking = engineer.requests(at(5))
    assert len(look(rival).lanes("环境舱 chamber")[0]) == 1
    engineer.does("cancel", booking)
    assert look(rival).lanes("环境舱 chamber") == [[]]


def test_a_lab_sees_when_its_bench_changes_over_and_a_company_only_its_own_use(world: World, look: Look) -> None:
    world.resource()
    world.test("cold", setup=0, run=60)
    world.test("hot", setup=0, run=60)
    lab, engineer, rival = world.lab_admin("lab"), world.engineer("甲公司"), world.engineer("乙公司")
    with transaction() as session:
        session.add_all(
            BenchState(id=name, lab_id="lab", pool="chamber", name_zh=name, name_en=name) for name in ("cold", "hot")
        )
        session.flush()
        session.add(Changeover(from_state_id="cold", to_state_id="hot", lab_id="lab", minutes=240))
        for name in ("cold", "hot"):
            session.get_one(Capability, ("chamber", name)).state_id = name
        touch(session, "lab")
    engineer.requests(at(5, 8, 30), test="cold")
    engineer.requests(at(5, 14, 0), test="hot")
    ((first, gap, second),) = look(lab).lanes("环境舱 chamber")
    assert gap.classes[:2] == ["ev", "maint"]
    assert gap.tag == "span"
    assert gap.attributes["title"] == "换型 4 h 11-05 周四 10:00–14:00"
    assert first.number("c") + first.number("s") <= gap.number("c")
    assert gap.number("c") + gap.number("s") <= second.number("c")
    for company in (engineer, rival):
        assert "换型" not in look(company).html
