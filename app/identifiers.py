"""Ids that nobody can guess, and codes that people read out to one another."""

import secrets
from datetime import datetime

from sqlalchemy.exc import IntegrityError

CODE_ALPHABET = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
ID_ALPHABET = b"abcdefghijklmnopqrstuvwxyz234567"
# A random byte as one of 32 letters, each as likely as the others.
CODE_LETTERS, ID_LETTERS = (
    bytes(alphabet[byte % 32] for byte in range(256)) for alphabet in (CODE_ALPHABET, ID_ALPHABET)
)


def new_id() -> str:
    """A random id of 16 characters (80 bits): ids can't be counted or guessed."""
    return secrets.token_bytes(16).translate(ID_LETTERS).decode()


def code(letter: str, at: datetime) -> str:
    """A code that people read: month and five random characters, `B2611-7KQXM`.

    letter: kind of thing (B booking, W order). at: aware, its local month is shown.
    """
    return f"{letter}{at.year % 100:02}{at.month:02}-{readable_letters(5)}"


def readable_letters(count: int) -> str:
    """Random letters and digits, five bits each, without those that look like one another."""
    return secrets.token_bytes(count).translate(CODE_LETTERS).decode()


def code_taken(error: IntegrityError) -> bool:
    """Whether an insert failed because its readable code had been drawn before: draw again."""
    return "code" in str(error.orig).partition("\n")[0]
