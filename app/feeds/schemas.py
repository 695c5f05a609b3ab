"""What the API takes and gives for calendar feeds."""

from typing import Literal

from pydantic import BaseModel, Field

from app.api import example, iso
from app.feeds.models import FeedSubscription
from app.feeds.queries import Listed

ScopeName = Literal["resource", "lab", "company", "me"]


class NewFeed(BaseModel):
    """`id` names the resource or the lab; it is not needed for `company` and `me`."""

    model_config = example(scope="lab", id="cmvr-new-energy")

    scope: ScopeName
    id: str | None = Field(None, max_length=64)


class FeedModel(BaseModel):
    """`url` is given once, in the answer to POST: only its digest is kept. `fetched_at`: when a program last read it,
    up to an hour before; `fetched_by`: which, if it is one that is known.
    """

    id: str
    url: str | None
    scope: ScopeName
    target: str
    language: Literal["zh", "en"]
    created_at: str
    fetched_at: str | None
    fetched_by: str | None

    @classmethod
    def of(cls, feed: FeedSubscription | Listed, url: str | None = None) -> "FeedModel":
        return cls(
            id=feed.id,
            url=url,
            scope=feed.scope.value,
            target=feed.target_id,
            language=feed.language.value,
            created_at=str(iso(feed.created_at)),
            fetched_at=iso(feed.fetched_at),
            fetched_by=feed.fetched_by,
        )


class FeedList(BaseModel):
    items: list[FeedModel]
    next: str | None


class FeedPath(BaseModel):
    feed_id: str = Field(max_length=24)
