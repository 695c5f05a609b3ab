"""The search page: the main page of the product."""

import secrets

from flask import Blueprint, Flask, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.accounts.current import viewer
from app.api import iso
from app.booking.settings import limits
from app.clock import now
from app.labs.search_text import SPELLING
from app.language import refusal
from app.search import codes, drawing, presenting, queries
from app.search.finding import corrected
from app.search.forms import question
from app.search.results import results
from app.worktime import local_date

bp = Blueprint("search", __name__)
blueprints = (bp,)


def init_app(app: Flask) -> None:
    """Let the API of the catalogue forgive what the page forgives."""
    app.extensions[SPELLING] = corrected


@bp.get("/search", endpoint="results")
def results_page() -> str | Response | tuple[str, int]:
    """What a query finds, and the chosen test at every lab."""
    at = now()
    if thing := codes.address(viewer(), request.args.get("q", "")):
        return redirect(thing, 303)
    asked = question(request.args, local_date(at), limits())
    if not asked.text.strip() and asked.test and (test := queries.test(asked.test)):
        return redirect(url_for("search.results", q=test.method.code, test=test.id), 303)
    page = results(asked, viewer(), at, limits())
    answer = render_template(
        "search/results.html",
        page=page,
        say=presenting,
        draw=drawing,
        iso=iso,
        bars=drawing.bars(page.choices, at),
        # A button pressed twice by a nervous finger is one booking.
        key=secrets.token_hex(8),
        refused=refusal(asked.refused) if asked.refused else "",
    )
    return (answer, asked.refused.status) if asked.refused else answer
