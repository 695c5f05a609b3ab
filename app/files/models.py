"""Files that people attach, and who fetched them. The bytes lie in the store under `key`."""

import enum
from datetime import datetime

from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Index, String, false
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, random_id
from app.errors import N_
from app.files import rules


class FilePurpose(enum.StrEnum):
    """What a file is to those who share it."""

    ATTACHMENT = "attachment"
    QUOTATION = "quotation"
    PHOTO = "photo"
    REPORT = "report"

    @property
    def label(self) -> str:
        """The msgid that people read."""
        return PURPOSE_LABELS[self]


PURPOSE_LABELS = {
    FilePurpose.ATTACHMENT: N_("附件"),
    FilePurpose.QUOTATION: N_("报价单"),
    FilePurpose.PHOTO: N_("照片"),
    FilePurpose.REPORT: N_("报告"),
}


class StoredFile(Base):
    """A file of a company and a lab on something of theirs; its content never changes.

    owner_organisation_id: whose room it takes. internal: the lab's own, not shown to the company. subject: what it is
    attached to, by kind and id. name: as given, cleaned. media_type: by content. size: bytes. key: in the store.
    """

    __tablename__ = "stored_file"
    __table_args__ = (
        CheckConstraint("size > 0", name="not_empty"),
        CheckConstraint("length(sha256) = 64", name="fingerprint"),
        Index("ix_stored_file_subject", "subject_type", "subject_id"),
        Index("ix_stored_file_owner", "owner_organisation_id", "size"),
    )

    id: Mapped[str] = random_id()
    company_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"))
    lab_id: Mapped[str] = mapped_column(ForeignKey("lab.id"))
    owner_organisation_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"))
    internal: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    purpose: Mapped[FilePurpose] = mapped_column(default=FilePurpose.ATTACHMENT)
    subject_type: Mapped[str] = mapped_column(String(20))
    subject_id: Mapped[str] = mapped_column(String(24))
    name: Mapped[str] = mapped_column(String(rules.MOST_NAME + 10))
    media_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(24), unique=True)
    uploaded_by_id: Mapped[str] = mapped_column(ForeignKey("user.id"))
    uploaded_at: Mapped[datetime]

    @property
    def kind(self) -> str:
        """The msgid of what people call this kind of file."""
        return rules.TYPES[self.media_type].label

    @hybrid_property
    def is_photo(self) -> bool:
        """Whether it is a photo of a sample."""
        return self.purpose == FilePurpose.PHOTO

    @property
    def is_image(self) -> bool:
        """Whether a page may show it in its place."""
        return self.media_type in rules.IMAGES


class FileDownload(Base):
    """Somebody fetched a file. It outlives the file: no foreign key. by_lab: in a seat at the lab."""

    __tablename__ = "file_download"
    __table_args__ = (Index("ix_file_download_file", "file_id", "at"),)

    id: Mapped[str] = random_id()
    file_id: Mapped[str] = mapped_column(String(24))
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id"))
    by_lab: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    at: Mapped[datetime]
