"""What is asked of the search page, read from its address."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from app.booking.rules import Limits, TooFarAhead
from app.errors import N_, Invalid, YujianError
from app.search.comparing import Order
from app.typed import whole

LONGEST_ID = 60


class BadDate(Invalid):
    """What was typed is no date."""

    def __init__(self) -> None:
        super().__init__(N_("请按年-月-日填写，例如 %(example)s。"), field="earliest", example="2027-03-01")


@dataclass(frozen=True, slots=True)
class Question:
    """The search page's address.

    test: id of the chosen test, None for the first. earliest: local date from which the sample can be there, None
    for any; typed_earliest: as it was typed; refused: why it can't be used. page: from 1, of the list of tests.
    """

    text: str
    test: str | None
    order: Order
    earliest: date | None
    typed_earliest: str
    refused: YujianError | None
    page: int


def question(args: Mapping[str, str], today: date, limits: Limits) -> Question:
    """The question in an address. Never raises: what can't be used is left out, a bad date is told."""
    typed = args.get("earliest", "").strip()[:40]
    earliest, refused = None, None
    try:
        earliest = _earliest(typed, today, limits)
    except YujianError as error:
        refused = error
    page = args.get("page", "")
    return Question(
        text=args.get("q", ""),
        test=args.get("test", "")[:LONGEST_ID] or None,
        order=Order.BENCH if args.get("order") == Order.BENCH else Order.REPORT,
        earliest=earliest,
        typed_earliest=typed,
        refused=refused,
        page=whole(page, 4) or 1,
    )


def _earliest(typed: str, today: date, limits: Limits) -> date | None:
    """The date typed; None for none and for one that has passed. Raises BadDate, TooFarAhead."""
    if not typed:
        return None
    try:
        on = date.fromisoformat(typed)
    except ValueError as error:
        raise BadDate() from error
    latest = today + limits.horizon
    if on > latest:
        raise TooFarAhead(days=limits.horizon.days, latest=latest)
    return on if on > today else None
