"""What comes near or is late is told once, to those whom it concerns."""

from datetime import timedelta

from app.notifications import queries
from app.notifications.reminding import remind
from app.notifications.wording import sentence
from tests.world import Person, World, at


def reminders(person: Person) -> list[str]:
    return [sentence(notice) for notice in queries.inbox(person.viewer)]


def test_a_hold_about_to_lapse(world: World) -> None:
    world.bench()
    engineer, desk = world.engineer("甲公司"), world.lab_admin("lab")
    held = engineer.holds(at(4))
    world.now += timedelta(minutes=80)
    assert remind(world.now) == 0
    world.now += timedelta(minutes=10)
    assert remind(world.now) == 1 and remind(world.now) == 0
    assert reminders(engineer) == [
        f"预约 {held.code} 的暂留 11-02 周一 11:00 到期：GB TEST-2026 项目 t，11-04 周三 08:30 上台。"
        "还要这个时段，请提交申请。"
    ]
    assert reminders(desk) == []


def test_the_day_before_a_test_nobody_is_woken_at_night(world: World) -> None:
    world.bench()
    engineer, desk, crew = world.engineer("甲公司"), world.lab_admin("lab"), world.bench_crew("lab")
    rival = world.engineer("乙公司")
    booking = desk.does("confirm", engineer.requests(at(10)))
    world.now = at(9, 7, 59)
    assert remind(world.now) == 0
    world.now = at(9, 8, 0)
    remind(world.now)
    assert any(
        text.startswith("提醒：11-10 周二 08:30 上台，GB TEST-2026 项目 t，试验中心") for text in reminders(engineer)
    )
    assert any("甲公司的 GB TEST-2026" in text for text in reminders(desk))
    assert reminders(crew) == [f"提醒：11-10 周二 08:30 上台，GB TEST-2026 项目 t（{booking.code}）。"]
    assert reminders(rival) == []
    assert remind(world.now) == 0


def test_a_sample_that_is_not_there_three_days_before(world: World) -> None:
    world.bench()
    engineer, desk = world.engineer("甲公司"), world.lab_admin("lab")
    desk.does("confirm", engineer.requests(at(11), sample="BP-12"))
    world.now = at(7, 9)
    assert remind(world.now) == 0
    world.now = at(8, 9)
    assert remind(world.now) == 2
    assert reminders(engineer)[0].startswith("样品还没有到试验中心，请在 11-11 周三 08:30 前送到")
    assert reminders(desk)[0].startswith("样品还没有到：甲公司的")


def test_a_report_past_its_safe_date(world: World) -> None:
    world.bench()
    engineer, desk = world.engineer("甲公司"), world.lab_admin("lab")
    booking = desk.does("confirm", engineer.requests(at(4)))
    for step, when in (("start", at(4)), ("complete", at(4, 12))):
        world.now = when
        desk.does(step, booking)
    # Five working days for the report and three for its approval.
    world.now = at(16, 8, 0)
    assert remind(world.now) == 0
    world.now = at(17, 8, 0)
    assert remind(world.now) == 2 and remind(world.now + timedelta(days=1)) == 0
    assert reminders(engineer)[0].startswith("报告过了稳妥日期 11-16 周一 还没有签发")
    assert "甲公司" in reminders(desk)[0]
