"""Who may do and see what: one table for pages, API, feeds and exports.

A grant is a predicate that works twice: on a row it answers a bool, on a mapped class it gives the SQL
condition, so that a list can't show what the detail page would refuse.
"""

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, and_, false, true
from sqlalchemy.orm import QueryableAttribute

from app.accounts.models import COMPANY_ROLES, LAB_ROLES, Role, Scope
from app.errors import Forbidden, NotFound


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks: one user in one active membership. `role` None is a visitor who has not signed in.

    lab_ids: labs whose bookings follow from a lab role; empty for all others, whatever their organisation owns.
    """

    user_id: str | None = None
    role: Role | None = None
    organisation_id: str | None = None
    lab_ids: frozenset[str] = field(default_factory=frozenset)
    membership_id: str | None = None
    scope: Scope = Scope.WRITE
    name: str = ""
    organisation_zh: str = ""
    organisation_en: str = ""
    demo: bool = False

    @property
    def role_name(self) -> str | None:
        return self.role.value if self.role else None

    @property
    def signed_in(self) -> bool:
        return self.role is not None

    @property
    def is_company(self) -> bool:
        return self.role in COMPANY_ROLES

    @property
    def company_id(self) -> str | None:
        """The company that the viewer acts for; None for all others."""
        return self.organisation_id if self.is_company else None

    @property
    def is_lab(self) -> bool:
        return self.role in LAB_ROLES


ANONYMOUS = Viewer()


class Action(enum.Enum):
    """Everything a person can be allowed to do; things are rows with `company_id` and/or `lab_id`."""

    SEE_AVAILABILITY = enum.auto()
    SEE_BOOKING = enum.auto()
    SEE_BOOKING_COMPANY = enum.auto()
    BOOK = enum.auto()
    CHANGE_OWN_BOOKING = enum.auto()
    SEE_MESSAGE = enum.auto()
    WRITE_MESSAGE = enum.auto()
    REGISTER_SAMPLE = enum.auto()
    DECIDE_BOOKING = enum.auto()
    AMEND = enum.auto()
    RUN_BOOKING = enum.auto()
    SEE_REPORT = enum.auto()
    ISSUE_REPORT = enum.auto()
    CLOSE_RESOURCE = enum.auto()
    SET_CAPACITY = enum.auto()
    FOUND_LAB = enum.auto()
    SEE_TURNAROUND = enum.auto()
    SEE_ALL_TURNAROUND = enum.auto()
    SET_TARGET = enum.auto()
    RECEIVE_STATISTICS = enum.auto()
    SEE_SIMULATION = enum.auto()
    SEE_BOTTLENECKS = enum.auto()
    SEE_DAY_SHEET = enum.auto()
    INVITE_COMPANY = enum.auto()
    INVITE_LAB = enum.auto()
    ADMINISTER = enum.auto()
    SUBSCRIBE = enum.auto()
    KEEP_FILTER = enum.auto()
    SEE_NOTICE = enum.auto()
    READ_NOTICE = enum.auto()
    SEE_FILE = enum.auto()
    ATTACH_FILE = enum.auto()
    PHOTOGRAPH_SAMPLE = enum.auto()


Grant = Callable[[Viewer, Any], Any]


def anyone(_viewer: Viewer, thing: Any) -> Any:
    return true() if isinstance(thing, type) else True


def own_company(viewer: Viewer, thing: Any) -> Any:
    """The thing belongs to the viewer's organisation."""
    return thing.company_id == viewer.organisation_id


def own_company_shown(viewer: Viewer, thing: Any) -> Any:
    """The thing belongs to the viewer's organisation and is not what the lab keeps to itself."""
    own, internal = own_company(viewer, thing), thing.internal
    return and_(own, internal.is_(False)) if isinstance(thing, type) else own and not internal


def own_lab(viewer: Viewer, thing: Any) -> Any:
    """The thing lies at a lab of the viewer's active membership."""
    lab_id = thing.lab_id
    if isinstance(lab_id, QueryableAttribute):
        return lab_id.in_(sorted(viewer.lab_ids))
    return lab_id in viewer.lab_ids


def nobodys_lab(_viewer: Viewer, thing: Any) -> Any:
    """The thing is of all labs together, not of one."""
    lab_id = thing.lab_id
    return lab_id.is_(None) if isinstance(lab_id, QueryableAttribute) else lab_id is None


def own_photo(viewer: Viewer, thing: Any) -> Any:
    """A photo that somebody of the viewer's lab took: what a company sends may show whose it is."""
    here, photo = own_lab(viewer, thing), thing.is_photo
    ours = thing.owner_organisation_id == viewer.organisation_id
    return and_(here, photo, ours) if isinstance(thing, type) else here and photo and ours


def own_seat(viewer: Viewer, thing: Any) -> Any:
    """The thing was told to the viewer's active membership."""
    return thing.membership_id == viewer.membership_id


_COMPANY: dict[Role, Grant] = {Role.ENGINEER: own_company, Role.COMPANY_MANAGER: own_company}
_LAB_ADMIN: dict[Role, Grant] = {Role.LAB_ADMIN: own_lab}
_LAB: dict[Role, Grant] = {Role.LAB_ADMIN: own_lab, Role.BENCH_CREW: own_lab}

