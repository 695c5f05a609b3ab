"""A new laboratory of an operator, from nothing: stated by itself, found by everybody at once."""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Membership, Organisation, OrganisationKind
from app.accounts.policy import Action, Viewer, allowed
from app.database import transaction
from app.errors import N_, Forbidden, Invalid, NotFound
from app.events import log
from app.identifiers import new_id
from app.labs.models import Domain, Lab
from app.labs.search_text import compose

LEVEL, CONFIDENCE, ORIGIN = "enterprise_open", "medium", "lab"
# As long as what the log keeps of a subject.
ID_LENGTH = 24


@dataclass(frozen=True, slots=True)
class FoundLab:
    """What a lab says of itself. lat, lon: degrees north and east; both or none (then no shifts by daylight)."""

    name_zh: str
    name_en: str
    short_zh: str
    district_zh: str
    district_en: str
    address_zh: str
    lat: float | None
    lon: float | None
    domains: tuple[str, ...]
    summary_zh: str
    summary_en: str


def may_found(viewer: Viewer) -> bool:
    """Whether the viewer may add a lab to his operator: its lab administrators."""
    return viewer.is_lab and bool(allowed(viewer, Action.FOUND_LAB))


def found_lab(viewer: Viewer, command: FoundLab, now: datetime) -> Lab:
    """Add a lab to the viewer's operator; he becomes its administrator. Raises Forbidden, NotFound, Invalid."""
    if not may_found(viewer):
        raise Forbidden()
    if (command.lat is None) != (command.lon is None):
        raise Invalid(N_("纬度和经度要么都填，要么都不填。"), field="lon")
    with transaction() as session:
        operator = session.get(Organisation, viewer.organisation_id)
        if operator is None or operator.kind not in (OrganisationKind.LAB_OPERATOR, OrganisationKind.COMPANY):
            raise NotFound()
        named = list(session.scalars(select(Domain).where(Domain.id.in_(command.domains))))
        if len(named) < len(set(command.domains)):
            raise NotFound()
        lab = Lab(
            id=_free_id(session, command),
            organisation_id=operator.id,
            name_zh=command.name_zh,
            name_en=command.name_en or command.name_zh,
            short_zh=command.short_zh or command.name_zh,
            level=LEVEL,
            district_zh=command.district_zh,
            district_en=command.district_en or command.district_zh,
            address_zh=command.address_zh,
            lat=command.lat,
            lon=command.lon,
            coord_basis="",
            domains=list(command.domains),
            approvals_zh=[],
            approvals_en=[],
            summary_zh=command.summary_zh,
            summary_en=command.summary_en or command.summary_zh,
            confidence=CONFIDENCE,
            sources=[],
            origin=ORIGIN,
            search_text=_search_text(command, operator, named),
        )
        session.add(lab)
        seat = session.get_one(Membership, viewer.membership_id)
        seat.lab_ids = [*seat.lab_ids, lab.id]
        session.flush()
        log.record(session, "lab.founded", lab, by=viewer, at=now, name=lab.name_zh)
        return lab


def _free_id(session: Session, command: FoundLab) -> str:
    """A readable id from the English name, with random letters where it is taken or there is none."""
    base = re.sub(r"[^a-z0-9]+", "-", command.name_en.lower())[:ID_LENGTH].strip("-")
    if len(base) >= 3 and session.get(Lab, base) is None:
        return base
    return f"{base[: ID_LENGTH - 7]}-{new_id()[:6]}".strip("-")


def _search_text(command: FoundLab, operator: Organisation, domains: list[Domain]) -> str:
    chinese = [command.name_zh, command.short_zh, command.district_zh, command.address_zh, operator.short_zh]
    english = [command.name_en, command.district_en, operator.short_en]
    return compose(
        chinese=[text for text in [*chinese, *(domain.name_zh for domain in domains)] if text],
        english=[text for text in [*english, *(domain.name_en for domain in domains)] if text],
    )
