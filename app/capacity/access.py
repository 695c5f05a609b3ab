"""Who may be on a page of a lab's capacity."""

from app.accounts.current import viewer
from app.capacity.queries import labs_of
from app.errors import NotFound
from app.labs.models import Lab


def own_lab(lab_id: str) -> Lab:
    """The lab of an address under /capacity/, for those who set its capacity. Raises NotFound for all others."""
    lab = next((lab for lab in labs_of(viewer()) if lab.id == lab_id), None)
    if lab is None:
        raise NotFound()
    return lab
