"""What other rooms have put into a mail about notices of theirs."""

from collections.abc import Mapping, Sequence

from flask import current_app

from app.accounts.policy import Viewer
from app.enclosures import Enclosure, encloser
from app.language import speaking
from app.notifications.models import Notice

# The fact of a notice that says which page it is about.
PAGE = "page"


def enclosed(notices: Sequence[Notice], viewer: Viewer, locale: str) -> Mapping[str, Enclosure]:
    """Enclosures by notice, by what the viewer may see now and in his language. Raises what the other room raises."""
    found = {}
    with speaking(locale):
        for notice in notices:
            make = encloser(current_app, notice.kind)
            if make is not None:
                found[notice.id] = make(str(notice.facts[PAGE]), viewer)
    return found
