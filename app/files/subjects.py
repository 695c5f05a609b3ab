"""What files are attached to, as rooms further down know it: each says who may read its things.

Files may not import them; each hands in a reader when it is wired (`provide`). A file on something that nobody
vouches for is nobody's to read.
"""

from collections.abc import Callable

from flask import Flask, current_app

from app.accounts.policy import Viewer
from app.files.models import StoredFile

EXTENSION = "yujian_file_subjects"

# (viewer, id of the thing) → whether the viewer may read the thing.
Reader = Callable[[Viewer, str], bool]


def provide(app: Flask, subject_type: str, reader: Reader) -> None:
    """Hand in who may read the things of this type: `order`, `message`."""
    app.extensions.setdefault(EXTENSION, {})[subject_type] = reader


def may_read(viewer: Viewer, file: StoredFile) -> bool:
    """Whether the viewer may read what the file is attached to."""
    reader: Reader | None = current_app.extensions.get(EXTENSION, {}).get(file.subject_type)
    return reader is not None and reader(viewer, file.subject_id)
