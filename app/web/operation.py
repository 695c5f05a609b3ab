"""What machines ask: is the process alive, can it serve, how is it doing."""

from flask import Blueprint, Flask, Response, jsonify
from flask_babel import gettext
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_flask_exporter import PrometheusMetrics
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.database import db
from app.startup import current_revisions, newest_revisions

bp = Blueprint("operation", __name__)


def init_app(app: Flask) -> None:
    """Register the addresses. Metrics are grouped by the pattern of the address: ids and secrets stay out."""
    app.register_blueprint(bp)
    # A registry of its own: several applications live in one process when tests run.
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    PrometheusMetrics(app, group_by="url_rule", registry=registry)


@bp.get("/healthz")
def healthz() -> Response:
    """The process answers."""
    return jsonify(status="ok")


@bp.get("/readyz")
def readyz() -> Response:
    """The database can be reached and has the schema that the program needs; else 503 with the reason."""
    reason = _why_unready()
    answer = jsonify(status="unready", reason=reason) if reason else jsonify(status="ready")
    answer.status_code = 503 if reason else 200
    answer.cache_control.no_store = True
    return answer


def _why_unready() -> str | None:
    try:
        found = current_revisions(db.session.connection())
    except (DBAPIError, PoolTimeout):
        return gettext("数据库无法访问。")
    if found != newest_revisions():
        return gettext("数据库结构不是这个版本的，请运行 flask --app app db upgrade。")
    return None
