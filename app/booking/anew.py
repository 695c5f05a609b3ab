"""What somebody else's quicker hand spoilt is begun anew, with what is there by then."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from app.booking.rules import SlotTaken
from app.database import in_a_circle, transaction
from app.identifiers import code_taken

T = TypeVar("T")
# A readable code that had been drawn before is drawn again; a month has 33 million.
ATTEMPTS = 5


def until_done(act: Callable[[Session], T]) -> T:
    """What a command does in its transaction, in a new one where it lost a race that it need not have lost."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transaction() as session:
                return act(session)
        except IntegrityError as error:
            if not code_taken(error) or attempt == ATTEMPTS:
                raise
        except SlotTaken as error:
            # Somebody was faster with one of the things taken together; another unit may still be free.
            if not error.facts.get("raced") or attempt == ATTEMPTS:
                raise
        except OperationalError as error:
            # Two that wait for one another: PostgreSQL sends one of them back.
            if not in_a_circle(error) or attempt == ATTEMPTS:
                raise
    raise AssertionError
