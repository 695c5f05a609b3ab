"""Questions about files."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.models import Organisation
from app.accounts.policy import Action, Viewer, require_visible, visible
from app.database import db
from app.errors import NotFound
from app.files import subjects
from app.files.models import StoredFile


def files_of(viewer: Viewer, subject_type: str, ids: Sequence[str]) -> Mapping[str, list[StoredFile]]:
    """The files that the viewer may see on things that he may read, oldest first, by the thing's id; one statement."""
    found: dict[str, list[StoredFile]] = defaultdict(list)
    query = (
        select(StoredFile)
        .where(
            StoredFile.subject_type == subject_type,
            StoredFile.subject_id.in_(ids),
            visible(viewer, Action.SEE_FILE, StoredFile),
        )
        .order_by(StoredFile.uploaded_at, StoredFile.id)
    )
    for file in db.session.scalars(query) if ids else ():
        found[file.subject_id].append(file)
    return found


def visible_file(viewer: Viewer, file_id: str) -> StoredFile:
    """One file. Raises NotFound for a missing or a foreign one, and for one on a thing that is not the viewer's."""
    file = db.session.get(StoredFile, file_id)
    require_visible(viewer, Action.SEE_FILE, file)
    assert file is not None
    if not subjects.may_read(viewer, file):
        raise NotFound()
    return file


def used(organisation_id: str) -> int:
    """Bytes that the organisation keeps."""
    kept = select(func.coalesce(func.sum(StoredFile.size), 0))
    return int(db.session.scalar(kept.where(StoredFile.owner_organisation_id == organisation_id)) or 0)


def keys() -> dict[str, str]:
    """Ids of all files by their key in the store."""
    return dict(db.session.execute(select(StoredFile.key, StoredFile.id)).all())


# For services


def lock_owner(session: Session, organisation_id: str) -> None:
    """Nobody else adds a file for the organisation until this transaction ends; other work on it goes on."""
    organisation = select(Organisation.id).where(Organisation.id == organisation_id)
    session.execute(organisation.with_for_update(key_share=True))
