"""Samples of an order whose booking went to another lab."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.files import service as files
from app.samples.models import Sample
from app.samples.photos import SAMPLE
from app.samples.rules import SampleAtOtherLab, SampleState


def follow(session: Session, order_id: str, lab_id: str) -> None:
    """What has not been sent yet is expected at this lab now, with its company's photos. Raises SampleAtOtherLab where
    something has been.
    """
    away = select(Sample).where(Sample.order_id == order_id, Sample.lab_id != lab_id)
    for sample in session.scalars(away.order_by(Sample.id).with_for_update(of=Sample)):
        if sample.state is not SampleState.EXPECTED:
            raise SampleAtOtherLab(sample=sample.name)
        sample.lab_id = lab_id
        files.hand_on(session, sample.company_id, {SAMPLE: [sample.id]}, lab_id)
