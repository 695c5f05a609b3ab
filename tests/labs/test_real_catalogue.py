"""The catalogue of the product itself: without a fault, and what the README says of it."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from app.database import db
from app.labs.loading import checks, store
from app.labs.models import Capability, Lab, Method, Resource
from app.labs.models import Test as CatalogueTest
from app.labs.search_text import SEPARATOR, normalise
from tests.conftest import CATALOGUE
from tests.world import World

pytestmark = pytest.mark.usefixtures("real")


def test_it_has_no_fault_and_every_test_has_a_bench() -> None:
    assert checks.without_resource(store.check(CATALOGUE, datetime.now(UTC))) == []


def test_its_units_and_places_are_those_of_the_readme() -> None:
    assert db.session.execute(select(func.count(), func.sum(Resource.places))).one() == (190, 368)
    for model, count in ((Lab, 22), (Method, 183), (CatalogueTest, 449), (Capability, 760)):
        assert db.session.scalar(select(func.count()).select_from(model)) == count


def test_four_tests_on_benches_that_could_go_on_overnight_must_end_within_a_shift() -> None:
    wanted = select(CatalogueTest.id).where(CatalogueTest.one_window).order_by(CatalogueTest.id)
    assert db.session.scalars(wanted).all() == ["cyl-fire", "h2-leak", "hd-whsc", "stk-polar"]


def test_every_test_is_found_by_its_standard_its_names_and_its_sample() -> None:
    for test in db.session.scalars(select(CatalogueTest)):
        words = test.search_text.split(SEPARATOR)
        assert test.method.code_norm in words
        for text in (*test.method.replaces, test.name_zh, test.name_en, test.sample_zh, test.method.title_en):
            assert normalise(text) in words, (test.id, text)


def test_every_method_is_found_by_what_it_replaced_directly_and_before() -> None:
    methods = {method.code: method for method in db.session.scalars(select(Method))}
    for method in methods.values():
        words = method.search_text.split(SEPARATOR)
        before = [code for replaced in method.replaces if replaced in methods for code in methods[replaced].replaces]
        for code in (method.code, *method.replaces, *before):
            assert normalise(code) in words, (method.id, code)


def test_loading_it_again_changes_nothing(real: World) -> None:
    assert store.load(CATALOGUE, real.now) is None
    assert store.load(CATALOGUE, real.now, dry_run=True) == []
