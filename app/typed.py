"""What people and programs write, before anybody asks what it means."""

NUL = "\x00"
# Of a number that a 32-bit column holds in any case.
MOST_DIGITS = 9


def cleaned(text: str) -> str:
    """Without blanks around, and without NUL bytes, which PostgreSQL can't store and which mean nothing."""
    return text.replace(NUL, "").strip()


def whole(text: str, digits: int = MOST_DIGITS) -> int | None:
    """The number that at most so many ASCII digits are; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None


def one_line(text: str) -> str:
    """An answer or a fault of another program as one line of text."""
    return " ".join(cleaned(text).split())
