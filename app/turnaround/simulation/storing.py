"""Studies kept for the page."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.database import db, transaction
from app.turnaround.simulation.models import Simulation


def keep(result: dict[str, Any], seconds: int, now: datetime) -> None:
    """Store a study; the page shows the newest."""
    with transaction() as session:
        session.add(Simulation(made_at=now, seconds=seconds, result=result))


def newest() -> Simulation | None:
    """The last study; None before the first."""
    return db.session.scalars(select(Simulation).order_by(Simulation.made_at.desc(), Simulation.id).limit(1)).first()
