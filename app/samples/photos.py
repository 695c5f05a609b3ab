"""Photos of samples: as they were sent, as they arrived, after the test. The bench crew see those that the lab took."""

from dataclasses import dataclass
from datetime import datetime

from app.accounts.policy import Action, Viewer, require
from app.database import transaction
from app.files import rules, service
from app.files.models import FilePurpose, StoredFile
from app.files.service import Subject, Upload, received
from app.orders.models import Order
from app.samples import queries

SAMPLE = "sample"


@dataclass(frozen=True, slots=True)
class Photograph:
    sample_id: str
    uploads: tuple[Upload, ...]


def photograph(viewer: Viewer, command: Photograph, now: datetime) -> list[StoredFile]:
    """All of them or none. Raises NoFiles, FileRefused, NotFound, Forbidden."""
    if not command.uploads:
        raise rules.NoFiles()
    with received(command.uploads) as found, transaction() as session:
        sample = queries.lock_sample(session, viewer, command.sample_id)
        require(viewer, Action.PHOTOGRAPH_SAMPLE, sample)
        known = session.get_one(Order, sample.order_id).submitted_at is not None
        subject = Subject(SAMPLE, sample.id, sample.company_id, sample.lab_id, for_lab=known)
        return [service.keep(session, each, subject, viewer, now, purpose=FilePurpose.PHOTO) for each in found]
