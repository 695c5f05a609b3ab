"""API of runs: pausing, going on, ending with a result, delays, retests; and what a bench's own software posts."""

from typing import Any, Literal

from flask import request
from pydantic import BaseModel, Field

from app.accounts.current import require_api_viewer, token_blueprint
from app.accounts.policy import Viewer
from app.accounts.queries import digest, membership, viewer_of
from app.api import Instant, Version, api_blueprint, example, iso
from app.booking.delaying import Delay, announce_delay
from app.booking.queries import visible_booking
from app.booking.rules import State
from app.booking.schemas import BookingPath
from app.booking.service import start
from app.booking.steps import Change
from app.clock import now
from app.database import db
from app.errors import Unauthenticated
from app.orders.api import OrderModel, shown
from app.orders.schemas import LinePath
from app.testing import run_queries, run_rules, runs
from app.testing.models import RunPause
from app.testing.run_rules import PauseCause, Result
from app.testing.runs import Finish, Pause, Retest
from app.typed import cleaned

bp = token_blueprint("runs_api", __name__, "runs")
# The token of a bench opens this door and no other.
bench_bp = api_blueprint("bench_api", __name__, "runs")


class PauseModel(BaseModel):
    cause: PauseCause
    note: str
    started_at: str
    ended_at: str | None

    @classmethod
    def of(cls, pause: RunPause) -> "PauseModel":
        return cls(
            cause=pause.cause,
            note=pause.note,
            started_at=str(iso(pause.started_at)),
            ended_at=iso(pause.ended_at),
        )


class EquipmentModel(BaseModel):
    id: str
    calibration_due: str | None
    valid: bool


class RunModel(BaseModel):
    """Booked against actual; `state` and `version` are the booking's. `equipment`: as it stood when it was judged."""

    booking: str
    state: State
    version: int
    starts_at: str
    ends_at: str
    taken_at: str | None
    ended_at: str | None
    result: Result | None
    comment: str
    pauses: list[PauseModel]
    equipment: list[EquipmentModel]


class RunStepBody(BaseModel):
    """`version`: the booking's as last seen. `cause`: of a pause. `result`: of the end; `reason` is needed where it
    is not passed. `until`: when a late run is expected to end.
    """

    model_config = example(version=5, cause="equipment", reason="采集通道掉线")

    version: Version
    reason: str = Field("", max_length=500)
    cause: PauseCause | None = None
    result: Result | None = None
    until: Instant | None = None


class RunStepPath(BookingPath):
    run_step: Literal["pause", "resume", "finish", "delay"]


class RetestBody(BaseModel):
    """`version`: the order's. `sample`: what it is repeated on; left out: the same."""

    model_config = example(version=7, sample="BP-13")

    version: Version
    sample: str = Field("", max_length=200)


class BenchEvent(BaseModel):
    """What a bench's software tells. `booking`: its code; left out: what runs there, or is due about now. `at` is the
    bench's own clock and only noted: the server's counts.
    """

    model_config = example(event="pause", cause="equipment", note="采集通道掉线")

    event: Literal["start", "pause", "resume", "end", "fault"]
    booking: str = Field("", max_length=12)
    cause: PauseCause = PauseCause.EQUIPMENT
    note: str = Field("", max_length=500)
    at: Instant | None = None


@bp.get("/runs/<string:booking_id>", responses={200: RunModel})
def get_run(path: BookingPath) -> Any:
    """Booked against actual, with pauses, result and equipment."""
    return _shown(require_api_viewer(), path.booking_id)


@bp.post("/runs/<string:booking_id>/<string:run_step>", responses={200: RunModel})
def take_step(path: RunStepPath, body: RunStepBody) -> Any:
    """A step of a run."""
    viewer = require_api_viewer()
    base = (path.booking_id, body.version, cleaned(body.reason))
    if path.run_step == "pause":
        runs.pause(viewer, Pause(*base, body.cause or PauseCause.EQUIPMENT), now())
    elif path.run_step == "resume":
        runs.resume(viewer, Change(*base), now())
    elif path.run_step == "finish":
        runs.finish(viewer, Finish(*base, body.result or Result.PASSED), now())
    else:
        announce_delay(viewer, Delay(*base, body.until), now())
    return _shown(viewer, path.booking_id)


@bp.post("/orders/<string:order_id>/lines/<string:line_id>/retest", responses={201: OrderModel})
def retest(path: LinePath, body: RetestBody) -> Any:
    """Repeat a line whose run failed or was not valid; it keeps its place in the order."""
    sample = cleaned(body.sample)
    runs.retest(require_api_viewer(), Retest(path.order_id, path.line_id, body.version, sample), now())
    return shown(path.order_id), 201


@bench_bp.post("/bench/events", responses={200: RunModel})
def bench_event(body: BenchEvent) -> Any:
    """Start, pause, resume, end or fault, told by the bench with its own token."""
    bench, viewer = _bench()
    code = cleaned(body.booking)
    booking = run_queries.run_on(bench, code, now())
    if booking is None:
        raise run_rules.NothingToRun()
    note = cleaned(body.note)
    if body.at is not None:
        note = f"{note} [{iso(body.at)}]".strip()
    base = (booking.id, booking.version, note)
    db.session.rollback()
    if body.event == "start":
        start(viewer, Change(*base), now())
    elif body.event == "resume":
        runs.resume(viewer, Change(*base), now())
    elif body.event == "end":
        runs.complete(viewer, Change(*base), now())
    else:
        cause = PauseCause.EQUIPMENT if body.event == "fault" else body.cause
        runs.pause(viewer, Pause(*base, cause), now())
    return _shown(viewer, base[0])


def _bench() -> tuple[str, Viewer]:
    """The bench of the token, and the membership that it acts for. Raises Unauthenticated."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    token = run_queries.token(db.session(), digest(secret.strip())) if scheme.lower() == "bearer" else None
    member = membership(token.membership_id) if token else None
    if token is None or member is None:
        raise Unauthenticated()
    return token.resource_id, viewer_of(member)


def _shown(viewer: Viewer, booking_id: str) -> dict[str, Any]:
    booking = visible_booking(viewer, booking_id)
    line = booking.order_line
    result = run_queries.results_of(viewer, [line.id]).get(line.id)
    return RunModel(
        booking=booking.id,
        state=booking.state,
        version=booking.version,
        starts_at=str(iso(booking.starts_at)),
        ends_at=str(iso(booking.ends_at)),
        taken_at=iso(line.taken_at),
        ended_at=iso(line.ended_at),
        result=result.result if result else None,
        comment=result.comment if result else "",
        pauses=[PauseModel.of(pause) for pause in run_queries.pauses(booking.id)],
        equipment=[EquipmentModel(**_plain(each)) for each in result.equipment["used"]] if result else [],
    ).model_dump(mode="json")


def _plain(equipment: dict[str, Any]) -> dict[str, Any]:
    return {name: equipment[name] for name in EquipmentModel.model_fields}
