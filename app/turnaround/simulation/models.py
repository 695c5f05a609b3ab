"""Simulations that were run, as they were."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from app.database import Base, random_id


class Simulation(Base):
    """One study. result: what `study.run` gives; nothing of a single company, lab or test is in it.

    seconds: how long it took.
    """

    __tablename__ = "simulation"
    __table_args__ = (Index("ix_simulation_made", "made_at"),)

    id: Mapped[str] = random_id()
    made_at: Mapped[datetime]
    seconds: Mapped[int]
    result: Mapped[dict[str, Any]]
