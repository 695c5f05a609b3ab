"""Who waits is told of a time that has become free, however it did, once, and not a word about whom it came from."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask import Flask

from app.booking import closures, ordering
from app.booking.closures import CloseResource
from app.booking.lapsing import lapse_all
from app.booking.models import ClosureKind
from app.booking.ordering import OrderStep
from app.notifications.wording import sentence
from tests.http import browser
from tests.notifications.freed import Story
from tests.world import World, at


@pytest.fixture
def story(world: World) -> Story:
    return Story(world)


def closed(story: Story) -> str:
    command = CloseResource("chamber", at(9, 0, 0), at(10, 0, 0), ClosureKind.BREAKDOWN)
    return closures.close(story.desk.viewer, command, story.world.now).id


def cancelled_by_the_company(story: Story) -> Callable[[], object]:
    booking = story.booked()
    return lambda: story.owner.does("cancel", booking)


def cancelled_by_the_lab(story: Story) -> Callable[[], object]:
    booking = story.booked()
    return lambda: story.desk.does("cancel", booking, "停电")


def declined(story: Story) -> Callable[[], object]:
    booking = story.owner.requests(at(9))
    return lambda: story.desk.does("decline", booking, "检修")


def withdrawn(story: Story) -> Callable[[], object]:
    booking = story.owner.requests(at(9))
    return lambda: story.owner.does("cancel", booking)


def let_go(story: Story) -> Callable[[], object]:
    booking = story.owner.holds(at(9))
    return lambda: story.owner.does("cancel", booking)


def lapsed(story: Story) -> Callable[[], object]:
    story.owner.holds(at(9))

    def later() -> None:
        story.world.now += timedelta(hours=2)
        lapse_all(story.world.now)

    return later


def moved_by_the_company(story: Story) -> Callable[[], object]:
    booking = story.booked()
    return lambda: story.owner.moves(booking, at(11))


def move_agreed(story: Story) -> Callable[[], object]:
    booking = story.booked()
    story.desk.moves(booking, at(11), "检修")
    return lambda: story.owner.does("accept-move", booking)


def move_refused(story: Story) -> Callable[[], object]:
    booking = story.booked(at(11))
    story.desk.moves(booking, at(9), "检修")
    return lambda: story.owner.does("refuse-move", booking)


def proposed_elsewhere(story: Story) -> Callable[[], object]:
    booking = story.booked(at(11))
    story.desk.moves(booking, at(9), "检修")
    return lambda: story.desk.moves(booking, at(12), "检修")


def move_lapsed(story: Story) -> Callable[[], object]:
    booking = story.booked(at(18))
    story.desk.moves(booking, at(9), "检修")

    def later() -> None:
        story.world.now = booking.proposal.expires_at
        lapse_all(story.world.now)

    return later


def reopened(story: Story) -> Callable[[], object]:
    ident = closed(story)
    return lambda: closures.reopen(story.desk.viewer, ident, story.world.now)


def shortened(story: Story) -> Callable[[], object]:
    ident = closed(story)
    return lambda: closures.change_end(story.desk.viewer, ident, at(9, 8, 0), False, story.world.now)


def order_cancelled(story: Story) -> Callable[[], object]:
    order = story.booked().order_line.order
    return lambda: ordering.cancel(story.owner.viewer, OrderStep(order.id, order.version, "车型取消"), story.world.now)


WAYS = [
    cancelled_by_the_company,
    cancelled_by_the_lab,
    declined,
    withdrawn,
    let_go,
    lapsed,
    moved_by_the_company,
    move_agreed,
    move_refused,
    proposed_elsewhere,
    move_lapsed,
    reopened,
    shortened,
    order_cancelled,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_however_a_time_is_freed_who_waits_is_told_once(story: Story, way: Callable[[Story], Callable]) -> None:
    frees = way(story)
    story.waits()
    assert story.tells() == 0
    frees()
    assert story.tells() == 1
    assert story.tells(timedelta(minutes=1)) == story.tells(timedelta(hours=7)) == 0
    (notice,) = story.free()
    assert sentence(notice) == "您候补的 GB TEST-2026 项目 t 现在有空档：11-09 周一 08:30，试验中心。"
    assert story.free(story.owner) == story.free(story.desk) == []


@pytest.mark.parametrize("ending", ["no-show", "complete"])
def test_the_rest_of_a_use_that_ends_early_is_told(story: Story, ending: str) -> None:
    booking = story.desk.does("confirm", story.owner.requests(at(5), test="long"))
    story.waits()
    assert story.tells() == 0
    assert booking.ends_at == at(9, 17, 30)
    story.world.now = at(5, 8, 30)
    if ending == "complete":
        story.desk.does("start", booking)
    story.world.now = at(5, 8, 45)
    story.desk.does(ending, booking)
    assert story.tells() == 1


def test_a_request_that_the_lab_left_until_its_start_is_told(story: Story) -> None:
    story.owner.requests(at(5), test="long")
    story.waits()
    assert story.tells() == 0
    story.world.now = at(5, 8, 30)
    lapse_all(story.world.now)
    assert story.tells() == 1


def test_nothing_is_told_of_where_it_came_from(story: Story, clean: Flask) -> None:
    """The words, the address and the facts are those of any free time."""
    booking = story.booked()
    story.waits()
    story.tells()
    story.owner.does("cancel", booking)
    story.tells()
    (notice,) = story.free()
    assert notice.facts.keys() == {"test", "lab", "start"}
    assert notice.path == "/bookings/new?test=t&resource=chamber&starts_at=2026-11-09T00:30:00%2B00:00"
    told = f"{notice.facts}{notice.path}{notice.source}{sentence(notice)}"
    owners = (booking.id, booking.code, story.owner.viewer.organisation_id, "甲公司", "取消")
    assert not [word for word in owners if str(word) in told]


def test_the_notice_leads_to_the_filled_form_and_who_comes_late_finds_the_nearest(story: Story, clean: Flask) -> None:
    late = story.world.engineer("丙公司")
    booking = story.booked()
    story.waits()
    story.waits(late)
    story.tells()
    story.owner.does("cancel", booking)
    # Both have waited equally long and hear in the same run; told is not kept.
    assert story.tells() == 2
    with time_machine.travel(story.world.now, tick=False):
        first, second = browser(clean, story.waiter), browser(clean, late)
        page = first.get(f"/notices/{story.free()[0].id}", follow_redirects=True).get_data(as_text=True)
        assert "2026-11-09T08:30" in page and 'value="chamber"' in page and "已不可约" not in page
        path = story.free(late)[0].path
        sent = {"test": "t", "resource": "chamber", "starts_at": "2026-11-09T08:30", "state": "held"}
        assert first.post("/bookings/new", data=sent).status_code == 303
        lost = second.get(path).get_data(as_text=True)
        assert "11-09 周一 08:30 已不可约" in lost and "乙公司" not in lost
        refused = second.post("/bookings/new", data=sent)
        assert refused.status_code == 409 and "最近" in refused.get_data(as_text=True)
