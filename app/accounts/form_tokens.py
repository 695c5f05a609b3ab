"""Whose a form is: the token in it names the user whom the page was made for, also when the session is long over."""

import secrets

from flask import current_app, session
from itsdangerous import BadData, URLSafeTimedSerializer

FIELD = "csrf_token"
# As Flask-WTF signs it.
SALT = "wtf-csrf-token"


def begin(user_id: str) -> None:
    """Tokens of this session are this user's from now on."""
    session[FIELD] = f"{secrets.token_hex(20)}:{user_id}"


def given_to(token: str) -> str | None:
    """The user whose session this token of ours was made in; None for a visitor's, or one that is not ours."""
    try:
        seed = URLSafeTimedSerializer(current_app.secret_key or "", salt=SALT).loads(token)
    except BadData:
        return None
    return str(seed).partition(":")[2] or None
