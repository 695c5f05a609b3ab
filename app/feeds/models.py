"""Subscriptions to calendars: who may fetch what under which secret address."""

import enum
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Membership
from app.database import Base, random_id
from app.errors import N_


class FeedScope(enum.StrEnum):
    """What a feed covers; `target_id` of a subscription is then a resource, a lab, a company or a user."""

    RESOURCE = "resource"
    LAB = "lab"
    COMPANY = "company"
    ME = "me"

    @property
    def label(self) -> str:
        """The msgid that people read."""
        return LABELS[self]


LABELS = {
    FeedScope.RESOURCE: N_("台架"),
    FeedScope.LAB: N_("实验室"),
    FeedScope.COMPANY: N_("本企业"),
    FeedScope.ME: N_("我的预约"),
}


class FeedLanguage(enum.StrEnum):
    ZH = "zh"
    EN = "en"


class FeedSubscription(Base):
    """A secret address, stored as SHA-256 of 256 random bits. It stands for one membership and ends with it.

    version: of the address, one more with each change of it. fetched_at: when a program last read it, up to an hour
    before; fetched_by: which, if it is one that is known.
    """

    __tablename__ = "feed_subscription"
    __table_args__ = (Index("ix_feed_subscription_membership", "membership_id"),)

    id: Mapped[str] = random_id()
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id"))
    membership_id: Mapped[str] = mapped_column(ForeignKey("membership.id"))
    scope: Mapped[FeedScope]
    target_id: Mapped[str] = mapped_column(String(64))
    language: Mapped[FeedLanguage]
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    fetched_at: Mapped[datetime | None]
    fetched_by: Mapped[str | None]

    membership: Mapped[Membership] = relationship()
