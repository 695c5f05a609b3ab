"""How a lab's resources stand to each other, and the states between which a bench changes over."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from app.accounts.policy import Viewer
from app.capacity.resources import parts
from app.capacity.resources.owned import own_pool, own_resource
from app.capacity.rules import check_setup_version
from app.database import transaction
from app.errors import N_, Invalid, NotFound
from app.events import log
from app.labs.capacity import BenchState, Changeover, Nearness, ResourceLink, touch
from app.labs.models import Capability, Lab


def link(viewer: Viewer, lab_id: str, one: str, other: str, nearness: Nearness | None, now: datetime) -> None:
    """How two resources stand to each other; None: they don't. Raises NotFound, Invalid."""
    with transaction() as session:
        for ident in (one, other):
            if own_resource(session, viewer, ident).lab_id != lab_id:
                raise NotFound()
        lab = parts.family(session, lab_id)
        if one == other:
            raise Invalid(N_("请选两个不同的资源。"), field="other_id")
        if nearness and (other in lab.below(one) or one in lab.below(other)):
            raise Invalid(N_("整体和它的部分本来就不同时使用。"), field="other_id")
        first, second = sorted((one, other))
        session.execute(delete(ResourceLink).where(ResourceLink.one_id == first, ResourceLink.other_id == second))
        if nearness:
            session.add(ResourceLink(one_id=first, other_id=second, nearness=nearness, lab_id=lab_id))
        facts: dict[str, Any] = {"one": first, "other": second, "nearness": nearness.value if nearness else ""}
        log.record(session, "resource.linked", session.get_one(Lab, lab_id), by=viewer, at=now, **facts)
        touch(session, lab_id)


def set_states(
    viewer: Viewer,
    lab_id: str,
    pool: str,
    names: Sequence[tuple[str | None, str, str]],
    minutes: dict[tuple[str, str], int],
    now: datetime,
    seen: str | None = None,
) -> list[BenchState]:
    """The states in which tests leave a pool's benches, and the minutes between them.

    names: (id or None for a new one, Chinese, English); an empty Chinese name drops the state. minutes: by the ids
    before and after, 0 for none. seen: the setup version that the table showed. Raises NotFound, StaleSetup.
    """
    with transaction() as session:
        units = own_pool(session, viewer, lab_id, pool)
        lab = session.get_one(Lab, lab_id, with_for_update={"key_share": True}, populate_existing=True)
        if seen is not None:
            check_setup_version(seen, lab.setup_version)
        known = {state.id: state for state in session.scalars(select(BenchState).filter_by(lab_id=lab_id, pool=pool))}
        session.execute(delete(Changeover).where(Changeover.from_state_id.in_(known)))
        for ident, name_zh, name_en in names:
            if ident and ident not in known:
                raise NotFound()
            if ident and not name_zh:
                for row in session.scalars(select(Capability).where(Capability.state_id == ident)):
                    row.state_id = None
                session.delete(known.pop(ident))
            elif ident:
                known[ident].name_zh, known[ident].name_en = name_zh, name_en or name_zh
            elif name_zh:
                session.add(BenchState(lab_id=lab_id, pool=pool, name_zh=name_zh, name_en=name_en or name_zh))
        session.flush()
        for (before, after), length in minutes.items():
            if before in known and after in known and length:
                session.add(Changeover(from_state_id=before, to_state_id=after, lab_id=lab_id, minutes=length))
        session.flush()
        log.record(session, "resource.states_set", units[0], by=viewer, at=now, pool=pool)
        touch(session, lab_id)
        return list(session.scalars(select(BenchState).filter_by(lab_id=lab_id, pool=pool)))
