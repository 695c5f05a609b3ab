"""What people keep to find again."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, random_id


class SavedFilter(Base):
    """A list as its owner filtered it, under a name of his own. path and query: of its address on this site."""

    __tablename__ = "saved_filter"
    __table_args__ = (UniqueConstraint("membership_id", "name"),)

    id: Mapped[str] = random_id()
    membership_id: Mapped[str] = mapped_column(ForeignKey("membership.id"))
    name: Mapped[str] = mapped_column(String(60))
    path: Mapped[str] = mapped_column(String(200))
    query: Mapped[str] = mapped_column(String(500))
    created_at: Mapped[datetime]
