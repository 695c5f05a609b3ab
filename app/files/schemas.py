"""Files as the API shows them."""

from pydantic import BaseModel, Field

from app.api import iso
from app.files.models import FilePurpose, StoredFile


class FileModel(BaseModel):
    """`on`: the kind of thing that it is attached to, `on_id` which one. `size`: bytes. `internal`: the lab's own."""

    id: str
    name: str
    media_type: str
    size: int
    sha256: str
    purpose: FilePurpose
    internal: bool
    on: str
    on_id: str
    uploaded_at: str

    @classmethod
    def of(cls, file: StoredFile) -> "FileModel":
        return cls(
            id=file.id,
            name=file.name,
            media_type=file.media_type,
            size=file.size,
            sha256=file.sha256,
            purpose=file.purpose,
            internal=file.internal,
            on=file.subject_type,
            on_id=file.subject_id,
            uploaded_at=str(iso(file.uploaded_at)),
        )


class FileList(BaseModel):
    items: list[FileModel]
    next: str | None


class FilePath(BaseModel):
    file_id: str = Field(max_length=24)
