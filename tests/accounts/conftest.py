"""People with passwords."""

from collections.abc import Callable

import pytest

from app.accounts import passwords
from app.accounts.models import User
from app.database import transaction
from tests.world import Person

PASSWORD = "correct horse battery"


@pytest.fixture
def with_password() -> Callable[[Person], Person]:
    """Gives the person PASSWORD."""

    def give(person: Person) -> Person:
        with transaction() as session:
            session.get_one(User, person.viewer.user_id).password_hash = passwords.hashed(PASSWORD)
        return person

    return give
