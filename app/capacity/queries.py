"""Questions about what a lab sets itself."""

from sqlalchemy import select

from app.accounts.policy import Action, Viewer, visible
from app.database import db
from app.labs.models import Lab


def labs_of(viewer: Viewer) -> list[Lab]:
    """The live labs whose capacity the viewer sets, by name."""
    mine = visible(viewer, Action.SET_CAPACITY, Lab)
    query = select(Lab).where(mine, Lab.retired_at.is_(None)).order_by(Lab.name_zh)
    return list(db.session.scalars(query))
