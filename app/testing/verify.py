"""The public page that confirms a report: number, date, version and hash, and nothing else.

Asked by the secret code of a version (the QR code on its cover sheet), or by number together with the hash of its
file: who has neither learns nothing, not even whether a number exists.
"""

import re
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from app.testing import queries
from app.testing.queries import VersionRow
from app.testing.rules import NUMBER_LENGTH
from app.typed import NUL

bp = Blueprint("verify", __name__, url_prefix="/verify")

CODE = re.compile(r"[a-z2-7]{16}")
SHA256 = re.compile(r"[0-9a-f]{64}")


@bp.get("/")
def index() -> Any:
    """The form; `code`, or `number` and `sha256`, in the address are asked."""
    asked = {name: request.args.get(name, "")[:200].strip() for name in ("code", "number", "sha256")}
    if asked["code"]:
        code = asked["code"].lower()
        return redirect(url_for(".code", code=code), 303) if CODE.fullmatch(code) else _page(asked, None, True)
    if asked["number"] or asked["sha256"]:
        return _page(asked, _by_number(asked["number"], asked["sha256"].lower()), True)
    return _page(asked, None, False)


@bp.get("/<code>")
def code(code: str) -> Any:
    """What the code of a version confirms."""
    return _page({}, queries.by_code(code) if CODE.fullmatch(code) else None, True)


def _by_number(number: str, sha256: str) -> VersionRow | None:
    if len(number) > NUMBER_LENGTH or NUL in number or not SHA256.fullmatch(sha256):
        return None
    return queries.by_number(number, sha256)


def _page(asked: dict[str, str], found: VersionRow | None, was_asked: bool) -> Any:
    page = render_template("testing/verify.html", asked=asked, found=found, was_asked=was_asked)
    return page, 404 if was_asked and found is None else 200
