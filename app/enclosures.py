"""What a mail encloses beside its sentence: made by the room that the notice is about, put in by that of the mails.

The two must not know each other: `create_app` wires them through `app.extensions`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from markupsafe import Markup

EXTENSION = "enclosures"


@dataclass(frozen=True, slots=True)
class EnclosedFile:
    """An attachment. media_type: `application/pdf` and the like; name: ASCII."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Enclosure:
    """sentences: in the language spoken. html, text: what follows them, for either kind of reader."""

    sentences: Sequence[str]
    html: Markup
    text: str
    files: Sequence[EnclosedFile] = field(default_factory=tuple)


# From the id of a notice's page and its reader, whose rights are those of the moment; refuses what is not his.
Encloser = Callable[[str, Any], Enclosure]


def provide(app: Flask, kind: str, encloser: Encloser) -> None:
    """Say what mails about notices of this kind enclose."""
    app.extensions.setdefault(EXTENSION, {})[kind] = encloser


def encloser(app: Flask, kind: str) -> Encloser | None:
    """What was provided for this kind of notice."""
    found: Encloser | None = app.extensions.get(EXTENSION, {}).get(kind)
    return found
