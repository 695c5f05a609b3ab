"""What the API gives for notices."""

from pydantic import BaseModel, Field

from app.api import ListQuery, iso
from app.notifications.groups import Group
from app.notifications.kinds import Kind
from app.notifications.models import Notice
from app.notifications.wording import sentence


class NoticeModel(BaseModel):
    """One thing told to the caller. `text` in the language of the request; `path`: its page, without the host."""

    id: str
    kind: Kind
    group: Group
    text: str
    path: str
    created_at: str
    read_at: str | None

    @classmethod
    def of(cls, notice: Notice) -> "NoticeModel":
        return cls(
            id=notice.id,
            kind=Kind(notice.kind),
            group=notice.group,
            text=sentence(notice),
            path=notice.path,
            created_at=str(iso(notice.created_at)),
            read_at=iso(notice.read_at),
        )


class NoticeList(BaseModel):
    items: list[NoticeModel]
    next: str | None


class NoticeQuery(ListQuery):
    """`unread=true`: without those that were read."""

    unread: bool = False


class NoticePath(BaseModel):
    notice_id: str = Field(max_length=24)