GRANTS: dict[Action, dict[Role, Grant]] = {
    Action.SEE_AVAILABILITY: dict.fromkeys(Role, anyone),
    Action.SEE_BOOKING: {**_COMPANY, **_LAB},
    Action.SEE_BOOKING_COMPANY: {**_COMPANY, **_LAB_ADMIN},
    Action.BOOK: {Role.ENGINEER: anyone, Role.COMPANY_MANAGER: anyone},
    Action.CHANGE_OWN_BOOKING: _COMPANY,
    Action.SEE_MESSAGE: {**_COMPANY, **_LAB_ADMIN},
    Action.WRITE_MESSAGE: {**_COMPANY, **_LAB_ADMIN},
    Action.REGISTER_SAMPLE: {**_COMPANY, **_LAB_ADMIN},
    Action.DECIDE_BOOKING: _LAB_ADMIN,
    Action.AMEND: {**_COMPANY, **_LAB_ADMIN},
    Action.RUN_BOOKING: _LAB,
    Action.SEE_REPORT: {**_COMPANY, **_LAB_ADMIN},
    Action.ISSUE_REPORT: _LAB_ADMIN,
    Action.CLOSE_RESOURCE: _LAB_ADMIN,
    Action.SET_CAPACITY: _LAB_ADMIN,
    Action.FOUND_LAB: {Role.LAB_ADMIN: anyone},
    Action.SEE_TURNAROUND: {**_COMPANY, **_LAB_ADMIN},
    Action.SEE_ALL_TURNAROUND: {Role.COORDINATOR: anyone, Role.SYSTEM_ADMIN: anyone},
    Action.SET_TARGET: {**_LAB_ADMIN, Role.COORDINATOR: nobodys_lab},
    # Reports on a schedule: of what the role sees of turnaround, its own or all.
    Action.RECEIVE_STATISTICS: {
        **dict.fromkeys((Role.ENGINEER, Role.COMPANY_MANAGER, Role.LAB_ADMIN), own_seat),
        **dict.fromkeys((Role.COORDINATOR, Role.SYSTEM_ADMIN), own_seat),
    },
    # Of all labs and companies together, and invented: it holds nothing of any of them.
    Action.SEE_SIMULATION: dict.fromkeys((Role.COORDINATOR, Role.LAB_ADMIN, Role.SYSTEM_ADMIN), anyone),
    # A lab of its own pools, all others by kind of bench of all labs together.
    Action.SEE_BOTTLENECKS: dict.fromkeys((Role.COORDINATOR, Role.LAB_ADMIN, Role.SYSTEM_ADMIN), anyone),
    Action.SEE_DAY_SHEET: _LAB,
    Action.INVITE_COMPANY: {Role.COMPANY_MANAGER: own_company, Role.SYSTEM_ADMIN: anyone},
    Action.INVITE_LAB: {Role.LAB_ADMIN: own_lab, Role.SYSTEM_ADMIN: anyone},
    Action.ADMINISTER: {Role.SYSTEM_ADMIN: anyone},
    Action.SUBSCRIBE: {**_COMPANY, **_LAB},
    Action.KEEP_FILTER: dict.fromkeys(COMPANY_ROLES | LAB_ROLES, anyone),
    Action.SEE_NOTICE: dict.fromkeys(Role, own_seat),
    Action.READ_NOTICE: dict.fromkeys(Role, own_seat),
    Action.SEE_FILE: {**dict.fromkeys(_COMPANY, own_company_shown), **_LAB_ADMIN, Role.BENCH_CREW: own_photo},
    Action.ATTACH_FILE: {**_COMPANY, **_LAB_ADMIN},
    Action.PHOTOGRAPH_SAMPLE: {**_COMPANY, **_LAB},
}

READING = frozenset(
    {
        Action.SEE_AVAILABILITY,
        Action.SEE_BOOKING,
        Action.SEE_BOOKING_COMPANY,
        Action.SEE_MESSAGE,
        Action.SEE_TURNAROUND,
        Action.SEE_ALL_TURNAROUND,
        Action.SEE_SIMULATION,
        Action.SEE_BOTTLENECKS,
        Action.SEE_DAY_SHEET,
        Action.SEE_NOTICE,
        Action.SEE_FILE,
        Action.SEE_REPORT,
    }
)


def allowed(viewer: Viewer, action: Action, thing: Any = None) -> Any:
    """Bool for a row (or None where the action concerns no row), SQL condition for a mapped class.

    A read-only token is allowed no action that writes.
    """
    grant = GRANTS[action].get(viewer.role) if viewer.role else None
    if grant is None or (viewer.scope is Scope.READ and action not in READING):
        return false() if isinstance(thing, type) else False
    return grant(viewer, thing)


def visible(viewer: Viewer, action: Action, model: type) -> ColumnElement[bool]:
    """The SQL condition under which rows of `model` may be listed for this viewer."""
    condition: ColumnElement[bool] = allowed(viewer, action, model)
    return condition


def require(viewer: Viewer, action: Action, thing: Any = None) -> None:
    """Raises Forbidden unless allowed."""
    if not allowed(viewer, action, thing):
        raise Forbidden()


def require_visible(viewer: Viewer, action: Action, thing: Any) -> None:
    """Raises NotFound where the thing is missing or not the viewer's: the two can't be told apart."""
    if thing is None or not allowed(viewer, action, thing):
        raise NotFound()
