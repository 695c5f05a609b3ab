"""Passwords as argon2id hashes. Parameters: OWASP Password Storage Cheat Sheet (19 MiB, 2 passes, 1 lane)."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.cores import ALL, running_on

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# Checked for an unknown address, so that the answer takes as long as for a known one.
NOBODY = _hasher.hash("nobody has this password")


def hashed(password: str) -> str:
    """The hash to store."""
    with running_on(ALL):
        return _hasher.hash(password)


def matches(stored: str, password: str) -> bool:
    """Whether the password belongs to the hash; False for a hash that is none."""
    try:
        with running_on(ALL):
            return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


def outdated(stored: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(stored)
