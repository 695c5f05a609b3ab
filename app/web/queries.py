"""What the frame and the home pages ask."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from app.accounts.policy import Action, Viewer, visible
from app.accounts.queries import LabChoice
from app.booking.models import Booking, EarliestWeek
from app.booking.rules import State
from app.database import UtcDateTime, db
from app.labs.models import Lab, Test


def requests_waiting(viewer: Viewer) -> int:
    """Requests that the viewer has to decide."""
    query = select(func.count()).where(
        visible(viewer, Action.DECIDE_BOOKING, Booking), Booking.state == State.REQUESTED
    )
    return db.session.scalar(query) or 0


# What a visitor is shown on the sign-in page: the best known items of three domains.
EXAMPLES = ("b-pack-thermalprop", "mot-eff", "emc-v-broad")


@dataclass(frozen=True, slots=True)
class Example:
    """A test with the Monday of the week in which it can be had at the earliest."""

    test: Test
    week: int
    monday: date


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What can be seen without signing in. as_of: when the weeks were found, UTC."""

    tests: int
    examples: list[Example]
    as_of: datetime | None


def glimpse() -> Glimpse:
    """How many tests there are, and the earliest week of a few."""
    tests = db.session.scalar(select(func.count()).select_from(Test).where(Test.retired_at.is_(None))) or 0
    earliest = (
        select(Test, func.min(EarliestWeek.week), func.min(EarliestWeek.as_of, type_=UtcDateTime()))
        .join(EarliestWeek, EarliestWeek.test_id == Test.id)
        .where(Test.id.in_(EXAMPLES), EarliestWeek.week.is_not(None))
        .options(joinedload(Test.method))
        .group_by(Test.id)
        .order_by(Test.id)
    )
    rows = db.session.execute(earliest).all()
    examples = [_example(test, week) for test, week, _ in rows if week]
    return Glimpse(tests, examples, min((as_of for *_, as_of in rows), default=None))


def _example(test: Test, week: str) -> Example:
    year, _, number = week.partition("-W")
    return Example(test, int(number), date.fromisocalendar(int(year), int(number), 1))


def labs_of(organisation_id: str) -> list[LabChoice]:
    """Labs of an operator, for the choice of a lab role's labs."""
    query = select(Lab).where(Lab.organisation_id == organisation_id, Lab.retired_at.is_(None)).order_by(Lab.id)
    return [LabChoice(lab.id, lab.name_zh, lab.name_en) for lab in db.session.scalars(query)]
