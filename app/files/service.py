"""Keeping files: first the bytes, outside any transaction, then the row inside that of the room above.

Power lost in between leaves bytes without a row, which `jobs.sweep` removes a day later; never a row without bytes.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import IO

import structlog
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.accounts.policy import Viewer
from app.database import transaction
from app.events import log
from app.files import content, queries, rules
from app.files.models import FileDownload, FilePurpose, StoredFile
from app.files.settings import most_bytes, quota, store
from app.identifiers import new_id

operation = structlog.stdlib.get_logger("yujian.files")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came: its name, and a stream that can be read and sought."""

    name: str
    stream: IO[bytes]


@dataclass(frozen=True, slots=True)
class Received:
    """A file whose bytes lie in the store, not yet anybody's."""

    key: str
    name: str
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Subject:
    """What files are attached to. for_lab: False while the lab doesn't know of it."""

    type: str
    id: str
    company_id: str
    lab_id: str
    for_lab: bool = True


@contextmanager
def received(uploads: Iterable[Upload]) -> Iterator[list[Received]]:
    """The files with their bytes stored; a refusal inside drops them again.

    To be opened before the transaction in which they are kept. Raises FileRefused, StoreUnavailable; then nothing is
    stored.
    """
    found: list[Received] = []
    try:
        for upload in uploads:
            found.append(_receive(upload))
    except BaseException:
        _drop(found)
        raise
    try:
        yield found
    except rules.YujianError:
        # Of any other error it isn't sure that it came before the commit: the clean-up will know.
        _drop(found)
        raise


def keep(
    session: Session,
    found: Received,
    subject: Subject,
    by: Viewer,
    now: datetime,
    *,
    internal: bool = False,
    purpose: FilePurpose = FilePurpose.ATTACHMENT,
) -> StoredFile:
    """Make a received file part of the subject; the room above has asked whether the viewer may.

    Raises QuotaUsedUp: what all people of the viewer's organisation keep counts together.
    """
    owner = by.organisation_id or ""
    queries.lock_owner(session, owner)
    rules.check_quota(queries.used(owner), found.size, quota())
    file = StoredFile(
        company_id=subject.company_id,
        lab_id=subject.lab_id,
        owner_organisation_id=owner,
        internal=internal,
        purpose=purpose,
        subject_type=subject.type,
        subject_id=subject.id,
        name=found.name,
        media_type=found.media_type,
        size=found.size,
        sha256=found.sha256,
        key=found.key,
        uploaded_by_id=by.user_id,
        uploaded_at=now,
    )
    session.add(file)
    session.flush()
    _record(session, "file.added", file, by, now, subject.for_lab)
    return file


def delete(session: Session, file: StoredFile, by: Viewer, now: datetime, *, for_lab: bool = True) -> None:
    """The file is gone; its bytes go with the next clean-up, for a commit may still fail."""
    _record(session, "file.removed", file, by, now, for_lab)
    session.delete(file)


def hand_on(session: Session, company_id: str, subjects: Mapping[str, Collection[str]], lab_id: str) -> None:
    """What the company attached to these things, by type and id, is for another lab now; quotations are not: they
    tell of the first one.
    """
    for subject_type, ids in subjects.items():
        sent = StoredFile.owner_organisation_id == company_id, StoredFile.purpose != FilePurpose.QUOTATION
        on = StoredFile.subject_type == subject_type, StoredFile.subject_id.in_(ids)
        session.execute(update(StoredFile).where(*sent, *on).values(lab_id=lab_id))


def note_download(viewer: Viewer, file: StoredFile, now: datetime) -> None:
    """Who fetched which file when."""
    with transaction() as session:
        session.add(FileDownload(file_id=file.id, user_id=viewer.user_id, by_lab=viewer.is_lab, at=now))


@contextmanager
def available() -> Iterator[None]:
    """Whatever keeps the store from working is told to the operator; others read StoreUnavailable."""
    try:
        yield
    except OSError as error:
        operation.exception("store unavailable")
        raise rules.StoreUnavailable() from error


def _record(session: Session, kind: str, file: StoredFile, by: Viewer, now: datetime, for_lab: bool) -> None:
    told = {"on": file.subject_type, "on_id": file.subject_id, "size": file.size}
    log.record(session, kind, file, by=by, at=now, for_lab=for_lab, for_company=not file.internal, **told)


def _receive(upload: Upload) -> Received:
    name = rules.clean_name(upload.name)
    seen = content.inspect(upload.stream, name, most_bytes())
    if not seen.size:
        raise rules.FileEmpty(name=name)
    name = rules.checked_name(name, seen.kind)
    assert seen.kind is not None
    key = new_id()
    with available():
        store().put(key, upload.stream, seen)
    return Received(key, name, seen.kind.media_type, seen.size, seen.sha256)


def _drop(found: Iterable[Received]) -> None:
    """What can't be removed now goes with the clean-up."""
    for each in found:
        with suppress(rules.StoreUnavailable), available():
            store().remove(each.key)
