"""One JSON line per request and per fault on standard error, each with the request's number.

What stands in an address may be a secret (feeds, invitations), so the line names the pattern of the address.
"""

import logging
import sys
import time
from contextlib import suppress
from typing import Any

import structlog
from flask import Flask, Response, g, request

from app.identifiers import readable_letters

log = structlog.stdlib.get_logger("yujian")

SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]
JSON = structlog.processors.JSONRenderer(ensure_ascii=False, sort_keys=True)
# Asked for every few seconds by machines.
QUIET = ("static", "operation.healthz", "operation.readyz", "prometheus_metrics")


class _Lines:
    """Standard error, under the name of a logger.

    A line that can't be written (a full disk, a pipe that nobody reads) disturbs nobody, as in the standard library.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def msg(self, line: str) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.write(line + "\n")
            sys.stderr.flush()

    debug = info = warning = error = critical = msg


def init_app(app: Flask) -> None:
    """Write logs as JSON lines, the application's and the libraries' alike; tests hear of what is wrong only."""
    if app.testing:
        level = structlog.make_filtering_bound_logger(logging.WARNING)
        structlog.configure(processors=[*SHARED, JSON], logger_factory=_Lines, wrapper_class=level)
    else:
        _take_over()
    app.before_request(_begin)
    app.after_request(_end)


def request_id() -> str:
    """The number of this request, such as `7Q2F-19KM`: shown on error pages, found in the log."""
    if "request_id" not in g:
        letters = readable_letters(8)
        g.request_id = f"{letters[:4]}-{letters[4:]}"
    number: str = g.request_id
    return number


def _take_over() -> None:
    """Our lines go straight to standard error, those of libraries by way of the root logger; a second application in
    the process finds it done.
    """
    root = logging.getLogger()
    if any(isinstance(handler.formatter, structlog.stdlib.ProcessorFormatter) for handler in root.handlers):
        return
    structlog.configure(
        processors=[*SHARED, JSON],
        logger_factory=_Lines,
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=SHARED,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, JSON],
        )
    )
    root.addHandler(handler)
    # The development server's own line shows whole addresses.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)


def _begin() -> None:
    g.began = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request=request_id())


def _end(response: Response) -> Response:
    response.headers["X-Request-Id"] = request_id()
    if request.endpoint not in QUIET:
        rule = request.url_rule
        viewer = g.get("viewer")
        log.info(
            "request",
            method=request.method,
            path=rule.rule if rule else None,
            status=response.status_code,
            ms=round((time.perf_counter() - g.began) * 1000, 1) if "began" in g else None,
            user=viewer.user_id if viewer else None,
        )
    return response
