"""The form macros: label, hint, error, input, tied together for those who hear the page instead of seeing it."""

from typing import Any

import pytest
from flask import Flask, render_template_string
from selectolax.lexbor import LexborHTMLParser
from wtforms import (
    BooleanField,
    EmailField,
    Form,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import InputRequired, Length

pytestmark = pytest.mark.one_database

MACROS = (
    '{% from "macros/forms.html" import error_summary, text_field, select_field, checkbox, textarea, radios, submit %}'
)


WORDS: Any = ["", "NRW"]


class Sample(Form):
    token = HiddenField()
    name = StringField("Name", [InputRequired("Bitte geben Sie Ihren Namen an."), Length(max=20)])
    email = EmailField("E-Mail")
    place = StringField("Ort")
    state = SelectField("Land", choices=WORDS)
    text = TextAreaField("Text")
    kind = RadioField("Art", [InputRequired("Bitte wählen Sie.")], choices=WORDS)
    consent = BooleanField("Ich willige ein.", [InputRequired("Ohne Einwilligung geht es nicht.")])

    def validate_token(self, _field: Any) -> None:
        raise ValidationError("Das Formular ist zu alt.")


@pytest.fixture
def form() -> Sample:
    return Sample(state="")


@pytest.fixture
def refused() -> Sample:
    form = Sample(state="")
    assert not form.validate()
    return form


def render(app: Flask, source: str, form: Sample) -> LexborHTMLParser:
    with app.test_request_context("/"):
        return LexborHTMLParser(render_template_string(MACROS + source, form=form))


def one(tree: LexborHTMLParser, selector: str) -> Any:
    (found,) = tree.css(selector)
    return found


def test_a_field_has_label_and_hint(app: Flask, form: Sample) -> None:
    tree = render(app, '{{ text_field(form.name, hint="Wie im Ausweis.", autocomplete="name") }}', form)
    field = one(tree, "input")
    assert one(tree, "label").attributes["for"] == field.attributes["id"] == "name"
    assert field.attributes["autocomplete"] == "name"
    assert field.attributes["aria-describedby"] == one(tree, ".hint").attributes["id"]
    assert not {"required", "maxlength", "aria-invalid"} & set(field.attributes)


def test_an_optional_field_says_so(app: Flask, form: Sample) -> None:
    tree = render(app, "{{ text_field(form.place, optional=True) }}{{ select_field(form.state, optional=True) }}", form)
    assert [label.text() for label in tree.css("label")] == ["Ort (freiwillig)", "Land (freiwillig)"]


def test_an_error_stands_above_the_field_and_belongs_to_it(app: Flask, refused: Sample) -> None:
    tree = render(app, '{{ text_field(form.name, hint="Hinweis") }}', refused)
    field = one(tree, "input")
    assert field.attributes["aria-invalid"] == "true"
    assert field.attributes["aria-describedby"] == "name-hint name-error"
    assert " ".join(one(tree, "#name-error").text().split()) == "Fehler: Bitte geben Sie Ihren Namen an."
    assert one(tree, "#name-error .visually-hidden").text() == "Fehler:"


def test_two_errors_of_a_field_do_not_run_together(app: Flask) -> None:
    form = Sample(name="x" * 21, state="")
    form.validate()
    form.name.errors = ["Erstens.", "Zweitens."]
    tree = render(app, "{{ error_summary(form) }}{{ text_field(form.name) }}", form)
    assert [line.text(strip=True) for line in tree.css("#name-error > p")] == ["Fehler:Erstens.", "Fehler:Zweitens."]
    assert [link.text() for link in tree.css('.error-summary li > a[href="#name"]')] == ["Erstens.", "Zweitens."]


def test_the_kind_of_input_is_the_fields_own_unless_told(app: Flask, form: Sample) -> None:
    tree = render(
        app, '{{ text_field(form.email) }}{{ text_field(form.place, type="search", inputmode="text") }}', form
    )
    assert [field.attributes["type"] for field in tree.css("input")] == ["email", "search"]


def test_the_summary_says_the_same_words_and_leads_to_the_fields(app: Flask, refused: Sample) -> None:
    source = "{{ error_summary(form) }}{{ text_field(form.name) }}{{ radios(form.kind) }}{{ checkbox(form.consent) }}"
    tree = render(app, source, refused)
    summary = one(tree, ".error-summary")
    assert summary.attributes["role"] == "alert"
    assert summary.attributes["tabindex"] == "-1"
    assert "autofocus" in summary.attributes
    inline = [message.text(strip=True).removeprefix("Fehler:").strip() for message in tree.css(".error-message")]
    links = tree.css(".error-summary a")
    assert [link.text() for link in links] == inline
    for link in links:
        assert tree.css(link.attributes["href"] or "nothing")
    assert "Das Formular ist zu alt." in summary.text()


def test_without_errors_there_is_no_summary(app: Flask, form: Sample) -> None:
    assert not render(app, "{{ error_summary(form) }}", form).css(".error-summary")


def test_radios_are_a_group_with_a_name(app: Flask, refused: Sample) -> None:
    tree = render(app, '{{ radios(form.kind, hint="Nur eine.") }}', refused)
    assert one(tree, "legend").text(strip=True) == "Art"
    assert one(tree, "fieldset").attributes["aria-describedby"] == "kind-hint kind-error"
    assert [label.attributes["for"] for label in tree.css("label")] == ["kind-0", "kind-1"]


def test_a_checkbox_is_never_ticked_by_itself(app: Flask, form: Sample) -> None:
    tree = render(app, "{{ checkbox(form.consent) }}", form)
    assert "checked" not in one(tree, "input").attributes
    assert "required" not in one(tree, "input").attributes


def test_text_areas_keep_their_text_and_buttons_their_value(app: Flask, form: Sample) -> None:
    form.text.data = "a < b\nund c"
    tree = render(
        app, '{{ textarea(form.text, rows=3) }}{{ submit("Los", name="step", value="2", secondary=True) }}', form
    )
    assert one(tree, "textarea").attributes["rows"] == "3"
    assert one(tree, "textarea").text().strip() == "a < b\nund c"
    button = one(tree, "button")
    assert (button.attributes["name"], button.attributes["value"], button.text()) == ("step", "2", "Los")


def test_a_page_with_errors_says_so_in_its_title(app: Flask, refused: Sample) -> None:
    source = '{% extends "base.html" %}{% block title %}Formular{% endblock %}'
    with app.test_request_context("/"):
        tree = LexborHTMLParser(render_template_string(source, form=refused))
    assert one(tree, "title").text() == "Fehler: Formular – Dortmund-Essener Erklärung"
