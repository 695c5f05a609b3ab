"""A bench that somebody has, and somebody who waits for it."""

from datetime import datetime, timedelta

from app.booking import waiting
from app.booking.desk_models import WaitlistEntry
from app.booking.models import Booking
from app.booking.waiting import Wait
from app.notifications import queries
from app.notifications.free_times import tell_waiting
from app.notifications.models import Notice
from app.notifications.reading import read_events
from tests.world import Person, World, at

HALF_AN_HOUR = timedelta(minutes=30)
MONDAY, MORNING = at(9, 0, 0), at(9)


class Story:
    """甲 has the bench on Monday the 9th, 乙 waits for that day; one use of nine hours fits into a day."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.resource()
        world.test("t", run=540)
        world.test("long", run=1620, run_splits=True)
        self.owner, self.waiter = world.engineer("甲公司"), world.engineer("乙公司")
        self.desk = world.lab_admin("lab")

    def waits(self, person: Person | None = None, earliest: datetime = MONDAY, **more: object) -> WaitlistEntry:
        """A wish for Monday; nothing is free then."""
        wish = Wait("t", earliest, at(9, 23, 0), **more)
        return waiting.wait((person or self.waiter).viewer, wish, self.world.now)

    def tells(self, wait: timedelta = HALF_AN_HOUR) -> int:
        """What the jobs do every minute, so much later."""
        self.world.now += wait
        read_events(self.world.now)
        return tell_waiting(self.world.now)

    def free(self, person: Person | None = None) -> list[Notice]:
        found = queries.inbox((person or self.waiter).viewer)
        return [notice for notice in found if notice.kind == "time_free"]

    def booked(self, day: datetime = MORNING) -> Booking:
        """A confirmed booking of 甲."""
        return self.desk.does("confirm", self.owner.requests(day))
