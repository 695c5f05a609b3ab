"""Asking the application over HTTP: as a signed-in browser, or as a program with a token."""

from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from app.accounts.models import ApiToken, Scope, User
from app.accounts.queries import digest
from app.database import db, transaction
from tests.world import Person


class FreshClient(FlaskClient):
    """Each request has a context and a database session of its own, as on a server.

    The story around it keeps its session, which forgets what it had read before.
    """

    def open(self, *args: Any, **kwargs: Any) -> Any:
        db.session.rollback()
        # Read to the end and closed, as a server does.
        kwargs.setdefault("buffered", True)
        with self.application.app_context():
            response = super().open(*args, **kwargs)
        db.session.expire_all()
        return response


def browser(app: Flask, person: Person | None = None) -> FreshClient:
    """A browser, signed in as the person."""
    client = FreshClient(app, app.response_class, use_cookies=True)
    if person is not None:
        with app.app_context():
            key = db.session.get_one(User, person.viewer.user_id).get_id()
        with client.session_transaction() as session:
            session["_user_id"] = key
    return client


def program(person: Person, scope: Scope = Scope.WRITE) -> dict[str, str]:
    """Headers of a program with a token of this person."""
    secret = f"token-{next(person.world.serial)}"
    with transaction() as session:
        session.add(
            ApiToken(
                membership_id=person.viewer.membership_id,
                name="test",
                scope=scope,
                digest=digest(secret),
                created_at=person.world.now,
            )
        )
    return {"Authorization": f"Bearer {secret}"}
