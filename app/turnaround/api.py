"""API of turnaround."""

from typing import Any

from flask_openapi3 import APIBlueprint, Tag

from app.accounts import queries as accounts
from app.accounts.current import require_api_viewer, token_needed
from app.api import PREFIX, PROBLEMS, SECURITY
from app.clock import now
from app.turnaround import presenting, queries
from app.turnaround.asking import asked
from app.turnaround.schemas import TurnaroundModel, TurnaroundQuery

bp = APIBlueprint(
    "turnaround_api",
    __name__,
    url_prefix=PREFIX,
    abp_tags=[Tag(name="turnaround", description="检测周期 / Turnaround")],
    abp_security=SECURITY,
    abp_responses=PROBLEMS,
)
bp.before_request(token_needed)
blueprints = (bp,)


@bp.get("/turnaround", responses={200: TurnaroundModel})
def turnaround(query: TurnaroundQuery) -> Any:
    """Turnaround of issued lines: one's own exactly, all companies' with small cells suppressed.

    Without `group_by` the only item is the total.
    """
    args = {name: value for name, value in query.model_dump(by_alias=True).items() if value is not None}
    wanted = asked(args, require_api_viewer(), now())
    found = queries.turnaround(wanted.question, wanted.group_by, now())
    return presenting.document(found, accounts.any_demo())
