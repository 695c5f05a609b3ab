"""When a wish is looked at, what of it is new, and what ends it."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import update

from app.booking import closures, undoing, waiting, watching
from app.booking.closures import CloseResource
from app.booking.desk_models import WaitlistEntry
from app.booking.models import ClosureKind
from app.booking.steps import Change
from app.booking.waiting import Wait
from app.database import db, transaction
from app.events import log
from app.labs.rules import OPEN_REQUESTS
from app.notifications import free_times, queries
from app.notifications.free_times import tell_waiting
from app.notifications.reading import read_events
from app.notifications.wording import sentence
from tests.notifications.freed import HALF_AN_HOUR, Story
from tests.statements import statements
from tests.world import Person, World, at

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def story(world: World) -> Story:
    return Story(world)


def starts(story: Story, person: Person | None = None) -> list[str]:
    """The times told, the last first."""
    return [str(notice.facts["start"])[5:16] for notice in story.free(person)]


def heard(story: Story, people: Sequence[Person], minutes: int = 31) -> list[int | None]:
    """After how many minutes each of them hears."""
    found: dict[str, int] = {}
    for minute in range(minutes):
        story.tells(MINUTE if minute else timedelta(0))
        for person in people:
            if story.free(person):
                found.setdefault(person.email, minute)
    return [found.get(person.email) for person in people]


def test_who_has_waited_longer_hears_sooner(story: Story) -> None:
    booking = story.booked(at(23))
    people = [story.waiter, *(story.world.engineer(name) for name in ("丙公司", "丁公司"))]
    for person in people:
        waiting.wait(person.viewer, Wait("t", at(23, 0, 0), at(23, 23, 0)), story.world.now)
        story.tells(timedelta(days=3))
    story.owner.does("cancel", booking)
    # Nine, six and three days: at once, a seventh and four sevenths of half an hour later.
    assert heard(story, people) == [0, 5, 18]


def test_when_somebody_hears_says_nothing_about_others(story: Story) -> None:
    """Alone, and with somebody who waits longer: the same minute."""
    found = []
    for week, crowd in ((16, []), (23, [story.world.engineer("丙公司")])):
        booking = story.booked(at(week))
        for person in crowd:
            waiting.wait(person.viewer, Wait("t", at(week, 0, 0), at(week, 23, 0)), story.world.now)
        story.tells(DAY)
        alone = story.world.engineer(f"丁{week}公司")
        waiting.wait(alone.viewer, Wait("t", at(week, 0, 0), at(week, 23, 0)), story.world.now)
        story.tells(DAY)
        story.owner.does("cancel", booking)
        found.append(heard(story, [alone])[0])
    assert found == [26, 26]


def test_who_comes_when_the_time_is_free_already_does_not_hear_before_who_waits(story: Story) -> None:
    booking = story.booked()
    story.waits()
    story.tells(DAY)
    story.owner.does("cancel", booking)
    story.tells(timedelta(minutes=5))
    late = story.world.engineer("丙公司")
    story.waits(late)
    assert heard(story, [story.waiter, late]) == [21, 30]


def test_who_is_looked_at_for_any_other_reason_does_not_hear_before_who_waits_longer(story: Story) -> None:
    booking = story.booked()
    story.waits()
    story.tells(MINUTE)
    other = story.world.engineer("丙公司")
    story.waits(other)
    # Both are to be looked at soon because of something else, the younger a minute before the older.
    story.tells(HALF_AN_HOUR)
    db.session.execute(update(WaitlistEntry).values(look_at=story.world.now + timedelta(minutes=10)))
    db.session.commit()
    db.session.execute(
        update(WaitlistEntry)
        .where(WaitlistEntry.company_id == story.waiter.viewer.company_id)
        .values(look_at=story.world.now + timedelta(minutes=11))
    )
    db.session.commit()
    story.owner.does("cancel", booking)
    told = heard(story, [story.waiter, other])
    assert told == [10, 10]


def test_a_time_that_was_taken_and_is_free_again_is_told_again(story: Story) -> None:
    booking = story.booked()
    story.waits()
    story.tells()
    story.owner.does("cancel", booking)
    assert story.tells() == 1
    again = story.owner.holds(at(9))
    assert story.tells() == 0
    story.owner.does("cancel", again)
    assert story.tells() == 1 and starts(story) == ["11-09T00:30"] * 2


def test_an_earlier_time_is_told_a_later_one_once_nothing_earlier_is_left(story: Story) -> None:
    days = {day: story.booked(at(day)) for day in (16, 17, 18)}
    waiting.wait(story.waiter.viewer, Wait("t", at(16, 0, 0), at(18, 23, 0)), story.world.now)
    assert story.tells() == 0
    story.owner.does("cancel", days[17])
    assert story.tells() == 1
    story.owner.does("cancel", days[18])
    # The seventeenth is still there.
    assert story.tells() == story.tells(DAY) == 0
    story.owner.does("cancel", days[16])
    assert story.tells() == 1 and starts(story) == ["11-16T00:30", "11-17T00:30"]
    story.booked(at(16))
    # The seventeenth is known already.
    assert story.tells() == 0
    story.booked(at(17))
    assert story.tells() == 1 and starts(story) == ["11-18T00:30", "11-16T00:30", "11-17T00:30"]
    assert story.tells() == story.tells(DAY) == 0


def test_who_lets_times_pass_is_told_one_a_day(story: Story) -> None:
    """Everything is free, and with every hour the first time that can still be booked is a later one."""
    waiting.wait(story.waiter.viewer, Wait("t", at(2, 0, 0), at(27, 23, 0)), story.world.now)
    assert sum(story.tells(timedelta(hours=1)) for _ in range(24 * 7)) <= 7
    told = starts(story)
    assert 4 <= len(told) == len(set(told))


def test_the_time_that_came_too_late_is_not_offered(story: Story) -> None:
    """`latest` is filled in with the earliest free start: he waits for one before it."""
    story.booked()
    waiting.wait(story.waiter.viewer, Wait("t", at(9, 0, 0), at(10)), story.world.now)
    assert story.tells() == 0


def test_a_wish_for_one_bench_is_not_lost_behind_the_free_times_of_others(story: Story) -> None:
    story.world.resource("second", "other")
    story.world.capable("second", "t")
    booking = story.booked()
    story.waits(resource="chamber")
    assert story.tells() == 0
    story.owner.does("cancel", booking)
    assert story.tells() == 1
    assert story.free()[0].path.startswith("/bookings/new?test=t&resource=chamber&")


def test_what_its_rules_keep_from_a_company_is_not_told_to_it(story: Story) -> None:
    story.world.rule(OPEN_REQUESTS, 1)
    booking, last = story.booked(), story.waiter.requests(at(20))
    story.waits()
    story.tells()
    story.owner.does("cancel", booking)
    assert story.tells() == 0
    # Now it may have one more.
    story.waiter.does("cancel", last)
    assert story.tells() == 1


def test_new_shifts_and_days_within_the_horizon_are_told_without_any_event(story: Story) -> None:
    command = CloseResource("chamber", at(9, 0, 0), at(10, 0, 0), ClosureKind.BREAKDOWN)
    closure = closures.close(story.desk.viewer, command, story.world.now)
    story.waits()
    assert story.tells() == 0
    with transaction() as session:
        closures.remove(session, session.merge(closure))
    assert story.tells(timedelta(hours=5)) == 0
    assert story.tells(timedelta(hours=1)) == 1


def test_who_has_asked_for_a_time_is_left_alone_until_it_is_declined(story: Story) -> None:
    late, early = story.booked(at(17)), story.booked(at(16))
    waiting.wait(story.waiter.viewer, Wait("t", at(16, 0, 0), at(17, 23, 0)), story.world.now)
    story.tells()
    story.owner.does("cancel", late)
    assert story.tells() == 1
    asked = story.waiter.requests(at(17))
    story.owner.does("cancel", early)
    assert story.tells() == story.tells(DAY) == 0
    story.desk.does("decline", asked, "检修")
    assert story.tells() == 1 and starts(story) == ["11-16T00:30", "11-17T00:30"]


def test_a_confirmed_booking_ends_one_wish_the_oldest(story: Story) -> None:
    booking = story.booked()
    first = story.waits()
    story.tells(MINUTE)
    second = story.waits()
    story.tells()
    story.owner.does("cancel", booking)
    assert story.tells() == 1
    story.desk.does("confirm", story.waiter.requests(at(9)))
    story.tells()
    story.tells(timedelta(hours=7))
    wishes = {each.id: each for each in db.session.query(WaitlistEntry).populate_existing()}
    assert wishes[first.id].ended_at is not None and wishes[second.id].ended_at is None
    assert [event.kind for event in log.history(first.id)] == ["waitlist.entered", "waitlist.served"]
    assert [each.id for each in waiting.entries(story.waiter.viewer, story.world.now)] == [second.id]


def test_what_was_booked_before_the_wish_does_not_end_it(story: Story) -> None:
    story.desk.does("confirm", story.waiter.requests(at(10)))
    booking = story.booked()
    waiting.wait(story.waiter.viewer, Wait("t", at(9, 0, 0), at(10, 9, 0)), story.world.now)
    story.tells()
    story.owner.does("cancel", booking)
    assert story.tells() == 1


def test_a_wish_that_was_taken_back_or_has_passed_is_told_nothing(story: Story) -> None:
    booking = story.booked()
    gone, over = story.waits(), waiting.wait(story.waiter.viewer, Wait("t", at(9, 0, 0), at(9, 8, 31)), story.world.now)
    story.tells()
    waiting.leave(story.waiter.viewer, gone.id, story.world.now)
    story.world.now = at(6, 9)
    waiting.leave(story.waiter.viewer, over.id, story.world.now)
    story.owner.does("cancel", booking)
    assert story.tells() == 0


def test_a_wish_taken_back_while_it_is_looked_at_is_told_nothing(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    booking, wish = story.booked(), story.waits()
    story.tells()
    story.owner.does("cancel", booking)
    look = watching.look

    def leaves(*asked):
        found = look(*asked)
        waiting.leave(story.waiter.viewer, wish.id, story.world.now)
        return found

    monkeypatch.setattr(watching, "look", leaves)
    assert story.tells() == 0 and story.free() == []


def test_what_is_freed_while_a_wish_is_looked_at_is_seen_by_the_next_look(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    booking = story.booked()
    story.waits()
    look = watching.look

    def frees(*asked):
        found = look(*asked)
        monkeypatch.setattr(watching, "look", look)
        story.owner.does("cancel", booking)
        read_events(story.world.now)
        return found

    monkeypatch.setattr(watching, "look", frees)
    assert story.tells() == 0
    assert story.tells() == 1


def test_a_run_that_is_cut_off_tells_the_rest_later_and_nothing_twice(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    booking, people = story.booked(), [story.waiter, *(story.world.engineer(f"丙{n}公司") for n in (1, 2))]
    for person in people:
        story.waits(person)
        story.tells(MINUTE)
    story.owner.does("cancel", booking)
    tell, calls = free_times.tell, []

    def dies(*told):
        calls.append(1)
        if len(calls) == 2:
            tell(*told)
            raise KeyboardInterrupt
        return tell(*told)

    monkeypatch.setattr(free_times, "BATCH", 1)
    monkeypatch.setattr(free_times, "tell", dies)
    with pytest.raises(KeyboardInterrupt):
        story.tells()
    assert [len(story.free(person)) for person in people] == [1, 0, 0]
    assert tell_waiting(story.world.now) == 2 and tell_waiting(story.world.now) == 0
    assert [len(story.free(person)) for person in people] == [1, 1, 1]


def test_who_cancels_does_not_search_for_those_who_wait(story: Story) -> None:
    warm, *bookings = [story.booked(at(day)) for day in (11, 9, 10)]
    story.owner.does("cancel", warm)
    with statements() as few:
        story.owner.does("cancel", bookings[0])
    for _ in range(20):
        waiting.wait(story.waiter.viewer, Wait("t", at(9, 0, 0), at(10, 23, 0)), story.world.now)
    with statements() as many:
        story.owner.does("cancel", bookings[1])
    assert len(many) == len(few)


def test_only_those_are_looked_at_whom_it_could_concern(story: Story) -> None:
    world = story.world
    world.resource("second", "other")
    world.test("u", on="second")
    booking = story.booked()
    here = story.waits()
    elsewhere = [
        waiting.wait(story.waiter.viewer, Wait("u", at(9, 0, 0), at(9, 8, 31)), world.now),
        story.waits(lab_id="other"),
        story.waits(resource="second"),
    ]
    story.tells()
    story.owner.does("cancel", booking)
    read_events(world.now)
    looks = {each.id: each.look_at for each in db.session.query(WaitlistEntry).populate_existing()}
    assert looks[here.id] <= world.now + watching.HEAD_START
    assert all(looks[each.id] > world.now + timedelta(hours=5) for each in elsewhere)


def test_the_sentence_is_the_same_in_english(story: Story, clean) -> None:
    booking = story.booked()
    story.waits()
    story.tells()
    story.owner.does("cancel", booking)
    story.tells()
    with clean.test_request_context(headers={"Accept-Language": "en"}):
        assert sentence(story.free()[0]).startswith("A time is free for GB TEST-2026 Test t")


def test_a_company_that_waits_twice_is_told_once_and_of_the_next_time_once_that_is_taken(story: Story) -> None:
    """Whichever of its wishes is looked at first; the second booking is for the second wish."""
    first, second = story.booked(), story.booked(at(10))
    for _ in range(2):
        waiting.wait(story.waiter.viewer, Wait("t", at(9, 0, 0), at(10, 23, 0)), story.world.now)
        story.tells(DAY)
    story.owner.does("cancel", first)
    assert [story.tells() for _ in range(4)] == [1, 0, 0, 0]
    story.owner.does("cancel", second)
    assert [story.tells() for _ in range(4)] == [0] * 4
    story.desk.does("confirm", story.waiter.requests(at(9)))
    assert [story.tells() for _ in range(4)] == [1, 0, 0, 0]
    assert starts(story) == ["11-10T00:30", "11-09T00:30"]


def test_two_people_of_a_company_hear_of_a_time_once_each_and_together(story: Story) -> None:
    booking, colleague = story.booked(), story.world.engineer("乙公司")
    for person in (story.waiter, colleague):
        story.waits(person)
        story.tells(timedelta(days=2))
    story.owner.does("cancel", booking)
    assert heard(story, [story.waiter, colleague]) == [13, 13]
    assert len(story.free()) == len(story.free(colleague)) == 1


def test_a_wish_for_another_bench_or_day_hears_for_itself(story: Story) -> None:
    booking, later = story.booked(), story.booked(at(10))
    story.waits()
    waiting.wait(story.waiter.viewer, Wait("t", at(10, 0, 0), at(10, 23, 0)), story.world.now)
    story.tells(DAY)
    story.owner.does("cancel", booking)
    story.owner.does("cancel", later)
    assert story.tells() == 2 and set(starts(story)) == {"11-09T00:30", "11-10T00:30"}


def test_one_of_two_wishes_that_is_taken_back_keeps_nothing_from_the_other(story: Story) -> None:
    booking = story.booked()
    first = story.waits()
    story.tells(DAY)
    story.waits()
    story.owner.does("cancel", booking)
    assert story.tells() == 1
    waiting.leave(story.waiter.viewer, first.id, story.world.now)
    taken = story.owner.holds(at(9))
    assert story.tells() == 0
    story.owner.does("cancel", taken)
    assert story.tells() == 1


@pytest.mark.parametrize("proposed", [True, False])
def test_time_that_is_left_for_another_lab_is_told_like_any_other(story: Story, proposed: bool) -> None:
    """A hold too, of which the lab hears nothing."""
    story.world.resource("elsewhere", "lab-2")
    story.world.capable("elsewhere", "t")
    booking = story.owner.requests(at(9)) if proposed else story.owner.holds(at(9))
    story.waits(lab_id="lab")
    if proposed:
        story.world.lab_admin("lab", "lab-2").moves(booking, at(16), "检修", resource="elsewhere")
    assert story.tells() == 0
    if proposed:
        story.owner.does("accept-move", booking)
    else:
        story.owner.moves(booking, at(16), resource="elsewhere")
    assert story.tells() == 1
    about = [each.kind for each in queries.inbox(story.desk.viewer)]
    assert "moved_away" not in about


def test_a_wish_that_a_confirmation_ended_holds_again_when_that_is_undone(story: Story) -> None:
    story.waits(earliest=at(9, 0, 0))
    story.tells(MINUTE)
    asked = story.waiter.requests(at(9))
    story.tells()
    confirmed = story.desk.does("confirm", asked)
    db.session.execute(update(WaitlistEntry).values(look_at=story.world.now))
    db.session.commit()
    tell_waiting(story.world.now)
    assert waiting.entries(story.waiter.viewer, story.world.now) == []
    undoing.undo(story.desk.viewer, Change(confirmed.id, confirmed.version), story.world.now)
    story.desk.does("decline", confirmed, "检修")
    assert len(waiting.entries(story.waiter.viewer, story.world.now)) == 1
