"""Texts in templates: looked up once, in the language of the request, their facts escaped where it is a page."""

from flask import render_template_string

from app.language import speaking


def test_a_fact_is_escaped_on_a_page(clean) -> None:
    assert render_template_string("{{ _('%(days)s 天', days='<b>') }}") == "&lt;b&gt; 天"


def test_a_text_is_not_escaped_where_nothing_is(clean) -> None:
    plain = "{% autoescape false %}{{ _('%(days)s 天', days='a & b') }}{% endautoescape %}"
    assert render_template_string(plain) == "a & b 天"


def test_each_language_has_its_own_text(clean) -> None:
    page = "{{ _('排期') }} {{ lang() }}"
    found = []
    for language in ("zh", "en", "zh"):
        with speaking(language):
            found.append(render_template_string(page))
    assert found == ["排期 zh", "Schedule en", "排期 zh"]
