"""API of the catalogue; readable without a token, but a wrong one is refused."""

from typing import Any

from flask import current_app

from app.accounts.current import api_viewer
from app.api import SECURITY, api_blueprint, decode_cursor, page
from app.errors import N_, Invalid, NotFound
from app.labs import browse, schemas
from app.labs.models import EarliestWeek
from app.labs.search_text import SPELLING

# An empty requirement beside the bearer: the catalogue is public.
bp = api_blueprint("labs_api", __name__, "catalogue", security=[*SECURITY, {}])
blueprints = (bp,)


def _behind(cursor: str | None) -> str:
    """The id behind which a list goes on. Raises Invalid at field `cursor`."""
    last = decode_cursor(cursor, 1)
    if last is None:
        return ""
    if not isinstance(last[0], str) or "\0" in last[0]:
        raise Invalid(N_("cursor 无效，请用上一页给出的值。"), field="cursor")
    return last[0]


def _page(models: list[Any], limit: int) -> dict[str, Any]:
    return page([model.model_dump() for model in models], limit, lambda item: (item["id"],))


@bp.get("/labs", responses={200: schemas.LabList})
def list_labs(query: schemas.LabQuery) -> Any:
    """Labs by id; `q` finds names, districts, operators and fields in Chinese, English and pinyin."""
    api_viewer()
    found = browse.labs(query.domain, "", query.q, _behind(query.cursor), query.limit + 1)
    weeks = browse.earliest_weeks(EarliestWeek.lab_id, [lab.id for lab in found])
    return _page([schemas.LabModel.of(lab, weeks.get(lab.id)) for lab in found], query.limit)


@bp.get("/labs/<string:lab_id>", responses={200: schemas.LabModel})
def get_lab(path: schemas.LabPath) -> Any:
    """One lab."""
    api_viewer()
    lab = browse.lab(path.lab_id)
    return schemas.LabModel.of(lab, browse.earliest_week(EarliestWeek.lab_id, lab.id)).model_dump()


@bp.get("/tests", responses={200: schemas.TestList})
def list_tests(query: schemas.TestQuery) -> Any:
    """Tests by id; `q` finds standard numbers in any spelling, names, samples and fields, with one mistake forgiven."""
    api_viewer()
    text = _readable(query)
    found = browse.tests(text, query.domain, query.lab, _behind(query.cursor), query.limit + 1)
    ids = [test.id for test in found]
    labs, weeks = browse.labs_of_tests(ids), browse.earliest_weeks(EarliestWeek.test_id, ids)
    models = [schemas.TestModel.of(test, labs.get(test.id, []), weeks.get(test.id)) for test in found]
    return _page(models, query.limit)


def _readable(query: schemas.TestQuery) -> str:
    """What was asked for; where nothing is written like that, the same with one mistake put right."""
    if not query.q or browse.tests(query.q, limit=1):
        return query.q
    return current_app.extensions[SPELLING](query.q) or query.q


@bp.get("/tests/<string:test_id>", responses={200: schemas.TestModel})
def get_test(path: schemas.TestPath) -> Any:
    """One test and the labs that can do it."""
    api_viewer()
    test = browse.test(path.test_id)
    labs = browse.labs_of_tests([test.id]).get(test.id, [])
    return schemas.TestModel.of(test, labs, browse.earliest_week(EarliestWeek.test_id, test.id)).model_dump()


@bp.get("/resources", responses={200: schemas.ResourceList})
def list_resources(query: schemas.ResourceQuery) -> Any:
    """Bookable units by id."""
    api_viewer()
    found = browse.resources(query.lab, query.kind, query.test, _behind(query.cursor), query.limit + 1)
    weeks = browse.earliest_weeks(EarliestWeek.pool, [unit.pool for unit in found])
    return _page([schemas.ResourceModel.of(unit, weeks.get(unit.pool)) for unit in found], query.limit)


@bp.get("/resources/<string:resource_id>", responses={200: schemas.ResourceModel})
def get_resource(path: schemas.ResourcePath) -> Any:
    """One bookable unit."""
    api_viewer()
    unit = browse.resource(path.resource_id)
    if unit.beside:
        raise NotFound()
    return schemas.ResourceModel.of(unit, browse.earliest_week(EarliestWeek.pool, unit.pool)).model_dump()
