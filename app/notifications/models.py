"""What people are told: notices of the inbox, mails on their way, choices, and where the reader of the log stands."""

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Enum, ForeignKey, Index, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Membership, User
from app.accounts.policy import Action
from app.database import Base, random_id
from app.errors import N_
from app.notifications.groups import Group, How, Side
from app.notifications.kinds import KINDS, Kind


class Notice(Base):
    """One thing told to one member, or (membership_id None) to somebody with an account alone: he gets the mail of it.

    source: what it was made from (`event:KEY`, or a reminder with its own instant): told once to each member.
    company_id, lab_id: of the thing told of, as the policy asks. facts: what the sentence needs, the names in both
    languages. path: the page it leads to. in_digest: waits for the daily mail.
    """

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("membership_id", "source"),
        Index("ix_notice_unread", "membership_id", "read_at"),
        Index("ix_notice_listed", "membership_id", "created_at"),
        Index("ix_notice_source", "source"),
        Index("ix_notice_digest", "user_id", sqlite_where=text("in_digest"), postgresql_where=text("in_digest")),
    )

    id: Mapped[str] = random_id()
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id"))
    membership_id: Mapped[str | None] = mapped_column(ForeignKey("membership.id"))
    kind: Mapped[str] = mapped_column(String(40))
    side: Mapped[str] = mapped_column(String(20))
    company_id: Mapped[str | None] = mapped_column(String(60))
    lab_id: Mapped[str | None] = mapped_column(String(60))
    facts: Mapped[dict[str, Any]]
    path: Mapped[str]
    source: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    in_digest: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())

    @property
    def sentence(self) -> str:
        """The msgid, to be filled with the facts."""
        return KINDS[Kind(self.kind)].sentences[Side(self.side)]

    @property
    def group(self) -> Group:
        """The group that it is filtered and chosen by."""
        return KINDS[Kind(self.kind)].group

    @property
    def action(self) -> Action | None:
        """What its reader must be allowed to do with what it tells of; None for a seat or his own account."""
        if self.group in (Group.SEATS, Group.ACCOUNT):
            return None
        if self.group is Group.STATISTICS:
            return Action.RECEIVE_STATISTICS
        return Action.SEE_MESSAGE if self.group is Group.MESSAGES else Action.SEE_BOOKING


class MailState(enum.StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DEAD = "dead"
    DROPPED = "dropped"

    @property
    def label(self) -> str:
        """The msgid that people read."""
        return MAIL_LABELS[self]


MAIL_LABELS = {
    MailState.QUEUED: N_("待发"),
    MailState.SENDING: N_("发送中"),
    MailState.SENT: N_("已发"),
    MailState.DEAD: N_("发不出"),
    MailState.DROPPED: N_("不再需要"),
}


def _words(choices: type[enum.Enum]) -> Enum:
    return Enum(
        choices,
        native_enum=False,
        create_constraint=False,
        length=20,
        values_callable=lambda found: [member.value for member in found],
    )


class Mail(Base):
    """One mail about one or more notices. Its text is written when it is sent, by what the receiver may see then.

    message_id: of RFC 5322, kept over all attempts. claimed_by, claimed_until: the sender at work on it, and until
    when no other takes it. dropped: the receiver has left, or wants no such mail any more.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_due", "state", "next_attempt_at"),
        Index("ix_outbox_claim", "claimed_by"),
    )

    id: Mapped[str] = random_id()
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id"))
    membership_id: Mapped[str | None] = mapped_column(ForeignKey("membership.id"))
    notice_ids: Mapped[list[str]]
    daily: Mapped[bool] = mapped_column(Boolean, default=False)
    to_address: Mapped[str] = mapped_column(String(254))
    message_id: Mapped[str] = mapped_column(String(320), unique=True)
    state: Mapped[MailState] = mapped_column(_words(MailState), default=MailState.QUEUED)
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    next_attempt_at: Mapped[datetime]
    last_error: Mapped[str] = mapped_column(default="")
    claimed_by: Mapped[str | None] = mapped_column(String(24))
    claimed_until: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]

    user: Mapped[User] = relationship()
    membership: Mapped[Membership | None] = relationship()


class NoticeChoice(Base):
    """How somebody wants to hear of a group by mail; without a row at once."""

    __tablename__ = "notice_choice"

    user_id: Mapped[str] = mapped_column(ForeignKey("user.id"), primary_key=True)
    group: Mapped[Group] = mapped_column(_words(Group), primary_key=True)
    how: Mapped[How] = mapped_column(_words(How))


class NoticeCursor(Base):
    """Up to where the log has been read."""

    __tablename__ = "notice_cursor"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    transaction_id: Mapped[int] = mapped_column(BigInteger)
    event_id: Mapped[int] = mapped_column(BigInteger)
